"""Settings and values as short text, for titles, legends and cards."""

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
            return f"{numbers.item():.4g}"
        return f"{numbers.min():.4g} to {numbers.max():.4g} ({numbers.size} values)"
    if callable(value):
        text = repr(value)
        named = getattr(value, "__name__", type(value).__name__).replace("<lambda>", "a function of t")
        return named if " at 0x" in text else text
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def short(value):
    """A hyper-parameter as it stands in a repr: arrays by their shape."""
    if is_array(value) and len(value.shape):
        return f"{'array' if namespace(value) is np else 'tensor'} of shape {tuple(value.shape)}"
    return f"{value:g}" if isinstance(value, float) else repr(value)
