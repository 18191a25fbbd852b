"""Record what other libraries' optimizers do.

    python -m tools.elsewhere                          the libraries, and whether each is recorded
    python -m tools.elsewhere record [LIBRARY ...]     record those that are not, or have changed
    python -m tools.elsewhere record --remove mindspore   and remove its environment afterwards

Environments lie in build/elsewhere.  A library that fails says so, and the others go on.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import LIBRARIES
from .common import SEQUENCES, STEPS, write

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT / "data" / "elsewhere"
BUILD = ROOT / "build" / "elsewhere"
SHARED = ("common", "torch_api", "keras_api", "tiled")


def digest(name):
    """Of what decides a library's file: its pinned packages, its adapter and the modules that this uses."""
    adapter = (HERE / "libraries" / f"{name}.py").read_bytes()
    parts = [repr(LIBRARIES[name]).encode(), adapter]
    parts += [(HERE / f"{each}.py").read_bytes() for each in SHARED if each == "common" or each.encode() in adapter]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def stored(name):
    """A library's file, or None."""
    file = DATA / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def is_current(name):
    file = stored(name)
    return file is not None and file["digest"] == digest(name)


def interpreter(wanted):
    """A Python of that version: this one, one of pyenv's, or one on the path."""
    if wanted == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(pyenv.glob(f"{wanted}.*/bin/python"))
    chosen = str(installed[-1]) if installed else shutil.which(f"python{wanted}")
    if chosen is None:
        raise RuntimeError(f"Python {wanted} is needed and not to be found")
    return chosen


def course_packages(wanted):
    """The folder of the course's own packages, for an environment of the same Python."""
    python = ROOT / ".venv" / "bin" / "python"
    command = "import site, sys; print('%d.%d' % sys.version_info[:2], site.getsitepackages()[0])"
    version, folder = subprocess.run([python, "-c", command], check=True, capture_output=True, text=True).stdout.split()
    if version != wanted:
        raise RuntimeError(f"the course's environment has Python {version}, and {wanted} is needed")
    return folder


def environment(name):
    """The Python of a library's environment, which is made if it is not there."""
    library = LIBRARIES[name]
    folder = BUILD / (library.environment or name)
    python = folder / "bin" / "python"
    mark = folder / f"ready-{hashlib.sha256(repr(library.requirements).encode()).hexdigest()[:16]}"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([interpreter(library.python), "-m", "venv", folder], check=True)
        if library.course:
            (packages,) = folder.glob("lib/python3.*/site-packages")
            (packages / "course.pth").write_text(course_packages(library.python) + "\n", encoding="utf-8")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *library.options, *library.requirements], check=True)
        mark.touch()
    return python


def record(name):
    library = LIBRARIES[name]
    command = [environment(name), "-m", f"tools.elsewhere.libraries.{name}", DATA / f"{name}.json", digest(name)]
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
    settings["PATH"] = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"  # ninja, for those that compile
    settings["PYTHONPATH"] = str(ROOT)
    # In the environment's folder: some leave files where they run, and beside others each would be a package.
    folder = Path(command[0]).parents[1]
    subprocess.run([*command, *library.requirements], check=True, cwd=folder, env=settings)


def listing():
    for name, library in LIBRARIES.items():
        file = stored(name)
        state = "not recorded" if file is None else f"{len(file['runs'])} runs, {file['version']}, {file['date']}"
        stale = "" if file is None or is_current(name) else "; changed since"
        print(f"{name:22} {library.requirements[0]:26} {state}{stale}")


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.elsewhere", description=__doc__.splitlines()[0])
    parser.add_argument("action", nargs="?", choices=["list", "record"], default="list")
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help="all, if none is named")
    parser.add_argument("--remove", action="store_true", help="remove each environment when its library is recorded")
    arguments = parser.parse_intermixed_args()
    if unknown := [name for name in arguments.libraries if name not in LIBRARIES]:
        parser.error(f"no such library: {', '.join(unknown)}; there are {', '.join(LIBRARIES)}")
    if arguments.action == "list":
        return listing()
    DATA.mkdir(parents=True, exist_ok=True)
    sequences = [{"name": name, **each} for name, each in SEQUENCES.items()]
    write(DATA / "sequences.json", {"steps": STEPS, "drop": "from step 7 the rate is 1/100", "runs": sequences})
    failed = []
    for name in arguments.libraries or LIBRARIES:
        if is_current(name):
            print(f"{name}: recorded already")
            continue
        print(f"{name}:", flush=True)
        try:
            record(name)
        except (subprocess.CalledProcessError, RuntimeError) as error:
            failed.append(name)
            print(f"{name} FAILED: {error}", flush=True)
        if arguments.remove:
            shutil.rmtree(BUILD / (LIBRARIES[name].environment or name), ignore_errors=True)
    if failed:
        sys.exit(f"not recorded: {', '.join(failed)}")


if __name__ == "__main__":
    main()
