"""What the tests of the exercises of several notebooks have in common."""

import numpy as np
import pytest

import optlib as ol
from optlib.course.exercises import EXERCISES, check

# Answers that a tester must survive, whatever it asks for.
ANYTHING = [None, ..., 3, "text", [], {}, np.nan, np.ones(2), lambda *a: a, lambda: None]


@pytest.fixture
def registry():
    """Takes out again what a test registers."""
    before = set(ol.OPTIMIZERS)
    yield
    for name in set(ol.OPTIMIZERS) - before:
        del ol.OPTIMIZERS[name]


def assert_all_are_here(notebook, count=5):
    """The exercises of a notebook, such as "04", are registered in order, with a title and an explanation."""
    keys = [key for key in EXERCISES if key.startswith(f"{notebook}.")]
    assert keys == [f"{notebook}.{i}" for i in range(1, count + 1)]
    for key in keys:
        assert EXERCISES[key][0]
        assert EXERCISES[key][1].__doc__


def assert_right(name, answer):
    feedback = check(name, answer)
    assert feedback, repr(feedback)


def assert_hint(name, answer, hint):
    """The answer is wrong, and the hint is the one that fits."""
    feedback = check(name, answer)
    assert not feedback
    assert hint in feedback.hint
    assert "Traceback" not in feedback.hint


def assert_survives(name, answer):
    """The answer is wrong, and some hint says why."""
    feedback = check(name, answer)
    assert not feedback
    assert len(feedback.hint) > 10
