"""Pictures of what several tasks say together."""

import math

import numpy as np

from ..pictures import theme
from ..pictures.charts import curves, scales, styles
from ..pictures.picture import Picture, canvas, headline, number, text
from ..pictures.tracks import title_and_legend
from .statistics import counted

TICKS = (1, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
APART = 0.1  # so much of the width lies between two ticks at least
LINE = {"color": theme.INK, "linewidth": 1.4, "solid_capstyle": "butt", "clip_on": False}


def critical_difference(ranks, title=None):
    """Average ranks on a line, the critical difference above it, bars along rules that are not told apart."""
    names, tasks, joined = list(ranks.mean), len(ranks.ranks), ranks.together()
    order = list(next(iter(ranks.ranks.values())))  # the colors depend on it, and other pictures share it
    looks = dict(zip(order, styles(order), strict=True))
    k, wide = len(names), ranks.difference > len(names) - 1
    decided = ranks.iman_davenport.p <= ranks.level
    tests = f"Friedman {_p(ranks.friedman.p)}, Iman–Davenport {_p(ranks.iman_davenport.p)}"
    difference = f"Critical difference {ranks.difference:.2f}, of at most {k - 1}"
    difference += f": {counted(tasks, 'task')} can tell no two rules apart" if wide else ""
    left, first_row = -(-k // 2), 0.5 + 0.45 * len(joined)
    with canvas((9.6, 2.8 + 0.36 * left + 0.17 * len(joined))) as (figure, axes):
        axes.set_axis_off()
        axes.set(xlim=(1, k), ylim=(first_row + left, -2.6))
        axes.plot([1, k], [0, 0], **LINE)
        for place in range(1, k + 1):
            axes.plot([place, place], [-0.2, 0], **LINE)
            axes.text(place, -0.3, str(place), ha="center", va="bottom", color=theme.INK)
        end = min(1 + ranks.difference, k)
        axes.plot([1, end], [-1.75, -1.75], **LINE | {"linewidth": 3})
        for place in (1,) if wide else (1, end):
            axes.plot([place, place], [-1.95, -1.55], **LINE)
        if wide:
            axes.plot(k, -1.75, ">", color=theme.INK, markersize=9, clip_on=False)
        axes.text(1, -2.05, difference, va="bottom")
        for row, group in enumerate(joined):
            ends = ranks.mean[group[0]] - 0.012 * k, ranks.mean[group[-1]] + 0.012 * k
            axes.plot(ends, [0.5 + 0.45 * row] * 2, **LINE | {"color": theme.FAINT, "linewidth": 5})
        for i, name in enumerate(names):
            at, on_left, style = ranks.mean[name], i < left, looks[name]
            edge, row, side = (1, i, -1) if on_left else (k, k - 1 - i, 1)
            x, y = edge + 0.012 * k * side, first_row + row + 0.3
            # Gray, so that rules of one rank, whose lines meet, are told apart by their marks.
            axes.plot([at, at, edge], [0, y, y], color=theme.FAINT, linewidth=1, zorder=1, clip_on=False)
            axes.plot(x, y, linestyle="", marker=style["marker"], color=style["color"], markersize=9, clip_on=False)
            axes.annotate(text(f"{name}  {at:.2f}" if on_left else f"{at:.2f}  {name}"), (x, y), xytext=(10 * side, 0),
                          textcoords="offset points", ha="right" if on_left else "left", va="center",
                          annotation_clip=False)  # fmt: skip
        told = "gray bars join rules that are not told apart" if decided else "no two are told apart"
        headline(figure, title or f"Average ranks over {counted(tasks, 'task')}", f"{tests}; {told}")
    groups = "; ".join(", ".join(group) for group in joined)
    return Picture(
        figure, axes,
        f"{title or 'Average ranks'}: {k} rules over {counted(tasks, 'task')}, 1 is the best.",
        f"{', '.join(f'{name} {at:.2f}' for name, at in ranks.mean.items())}.",
        f"{difference}.", f"{tests}.",
        f"Not told apart: {groups}." if groups else "All are told apart.",
    )  # fmt: skip


def _p(p):
    return f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"


def profiles(profiles, title):
    """A step curve for each rule; curves that meet are drawn side by side."""
    names = list(profiles.ratios)
    count = len(profiles.ratios[names[0]])
    finite = [ratio for each in profiles.ratios.values() for ratio in each.values() if ratio < math.inf]
    right = max(1.2, 1.1 * max(finite, default=1.0))
    gap = 0.007  # about the width of a line
    with canvas() as (figure, axes):
        for i, (name, style) in enumerate(zip(names, styles(names), strict=True)):
            jumps = sorted({1.0, *(ratio for ratio in profiles.ratios[name].values() if ratio < math.inf)})
            y = np.array([profiles.share(name, tau) for tau in jumps]) + gap * ((len(names) - 1) / 2 - i)
            axes.step([*jumps, right], [*y, y[-1]], where="post", label=name, **style | {"marker": None})
            axes.plot(jumps, y, linestyle="", color=style["color"], marker=style["marker"], markersize=6, zorder=3)
        scales(axes, True, False, [])
        axes.set_xticks(_ticks(right))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()
        if count <= 8:
            axes.set_yticks([i / count for i in range(count + 1)], [f"{i} of {count}" for i in range(count + 1)])
        axes.set(xlabel="cost, as a multiple of the lowest on the task (logarithmic)")
        axes.set(ylabel="tasks with at most this cost", xlim=(1 / right**0.02, right), ylim=(-0.05, 1.05))
        title_and_legend(figure, title or "How near to the best is each rule, and how often?",
                         "Curves that meet are drawn side by side", axes.lines)  # fmt: skip
    return Picture(
        figure, axes,
        f"{title or 'Performance profiles'}: tasks, of {count}, on which the cost is at most a multiple of the lowest.",
        *(_profile_words(name, each.values()) for name, each in profiles.ratios.items()),
    )  # fmt: skip


def _ticks(right):
    """Multiples with room between them."""
    shown = []
    for tick in TICKS:
        if tick <= right and (not shown or math.log(tick / shown[-1]) >= APART * math.log(right)):
            shown.append(tick)
    return shown


def _profile_words(name, ratios):
    steps = ", ".join(number(ratio) for ratio in sorted(ratios) if ratio < math.inf)
    lost = sum(ratio == math.inf for ratio in ratios)
    diverged = f"diverged on {lost}" if lost else ""
    return f"{name}: {' and '.join(filter(None, [f'steps at {steps}' * bool(steps), diverged]))}."


def taus(taus, title=None):
    """A row for each pair of tasks with its interval, the one that agrees most on top."""
    pairs = sorted(taus.pairs.items(), key=lambda row: -row[1].value)
    with canvas((8.0, 1.9 + 0.32 * len(pairs))) as (figure, axes):
        for row, (_, tau) in enumerate(pairs):
            color = {True: theme.BLUE, False: theme.VERMILLION, None: theme.FAINT}[tau.agree]
            axes.plot([tau.low, tau.high], [row, row], color=color, linewidth=2.5)
            axes.plot(tau.value, row, "o", markersize=9, markeredgecolor=color, markeredgewidth=2,
                      color=theme.PAPER if tau.agree is None else color)  # fmt: skip
        axes.axvline(0, color=theme.FAINT, linestyle=(0, theme.DASHED), linewidth=1.2, zorder=1)
        axes.set_yticks(range(len(pairs)), [text(" – ".join(map(str, pair))) for pair, _ in pairs])
        axes.set_xticks(np.linspace(-1, 1, 5))
        axes.set(xlim=(-1.04, 1.04), ylim=(len(pairs) - 0.4, -0.6))
        axes.set_xlabel("Kendall's τ: −1 for the reverse order, 1 for the same")
        axes.grid(True, axis="x")
        axes.set_axisbelow(True)
        settings = f"95 % intervals over {len(taus.rules)} rules; hollow where they hold 0"
        headline(figure, title or "Do two tasks put the rules in the same order?", settings)
    return Picture(
        figure, axes,
        f"{title or 'Agreement of tasks'}: Kendall's tau over {len(taus.rules)} rules, with 95 % intervals.",
        *(f"{a} and {b}: {tau.value:.2f}, from {tau.low:.2f} to {tau.high:.2f}." for (a, b), tau in pairs),
    )  # fmt: skip


def budget(budget, values, which, metric, title):
    """The expected best against the number of trials."""
    data = {rule: (np.arange(1, len(each) + 1), each) for rule, each in values.items() if np.isfinite(each).any()}
    if not data:
        raise ValueError("budget: there is nothing to draw; all trials diverged")
    leads = [f"{rule} at k = {first}" + f" to {last}" * (last > first) for rule, first, last in budget.leaders(which)]
    title = title or f"The best of k trials (highest: {', '.join(leads)})"
    picture = curves(None, data, "trials, k", f"expected {which} {metric}", title)
    rows = [f"{a} and {b} at {', '.join(map(str, each))}" for (a, b), each in budget.crossings(which).items()]
    picture.description += "".join(f" {rule}: all trials diverged." for rule in values if rule not in data)
    picture.description += f" Crossings: {'; '.join(rows)}." if rows else " No two curves cross."
    return picture
