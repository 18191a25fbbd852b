"""A `Sketch` on a page: its sliders turn there, and what is drawn is computed by the page itself."""

import numbers

from ..pictures import theme
from ..pictures.picture import digits
from . import browser_data, page, translate
from .controls import described
from .look import DARK, LIGHT
from .scene import scene

SCRIPTS = ("core.js", "canvas.js", "runtime.js", "engine.js", "slider.js", "bridge.js", "drawing.js")
STYLES = ("player.css", "explore.css", "drawing.css")
BANDS = (480, 375)  # pixels of the contours


def html(draw, drawing, png, controls, values):
    """A picture of the package and its sliders as one piece of HTML around a still; `Untranslatable` where none can be.

    The arguments are those of `stills.html`; ``drawing`` is the `Drawing` that ``draw`` has returned.
    """
    mark, put = page.program(translate.picture(draw, drawing.sketch, [*controls]).source)
    contents = data(drawing, controls, values) | {"program": mark}
    check_structure(draw, drawing, contents["controls"], values)
    return page.player("optlib-drawing", page.small_still(png, drawing.description), contents, SCRIPTS, put, STYLES)


def check_structure(draw, drawing, described, values):
    """Refuse ends and choices that Python refuses, or that change (but for floats) the axes and layers a page keeps."""
    structure = lambda sketch: ([panel.x for panel in sketch.panels], [layer.kind for layer in sketch.layers])
    for about in described:
        name, kind = about["name"], float if about.get("integer") is False else int
        ends = [kind(about[end]) for end in ("low", "high") if end in about]
        tried = about.get("values", [False, True] if about["kind"] == "switch" else ends)
        for value in (each for each in tried if each != values[name]):
            try:
                same = structure(draw(**values | {name: value}).sketch) == structure(drawing.sketch)
            except Exception as error:  # whatever a reader's function may raise
                raise translate.Untranslatable(f"{name}={value!r} is refused: {error}") from None
            if not same and kind is int:
                raise translate.Untranslatable(f"{name}={value!r} gives other axes or lines")


def data(drawing, controls, values):
    """What the page needs beside the program, as plain data."""
    sketch = drawing.sketch
    return {
        "controls": [_control(name, control) | {"now": values[name]} for name, control in controls.items()],
        "panels": [_panel(panel) for panel in sketch.panels],
        "layers": [_layer(layer, sketch.panels[layer.panel]) for layer in sketch.layers],
        "moves": sketch.moves,
        "check": [*sketch.words(*drawing.arguments)[:3]],
        "scene": {"looks": browser_data.looks()},
    }


def _control(name, control):
    about = described(name, control)
    plain = about and all(isinstance(value, (str, bool, numbers.Real)) for value in about.get("values", ()))
    if not plain:
        raise translate.Untranslatable(f"{name}: a page has sliders, switches and lists of numbers and texts only")
    return about


def _panel(panel):
    about = {name: value for name, value in vars(panel).items() if name != "ground"}
    about["ticks"] = [each and [[place, text] for place, text in each.items()] for each in panel.ticks]
    if panel.ground is None:
        return about
    land = scene(panel.ground, (panel.x, panel.y))
    about["ground"] = {"looks": browser_data.looks(), "bands": page.data_url(browser_data.bands_png(land, BANDS))}
    return about | {"minima": land.minima().tolist()}


def _layer(layer, panel):
    counts = [digits(5, side) for side in (panel.x, panel.y)]
    about = {name: value for name, value in vars(layer).items() if name not in ("color", "pale", "edge")}
    return about | {
        "points": layer.points and [[browser_data.tidy(float(f"{v:.{n}g}")) for v, n in zip(point, counts, strict=True)]
                                    for point in layer.points],
        "colors": [_color(layer.color, look, layer) for look in (LIGHT, DARK)],
        "edges": layer.edge and [_color(layer.edge, look) for look in (LIGHT, DARK)],
    }


def _color(color, look, layer=None):
    """A color of the theme on a page of that look."""
    if isinstance(color, numbers.Real):
        color = theme.shade(color, look.landscape)
    else:
        named = {theme.PAPER: look.paper, theme.INK: look.ink, theme.FAINT: look.faint}
        color = named.get(color) or look.path_color({"color": color})
    return theme.mix(color, look.paper, layer.pale) if layer else color
