"""Text as integers, for models of language: a bundled novel by characters, the Penn Treebank by words."""

import bz2
import collections
import hashlib
from typing import NamedTuple

import numpy as np

from .. import checks
from . import sprites
from .archive import File
from .official import Official

NOVEL = File("pride_and_prejudice.txt.bz2", 175_938, "1a61125f577ec1622ea0c06567a03d97e8e893c8e5254735ce6aefff590bea42")
TRAIN_SHARE = 0.9
END = "<eos>"  # the end of a sentence, as a word


class Part(NamedTuple):
    """A file of the Penn Treebank: how many words it has, ends of sentences included, and its MD5."""

    name: str
    words: int
    md5: str


# The numbers of words are those of the literature (W. Zaremba et al. 2014, arXiv:1409.2329, and its code); the MD5s are
# torchtext's (0.18.0, datasets/penntreebank.py).
PENN_TREEBANK = Official(
    name="penn_treebank",
    title="Penn Treebank",
    folders=("penn-treebank", "PennTreebank", "simple-examples/data"),  # the last are torchtext's and Mikolov's
    loose=(
        Part("ptb.train.txt", 929_589, "f26c4b92c5fdc7b3f8c7cdcb991d8420"),
        Part("ptb.valid.txt", 73_760, "aa0affc06ff7c36e977d7cd49e3839bf"),
        Part("ptb.test.txt", 82_430, "8b80168b89c18661a38ef683c0dc3721"),
    ),
    advice="its text belongs to the Linguistic Data Consortium (LDC99T42), so that nothing is fetched: put "
    "ptb.train.txt, ptb.valid.txt and ptb.test.txt as T. Mikolov prepared them into $OPTLIB_DATA/penn-treebank or "
    "data/penn-treebank; ol.data.novel() is free and bundled",
)


def novel(train=True):
    """Jane Austen's *Pride and Prejudice*, by characters.

    >>> codes, vocabulary = ol.data.novel()
    >>> "".join(vocabulary[code] for code in codes[:19])
    'PRIDE AND PREJUDICE'

    The text is as it was typed: capitals, punctuation, line breaks at 70 characters or so, and underscores around words
    in italics.  Nothing is replaced: it has 75 characters, the rarest (a ``Z``) five times, and each of them occurs
    in the first part three times or more.

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


def penn_treebank(train=True, root=None):
    """The Penn Treebank as T. Mikolov prepared it, by words, from files of the reader's own.

    News of the Wall Street Journal in small letters, numbers as ``N``, without punctuation.  Only the 10,000 commonest
    words are kept, ``<unk>`` among them, which stands for all others, and ``<eos>``, the end of a sentence.

    Parameters
    ----------
    train : bool
        True: ``ptb.train.txt``, 929,589 words.  False: ``ptb.test.txt``, 82,430.
    root : path, optional
        Folder of the three files, ``ptb.valid.txt`` among them, or a folder with ``penn-treebank``, torchtext's
        ``PennTreebank`` or Mikolov's ``simple-examples/data`` in it.  None: as for `cifar10`.

    Returns
    -------
    codes : int64 array (n,)
        Each word's position in the vocabulary.
    vocabulary : tuple of str
        The 10,000 words of the training part, the commonest first, equally common ones in alphabetical order.

    Raises
    ------
    FileNotFoundError
        If the files are not there; names the places searched, and how to get them.
    OSError
        If a file is missing, truncated, damaged or another version; names it.
    TypeError
        For other arguments.

    Source: M. P. Marcus, B. Santorini, M. A. Marcinkiewicz (1993), Building a Large Annotated Corpus of English: the
    Penn Treebank, Computational Linguistics 19(2); prepared by T. Mikolov, M. Karafiat, L. Burget, J. Cernocky, S.
    Khudanpur (2010), Recurrent Neural Network Based Language Model, Interspeech.
    """
    checks.flag("penn_treebank", "train", train)
    folder = PENN_TREEBANK.find(root)
    if folder is None:
        raise PENN_TREEBANK.missing(root)
    training, _, test = [_words(part, folder) for part in PENN_TREEBANK.loose]  # all three: a set is there or not
    counts = collections.Counter(training)
    vocabulary = tuple(sorted(counts, key=lambda word: (-counts[word], word)))
    position = {word: code for code, word in enumerate(vocabulary)}
    return np.array([position[word] for word in (training if train else test)], np.int64), vocabulary


def _words(part, folder):
    """The words of a file, checked."""
    path = folder / part.name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {PENN_TREEBANK.advice}")
    text = path.read_bytes().replace(b"\r\n", b"\n")  # as git may have changed them
    words = text.replace(b"\n", f" {END} ".encode()).split()
    if len(words) != part.words:
        raise OSError(
            f"{path} has {len(words):,} words, not {part.words:,}: it is truncated or another version; "
            f"{PENN_TREEBANK.advice}"
        )
    md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
    if md5 != part.md5:
        raise OSError(f"{path} is damaged: its MD5 is {md5}, not {part.md5}; {PENN_TREEBANK.advice}")
    return [word.decode() for word in words]
