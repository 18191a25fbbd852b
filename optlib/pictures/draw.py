"""The strokes: contours, surfaces, paths, marks.  Each draws on axes that it is given, within `theme.themed`."""

import numpy as np
from matplotlib.colors import LogNorm, Normalize, to_hex
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator

from . import theme
from .terrain import nearly_square

EVERY_POINT = 60  # paths of up to so many steps show each step as a mark
FAR = 1e3  # times the picture's width: paths are cut there, beyond it the renderer's numbers overflow
WIDTH = 2.0


def contours(axes, land):
    """Filled contours with thin lines between them; returns what a color bar needs."""
    levels = land.levels
    norm = (LogNorm if land.log else Normalize)(levels[0], levels[-1])
    cmap = theme.colormap()
    with np.errstate(invalid="ignore"):
        z = np.ma.maximum(land.z, levels[0] * (1 - 1e-9)) if land.log else land.z
    filled = axes.contourf(land.X, land.Y, z, levels=levels, norm=norm, cmap=cmap, extend="both")
    # Lines without soft edges halve the file; a paler shade of the band keeps crowded ones from hiding it.
    pale = [theme.mix(to_hex(cmap(norm(level))), theme.PAPER, 0.55) for level in levels]
    axes.contour(land.X, land.Y, z, levels=levels, colors=pale, linewidths=0.6, antialiased=False)
    _frame(axes, land)
    return filled


def samples(axes, f, land, n):
    """Random points colored by value; returns what a color bar needs."""
    spread = np.random.default_rng(0).random((2, n))
    x, y = (low + (high - low) * u for (low, high), u in zip(land.extent, spread, strict=True))
    with np.errstate(all="ignore"):
        z = np.ma.masked_invalid(np.broadcast_to(f.at(x, y), x.shape).astype(float))
    z = np.ma.maximum(z - land.lowest, land.levels[0]) if land.log else z
    norm = (LogNorm if land.log else Normalize)(land.levels[0], land.levels[-1])
    points = axes.scatter(x, y, c=z, s=float(np.clip(60_000 / n, 4, 60)), cmap=theme.colormap(theme.RESULTS),
                          norm=norm, linewidths=0)  # fmt: skip
    _frame(axes, land)
    return points


