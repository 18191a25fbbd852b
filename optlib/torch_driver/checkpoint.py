"""Saved states: refused where they are another rule's, translated where they are torch's of the same rule."""

import dataclasses

import torch

from .groups import give, settled
from .state import STEPS, flat, forms, join, nested, tensors_of, wide

ADAM = {"step": STEPS, "exp_avg": "m", "exp_avg_sq": "v"}
SGD = {"momentum_buffer": "v"}
SWITCHES = {"maximize": False, "amsgrad": False, "momentum": 0, "dampening": 0, "nesterov": False, "lr_decay": 0}
DROPPED = frozenset({"foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay",
                     "initial_accumulator_value"})  # fmt: skip
NUMBERS = frozenset({STEPS, "mu_product"})  # tensors in torch, numbers here


@dataclasses.dataclass(frozen=True)
class Peer:
    """A rule as an optimizer of torch."""

    state: dict  # torch's name of each state -> ours
    hypers: dict = dataclasses.field(default_factory=dict)  # torch's name -> ours, where they differ
    # torch's name -> value with which it is our rule, where that is not the one of `SWITCHES`
    switches: dict = dataclasses.field(default_factory=dict)


PEERS = {
    "GradientDescent": Peer({}),
    "Momentum": Peer(SGD, {"momentum": "beta"}),
    "Nesterov": Peer(SGD, {"momentum": "beta"}, {"nesterov": True}),
    "AdaGrad": Peer({"step": STEPS, "sum": "G"}),
    "RMSProp": Peer({"step": STEPS, "square_avg": "v", "grad_avg": "m"}, {"alpha": "beta2"}),
    "AdaDelta": Peer({"step": STEPS, "square_avg": "v", "acc_delta": "u"}),
    "Adam": Peer(ADAM),
    "AdaMax": Peer({"step": STEPS, "exp_avg": "m", "exp_inf": "u"}),
    "Nadam": Peer({**ADAM, "mu_product": "mu_product"}, {"momentum_decay": "psi"}),
    "AdamW": Peer(ADAM),
    "AMSGrad": Peer({**ADAM, "max_exp_avg_sq": "v_max"}, switches={"amsgrad": True}),
    "RAdam": Peer(ADAM),
    "ASGD": Peer({"step": STEPS, "ax": "average", "eta": None, "mu": None}),
}
TORCH_STATE = frozenset({"exp_avg", "square_avg", "momentum_buffer"})
TORCH_GROUP = frozenset({"foreach", "differentiable", "maximize"})


def checked(saved, optimizer):
    """A saved state in the form of the optimizer's own; raises ValueError for that of another rule."""
    states, groups, present = saved["state"], saved["param_groups"], optimizer.param_groups
    rules = [getattr(group, "rule", None) or optimizer.rule for group in present]
    names = [type(rule).__name__ for rule in (optimizer.rule, *rules)]
    for name, entry in zip(names, [saved, *groups], strict=False):
        if (writer := entry.get("rule", saved.get("rule", name))) != name:
            raise _refusal(name, f"was saved by a rule named {writer}")
    if [len(group["params"]) for group in groups] != [len(group["params"]) for group in present]:
        return saved  # torch says so
    if "rule" not in saved and _is_torchs(states, groups):
        states = {}
        for i, (group, name) in enumerate(zip(groups, names[1:], strict=True)):
            if name not in PEERS:
                raise _refusal(name, "was saved by an optimizer of torch, and none of them is this rule")
            stepped = saved["state"] or not group.get("momentum")  # without momentum there never is a state
            if stepped and getattr(present[i], "schedules", None) and STEPS not in PEERS[name].state.values():
                raise _refusal(name, "counts no steps, which a schedule needs")
            groups[i] = _group_of_torch(group, name)
            states |= {n: _state_of_torch(saved["state"][n], name) for n in group["params"] if n in saved["state"]}
    states = {number: flat(state) for number, state in states.items()}
    groups = [_completed(*each) for each in zip(groups, present, rules, strict=True)]
    for group, now, rule in zip(groups, present, rules, strict=True):
        _check_states(states, group, now["params"], rule.fresh())
    return {**saved, "state": states, "param_groups": groups}


