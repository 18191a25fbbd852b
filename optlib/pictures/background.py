"""Contour levels of a function, and the bands of color between them.

A band is an integer for each pixel: the number of levels below the value there.  Python or the browser looks up the
colors later, so that one image serves light and dark pages.
"""

import numpy as np

LEVELS = 14  # their bands, and the one for "no value", fit into 4 bits a pixel
NO_VALUE = 15  # the band of pixels where the function is not finite
ROUNDING = 1e-12  # times the largest value: heights below it are rounding errors of a level function
LEAST, MOST = 1e-240, 1e240  # matplotlib has numbers of 1e-250 and 1e250 of its own at the ends of a color scale


def contour_levels(values, lowest=None, count=LEVELS, log="auto"):
    """Values at which to draw contour lines, rising.

    Equally spaced, or with ``log`` by equal factors above the lowest value; "auto" takes factors where the values span
    so many powers of ten that all lines would crowd at the top.  The highest two per cent of the values do not count,
    so that a steep corner does not use up the lines.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("the function has no finite value in the domain that is shown")
    lowest = float(finite.min()) if lowest is None else min(float(finite.min()), lowest)
    above = heights(finite, lowest)
    low, high = np.quantile(above, [0.02, 0.98])
    if log == "auto" and low > 0 and high / low > 50:
        return lowest + np.geomspace(max(low / 4, high * 1e-6), high, count)
    high = high or max(1.0, abs(lowest))
    if log is True:
        positive = above[above > 0]
        low = np.quantile(positive, 0.02) if positive.size else high / 10
        return lowest + np.geomspace(max(min(low, high / 10), high * 1e-6), high, count)
    least = above.min() if above.min() > high / 2 else 0.0  # a close view, away from the minimum
    return lowest + np.linspace(least, high, count + 2)[1:-1]


def heights(values, lowest):
    """Finite values above the lowest one; 0 where that is only a rounding error."""
    above = values - lowest
    return np.where(above > max(ROUNDING * np.abs(values).max(), LEAST), above, 0.0)


def bands(values, levels):
    """The band of each value, uint8 in the shape of ``values``; `NO_VALUE` where it is not finite."""
    index = np.searchsorted(levels, np.nan_to_num(values, nan=0.0).ravel(), side="right").reshape(values.shape)
    return np.where(np.isfinite(values), index, NO_VALUE).astype(np.uint8)