def surface(axes, land):
    """A shaded surface, its colors those of the contours."""
    step = max(1, (len(land.X) - 1) // 120)
    thinned = (slice(None, None, step),) * 2
    z = np.ma.filled(land.heights[thinned].astype(float), np.nan)
    axes.plot_surface(
        land.X[thinned], land.Y[thinned], z, cmap=theme.colormap(theme.RESULTS), rstride=1, cstride=1, linewidth=0.15,
        edgecolor=(1, 1, 1, 0.35), antialiased=True, alpha=0.92, zorder=1,
    )  # fmt: skip
    axes.set(xlim=land.extent[0], ylim=land.extent[1], zlabel=land.lifted_label)
    axes.set(xlabel=land.names[0], ylabel=land.names[1])
    axes.zaxis.labelpad = 8
    axes.computed_zorder = False
    axes.view_init(elev=32, azim=-58)
    axes.set_box_aspect((4, 4, 3), zoom=0.94)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_pane_color((0.96, 0.96, 0.96, 1.0))
    axes.tick_params(labelsize=12)


def plain_colorbar(figure, axes, drawn, label):
    """A color bar without border and minor ticks."""
    bar = figure.colorbar(drawn, ax=axes, pad=0.02, aspect=26, label=label)
    bar.minorticks_off()
    bar.outline.set_visible(False)
    return bar


def colorbar(figure, axes, drawn, land):
    """A color bar with few, plain ticks."""
    low, high = land.levels[0], land.levels[-1]
    locator = LogLocator(subs=(1,) if high > 30 * low else (1, 2, 5), numticks=9) if land.log else MaxNLocator(6)
    bar = plain_colorbar(figure, axes, drawn, land.label)
    bar.set_ticks([tick for tick in locator.tick_values(low, high) if low <= tick <= high])


def all_paths(axes, tracks, box):
    """All paths on flat axes; returns their legend handles."""
    return [path(axes, track, box, order) for order, track in enumerate(tracks)]


def path(axes, track, box, order=0):
    """One path: a line with a white rim, marks at its steps, start, end and direction.

    ``box`` is what the axes show, as ((low, high), (low, high)).
    """
    low, high = np.array(box).T
    far = FAR * (high - low)
    xy = np.clip(track.x, low - far, high + far)
    color, marker, zorder = track.style["color"], track.style["marker"], 3 + 0.01 * order
    if track.thin:
        return _thin_path(axes, track, xy, zorder)
    (line,) = axes.plot(
        *xy.T, color=color, linestyle=track.style["linestyle"], linewidth=WIDTH, label=track.legend, zorder=zorder,
        marker=marker, markersize=4.5, markevery=every(track.steps, EVERY_POINT, 12), markeredgewidth=0,
    )  # fmt: skip
    if track.steps <= 1000:  # a rim on a long path would only cost time
        axes.plot(*xy.T, color=theme.PAPER, linewidth=WIDTH + 1.8, alpha=0.75, zorder=zorder - 0.005)
    _arrows(axes, xy, low, high, color, zorder + 0.3)
    axes.plot(*xy[0], marker="o", markersize=9, color=theme.PAPER, markeredgecolor=color, markeredgewidth=2,
              zorder=zorder + 0.5)  # fmt: skip
    end = {"marker": "X", "markersize": 11} if track.diverged else {"marker": marker, "markersize": 8}
    axes.plot(*xy[-1], color=color, markeredgecolor=theme.PAPER, markeredgewidth=1.2, zorder=zorder + 0.6, **end)
    return line


def every(count, most, marks):
    """matplotlib's ``markevery``: mark all of up to ``most`` points, and about ``marks`` points of longer curves."""
    return 1 if count <= most else max(1, count // marks)


def _thin_path(axes, track, xy, zorder):
    """One of many paths: a thin line, a small ring at its start, a dot or cross at its end."""
    color = track.style["color"]
    (line,) = axes.plot(*xy.T, color=color, linestyle=track.style["linestyle"], linewidth=1.1, alpha=0.8,
                        label=track.name, zorder=zorder)  # fmt: skip
    axes.plot(*xy[0], marker="o", markersize=4.5, color=theme.PAPER, markeredgecolor=color, zorder=zorder + 0.5)
    axes.plot(*xy[-1], marker="X" if track.diverged else "o", markersize=5, color=color, zorder=zorder + 0.5)
    return line


def paths3d(axes, tracks, land):
    """All paths on solid axes, drawn over the surface; returns their legend handles."""
    low, high = np.array(land.extent).T
    handles = []
    for track in tracks:
        inside = ((track.x >= low) & (track.x <= high)).all(axis=1)
        xy = np.where(inside[:, None], track.x, np.nan)
        z = np.where(inside, land.lift(track.f), np.nan)
        color, linestyle = track.style["color"], track.style["linestyle"]
        label = track.name if track.thin else track.legend
        handles += axes.plot(*xy.T, z, linewidth=WIDTH + 0.4, label=label, zorder=10, color=color, linestyle=linestyle)
        last = np.flatnonzero(inside)[-1:]  # the start is inside unless the reader chose another extent
        axes.plot(*xy[:1].T, z[:1], marker="o", color=theme.PAPER, markeredgecolor=color, markeredgewidth=2,
                  markersize=8, linestyle="none", zorder=11)  # fmt: skip
        axes.plot(*xy[last].T, z[last], marker=track.style["marker"], color=color, markersize=9,
                  markeredgecolor=theme.PAPER, linestyle="none", zorder=12)  # fmt: skip
    return handles


def minima(axes, f, box, graph=False):
    """Stars at the global minima in view; returns one legend handle, or none."""
    shown = [m for m in f.minima if all(lo <= v <= hi for v, (lo, hi) in zip(m, box, strict=False))]
    if not shown:
        return []
    points = np.array([(*m, f.minimum) if graph else m for m in shown]).T
    return axes.plot(*points, marker="*", markersize=19, color=theme.YELLOW, markeredgecolor=theme.INK,
                     markeredgewidth=0.9, linestyle="none", zorder=2.5, clip_on=False,
                     label="minimum" if len(shown) == 1 else "minima")  # fmt: skip


def undefined(axes, land):
    """Hatch the background where the function has no value; returns one legend handle, or none."""
    return [hatch(axes, "f is undefined")] if np.ma.getmaskarray(land.z).any() else []


def hatch(axes, label):
    """Gray hatching behind everything on these axes; returns its legend handle."""
    axes.set_facecolor(theme.UNDEFINED)
    axes.patch.set(hatch="///", edgecolor=theme.UNDEFINED_HATCH, linewidth=0)
    return Patch(facecolor=theme.UNDEFINED, edgecolor=theme.UNDEFINED_HATCH, hatch="///", linewidth=0, label=label)


def patch(color, label):
    """A colored rectangle for a legend."""
    return Patch(facecolor=color, edgecolor=theme.FAINT, linewidth=0.5, label=label)


def arrow_head(axes, end, direction, color, zorder, size, head="head_length=0.6,head_width=0.3"):
    """An arrow head of fixed size that ends at ``end``."""
    tail = end - 1e-3 * np.asarray(direction)
    axes.annotate("", xy=end, xytext=tail, zorder=zorder, annotation_clip=True, arrowprops={
        "arrowstyle": f"-|>,{head}", "color": color, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0,
        "mutation_scale": size,
    })  # fmt: skip


def _arrows(axes, xy, low, high, color, zorder):
    """Arrow heads at a third and two thirds of the path's length in view."""
    unit = (xy - low) / (high - low)
    inside = ((unit >= 0) & (unit <= 1)).all(axis=1)
    lengths = np.where(inside[1:] & inside[:-1], np.linalg.norm(np.diff(unit, axis=0), axis=1), 0.0)
    total = lengths.sum()
    if total < 0.15:
        return
    along = np.cumsum(lengths)
    for share in (1 / 3, 2 / 3):
        i = int(np.searchsorted(along, share * total))
        if lengths[i] >= 1e-9:  # the head in the middle of the segment
            arrow_head(axes, (xy[i] + xy[i + 1]) / 2, (xy[i + 1] - xy[i]) / lengths[i], color, zorder, 16,
                       "head_length=0.55,head_width=0.28")  # fmt: skip


def _frame(axes, land):
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.set(xlim=land.extent[0], ylim=land.extent[1], xlabel=land.names[0], ylabel=land.names[1])
    if nearly_square(land.extent):  # steepest descent crosses the lines at right angles
        axes.set_aspect("equal")
