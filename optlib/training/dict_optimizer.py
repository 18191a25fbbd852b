"""A rule for a dict of arrays: the weights of a network, by name."""

import functools
from collections.abc import Mapping

import numpy as np

from ..arrays import is_array
from ..optimizers.around import refuse_mixed
from ..optimizers.base import as_rule
from ..registry import OPTIMIZERS
from .layout import flatten, unflatten


class DictOptimizer:
    """Steps all arrays of a dict with one rule.

    >>> opt = DictOptimizer(ol.Adam(lr=0.01))
    >>> params = opt.step(params, grads)

    What the rule ``sees`` decides how the entries reach it:

    * "number", "tensor" or None: each entry has a copy of the rule.
    * "matrix": likewise; an entry with more than two axes is (first axis, rest) to it, a vector a matrix of one row.
    * "group", or "number" with a schedule that reads the gradient norm: all entries are laid end to end and take one
      step as one vector, so that norms are those of the whole gradient.

    Parameters
    ----------
    rule : Optimizer or its class
        It is copied, not changed.

    Raises
    ------
    TypeError
        If the rule reads the Hessian or the function: a dict of gradients has neither.
    ValueError
        If a hyper-parameter is an array and the rule does not step each number by itself; if a rule that sees one
        tensor or matrix has a schedule that reads the norm of the whole gradient.
    """

    def __init__(self, rule):
        self.rule = gradient_rule("DictOptimizer", rule).fresh()
        who, sees = type(self.rule).__name__, self.rule.sees
        reads_norm = "gradient_norm" in self.rule.reads_of_schedules()
        if reads_norm and sees not in ("number", "group"):
            raise ValueError(
                f"DictOptimizer: {who} has sees={sees!r}, so it steps one entry at a time, but its schedule reads the "
                "norm of the whole gradient; use another schedule, or declare sees = 'number' or 'group' where it holds"
            )
        self._as_one_vector = reads_norm or sees == "group"
        if self._as_one_vector or sees != "number":
            for name, value in self.rule.settings().items():
                if tuple(getattr(value, "shape", ())):
                    one = "a number or a schedule of numbers, as arrays are for rules that step each number by itself"
                    raise ValueError(f"DictOptimizer: {name} of {who} has shape {tuple(value.shape)}; it must be {one}")
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
        if not params:
            raise ValueError("DictOptimizer: params is empty; it must have at least one entry")
        _check_keys("grads", grads, "params", params)
        refuse_mixed("DictOptimizer", self.rule, len(params))
        if self._rules:
            _check_keys("params", params, "the steps before", self._rules)
        rules = self._rules or {key: self.rule.fresh() for key in params}
        for key, x in params.items():
            try:
                rules[key].check(x, (grads[key],), loss)
            except (TypeError, ValueError) as error:
                raise type(error)(f"DictOptimizer, entry {key!r}: {error}") from None
        if self._as_one_vector:
            new = self._step_as_one_vector(rules, params, grads, loss)
        else:
            new = {key: rules[key].advance(x, grads[key], loss=loss) for key, x in params.items()}
        self._rules = rules
        self.t += 1
        return new

    def evaluation_point(self, params):
        """The dict at which to judge a run that has come to ``params``, see `Optimizer.evaluation_point`."""
        if self.t and self._as_one_vector:
            return self._over_one_vector(self.rule.evaluation_point, params)
        return {key: self._rules[key].evaluation_point(x) if self.t else x for key, x in params.items()}

    def reset(self):
        """Forget all steps.  Returns the driver itself."""
        self.rule.reset()
        self._rules = {}
        self.t = 0
        return self

    @property
    def state(self):
        """What the rule remembers: for each entry a dict by name, or one such dict where the entries are one vector."""
        if self._as_one_vector:
            return self.rule.state
        return {key: rule.state for key, rule in self._rules.items()}

    def __repr__(self):
        return f"DictOptimizer({self.rule!r})"

    def _step_as_one_vector(self, rules, params, grads, loss):
        first = next(iter(params))
        for key, x in params.items():
            if _kind(x) != _kind(params[first]):
                but = f"{first!r} is {_kind(params[first])}; to be stepped as one vector all must be the same"
                raise TypeError(f"DictOptimizer, entry {key!r}: {_kind(x)}, but {but}")
        self._rules = rules
        new = self._over_one_vector(functools.partial(self.rule.advance, loss=loss), params, grads)
        for rule in rules.values():
            rule.t += 1  # These rules only check; t tells them that shapes and dtypes are settled.
        return new

    def _over_one_vector(self, call, params, *grads):
        """What ``call`` makes of the entries laid end to end, as a dict with entries like ``params``."""
        shapes = {key: tuple(np.shape(params[key])) for key in self._rules}  # in the order of the first step
        as_arrays = lambda entries: {key: x if is_array(x) else np.array(x) for key, x in entries.items()}
        new = unflatten(call(*(flatten(as_arrays(entries), shapes) for entries in (params, *grads))), shapes)
        return {key: new[key] if is_array(x) else float(new[key]) for key, x in params.items()}


def gradient_rule(who, rule):
    """`as_rule`, and TypeError for a rule that reads anything but the gradient."""
    rule = as_rule(who, rule)
    if rule.reads != ("gradient",):
        allowed = ", ".join(name for name, cls in OPTIMIZERS.items() if cls.reads == ("gradient",))
        reads = f"rule={rule!r} reads the {' and the '.join(rule.reads)}"
        raise TypeError(f"{who}: {reads}; only rules that read nothing but the gradient are allowed: {allowed}")
    return rule


def _kind(x):
    return f"{'tensor' if hasattr(x, 'detach') else 'array'} of {x.dtype}" if is_array(x) else "Python float"


def _detached(name, entries):
    if not isinstance(entries, Mapping):
        raise TypeError(f"DictOptimizer: {name} is a {type(entries).__name__}; it must be a dict of arrays by name")
    return {key: value.detach() if hasattr(value, "detach") else value for key, value in entries.items()}


def _check_keys(name, entries, other, expected):
    missing = ", ".join(repr(key) for key in expected if key not in entries)
    extra = ", ".join(repr(key) for key in entries if key not in expected)
    if missing or extra:
        faults = [f"lacks {missing}"] * bool(missing) + [f"also has {extra}"] * bool(extra)
        raise ValueError(f"DictOptimizer: {name} {' and '.join(faults)}; it must have the keys of {other}")
