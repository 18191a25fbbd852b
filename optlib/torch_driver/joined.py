"""Small tensors stepped as one: calling torch for each of them costs more than their arithmetic."""

import operator

import torch

from .state import STEPS, forms, join, owned, resume, tensors_of


class Joined:
    """Parameters of one dtype and at one step, laid end to end for the rule.

    Their state lies end to end too, from step to step; their flat ``states``, which have the same names and numbers,
    are changed to hold views of it.
    """

    def __init__(self, params, states):
        self.params, self.states = params, states
        self.points = [p.detach().view(-1) if p.is_contiguous() else p.detach() for p in params]
        self.places = [_place(p) for p in params]
        self.sizes = [p.numel() for p in params]
        names = tensors_of(states[0])
        self.numbers = {name: value for name, value in states[0].items() if name not in names}
        self.lines = {name: join([state[name] for state in states]) for name in names}
        self.views = {name: self._pieces(line) for name, line in self.lines.items()}
        for name, views in self.views.items():
            for state, view in zip(states, views, strict=True):
                state[name] = view

    def _pieces(self, line):
        return [piece.view(p.shape) for piece, p in zip(line.split(self.sizes), self.params, strict=True)]

    def holds(self, states):
        """Whether parameters and states are where they were: a checkpoint, or ``model.to``, replaces them."""
        return (
            all(_place(p) == place for p, place in zip(self.params, self.places, strict=True))
            and all(states.get(p) is state for p, state in zip(self.params, self.states, strict=True))
            and all(state.get(name) == value for name, value in self.numbers.items() for state in self.states)
            and all(
                state.get(name) is view
                for name, views in self.views.items()
                for state, view in zip(self.states, views, strict=True)
            )
        )

    def step(self, rule, move):
        """One step, by ``move(x, g) -> x``; False, and nothing written, where the rule makes its state as it goes."""
        resume(rule, {**self.numbers, **self.lines})
        new = move(join(self.points), join([p.grad for p in self.params]))
        after = {STEPS: rule.t, **owned(rule.state, *self.lines.values())}
        if forms(after) != forms({**self.numbers, **self.lines}):
            return False
        pieces = [
            piece if point.ndim == 1 else piece.view(point.shape)
            for piece, point in zip(new.split(self.sizes), self.points, strict=True)
        ]
        torch._foreach_copy_(self.points, pieces)
        for name, line in self.lines.items():
            line.copy_(after.pop(name))
        self.numbers = after
        for state in self.states:
            state.update(after)
        return True


def _place(p):
    """Where and how a tensor lies in memory."""
    return p.data_ptr(), p.shape, p.stride()


def alike(params, states):
    """Parameters with the same dtype, device and numbers in their state, and the same names; and their states."""
    lists = {}
    for p, state in zip(params, states, strict=True):
        tensors = tensors_of(state)
        numbers = [(name, value) for name, value in state.items() if name not in tensors]
        key = p.dtype, p.device, repr(numbers), *((name, value.dtype) for name, value in tensors.items())
        together = lists.setdefault(key, ([], []))
        together[0].append(p)
        together[1].append(state)
    return lists.values()


def fits(p, state):
    """Whether each tensor of a state has the shape of the parameter."""
    return all(isinstance(v, torch.Tensor) and v.shape == p.shape for v in tensors_of(state).values())


class Plan:
    """Which parameters of a group are stepped as one, and which are left; it lasts as long as nothing changes."""

    def __init__(self, params, small, states):
        self.params, self.joined = params, []
        self.left = [p for p in params if not any(p is each for each in small)]
        for together, its in alike(small, states):
            if len(together) > 1 and all(map(fits, together, its)):
                self.joined.append(Joined(together, its))
            else:
                self.left += together

    def holds(self, params, states):
        same = len(params) == len(self.params) and all(map(operator.is_, params, self.params))
        return same and all(joined.holds(states) for joined in self.joined)

    def step(self, rule, move):
        """Step what is joined; returns the parameters that are left."""
        for joined in list(self.joined):
            if not joined.step(rule, move):
                self.joined.remove(joined)
                self.left += joined.params
        return self.left
