"""What `TorchOptimizer` refuses: rules, parameters and gradients that it cannot step."""

import os
import shutil
import warnings

import torch

from .. import checks
from ..optimizers.around import has_path_of_its_own, refuse_mixed
from .second import needs_second, takes_diagonal
from .state import flat, tensors_of


def check_rule(rule, compile):
    name = type(rule).__name__
    second = needs_second(rule) and len(rule.reads) == 2 and rule.sees == "group"
    if rule.reads != ("gradient",) and not second and not takes_diagonal(rule):
        raise TypeError(
            f"TorchOptimizer: {name} reads the {' and the '.join(rule.reads)}; a network gives only gradients"
        )
    if compile and rule.sees in ("matrix", "group"):
        raise ValueError(
            f"TorchOptimizer: compile=True takes rules that see a number or a tensor; {name} sees a {rule.sees}"
        )


def check_parameters(rule, params):
    refuse_mixed("TorchOptimizer", rule, len(params))
    if any(p.is_complex() for p in params):
        raise ValueError("TorchOptimizer: a parameter is complex; only real ones are allowed")
    if rule.sees == "group" and len({p.data_ptr() or id(p) for p in params}) < len(params):
        tied = f"two parameters lie in the same memory, and {type(rule).__name__} takes a group as one vector"
        raise ValueError(f"TorchOptimizer: {tied}; tie them by one torch.nn.Parameter")
    if not any(hasattr(p, "device_mesh") for p in params):
        return
    if rule.sees == "group":
        does, other = "takes the gradients of a group as one vector", "sees numbers or tensors"
    elif rule.sees == "matrix" and _remembers_sides(rule):
        does, other = "decomposes matrices", "does not, such as Muon"
    else:
        return
    sharded = f"{type(rule).__name__} {does}, and a parameter is sharded (a DTensor)"
    raise ValueError(f"TorchOptimizer: {sharded}; use a rule that {other}")


def warn_of_vectors(groups):
    """Warn where a rule that sees matrices gets vectors, which everyone hands over to another rule."""
    taking = [group for group in groups if group.rule.sees == "matrix" and group.get("rule") is None]
    if count := sum(p.ndim < 2 for group in taking for p in group["params"]):
        warnings.warn(
            f"TorchOptimizer: {type(taking[0].rule).__name__} sees matrices, and steps {count} tensors of fewer than "
            "two axes, such as biases, as matrices of one row; hand them to another rule: hidden, others = "
            'hidden_matrices(model), and as groups [{"params": hidden}, {"params": others, "rule": ol.AdamW(lr=1e-3)}]',
            stacklevel=3,
        )


def _remembers_sides(rule):
    """Whether a rule remembers matrices that are as wide and as high as one side of a weight matrix is long."""
    rule, x = rule.fresh(), torch.zeros(2, 3)
    rule.begin(x, x)
    return any(value.shape != x.shape for value in tensors_of(flat(rule.state)).values())


def check_gradients(rule, group, params):
    refuse_mixed("TorchOptimizer", rule, len(params))  # one may have been appended to the group
    missing = len(group["params"]) - len(params)
    if missing and rule.sees == "group":
        takes = f"{type(rule).__name__} takes the gradients of a group as one vector"
        raise ValueError(f"TorchOptimizer: {takes}, but {missing} of its {len(group['params'])} parameters have none")
    if any(p.grad.is_sparse for p in params):
        raise ValueError("TorchOptimizer: a gradient is sparse; only dense ones are allowed (Embedding: sparse=False)")


def decay_of(group, rule):
    """The decoupled weight decay that a group adds to a rule which has none of its own."""
    value, name = 0.0 if "weight_decay" in rule.hypers else group.get("weight_decay"), type(rule).__name__
    if value and "lr" not in rule.hypers:
        raise ValueError(f"TorchOptimizer: weight_decay={value!r} is scaled by lr, and {name} has no lr")
    if value and has_path_of_its_own(type(rule)):
        inside = "which goes on from a path of its own; write ol.ScheduleFree(ol.WeightDecay(rule))"
        raise ValueError(f"TorchOptimizer: weight_decay={value!r} has no effect on {name}, {inside}")
    return checks.number("TorchOptimizer", "weight_decay", value, "[0, inf)") if value else 0.0


def need_compiler():
    """torch.compile would end in a page of its own errors."""
    if not any(map(shutil.which, [os.environ.get("CXX") or "g++", "clang++", "cl"])):
        missing = "a C++ compiler, and none is found (Debian: apt-get install g++); compile=False needs none"
        raise RuntimeError(f"TorchOptimizer: compile=True needs {missing}")
