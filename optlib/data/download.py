"""Get an archive and take the wanted files out of it, so that a file under its own name is always whole.

Everything is first written to a name that ends in ``.part``, compared with its size and SHA-256, and only then renamed.
A ``.part`` of the archive stays when the connection breaks or the reader presses Ctrl-C, and the next call goes on
where it ends.
"""

import contextlib
import errno
import hashlib
import http.client
import os
import re
import shutil
import ssl
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path, PurePosixPath

from .progress import Progress, megabytes

ATTEMPTS = 5  # without a byte of progress between them
TIMEOUT = 30  # seconds without a byte
BLOCK = 1 << 18
FULL = (errno.ENOSPC, errno.EDQUOT)
AGAIN = "the same command goes on from there"
PASSING = {408, 425, 429, 500, 502, 503, 504}  # HTTP errors that may be gone a little later


def download(archive, folder, *, url=None, packed=None, keep=False, progress=Progress, say=print):
    """Bring the files of an `Archive` into ``folder``.

    Parameters
    ----------
    archive : Archive
    folder : path
        Made if it is not there.
    url : str, optional
        Another address of the same archive; the checksums stay the same.
    packed : path, optional
        The archive where it was got in another way; then nothing is fetched.
    keep : bool
        Whether a fetched archive stays after its files have been taken out.  One that was there already always does.
    progress : class like `Progress`
    say : callable
        For lines of text.

    Raises
    ------
    OSError
        Naming the file and what is wrong with it.  What has been fetched stays, as ``.part``, unless it is wrong.
    """
    folder = Path(folder)
    if _whole(archive, folder, say):
        return
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; the files need a folder")
    folder.mkdir(parents=True, exist_ok=True)
    _leave_room(archive, folder, fetched=packed is not None)
    keep = keep or packed is not None or (folder / archive.packed.name).is_file()  # what was there is not ours
    if packed is None:
        path = fetch(archive.packed, url or archive.url, folder, progress, say)
    else:
        path = Path(packed)
        archive.packed.check(path)
    with _disk_full(lambda: f"unpacking into {folder} is to be done again"):
        extract(path, archive, folder)
    if not keep:
        path.unlink()


def fetch(file, url, folder, progress=Progress, say=print):
    """The path of ``file``, fetched from ``url`` unless it is in ``folder`` already."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"url={url!r} must begin with https:// or http://")
    final, part = Path(folder) / file.name, Path(folder) / f"{file.name}.part"
    if final.is_file():
        try:
            file.check(final)
            return final
        except OSError as error:
            say(f"{error}; getting it anew")
    if _size(part) > file.size:
        part.unlink()
    start = _size(part)
    if start:
        say(f"{part.name} has {megabytes(start)} of {megabytes(file.size)} already; going on from there")
    held = lambda: f"{megabytes(_size(part))} are in {part}: {AGAIN}"
    with progress(file.name, file.size, start) as report, _disk_full(held):
        _persist(file, url, part, report)
    try:
        file.check(part)
    except OSError:
        part.unlink()
        raise OSError(
            f"what {url} sent is not the official {file.name}: its SHA-256 is another one.  It has been removed; "
            "run the command again, or name another address with --url"
        ) from None
    os.replace(part, final)
    return final


def _persist(file, url, part, report):
    """Fetch until ``part`` has all its bytes; a broken connection is taken up again, as long as that gets further."""
    failures, best = 0, _size(part)
    while _size(part) < file.size:
        why = "the connection was closed too early"
        try:
            _receive(file, url, part, report)
        except urllib.error.HTTPError as error:
            error.close()
            why = f"it answers {error.code} {error.reason}"
            if error.code not in PASSING:
                raise OSError(f"{url}: {why}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(error, _Refused):
                raise
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise OSError(f"{url}: its certificate was not accepted ({reason.verify_message})") from None
            if getattr(error, "errno", None) in FULL or getattr(error, "filename", None):  # our file, not the network
                raise
            why = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        failures = 1 if _size(part) > best else failures + 1
        best = max(best, _size(part))
        if best == file.size:
            return
        if failures >= ATTEMPTS:
            held = f"  {megabytes(_size(part))} of {megabytes(file.size)} are in {part}: {AGAIN}." if best else ""
            raise OSError(
                f"{url}: {why}; tried {ATTEMPTS} times.{held}  Or get {file.name} in another way and name it with "
                "--archive"
            )
        wait = min(2 ** (failures - 1), 10)
        report.say(f"{why}; trying again in {wait} s")
        time.sleep(wait)


def _receive(file, url, part, report):
    """One request: what ``part`` lacks, or all of it where the server cannot send a part of a file."""
    have = _size(part)
    headers = {"User-Agent": "optlib", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as answer:
        if answer.headers.get_content_type() == "text/html":
            raise _Refused(f"{url} sent a web page instead of a file; does this network ask for a login first?")
        length = answer.headers.get("Content-Length")
        total = int(length) if length and length.isdigit() else None
        if answer.status == 206:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
            if not found or int(found[1]) != have:
                raise _Refused(f"{url} sent another part of the file than it was asked for")
            total = None if found[2] == "*" else int(found[2])
        else:
            have = 0
        if total not in (None, file.size):
            raise _Refused(f"{url} has {total:,} bytes, not {file.size:,}: it is not the official {file.name}")
        with open(part, "r+b" if part.exists() else "wb") as out:
            out.seek(have)  # and no truncation: where all is sent again, what was there stays until it is overwritten
            while block := answer.read1(BLOCK):
                have += len(block)
                if have > file.size:
                    raise _Refused(f"{url} sends more than {file.size:,} bytes: it is not the official {file.name}")
                out.write(block)
                report(have)
            out.flush()
            os.fsync(out.fileno())


class _Refused(OSError):
    """The server's answer is wrong, and to ask again would not help."""


