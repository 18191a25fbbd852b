"""Exponentially weighted averages of a series: how far they lag, and how they start."""

from ..checks import vector
from . import theme
from .picture import padded
from .sketch import DOTS, LINE, Drawing, Layer, Panel, Sketch, moving


def average(values, beta, corrected):
    r"""Exponentially weighted average after each of the values, a list, started at 0.

    $$m_t = \beta\, m_{t-1} + (1-\beta)\, g_t \qquad \hat m_t = \frac{m_t}{1-\beta^t}$$

    The second where it is ``corrected``: divided by the sum of the weights.
    """
    m, smoothed = 0.0, []
    for t, value in enumerate(values, start=1):
        m = beta * m + (1 - beta) * value
        smoothed.append(m / (1 - beta**t) if corrected else m)
    return smoothed


@moving("betas", "corrected")
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
    """
    values, betas = vector("averages", "values", values, least=2), vector("averages", "betas", betas, "[0, 1)")
    series, count = values.tolist(), len(values)
    title = title or "Exponentially weighted averages"

    def points(betas, corrected):
        return [list(enumerate(average(series, beta, corrected), start=1)) for beta in betas]

    def words(betas, corrected):
        how = "corrected for the start at 0" if corrected else "started at 0"
        lines = [average(series, beta, corrected) for beta in betas]
        labels = [f"β = {beta:.4g}" for beta in betas]
        ends = [
            f" {label}: {line[0]:.3f} at step 1, {line[-1]:.3f} at step {count}."
            for label, line in zip(labels, lines, strict=True)
        ]
        return title, how, f"{about}, and their averages, {how}.{''.join(ends)}", labels

    about = f"{count} values, from {values.min():.2f} to {values.max():.2f}"
    dots = list(enumerate(series, start=1))
    layers = (
        Layer(LINE, theme.FAINT, points=[(0, 0), (count + 1, 0)], width=0.8),
        Layer(DOTS, theme.FAINT, points=dots, label=ylabel, size=4.0, pale=0.4),
        *(Layer(LINE, style["color"], width=2.4, dashes=theme.dash_array(style))
          for style in theme.looks([None] * len(betas))),
    )  # fmt: skip
    panel = Panel((0, count + 1), padded(min(0.0, *series), max(0.0, *series), 0.05), ("step", ylabel))
    return Drawing(Sketch((panel,), layers, points, words, size=(8.0, 4.6)), betas.tolist(), bool(corrected))
