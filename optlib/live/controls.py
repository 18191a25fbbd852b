"""Controls for numbers, choices and hyper-parameters, made of the core widgets that every front end has."""

import math
import numbers

import ipywidgets as widgets

_WIDTH = widgets.Layout(width="340px")
_STYLE = {"description_width": "110px"}
_NOTCHES = 200


def number(name, value, low, high, log=False, label=None):
    """A slider for a real number; its range grows to hold ``value``."""
    low, high = min(low, value), max(high, value)
    common = dict(value=value, description=label or name, layout=_WIDTH, style=_STYLE)
    if log and low > 0:
        # End at multiples of a fiftieth of a decade, so that 0.001, 0.01, ... are on the slider exactly.
        ends = dict(min=math.floor(math.log10(low) * 50) / 50, max=math.ceil(math.log10(high) * 50) / 50)
        return widgets.FloatLogSlider(base=10, step=0.01, readout_format=".3g", **ends, **common)
    decimals = decimals_of(low, high, value)
    return widgets.FloatSlider(min=low, max=high, step=10.0**-decimals, readout_format=f".{decimals}f", **common)


def integer(name, value, low, high, label=None):
    """A slider for an integer; its range grows to hold ``value``."""
    return widgets.IntSlider(
        value=value, min=min(low, value), max=max(high, value), description=label or name, layout=_WIDTH, style=_STYLE
    )


def choice(name, value, options):
    """A drop-down list; ``options`` are values or (label, value) pairs."""
    return widgets.Dropdown(value=value, options=options, description=name, layout=_WIDTH, style=_STYLE)


def several(name, values, options, rows=6):
    """A list from which any number may be chosen, with the control or shift key."""
    return widgets.SelectMultiple(
        value=tuple(values), options=options, rows=rows, description=name, layout=_WIDTH, style=_STYLE
    )


def switch(name, value, label=None):
    """A check box."""
    return widgets.Checkbox(value=value, description=label or name, layout=_WIDTH, style=_STYLE)


def button(label, act):
    """A button that calls ``act()``."""
    control = widgets.Button(description=label, layout=widgets.Layout(width="110px"))
    control.on_click(lambda _: act())
    return control


def for_hyper(name, value, about):
    """The control of a hyper-parameter, or None where the registry gives it no range.

    ``about`` is the `registry.Hyper`; its symbol becomes the label.
    """
    label = f"{name} ${about.symbol}$" if about.symbol else name
    if isinstance(value, bool):
        return switch(name, value, label)
    if not isinstance(value, numbers.Real) or about.slider is None:
        return None
    if isinstance(value, int):
        return integer(name, value, *about.slider, label=label)
    return number(name, value, *about.slider, log=about.log, label=label)


def from_spec(name, spec):
    """The control that a short description asks for; see `optlib.sliders`."""
    if isinstance(spec, widgets.Widget):
        return spec
    if isinstance(spec, bool):
        return switch(name, spec)
    if isinstance(spec, (list, dict)) and spec:
        options = list(spec.items()) if isinstance(spec, dict) else spec
        return choice(name, options[0][1] if isinstance(spec, dict) else options[0], options)
    if isinstance(spec, tuple):
        return _from_range(name, spec)
    raise _bad_spec(name, spec)


def read(control, now=None):
    """The value of a control, rounded so that code can repeat it.

    ``now`` is the present value.  Front ends move a slider to its nearest notch when they first show it; such a move
    leaves the value unchanged.
    """
    value = control.value
    if isinstance(control, widgets.FloatLogSlider):
        if now and abs(math.log10(value / now)) <= control.step / 2 + 1e-9:
            return now
        return float(f"{value:.3g}")
    if isinstance(control, widgets.FloatSlider):
        if now is not None and abs(value - now) <= control.step / 2 + 1e-9:
            return now
        return float(f"{value:.6g}")
    return value


def decimals_of(low, high, value):
    """Decimals of a slider: two hundred notches at least, and its ends and its value on a notch if they are short."""
    notch = (high - low) / _NOTCHES
    decimals = max(0, math.ceil(-math.log10(notch)))
    while decimals < 6 and any(abs(round(v, decimals) - v) > 1e-9 for v in (low, high, value)):
        decimals += 1
    return decimals


def _from_range(name, spec):
    log = spec[-1] == "log"
    values = spec[:-1] if log else spec
    if len(values) not in (2, 3) or not all(isinstance(v, numbers.Real) for v in values):
        raise _bad_spec(name, spec)
    low, high = values[:2]
    if not low < high or (log and not low > 0):
        raise _bad_spec(name, spec)
    middle = math.sqrt(low * high) if log else (low + high) / 2
    start = values[2] if len(values) == 3 else middle
    if not low <= start <= high:
        raise _bad_spec(name, spec)
    if all(isinstance(v, int) for v in values) and not log:
        return integer(name, round(start), low, high)
    return number(name, float(f"{start:.3g}"), float(low), float(high), log)


def _bad_spec(name, spec):
    return ValueError(
        f"sliders: {name}={spec!r} must be (low, high), (low, high, start), either with 'log' added for a positive "
        "range; a list or dict of choices; True or False; or a widget"
    )
