"""``python -m optlib.data download cifar10``: fetch the full CIFAR-10, check it, put it where the loader looks."""

import argparse
import os
import sys
from pathlib import Path

from . import cifar
from .download import AGAIN, download

INTERRUPTED = 130  # exit status of shells after Ctrl-C


def main(arguments=None):
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    archive = cifar.CIFAR10
    try:
        folder = _folder(options.root)
        print(f"{archive.title} -> {folder}", flush=True)
        download(archive, folder, url=options.url, packed=options.archive, keep=options.keep_archive)
    except KeyboardInterrupt:
        print(f"\nstopped; {AGAIN}", file=sys.stderr)
        return INTERRUPTED
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{archive.title} is complete: {len(archive.files)} files in {folder}, all checksums right", flush=True)
    default = cifar.find()
    if not (default and os.path.samefile(default, folder)):
        print(f"ol.data.cifar10 does not look there by itself: use root={os.fspath(folder)!r} or set OPTLIB_DATA to it")
    return 0


def _folder(root):
    """Where the files are or will be."""
    target = cifar.destination(root)
    if root is not None and not target.exists():
        return target.absolute()
    return (cifar.find(root) or target).absolute()


def _parser():
    parser = argparse.ArgumentParser(prog="python -m optlib.data", description="Get the data that is not bundled.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    get = commands.add_parser(
        "download",
        help="get a data set",
        description="Fetch a data set from its official address, check and unpack it.  After an interruption it "
        "continues; files that are there already are checked, and fetched again only if one is damaged.",
    )
    get.add_argument("name", choices=["cifar10"], metavar="NAME", help="cifar10 (170 MB, unpacked 184 MB)")
    get.add_argument("--root", type=Path, help="folder for the files (default: $OPTLIB_DATA/cifar-10 or data/cifar-10)")
    get.add_argument("--url", help="another address of the same archive; the checksums stay the official ones")
    get.add_argument("--archive", type=Path, metavar="FILE", help="unpack this copy of the archive, fetch nothing")
    get.add_argument("--keep-archive", action="store_true", help="do not remove the archive after unpacking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
