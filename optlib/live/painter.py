"""Stills and frames of paths on the picture of a scene, which is drawn once."""

import numpy as np

from ..pictures import theme
from ..pictures.draw import FAR
from ..pictures.kept import KeptFigure
from ..pictures.picture import text
from .look import LIGHT

SIZE = (600, 500)
STEPS_SHOWN = 80  # paths of at most so many steps carry a dot for each
_DPI = 100
_MARGINS = (60, 14, 40, 42)  # left, right, top, bottom in pixels; a long title takes two lines
_COVER = 0.85  # how much of a path the legend's paper covers


class Painter(KeptFigure):
    """Draws tracks up to a step over the picture of their scene, ``scale`` pixels to each of ``size``."""

    def __init__(self, scene, tracks, size=SIZE, scale=1):
        self.scene = scene
        exact = (theme.PAPER, theme.YELLOW, *(track.style["color"] for track in tracks))
        super().__init__((size[0] / _DPI, size[1] / _DPI), _DPI * scale, exact)
        low, high = np.array([scene.x, scene.y]).T
        far = FAR * (high - low)
        self.points = [np.clip(scene.points(track), low - far, high + far) for track in tracks]
        with theme.themed():
            left, right, top, bottom = _MARGINS
            width, height = size
            box = [left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height]
            self.axes = self.figure.add_axes(box)
            self._draw_background(size)
            self.title = self.figure.suptitle("", y=1 - top / 2 / height, va="center", size=10, wrap=True)
            self.lines = [self._lines(track.style, track.steps) for track in tracks]
            legend = tracks and self.axes.legend(  # over the paths, which show through a little
                [(line, end) for _, line, _, end in self.lines], [text(track.full_label) for track in tracks],
                loc="upper right" if scene.flat else "upper center",  # where graphs are seldom high
                fontsize=9, frameon=True, framealpha=_COVER, facecolor=theme.PAPER, edgecolor=theme.FAINT,
                labelcolor=theme.INK, borderaxespad=0.4, labelspacing=0.3, markerscale=0.7, fancybox=False,
            )  # fmt: skip
        self.moving = [*(each for lines in self.lines for each in lines), *([legend] if tracks else []), self.title]

    def at(self, step=None, title=""):
        """The painter with the paths up to a step, unless given all of them."""
        for points, (rim, line, start, end) in zip(self.points, self.lines, strict=True):
            shown = points[: None if step is None else step + 1]
            for artist, some in ((rim, shown), (line, shown), (start, shown[:1]), (end, shown[-1:])):
                artist.set_data(*some.T)
        self.title.set_text(text(title))
        return self

    def _draw_background(self, size):
        axes, scene = self.axes, self.scene
        axes.set(xlim=scene.x, ylim=scene.y, facecolor=theme.UNDEFINED if scene.flat else theme.PAPER)
        axes.set_aspect("equal" if scene.equal else "auto")
        axes.tick_params(labelsize=9, colors=theme.INK)
        axes.spines[:].set(visible=True, color=theme.FAINT)
        for write, name in zip((axes.set_xlabel, axes.set_ylabel), scene.labels, strict=True):
            write(name, fontsize=10, color=theme.INK, labelpad=1)
        if scene.flat:
            values, bands = np.ma.masked_invalid(scene.sample(*(side // 2 for side in size))), LIGHT.band_colors()[:-1]
            place = {"origin": "lower", "extent": (*scene.x, *scene.y)}
            colors = bands[: len(scene.levels) + 1]
            axes.contourf(values, [-np.inf, *scene.levels, np.inf], colors=colors, **place)
            darker = [theme.mix(color, "#000000", 0.1) for color in colors[1:]]
            axes.contour(values, scene.levels, colors=darker, linewidths=0.6, linestyles="solid",
                         antialiased=False, **place)  # fmt: skip
        else:
            axes.plot(*scene.graph().T, color=theme.FAINT, linewidth=2)
        axes.plot(*scene.minima().T, "*", markersize=15, color=theme.YELLOW, markeredgecolor=theme.INK,
                  markeredgewidth=0.8)  # fmt: skip

    def _lines(self, style, steps):
        """Of one path: a rim of paper, the line, its start and its end."""
        color, paper = style["color"], theme.PAPER
        dots = {"marker": "o", "markersize": 4} if steps <= STEPS_SHOWN else {}
        looks = (
            {"color": paper, "linewidth": 5.0, "alpha": 0.75},
            {"color": color, "linewidth": 2.6, "linestyle": style["linestyle"], **dots},
            {"marker": "o", "markersize": 7, "color": paper, "markeredgecolor": color, "markeredgewidth": 2.5},
            {"marker": style["marker"], "markersize": 9, "color": color, "markeredgecolor": paper, "linestyle": "none"},
        )
        return [self.axes.plot([], [], **look)[0] for look in looks]
