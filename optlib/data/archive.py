"""What a file from elsewhere must be: its name, its size, its SHA-256.  Nothing else is ever read."""

import dataclasses
import hashlib
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class File:
    """A file that is known to the last byte."""

    name: str
    size: int
    sha256: str

    def read(self, folder, remedy=""):
        """The bytes of the file in ``folder``.

        Raises
        ------
        FileNotFoundError, OSError
            If it is missing, or has another size or another SHA-256.  ``remedy`` closes the message.
        """
        path = Path(folder) / self.name
        self.check_size(path, remedy)
        data = path.read_bytes()
        self.compare(path, hashlib.sha256(data).hexdigest(), remedy)
        return data

    def check(self, path, remedy=""):
        """Refuse the file at ``path``, as `read` does, without holding all of it in memory."""
        self.check_size(path, remedy)
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        self.compare(path, digest.hexdigest(), remedy)

    def check_size(self, path, remedy=""):
        if not Path(path).is_file():
            raise FileNotFoundError(_say(f"{path} is missing", remedy))
        found = Path(path).stat().st_size
        if found != self.size:
            kind = "truncated" if found < self.size else "too long"
            raise OSError(_say(f"{path} is {kind}: it has {found:,} bytes, not {self.size:,}", remedy))

    def compare(self, path, found, remedy=""):
        if found != self.sha256:
            raise OSError(_say(f"{path} is damaged: its SHA-256 is {found}, not {self.sha256}", remedy))


@dataclasses.dataclass(frozen=True)
class Archive:
    """A ``.tar.gz`` at an address, and the files in it that are wanted.

    Attributes
    ----------
    title : str
        As it is called in messages.
    url : str
    packed : File
        The archive itself.
    inside : str
        The folder in the archive in which the files lie.
    files : tuple of File
    """

    title: str
    url: str
    packed: File
    inside: str
    files: tuple

    def some_in(self, folder):
        """Whether any of the files is in ``folder``, whole or not."""
        return any((Path(folder) / file.name).is_file() for file in self.files)


def _say(what, remedy):
    return f"{what}; {remedy}" if remedy else what
