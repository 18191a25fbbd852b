"""The package as text for a cell: its files in one archive, and the code that takes them out again.

The same files give the same text.  Its checksum is compared before anything in it is executed, and it holds no pickle.
"""

import base64
import functools
import hashlib
import importlib.metadata
import io
import lzma
import pathlib
import zipfile

from optlib.data import sprites

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "data" / "results"
LINE = 1200  # characters of the packed package; a notebook spends ten more on each line
# How text is packed: by its bytes alone, wherever in a word of the memory they lie.
TEXT = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}
# Searched last: as soon as Colab has a copy of its own, that one is used.
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


def asked_for(code):
    """Names of the files of recorded results that a notebook's code names."""
    names = sorted(path.name for path in RESULTS.glob("*.jsonl") if f'"{path.stem}"' in code)
    return tuple(names) if "benchmark" in code else ()  # else "cpu" is a device


def files(results, novel):
    """The files of the archive: name in it -> path.

    Parameters
    ----------
    results : sequence of str
        Names of the files of recorded results that are among them.
    novel : bool
        Whether the bundled novel is, a fourth of the archive.

    Raises
    ------
    SystemExit
        If array-api-compat, which Colab lacks, is not installed here.
    """
    paths = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "optlib").rglob("*")}
    paths |= {f"data/results/{name}": RESULTS / name for name in results}
    try:
        needed = importlib.metadata.files("array-api-compat")
    except importlib.metadata.PackageNotFoundError:
        raise SystemExit("array-api-compat is not installed: python -m pip install array-api-compat") from None
    for path in needed:
        if path.parts[0] == "array_api_compat" and not {"tests", "vendor_tests"} & {*path.parts}:
            paths[f"{ALSO}/{path.as_posix()}"] = pathlib.Path(path.locate())
    paths[f"{ALSO}/array_api_compat/LICENSE"] = pathlib.Path(__file__).with_name("array_api_compat.LICENSE")
    left_out = {"__pycache__", sprites.FASHION_MNIST.folder}  # its notebooks fetch all of the set
    left_out |= set() if novel else {"novel"}
    return {name: path for name, path in sorted(paths.items()) if path.is_file() and not left_out & {*path.parts}}


def packed(chosen):
    """The files as bytes, compressed together, which takes half the room of compressing each by itself."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, path in chosen.items():
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())  # with a constant date: the same bytes each day
    return lzma.compress(content.getvalue(), filters=[TEXT])


@functools.cache
def source(results=(), novel=False):
    """Source of the cell that brings the package along."""
    chosen = files(results, novel)
    content = packed(chosen)
    text = base64.b64encode(content).decode("ascii")
    text = "\n".join(text[i : i + LINE] for i in range(0, len(text), LINE))
    return CELL.format(files=len(chosen), size=len(content) // 1000, text=text, also=ALSO,
                       sha256=hashlib.sha256(content).hexdigest())  # fmt: skip
