"""A reader's own picture where no kernel runs: drawn ahead at a few settings, one number turned at a time."""

import contextlib
import io
import time

import numpy as np
from PIL import Image

from ..pictures.picture import SHOWN, Picture, digits, encoded
from . import page
from .controls import described, rounded

MOST = 9  # pictures beside the first
WIDTHS = (760, 640, 520)  # pixels, the first whose pictures fit
MOST_BYTES = 105_000  # of all together; as text they are a third longer
PATIENCE = 60.0  # seconds: pictures that take longer in all stay one still
SCRIPTS = ("core.js", "stills.js")
NOTE = "Without Python these are stills at a few settings: one number turns at a time."


def html(draw, png, width, description, controls, values):
    """The picture with sliders of a few notches, as HTML; as a picture that stands still where that cannot be.

    ``png`` is what the reader's function, ``draw(**values)``, gave at first, to be shown ``width`` pixels wide.
    """
    rows = _notches(controls, values)
    pictures = rows and _pictures(draw, rows, values, png)
    if not pictures:
        return page.still(png, description, width) + "\n<p>Without Python this picture stands still.</p>"
    for most in WIDTHS:
        encoded = [[_webp(each, min(width, most)) for each in row] for row in pictures]
        if sum(len(each) for row in encoded for each in {*row}) < MOST_BYTES:
            break
    still = _webp(png, min(width, most))
    for row, own in zip(rows, encoded, strict=True):
        row["stills"] = ["" if each == still else page.data_url(each, "image/webp") for each in own]
    picture = page.still(still, description, min(width, most), "image/webp")
    return page.player("optlib-stills", picture, {"controls": rows, "note": NOTE}, SCRIPTS)


def _notches(controls, values):
    """For each control its name, and the values at which it is drawn with their labels."""
    rows, beside = [], MOST // len(controls)
    for name, control in controls.items():
        about, now = described(name, control), values[name]
        if about is None:
            return []
        if about["kind"] == "number":
            scale, back = (np.log, np.exp) if about["log"] else (np.asarray, np.asarray)
            spread = back(np.linspace(scale(about["low"]), scale(about["high"]), 1 + min(beside, 6))).tolist()
            spread[int(np.argmin(np.abs(scale(spread) - scale(now))))] = now
            ends = about["low"], about["high"]
            kept = [v if v == now else round(v) if about["integer"] else rounded(v, *ends) for v in spread]
            notches = [*dict.fromkeys(kept)]
            labels = [f"{v:.{digits(4, ends)}g}" for v in notches]
        else:
            choices = about.get("values", [False, True])
            spread = np.linspace(0, len(choices) - 1, 1 + min(beside, len(choices) - 1)).round().astype(int)
            kept = sorted({*spread.tolist(), choices.index(now)})
            notches = [choices[i] for i in kept]
            labels = [about["labels"][i] for i in kept] if "labels" in about else ["off", "on"]
        rows.append({"name": name, "values": notches, "labels": labels})
    return rows


def _pictures(draw, rows, values, png):
    """For each row its pictures, as PNG; a value that ``draw`` refuses has no notch.  [] where it takes too long."""
    until, pictures = time.perf_counter() + PATIENCE, []
    for row in rows:
        now, notches = values[row["name"]], []
        for value, label in zip(row.pop("values"), row["labels"], strict=True):
            if time.perf_counter() > until:
                return []
            with contextlib.suppress(Exception):
                own = png if value == now else png_of(draw(**values | {row["name"]: value}))[0]
                notches.append((value, label, own))
        drawn_values, row["labels"], drawn = zip(*notches, strict=True)
        row["first"] = drawn_values.index(now)
        pictures.append(drawn)
    return pictures


def _webp(png, width):
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    return encoded(image, "WEBP", quality=45, method=6)


def png_of(picture):
    """PNG bytes of what a ``draw`` function returned, and the width in pixels at which to show them."""
    if isinstance(picture, Picture):
        png, scale = picture.png(), SHOWN
    elif isinstance(picture, bytes):
        png, scale = picture, 1
    elif hasattr(picture, "figure"):  # axes; the figure of a figure is itself
        png, scale = _png_of_figure(picture.figure), 1
    else:
        raise TypeError(f"sliders: draw returned {picture!r}; it must return a figure, a picture or PNG bytes")
    return png, round(int.from_bytes(png[16:20], "big") * scale)  # the width in the header of a PNG file


def _png_of_figure(figure):
    import matplotlib.pyplot as plt

    out = io.BytesIO()
    figure.savefig(out, format="png", pil_kwargs={"compress_level": 1})
    plt.close(figure)  # or the notebook would show it a second time, below
    return out.getvalue()
