"""Exponentially weighted averages of a series: how far they lag, and how they start."""

import numpy as np

from . import theme
from .picture import Picture, headline, joined, new_figure, number
from .tracks import legend

START = "started at 0"
CORRECTED = "corrected for the start at 0"


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
    m, found = 0.0, []
    for t, value in enumerate(values, start=1):
        m = beta * m + (1 - beta) * value
        found.append(m / (1 - beta**t) if corrected else m)
    return np.array(found)


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
    values, betas = _checked(values, betas)
    steps = np.arange(1, len(values) + 1)
    lines = {f"β = {number(beta)}": average(values, beta, corrected) for beta in betas}
    how = CORRECTED if corrected else START
    with theme.themed():
        figure = new_figure((8.0, 4.6))
        axes = figure.subplots()
        axes.plot(steps, values, ".", color=theme.FAINT, markersize=6, alpha=0.55, label=ylabel)
        for (label, line), style in zip(lines.items(), theme.plain_styles(len(lines)), strict=True):
            axes.plot(steps, line, label=label, color=style["color"], linestyle=style["linestyle"], linewidth=2.4)
        axes.axhline(0, color=theme.FAINT, linewidth=0.8, zorder=0)
        axes.set(xlabel="step", ylabel=ylabel, xlim=(0, len(values) + 1))
        headline(figure, title or "Exponentially weighted averages", how)
        handles, labels = axes.get_legend_handles_labels()
        legend(figure, handles, labels)
    said = [f"{len(values)} values, from {values.min():.2f} to {values.max():.2f}, and their averages, {how}."]
    said += [f"{label}: {line[0]:.3f} at step 1, {line[-1]:.3f} at step {len(line)}." for label, line in lines.items()]
    return Picture(figure, axes, joined(said))


def _checked(values, betas):
    try:
        values, betas = np.asarray(values, dtype=float), np.asarray(betas, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"averages: values={values!r} and betas={betas!r} must be sequences of numbers") from None
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"averages: values of shape {values.shape} must be at least 2 finite numbers, shape (n,)")
    if betas.ndim != 1 or not len(betas) or not ((betas >= 0) & (betas < 1)).all():
        raise ValueError(f"averages: betas={betas.tolist()!r} must be a sequence of numbers in [0, 1)")
    return values, betas
