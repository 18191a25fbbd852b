"""`animate`: paths that grow step by step, in a player that needs nothing but a browser, or as a film."""

import io
import itertools
import pathlib
import shutil
import subprocess

import numpy as np
from PIL import Image, ImageDraw

from ..checks import WrongType, instance, integer, number, replacing
from ..functions import Function
from ..pictures.picture import PALETTE, bundle, encoded, show_name
from ..pictures.spectrum import Spectra
from ..pictures.tracks import sentences, settings_line, tracks
from . import browser_data, page, svg
from .painter import Painter
from .scene import scene

MOST_POINTS = 20_000  # in one player, all paths together; longer paths are thinned out
MOST_PATHS = 100
FRAMES, SECONDS = 100, 6.0  # of a film, unless asked otherwise
FILMS = ("gif", "apng", "webp", "mp4")


def animate(f, *paths, labels=None, title=None, extent=None, moments=None, matrix=None):
    """Show paths step by step on the contours of a function, with their values beside them.

    Of a function of matrices the singular values of one and of its updates are shown in place of contours.  The
    `Animation` that is returned saves itself as a page, a film or a still.

    Parameters
    ----------
    f : Function
        Of one coordinate or two, or of matrices (``f.shapes``).
    *paths : Trajectory objects (also of batches) or arrays of points (n, d)
    labels : sequence of str, optional
        One a path, instead of rule and settings.
    title : str, optional
        Instead of the function's name; settings, steps and start stand beside it in any case.
    extent : ((x low, x high), (y low, y high)), or (low, high) for one coordinate, optional
        What is shown; by default the function's domain, widened to hold the starts.
    moments : dict of step -> str, optional
        Where the player pauses, and what it says there: ``{12: "Momentum turns back."}``.  The sentence stays until the
        next moment.
    matrix : str, optional
        Which of a function's matrices, ``f.names``; by default the first.
    """
    of_matrices = isinstance(f, Function) and bool(f.shapes)
    if of_matrices and extent is not None:
        raise ValueError(f"animate: extent={extent!r} is for contours; {f.name} is shown by its singular values")
    if matrix is not None and not of_matrices:
        raise ValueError(f"animate: matrix={matrix!r} is for functions of matrices, such as matrix_least_squares")
    view = None if of_matrices else scene(f, extent, who="animate")
    all_tracks = tracks("animate", f, paths, labels)
    if not all_tracks:
        raise TypeError("animate: give at least one path, as ol.minimize returns it")
    if len(all_tracks) > MOST_PATHS:
        raise ValueError(f"animate: {len(all_tracks)} paths are given; a player shows at most {MOST_PATHS}")
    title = str(title) if title is not None else show_name(f)
    if of_matrices:
        return MatrixAnimation(Spectra("animate", f, all_tracks, matrix), all_tracks, title, moments)
    if extent is None:
        view = scene(f, None, all_tracks, "animate")
    return Animation(view, all_tracks, title, moments)


