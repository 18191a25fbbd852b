"""Controls for numbers, choices and hyper-parameters, made of the core widgets that every front end has."""

import math
import numbers

import ipywidgets as widgets

_LOOK = {"layout": widgets.Layout(width="340px"), "style": {"description_width": "110px"}}
_NOTCHES = 200


def number(name, value, low, high, log=False):
    """A slider for a real number; its range grows to hold ``value``."""
    low, high = min(low, value), max(high, value)
    if log and low > 0:
        # End at multiples of a fiftieth of a decade, so that 0.001, 0.01, ... are on the slider exactly.
        low, high = math.floor(math.log10(low) * 50) / 50, math.ceil(math.log10(high) * 50) / 50
        return widgets.FloatLogSlider(value=value, base=10, min=low, max=high, step=0.01, readout_format=".3g",
                                      description=name, **_LOOK)  # fmt: skip
    decimals = decimals_of(low, high, value)
    return widgets.FloatSlider(value=value, min=low, max=high, step=10.0**-decimals, readout_format=f".{decimals}f",
                               description=name, **_LOOK)  # fmt: skip


def integer(name, value, low, high):
    """A slider for an integer; its range grows to hold ``value``."""
    return widgets.IntSlider(value=value, min=min(low, value), max=max(high, value), description=name, **_LOOK)


def choice(name, value, options):
    """A drop-down list; ``options`` are values or (label, value) pairs."""
    return widgets.Dropdown(value=value, options=options, description=name, **_LOOK)


def several(name, values, options, rows=6):
    """A list from which any number may be chosen, with the control or shift key."""
    return widgets.SelectMultiple(value=tuple(values), options=options, rows=rows, description=name, **_LOOK)


def switch(name, value):
    """A check box."""
    return widgets.Checkbox(value=value, description=name, **_LOOK)


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
        return switch(label, value)
    if not isinstance(value, numbers.Real) or about.slider is None:
        return None
    if isinstance(value, int):
        return integer(label, value, *about.slider)
    return number(label, value, *about.slider, log=about.log)


def from_spec(name, spec):
    """The control that a short description asks for; see `optlib.sliders`."""
    if isinstance(spec, widgets.Widget):
        return spec
    if isinstance(spec, bool):
        return switch(name, spec)
    if isinstance(spec, (list, dict)) and spec:
        options = list(spec.items()) if isinstance(spec, dict) else spec
        return choice(name, options[0][1] if isinstance(spec, dict) else options[0], options)
    log = isinstance(spec, tuple) and spec[-1:] == ("log",)
    values = spec[:-1] if log else spec
    good = isinstance(spec, tuple) and len(values) in (2, 3) and all(isinstance(v, numbers.Real) for v in values)
    if good:
        low, high = values[:2]
        good = low < high and (low > 0 or not log)
    if good:
        start = values[2] if len(values) == 3 else math.sqrt(low * high) if log else (low + high) / 2
        good = low <= start <= high
    if not good:
        raise ValueError(
            f"sliders: {name}={spec!r} must be (low, high), (low, high, start), either with 'log' added for a positive "
            "range; a list or dict of choices; True or False; or a widget"
        )
    if all(isinstance(v, int) for v in values) and not log:
        return integer(name, round(start), low, high)
    return number(name, float(f"{start:.3g}"), float(low), float(high), log)


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
