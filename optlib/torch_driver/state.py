"""What a rule remembers of a torch parameter, numbers, tensors and tuples of tensors: for the driver."""

import torch
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors


def resume(rule, state):
    """Bring a rule to where it was after the last step of a parameter."""
    rule.reset()
    vars(rule).update(state)


def mapped(function, value):
    """``function`` of a value, or of each in a tuple of them."""
    return tuple(mapped(function, v) for v in value) if isinstance(value, (tuple, list)) else function(value)


def owned(state, p):
    """The state, with copies of the tensors that are about to change: a rule may remember x and g themselves."""
    return {name: mapped(lambda v: v.clone() if v is p or v is p.grad else v, own) for name, own in state.items()}


def forms(state):
    """The shape of what is a tensor in a state, by name; None for numbers."""
    return {name: mapped(lambda v: getattr(v, "shape", None), own) for name, own in state.items()}


def lies_as(p, value):
    """Whether a tensor, or each of a tuple, lies in memory as ``p`` does, without gaps."""
    if isinstance(value, (tuple, list)):
        return all(lies_as(p, v) for v in value)
    dense = p.is_contiguous() or p.is_contiguous(memory_format=torch.channels_last)
    return dense and isinstance(value, torch.Tensor) and value.shape == p.shape and value.stride() == p.stride()


def fits(p, value):
    """Whether a tensor, or each of a tuple, has the shape and dtype of ``p``."""
    if isinstance(value, (tuple, list)):
        return all(fits(p, v) for v in value)
    return isinstance(value, torch.Tensor) and value.shape == p.shape and value.dtype == p.dtype


def join(values):
    """Tensors, or tuples of them, of several parameters laid end to end."""
    if isinstance(values[0], (tuple, list)):
        return tuple(map(join, zip(*values, strict=True)))
    return _flatten_dense_tensors(values)


def write_pieces(tensors, line):
    """The inverse of `join`: write the pieces of a line over the tensors that were joined."""
    if isinstance(line, (tuple, list)):
        for each, its_line in zip(zip(*tensors, strict=True), line, strict=True):
            write_pieces(each, its_line)
    else:
        torch._foreach_copy_(tensors, _unflatten_dense_tensors(line, tensors))


def as_line(tensor):
    """The numbers of a tensor without gaps in the order in which they lie in memory; a view."""
    return tensor.as_strided((tensor.numel(),), (1,))


def write(old, value):
    """Write new tensors over those of the state."""
    if isinstance(old, (tuple, list)):
        for each, new in zip(old, value):  # noqa: B905  (torch.compile follows the plain form)
            write(each, new)
    else:
        old.copy_(value)


def as_tensor(value, p):
    """A number as a tensor without axes: a Python number would be a constant of the kernel, compiled in anew."""
    if isinstance(value, tuple):
        return tuple(as_tensor(v, p) for v in value)
    return torch.tensor(value, dtype=p.dtype if isinstance(value, float) else None)
