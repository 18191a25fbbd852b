"""Checkpoints: the complete state of a run in one file, which is replaced at once."""

import os
import pathlib
import zipfile
import zlib

import torch

from .. import checks

FORMAT = 1
KEYS = {"format", "settings", "model", "optimizer", "callbacks", "history"}  # and "held", which older ones lack
MAY_DIFFER = {"device", "threads"}  # settings that need not agree when a run is resumed


def save(path, **contents):
    """Write a checkpoint; when that fails or is cut short, the one before it stays as it is."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with checks.replacing(path) as unfinished, open(unfinished, "wb") as file:
        torch.save({"format": FORMAT, **contents}, file)
        file.flush()
        os.fsync(file.fileno())  # the rename must not reach the disk before the data


def load(path):
    """The contents of a checkpoint by name, on the CPU; None if there is no file.

    Raises
    ------
    ValueError
        For a file that is damaged or no checkpoint of `fit`.  Code in the file is never run.
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
    except Exception as error:  # torch raises many kinds of errors for a foreign zip file
        raise refuse("was not written by torch, or contains more than tensors and plain values") from error
    if not isinstance(saved, dict) or set(saved) - {"held"} != KEYS:
        raise refuse("is no checkpoint of fit")
    saved.setdefault("held", [{} for _ in saved["callbacks"]])
    if saved["format"] != FORMAT:
        raise refuse(f"has format {saved['format']!r}, and only {FORMAT} can be read")
    return saved


def check_same_run(path, saved, settings):
    """ValueError unless the settings of a checkpoint are those of this run; every difference is named."""
    differences = [
        f"{name} is {saved.get(name)!r} there and {settings.get(name)!r} here"
        for name in {**settings, **saved}
        if name not in MAY_DIFFER and saved.get(name) != settings.get(name)
    ]
    if differences:
        another = f"belongs to another run: {'; '.join(differences)}.  Name another file, or delete this one"
        raise ValueError(f"fit: checkpoint={str(path)!r} {another}")
