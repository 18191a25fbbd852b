"""``python -m optlib.data download cifar10``: the full CIFAR-10, fetched, checked, put where the loader looks."""

import argparse
import os
import sys
from pathlib import Path

from . import cifar
from .download import AGAIN, download

INTERRUPTED = 130  # as a shell calls what Ctrl-C ended


def main(arguments=None):
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    archive = cifar.CIFAR10
    try:
        folder = _folder(options.root)
        print(f"{archive.title} -> {folder}", flush=True)
        download(archive, folder, url=options.url, packed=options.archive, keep=options.keep_archive, say=_say)
    except KeyboardInterrupt:
        print(f"\nstopped; {AGAIN}", file=sys.stderr)
        return INTERRUPTED
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror and not error.filename else str(error)
        print(f"error: {said}", file=sys.stderr)
        return 1
    print(f"{archive.title} is whole: {len(archive.files)} files in {folder}, every SHA-256 as it must be", flush=True)
    found = cifar.find()
    if not (found and os.path.samefile(found, folder)):
        print(f"ol.data.cifar10 does not look there by itself: use root={os.fspath(folder)!r} or set OPTLIB_DATA to it")
    return 0


def _folder(root):
    """Where the files are or shall be."""
    if root is not None and not root.exists():
        return root.absolute()
    return (cifar.find(root) or cifar.destination(root)).absolute()


def _say(line):
    print(line, file=sys.stderr, flush=True)


def _parser():
    parser = argparse.ArgumentParser(prog="python -m optlib.data", description="Get the data that is not bundled.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    get = commands.add_parser(
        "download",
        help="get a data set",
        description="Get a data set from its official address, check it, unpack it.  Interrupted, it goes on where it "
        "stopped; where the files are there already, it checks them and fetches only if one is broken.",
    )
    get.add_argument("name", choices=["cifar10"], metavar="NAME", help="cifar10 (170 MB, unpacked 184 MB)")
    get.add_argument("--root", type=Path, help="folder for the files (default: $OPTLIB_DATA/cifar-10 or data/cifar-10)")
    get.add_argument("--url", help="another address of the same archive; its checksums must be the official ones")
    get.add_argument("--archive", type=Path, metavar="FILE", help="unpack this copy of the archive, fetch nothing")
    get.add_argument("--keep-archive", action="store_true", help="do not remove the archive after unpacking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