def _refusal(name, why):
    return ValueError(f"TorchOptimizer: the state {why}; this optimizer steps with {name}, which would misread it")


def _completed(saved, present, rule):
    """The saved group; what it does not have keeps its present value."""
    try:
        return settled({**present, **saved}, rule)
    except ValueError as error:
        raise _refusal(type(rule).__name__, f"has other hyper-parameters ({error})") from None


def _check_states(states, group, params, rule):
    name = type(rule).__name__
    for hyper in rule.hypers:
        if not callable(group[hyper]):
            give(rule, hyper, group[hyper])
    expected = {}
    for number, p in zip(group["params"], params, strict=True):
        if not (state := states.get(number)):
            continue
        key = p.shape, p.dtype
        if key not in expected:
            expected[key] = _forms_of(rule, wide((join(params) if rule.sees == "group" else p).detach()))
        first, later = expected[key]
        has, begins, goes_on = (set(nested(dict.fromkeys(flat))) for flat in (state, first, later))  # attributes
        if not begins <= has <= begins | goes_on:
            raise _refusal(name, f"holds {', '.join(sorted(has))}, where {name} remembers {', '.join(sorted(goes_on))}")
        state[STEPS] = int(state[STEPS])  # tools that know torch's steps make a tensor of it
        for entry, shape in forms(tensors_of(state)).items():
            shapes = {first.get(entry), later.get(entry)} - {None}
            if shapes and shape not in shapes:
                raise _refusal(name, f"holds {entry} of shape {tuple(shape)} for a parameter of shape {tuple(p.shape)}")
        if rule.sees == "group":
            return  # the others only count


def _forms_of(rule, x):
    """Forms of a rule's state before and after its first step."""
    rule.reset()
    rule.begin(*rule.as_seen(x, x))
    first = {STEPS: None, **forms(flat(rule.state))}
    zeros = torch.zeros_like(x)
    rule.advance(x, *[(lambda _: zeros) if each.endswith("function") else zeros for each in rule.reads])
    return first, {STEPS: None, **forms(flat(rule.state))}


def _is_torchs(states, groups):
    """Whether torch.optim has saved it: each state of ours has its number of steps, torch's groups have switches."""
    if any(STEPS in state for state in states.values()):
        return False
    return bool(TORCH_GROUP & set().union(*groups) or TORCH_STATE & set().union(*states.values()))


def _state_of_torch(state, name):
    state = {key: value for key, value in state.items() if value is not None}  # SGD's, before its first step
    names = PEERS[name].state
    if foreign := state.keys() - names.keys():
        raise _refusal(name, f"was saved by an optimizer of torch that remembers {', '.join(sorted(foreign))}")
    ours = {names[key]: value for key, value in state.items() if names[key] is not None}
    ours |= {key: value.item() for key, value in ours.items() if key in NUMBERS and hasattr(value, "item")}
    if not ours:
        return {}
    steps = int(ours.get(STEPS, 1))  # SGD does not count its steps
    if steps == 0 and (full := [key for key, value in tensors_of(ours).items() if value.any()]):
        raise _refusal(name, f"has not begun, and holds numbers other than 0 as {', '.join(full)}")  # Adagrad's may
    return {**ours, STEPS: steps}


def _group_of_torch(group, name):
    peer, ours = PEERS[name], {}
    switches = {key: value for key, value in {**SWITCHES, **peer.switches}.items() if key not in peer.hypers}
    for key, value in group.items():
        if key in switches:
            if value != switches[key]:
                raise _refusal(name, f"was saved by an optimizer of torch with {key}={value!r}")
        elif key == "weight_decay":
            if value and not group.get("decoupled_weight_decay", name == "AdamW"):  # torch before 2.7 has no such key
                raise _refusal(
                    name, f"was saved by an optimizer of torch that adds weight_decay={value!r} times x to the gradient"
                )
            ours[key] = value
        elif key not in DROPPED:
            ours[peer.hypers.get(key, key)] = value
    if peer.state is ADAM and ("amsgrad" in group) == (name == "RAdam"):  # RAdam remembers what Adam does
        raise _refusal(name, f"was saved by an optimizer of torch with{'out' * (name != 'RAdam')} the switch amsgrad")
    return ours
