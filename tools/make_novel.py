"""Make `optlib/data/files/novel/pride_and_prejudice.txt.bz2` from Debian's package of six novels by Jane Austen.

    apt-get download r-cran-janeaustenr
    dpkg -x r-cran-janeaustenr_1.0.0-1_all.deb somewhere
    python tools/make_novel.py somewhere/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb

The source is refused unless its SHA-256 is the one below.  The text is written as it is, each line ending with a line
feed.  Written only if the text would change: another version of bzip2 may pack it into other bytes.
"""

import argparse
import bz2
import hashlib
import pathlib
import re
import struct
import zlib

from optlib.checks import replacing

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = ROOT / "optlib" / "data" / "files" / "novel" / "pride_and_prejudice.txt.bz2"
SOURCE_SHA256 = "8fb5198960d0da724b1562f96e4221e5c1b41ff455000280b02c55980c3d8f21"
TITLE = b"PRIDE AND PREJUDICE"
STRING = re.compile(rb"\x00\x04\x00\x09(....)", re.S)  # how R stores one: flags, and the length before the bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path, help="Rdata.rdb of the R package janeaustenr")
    parser.add_argument("--out", type=pathlib.Path, default=RESULT, help="file to write (default: in the package)")
    arguments = parser.parse_args()
    store = arguments.source.read_bytes()
    digest = hashlib.sha256(store).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{arguments.source}: its SHA-256 is {digest}, expected {SOURCE_SHA256}")
    text = b"".join(line + b"\n" for line in lines(store, TITLE))
    if arguments.out.exists() and bz2.decompress(arguments.out.read_bytes()) == text:
        print(f"{arguments.out.name} has this text already; nothing written")
    else:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(arguments.out) as part:
            part.write_bytes(bz2.compress(text))
        print(f"{arguments.out.name} written")
    packed = arguments.out.read_bytes()
    print(f"{len(text):,} bytes of text; NOVEL in optlib/data/text.py: {len(packed)} bytes, SHA-256 "
          f"{hashlib.sha256(packed).hexdigest()}")  # fmt: skip


def lines(store, title):
    """The lines of the novel that begins with ``title``; the store is a chain of zlib streams, a novel in each."""
    at = 0
    while at < len(store):
        stream = zlib.decompressobj()
        block = stream.decompress(store[at + 4 :])  # the first four bytes are a length
        at = len(store) - len(stream.unused_data)
        text = []
        for match in STRING.finditer(block):
            length = struct.unpack(">i", match[1])[0]
            if 0 <= length < 2_000:  # no line is longer; other bytes may look like the flags of a string
                text.append(block[match.end() : match.end() + length])
        if text[:1] == [title]:
            return text
    raise SystemExit(f"there is no novel {title.decode()} in the store")


if __name__ == "__main__":
    main()
