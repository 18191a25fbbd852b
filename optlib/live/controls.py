"""Controls for numbers, choices and hyper-parameters, made of the core widgets that every front end has."""

import math
import numbers

import ipywidgets as widgets
import numpy as np

from ..pictures.picture import digits

_LOOK = {"layout": widgets.Layout(width="340px"), "style": {"description_width": "110px"}}
_NOTCHES = 200


def from_spec(name, spec):
    """The control that a short description asks for; see `optlib.sliders`."""
    if isinstance(spec, widgets.Widget):
        return spec
    look = {"description": name, **_LOOK}
    if isinstance(spec, bool):
        return widgets.Checkbox(value=spec, **look)
    if isinstance(spec, (list, dict)) and spec:
        values = spec.values() if isinstance(spec, dict) else spec
        values = [v.item() if isinstance(v, np.generic) else v for v in values]  # a page has no numbers of NumPy
        return widgets.Dropdown(value=values[0], options=list(zip(map(str, spec), values, strict=True)), **look)
    slider = _range(spec)
    if slider is None:
        raise ValueError(
            f"sliders: {name}={spec!r} must be finite (low, high) or (low, high, start), either with 'log' added for a "
            "positive range; a list or dict of choices; True or False; or a widget"
        )
    low, high, start, log = slider
    if all(isinstance(v, numbers.Integral) for v in spec):
        return widgets.IntSlider(value=round(start), min=low, max=high, **look)
    low, high, value = float(low), float(high), float(start) if len(spec) - log > 2 else rounded(start, low, high)
    if log:
        low, high = math.log10(low), math.log10(high)
        return widgets.FloatLogSlider(value=value, base=10, min=low, max=high, step=0.01, readout_format=".3g", **look)
    decimals = decimals_of(low, high, value)
    readout = f".{decimals}f"
    return widgets.FloatSlider(value=value, min=low, max=high, step=10.0**-decimals, readout_format=readout, **look)


def _range(spec):
    """Low, high and start of a slider, and whether it is logarithmic; None for what describes none."""
    log = isinstance(spec, tuple) and spec[-1:] == ("log",)
    values = spec[:-1] if log else spec
    if not isinstance(spec, tuple) or len(values) not in (2, 3) or not all(isinstance(v, numbers.Real) for v in values):
        return None
    low, high = values[:2]
    if not low < high or not math.isfinite(high - low) or log and low <= 0:
        return None
    if len(values) == 2:
        return low, high, math.sqrt(low * high) if log else (low + high) / 2, log
    return (*values, log) if low <= values[2] <= high else None


def described(name, control):
    """What a page needs to show a control of its own in place of this one, or None where it cannot."""
    value = control.value
    if type(control) is widgets.Checkbox:
        return {"name": name, "kind": "switch", "now": value}
    if type(control) is widgets.Dropdown:
        return {"name": name, "kind": "choice", "now": value, "labels": list(map(str, control._options_labels)),
                "values": list(control._options_values)}  # fmt: skip
    if type(control) not in (widgets.FloatLogSlider, widgets.FloatSlider, widgets.IntSlider):
        return None
    log = type(control) is widgets.FloatLogSlider
    low, high = (10**control.min, 10**control.max) if log else (control.min, control.max)
    low, high, now = (float(f"{v:.12g}") for v in (low, high, value))
    return {"name": name, "kind": "number", "now": now, "low": low, "high": high, "log": log,
            "integer": type(control) is widgets.IntSlider, "allowed": [low, True, high, True]}  # fmt: skip


def read(control, now=None):
    """The value of a control, rounded so that code can repeat it.

    ``now`` is the present value.  Front ends move a slider to its nearest notch when they first show it; such a move
    leaves the value unchanged.
    """
    value = control.value
    if isinstance(control, widgets.FloatLogSlider):
        if now and abs(math.log10(value / now)) <= control.step / 2 + 1e-9:
            return float(f"{now:.15g}")  # the control's own end may be 10**log10(0.3), which is less than 0.3
        power = 10.0 ** round(math.log10(value))  # round numbers are on each slider, whatever its ends are
        near = abs(math.log10(value / power)) <= control.step / 2 and control.min <= math.log10(power) <= control.max
        return power if near else rounded(value, 10**control.min, 10**control.max)
    if isinstance(control, widgets.FloatSlider):
        if now is not None and abs(value - now) <= control.step / 2 + 1e-9:
            return now
        return rounded(value, control.min, control.max, 6)
    return value


def rounded(value, low, high, least=3):
    """With three digits of what changes between the ends, unless that lies beyond them."""
    short = float(f"{value:.{digits(least, (low, high))}g}")
    return short if low <= short <= high else float(f"{min(max(value, low), high):.12g}")


def decimals_of(low, high, value):
    """Decimals of a slider: two hundred notches at least, and its ends and its value on a notch if they are short."""
    notch = (high - low) / _NOTCHES
    decimals = max(0, math.ceil(-math.log10(notch)))
    while decimals < 6 and any(abs(round(v, decimals) - v) > 1e-9 for v in (low, high, value)):
        decimals += 1
    return decimals
