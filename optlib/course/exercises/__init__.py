"""`check(name, answer)`: instant feedback on an exercise.

An exercise is a tester: a function of the answer that returns None if it is right, and otherwise a hint that fits
the mistake.  The texts stand in the notebooks; the testers of a notebook have a file of their own, with its number.
Answers are numbers, names or functions; text is never executed.
"""

from . import (
    notebook_00,
    notebook_01,
    notebook_02,
    notebook_03,
    notebook_04,
    notebook_05,
    notebook_06,
    notebook_07,
    notebook_08,
)
from .engine import EXERCISES, Feedback, check, exercise

__all__ = [
    "EXERCISES", "Feedback", "check", "exercise", "notebook_00", "notebook_01", "notebook_02", "notebook_03",
    "notebook_04", "notebook_05", "notebook_06", "notebook_07", "notebook_08",
]  # fmt: skip
