"""The package as text for a cell: its files in one archive, and the code that takes them out again.

The same files give the same text.  Nothing in it is executed before its checksum has been compared, and it holds files
only, no pickle.
"""

import base64
import functools
import hashlib
import importlib.metadata
import io
import lzma
import pathlib
import textwrap
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Searched last, so that Colab's own copy is the one that is used as soon as there is one.
ALSO = "also"

CELL = '''\
#@title The course's package, packed: {files} files, {size} kB
import base64
import hashlib
import io
import lzma
import sys
import tempfile
import zipfile

PACKED = base64.b64decode("""
{text}
""")
if hashlib.sha256(PACKED).hexdigest() != "{sha256}":
    raise ValueError("This copy of the notebook is damaged: its package is not whole. Upload the notebook once more.")
folder = tempfile.mkdtemp(prefix="optlib-")
with zipfile.ZipFile(io.BytesIO(lzma.decompress(PACKED))) as archive:
    archive.extractall(folder)
sys.path[:] = [folder, *sys.path, folder + "/{also}"]'''


def files(results):
    """What rides along: name in the archive -> path.

    Parameters
    ----------
    results : bool
        Whether the recorded results of the benchmark are among it.

    Raises
    ------
    SystemExit
        If array-api-compat, which Colab lacks, is not installed here.
    """
    found = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "optlib").rglob("*")}
    if results:
        found |= {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "data" / "results").rglob("*")}
    try:
        needed = importlib.metadata.files("array-api-compat")
    except importlib.metadata.PackageNotFoundError:
        raise SystemExit("array-api-compat is not installed: python -m pip install array-api-compat") from None
    for path in needed:
        if path.parts[0] == "array_api_compat" and not {"tests", "vendor_tests"} & {*path.parts}:
            found[f"{ALSO}/{path.as_posix()}"] = pathlib.Path(path.locate())
    found[f"{ALSO}/array_api_compat/LICENSE"] = pathlib.Path(__file__).with_name("array_api_compat.LICENSE")
    return {name: path for name, path in sorted(found.items()) if path.is_file() and "__pycache__" not in path.parts}


def packed(chosen):
    """The files as bytes, compressed as one: half the size of each by itself."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, path in chosen.items():
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())  # ZipInfo's own date: that of no day
    return lzma.compress(content.getvalue(), preset=9)


@functools.cache
def source(results=False):
    """Source of the cell that brings the package along."""
    chosen = files(results)
    content = packed(chosen)
    text = "\n".join(textwrap.wrap(base64.b64encode(content).decode("ascii"), 120))
    return CELL.format(files=len(chosen), size=len(content) // 1000, text=text, also=ALSO,
                       sha256=hashlib.sha256(content).hexdigest())  # fmt: skip
