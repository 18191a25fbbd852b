"""Text as integers, for models of language: a bundled novel by characters, the Penn Treebank by words."""

import bz2

import numpy as np

from .. import checks
from . import sprites
from .archive import File

NOVEL = File("pride_and_prejudice.txt.bz2", 175_938, "1a61125f577ec1622ea0c06567a03d97e8e893c8e5254735ce6aefff590bea42")
TRAIN_SHARE = 0.9


def novel(train=True):
    """Jane Austen's *Pride and Prejudice*, by characters.

    >>> codes, vocabulary = ol.data.novel()
    >>> "".join(vocabulary[code] for code in codes[:19])
    'PRIDE AND PREJUDICE'

    The text is as it was typed: capitals, punctuation, line breaks at 70 characters or so, and underscores around words
    in italics.  Nothing is replaced: its 75 characters are all in the first part, the rarest (a ``Z``) five times.

    Parameters
    ----------
    train : bool
        True: the first 90 % of the text, 616,291 characters.  False: the rest, 68,477.

    Returns
    -------
    codes : int64 array (n,)
        Each character's position in the vocabulary.
    vocabulary : tuple of str
        The characters of the entire text by their Unicode numbers, the same for both parts.

    Raises
    ------
    OSError
        If the file in the package is damaged; its SHA-256 is compared.
    TypeError
        If ``train`` is not True or False.

    Source: J. Austen (1813), in the public domain; the text of J. Silge's R package janeaustenr 1.0.0, from Project
    Gutenberg.
    """
    checks.flag("novel", "train", train)
    text = np.frombuffer(bz2.decompress(NOVEL.read(sprites.FILES / "novel", "reinstall the package")), np.uint8)
    used = np.bincount(text, minlength=256) > 0  # the text is ASCII: a byte is a character
    cut = int(TRAIN_SHARE * len(text))
    codes = (used.cumsum() - 1)[text[:cut] if train else text[cut:]]
    return codes, tuple(map(chr, np.flatnonzero(used)))
