"""Files known by name, size and SHA-256; a file from elsewhere is read only if all three agree."""

import dataclasses
import hashlib
import zlib
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class File:
    """A file known to the last byte."""

    name: str
    size: int
    sha256: str

    def read(self, folder, remedy=""):
        """The bytes of the file in ``folder``; refused as in `check`."""
        path = Path(folder) / self.name
        self.check_size(path, remedy)
        data = path.read_bytes()
        self._compare(path, hashlib.sha256(data), remedy)
        return data

    def check(self, path, remedy=""):
        """Refuse the file at ``path`` unless size and SHA-256 are right.

        Raises
        ------
        FileNotFoundError, OSError
            Naming the file and what is wrong; ``remedy`` ends the message.
        """
        self.check_size(path, remedy)
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):  # an archive need not fit into memory
                digest.update(block)
        self._compare(path, digest, remedy)

    def check_size(self, path, remedy=""):
        """As `check`, without reading the file."""
        if not Path(path).is_file():
            raise FileNotFoundError(_message(f"{path} is missing", remedy))
        size = Path(path).stat().st_size
        if size != self.size:
            kind = "truncated" if size < self.size else "too long"
            raise OSError(_message(f"{path} is {kind}: it has {size:,} bytes, not {self.size:,}", remedy))

    def _compare(self, path, digest, remedy):
        if digest.hexdigest() != self.sha256:
            problem = f"{path} is damaged: its SHA-256 is {digest.hexdigest()}, not {self.sha256}"
            raise OSError(_message(problem, remedy))


@dataclasses.dataclass(frozen=True)
class Archive:
    """A ``.tar.gz`` at an address, and the files in it that are wanted.

    Attributes
    ----------
    title : str
        Its name in messages.
    url : str
    packed : File
        The archive itself.
    inside : str
        The folder in the archive that holds the files.
    files : tuple of File
    others : dict of folder -> text, optional
        What the same data are called in other archives, by the folder in these; none of them is read.
    """

    title: str
    url: str
    packed: File
    inside: str
    files: tuple
    others: dict = dataclasses.field(default_factory=dict)

    def some_in(self, folder):
        """Whether any of the files is in ``folder``, complete or not."""
        return any((Path(folder) / file.name).is_file() for file in self.files)

    def other_at(self, path):
        """What is at ``path`` in words, where that is one of the `others`: its folder, or an archive; otherwise ""."""
        import tarfile  # only where data are missing

        path = Path(path)
        folder = path.resolve().name
        if path.is_file():
            try:
                with tarfile.open(path) as tar:
                    folder = (tar.next() or tarfile.TarInfo()).name.removeprefix("./").partition("/")[0]
            except (OSError, EOFError, tarfile.TarError, zlib.error):
                return ""
        return f"{path} is {self.others[folder]}" if folder in self.others and path.exists() else ""


def _message(problem, remedy):
    return f"{problem}; {remedy}" if remedy else problem
