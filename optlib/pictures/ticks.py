"""Labels of axes as plain text: 0.5, on a logarithmic axis 10⁻³, or 0.6 on a short one.

Matplotlib writes each as a formula, whose parsing took a third of a picture's time.
"""

import re

from matplotlib.ticker import LogFormatterSciNotation, ScalarFormatter

_FORMULA = re.compile(r"\$\\mathdefault\{(?:([\d.]+)\\times)?10\^\{(-?\d+)\}\}\$")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class _Powers(LogFormatterSciNotation):
    def __call__(self, x, pos=None):
        label, short = super().__call__(x, pos), self._sublabels != {1}  # a short axis: not powers of ten alone
        return f"{x:g}" if label and short and 1e-4 <= x < 1e4 else plain_power(label)


class _Numbers(ScalarFormatter):
    """Only the power of ten that all labels share stays a formula, at the end of the axis."""

    def __call__(self, x, pos=None):
        return super().__call__(x, pos).removeprefix(r"$\mathdefault{").removesuffix("}$")


def plain_power(label):
    """A power of ten that matplotlib has written as a formula, as plain text; any other label unchanged."""
    match = _FORMULA.fullmatch(label)
    if not match:
        return label
    factor, exponent = match.groups()
    return (f"{factor}×" if factor else "") + "10" + exponent.translate(_RAISED)


_PLAIN = {LogFormatterSciNotation: _Powers, ScalarFormatter: _Numbers}


def plain_labels(figure):
    """Give all axes of a figure plain labels; what was set of their formatters stays."""
    for axis in (axis for axes in figure.axes for axis in axes._axis_map.values()):
        for formatter in (axis.get_major_formatter(), axis.get_minor_formatter()):
            formatter.__class__ = _PLAIN.get(type(formatter), type(formatter))
