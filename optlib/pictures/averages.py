"""Exponentially weighted averages of a series: how far they lag, and how they start."""

import numpy as np

from ..checks import vector
from . import theme
from .picture import Picture, canvas, number
from .tracks import title_and_legend


def average(values, beta, corrected=False):
    r"""Exponentially weighted average after each of the values, started at 0.

    $$m_t = \beta\, m_{t-1} + (1-\beta)\, g_t \qquad \hat m_t = \frac{m_t}{1-\beta^t}$$

    Parameters
    ----------
    values : array (n,)
    beta : float in [0, 1)
    corrected : bool
        Whether to divide by the sum of the weights, 1 - beta^t.

    Returns
    -------
    array (n,)
    """
    m, smoothed = 0.0, []
    for t, value in enumerate(values, start=1):
        m = beta * m + (1 - beta) * value
        smoothed.append(m / (1 - beta**t) if corrected else m)
    return np.array(smoothed)


def averages(values, betas, corrected=False, ylabel="gradient", title=None):
    """A noisy series as dots, and its exponentially weighted averages as lines.

    Parameters
    ----------
    values : array (n,), at least 2 finite numbers
    betas : sequence of numbers in [0, 1)
        One line each.
    corrected : bool
        Whether the averages are corrected for their start at 0.
    ylabel : str
        What the values are.
    title : str, optional

    Returns
    -------
    Picture
    """
    values, betas = vector("averages", "values", values, least=2), vector("averages", "betas", betas, "[0, 1)")
    lines = {f"β = {number(beta)}": average(values, beta, corrected) for beta in betas}
    how = "corrected for the start at 0" if corrected else "started at 0"
    steps = np.arange(1, len(values) + 1)
    with canvas((8.0, 4.6)) as (figure, axes):
        axes.plot(steps, values, ".", color=theme.FAINT, markersize=6, alpha=0.55, label=ylabel)
        for (label, line), style in zip(lines.items(), theme.looks([None] * len(lines)), strict=True):
            axes.plot(steps, line, label=label, color=style["color"], linestyle=style["linestyle"], linewidth=2.4)
        axes.axhline(0, color=theme.FAINT, linewidth=0.8, zorder=0)
        axes.set(xlabel="step", ylabel=ylabel, xlim=(0, len(values) + 1))
        title_and_legend(figure, title or "Exponentially weighted averages", how, axes.lines)
    return Picture(
        figure, axes,
        f"{len(values)} values, from {values.min():.2f} to {values.max():.2f}, and their averages, {how}.",
        *(f"{label}: {line[0]:.3f} at step 1, {line[-1]:.3f} at step {len(line)}." for label, line in lines.items()),
    )  # fmt: skip
