"""Names for what a run is made of, the same in each process, so that two runs can be told apart."""

import functools

PLAIN = (bool, int, float, str, tuple, type(None))


def name_of(value):
    """A function or object in words, without its address in memory.

    >>> name_of(functools.partial(F.cross_entropy, label_smoothing=0.2))
    'cross_entropy(label_smoothing=0.2)'
    """
    if value is None:
        return None
    if isinstance(value, functools.partial):
        given = [repr(each) for each in value.args] + [f"{k}={v!r}" for k, v in value.keywords.items()]
        return f"{name_of(value.func)}({', '.join(given)})"
    if hasattr(value, "__qualname__"):
        return value.__qualname__
    kind = type(value)
    if kind.__repr__ is not object.__repr__ and not hasattr(value, "named_modules"):
        return repr(value)
    own = getattr(value, "__dict__", {}).items()
    known = {k: v for k, v in own if isinstance(v, PLAIN) and not k.startswith("_") and k != "training"}
    return f"{kind.__qualname__}({', '.join(f'{k}={v!r}' for k, v in sorted(known.items()))})"
