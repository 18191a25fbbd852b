"""What holds of the exercises of every notebook: a test file with ``NOTEBOOK``, ``RIGHT`` and ``WRONG`` imports it all.

``NOTEBOOK`` is a number such as "04"; ``RIGHT`` lists (exercise, answer), ``WRONG`` (exercise, answer, its hint).
"""

import inspect
import re

import numpy as np
import pytest

import optlib as ol
from optlib.course.exercises import EXERCISES, check

__all__ = ["pytest_generate_tests", "registry", "test_a_function_is_asked_for_and_must_return",
           "test_ellipsis_and_none", "test_every_exercise_is_here", "test_nothing_breaks_a_tester",
           "test_right_answers_pass", "test_wrong_answers_get_their_own_hint"]  # fmt: skip

# Answers that a tester must survive, whatever it asks for.
ANYTHING = [3, "text", [], {}, np.nan, np.ones(2), lambda *a: a, lambda: None]


@pytest.fixture(autouse=True)
def registry():
    """Takes out again what a test registers."""
    before = set(ol.OPTIMIZERS)
    yield
    for name in set(ol.OPTIMIZERS) - before:
        del ol.OPTIMIZERS[name]


def assert_right(name, answer):
    feedback = check(name, answer)
    assert feedback, repr(feedback)
    assert repr(feedback) == "Right."
    assert "Right." in feedback._repr_mimebundle_()["text/html"]


def assert_hint(name, answer, hint):
    """The answer is wrong, and the hint is the one that fits."""
    feedback = check(name, answer)
    assert not feedback
    assert hint in feedback.hint
    assert "Traceback" not in feedback.hint
    assert repr(feedback).startswith("Not yet: ")


def exercises_of(module):
    return [key for key in EXERCISES if key.startswith(f"{module.NOTEBOOK}.")]


def pytest_generate_tests(metafunc):
    test = metafunc.function
    if test is test_right_answers_pass:
        metafunc.parametrize(("name", "answer"), metafunc.module.RIGHT)
    elif test is test_wrong_answers_get_their_own_hint:
        metafunc.parametrize(("name", "answer", "hint"), metafunc.module.WRONG)
    elif test is test_a_function_is_asked_for_and_must_return:
        functions = {name[:4] for name, answer in metafunc.module.RIGHT if inspect.isfunction(answer)}
        metafunc.parametrize("name", sorted(functions))
    elif test in (test_nothing_breaks_a_tester, test_ellipsis_and_none):
        metafunc.parametrize("name", exercises_of(metafunc.module))
        metafunc.parametrize("answer", [None, ...] if test is test_ellipsis_and_none else ANYTHING)


def test_every_exercise_is_here(request):
    """Three or more are registered in order, with a title and an explanation."""
    keys = exercises_of(request.module)
    assert keys == [f"{request.module.NOTEBOOK}.{i}" for i in range(1, max(len(keys), 3) + 1)]
    for title, tester in map(EXERCISES.get, keys):
        assert title
        assert tester.__doc__


def test_right_answers_pass(name, answer):
    assert_right(name, answer)


def test_wrong_answers_get_their_own_hint(name, answer, hint):
    assert_hint(name, answer, hint)


def test_ellipsis_and_none(name, answer):
    assert_hint(name, answer, "put your own")


def test_a_function_is_asked_for_and_must_return(name):
    signature = EXERCISES[name][1].__doc__.partition(")")[0] + ")"
    function = signature.partition("(")[0]
    wanted = f"hand in the function itself, {function}, not its result: {signature} is what will be called."
    assert check(name, 3.0).hint == check(name, [1, 2]).hint == check(name, np.ones(3)).hint == wanted
    assert re.search("returned None|, not None", check(name, lambda *a: None).hint)


def test_nothing_breaks_a_tester(name, answer):
    """The answer is wrong, and some hint says why."""
    feedback = check(name, answer)
    assert not feedback
    assert len(feedback.hint) > 10
