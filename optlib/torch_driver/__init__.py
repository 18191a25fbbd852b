"""`TorchOptimizer`: any rule of the course as a `torch.optim.Optimizer`, which trains a network.

>>> optimizer = TorchOptimizer(model.parameters(), ol.Adam(lr=1e-3))
>>> loss.backward(); optimizer.step(); optimizer.zero_grad()

The rule is the one that walks on a contour plot: its `update` sees one tensor at a time, or, where its numbers belong
together, all of them laid end to end.  With ``compile=True`` the same update is taken apart (see `formula`) and
torch.compile makes one kernel of it for all tensors.
"""

import contextlib
import copy

import torch

from ..optimizers.base import as_rule
from . import groups, second
from .arguments import check_gradients, check_parameters, check_rule, decay_of, warn_of_vectors
from .checkpoint import checked
from .evaluation import weights_to_evaluate
from .roles import hidden_matrices  # noqa: F401
from .second import gauss_newton_bartlett, hutchinson  # noqa: F401
from .state import HALF, STEPS, flat, join, tensors_of
from .stepping import Stepping, move_of


class TorchOptimizer(Stepping, torch.optim.Optimizer):
    """Steps the parameters of a torch model with a rule of the course.

    Parameters
    ----------
    params : iterable of tensors, of (name, tensor) pairs, or of dicts with their own hyper-parameters
        As for every torch optimizer.
    rule : Optimizer or its class
        It is copied, not changed.  Its hyper-parameters become those of the parameter groups, so that torch's
        schedulers can change ``lr``; a schedule of the course stays one, a function of the steps that the group has
        made, and the group shows its present value.
    compile : bool
        Run all tensors of a group through one compiled kernel.  The first step then takes up to a minute; later ones
        are several times as fast for models of some size.  Numbers may differ in the last bits.  A rule around a rule
        is stepped as without it.
    **hypers
        Hyper-parameters in place of the rule's, as for torch's optimizers: ``TorchOptimizer(params, ol.Adam, lr=0.1)``.

    A group may also have

    * a ``rule`` of its own, with the hyper-parameters of that rule in place of all that is said here:
      ``[{"params": hidden}, {"params": rest, "rule": ol.AdamW(lr=1e-3)}]``; see `hidden_matrices`;
    * ``betas`` for beta1 and beta2, and ``momentum`` for beta, as torch names them;
    * ``weight_decay`` with any rule.  It is decoupled, as in AdamW: before the step, x becomes (1 - lr weight_decay) x.
      torch's SGD and Adam add weight_decay x to the gradient instead, which is another rule;
    * ``lr = 0``, where torch's schedulers begin and end.

    Weights of half precision (float16, bfloat16) are stepped in float32 and rounded; their state is float32.

    A rule that sees matrices takes vectors as rows, with a UserWarning.  One that sees a group (YellowFin) needs all of
    it in each process, and one that decomposes matrices (Shampoo, SOAP) all of each.  Shards (DTensors) are refused;
    torch's ZeroRedundancyOptimizer hands out parts of a group that cannot be told from one: do not use it there.

    Raises
    ------
    TypeError, ValueError
        If the rule reads the whole Hessian or the function, for hyper-parameters out of their range, for arrays as
        hyper-parameters, for names in a group that have no effect, and for sparse or complex gradients.
    """

    def __init__(self, params, rule, compile=False, **hypers):
        self.rule = as_rule("TorchOptimizer", rule).fresh()
        if not isinstance(compile, bool):
            raise TypeError(f"TorchOptimizer: compile={compile!r} must be True or False; give hyper-parameters by name")
        self.compile = compile
        check_rule(self.rule, compile)
        self._set_up()
        groups.refuse_twice(hypers, self.rule)
        defaults = groups.settled({**self.rule.settings(), **hypers}, self.rule)
        for name in self.rule.hypers:
            groups.give(self.rule, name, defaults[name])
        super().__init__(params, defaults)
        warn_of_vectors(self.param_groups)

    def _set_up(self):
        super()._set_up()
        self._evaluating = []  # shared with wrappers such as Lightning's, which copy what is here

    def __getstate__(self):
        self._refuse_in_evaluation("a copy")
        return {**super().__getstate__(), "rule": self.rule, "compile": self.compile}

    def __setstate__(self, state):
        super().__setstate__(state)
        self._set_up()
        for group in self.param_groups:
            group.begun = None  # by it, parameters are told apart in memory

    def state_dict(self):
        """State and groups, as torch's optimizers give them, and the name of the rule."""
        return {**super().state_dict(), "rule": type(self.rule).__name__}

    def load_state_dict(self, state_dict):
        """Go on from a saved state, of which copies are made: steps write into the state.

        A state of torch.optim is taken too where torch's optimizer is the same rule with the same switches: Adam,
        AdamW, SGD with momentum and others, see `checkpoint.PEERS`.

        Raises
        ------
        ValueError
            If the state is that of another rule, has tensors of other shapes than the parameters, or counts no steps
            where a schedule needs them.
        """
        self._refuse_in_evaluation("load_state_dict")
        saved, before = {}, self.param_groups
        handles = (
            # After the user's hooks, which may make of another's state one of this rule's.
            self.register_load_state_dict_pre_hook(lambda _, state: saved.update(checked(copy.deepcopy(state), self))),
            self.register_load_state_dict_pre_hook(lambda *_: saved),
            self.register_load_state_dict_post_hook(lambda _: self._settle_loaded(saved, before), prepend=True),
        )
        try:
            super().load_state_dict(state_dict)
        finally:
            for handle in handles:
                handle.remove()

    def _settle_loaded(self, saved, before):
        """Bring what torch has loaded into this driver's form, before the user's hooks look at it."""
        for i, (group, earlier, of) in enumerate(zip(self.param_groups, before, saved["param_groups"], strict=True)):
            group = self.param_groups[i] = self._settled(group, earlier)
            mixed = group.rule.sees == "group" and len({p.dtype for p in group["params"]}) > 1
            for p, number in zip(group["params"], of["params"], strict=True):
                if p in self.state:
                    state = self.state[p] = flat(self.state[p])
                    if mixed or p.dtype in HALF:  # torch has rounded it to the dtype of the weights
                        exact, dtype = tensors_of(flat(saved["state"][number])), None if mixed else torch.float32
                        state |= {name: v.to(p.device, dtype) for name, v in exact.items() if v.is_floating_point()}
            self._show(group)

    def add_param_group(self, param_group):
        """Add parameters with hyper-parameters or a rule of their own, which are checked at once."""
        twin = groups.copied(param_group, self.param_groups)
        rule = twin.rule if twin else groups.rule_of(param_group, self.rule)
        groups.refuse_twice(param_group, rule)
        known = self.defaults if rule is self.rule else rule.settings()
        group = self._settled({**known, **param_group}, twin, rule)
        others = self.defaults.keys() - group.keys()  # which torch adds, though they are another rule's
        super().add_param_group(group)
        for name in others:
            del self.param_groups[-1][name]
        try:
            check_rule(rule, self.compile)
            self._rule_of(len(self.param_groups) - 1)
            check_parameters(rule, self.param_groups[-1]["params"])
            decay_of(self.param_groups[-1], rule)
        except (TypeError, ValueError):
            self.param_groups.pop()
            raise

    def group_rules(self):
        """The rules of the groups, each with its group's hyper-parameters at the last step, as numbers."""
        return [group.rule for group in self.param_groups]

    @contextlib.contextmanager
    def evaluation(self):
        """Within its block the parameters are the weights to evaluate: ``with optimizer.evaluation(): test(model)``.

        These are the averages of rules that keep one, see `Optimizer.evaluation_point`; for other rules nothing
        changes, and a parameter without a gradient keeps its last average.  At the end of the block, also by an
        exception, the parameters are what they were.  The state dict is the same inside as outside; the model's holds
        the parameters that it has at that moment.

        Statistics of batch normalization belong to the weights that were trained: estimate them anew for the others,
        in a copy of the model, by torch.optim.swa_utils.update_bn.

        Raises
        ------
        RuntimeError
            For a second block inside, and inside for step, load_state_dict and copies of the optimizer.
        """
        self._refuse_in_evaluation("a second evaluation()")
        self._evaluating.append(True)
        try:
            with weights_to_evaluate(self.param_groups, self.state):
                yield
        finally:
            self._evaluating.clear()

    def _refuse_in_evaluation(self, what):
        if self._evaluating:
            inside = "inside `with optimizer.evaluation()`, where the parameters are not those that are trained"
            raise RuntimeError(f"TorchOptimizer: {what} {inside}; leave the block first")

    @torch._disable_dynamo  # a step inside a compiled training step would be traced once, with the first step's numbers
    @torch.no_grad()
    def step(self, closure=None, curvature=None):
        """Make one step.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew; called once.  `SAM` needs one, and calls it twice.
        curvature : callable, optional
            For `Sophia`, which calls it every k-th step for each group: params -> the Hessian's diagonal, a tensor for
            each, as ``lambda params: hutchinson(loss_of(model(x), y), params)``.  Processes average theirs in it.

        Returns
        -------
        What the closure returned, or None.
        """
        self._refuse_in_evaluation("step")
        if curvature is not None and not any(map(second.takes_diagonal, self.group_rules())):
            raise TypeError(f"TorchOptimizer: curvature={curvature!r} has no effect: no rule here reads curvature")
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        ready = [self._ready(i) for i in range(len(self.param_groups))]  # all are checked before one is stepped
        ready = [(i, ps, rule, move_of(rule, decay), decay) for i, (ps, rule, decay) in enumerate(ready) if rule]
        asking = [(params, rule, move) for _, params, rule, move, _ in ready if second.needs_second(rule)]
        others = [p for _, params, rule, _, _ in ready if not second.needs_second(rule) for p in params]
        seconds = iter(second.second_gradients(asking, self.state, closure, others) if asking else ())
        curved = [(i, params, rule) for i, params, rule, _, _ in ready if second.takes_diagonal(rule)]
        diagonals = {i: (second.diagonal_of(ps, rule, self.state[ps[0]], curvature),) for i, ps, rule in curved}
        for i, params, rule, move, decay in ready:
            if second.needs_second(rule):
                self._step_group(rule, params, move, *next(seconds))
            elif rule.sees == "group":
                self._step_group(rule, params, move, join([p.grad for p in params]), *diagonals.get(i, ()))
            elif self.compile:
                self._step_compiled(rule, params, move, decay)
            else:
                for p in self._step_small(i, rule, params, move):
                    self._step_one(rule, p, move)
            group = self.param_groups[i]
            if group.schedules and rule is group.rule:
                self._show(group)
        return loss

    def _ready(self, i):
        """The parameters with gradients of group number i, its rule and its decay; raises for what is not stepped."""
        params = [p for p in self.param_groups[i]["params"] if p.grad is not None]
        if not params:
            return params, None, 0.0
        rule = self._rule_of(i)
        group = self.param_groups[i]
        check_gradients(rule, group, params)
        group.stay_as_begun(rule)
        return params, rule, decay_of(group, rule)

    def _settled(self, group, before=None, rule=None):
        """A group with a copy of its rule; that of the group before it, and its schedules, where there is one."""
        if not rule and not hasattr(before, "rule"):
            groups.refuse_lost(group, self.defaults)
        rule = getattr(before, "rule", None) or (rule or groups.rule_of(group, self.rule)).fresh()
        group = groups.settled(group, rule)
        group.rule = rule
        group.schedules, group.shown = dict(getattr(before, "schedules", {})), {}
        return group

    def _rule_of(self, i):
        """The rule of group number i with the group's present hyper-parameters, which schedulers change."""
        group = self.param_groups[i]
        rule = getattr(group, "rule", None)
        if rule is None:
            group = self.param_groups[i] = self._settled(group, group)
            rule = group.rule
        groups.take_in(group, rule)
        groups.refuse_another(group, rule)
        if group.schedules or any(map(callable, group.values())):
            if any(number == 0 for name, number in self._written(group)):
                rule = rule.fresh()  # a step of length 0 by which torch.distributed.checkpoint makes the state
                groups.give(rule, "lr", 0)
                return rule
            self._show(group)
        for name in rule.hypers:
            value = groups.number(name, group[name])
            if value != rule.given(name):
                groups.give(rule, name, value)
        return rule

    def _written(self, group):
        """Names and numbers that were written over what a schedule shows; raises ValueError but for lr = 0."""
        for name, number in group.shown.items():
            value = group[name]
            if callable(value) or groups.number(name, value) == number:
                continue
            if name != "lr" or value != 0:
                written = f"{value!r} was written into its parameter group, by a scheduler of torch or by hand"
                give_one = f"give the rule a number as {name}, or leave the group as it is"
                raise ValueError(f"TorchOptimizer: {name} follows {group.schedules[name]!r}, and {written}; {give_one}")
            yield name, value

    def _show(self, group):
        """Show the present numbers of schedules: after the steps that the group has made, also where a tensor joins."""
        for name in group.rule.hypers:
            if callable(group[name]):
                groups.number(name, group[name])
                group.schedules[name] = group[name]
        steps = max((self.state[p][STEPS] for p in group["params"] if self.state.get(p)), default=0)
        group.shown = {name: float(schedule(steps)) for name, schedule in group.schedules.items()}
        group.update(group.shown)