class Animation:
    """Paths on the picture of a function, step by step; see `animate`.

    Attributes
    ----------
    steps : int
        Number of steps of the longest path.
    description : str
        What is shown, in words.
    moments : list of (step, sentence)
        In their order.
    """

    scripts = ("core.js", "canvas.js", "animation.js")
    numbers = 1  # that a step has, in points of a path

    def __init__(self, scene, tracks, title, moments=None):
        self.scene, self.tracks, self.title = scene, tracks, title
        self.steps = max(1, *(track.steps for track in tracks))
        self.moments = _moments({} if moments is None else moments, self.steps)
        self.settings = settings_line(tracks)
        self.description = self._words()

    def _words(self):
        kind = "Contours" if self.scene.flat else "Graph"
        return " ".join([f"{kind} of {self.scene.f.name}.", *sentences(self.tracks)])

    def __repr__(self):
        return f"<animation: {self.title}, {self.settings}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.html(), self.still(), repr(self))

    # --- the player ----------------------------------------------------------------------------------------

    def html(self):
        """The player as one piece of HTML: picture, data and script, without any reference to the network."""
        return page.player("optlib-animation", self._still_html(), self.data(), self.scripts)

    def _still_html(self):
        return browser_data.still_image(self.scene, self.tracks, self.description)

    def data(self):
        """What the player needs, as plain data."""
        stride = -(-sum(len(track.f) for track in self.tracks) * self.numbers // MOST_POINTS)
        return {
            "title": self.title, "settings": self.settings, "description": self.description, "steps": self.steps,
            "stride": stride, "moments": self.moments, "scene": self._scene_data(),
            "values": browser_data.values_data(self.scene, self.tracks, self.steps),
            "paths": [self._path_data(i, stride) for i in range(len(self.tracks))],
        }  # fmt: skip

    def _scene_data(self):
        return browser_data.scene_data(self.scene)

    def _places(self, i, kept):
        """Where path number i is at the steps that are kept."""
        points = browser_data.fractions(self.scene, self.scene.points(self.tracks[i])[kept])
        return {"points": browser_data.differences(points)}

    def _path_data(self, i, stride):
        track = self.tracks[i]
        kept = np.unique(np.append(np.arange(0, len(track.f), stride), len(track.f) - 1))
        heights = browser_data.heights_of(track.f[kept], browser_data.base_of(self.scene))
        return {
            "label": track.label, **self._places(i, kept), "heights": [browser_data.tidy(h) for h in heights],
            "ended": track.steps, "stopped": "diverged" if track.diverged else "stopped",
            **browser_data.style_data(track.style),
        }  # fmt: skip

    # --- pictures ------------------------------------------------------------------------------------------

    def frames(self, count=FRAMES, size=(600, 500), scale=1):
        """Yield ``count`` frames from the start to the last step, as images with a palette."""
        drawn = self._drawing(size, scale)
        drawn(self.steps)  # the last step has all colors
        for step in np.unique(np.linspace(0, self.steps, integer("frames", "count", count, 1)).round().astype(int)):
            yield drawn(step)

    def still(self, step=None, size=(600, 500), scale=1):
        """PNG bytes of the picture at a step, by default the last."""
        step = self.steps if step is None else integer("still", "step", step)
        return encoded(self._drawing(size, scale)(step), "PNG", optimize=True)

    def _drawing(self, size, scale):
        """The image of a step, as a function of it; all have one palette."""
        size, scale = _size(size, scale)
        brush = Painter(self.scene, self.tracks, size, scale=scale)

        def drawn(step):
            where = "" if step >= self.steps else f", step {step}"
            return brush.at(step, f"{self.title}, {self.settings}{where}").image()

        return drawn

    # --- files ---------------------------------------------------------------------------------------------

    def save(self, path, *, frames=FRAMES, seconds=SECONDS, size=(600, 500), scale=1):
        """Write a file, which appears only once it is complete, and return its path.

        Parameters
        ----------
        path : str or path
            The ending chooses the kind: ``.html`` the player as a page of its own, ``.gif``, ``.apng`` (an animated
            PNG) or ``.webp`` a film for places without scripts, ``.mp4`` a film by ffmpeg, ``.png`` a still of the
            last step.
        frames, seconds : int, float
            Number of frames of a film and how long it runs.
        size, scale : (width, height) in pixels, and pixels to each of them
            Of a film or still.
        """
        path = pathlib.Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in ("html", "png", *FILMS):
            endings = ", ".join(f".{name}" for name in ("html", "png", *FILMS))
            raise ValueError(f"save: path={str(path)!r} must end in one of {endings}")
        frames, seconds = integer("save", "frames", frames, 2), number("save", "seconds", seconds, "(0, inf)")
        with replacing(path) as part:
            if kind == "html":
                part.write_text(page.document(self.title, self.html()), encoding="utf-8")
            elif kind == "png":
                part.write_bytes(self.still(size=size, scale=scale))
            elif kind == "mp4":
                _write_mp4(part, list(self.frames(frames, size, scale)), seconds)
            else:
                _write_film(part, kind, list(self.frames(frames, size, scale)), seconds)
        return path


class MatrixAnimation(Animation):
    """Singular values of a matrix and of its updates as bars, step by step; a still is the picture of `Spectra`.

    Stills and films are as wide as they are asked to be, and as high as the picture then is.
    """

    scripts = ("core.js", "canvas.js", "spectrum.js", "animation.js")

    def __init__(self, scene, tracks, title, moments=None):
        self.picture = scene.picture(title)
        self.numbers = len(scene.runs[0][0][0])
        super().__init__(scene, tracks, title, moments)

    def _words(self):
        return self.picture.description

    def _still_html(self):
        return page.small_still(self.picture.png(dpi=72), self.description) + svg.NOTE

    def _scene_data(self):
        runs, goal = self.scene.runs, [float(value) for value in self.scene.goal]
        kept = [run for run, track in zip(runs, self.tracks, strict=True) if not track.diverged] or runs
        top = 1.1 * max(*goal, *(weights.max() for weights, _ in kept), 1e-9)
        update = np.log10(max([updates.max(initial=0.0) for _, updates in kept]) or 1.0)
        axes = {"low": 0.0, "high": top, "log": False}, {"low": np.floor(update - 4), "high": update + 0.5, "log": True}
        panels = [side | {"label": label} for side, label in zip(axes, self.scene.labels, strict=True)]
        return {"looks": browser_data.looks(), "panels": panels, "goal": goal, "count": self.numbers}

    def _places(self, i, kept):
        weights, updates = self.scene.runs[i]
        return {"bars": [_short(weights[kept]), [[], *_short(updates[kept[1:] - 1])]]}

    def _drawing(self, size, scale):
        """As before; a line marks the step in each panel, before the last step."""
        size, scale = _size(size, scale)
        dpi = size[0] * scale / self.picture.figure.get_figwidth()
        still = Image.open(io.BytesIO(self.picture.png(dpi, PALETTE)))
        zoom, colors = still.width / self.picture.figure.bbox.width, np.reshape(still.getpalette(), (-1, 3))
        darkest = int(colors[:PALETTE].sum(axis=1).argmin())

        def drawn(step):
            image = still.copy()
            for axes in self.picture.axes if step < self.steps else ():
                x, (low, high) = axes.transData.transform((step, 1))[0] * zoom, axes.bbox.intervaly * zoom
                ImageDraw.Draw(image).line([(x, image.height - low), (x, image.height - high)], fill=darkest)
            return image

        return drawn


def _size(size, scale):
    """Width and height in pixels, and pixels to each of them."""
    if np.shape(size) != (2,):
        raise ValueError(f"animate: size={size!r} must be (width, height)")
    sides = [integer("animate", "a side of size", side, 100) for side in size]
    return sides, number("animate", "scale", scale, "[0.1, 20]")


def _short(rows):
    """Rows of singular values with four significant digits, without rounding errors."""
    return [[browser_data.tidy(float(f"{v:.4g}")) if v > 1e-12 else 0 for v in row] for row in rows.tolist()]


def _moments(moments, steps):
    """The moments that an author marks, as a list of (step, sentence) in their order."""
    instance("animate", "moments", moments, dict, "{12: 'Momentum turns back.'}")
    for step, sentence in moments.items():
        integer("animate", "a step of moments", step, 0, steps)
        if not isinstance(sentence, str) or not sentence.strip():
            raise WrongType(f"animate: moments[{step}]={sentence!r} must be a sentence, as a str")
    return sorted((int(step), sentence) for step, sentence in moments.items())


def _write_film(path, kind, frames, seconds):
    """Write images as an animated image; the last one stays for a second."""
    pause = max(20, round(1000 * seconds / len(frames)))
    times = [pause] * (len(frames) - 1) + [1000]
    if kind == "webp":
        first, *rest = (frame.convert("RGB") for frame in frames)
        options = dict(format="WEBP", lossless=True, quality=20, method=0, kmin=99, kmax=100)
    else:
        first, *rest = _changes_only(frames)
        kinds = {"gif": dict(format="GIF", optimize=False, disposal=1), "apng": dict(format="PNG", blend=1)}
        options = kinds[kind] | {"transparency": PALETTE}
    first.save(path, save_all=True, append_images=rest, duration=times, loop=0, **options)


def _changes_only(frames):
    """The first image, and of each other one only the pixels that changed; the rest is transparent.

    The transparent color needs its own entry in the palette: browsers ignore one that lies beyond its end.
    """
    palette = frames[0].getpalette()[: 3 * PALETTE] + [0, 0, 0]
    first = frames[0].copy()
    first.putpalette(palette)
    yield first
    for before, now in itertools.pairwise(frames):
        before, indices = np.asarray(before), np.asarray(now)
        changed = Image.fromarray(np.where(indices == before, np.uint8(PALETTE), indices))
        changed.putpalette(palette)
        yield changed


def _write_mp4(path, frames, seconds):
    program = shutil.which("ffmpeg")
    if program is None:
        raise RuntimeError("save: ffmpeg is not found, and .mp4 needs it; .gif, .webp and .html do not")
    width, height = frames[0].size
    command = [
        program, "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
        "-r", f"{len(frames) / seconds:g}", "-i", "-", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p",
        "-f", "mp4", str(path),
    ]  # fmt: skip
    content = b"".join(frame.convert("RGB").tobytes() for frame in frames)
    result = subprocess.run(command, input=content, capture_output=True, check=False)
    if result.returncode:
        raise RuntimeError(f"save: ffmpeg failed: {result.stderr.decode(errors='replace').strip()}")
