"""What callbacks remember from epoch to epoch; a checkpoint keeps it, and refuses what it cannot keep."""

import collections
import dis
import functools
import types

import numpy as np
import torch

from .callbacks import AfterEpoch, Callback

DEEPEST = 4  # steps from a callback to an object that it uses
ATOMS = (type(None), bool, int, float, complex, str, bytes, torch.Tensor, torch.Size, torch.dtype, torch.device)
NESTS = (list, tuple, dict, set, collections.OrderedDict, collections.Counter)
FOREIGN = {"numpy", "optlib", "torch"}  # what they define is not looked into


def held_by(callback, known):
    """The objects with a state that a callback uses, such as torch's schedulers, by where it has them.

    Looked through are the variables that a function uses, the attributes of an object, lists and dicts, but not the
    objects ``known``, whose states are kept anyway.
    """
    start = callback.function if isinstance(callback, AfterEpoch) else vars(callback)
    held, seen, level = {}, {id(each) for each in known}, [("", start)]
    for _ in range(DEEPEST):
        inner = []
        for place, value in level:
            if isinstance(value, (*ATOMS, type, types.ModuleType)) or id(value) in seen:
                continue
            seen.add(id(value))
            if hasattr(value, "state_dict") and hasattr(value, "load_state_dict"):
                held[place.lstrip(".") or type(value).__name__] = value
            else:
                inner += [(f"{place}.{name}", each) for name, each in _used_by(value).items()]
        level = inner
    return held


def _used_by(value):
    """What a function, an object or a nest uses or holds directly, by name."""
    if isinstance(value, functools.partial):
        return {"func": value.func, **dict(enumerate(value.args)), **value.keywords}
    if isinstance(value, types.MethodType):
        return {"self": value.__self__, "function": value.__func__}
    if isinstance(value, dict):
        return value
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    if str(getattr(value, "__module__", "")).partition(".")[0] in FOREIGN:
        return {}
    return _variables(value) if isinstance(value, types.FunctionType) else getattr(value, "__dict__", {})


def _variables(function):
    """The variables of its surroundings that a function uses: of enclosing functions, and global ones."""
    names, codes = set(), [function.__code__]
    for code in codes:  # functions and comprehensions inside come along
        # `co_names` has those of attributes, too: `run.model` is no variable.
        names.update(each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
        codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
    variables = {name: value for name, value in function.__globals__.items() if name in names}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if cell != types.CellType():  # one that has no value yet
            variables[name] = cell.cell_contents
    return variables | dict(enumerate(function.__defaults__ or ())) | (function.__kwdefaults__ or {}) | vars(function)


def is_forgetful(callback, held):
    """Whether a checkpoint keeps nothing of a callback."""
    return type(callback).state_dict is Callback.state_dict and not held


def is_plain(state):
    """Whether a checkpoint gives a state back as it is: tensors and plain values, nested or not."""
    if type(state) not in NESTS:
        return isinstance(state, torch.Tensor) or type(state) in ATOMS
    nested = [*state.keys(), *state.values()] if isinstance(state, dict) else state
    return all(map(is_plain, nested))


def plain(value):
    """A nest of settings without NumPy's numbers, arrays and texts, which a checkpoint would not give back."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return (tuple if isinstance(value, tuple) else list)(map(plain, value))
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def settings_in(optimizer):
    """The settings of each parameter group as plain values, which change when a callback changes a learning rate."""
    shown = lambda value: value.tolist() if isinstance(value, torch.Tensor) else repr(value)
    return [{name: shown(value) for name, value in group.items() if name != "params"}
            for group in optimizer.param_groups]  # fmt: skip
