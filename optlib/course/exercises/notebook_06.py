"""Exercises of the notebook Rules of today."""

import math

import numpy as np

from ...optimizers.matrix import JORDAN, Muon, newton_schulz
from .engine import exercise, expect_number, float_of, floats_of

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


_SHAPES = ((12, 20), (3, 5), (6, 3))


def _matrices(shape):
    """W and gradients; of the large shape one, with equal singular values, which wrong coefficients leave finite."""
    rng = np.random.default_rng(6)
    if shape == _SHAPES[0]:
        return [rng.uniform(-1, 1, shape), np.linalg.qr(rng.standard_normal(shape[::-1]))[0].T]
    return [*rng.uniform(-1, 1, (5, *shape))]


def _near(end, other):
    """Whether two ends are the same but for a small guard beside the norm."""
    return np.allclose(end, other, rtol=2e-3, atol=1e-4)


@exercise("06.1 Muon from memory", "muon(W, gradients, lr, beta)")
def _muon_from_memory(muon):
    """muon(W, gradients, lr, beta): where Muon ends that starts at W, with one step for each gradient."""
    lr, beta = 0.1, 0.75
    for shape in _SHAPES:
        W, *gradients = _matrices(shape)
        copies = [W.copy(), *(g.copy() for g in gradients)]
        with np.errstate(all="ignore"):
            reply = muon(W, gradients, lr, beta)
        if reply is None:
            return "muon returned None; end it with return W."
        end = floats_of(reply)
        if end is None or end.shape != shape:
            return f"muon must return a matrix of the shape of W, {shape}."
        if not np.array_equal(copies, [W, *gradients]):
            return "W or a gradient was changed in place; make new arrays."
        slips = [({key: value}, text) for key, value, text in _SLIPS]
        with np.errstate(all="ignore"):
            hints = [(_muon(copies[0], copies[1:], lr, beta, **slip), text) for slip, text in slips]
            hints += [(_muon(copies[0], copies[1:], lr, 0.0), "there is no momentum: only the last gradient counts."),
                      (_muon(copies[0], copies[1:], lr, 1 - beta), "beta and 1 - beta are the other way round: beta "
                       "belongs to the old average."),
                      (_muon(copies[0], copies[1:], 1.0, beta), "the learning rate is not used.")]
            right = _muon(copies[0], copies[1:], lr, beta)
        if not _near(end, right):
            otherwise = "its steps are not Muon's: check average, norm, the five steps of Newton-Schulz and the scale."
            if not np.isfinite(end).all():
                otherwise = "it runs away: check the norm before the first step of Newton-Schulz, and its coefficients."
            hint = next((text for wrong, text in hints if _near(end, wrong)), otherwise)
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
    *(("coefficients", tuple(np.multiply(COEFFICIENTS, signs)), f"the sign of {text}.") for signs, text in (
        ((1, -1, 1), "4.7750 is minus, that of 2.0315 plus"), ((1, 1, -1), "2.0315 is plus; only 4.7750 has a minus"),
        ((1, -1, -1), "4.7750 is minus and that of 2.0315 plus; yours are the other way round"))),
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
            (math.sqrt((a + 1) / (3 * (a - 1))), "this is where the slope is -1 at a single point; the question is "
             "about the size, not about the slope."),
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
    "B": (_OfEntries, 2, "the largest singular value of its updates is far above 1.21 lr, which no Muon reaches, and "
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


# --- 06.4 -------------------------------------------------------------------------------------------------------

_SHARELESS = "the sign of a gradient does not know its size, so the share does not matter."
RULES_OF_06_4 = {"gradient descent": {}, "momentum": {"beta": 0.9}, "sign descent": {"sign": True}}


def _steps(k, *, beta=0.0, sign=False, lr=0.1, share=True):
    """Steps that class k takes until its loss log(1 + e^-w) is below 0.1."""
    w = v = t = 0
    while math.log1p(math.exp(-w)) >= 0.1:
        g = -1 if sign else -1 / (1 + math.exp(w)) / (k if share else 1)
        v = beta * v + g
        w, t = w - lr * v, t + 1
    return t


@exercise("06.4 slow classes")
def _slow_classes(answer):
    """Three quotients: steps of class 100 over steps of class 1, for the three rules."""
    quotients = floats_of(answer)
    if quotients is None or quotients.shape != (3,):
        return f"hand in three numbers, for {', '.join(RULES_OF_06_4)}, not {answer!r}."
    for (name, how), quotient in zip(RULES_OF_06_4.items(), quotients, strict=True):
        slow, fast = _steps(100, **how), _steps(1, **how)
        hint = expect_number(float(quotient), slow / fast, tolerance=0.05, hints=[
            (fast / slow, "this is the steps of class 1 over those of class 100; asked for is the inverse."),
            (slow, "these are the steps of class 100; divide them by those of class 1."),
            (1, "class 1 and class 100 do not get gradients of one size: each is multiplied by its share."),
            (10, {"sign descent": _SHARELESS}.get(name, "the steps grow with the quotient of the shares, not with its "
                                                        "root.")),
            (100, {"momentum": "the simple model says 100, and for many steps that is right; but class 1 arrives after "
                               "so few steps that its velocity has hardly begun. Run it.",
                   "sign descent": _SHARELESS}.get(name, "")),
            (_steps(100, **{**how, "beta": 0.9}) / _steps(1, **{**how, "beta": 0.9}),
             "this is the quotient with momentum."),
        ], otherwise="simulate it: start at w = 0, multiply the derivative of the loss by the share, and count the "
            "steps until the loss itself (without the share) is below 0.1.")  # fmt: skip
        if hint:
            return f"{name}: {hint}"
    return None


# --- 06.5 -------------------------------------------------------------------------------------------------------


def _side(rates, validation, test, gradients=1):
    return {"rates": rates, "validation": validation, "gradients per step": gradients, "test": test}


REPORTS = {
    "A": {
        "tuning seeds": [100, 101, 102], "final seeds": [0, 1, 2, 3, 4, 5],
        "N": _side([0.01, 0.03, 0.1, 0.3, 1.0], [0.91, 0.55, 0.38, 0.41, 0.77], [.37, .39, .36, .40, .38, .37], 2),
        "AdamW": _side([0.0003, 0.001, 0.003, 0.01, 0.03], [0.88, 0.57, 0.42, 0.44, 0.69],
                       [.42, .43, .40, .44, .42, .41]),
    },
    "B": {
        "tuning seeds": [10, 11, 12], "final seeds": [0, 1, 2, 3, 4, 5],
        "N": _side([0.003, 0.01, 0.03, 0.1, 0.3], [0.71, 0.52, 0.40, 0.36, 0.58], [.35, .38, .36, .37, .34, .36]),
        "AdamW": _side([0.00003, 0.0001, 0.0003, 0.001, 0.003], [1.61, 1.12, 0.83, 0.61, 0.47],
                       [.46, .49, .47, .45, .46, .48]),
    },
    "C": {
        "tuning seeds": [100, 101, 102], "final seeds": [0, 1, 2, 3, 4, 5],
        "N": _side([0.01, 0.03, 0.1, 0.3, 1.0], [0.63, 0.44, 0.40, 0.52, 1.30], [.41, .36, .44, .38, .35, .42]),
        "AdamW": _side([0.001, 0.003, 0.01, 0.03, 0.1], [0.60, 0.45, 0.41, 0.43, 0.84], [.43, .38, .45, .41, .36, .44]),
    },
    "D": {
        "tuning seeds": [50, 51, 52], "final seeds": [60, 61, 62, 63, 64, 65],
        "N": _side([0.1, 0.2, 0.4, 0.8, 1.6], [0.58, 0.47, 0.39, 0.42, 0.66], [.33, .46, .35, .41, .44, .34]),
        "AdamW": _side([0.001, 0.003, 0.01, 0.03, 0.1], [0.77, 0.49, 0.43, 0.48, 0.95], [.40, .39, .43, .36, .42, .39]),
    },
    "E": {
        "tuning seeds": [0, 1, 2], "final seeds": [0, 1, 2, 3, 4, 5],
        "N": _side([0.01, 0.03, 0.1, 0.3, 1.0], [0.66, 0.41, 0.33, 0.39, 0.81], [.31, .34, .33, .39, .38, .40]),
        "AdamW": _side([0.001, 0.003, 0.01, 0.03, 0.1], [0.61, 0.47, 0.40, 0.46, 0.90], [.41, .42, .39, .43, .40, .42]),
    },
}  # fmt: skip

_NOT_SO = {
    "edge": "the best rate of neither rule lies at the end of its grid.",
    "budget": "both tried as many rates, and take as many gradients for a step.",
    "seeds": "no final seed was used to choose the rate.",
    "undecided": "take the differences seed by seed: their mean is more than two standard errors from 0.",
    "fair": "something is wrong with it; go through the other four words one by one.",
}


def _flaws(report):
    """What is wrong with a report: words, none if it is fair."""
    N, other = report["N"], report["AdamW"]
    apart = np.subtract(other["test"], N["test"])
    wrong = {
        "edge": any(np.argmin(side["validation"]) in (0, len(side["rates"]) - 1) for side in (N, other)),
        "budget": any(np.size(N[key]) != np.size(other[key]) or key != "rates" and N[key] != other[key]
                      for key in ("rates", "gradients per step")),
        "seeds": bool({*report["tuning seeds"]} & {*report["final seeds"]}),
        "undecided": abs(apart.mean()) < 2 * apart.std(ddof=1) / math.sqrt(len(apart)),
    }  # fmt: skip
    return [word for word, is_so in wrong.items() if is_so]


@exercise("06.5 which of five comparisons is fair?")
def _which_is_fair(answer):
    """A dict: letter of a report -> what is wrong with it, or "fair"."""
    if not isinstance(answer, dict) or set(answer) != set(REPORTS):
        return f"hand in a dict with the letters {', '.join(REPORTS)} as keys."
    for letter, report in REPORTS.items():
        word = answer[letter]
        if word is ... or word is None:
            return f"{letter}: put one of the words in place of the dots."
        if not isinstance(word, str) or word not in _NOT_SO:
            return f"{letter}: {word!r} is not one of the words {', '.join(_NOT_SO)}."
        if word not in (_flaws(report) or ["fair"]):
            return f"{letter}, {word}: {_NOT_SO[word]}"
    return None
