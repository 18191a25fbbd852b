"""What the browser needs to draw a scene and paths on it, as plain data for JSON."""

import numpy as np
from PIL import Image

from ..pictures import theme
from ..pictures.charts import TOP, wants_log
from ..pictures.picture import digits, encoded, padded
from . import page, svg
from .look import DARK, LIGHT

UNITS = 4096  # positions are integers, so many across the picture; core.js has the same number
MAP_SIZE = (640, 500)  # pixels of the bands; contour lines stay smooth when they are shown at another size
STILL_POINTS = 800  # in the still picture, all paths together
CURVE_DECADES = 12  # a curve of values on a logarithmic axis reaches at most so far down


def scene_data(scene, computed=False):
    """A `scene.Scene` as data for the map in canvas.js.

    The map takes the bands from `still_image`; a page that has ``computed`` the function draws them by itself.
    """
    data = {
        "x": short(scene.x, 8), "y": short(scene.y, 8), "labels": list(scene.labels),
        "equal": scene.equal and all(low < high for low, high in np.float32([scene.x, scene.y])),
        "minima": (fractions(scene, scene.minima()) / UNITS).round(4).tolist(), "star": theme.YELLOW, "looks": looks(),
    }  # fmt: skip
    if not scene.flat:
        data["graph"] = differences(fractions(scene, _finite_graph(scene)))
    elif computed:
        data["levels"] = short(scene.levels)
    return data


def looks():
    """Colors of light and of dark pages."""
    return {name: {"paper": look.paper, "ink": look.ink, "faint": look.faint, "bands": look.band_colors()}
            for name, look in (("light", LIGHT), ("dark", DARK))}  # fmt: skip


def _finite_graph(scene):
    curve = scene.graph()
    return curve[~np.isnan(curve).any(axis=1)]


def bands_png(scene, size):
    """The contour picture as an indexed PNG with 16 colors."""
    picture = Image.fromarray(scene.bands(*size))
    picture.putpalette(sum(map(theme.rgb, LIGHT.band_colors()), []))
    return encoded(picture, "PNG", bits=4, optimize=True)


def still_image(scene, tracks, description, bands=MAP_SIZE):
    """HTML of the last step as a picture without script: the bands and over them the paths as lines.

    It is an SVG image.  The player takes the bands, which have that many pixels, from it: they are on the page once.
    """
    width, height = scene.fitted(*MAP_SIZE)
    if scene.flat:
        url, filled = page.data_url(bands_png(scene, bands)), "preserveAspectRatio='none'"
        content = f"<image width='{width}' height='{height}' {filled} href='{url}'/>"
    else:
        content = svg.line(_places(scene, _finite_graph(scene)), theme.FAINT)
    content += "".join(svg.star(x, y) for x, y in _places(scene, scene.minima()))
    kept = max(1, STILL_POINTS // len(tracks)) if tracks else 1
    for track in tracks:
        points = scene.points(track)
        rows = np.unique(np.linspace(0, len(points) - 1, min(len(points), kept)).astype(int))
        places, color = _places(scene, points[rows]), track.style["color"]
        content += svg.line(places, color, theme.dash_array(track.style)) + svg.dot(*places[-1], color)
    x, y = (svg.side(*ends, label=label) for ends, label in zip((scene.x, scene.y), scene.labels, strict=True))
    rows = [(track.label, track.style["color"], theme.dash_array(track.style)) for track in tracks]
    legend, below = svg.legend(rows, height)
    content = svg.inside(width, height, content) + svg.frame(width, height, x, y)
    content = f"<g transform='translate({(MAP_SIZE[0] - width) / 2:g})'>{content}</g>{legend}"
    return svg.image(MAP_SIZE[0], height, content, description, below) + svg.NOTE


def _places(scene, points):
    """Pixels of the still picture, from its upper left corner."""
    u, v = (fractions(scene, points) / UNITS).T
    return np.column_stack([u, 1 - v]) * scene.fitted(*MAP_SIZE)


def fractions(scene, points):
    """Points (..., 2) of the picture as integers, `UNITS` across; what is very far outside is cut off."""
    low, high = np.array([scene.x, scene.y]).T
    with np.errstate(all="ignore"):
        return np.round(np.clip((points - low) / (high - low), -64, 64) * UNITS)


def differences(fractions):
    """Integers (n, 2) as the list [x0, y0, dx, dy, ...], which is short as text."""
    return np.diff(fractions, axis=0, prepend=0).astype(int).ravel().tolist()


def style_data(style):
    """Colors on light and dark pages, dashes and marker of a path."""
    return {
        "colors": [look.path_color(style) for look in (LIGHT, DARK)], "dashes": list(theme.dash_array(style)),
        "marker": style["marker"],
    }  # fmt: skip


def values_data(scene, tracks, last):
    """How to draw the curve of values: its range, and whether on a logarithmic axis.

    Heights are values above ``base``.  The axis is logarithmic where they span more than two powers of ten; what flies
    off is cut, as in `plots.loss`, or it would hide all other paths.
    """
    base = base_of(scene)
    heights = [heights_of(track.f, base) for track in tracks]
    heights = np.minimum(np.concatenate(heights), TOP * (max(abs(each[0]) for each in heights) or 1.0))
    log = wants_log([heights])
    if log:
        positive = heights[heights > 0]
        high = np.ceil(np.log10(positive.max()) * 2) / 2
        low = max(np.floor(np.log10(positive.min())), np.floor(high) - CURVE_DECADES)
    else:
        low, high = padded(heights.min(), heights.max(), 0.05)
    low, high = short([low, high])
    return {"low": low, "high": high, "log": log, "last": last, **named_values(scene)}


def named_values(scene):
    """What the curve of values shows: the value ``name`` less ``base``, under a ``label``."""
    name, base = "f(x)" if scene.f.dim == 1 else "f", base_of(scene)
    return {"base": base, "name": name, "label": f"{name} − minimum" if base else name}


def base_of(scene):
    """The function's minimum where it is known, else 0."""
    minimum = scene.f.minimum
    return 0.0 if minimum is None or not np.isfinite(minimum) or abs(minimum) < 1e-9 else float(minimum)


def heights_of(values, base):
    """Values above the base, with four digits of what changes; rounding error below it counts as nothing."""
    above = np.asarray(values, dtype=float) - base
    if base:
        above = np.where(np.abs(above) < 1e-12 * abs(base), 0.0, above)
    return np.array(short(above, 4))


def tidy(value):
    """A number that is short as text: integers without a decimal point; what JSON lacks as text, NaN for a page."""
    if not np.isfinite(value):
        return str(value)
    return int(value) if abs(value) < 1e15 and value == int(value) else float(value)


def short(values, least=6):
    """Numbers with so many digits that the page can tell them apart."""
    count = digits(least, values)
    return [float(f"{v:.{count}g}") for v in values]