def extract(path, archive, folder):
    """Take the wanted files, and only them, out of the archive at ``path``; all or none.

    No name from the archive is ever used as a path: the names are compared with those that are known.
    """
    wanted = {f"{archive.inside}/{file.name}": file for file in archive.files}
    parts = {file.name: Path(folder) / f"{file.name}.part" for file in archive.files}
    try:
        with tarfile.open(path, "r:gz") as opened:
            for member in opened:
                name = PurePosixPath(member.name)
                if name.is_absolute() or ".." in name.parts or "\\" in member.name:
                    raise OSError(f"{path.name} is not to be trusted: it holds a file named {member.name!r}")
                file = wanted.pop(str(name), None)
                if file:
                    _take(opened, member, file, parts[file.name], path)
        if wanted:
            raise OSError(f"{path.name} lacks {', '.join(wanted)}")
        for file in archive.files:
            os.replace(parts[file.name], Path(folder) / file.name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise OSError(f"{path.name} is damaged: {error}") from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _take(opened, member, file, part, path):
    if not member.isreg() or member.size != file.size:
        what = f"has {member.size:,} bytes, not {file.size:,}" if member.isreg() else "is no regular file"
        raise OSError(f"{member.name} in {path.name} {what}")
    digest = hashlib.sha256()
    with opened.extractfile(member) as source, open(part, "wb") as out:
        while block := source.read(BLOCK):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    file.compare(f"{member.name} in {path.name}", digest.hexdigest())


def _whole(archive, folder, say):
    """Whether all files are there as they must be; says which are not."""
    if not archive.some_in(folder):
        return False
    wrong = []
    for file in archive.files:
        try:
            file.check(folder / file.name)
        except OSError as error:
            wrong.append(str(error))
    for line in wrong:
        say(f"{line}; getting it anew")
    return not wrong


def _leave_room(archive, folder, fetched):
    """Refuse before anything is fetched where archive and files cannot both lie on the disk."""
    there = max(_size(folder / archive.packed.name), _size(folder / f"{archive.packed.name}.part"))
    needed = sum(file.size for file in archive.files) + (0 if fetched else max(archive.packed.size - there, 0))
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            errno.ENOSPC, f"{folder} has {megabytes(free)} free; {megabytes(needed)} are needed for {archive.title}"
        )


@contextlib.contextmanager
def _disk_full(what_stays):
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise OSError(error.errno, f"the disk is full; {what_stays()}") from None


def _size(path):
    return path.stat().st_size if path.is_file() else 0
