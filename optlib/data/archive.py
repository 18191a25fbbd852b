"""Files known by name, size and checksum, and archives of them; a file from elsewhere is read only if all agree."""

import dataclasses
import hashlib
from pathlib import Path

KINDS = {32: "MD5", 64: "SHA-256"}  # by the number of hexadecimal digits
GZIP = b"\x1f\x8b"  # how such a file begins


@dataclasses.dataclass(frozen=True)
class File:
    """A file known to the last byte: its name, its size in bytes and its SHA-256 in hexadecimal.

    Where only the MD5 is published, ``checksum`` is that, which finds damage but not forgery.
    """

    name: str
    size: int
    checksum: str

    def read(self, folder, remedy=""):
        """The bytes of the file in ``folder``; refused as in `check`."""
        path = Path(folder) / self.name
        self.check_size(path, remedy)
        data = path.read_bytes()
        self._compare(path, [data], remedy)
        return data

    def check(self, path, remedy=""):
        """Refuse the file at ``path`` unless size and checksum are right.

        Raises
        ------
        FileNotFoundError, OSError
            Naming the file and what is wrong; ``remedy`` ends the message.
        """
        self.check_size(path, remedy)
        with open(path, "rb") as file:
            self._compare(path, iter(lambda: file.read(1 << 20), b""), remedy)  # an archive need not fit into memory

    def check_size(self, path, remedy=""):
        """As `check`, without reading the file."""
        if not Path(path).is_file():
            raise FileNotFoundError(_message(f"{path} is missing", remedy))
        size = Path(path).stat().st_size
        if size != self.size:
            with open(path, "rb") as file:
                if file.read(2) == GZIP and not self.name.endswith(".gz"):
                    raise OSError(_message(f"{path} is still packed by gzip", remedy))
            kind = "truncated" if size < self.size else "too long"
            raise OSError(_message(f"{path} is {kind}: it has {size:,} bytes, not {self.size:,}", remedy))

    def _compare(self, path, blocks, remedy):
        kind = KINDS[len(self.checksum)]
        digest = hashlib.new(kind.replace("-", ""), usedforsecurity=False)
        for block in blocks:
            digest.update(block)
        if digest.hexdigest() != self.checksum:
            problem = f"{path} is damaged: its {kind} is {digest.hexdigest()}, not {self.checksum}"
            raise OSError(_message(problem, remedy))


@dataclasses.dataclass(frozen=True)
class Archive:
    """A ``.tar.gz`` at an address and the files in it that are wanted, or a ``.gz`` of a single file.

    ``packed`` is the archive itself, ``inside`` the folder in the ``.tar.gz`` that holds the files; None for a ``.gz``.
    """

    url: str
    packed: File
    files: tuple
    inside: str | None = None


def tarball(url, size, sha256, inside, files):
    """A ``.tar.gz`` that is called as its address ends, with files in the folder ``inside``: (name, size, checksum)."""
    return Archive(url, File(url.rpartition("/")[2], size, sha256), tuple(File(*file) for file in files), inside)


def some_in(files, folder):
    """Whether any of the files is in ``folder``, complete or not."""
    return any((Path(folder) / file.name).is_file() for file in files)


def _message(problem, remedy):
    return f"{problem}; {remedy}" if remedy else problem
