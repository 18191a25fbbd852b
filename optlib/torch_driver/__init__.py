"""`TorchOptimizer`: any rule of the course as a `torch.optim.Optimizer`, which trains a network.

>>> optimizer = TorchOptimizer(model.parameters(), ol.Adam(lr=1e-3))
>>> loss.backward(); optimizer.step(); optimizer.zero_grad()

The rule is the one that walks on a contour plot: its `update` sees one tensor at a time, or, where its numbers belong
together, all of them laid end to end.  With ``compile=True`` the same update is taken apart (see `formula`) and
torch.compile makes one kernel of it for all tensors.
"""

import copy
import itertools
import os
import shutil

import array_api_compat.torch as torch_namespace
import torch

from ..optimizers.base import Optimizer
from .formula import formula_of, holds_tensors
from .state import as_line, as_tensor, forms, lies_as, mapped, owned, resume, write

STEPS = "t"  # in a parameter's state: how many steps it has made
PART = 2**17  # numbers that an update takes at a time on a CPU: what it holds in between stays in the cache


class TorchOptimizer(torch.optim.Optimizer):
    """Steps the parameters of a torch model with a rule of the course.

    Parameters
    ----------
    params : iterable of tensors, of (name, tensor) pairs, or of dicts with their own hyper-parameters
        As for every torch optimizer.
    rule : Optimizer or its class
        It is copied, not changed.  Its hyper-parameters become those of the parameter groups, so that torch's
        schedulers can change ``lr``; a schedule of the course stays one, a function of the steps made.
    compile : bool
        Run all tensors of a group through one compiled kernel.  The first step then takes up to a minute; later ones
        are several times as fast for models of some size.  Numbers may differ in the last bits.

    Raises
    ------
    TypeError, ValueError
        If the rule reads more than the gradient, for hyper-parameters out of their range, for arrays as
        hyper-parameters, and for sparse or complex gradients.
    """

    def __init__(self, params, rule, compile=False):
        if isinstance(rule, type) and issubclass(rule, Optimizer):
            rule = rule()
        _check_rule(rule, compile)
        self.rule = rule.fresh()
        self.compile = bool(compile)
        self._set_up()
        super().__init__(params, {name: v for name, v in rule.settings().items() if not callable(v)})

    def _set_up(self):
        self._rules = {}  # hyper-parameters of a group -> a rule that has them
        self._kernel = None

    def __getstate__(self):
        return {**super().__getstate__(), "rule": self.rule, "compile": self.compile}

    def __setstate__(self, state):
        super().__setstate__(state)
        self._set_up()

    def load_state_dict(self, state_dict):
        """Go on from a saved state, of which copies are made: steps write into the state."""
        super().load_state_dict(copy.deepcopy(state_dict))

    def add_param_group(self, param_group):
        """Add parameters with hyper-parameters of their own, which are checked at once."""
        super().add_param_group(param_group)
        try:
            self._rule_of(self.param_groups[-1])
        except (TypeError, ValueError):
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure=None):
        """Make one step.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew; called once.

        Returns
        -------
        What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                _check_gradient(p)
            if not params:
                continue
            rule = self._rule_of(group)
            if not rule.elementwise:
                self._step_whole(rule, group, params)
            elif self.compile:
                self._step_compiled(rule, params)
            else:
                for p in params:
                    self._step_one(rule, p)
        return loss

    # --- one tensor at a time ----------------------------------------------------------------------------

    def _step_one(self, rule, p):
        resume(rule, self.state[p])
        if p.numel() > 2 * PART and p.device.type == "cpu":
            if self._step_parts(rule, p):
                return
            resume(rule, self.state[p])
        new = rule.advance(p, p.grad)
        self.state[p] = {STEPS: rule.t, **owned(rule.state, p)}
        p.copy_(new)

    def _step_parts(self, rule, p):
        """The same step part by part, with the same numbers; False where the state does not lie as the tensor does.

        A formula of ten operations on eleven million numbers writes ten arrays of that size to memory, which the
        system has to find first.  Of a part, each is still in the processor's cache when the next operation reads it.
        """
        if rule.t == 0:
            rule._begin(p)
        steps, state = rule.t, owned(rule.state, p)
        arrays = {name: value for name, value in state.items() if holds_tensors(value)}
        if not all(lies_as(p, value) for value in (p, p.grad, *arrays.values())):
            return False
        lines = [mapped(as_line, value) for value in (p, p.grad, *arrays.values())]
        for first in range(0, p.numel(), PART):
            x, g, *own = (mapped(lambda line, first=first: line[first : first + PART], value) for value in lines)
            before = {**state, **dict(zip(arrays, own, strict=True))}
            vars(rule).update(before, t=steps)
            new = rule.advance(x, g)
            if first == 0 and forms(rule.state) != forms(before):
                return False  # a rule that makes its state as it goes; nothing is written yet
            for name, old in zip(arrays, own, strict=True):
                write(old, getattr(rule, name))
            x.copy_(new)
        self.state[p] = {STEPS: rule.t, **rule.state, **arrays}
        return True

    def _step_whole(self, rule, group, params):
        """All tensors of a group as one vector; its state is kept with the first of them."""
        missing = len(group["params"]) - len(params)
        if missing:
            raise ValueError(
                f"TorchOptimizer: {type(self.rule).__name__} takes the gradients of a group as one vector, but "
                f"{missing} of its {len(group['params'])} parameters have none"
            )
        x, g = (torch.cat([each.reshape(-1) for each in every]) for every in (params, [p.grad for p in params]))
        resume(rule, self.state[params[0]])
        parts = rule.advance(x, g).split([p.numel() for p in params])
        for p, part in zip(params, parts, strict=True):
            p.copy_(part.view_as(p))
        self.state[params[0]] = {STEPS: rule.t, **rule.state}

    def _rule_of(self, group):
        """The rule with the hyper-parameters of a group; one object for all its tensors, because making one is slow."""
        given = tuple((name, group[name]) for name in self.rule.hypers if name in group)
        if given not in self._rules:
            self._rules.clear()  # a torch scheduler brings new numbers at every step
            self._rules[given] = type(self.rule)(**(self.rule.settings() | dict(given)))
        return self._rules[given]

    # --- all tensors in one kernel -----------------------------------------------------------------------

    def _step_compiled(self, rule, params):
        alike = {}  # parameters that have made the same number of steps share the numbers of the next
        for p in params:
            alike.setdefault(self.state[p].get(STEPS, 0), []).append(p)
        for together in alike.values():
            self._run_kernel(rule, together)

    def _run_kernel(self, rule, params):
        if not self.state[params[0]]:
            for p in params:
                rule.reset()._begin(p)
                self.state[p] = {STEPS: 0, **owned(rule.state, p)}
        resume(rule, self.state[params[0]])
        formula, kernel = self._compiled(rule)
        if formula is None:
            for p in params:
                self._step_one(rule, p)
            return
        rule.resolve_schedules(params[0], ())
        rule.t += 1
        arguments = [as_tensor(value, params[0]) for value in formula.scalars(rule)]
        states = [[self.state[p][name] for name in formula.state] for p in params]
        kernel(params, [p.grad for p in params], states, arguments)
        numbers = {name: value for name, value in rule.state.items() if name not in formula.state}
        for p in params:
            self.state[p] |= {STEPS: rule.t, **numbers}

    def _compiled(self, rule):
        """The formula of the rule and its kernel, made at the first step; (None, None) where it cannot be split."""
        if self._kernel is None:
            _need_compiler()
            formula = formula_of(rule, torch_namespace)
            self._kernel = (formula, _kernel_of(formula.tensors)) if formula else (None, None)
        return self._kernel


def _kernel_of(tensors):
    """One compiled function that steps a list of tensors and their state in place."""

    def kernel(xs, gs, states, arguments):
        for x, g, state in zip(xs, gs, states):  # noqa: B905  (torch.compile follows the plain form)
            new, *later = tensors(x, g, *state, *arguments)
            for old, value in zip(state, later):  # noqa: B905
                write(old, value)
            x.copy_(new)

    # torch.compile counts how often a code object is compiled, and gives up at eight: each kernel gets its own.
    kernel.__code__ = kernel.__code__.replace(co_firstlineno=next(_lines))
    return torch.compile(kernel, dynamic=False)


_lines = itertools.count(1_000_000)


# --- arguments -----------------------------------------------------------------------------------------------


def _check_rule(rule, compile):
    if not isinstance(rule, Optimizer):
        raise TypeError(f"TorchOptimizer: rule={rule!r} must be an optimizer, such as ol.Adam(lr=1e-3)")
    name = type(rule).__name__
    if rule.reads != ("gradient",):
        raise TypeError(
            f"TorchOptimizer: {name} reads the {' and the '.join(rule.reads)}; a network gives only gradients"
        )
    if compile and not rule.elementwise:
        raise ValueError(f"TorchOptimizer: compile=True takes rules that treat each number by itself; {name} does not")
    for hyper, value in rule.settings().items():
        if getattr(value, "shape", None):
            raise ValueError(f"TorchOptimizer: {hyper}={value!r} must be one number or a schedule, not an array")
        if getattr(value, "reads", None):
            raise ValueError(
                f"TorchOptimizer: {hyper}={value!r} reads the {value.reads.replace('_', ' ')}; only schedules of the "
                "number of steps are allowed here (torch has ReduceLROnPlateau)"
            )


def _need_compiler():
    """torch.compile would end in a page of its own errors."""
    if not any(map(shutil.which, [os.environ.get("CXX") or "g++", "clang++", "cl"])):
        raise RuntimeError(
            "TorchOptimizer: compile=True needs a C++ compiler, and none is found (Debian: apt-get install g++); "
            "compile=False needs none"
        )


def _check_gradient(p):
    if p.grad.is_sparse:
        raise ValueError("TorchOptimizer: a gradient is sparse; only dense ones are allowed (Embedding: sparse=False)")
    if p.is_complex():
        raise ValueError("TorchOptimizer: a parameter is complex; only real ones are allowed")
