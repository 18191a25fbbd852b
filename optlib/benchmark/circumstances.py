"""What a reader needs to judge or repeat a number: versions, hardware, date, checksum of the code."""

import datetime
import hashlib
import os
import pathlib
import platform

import numpy as np

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
# What decides the numbers of a training run; a change elsewhere does not make a record old.
DECIDES = ("arrays.py", "registry.py", "schedules/*.py", "torch_driver/*.py", "optimizers/*.py", "data/*.py",
           "vision/*.py", "benchmark/job.py")
# Among them, what only shows a run, or brings the data, whose checksums are tested.
SHOWS = ("data/__main__.py", "data/archive.py", "data/download.py", "data/progress.py", "vision/describe.py",
         "vision/live_*.py", "vision/progress.py", "vision/surface.py")


def circumstances():
    """Versions, hardware, date and checksum of the code; nothing that names the machine or its user."""
    import torch

    from .. import __version__

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "code": code_hash(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__,
                     "optlib": __version__},
        "hardware": {"cpu": cpu_model(), "cores": os.cpu_count(), "threads": torch.get_num_threads(), "gpu": gpu,
                     "system": platform.system()},
    }  # fmt: skip


def code_hash(patterns=DECIDES, root=PACKAGE, without=SHOWS):
    """SHA-256 of some files of the package, in alphabetical order: names and contents."""
    digest = hashlib.sha256()
    for file in sorted(_matching(patterns, root) - _matching(without, root)):
        text = file.read_bytes().replace(b"\r\n", b"\n")  # git may have changed them
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()


def _matching(patterns, root):
    return {file for pattern in patterns for file in root.glob(pattern)}


def cpu_model():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
