"""`sliders`: any picture, redrawn while one turns its numbers."""

import html
import io
import traceback

import ipywidgets as widgets

from ..pictures.picture import SHOWN, Picture, png_size
from . import controls, display, page


def sliders(draw, *, description="", **specs):
    """Show a picture with a control for each of its numbers.

    The picture follows a slider while it is dragged.  A front end sends one value at a time and then the newest, so a
    slow picture leaves out values in between, never the last.

    Parameters
    ----------
    draw : callable
        Called as ``draw(**values)``; returns a matplotlib figure, a picture of `optlib.plots`, or PNG bytes.
    description : str
        What the picture shows, for readers who do not see it; by default the first line of the docstring.
    **specs
        One a control, in their order on the page: ``kappa=(1, 1000, "log")`` a slider on a logarithmic
        scale, ``n=(1, 50)`` integers, ``lr=(0.0, 1.0, 0.1)`` from 0 to 1 and at first 0.1,
        ``rule=["GD", "Adam"]`` a choice, ``grid=True`` a check box, or an ipywidgets control.

    Returns
    -------
    Sliders
        It shows itself at the end of a cell; ``values`` are the numbers that are set.
    """
    return Sliders(draw, description, specs)


class Sliders:
    """A picture and its controls; see `sliders`."""

    def __init__(self, draw, description, specs):
        if not callable(draw):
            raise TypeError(f"sliders: draw={draw!r} must be a function that returns a picture")
        if not specs:
            raise TypeError("sliders: at least one control is needed, such as lr=(0.0, 1.0)")
        self.draw = draw
        lines = (draw.__doc__ or draw.__name__.replace("_", " ")).strip().splitlines()
        self.description = description or lines[0]
        self.controls = {name: controls.from_spec(name, spec) for name, spec in specs.items()}
        self._values = {name: controls.read(control) for name, control in self.controls.items()}
        self._first, self._width = png_of(self.draw(**self.values))
        self._build()

    def _build(self):
        self.picture = widgets.Image(value=self._first, format="png", layout=widgets.Layout(max_width="100%"))
        self.picture.layout.object_fit = "contain"
        self.picture.layout.width = f"{self._width}px"
        self.status = widgets.HTML()
        for control in self.controls.values():
            control.observe(self._redraw, "value")
        self.widget = widgets.VBox([widgets.VBox(list(self.controls.values())), self.picture, self.status])

    @property
    def values(self):
        """The numbers and choices as they are set, by name."""
        return dict(self._values)

    def __repr__(self):
        return f"<{self.description} Controls: {', '.join(self.controls)}>"

    def _ipython_display_(self):
        name = page.mark(repr(self), self.draw.__name__)
        body = page.still(self._first, self.description, width=self._width)
        display.show(self.widget, name, body, self._first, repr(self))

    def _redraw(self, _):
        before = self._values
        self._values = {name: controls.read(c, before[name]) for name, c in self.controls.items()}
        if self._values == before:
            return
        try:
            self.picture.value, _ = png_of(self.draw(**self.values))
            self.status.value = ""
        except Exception as error:  # front ends swallow what an observer raises
            self.status.value = f'<div role="status">{html.escape(sentence(error))}</div>'


def sentence(error):
    """An error as one line: a refusal in its own words, any other with its kind and the reader's line."""
    if isinstance(error, (ValueError, ArithmeticError)) and str(error):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[1:2]  # the first is that of the call in this file
    where = f", in line {place[0].lineno} of {place[0].name}" if place else ""
    return f"{type(error).__name__}: {error}".rstrip(" :") + where


def png_of(picture):
    """PNG bytes of what a ``draw`` function returned, and the width in pixels at which to show them."""
    if isinstance(picture, Picture):
        png, scale = picture.png(), SHOWN
    elif isinstance(picture, bytes):
        png, scale = picture, 1
    elif hasattr(picture, "savefig"):
        png, scale = _png_of_figure(picture), 1
    elif hasattr(picture, "figure"):
        png, scale = _png_of_figure(picture.figure), 1
    else:
        raise TypeError(f"sliders: draw returned {picture!r}; it must return a figure, a picture or PNG bytes")
    return png, round(png_size(png)[0] * scale)


def _png_of_figure(figure):
    import matplotlib.pyplot as plt

    out = io.BytesIO()
    figure.savefig(out, format="png", pil_kwargs={"compress_level": 1})
    plt.close(figure)  # or the notebook would show it a second time, below
    return out.getvalue()
