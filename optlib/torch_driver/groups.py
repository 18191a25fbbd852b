"""Parameter groups: what may stand in one, by the names of the course and by torch's."""

import copy
import difflib
import math
import types

from ..optimizers.base import as_rule

# torch's name -> hyper-parameters of the course.  Its OneCycleLR and CyclicLR look for these.
ALIASES = {"betas": ("beta1", "beta2"), "momentum": ("beta",)}

# What schedulers and libraries put into a group for themselves, and torch's switches that change no number.
PASSING = frozenset(
    "params param_names name rule initial_lr max_lr min_lr base_momentum max_momentum swa_lr lr_scale "
    "foreach fused capturable decoupled_weight_decay".split()
)
OTHER_BETAS = {"betas", "YellowFin", "ScheduleFree"}  # a hyper-parameter, and rules whose beta is no momentum
SEVERAL = "OneCycleLR and CyclicLR with cycle_momentum=False change the rates alone, of rules of any kinds together"
OFF = frozenset({"maximize", "differentiable"})  # torch's switches that would change numbers


class Group(dict):
    """A parameter group that answers to torch's names too: ``betas`` for beta1 and beta2, ``momentum`` for beta.

    Attributes
    ----------
    rule : Optimizer
        Steps this group; its hyper-parameters are numbers.
    schedules : dict
        Name of a hyper-parameter -> schedule that it follows.
    shown : dict
        Name of a hyper-parameter that follows a schedule -> number that the driver has written into the group.
    begun : dict
        What the state was made for, at the first step; see `stay_as_begun`.
    """

    rule, begun, schedules, shown = None, None, types.MappingProxyType({}), types.MappingProxyType({})

    def stay_as_begun(self, rule):
        """Refuse what would make a rule misread its state: another switch, more or fewer numbers, another order."""
        values = {name: rule.given(name) for name in rule.hypers}
        now = {f"value of {name}": value for name, value in values.items() if isinstance(value, bool)}
        now |= {f"number of {name}": len(value) for name, value in values.items() if isinstance(value, tuple)}
        if rule.sees == "group":
            now["order of the parameters"] = [id(p) for p in self["params"]]
        self.begun = self.begun or now
        for what, value in now.items():
            if value != self.begun[what]:
                another = f"the {what} is another one than at the first step"
                fits = f"what {type(rule).__name__} remembers fits only that one; make a new optimizer"
                raise ValueError(f"TorchOptimizer: {another}, and {fits}")

    def __missing__(self, name):
        names = self._other_names(name)
        if not names:
            raise KeyError(f"TorchOptimizer: a group has no {name}; {SEVERAL}" if name in ALIASES else name)
        return tuple(self[each] for each in names) if len(names) > 1 else self[names[0]]

    def __contains__(self, name):
        return super().__contains__(name) or bool(self._other_names(name))

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __setitem__(self, name, value):
        names = () if super().__contains__(name) else self._other_names(name)
        if not names:
            return super().__setitem__(name, value)
        if name == "momentum" and has_other_betas(self.rule):
            betas = " or ".join(f"{each}=..." for each in self if "beta" in each)
            no = f"beta of {type(self.rule).__name__} is no momentum; write {betas}"
            raise ValueError(f"TorchOptimizer: momentum={value!r}: {no}; {SEVERAL}")
        values = tuple(value) if len(names) > 1 and hasattr(value, "__iter__") else (value,)
        if len(values) != len(names):
            raise ValueError(f"TorchOptimizer: {name}={value!r} must be {len(names)} numbers: {', '.join(names)}")
        super().update(zip(names, values, strict=True))

    def __copy__(self):
        """A group that follows the same schedules with a rule of its own: two groups must not share one."""
        twin = Group(self)
        twin.rule, twin.schedules, twin.shown = self.rule and self.rule.fresh(), {**self.schedules}, {**self.shown}
        return twin

    def _other_names(self, name):
        names = ALIASES.get(name, ())
        return names if all(super(Group, self).__contains__(each) for each in names) else ()


def rule_of(group, default):
    """The rule that a group is given, a rule, its class or its registered name; else the optimizer's."""
    given = group.get("rule")
    return default if given is None else as_rule("TorchOptimizer", given, by_name=True)


def copied(given, groups):
    """A group like the one whose entries these are but for the parameters, as in {**group, "params": more}, or None."""
    for group in groups:
        if all(name in given and given[name] == group[name] for name in group.keys() - {"params", "param_names"}):
            return copy.copy(group)
    return None


