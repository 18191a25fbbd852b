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

from ..optimizers.base import as_rule
from .formula import formula_of, holds_tensors
from .rule_source import switches
from .state import as_line, as_tensor, fits, forms, join, lies_as, mapped, owned, resume, write, write_pieces

STEPS = "t"  # in a parameter's state: how many steps it has made
PIECE = 2**17  # numbers that an update takes at a time on a CPU: what it holds in between stays in the cache
SMALL = 2**14  # up to so many numbers a tensor is joined with others: calling torch costs more than its arithmetic


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
        hyper-parameters, for parameters that are no matrices where the rule sees matrices, and for sparse or complex
        gradients.
    """

    def __init__(self, params, rule, compile=False):
        self.rule = as_rule("TorchOptimizer", rule).fresh()
        _check_rule(self.rule, compile)
        self.compile = bool(compile)
        self._set_up()
        super().__init__(params, {name: v for name, v in self.rule.settings().items() if not callable(v)})

    def _set_up(self):
        self._rules = {}  # number of a group -> its rule, with the hyper-parameters of its last step
        self._kernels = {}  # switches of a rule -> its formula and its kernel

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
            self._rule_of(len(self.param_groups) - 1)
            if self.rule.sees == "matrix":
                _check_matrices(self.rule, self.param_groups[-1]["params"])
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
        for i, group in enumerate(self.param_groups):
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                _check_gradient(p)
            if not params:
                continue
            rule = self._rule_of(i)
            if rule.sees == "group":
                self._step_group(rule, group, params)
            elif self.compile:
                self._step_compiled(rule, params)
            else:
                for p in self._step_small(rule, params):
                    self._step_one(rule, p)
        return loss

    def _rule_of(self, i):
        """The rule of group number i with the group's present hyper-parameters, which schedulers change."""
        rule, group = self._rules.get(i), self.param_groups[i]
        if rule is None:
            rule = self._rules[i] = self.rule.fresh()
        for name in rule.hypers.keys() & group.keys():
            value = group[name]
            if isinstance(value, torch.Tensor):
                value = value.item()  # schedulers of torch fill it in place
            if value != rule.given(name):
                rule.set(name, value)
        return rule

    # --- tensors one by one, cut or joined -----------------------------------------------------------------

    def _step_small(self, rule, params):
        """Step small tensors laid end to end, with the numbers of stepping each; returns those that are left over."""
        if rule.sees != "number":
            return params
        small, left = [], []
        for p in params:
            is_small = p.numel() <= SMALL and type(p) in (torch.nn.Parameter, torch.Tensor)
            (small if is_small else left).append(p)
        for together, states in self._alike(rule, small):
            if len(together) == 1 or not self._step_joined(rule, together, states):
                left += together
        return left

    def _alike(self, rule, params):
        """Parameters of one type that are at the same step, with the same numbers in their states; and their states."""
        lists = {}
        for p in params:
            state = self.state[p]
            if not state:
                rule.reset().begin(p, p.grad)
                state |= {STEPS: 0, **owned(rule.state, p)}
            numbers = [value for value in state.values() if not holds_tensors(value)]
            together, states = lists.setdefault((p.dtype, p.device, repr(numbers)), ([], []))
            together.append(p)
            states.append(state)
        return lists.values()

    def _step_joined(self, rule, params, states):
        """One step of several tensors as one; False where the state cannot be joined, with nothing written."""
        arrays = [name for name, value in states[0].items() if holds_tensors(value)]
        if not all(fits(p, state[name]) for p, state in zip(params, states, strict=True) for name in arrays):
            return False
        before = {**states[0], **{name: join([state[name] for state in states]) for name in arrays}}
        resume(rule, before)
        new = rule.advance(join(params), join([p.grad for p in params]))
        after = {STEPS: rule.t, **rule.state}
        if forms(after) != forms(before):
            return False  # a rule that makes its state as it goes
        for name in arrays:
            write_pieces([state[name] for state in states], after.pop(name))
        write_pieces(params, new)
        for state in states:
            state |= after
        return True

    def _step_one(self, rule, p):
        state = self.state[p]
        resume(rule, state)
        if rule.sees == "number" and p.numel() > 2 * PIECE and p.device.type == "cpu":
            if self._step_pieces(rule, p):
                return
            resume(rule, state)
        if rule.sees == "matrix":
            new = rule.advance(p.flatten(1), p.grad.flatten(1)).view_as(p)
        else:
            new = rule.advance(p, p.grad)
        self.state[p] = {STEPS: rule.t, **owned(rule.state, p)}
        p.copy_(new)

    def _step_pieces(self, rule, p):
        """The same step piece by piece, with the same numbers; False where the state does not lie as the tensor does.

        A formula of ten operations on eleven million numbers writes ten arrays of that size to memory, which the
        system has to find first.  Of a piece, each is still in the processor's cache when the next operation reads it.
        """
        rule.begin(p, p.grad)
        rule.t += 1
        state = owned(rule.state, p)
        arrays = {name: value for name, value in state.items() if holds_tensors(value)}
        if not all(lies_as(p, value) for value in (p, p.grad, *arrays.values())):
            return False
        lines = [mapped(as_line, value) for value in (p, p.grad, *arrays.values())]
        for first in range(0, p.numel(), PIECE):
            x, g, *own = (mapped(lambda line, first=first: line[first : first + PIECE], value) for value in lines)
            before = {**state, **dict(zip(arrays, own, strict=True))}
            vars(rule).update(before)
            new = rule.update(x, g)
            if first == 0 and forms(rule.state) != forms(before):
                return False  # a rule that makes its state as it goes; nothing is written yet
            for name, old in zip(arrays, own, strict=True):
                write(old, getattr(rule, name))
            x.copy_(new)
        self.state[p] = {STEPS: rule.t, **rule.state, **arrays}
        return True

    def _step_group(self, rule, group, params):
        """All tensors of a group as one vector; its state is kept with the first of them."""
        missing = len(group["params"]) - len(params)
        if missing:
            raise ValueError(
                f"TorchOptimizer: {type(self.rule).__name__} takes the gradients of a group as one vector, but "
                f"{missing} of its {len(group['params'])} parameters have none"
            )
        x, g = join(params), join([p.grad for p in params])
        resume(rule, self.state[params[0]])
        write_pieces(params, rule.advance(x, g))
        self.state[params[0]] = {STEPS: rule.t, **rule.state}

    # --- all tensors in one kernel -----------------------------------------------------------------------

    def _step_compiled(self, rule, params):
        for together, states in self._alike(rule, params):
            resume(rule, states[0])
            formula, kernel = self._compiled(rule)
            if formula is None:
                for p in together:
                    self._step_one(rule, p)
            else:
                self._run_kernel(rule, together, states, formula, kernel)

    def _run_kernel(self, rule, params, states, formula, kernel):
        rule.take_schedules(params[0])
        rule.t += 1
        arguments = [as_tensor(value, params[0]) for value in formula.scalars(rule)]
        arrays = [[state[name] for name in formula.state] for state in states]
        kernel(params, [p.grad for p in params], arrays, arguments)
        numbers = {name: value for name, value in rule.state.items() if name not in formula.state}
        for state in states:
            state |= {STEPS: rule.t, **numbers}

    def _compiled(self, rule):
        """The formula of the rule and its kernel, made at the first step; (None, None) where it cannot be split."""
        key = switches(rule)
        if key not in self._kernels:
            _need_compiler()
            formula = formula_of(rule, torch_namespace)
            self._kernels[key] = (formula, _kernel_of(formula.tensors)) if formula else (None, None)
        return self._kernels[key]


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
    name = type(rule).__name__
    if rule.reads != ("gradient",):
        raise TypeError(
            f"TorchOptimizer: {name} reads the {' and the '.join(rule.reads)}; a network gives only gradients"
        )
    if compile and rule.sees in ("matrix", "group"):
        raise ValueError(
            f"TorchOptimizer: compile=True takes rules that see a number or a tensor; {name} sees a {rule.sees}"
        )
    for hyper, value in rule.settings().items():
        if getattr(value, "shape", None):
            raise ValueError(f"TorchOptimizer: {hyper}={value!r} must be one number or a schedule, not an array")
        if getattr(value, "reads", None):
            raise ValueError(
                f"TorchOptimizer: {hyper}={value!r} reads the {value.reads.replace('_', ' ')}; only schedules of the "
                "number of steps are allowed here (torch has ReduceLROnPlateau)"
            )


def _check_matrices(rule, params):
    for p in params:
        if p.ndim < 2:
            raise ValueError(
                f"TorchOptimizer: {type(rule).__name__} steps matrices, and a parameter has shape {tuple(p.shape)}; "
                "give it those of two or more axes, and the rest to an optimizer of their own"
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
