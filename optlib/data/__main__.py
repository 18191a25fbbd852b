"""``python -m optlib.data download cifar10``: fetch a full set, check it, put it where its loader looks."""

import argparse
import os
import sys
from pathlib import Path

from . import cifar, idx, stl
from .download import AGAIN, download

INTERRUPTED = 130  # exit status of shells after Ctrl-C
OFFICIAL = (cifar.CIFAR10, cifar.CIFAR100, idx.FASHION_MNIST, idx.MNIST, stl.STL10)
SETS = {official.name.replace("_", "-"): official for official in OFFICIAL}


def main(arguments=None):
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    official = SETS[options.name]
    try:
        folder = _folder(official, options.root)
        print(f"{official.title} -> {folder}", flush=True)
        download(official, folder, url=options.url, packed=options.archive, keep=options.keep_archive)
    except KeyboardInterrupt:
        print(f"\nstopped; {AGAIN}", file=sys.stderr)
        return INTERRUPTED
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{official.title} is complete: {len(official.files)} files in {folder}, all checksums right", flush=True)
    default = official.find()
    if not (default and os.path.samefile(default, folder)):
        place = f"use root={os.fspath(folder)!r} or set OPTLIB_DATA to it"
        print(f"ol.data.{official.name} does not look there by itself: {place}")
    return 0


def _folder(official, root):
    """Where the files are or will be."""
    target = official.destination(root)
    if root is not None and not target.exists():
        return target.absolute()
    return (official.find(root) or target).absolute()


def _parser():
    parser = argparse.ArgumentParser(prog="python -m optlib.data", description="Get the data that is not bundled.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    get = commands.add_parser(
        "download",
        help="get a data set",
        description="Fetch a data set from its official address, check and unpack it.  After an interruption it "
        "continues; files that are there already are checked, and fetched again only if one is damaged.",
    )
    unpacked = {name: sum(file.size for file in each.files) / 1e6 for name, each in SETS.items()}
    sizes = ", ".join(f"{name} ({each.megabytes}, unpacked {unpacked[name]:,.0f} MB)" for name, each in SETS.items())
    get.add_argument("name", type=lambda name: name.replace("_", "-"), choices=SETS, metavar="NAME", help=sizes)
    get.add_argument("--root", type=Path, help="folder for the files (default, as for cifar10: $OPTLIB_DATA/cifar-10 "
                     "or data/cifar-10)")  # fmt: skip
    get.add_argument("--url", help="another address of the same archive, or of the folder of the set's archives; the "
                     "checksums stay the official ones")  # fmt: skip
    get.add_argument("--archive", type=Path, metavar="FILE", help="unpack this copy of the archive, or the copies in "
                     "this folder, fetch nothing")  # fmt: skip
    get.add_argument("--keep-archive", action="store_true", help="do not remove the archive after unpacking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
