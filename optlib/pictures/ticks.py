"""Labels of logarithmic axes as plain text, 10⁻³, or 0.6 on a short one; formulas took a third of a picture's time."""

import re

from matplotlib.ticker import LogFormatterSciNotation

_FORMULA = re.compile(r"\$\\mathdefault\{(?:([\d.]+)\\times)?10\^\{(-?\d+)\}\}\$")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class _Powers(LogFormatterSciNotation):
    def __call__(self, x, pos=None):
        label, short = super().__call__(x, pos), self._sublabels != {1}  # a short axis: not powers of ten alone
        return f"{x:g}" if label and short and 1e-4 <= x < 1e4 else plain_power(label)


def plain_power(label):
    """A power of ten that matplotlib has written as a formula, as plain text; any other label unchanged."""
    match = _FORMULA.fullmatch(label)
    if not match:
        return label
    factor, exponent = match.groups()
    return (f"{factor}×" if factor else "") + "10" + exponent.translate(_RAISED)


def plain_powers(figure):
    """Give all logarithmic axes of a figure plain labels."""
    for axis in (axis for axes in figure.axes for axis in axes._axis_map.values()):
        if type(axis.get_major_formatter()) is LogFormatterSciNotation:
            axis.set_major_formatter(_Powers(labelOnlyBase=True))
        if type(axis.get_minor_formatter()) is LogFormatterSciNotation:
            axis.set_minor_formatter(_Powers(labelOnlyBase=False))
