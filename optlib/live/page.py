"""HTML for outputs: scripts and styles of `live/player/`, data, and a still picture for where no script runs."""

import functools
import hashlib
import html
import io
import json
import re
import zlib
from importlib import resources

from PIL import Image

from ..pictures.picture import base64_text, encoded
from ..registry import FUNCTIONS


@functools.cache
def asset(name):
    """A file of `live/player/` as the page embeds it: without indentation and lines of comment."""
    text = resources.files("optlib.live.player").joinpath(name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def script(*names):
    """One ``<script>`` element with files of the player."""
    return f"<script>\n{chr(10).join(map(asset, names))}\n</script>"


def data_url(content, kind="image/png"):
    """Bytes as an URL that needs no network."""
    return f"data:{kind};base64,{base64_text(content)}"


def escaped_json(value):
    """JSON for the inside of a ``<script>`` element: nothing in it can end the element or a line of script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda m: f"\\u{ord(m.group()):04x}", text)


def mark(*parts):
    """A short name that depends on nothing but the content: the same notebook gives the same HTML."""
    return "optlib-" + hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:10]


def program(source):
    """The mark of a program, and the script that puts it there: a page has the programs of all its players."""
    name = mark(source)
    return name, f'((globalThis.optlib = globalThis.optlib || {{}}).programs ||= {{}})["{name}"] = (R) => ({source});'


def still(png, description, width=None, kind="image/png"):
    """A picture with its description for screen readers."""
    size = f' width="{width}"' if width else ""
    alt = html.escape(description)
    return f'<img alt="{alt}"{size} src="{data_url(png, kind)}" style="max-width:100%;height:auto">'


def small_still(png, description):
    """A picture with its description; WebP takes a third of the bytes of a PNG, and every browser shows it."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return still(encoded(image, "WEBP", quality=50, method=6), description, image.width, "image/webp")


def known_name(f):
    """The name under which code finds this function in `FUNCTIONS`, or None."""
    return f.name if f is dict.get(FUNCTIONS, f.name) else None


def player(name, picture, data, scripts, program="", styles=("player.css",), bridge=""):
    """An element that the scripts turn into a player, and that shows ``picture``, HTML, where they do not run.

    ``name`` is the CSS class that the scripts look for, ``program`` JavaScript that stands before them, ``bridge`` the
    CSS class of the widgets by which the player talks to Python.  Scripts and styles are files of `live/player/`.
    """
    css = f"globalThis.optlib.css = {escaped_json(chr(10).join(map(asset, styles)))};"
    own = f"<script>{program}</script>\n" if program else ""
    bridge = f' data-bridge="{bridge}"' if bridge else ""
    # The attribute makes JupyterLab leave keys in the player alone; it would catch them before the page does.
    return (
        f'<div class="{name}"{bridge} data-lm-suppress-shortcuts="true">{picture}'
        f'<script type="application/json">{escaped_json(data)}</script></div>\n'
        f"{own}<script>{_packed(chr(10).join([css, *map(asset, scripts)]))}</script>"
    )


@functools.lru_cache
def _packed(source):
    """A script that unpacks and runs another; the same one, needed again on a page, is not unpacked again."""
    packed = base64_text(zlib.compress(source.encode(), 9))
    return f'{asset("unpack.js")}("{mark(source)}", {{"packed":"{packed}"}});'


def document(title, body):
    """A page of its own around a player."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<style>:root { color-scheme: light dark; }</style>\n"
        f"<title>{html.escape(title)}</title>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
