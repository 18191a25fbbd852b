"""Fetch archives and unpack the wanted files; a file under its final name is always complete.

Each file is written under a temporary name, compared with its size and SHA-256, and then renamed.  The ``.part`` of an
archive stays when the connection breaks or the reader presses Ctrl-C, and the next call continues it.
"""

import contextlib
import gzip
import http.client
import os
import shutil
import ssl
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from ..checks import naming_full_disk, replacing
from .archive import some_in
from .progress import megabytes, progress_bar, say

ATTEMPTS = 5  # in a row without a new byte
TIMEOUT = 30  # seconds without a byte
BLOCK = 1 << 18
AGAIN = "the same command continues the download"
NETWORK = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
TEMPORARY = {408, 425, 429, 500, 502, 503, 504}  # HTTP errors worth another attempt


def download(official, folder, *, url=None, packed=None, keep=False):
    """Bring the files of a set into ``folder``; those that are there and complete are left alone.

    The help of the command (`optlib.data.__main__`) explains ``url``, ``packed`` and ``keep``.  An archive that was
    there before always stays.  An OSError names the file and what is wrong with it.
    """
    folder, several = Path(folder), len(official.archives) > 1
    if whose := official.rival_in(folder):
        raise OSError(f"{whose}; the files of {official.title} must lie in another folder")
    if packed is not None and (other := official.other_at(packed)):
        archive = official.archives[0]
        raise OSError(f"{other}; the archive must be {archive.packed.name}, from {url or archive.url}")
    if packed is not None and several and not Path(packed).is_dir():
        names = ", ".join(archive.packed.name for archive in official.archives)
        raise OSError(f"{packed} must be the folder of {names}")
    for archive in official.archives:
        name = archive.packed.name
        address = (f"{url.rstrip('/')}/{name}" if several else url) if url else archive.url
        copy = packed and (Path(packed) / name if Path(packed).is_dir() else Path(packed))
        _bring(archive, folder, address, copy, keep)


def _bring(archive, folder, url, packed, keep):
    """One archive of a set."""
    if some_in(archive.files, folder):
        right = [_is_right(file, folder) for file in archive.files]  # all are looked at, so that all faults are said
        if all(right):
            return
    folder.mkdir(parents=True, exist_ok=True)
    keep = keep or packed is not None or (folder / archive.packed.name).is_file()
    if packed is None:
        packed = fetch(archive.packed, url, folder)
    else:
        archive.packed.check(packed)
    extract(packed, archive, folder)
    if not keep:
        packed.unlink()


def _is_right(file, folder):
    """Whether the file in ``folder`` is right; if not, say what is wrong with it."""
    try:
        file.check(folder / file.name)
    except OSError as error:
        say(f"{error}; replacing it")
        return False
    return True


def fetch(file, url, folder):
    """The path of ``file`` in ``folder``, fetched from ``url`` unless it is there already."""
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"url={url!r} must begin with https:// or http://")
    final, part = folder / file.name, folder / f"{file.name}.part"
    if final.is_file() and _is_right(file, folder):
        return final
    if _size(part) > file.size:
        part.unlink()
    if part.is_file():
        say(f"continuing {part.name} after {megabytes(_size(part))} of {megabytes(file.size)}")
    with progress_bar(file.size, file.name, _size(part), unit="B") as bar, naming_full_disk(part):
        _persist(file, url, part, bar)
    try:
        file.check(part)
    except OSError as error:
        part.unlink()
        raise OSError(f"{url} did not send the official {file.name}, and it was removed: {error}") from None
    os.replace(part, final)
    return final


def _persist(file, url, part, bar):
    """Fetch until ``part`` has all bytes; reconnect as long as that brings new ones."""
    failures, most = 0, _size(part)
    while _size(part) < file.size:
        try:
            _receive(file, url, part, bar)
        except NETWORK as error:
            failures = 1 if _size(part) > most else failures + 1
            most = max(most, _size(part))
            reason = getattr(error, "reason", error)
            reason = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            if isinstance(error, urllib.error.HTTPError):
                error.close()
                if error.code not in TEMPORARY:
                    raise OSError(f"{url} answers {error.code} {reason}") from None
            if failures == ATTEMPTS:
                raise OSError(
                    f"{url}: {reason}; tried {ATTEMPTS} times.  {megabytes(_size(part))} of {megabytes(file.size)} are "
                    f"in {part}: {AGAIN}.  Or get {file.name} another way and name it with --archive"
                ) from None
            wait = 2 ** (failures - 1)
            say(f"{reason}; trying again in {wait} s")
            time.sleep(wait)


def _receive(file, url, part, bar):
    """One request: for what ``part`` lacks, and for the whole file where the server cannot send a range of it."""
    start = _size(part)
    headers = {"User-Agent": "optlib", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
        if response.status == 206:
            right = response.headers["Content-Range"] == f"bytes {start}-{file.size - 1}/{file.size}"
        else:
            start, right = 0, response.headers["Content-Length"] == str(file.size)
        if not right:  # such as the login page of a network
            raise OSError(f"{url} sends something else than the {file.size:,} bytes of the official {file.name}")
        bar.update(start - bar.n)
        with open(part, "r+b" if part.exists() else "wb") as out:
            out.seek(start)  # no truncation: should this attempt break too, what was there is not lost
            while block := response.read1(BLOCK):
                out.write(block)
                bar.update(len(block))
    if _size(part) < file.size:
        raise ConnectionError("the connection was closed too early")


def extract(path, archive, folder):
    """Unpack the wanted files of the archive at ``path``, all or none; no name in it is used as a path."""
    wanted = {file.name: file for file in archive.files}
    try:
        with contextlib.ExitStack() as finished:
            for name, source in _members(path, archive):
                file = wanted.pop(name, None)
                if file:
                    part = finished.enter_context(replacing(Path(folder) / file.name))
                    with source() as packed, open(part, "wb") as out:
                        shutil.copyfileobj(packed, out, BLOCK)
                    file.check(part)
            if wanted:
                raise OSError(f"{path} lacks {', '.join(wanted)}")
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise OSError(f"{path} is damaged: {error}") from None


def _members(path, archive):
    """Name in the archive's folder of each file in it, and a function that opens it."""
    if archive.inside is None:
        yield archive.files[0].name, lambda: gzip.open(path)
        return
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            folder, _, name = member.name.rpartition("/")
            if member.isreg() and folder == archive.inside:
                yield name, lambda member=member: tar.extractfile(member)


def _size(path):
    return path.stat().st_size if path.is_file() else 0
