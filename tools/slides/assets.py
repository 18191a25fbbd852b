"""The JavaScript of the decks: reveal.js, from a pinned wheel whose contents pip has checked by hash."""

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PINS = HERE / "assets.txt"
REVEAL = "sphinx_revealjs/_static/revealjs/"
IN_WHEEL = {"reveal.js": "dist/reveal.js", "reveal.css": "dist/reveal.css", "notes.js": "plugin/notes/notes.js"}


class ToolMissing(RuntimeError):
    """A tool is not installed or a download failed; the message says in one line what to do."""


def cache():
    """Folder of the wheel that `PINS` names; pip fetches it the first time."""
    mark = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    folder = ROOT / "build" / "slides-assets" / mark
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fetch(folder)
    return folder


def _fetch(folder):
    part = tempfile.mkdtemp(dir=folder.parent)
    try:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        command = [sys.executable, "-m", "pip", "download", *options, "--requirement", str(PINS), "--dest", part]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip failed")
            raise ToolMissing(f"reveal.js could not be fetched from PyPI; is the network there? {last}")
        os.chmod(part, 0o755)
        with contextlib.suppress(OSError):  # another process may have renamed its own first
            os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@functools.cache
def text(name):
    """A file of the wheel (a name of `IN_WHEEL`) or of this folder, as it may stand in an HTML element."""
    if name not in IN_WHEEL:
        return (HERE / name).read_text(encoding="utf-8")
    (wheel,) = cache().glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        content = opened.read(REVEAL + IN_WHEEL[name]).decode("utf-8")
    # What reveal.js does for paper is another layout.
    return content.partition("@media print")[0] if name.endswith(".css") else content.replace("</script", r"<\/script")
