"""`sliders`: any picture, redrawn while one turns its numbers."""

import functools
import html
import json
import traceback

import ipywidgets as widgets

from ..pictures.picture import DIMMED, SMALL, Picture
from ..pictures.sketch import Drawing
from . import controls, display, page, sketch, stills, translate
from .stills import png_of

STILL_DPI = 90  # pixels an inch of a picture that only stands where no script runs


def sliders(draw, *, description="", **specs):
    """Show a picture with a control for each of its numbers.

    The picture follows a slider while it is dragged.  A picture of the package whose numbers are plain arithmetic of
    the sliders, such as ``lambda lr: ol.plots.phase_diagram(0.5 * lr, 0.9)``, is computed where it is shown, without a
    kernel too, and some of its points can be dragged.  Any other is drawn by Python: a front end sends one value at a
    time and then the newest, so a slow picture leaves out values in between, never the last; pages without a kernel
    get the picture at a few settings.

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
    """
    return Sliders(draw, description, specs)


class Sliders:
    """A picture and its controls; see `sliders`.

    Attributes
    ----------
    live : str or None
        HTML of a picture that the page computes.
    fixed : str
        Of another one: why the page cannot.
    """

    def __init__(self, draw, description, specs):
        if not callable(draw):
            raise TypeError(f"sliders: draw={draw!r} must be a function that returns a picture")
        if not specs:
            raise TypeError("sliders: at least one control is needed, such as lr=(0.0, 1.0)")
        self.draw = draw
        python = draw.func if isinstance(draw, functools.partial) else draw
        self._name = getattr(python, "__name__", type(python).__name__)
        self.description = description or (python.__doc__ or self._name.replace("_", " ")).strip().splitlines()[0]
        self.controls = {name: controls.from_spec(name, spec) for name, spec in specs.items()}
        self._values = {name: controls.read(control, control.value) for name, control in self.controls.items()}
        first = self.draw(**self.values)
        self.live, self.fixed = self._on_a_page(first)
        if self.live:
            self.widget = display.Bridge(self._hear)
        else:
            self._first, self._width = png_of(first)
            self._build()
        self._alone = first.png(**SMALL) if isinstance(first, Picture) else self._first  # for what shows no HTML

    def _on_a_page(self, first):
        if not isinstance(first, Drawing):
            return None, "only where Python runs is it drawn anew"
        self._first = first.png(dpi=STILL_DPI)
        try:
            return sketch.html(self.draw, first, self._first, self.controls, self._values), ""
        except translate.Untranslatable as reason:
            return None, str(reason)

    def _hear(self, text):
        """Learn from the page what is set, where a kernel runs."""
        message = json.loads(text)
        self._values = {name: message["settings"][name] for name in self.controls}
        self.widget.say({"n": message["n"]})

    def _build(self):
        layout = widgets.Layout(max_width="100%", object_fit="contain", width=f"{self._width}px")
        self.picture = widgets.Image(value=self._first, format="png", layout=layout)
        self.picture.add_class("optlib-figure")
        self.status = widgets.HTML()
        for control in self.controls.values():
            control.observe(self._redraw, "value")
        side = widgets.VBox([*self.controls.values(), self.status])
        self.widget = widgets.VBox([side, self.picture])

    @property
    def values(self):
        """The numbers and choices as they are set, by name."""
        return dict(self._values)

    def __repr__(self):
        return f"<{self.description} Controls: {', '.join(self.controls)}>"

    def _ipython_display_(self):
        if self.live:
            content = self.live.replace(" data-lm", f' data-bridge="{self.widget.name}" data-lm', 1)
        else:
            name = page.mark(repr(self), self._name, self._first)  # the picture tells lambdas apart
            self.widget.add_class(name)  # by which the picture recognizes the sliders
            still = stills.html(self.draw, self._first, self._width, self.description, self.controls, self._values)
            figure = f'<figure data-live="{name}" style="margin:0">{DIMMED}{still}</figure>'
            content = f"{figure}\n{page.script('display.js')}"
        display.both(self.widget, content, self._alone, repr(self))

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
