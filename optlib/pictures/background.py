"""What lies behind every picture of a function: which contour lines to draw, and the bands between them.

Bands are small whole numbers, one a pixel: how many level lines lie below the value there.  Colors come later,
in Python or in the browser, so that one picture serves light and dark pages.
"""

import numpy as np

LEVELS = 14  # with the bands between them and the one for "no value" this fits into 4 bits a pixel
NO_VALUE = 15  # the band of pixels where the function is not finite


def contour_levels(values, lowest=None, count=LEVELS):
    """Values at which contour lines are worth drawing, rising.

    Equally spaced, unless the values span so many powers of ten that all lines would crowd at the top: then
    they are spaced by equal factors above the lowest value.  The highest two per cent of the values do not
    count, so that a steep corner does not use up the lines.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("the function has no finite value in the domain that is shown")
    lowest = float(finite.min()) if lowest is None else min(float(finite.min()), lowest)
    above = finite - lowest
    low, high = np.quantile(above, [0.02, 0.98])
    if not high > 0:
        return lowest + np.linspace(0.0, 1.0, count + 2)[1:-1]
    if low > 0 and high / low > 50:
        return lowest + np.geomspace(max(low / 4, high * 1e-6), high, count)
    return lowest + np.linspace(0.0, high, count + 2)[1:-1]


def bands(values, levels):
    """The band of each value, uint8 in the shape of ``values``; `NO_VALUE` where it is not finite."""
    index = np.searchsorted(levels, np.nan_to_num(values, nan=0.0).ravel(), side="right").reshape(values.shape)
    return np.where(np.isfinite(values), index, NO_VALUE).astype(np.uint8)
