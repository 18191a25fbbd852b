"""What checks an answer: `check`, the register of exercises, and tools for testers."""

import dataclasses
import difflib
import functools
import html
import linecache
import math
import numbers
import pathlib
import sysconfig
import traceback

import numpy as np

from ...optimizers.kinds import is_ours
from ...pictures import theme

EXERCISES = {}  # key, such as "01.1" -> (title, tester)

RIGHT, WRONG = theme.GREEN, theme.VERMILLION


@dataclasses.dataclass(frozen=True)
class Feedback:
    """What `check` returns: true if the answer is right, and the hint if it is not."""

    right: bool
    hint: str = ""

    def __bool__(self):
        return self.right

    def __repr__(self):
        return "Right." if self.right else f"Not yet: {self.hint}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        word, color = ("Right.", RIGHT) if self.right else ("Not yet:", WRONG)
        text = f"<strong>{word}</strong> {html.escape(self.hint)}".strip()
        style = f"border-left:5px solid {color};padding:4px 10px;margin:4px 0"
        return {"text/html": f'<p role="status" style="{style}">{text}</p>', "text/plain": repr(self)}


def check(name, answer):
    """Check the answer to an exercise of the course.

    Parameters
    ----------
    name : str
        Number of the exercise, ``"01.1"``; its title may follow.
    answer : number, name or function, as the exercise asks

    Returns
    -------
    Feedback
        True or false in an ``assert``.  An exception in the reader's function is described in the hint, not raised.

    Raises
    ------
    ValueError
        If there is no exercise of this name.
    """
    _, tester = EXERCISES[_key(name)]
    if answer is None or any(part is ... for part in (answer if isinstance(answer, (tuple, list)) else [answer])):
        still = "None" if answer is None else "..."
        return Feedback(False, f"the answer is still {still}; put your own in its place.")
    try:
        hint = tester(answer)
    except Exception as error:  # whatever a reader's function may raise
        hint = _describe(error)
    return Feedback(hint is None, hint or "")


def exercise(name, signature=None):
    """Decorator that registers a tester under ``"01.1 title"``.

    ``signature``, such as ``"derivative(f, x, h)"``, is that of the function to be handed in, if it is one; only
    functions reach the tester then.
    """
    key, _, title = name.partition(" ")

    def register(tester):
        @functools.wraps(tester)
        def test(answer):
            if signature and not callable(answer):  # a common slip is to hand in the function's result
                function = signature.partition("(")[0]
                return f"hand in the function itself, {function}, not its result: {signature} is what will be called."
            return tester(answer)

        if key in EXERCISES and EXERCISES[key][1].__qualname__ != test.__qualname__:
            raise ValueError(f"exercise {key!r} is there already: {EXERCISES[key][0]!r}")
        EXERCISES[key] = title, test
        return test

    return register


def _key(name):
    key = str(name).strip().partition(" ")[0]
    if key in EXERCISES:
        return key
    titles = {f"{known} {title}": known for known, (title, _) in EXERCISES.items()}
    near = difflib.get_close_matches(str(name), [*EXERCISES, *titles], n=1, cutoff=0.5)
    hint = f"did you mean {titles.get(near[0], near[0])!r}?" if near else f"there are {', '.join(EXERCISES)}"
    raise ValueError(f"check: no exercise is named {name!r}; {hint}")


def _describe(error):
    """An exception in the reader's code, with the line it came from."""
    message = f"{type(error).__name__}: {error}".rstrip(" .:")
    # Name the deepest line of the reader's own code, not the line of a library that was called from there.
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    libraries = (str(pathlib.Path(__file__).parents[2]), *places)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(libraries)]
    if not own:
        return f"the answer could not be used: {message}."
    line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno).strip()
    return f"your code raised {message}, in line {own[-1].lineno} of {own[-1].name}" + (f": {line}" if line else ".")


# --- tools for testers ---------------------------------------------------------------------------------------


def first_hint(cases):
    """The first hint of ``cases`` ((settings, hint or None), ...); from the second case on it names the settings."""
    for i, (settings, hint) in enumerate(cases):
        if hint:
            return f"right in the first case, but with {settings}: {hint}" if i else hint
    return None


def of_the_course(rule):
    """Hint if the class is one of the course, not the reader's own."""
    return f"{rule.__name__} is a rule of the course; write one of your own." if is_ours(rule) else None


def as_list(answer):
    """An array as a list, anything else as it is."""
    return answer.tolist() if hasattr(answer, "tolist") else answer


def float_of(answer):
    """The answer as a float, or None if it is no number."""
    if isinstance(answer, (bool, np.bool_, str, bytes)):
        return None
    if isinstance(answer, numbers.Real):
        return float(answer)
    if hasattr(answer, "dtype") and hasattr(answer, "item") and math.prod(answer.shape) == 1:
        value = answer.item()
        return float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else None
    return None


def close(value, other, tolerance=1e-3):
    """Whether two numbers agree to the relative tolerance."""
    return math.isclose(value, other, rel_tol=tolerance, abs_tol=1e-12)


def expect_number(answer, right, hints=(), otherwise="that is not the number.", tolerance=1e-3):
    """Hint for a numeric answer: None if right, a hint of ``hints`` ((value, text), ...), or ``otherwise``."""
    if answer is None or answer is ...:
        return f"your function returned {'None' if answer is None else '...'}; end it with return and your number."
    value = float_of(answer)
    if value is None:
        return f"the answer must be a number, not {type(answer).__name__} {answer!r}."
    if not math.isfinite(value):
        return f"the answer must be a finite number, not {value}."
    if close(value, right, tolerance):
        return None
    return next((text for wrong, text in hints if close(value, wrong, tolerance)), otherwise)


def floats_of(answer):
    """The answer as an array of floats, or None if it is none, as are complex numbers and texts."""
    try:
        answer = np.asarray(answer.detach().cpu() if hasattr(answer, "detach") else answer)
        return None if answer.dtype.kind in "cSU" else answer.astype(float)
    except (TypeError, ValueError):
        return None


def expect_array(answer, right, hints, otherwise):
    """Hint for an array: None if right, a hint of ``hints`` ((array, text), ...), or ``otherwise``."""
    return None if same(answer, right) else hint_for(answer, hints, otherwise)


def hint_for(answer, hints, otherwise):
    """The text of the first of ``hints`` ((array, text), ...) with the numbers of the answer, or ``otherwise``."""
    return next((text for wrong, text in hints if same(answer, wrong)), otherwise)


def hint_for_faults(answer, faults, example):
    """Hint for a diagnosis: None if each letter has its fault.

    Parameters
    ----------
    answer : dict of letter -> name of a fault
    faults : dict of letter -> (name, what shows it)
    example : str
        An answer as it may begin, after the words for what the letters stand for.
    """
    names = sorted(name for name, _ in faults.values())
    if not isinstance(answer, dict) or set(answer) != set(faults):
        return f"give a dict with the letters of the {example}."
    if any(name is ... for name in answer.values()):
        return "there is still a ... in it; give each letter the name of its fault."
    unknown = [name for name in answer.values() if not isinstance(name, str) or name not in names]
    if unknown:
        return f"{unknown[0]!r} is none of the faults; they are {', '.join(map(repr, names))}."
    return next((f"{letter}: {shows}" for letter, (name, shows) in faults.items() if answer[letter] != name), None)


def same(array, other):
    """Whether two arrays have one shape and the same numbers but for rounding."""
    return np.shape(array) == np.shape(other) and np.allclose(array, other)
