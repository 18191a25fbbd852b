"""Exercises of the notebook Rules of today."""

import math

import numpy as np

from ...optimizers.matrix import JORDAN, Muon, newton_schulz
from .engine import exercise, expect_array, expect_number, float_of, floats_of

# --- 06.1 -------------------------------------------------------------------------------------------------------

COEFFICIENTS = JORDAN[0]


def _norm_of(X, kind):
    return {"Frobenius": np.linalg.norm(X), "spectral": np.linalg.norm(X, 2), "none": 1.0}[kind]


def _orthogonalized(X, *, norm="Frobenius", steps=5, coefficients=COEFFICIENTS, powers="of the matrix"):
    """Newton-Schulz as readers may write it; the defaults are right."""
    if powers == "exact":
        U, _, Vt = np.linalg.svd(X, full_matrices=False)
        return U @ Vt
    X = X / _norm_of(X, norm)
    a, b, c = coefficients
    for _ in range(steps):
        if powers == "of entries":
            X = a * X + b * X**3 + c * X**5
        else:
            A = X @ X.T
            X = a * X + (b * A + c * A @ A) @ X
    return X


def _muon(W, gradients, lr, beta, *, scale="tall", way=1, order="average first", nesterov=False, **slips):
    """Where Muon ends, as readers may write it; the defaults are right."""
    m, (rows, columns) = 0.0 * W, W.shape
    factor = {"tall": max(1, rows / columns) ** 0.5, "wide": max(1, columns / rows) ** 0.5, "none": 1.0,
              "rms": 0.2 * max(rows, columns) ** 0.5, "no root": max(1, rows / columns)}[scale]  # fmt: skip
    for g in gradients:
        new = _orthogonalized(g, **slips) if order == "orthogonal first" else g
        m = beta * m + (1 - beta) * new
        u = beta * m + (1 - beta) * new if nesterov else m
        W = W - way * lr * factor * (u if order == "orthogonal first" else _orthogonalized(u, **slips))
    return W


@exercise("06.1 Muon from memory", "muon(W, gradients, lr, beta)")
def _muon_from_memory(muon):
    """muon(W, gradients, lr, beta): where Muon ends that starts at W, with one step for each gradient."""
    lr, beta = 0.1, 0.8
    for shape in ((3, 5), (6, 3)):
        rng = np.random.default_rng(6)
        W, *gradients = rng.uniform(-1, 1, (5, *shape))
        copies = [W.copy(), *(g.copy() for g in gradients)]
        with np.errstate(all="ignore"):
            reply = muon(W, gradients, lr, beta)
        if reply is None:
            return "muon returned None; end it with return W."
        end = floats_of(reply)
        if end is None or end.shape != shape:
            return f"muon must return a matrix of the shape of W, {shape}."
        if not np.isfinite(end).all():
            return "it runs away: before the first step of Newton-Schulz no singular value may be above 1."
        if not all(np.array_equal(a, b) for a, b in zip(copies, [W, *gradients], strict=True)):
            return "W or a gradient was changed in place; make new arrays."
        slips = [({key: value}, text) for key, value, text in _SLIPS]
        with np.errstate(all="ignore"):
            hints = [(_muon(copies[0], copies[1:], lr, beta, **slip), text) for slip, text in slips]
            hints += [(_muon(copies[0], copies[1:], lr, 0.0), "there is no momentum: only the last gradient counts."),
                      (_muon(copies[0], copies[1:], 1.0, beta), "the learning rate is not used.")]
            right = _muon(copies[0], copies[1:], lr, beta)
        if hint := expect_array(end, right, hints, "its steps are not Muon's: check average, norm, the five steps of "
                                "Newton-Schulz and the scale one by one."):  # fmt: skip
            return f"for a {shape[0]} x {shape[1]} matrix: {hint}"
    return None


_SLIPS = [  # keyword of `_muon` or `_orthogonalized`, its value, hint
    ("norm", "none", "the average is not divided by its norm, so its singular values may lie outside of [0, 1]."),
    ("norm", "spectral", "this divides by the largest singular value; Muon divides by the Frobenius norm, which needs "
     "no decomposition."),
    ("powers", "of entries", "the powers are taken entry by entry; X X' X is a product of matrices: use @."),
    ("powers", "exact", "this is exactly U V'. Asked for are five steps of Newton-Schulz, which come near it."),
    ("steps", 4, "these are four steps of Newton-Schulz; take five."),
    ("steps", 6, "these are six steps of Newton-Schulz; take five."),
    ("coefficients", COEFFICIENTS[::-1], "the coefficients are in the wrong order: a = 3.4445 belongs to X itself."),
    ("order", "orthogonal first", "each gradient is made orthogonal and then averaged; average first."),
    ("nesterov", True, "right with Nesterov's mix, u = beta m + (1 - beta) g; here u is m."),
    ("scale", "none", "the scale is missing: the square root of max(1, rows / columns)."),
    ("scale", "wide", "the scale is the wrong way round: the square root of max(1, rows / columns)."),
    ("scale", "no root", "the scale is the square root of max(1, rows / columns)."),
    ("scale", "rms", "this is the other scale, 0.2 times the root of the longer side."),
    ("way", -1, "this walks uphill: subtract the step."),
]


