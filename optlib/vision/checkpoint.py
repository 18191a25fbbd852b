"""Checkpoints: everything that a run needs to go on, written as a whole or not at all."""

import os
import pathlib
import zipfile
import zlib

import torch

FORMAT = 1
PARTS = {"format", "settings", "model", "optimizer", "callbacks", "history"}
FREE = {"device", "threads"}  # settings that may differ when a run goes on


def save(path, **parts):
    """Write a checkpoint under another name first: a run that is cut short leaves the old one whole."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "wb") as file:
        torch.save({"format": FORMAT, **parts}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def load(path):
    """The parts of a checkpoint by name, on the CPU; None where there is no file.

    Raises
    ------
    ValueError
        For a file that is damaged or no checkpoint of `fit`.  No code in it is ever run.
    """
    path = pathlib.Path(path)
    if not path.exists():
        return None
    refuse = lambda why: ValueError(f"fit: checkpoint={str(path)!r} {why}; delete it, or name another file")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # compares checksums, which torch does not
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, zlib.error) as error:
        raise refuse("is damaged, or no checkpoint") from error
    if damaged:
        raise refuse(f"is damaged (in {damaged})")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch has many ways to say that a zip file is none of its own
        raise refuse("was not written by torch, or holds more than numbers") from error
    if not isinstance(saved, dict) or set(saved) != PARTS:
        raise refuse("is no checkpoint of fit")
    if saved["format"] != FORMAT:
        raise refuse(f"has format {saved['format']!r}, and only {FORMAT} can be read")
    return saved


def check_same_run(path, saved, settings):
    """Refuse to go on with a checkpoint of another run, and name everything in which it differs."""
    names = [name for name in {**settings, **saved} if name not in FREE]
    different = [
        f"{name} is {saved.get(name)!r} there and {settings.get(name)!r} here"
        for name in names
        if saved.get(name) != settings.get(name)
    ]
    if different:
        raise ValueError(
            f"fit: checkpoint={str(path)!r} belongs to another run: {'; '.join(different)}.  Name another file, or "
            "delete this one"
        )
