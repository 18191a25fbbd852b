"""What a rule remembers of a torch parameter: for the driver.

A rule may keep numbers, tensors, and tuples or lists of tensors.  In ``optimizer.state`` each tensor has a key of its
own, as in torch.optim, so that sharded checkpoints know them: ``v.0`` is the first of a tuple, ``v[0]`` of a list.
"""

import re

import torch
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

from .formula import holds_tensors

STEPS = "t"  # in a parameter's state: how many steps it has made
HALF = (torch.float16, torch.bfloat16)
_MEMBER = re.compile(r"([^.\[]+)(?:\.(\d+)|\[(\d+)\])(.*)")


def flat(state):
    """A rule's state with one tensor for each key."""
    result = {}
    for name, value in state.items():
        if isinstance(value, (tuple, list)) and holds_tensors(value):
            mark = "{}.{}" if isinstance(value, tuple) else "{}[{}]"
            result |= flat({mark.format(name, i): each for i, each in enumerate(value)})
        elif isinstance(value, dict) and holds_tensors([*value.values()]):
            keep = "keep them as attributes, or in a tuple or list"
            raise TypeError(f"TorchOptimizer: the rule keeps tensors in a dict, self.{name}; {keep}")
        else:
            result[name] = value
    return result


def nested(state):
    """The inverse of `flat`."""
    if not any("." in name or "[" in name for name in state):
        return state
    result, members = {}, {}
    for name, value in state.items():
        match = _MEMBER.fullmatch(name)
        if match:
            base, of_tuple, of_list, rest = match.groups()
            kind = list if of_tuple is None else tuple
            members.setdefault((base, kind), {})[f"{of_tuple or of_list}{rest}"] = value
        else:
            result[name] = value
    for (base, kind), values in members.items():
        values = nested(values)
        result[base] = kind(values[i] for i in sorted(values, key=int))
    return result


def resume(rule, state):
    """Bring a rule to where it was after the last step of a parameter.  Returns the rule itself."""
    vars(rule.reset()).update(nested(state))
    return rule


def owned(state, *passing):
    """The flat state, each tensor in memory of its own: a rule may remember x and g, or one tensor by two names."""
    result, taken = {}, [*passing]
    for name, value in flat(state).items():
        if isinstance(value, torch.Tensor):
            value = value.clone() if any(torch._C._is_alias_of(value, each) for each in taken) else value
            taken.append(value)
        result[name] = value
    return result


def tensors_of(state):
    """The entries of a flat state that are tensors."""
    return {name: value for name, value in state.items() if holds_tensors(value)}


def forms(state):
    """The shape of each entry of a flat state by name; None for numbers."""
    return {name: getattr(value, "shape", None) for name, value in state.items()}


def wide(tensor):
    """The tensor, in float32 where it is of half precision: lr * m is 0 in float16 where the step is not."""
    return tensor.float() if tensor.dtype in HALF else tensor


def join(tensors):
    """The numbers of tensors in one line, in memory of its own."""
    return _flatten_dense_tensors(tensors) if len(tensors) > 1 else tensors[0].detach().flatten().clone()


def write_pieces(tensors, line):
    """The inverse of `join`: write the pieces of a line over the tensors that were joined."""
    torch._foreach_copy_(tensors, _unflatten_dense_tensors(line, tensors))