def refuse_lost(group, defaults):
    """Raise ValueError for a dict in the place of a group where a number may or may not follow a schedule."""
    for name, schedule in defaults.items():
        if callable(schedule) and not callable(group.get(name, schedule)):
            lost = f"{name}={group[name]!r} stands in a dict that took the place of a parameter group"
            write = "write the schedule into it, or give the rule a number and take a scheduler of torch"
            raise ValueError(f"TorchOptimizer: {lost}; whether it follows {schedule!r} is lost: {write}")


def refuse_another(group, rule):
    """Raise ValueError where a rule was written into a group that has one."""
    name = type(rule).__name__
    if group.get("rule") not in (None, name):
        written = f"rule={group['rule']!r} was written into a parameter group that {name} steps"
        first = "a group has its rule from the beginning, by add_param_group or a new optimizer"
        raise ValueError(f"TorchOptimizer: {written}; {first}")


def settled(group, rule):
    """The group with its values by the names of the course; raises ValueError for one that has no effect.

    A rule that stands in it becomes its name, which is all that a saved state holds of it.
    """
    if group.get("rule") is not None:
        group = {**group, "rule": type(rule).__name__}
    hypers = Group({name: value for name, value in group.items() if name in rule.hypers})
    hypers.rule = rule
    for name, value in group.items():
        if name not in rule.hypers:
            hypers[name] = value
    for name, value in hypers.items():
        _check(name, value, rule)
    return hypers


def has_other_betas(rule):
    """Whether what torch calls the momentum or its betas is another number of the rule."""
    return bool(OTHER_BETAS & {*rule.hypers, *(cls.__name__ for cls in type(rule).__mro__)})


def take_in(group, rule):
    """Bring what ``group.update`` wrote to the names of the course; raises ValueError for what has no effect."""
    if "max_momentum" in group and has_other_betas(rule):
        own = f"a scheduler of torch cycles the momentum, and would overwrite {type(rule).__name__}'s own betas"
        raise ValueError(f"TorchOptimizer: {own}; {SEVERAL}")
    for name, value in [*group.items()]:
        if name in ALIASES and name not in rule.hypers:
            del group[name]
            try:
                group[name] = value
            except ValueError:
                dict.__setitem__(group, name, value)  # it is refused at the next step, too
                raise
        if not is_known(name, rule) and name in group.keys():  # of the dict: a group answers to torch's names, too
            _check(name, value, rule)


def refuse_twice(given, rule):
    """Raise TypeError where one number is given by two names, such as ``betas`` and ``beta1``."""
    for alias, names in ALIASES.items():
        for name in names:
            if alias not in rule.hypers and {alias, name} <= given.keys():
                both = f"{alias}={given[alias]!r} and {name}={given[name]!r}"
                raise TypeError(f"TorchOptimizer: {both} give the same number twice; leave one out")


def is_known(name, rule):
    """Whether a name may stand in a group whatever its value is."""
    return name in rule.hypers or name in PASSING or name == "weight_decay"


def _check(name, value, rule):
    if is_known(name, rule) or _is_label(value) or (name in OFF and not value):
        return
    if name in OFF:
        raise ValueError(f"TorchOptimizer: {name}={value!r} must be False; a rule follows its gradients downhill")
    allowed = [*rule.hypers, "weight_decay"] if "weight_decay" not in rule.hypers else [*rule.hypers]
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"a group may have {', '.join(allowed)}"
    hint += f"; {SEVERAL}" if name in ALIASES else ""
    raise ValueError(f"TorchOptimizer: {name}={value!r} has no effect on {type(rule).__name__}; {hint}")


def _is_label(value):
    """Text, or a list of it: libraries name their groups."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    return value is None or all(isinstance(text, str) for text in texts)


def number(name, value):
    """What a hyper-parameter of a group is: a number, also of a tensor, which torch's schedulers fill, or a schedule.

    Raises ValueError for what a rule takes and a network cannot: arrays, and schedules that read the loss.
    """
    if math.prod(getattr(value, "shape", ())) != 1:
        one = f"one number or a schedule, not an array (as torch says: Tensor {name} must be 1-element)"
        raise ValueError(f"TorchOptimizer: {name}={value!r} must be {one}")
    if getattr(value, "reads", None):
        reads = f"{name}={value!r} reads the {value.reads.replace('_', ' ')}"
        only = "only schedules of the number of steps are allowed here (torch has ReduceLROnPlateau)"
        raise ValueError(f"TorchOptimizer: {reads}; {only}")
    return value.item() if hasattr(value, "item") else value


def give(rule, name, value):
    """Set a hyper-parameter to the value of a group; a rate of 0 too, where torch's schedulers begin and end."""
    value = number(name, value)
    # LinearLR(end_factor=0) ends at 0 but for rounding, sometimes below it.
    zero = name == "lr" and type(value) in (int, float) and -1e-15 < value <= 0
    rule.set(name, 1.0 if zero else value)
    if zero:
        rule.lr = 0.0
