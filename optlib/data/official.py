"""Data sets as their makers publish them: where the files are looked for, and what is said where they are not."""

import dataclasses
import hashlib
import os
import shlex
import zlib
from pathlib import Path

from .. import checks
from . import sprites
from .archive import some_in

_noted = set()  # titles of which the reader was told that the subset is used


@dataclasses.dataclass(frozen=True)
class Official:
    """A data set that is not bundled, or not all of it."""

    name: str  # of its loader in `optlib.data`
    title: str  # its name in messages
    folders: tuple  # where its files may lie in a folder of data; the first is where the download puts them
    archives: tuple = ()  # each an `Archive`
    loose: tuple = ()  # each a `File`, where there is no archive to download
    advice: str = ""  # how to get these
    subset: sprites.Subset | None = None  # the bundled part of it
    others: dict = dataclasses.field(default_factory=dict)  # folder of another archive -> what that holds; not read
    rivals: dict = dataclasses.field(default_factory=dict)  # SHA-256 of the last file -> another set with such names

    @property
    def files(self):
        """All files, of all archives."""
        return (*self.loose, *(file for archive in self.archives for file in archive.files))

    @property
    def command(self):
        """What the reader types to download it."""
        return f"python -m optlib.data download {self.name.replace('_', '-')}"

    @property
    def megabytes(self):
        """Of the download."""
        return f"{sum(archive.packed.size for archive in self.archives) / 1e6:,.0f} MB"

    def images(self, read, train, root, full):
        """What ``read(folder, train)`` gives of the full set, or the bundled subset; see `optlib.data.cifar10`."""
        checks.flag(self.name, "train", train)
        if full is not None and not checks.flag(self.name, "full", full):
            return self._few(read, train, root)
        folder = self.find(root)
        if folder is None and (full or root is not None or self.subset is None):
            raise self.missing(root)
        if folder is not None:
            return self._all(read, folder, train)
        few = self._few(read, train, root)
        self._note_once()
        return few

    def _all(self, read, folder, train):
        if whose := self.rival_in(folder):
            raise OSError(f"{self.name}: {whose}; the files of {self.title} must lie in another folder")
        for file in self.files:  # refuse an incomplete set, even if the files needed here are complete
            file.check_size(folder / file.name, self.remedy(folder))
        return read(folder, train)

    def _few(self, read, train, root):
        folder = self.subset.find(self.bases(root))
        if folder is not None:
            return self.subset.read(folder, train)[:2]
        folder = self.find(root)
        if folder is None:
            raise FileNotFoundError(
                f"{self.name}: neither {self.title} nor its bundled subset ({self.subset.folder}, part of the course's "
                f"repository) is in {self._searched(root)}; get all images ({self.megabytes}) with: {self.command}, or "
                "set OPTLIB_DATA to their folder"
            )
        images, labels = self._all(read, folder, train)
        index = self.subset.chosen(labels, train)
        return images[index], labels[index]

    def find(self, root=None):
        """The first folder that holds any of the files, complete or not, or None.

        ``root`` is searched, if given, as `optlib.data.cifar10` says.  Where other sets have files of the same names,
        a folder that only OPTLIB_DATA names must be called as the set is, or hold its last file.
        """
        for base in self.bases(root):
            own = not self.rivals or root is not None or base.name in self.folders
            own = own or self._last_in(base) == self.files[-1].checksum
            for place in ("",) * own + self.folders:
                if some_in(self.files, base / place):
                    return base / place
        return None

    def bases(self, root=None):
        """The folders in which data is searched for, in this order.

        Raises
        ------
        TypeError, FileNotFoundError, NotADirectoryError
            If ``root`` is given and is no folder.
        """
        if root is not None:
            if not isinstance(root, (str, os.PathLike)) or not os.fspath(root):
                raise TypeError(f"{self.name}: root={root!r} must be the path of a folder")
            root = self._expanded("root", root)
            if not root.exists():
                raise FileNotFoundError(f"{self.name}: root={str(root)!r} does not exist; it must be a folder")
            if not root.is_dir():
                raise NotADirectoryError(
                    f"{self.name}: root={str(root)!r} is a file; {self._other([root])}it must be the folder of "
                    f"{', '.join(file.name for file in self.files)}"
                )
            return [root]
        named = os.environ.get("OPTLIB_DATA")
        here = Path.cwd()
        upward = [folder / "data" for folder in (*Path(__file__).resolve().parents[2:], here, *here.parents)]
        return ([self._expanded("OPTLIB_DATA", named)] if named else []) + upward

    def destination(self, root=None):
        """The folder for the download, in which `find` looks."""
        if root is not None:
            return self._expanded("root", root)
        named = os.environ.get("OPTLIB_DATA")
        if named:
            return self._expanded("OPTLIB_DATA", named) / self.folders[0]
        course = sprites.CIFAR10.find(self.bases())  # it lies in the course's folder of data
        return (course.parent if course else Path.cwd() / "data") / self.folders[0]

    def remedy(self, folder):
        """What to do about a damaged file, in words."""
        return f"replace it with: {self.command} --root {shlex.quote(str(folder))}" if self.archives else self.advice

    def missing(self, root=None):
        """The error for files that are not there."""
        get = f"get it ({self.megabytes}) with: {self.command}"
        get += "" if root is None else f" --root {shlex.quote(str(root))}"
        return FileNotFoundError(
            f"{self.name}: the full {self.title} is not in {self._searched(root)}; "
            f"{self._other(self.bases(root))}{get if self.archives else self.advice}"
        )

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

    def rival_in(self, folder):
        """What lies in the folder in words, where that is another set with the same names; otherwise ""."""
        title = self.rivals.get(self._last_in(folder))
        return f"{folder} holds {title}" if title else ""

    def _last_in(self, folder):
        """The SHA-256 of the last file, by which sets with the same names are told apart."""
        path = Path(folder) / self.files[-1].name
        return hashlib.sha256(path.read_bytes()).hexdigest() if self.rivals and path.is_file() else None

    def _expanded(self, name, path):
        """The path with its ``~`` replaced."""
        try:
            return Path(path).expanduser()
        except RuntimeError:
            raise FileNotFoundError(
                f"{self.name}: {name}={str(path)!r}: the home folder behind ~ is not known here; write it in full"
            ) from None

    def _other(self, places):
        """What lies at or in these places in place of the files, in words and with what to do; or ""."""
        main = self.folders[0]
        inner = [path for place in places for path in (*place.glob(f"{main}*"), *place.glob(f"{main}*/{main}*"))]
        paths = [*places, *sorted(inner)]
        for archive in self.archives:
            for path in (path for at in paths for path in (at, at / archive.packed.name)):
                if path.name == archive.packed.name and path.is_file():
                    source = path if len(self.archives) == 1 else path.parent
                    return f"{path} is to be unpacked: {self.command} --archive {shlex.quote(str(source))}; or "
        return next((f"{other}; " for path in paths if (other := self.other_at(path))), "")

    def _searched(self, root):
        if root is not None:
            return str(root)
        named = os.environ.get("OPTLIB_DATA")
        starts = dict.fromkeys((Path(__file__).resolve().parents[2], Path.cwd()))
        default = f"data/{self.folders[0]} of {' or of '.join(map(str, starts))} or of a folder above"
        return (f"OPTLIB_DATA={named} or in " if named else "") + default

    @property
    def note(self):
        """The line that says that the subset is used."""
        return f"{self.title}: using {self.subset.described}. The full set ({self.megabytes}): {self.command}"

    def _note_once(self):
        # Print, do not warn: nothing is wrong, and a notebook shows it as plain text.
        if self.title in _noted:
            return
        _noted.add(self.title)
        named = os.environ.get("OPTLIB_DATA")
        other = self._other([self._expanded("OPTLIB_DATA", named)]) if named else ""
        print(self.note + (f" ({other}they are not in OPTLIB_DATA={named})" if named else ""))


def check_labels(labels, classes, path, first=0):
    """OSError for labels beyond the classes; ``first`` is what label 0 is in the file."""
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise OSError(f"{path} has the label {wrong[0] + first}; labels are {first} to {classes - 1 + first}")