# --- 06.2 -------------------------------------------------------------------------------------------------------


@exercise("06.2 how large may a singular value be?", "largest(a)")
def _largest(largest):
    """largest(a): the s beyond which s -> a s - (a - 1) s^3, repeated, runs away; a from 1 to 3, without 1."""
    for a in (1.2, 1.5, 2.0, 3.0):
        hint = expect_number(largest(a), math.sqrt((a + 1) / (a - 1)), tolerance=1e-6, hints=[
            ((a + 1) / (a - 1), "this is the square of the border; take its root."),
            (math.sqrt(a / (a - 1)), "from here one step leads to 0, and there it stays: not yet the border."),
            (1.0, "1 is where the values should go, and larger ones come back to it, too."),
            (math.sqrt(a / (3 * (a - 1))), "here the polynomial has its highest value; that is not yet the border."),
            (math.sqrt((a - 1) / (a + 1)), "this is the inverse."),
            (math.sqrt(a + 1), "nearly: mind the factor a - 1 of the cube."),
            (math.sqrt(2 / (3 * (a - 1))), "this is where the slope is -1 at a single point; the question is about the "
             "size, not about the slope."),
        ], otherwise="beyond the border |s| grows in each step, below it shrinks: ask where one step leads from s to "
                     "-s.")  # fmt: skip
        if hint:
            return f"a = {a}: {hint}"
    return None


# --- 06.3 -------------------------------------------------------------------------------------------------------


class _OrthogonalFirst(Muon):
    """Makes each gradient orthogonal, then averages."""

    sees = "matrix"

    def update(self, x, g):
        self.m = self.beta * self.m + (1 - self.beta) * newton_schulz(g / np.linalg.norm(g), JORDAN, self.ns_steps)
        return x - self.lr * self.m


class _Flattened(Muon):
    """Sees the matrix as one long row."""

    sees = "matrix"

    def update(self, x, g):
        self.m = self.beta * self.m + (1 - self.beta) * g
        row = np.reshape(self.m, (1, -1))
        return x - self.lr * np.reshape(newton_schulz(row / np.linalg.norm(row), JORDAN, self.ns_steps), x.shape)


class _OfEntries(Muon):
    """Takes powers entry by entry."""

    sees = "matrix"

    def update(self, x, g):
        self.m = self.beta * self.m + (1 - self.beta) * g
        return x - self.lr * _orthogonalized(self.m, powers="of entries")


_SUSPECTS = {  # letter -> class, number of its bug, hint
    "A": (_Flattened, 5, "look at the first update: are its singular values alike? If they differ as those of the "
          "gradient do, nothing has been done to the matrix but to change its length."),
    "B": (_OfEntries, 2, "the largest singular value of its updates is far above 1.2 lr, which no Muon reaches, and "
          "each entry moves by about lr. Which part of the program looks at entries?"),
    "C": (_OrthogonalFirst, 3, "the first update is (1 - beta) times as long as it should be, and all directions "
          "alike: what was averaged, from 0 on?"),
}  # fmt: skip


def suspects(lr, beta):
    """Three rules that call themselves Muon, with a bug each: dict of letter -> rule."""
    return {letter: cls(lr=lr, beta=beta, nesterov=False) for letter, (cls, *_) in _SUSPECTS.items()}


@exercise("06.3 which bug is it?")
def _diagnosis(answer):
    """A dict of letter -> number of the bug."""
    if not isinstance(answer, dict) or set(answer) != set(_SUSPECTS):
        return 'give a dict with the three letters, such as {"A": 2, "B": 2, "C": 2}, each with your number.'
    if any(float_of(number) is None for number in answer.values()):
        return "each letter needs the number of a bug from the list."
    wrong = [letter for letter, (_, number, _) in _SUSPECTS.items() if float_of(answer[letter]) != number]
    return f"{wrong[0]}: {_SUSPECTS[wrong[0]][2]}" if wrong else None
