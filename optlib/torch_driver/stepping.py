"""How a step goes over tensors: small ones joined, large ones cut, a group as one vector, or all in one kernel."""

import itertools
import types

import array_api_compat.torch as torch_namespace
import torch

from .arguments import need_compiler
from .formula import formula_of
from .joined import Plan, alike
from .rule_source import switches
from .second import needs_second
from .state import HALF, STEPS, flat, forms, join, nested, owned, resume, tensors_of, wide, write_pieces

PIECE = 2**17  # numbers that an update takes at a time on a CPU: what it holds in between stays in the cache
SMALL = 2**14  # up to so many numbers a tensor is joined with others: calling torch costs more than its arithmetic


# `arrays.sign`, too, is not array-api-compat's, which writes NaN through a mask.
IN_KERNELS = types.SimpleNamespace(**{**vars(torch_namespace), "sign": lambda x: x.sign() + (x - x)})


class Stepping:
    """The part of `TorchOptimizer` that steps tensors; ``self.state`` is the optimizer's."""

    def _set_up(self):
        self._kernels = {}  # class and switches of a rule -> its formula and its kernel
        self._plans = {}  # number of a group -> its parameters, those of them that are stepped as one, and the others

    def _states_of(self, rule, params):
        """The states of parameters; made where there are none, and never narrower than what is stepped."""
        for p in params:
            state = self.state[p]
            if state:
                state |= widened(state, p)
            else:
                rule.reset().begin(wide(p), wide(p.grad))
                state |= {STEPS: 0, **owned(rule.state, p, p.grad)}
        return [self.state[p] for p in params]

    def _step_small(self, i, rule, params, move):
        """Step small tensors laid end to end, with the numbers of stepping each; returns those that are left over."""
        if rule.sees != "number":
            return params
        plan = self._plans.get(i)
        if plan is None or not plan.holds(params, self.state):
            small = [p for p in params if p.numel() <= SMALL and type(p) in (torch.nn.Parameter, torch.Tensor)]
            # Of tied parameters, which lie in the same memory, one is joined; the others step after it.
            small = [*{p.data_ptr() or id(p): p for p in small}.values()]
            plan = self._plans[i] = Plan(params, small, self._states_of(rule, small))
        return plan.step(rule, move)

    def _step_one(self, rule, p, move):
        state = self.state[p]
        state |= widened(state, p)
        resume(rule, state)
        if rule.sees == "number" and p.numel() > 2 * PIECE and p.device.type == "cpu":
            if self._step_pieces(rule, p, move):
                return
            resume(rule, state)
        new = move(p, p.grad)
        self._keep(p, {STEPS: rule.t, **owned(rule.state, p, p.grad)})
        p.copy_(new)

    def _keep(self, p, entries):
        """Change the state in place: a state dict that somebody holds is of one step, as torch's are, of the last."""
        self.state[p].clear()
        self.state[p].update(entries)

    def _step_pieces(self, rule, p, move):
        """The same step piece by piece, with the same numbers; False where the state does not lie as the tensor does.

        A formula of ten operations on eleven million numbers writes ten arrays of that size to memory, which the
        system has to find first.  Of a piece, each is still in the processor's cache when the next operation reads it.
        """
        rule.begin(wide(p), wide(p.grad))
        state = {STEPS: rule.t, **owned(rule.state, p, p.grad)}
        arrays = tensors_of(state)
        if not all(lies_as(p, value) for value in (p, p.grad, *arrays.values())):
            return False
        lines = [as_line(value).split(PIECE) for value in (p, p.grad, *arrays.values())]
        for first, (x, g, *own) in enumerate(zip(*lines, strict=True)):
            before = {**state, **dict(zip(arrays, own, strict=True))}
            vars(rule).update(nested(before))
            new = move(x, g)
            after = owned(rule.state, x, *own)
            if first == 0 and forms({STEPS: rule.t, **after}) != forms(before):
                return False  # a rule that makes its state as it goes; nothing is written yet
            x.copy_(new)
            for name, old in zip(arrays, own, strict=True):
                old.copy_(after[name])
        self._keep(p, {STEPS: rule.t, **after, **arrays})
        return True

    def _step_group(self, rule, params, move, *gradients):
        """All tensors of a group as one vector; its state is kept with the first of them."""
        resume(rule, self.state[params[0]])
        write_pieces(params, move(join(params), *gradients))
        for p in params:  # sharded checkpoints want a state for each
            self._keep(p, {STEPS: rule.t, **(flat(rule.state) if p is params[0] else {})})

    def _step_compiled(self, rule, params, move, decay):
        for p in params:
            if not p.ndim:  # torch.compile (2.13) loses what is written to a float64 tensor without axes on a CPU
                self._step_one(rule, p, move)
        params = [p for p in params if p.ndim]
        for together, states in alike(params, self._states_of(rule, params)):
            resume(rule, states[0])
            formula, kernel = self._compiled(rule)
            if formula is None:
                for p in together:
                    self._step_one(rule, p, move)
            else:
                self._run_kernel(rule, together, states, formula, kernel, decay)

    def _run_kernel(self, rule, params, states, formula, kernel, decay):
        rule.t += 1
        dtype = wide(params[0]).dtype
        arguments = [as_tensor(value, dtype) for value in formula.scalars(rule)]
        kept = as_tensor(1 - rule.lr * decay, dtype) if decay else None
        arrays = [[nested(state)[name] for name in formula.state] for state in states]
        kernel(params, [p.grad for p in params], arrays, arguments, kept)
        numbers = {name: value for name, value in rule.state.items() if name not in formula.state}
        for state in states:
            state |= {STEPS: rule.t, **numbers}

    def _compiled(self, rule):
        """The formula of the rule and its kernel, made at the first step; (None, None) where it cannot be split."""
        key = type(rule), switches(rule)
        if key not in self._kernels:
            need_compiler()
            formula = formula_of(rule, IN_KERNELS)
            self._kernels[key] = (formula, _kernel_of(formula.tensors)) if formula else (None, None)
        return self._kernels[key]


