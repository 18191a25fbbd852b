"""Functions as landscapes: contours, the graph of one coordinate, surfaces, and paths on them."""

import dataclasses

import numpy as np

from ..checks import integer
from . import draw, theme
from .picture import Picture, canvas, padded, point, share, show_name
from .terrain import LEVELS, checked_extent, grown, sampled, terrain
from .tracks import check_function, sentences, settings_line, title_and_legend, tracks


def contour(f, *paths, labels=None, title=None, extent=None, levels=LEVELS, log="auto"):
    """Filled contours of a function of two coordinates, with paths on them.

    Parameters
    ----------
    f : Function
    *paths : Trajectory objects (also of batches) or arrays of points (n, 2)
        The start is a white ring, the end a filled mark (a cross where the path diverged).
    labels : sequence of str, optional
        One a path, instead of rule and settings.
    title : str, optional
        Instead of the function's name; steps, start and settings stand below it in any case.
    extent : ((x low, x high), (y low, y high)), optional
        What is shown; by default the function's domain, widened to hold the starts.
    levels : int or sequence of values
    log : "auto", True or False
        Levels by equal factors above the minimum, where the values ask for it or always.
    """
    all_tracks, land = _sampled("contour", f, paths, labels, extent, log, levels)
    with canvas(layout="compressed") as (figure, axes):
        draw.colorbar(figure, axes, draw.contours(axes, land), land)
        handles = draw.all_paths(axes, all_tracks, land.extent) + draw.minima(axes, f, land.extent)
        title_and_legend(figure, title or show_name(f), settings_line(all_tracks), handles + draw.undefined(axes, land))
    return Picture(figure, axes, f"Contours of {f.name} {land.words()}", *_path_words(f, all_tracks, land.extent))


def line(f, *paths, labels=None, title=None, extent=None):
    """The graph of a function of one coordinate, with the points of paths on it.

    Parameters are those of `contour`; paths are Trajectory objects or arrays (n,) or (n, 1), and ``extent`` is
    (low, high).
    """
    check_function("line", f, dim=1)
    all_tracks = tracks("line", f, paths, labels)
    if extent is not None:
        extent = (tuple(extent),) if np.ndim(extent) == 1 else extent
    (side,) = grown(f.domain, all_tracks) if extent is None else checked_extent("line", extent, 1)
    x = np.linspace(*side, 801)
    y = sampled("line", f, x)
    box = (side, padded(np.nanmin(y), np.nanmax(y), 0.06))
    on_graph = [dataclasses.replace(track, x=track.on_graph()) for track in all_tracks]
    with canvas() as (figure, axes):
        axes.plot(x, y, color=theme.FAINT, linewidth=1.6, zorder=1)
        handles = draw.all_paths(axes, on_graph, box) + draw.minima(axes, f, box, graph=True)
        axes.set(xlim=box[0], ylim=box[1], xlabel="x", ylabel="f(x)")
        axes.grid(True)
        title_and_legend(figure, title or show_name(f), settings_line(all_tracks), handles)
    holes = np.isnan(y)
    return Picture(
        figure, axes,
        f"Graph of {f.name} over x from {side[0]:.4g} to {side[1]:.4g}.",
        f"It is undefined on {share(holes)} of it." if holes.any() else "",
        *_path_words(f, all_tracks, (side,)),
    )  # fmt: skip


def surface(f, *paths, labels=None, title=None, extent=None, log="auto"):
    """The function as a surface in three dimensions, with paths on it; parameters as in `contour`."""
    all_tracks, land = _sampled("surface", f, paths, labels, extent, log)
    with canvas(subplot_kw={"projection": "3d"}) as (figure, axes):
        draw.surface(axes, land)
        title_and_legend(figure, title or show_name(f), settings_line(all_tracks), draw.paths3d(axes, all_tracks, land))
    return Picture(figure, axes, f"Surface of {f.name} {land.words()}", *_path_words(f, all_tracks, land.extent))


def scatter(f, *paths, labels=None, title=None, extent=None, log="auto", n=2000):
    """The function at ``n`` random points, each colored by its value; the points are the same in each call.

    The other parameters are those of `contour`.
    """
    n = integer("scatter", "n", n, 1, 100_000)
    all_tracks, land = _sampled("scatter", f, paths, labels, extent, log)
    with canvas(layout="compressed") as (figure, axes):
        draw.colorbar(figure, axes, draw.samples(axes, f, land, n), land)
        handles = draw.all_paths(axes, all_tracks, land.extent) + draw.minima(axes, f, land.extent)
        title_and_legend(figure, title or show_name(f), settings_line(all_tracks), handles)
    words = f"{n:,} random points colored by the value of {f.name} {land.words()}"
    return Picture(figure, axes, words, *_path_words(f, all_tracks, land.extent))


def _sampled(who, f, paths, labels, extent, log, levels=LEVELS):
    """Check what all pictures of a plane are given; returns the tracks and the terrain."""
    check_function(who, f)
    all_tracks = tracks(who, f, paths, labels)
    return all_tracks, terrain(who, f, extent, all_tracks, levels, log)


def _path_words(f, tracks, extent):
    """Sentences on the minima and on each path, and on what does not fit into the picture."""
    holds = lambda x: all(low <= v <= high for v, (low, high) in zip(x, extent, strict=True))
    words = []
    minima = [m for m in f.minima if holds(m)]
    if minima:
        named = ", ".join(map(point, minima[:4])) + (f" and {len(minima) - 4} more" if len(minima) > 4 else "")
        words.append(f"{'Minimum' if len(minima) == 1 else 'Minima'} marked at {named}.")
    words += sentences(tracks)
    leaving = sum(not all(holds(x) for x in track.x) for track in tracks)
    if leaving:
        words.append(f"{leaving} of {len(tracks)} paths leave the picture and are cut off at its edge."
                     if len(tracks) > 1 else "The path leaves the picture and is cut off at its edge.")
    return words
