"""Settings and values as short text, for titles, legends and cards."""

import re

import numpy as np

from .arrays import is_array, namespace


def settings_text(rule, values=None):
    """Short text for titles and legends: ``"Adam, lr 0.1"``; what stands at its default is left out, but not lr.

    ``values`` replaces the rule's own settings, for one run of a batch or to leave some out.
    """
    values = rule.settings() if values is None else values
    parts = [f"{name} {value_text(value)}" for name, value in values.items() if stands_out(rule.hypers, name, value)]
    return ", ".join([type(rule).__name__, *parts])


def stands_out(hypers, name, value):
    """Whether a short text names a hyper-parameter: the learning rate, and what is not at its default."""
    return name == "lr" or is_array(value) or callable(value) or value != hypers[name].default


def value_text(value):
    """A hyper-parameter as a few characters that are the same in every session."""
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(value_text, value)) + ")"
    if is_array(value):
        numbers = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        if numbers.size == 1:
            return _digits(numbers.item())
        return f"{_digits(numbers.min())} to {_digits(numbers.max())} ({numbers.size} values)"
    if callable(value):
        text = short(value)
        named = getattr(value, "__name__", type(value).__name__).replace("<lambda>", "a function of t")
        return named if " at 0x" in text else text
    return _digits(value) if isinstance(value, float) else str(value)


def _digits(value, count=4):
    """A number in four digits, or in up to eight that tell it from 1, which many hyper-parameters may not be."""
    text = f"{value:.{count}g}"
    return _digits(value, count + 1) if text == "1" and value < 1 and count < 8 else text


def short(value, exact=False):
    """A hyper-parameter as it stands in a repr: arrays by their shape, floats in six digits or ``exact``, for code."""
    if is_array(value) and len(value.shape):
        return f"{'array' if namespace(value) is np else 'tensor'} of shape {tuple(value.shape)}"
    if isinstance(value, float):
        text = f"{value:g}"
        return repr(float(value)) if exact and float(text) != value else text
    if callable(value) and not exact:
        return re.sub(r"\d+\.\d+(e[+-]\d+)?", lambda number: f"{float(number[0]):g}", repr(value))
    return repr(value)