def widened(state, p):
    """Those tensors of a flat state that are narrower than the steps of ``p``, made as wide.

    torch's own states of half precision are, and those of a network that has been made float64.
    """
    dtype = torch.float32 if p.dtype in HALF else p.dtype
    narrow = {name: v for name, v in tensors_of(state).items() if v.dtype != dtype and v.is_floating_point()}
    return {name: v.to(torch.promote_types(v.dtype, dtype)) for name, v in narrow.items()}


def lies_as(p, value):
    """Whether a tensor lies in memory as ``p`` does, without gaps."""
    dense = p.is_contiguous() or p.is_contiguous(memory_format=torch.channels_last)
    return dense and isinstance(value, torch.Tensor) and value.shape == p.shape and value.stride() == p.stride()


def as_line(tensor):
    """The numbers of a tensor without gaps in the order in which they lie in memory; a view."""
    return tensor.as_strided((tensor.numel(),), (1,))


def as_tensor(value, dtype):
    """A number as a tensor without axes: a Python number would be a constant of the kernel, compiled in anew."""
    if isinstance(value, tuple):
        return tuple(as_tensor(v, dtype) for v in value)
    return torch.tensor(value, dtype=dtype if isinstance(value, float) else None)


def copied(value):
    """A copy of a tensor or of a tuple of them."""
    return value.clone() if isinstance(value, torch.Tensor) else [copied(each) for each in value]


def write(old, value):
    """Write new tensors, or a tuple of them, over those of the state."""
    if isinstance(old, (tuple, list)):
        for each, new in zip(old, value):  # noqa: B905  (torch.compile follows the plain form)
            write(each, new)
    else:
        old.copy_(value)


def move_of(rule, decay):
    """A step of the rule as a function (x, g) -> new x: decoupled decay first, and half precision in float32."""

    def move(x, g, *functions):
        here = x = wide(x)
        if decay:
            x = x * (1 - rule.lr * decay)
            if needs_second(rule):  # at a point near the one before the decay, as in `WeightDecay`
                (gradient,) = functions
                functions = (lambda y: gradient(y + (here - x)),)
        return rule.advance(x, wide(g), *functions)

    return move


def _kernel_of(tensors):
    """One compiled function that steps a list of tensors and their state in place."""

    def kernel(xs, gs, states, arguments, kept):
        for x, g, state in zip(xs, gs, states):  # noqa: B905  (torch.compile follows the plain form)
            point = wide(x) if kept is None else wide(x) * kept
            new, *later = copied(tensors(point, wide(g), *state, *arguments))  # a rule may pass its memories on
            for old, value in zip(state, later):  # noqa: B905
                write(old, value)
            x.copy_(new)

    # torch.compile counts how often a code object is compiled, and gives up at eight: each kernel gets its own.
    kernel.__code__ = kernel.__code__.replace(co_firstlineno=next(_lines))
    return torch.compile(kernel, dynamic=False)


_lines = itertools.count(1_000_000)
