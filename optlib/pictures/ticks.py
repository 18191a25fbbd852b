"""Labels of logarithmic axes as plain text, 10⁻³, where matplotlib typesets a formula for each.

Typesetting them took a third of the time of a picture, and gave the same signs.
"""

import re

from matplotlib.ticker import LogFormatterSciNotation

_FORMULA = re.compile(r"\$\\mathdefault\{(?:([\d.]+)\\times)?10\^\{(-?\d+)\}\}\$")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class _Powers(LogFormatterSciNotation):
    def __call__(self, x, pos=None):
        return plain_power(super().__call__(x, pos))


def plain_power(label):
    """A power of ten that matplotlib has written as a formula, as plain text; anything else as it is."""
    found = _FORMULA.fullmatch(label)
    if not found:
        return label
    factor, exponent = found.groups()
    return (f"{factor}×" if factor else "") + "10" + exponent.translate(_RAISED)


def plain_powers(figure):
    """Give all logarithmic axes of a figure plain labels."""
    for axes in figure.axes:
        for axis in axes._axis_map.values():
            for kind in ("major", "minor"):
                if type(getattr(axis, f"get_{kind}_formatter")()) is LogFormatterSciNotation:
                    getattr(axis, f"set_{kind}_formatter")(
                        _Powers(labelOnlyBase=kind == "major")
                    )
