"""A rule for a dict of arrays: the weights of a network, by name."""

import math
from collections.abc import Mapping

import numpy as np

from ..arrays import is_array, namespace
from ..optimizers.base import Optimizer


class DictOptimizer:
    """Steps all arrays of a dict with one rule.

    >>> opt = DictOptimizer(ol.Adam(lr=0.01))
    >>> params = opt.step(params, grads)

    A rule that treats each number by itself gets a copy for each entry.  For a rule whose numbers belong together
    (``elementwise = False``, or a schedule that reads the gradient norm) all entries are laid end to end and take
    one step as one vector, so that norms are those of the whole gradient.

    Parameters
    ----------
    rule : Optimizer or its class
        It is copied, not changed.

    Raises
    ------
    TypeError
        If the rule reads the Hessian or the function: a dict of gradients has neither.
    ValueError
        If a rule of the second kind has an array as hyper-parameter: one vector is one setting.
    """

    def __init__(self, rule):
        if isinstance(rule, type) and issubclass(rule, Optimizer):
            rule = rule()
        if not isinstance(rule, Optimizer):
            raise TypeError(f"DictOptimizer: rule={rule!r} must be an optimizer, such as ol.Adam(lr=0.01)")
        if rule.reads != ("gradient",):
            raise TypeError(
                f"DictOptimizer: rule={rule!r} reads the {' and the '.join(rule.reads)}; only rules that read nothing "
                "but the gradient are allowed"
            )
        self.rule = rule.fresh()
        self._whole = _is_coupled(self.rule)
        if self._whole:
            _refuse_arrays(self.rule)
        self.reset()

    def step(self, params, grads, *, loss=None):
        """Make one step and return the new dict; ``params`` and ``grads`` are not written to.

        Parameters
        ----------
        params : dict of NumPy arrays, torch tensors or floats, in any shapes
        grads : dict with the same keys, shapes and dtypes
        loss : number, optional
            Value at ``params``, for schedules that read the loss.

        Returns
        -------
        dict with the keys of ``params`` in their order.  Tensors in it carry no history of derivatives.

        Raises
        ------
        TypeError, ValueError
            For missing or extra keys, wrong shapes or dtypes, NaN and infinity; the message names the entry.  Then no
            entry has stepped.
        """
        params, grads = _detached("params", params), _detached("grads", grads)
        self._check_keys(params, grads)
        rules = self._rules or {key: self.rule.fresh() for key in params}
        for key, x in params.items():
            _check_entry(rules[key], key, x, grads[key], loss)
        if self._whole:
            _check_one_kind(params)
            new = self._step_whole(params, grads, loss)
            for rule in rules.values():  # these only check; t tells them that there were steps before
                rule.t += 1
        else:
            new = {key: rules[key].advance(x, grads[key], loss=loss) for key, x in params.items()}
        self._rules = rules
        self.t += 1
        return new

    def reset(self):
        """Forget all steps.  Returns the driver itself."""
        self.rule.reset()
        self._rules = {}
        self.t = 0
        return self

    @property
    def state(self):
        """What the rule remembers: for each entry a dict by name, or one such dict where the entries are one vector."""
        if self._whole:
            return self.rule.state
        return {key: rule.state for key, rule in self._rules.items()}

    def __repr__(self):
        return f"DictOptimizer({self.rule!r})"

    def _check_keys(self, params, grads):
        if not params:
            raise ValueError("DictOptimizer: params is empty; it must have at least one entry")
        _same_keys("grads", grads, "params", params)
        if self._rules:
            _same_keys("params", params, "the steps before", self._rules)

    def _step_whole(self, params, grads, loss):
        keys = self._rules or params  # the order of the first step, whatever the order now
        x, g = (_flat([entries[key] for key in keys]) for entries in (params, grads))
        parts = dict(zip(keys, _parts(self.rule.advance(x, g, loss=loss), [params[k] for k in keys]), strict=True))
        return {key: parts[key] for key in params}


def _is_coupled(rule):
    return not rule.elementwise or any(getattr(s, "reads", None) == "gradient_norm" for s in rule.settings().values())


def _refuse_arrays(rule):
    for name, value in rule.settings().items():
        if tuple(getattr(value, "shape", ())):
            raise ValueError(
                f"DictOptimizer: {type(rule).__name__} steps all entries as one vector, so {name} must be a number or "
                f"a schedule of numbers; it has shape {tuple(value.shape)}"
            )


def _detached(name, entries):
    if not isinstance(entries, Mapping):
        raise TypeError(f"DictOptimizer: {name} is a {type(entries).__name__}; it must be a dict of arrays by name")
    return {key: value.detach() if hasattr(value, "detach") else value for key, value in entries.items()}


def _same_keys(name, found, other, wanted):
    missing = [key for key in wanted if key not in found]
    extra = [key for key in found if key not in wanted]
    if missing or extra:
        lacks = [f"lacks {', '.join(map(repr, missing))}"] if missing else []
        holds = [f"also has {', '.join(map(repr, extra))}"] if extra else []
        raise ValueError(f"DictOptimizer: {name} {' and '.join(lacks + holds)}; it must have the keys of {other}")


def _check_entry(rule, key, x, g, loss):
    try:
        rule._check(x, (g,), loss)
    except (TypeError, ValueError) as error:
        raise type(error)(f"DictOptimizer, entry {key!r}: {error}") from None


def _check_one_kind(params):
    kinds = {key: _kind(x) for key, x in params.items()}
    first = next(iter(kinds))
    for key, kind in kinds.items():
        if kind != kinds[first]:
            raise TypeError(
                f"DictOptimizer, entry {key!r}: {kind}, but {first!r} is {kinds[first]}; to be stepped as one vector "
                "all must be the same"
            )


def _kind(x):
    return f"{'tensor' if hasattr(x, 'detach') else 'array'} of {x.dtype}" if is_array(x) else "Python float"


def _flat(entries):
    if not is_array(entries[0]):
        return np.array(entries)
    return namespace(entries[0]).concat([entry.reshape(-1) for entry in entries])


def _parts(vector, entries):
    """The pieces of a vector, in the shapes of ``entries``."""
    parts, first = [], 0
    for entry in entries:
        shape = tuple(entry.shape) if is_array(entry) else ()
        piece = vector[first : first + math.prod(shape)]
        parts.append(piece.reshape(shape) if is_array(entry) else float(piece[0]))
        first += math.prod(shape)
    return parts
