"""`identify`: which rule is a black box that one can only feed gradients?"""

import dataclasses
import itertools

import numpy as np

from ...optimizers.base import Optimizer
from . import matcher
from .conventions import RULES, build

STEPS = 24
SAME = 1e-7  # of the way of a coordinate: the numbers are found by iteration
NUMBERS = {  # of each rule: the numbers that are looked for
    "Momentum": "lr beta", "Adam": "lr beta1 beta2 eps", "Nadam": "lr beta1 beta2 eps", "AdaGrad": "lr eps start",
    "RMSProp": "lr beta2 eps momentum", "AdaDelta": "lr rho eps", "AdaMax": "lr beta1 beta2 eps",
    "Lion": "lr beta1 beta2", "RAdam": "lr beta1 beta2 eps", "AdaBelief": "lr beta1 beta2 eps", "QHM": "lr beta nu",
    "LaProp": "lr beta1 beta2 eps", "AdEMAMix": "lr beta1 beta2 beta3 alpha eps", "Adan": "lr beta1 beta2 beta3 eps",
    "ADOPT": "lr beta1 beta2 eps", "Rprop": "lr shorter longer least",
}  # fmt: skip
# Where the search begins, beside the default: all of these with all others.
BEGIN = {
    "beta": [0.0, 0.5, 0.9, 0.98], "beta1": [0.0, 0.1, 0.5, 0.8, 0.9, 0.95], "rho": [0.5, 0.9, 0.99],
    "beta2": [0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999], "beta3": [0.1, 0.9, 0.99],
    "eps": [1e-10, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1], "momentum": [0.0, 0.5, 0.9], "start": [0.0, 0.1, 1.0],
    "alpha": [2.0], "free_beta": [0.9], "nu": [0.5],
}
# Lion's path has no slope in its shares; of those that walk alike, these come first.
LION = {word: [0.9, 0.95, 0.98, 0.99, *np.arange(100) / 100, 0.995, 0.999] for word in ("beta1", "beta2")}
# Conventions that change a path so much that others are only seen beside them.
FIRST = {"Adam": [{}, {"ahead": True}, {"uncorrected": True}, {"amsgrad": True}], "Nadam": [{}, {"psi": 1e6}],
         "Lion": [{}, {"beta1": 0.0, "beta2": 0.0}], "RMSProp": [{}, {"place": "inside"}, {"start": 1.0}]}  # fmt: skip
SHARES = {"momentum", "beta", "beta1", "beta2", "beta3", "rho", "nu", "free_beta"}
KINDS = ("beta", "momentum", "start")  # of which 0 makes another rule
FIRST_FITTED, RULES_KEPT, WITH_CONVENTIONS, FITTED = 14, 4, 50, 6


@dataclasses.dataclass
class Identity:
    """What `identify` returns.

    Attributes
    ----------
    rule : Optimizer
        The rule with its settings, or the nearest.  Steps that are signs (Lion's) fit several settings.
    error : float
        Largest difference of a coordinate from the path of the black box, relative to its way.
    same : bool
        Whether that is rounding.
    """

    rule: Optimizer
    error: float
    same: bool

    def __repr__(self):
        if self.same:
            rounding = f", to {self.error:.1g} of the way" * bool(self.error)
            return f"It is {self.rule!r}: all {STEPS} steps agree{rounding}."
        return f"Not identified; the nearest is {self.rule!r}, which differs by {self.error:.2g} of the way."


@dataclasses.dataclass(frozen=True)
class Guess:
    """A rule by its name, with numbers that are fitted and words that are not."""

    name: str
    numbers: dict
    words: dict

    def rule(self):
        return build(self.name, **self.numbers | self.words)

    def but(self, **numbers):
        return dataclasses.replace(self, numbers=self.numbers | numbers)

    def all(self, changes):
        """The guesses with these changes of their numbers as one, whose numbers are arrays (n, 1) where not 0."""
        each = {name: np.array([[change.get(name, value)] for change in changes], float)
                for name, value in self.numbers.items()}  # fmt: skip
        return self.but(**{name: values if values.any() or name == "lr" else 0.0 for name, values in each.items()})

    def one(self, row):
        return self.but(**{name: float(np.ravel(value)[row % np.size(value)]) for name, value in self.numbers.items()})


class Box:
    """A path of a black box, shape (24, 10), and how far others are from it."""

    def __init__(self, step):
        self.x0, self.gradients = probe()
        self.points = _walked(step, self.x0, self.gradients)
        way = np.abs(np.diff(self.points, axis=0, prepend=self.x0[None])).sum(0)
        if not way.any():
            raise ValueError("identify: step never moves; it must return the point after a step")
        self.scale, self.sizes = np.where(way > 0, way, 1.0), {}

    def walk(self, guess, steps=STEPS):
        """Points (steps, n, 10) of a guess whose numbers are arrays (n, 1)."""
        each = (len(guess.numbers["lr"]), 10)
        gradients = np.broadcast_to(self.gradients[:steps, None], (steps, *each))
        return matcher.walk(guess.rule(), np.broadcast_to(self.x0, each), gradients)

    @np.errstate(all="ignore")
    def residuals(self, guess):
        """Differences (n, 240) over the way of each coordinate, bent so that none is above 1; 1 where it is no rule."""
        try:
            points = self.walk(guess)
        except matcher.FAILURES:
            return np.ones((len(guess.numbers["lr"]), self.points.size))
        r = np.clip(np.nan_to_num((points - self.points[:, None]) / self.scale, nan=1e3), -1e3, 1e3)
        return (r / np.sqrt(1 + r**2)).swapaxes(0, 1).reshape(len(guess.numbers["lr"]), -1)

    def size(self, guess):
        if (key := repr(guess)) not in self.sizes:
            self.sizes[key] = float(np.abs(self.residuals(guess.all([{}]))).mean())
        return self.sizes[key]

    @np.errstate(all="ignore")
    def error(self, guess):
        try:
            return matcher.error(matcher.walk(guess.rule(), self.x0, self.gradients), self.points, self.x0)
        except matcher.FAILURES:
            return np.inf


def probe():
    """Start and gradients, shapes (10,) and (24, 10): each coordinate asks another question."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((STEPS, 10))
    g[:, 0] = 1.0  # a first step, and a steady slope
    g[:, 1] = 0.0  # weight decay alone
    g[:, 2] = np.arange(STEPS) == 0  # a memory
    g[:, 3:6] *= [1e-8, 1e-5, 1e-3]  # what stands beside epsilon
    g[:, 6] *= np.where(np.arange(STEPS) % 7 == 3, 1e3, 1.0)
    g[:, 7] = np.where(np.arange(STEPS) % 3 == 0, g[:, 7], 0.0)
    return np.array([0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5, -1.0, 0.3]), g


def identify(step):
    """Feed a black box gradients, and find the rule and the settings that walk the same path: an `Identity`.

    Parameters
    ----------
    step : callable (x, g) -> new x, torch optimizer class or functools.partial of one, or rule of ours
        A callable is called 24 times with arrays (10,) of float64 and remembers what it needs.  What cannot be called
        so is a TypeError; a step that never moves or does not return 10 finite numbers is a ValueError.
    """
    box = Box(step)
    kinds = sorted(_beginnings(box), key=lambda kind: box.size(kind[0]))
    numbers_of = lambda guess: np.count_nonzero([*guess.numbers.values()])  # of rules that walk alike, the plainest
    plain_first = sorted((kind[0] for kind in kinds[:FIRST_FITTED]), key=numbers_of)
    guesses = _all_fitted(box, plain_first, rounds=12)
    if box.size(guesses[0]) >= SAME:
        near = sorted(_with_conventions(guesses[:RULES_KEPT]), key=box.size)[:WITH_CONVENTIONS]
        guesses = _all_fitted(box, [*near, *itertools.chain(*(kind[1:] for kind in kinds[:RULES_KEPT]))], rounds=6)
    best = None
    for guess in guesses[:FITTED]:
        guess = _in_few_digits(box, _fitted(box, guess, rounds=25))
        best = min(best or guess, guess, key=box.error)
        if box.error(best) <= SAME:
            break
    if best.name == "AdEMAMix":  # it is Adam where it needs no slow average
        numbers = {name: value for name, value in best.numbers.items() if name not in ("beta3", "alpha")}
        adam = _in_few_digits(box, _fitted(box, Guess("Adam", numbers, best.words), rounds=25))
        best = adam if box.error(adam) <= SAME else best
    error = box.error(best)
    if best.name == "QHM" and best.numbers["nu"] == best.numbers["beta"] and error <= SAME:  # which is Nesterov's
        lr = float(f"{best.numbers['lr'] * (1 - best.numbers['nu']):.6g}")
        best = Guess("Momentum", best.but(lr=lr).numbers | {"nu": None}, best.words | {"nesterov": True})
    return Identity(best.rule(), error, error <= SAME)


def _beginnings(box):
    """Of each rule and kind of beginning: the nearest guess, then the nearest with other values of its numbers."""
    rules = [(name, numbers.split(), words) for name, numbers in NUMBERS.items() for words in FIRST.get(name, [{}])]
    rules += [("Adam", ["lr", "free_beta", "beta2", "eps"], {"free": True, "beta1": 0.0}),
              ("GradientDescent", ["lr", "free_beta"], {"free": True})]  # fmt: skip
    pull = abs(1 - box.points[0][1] / box.x0[1])
    decays = [{"decay": "l2"}, {"decay": "decoupled"}] if pull else [{}]
    for (name, numbers, words), decay in itertools.product(rules, decays):
        kinds, hypers, begin = {}, RULES[name].hypers, BEGIN | (LION if name == "Lion" else {})
        values = [dict.fromkeys([*([hypers[word].default] if word in hypers else []), *begin.get(word, [])])
                  for word in numbers]  # fmt: skip
        for chosen in itertools.product(*values):
            change = dict(zip(numbers, chosen, strict=True))
            if pull:
                change["weight_decay"] = min(max(pull / change["lr"], 1e-8), 10.0)
            kinds.setdefault(tuple(change.get(word) == 0 for word in KINDS), []).append(change)
        for changes in kinds.values():
            guesses = _rated(box, Guess(name, changes[0], words | decay).all(changes))
            kept, seen = [], set()
            for row in np.abs(box.residuals(guesses)).mean(axis=1).argsort(kind="stable"):
                if not changes[row].items() <= seen:
                    kept.append(guesses.one(row))
                seen.update(changes[row].items())
            yield kept


def _rated(box, guesses):
    """The guesses with the learning rates that the first steps of a steady slope tell, as far as they do."""
    try:
        ours = box.walk(guesses, 3)[2, :, :1]
    except matcher.FAILURES:
        return guesses
    with np.errstate(all="ignore"):
        ratio = box.points[2, 0] / ours
    ratio = np.where((ratio > 0) & np.isfinite(ratio), ratio, 1.0)
    decay = {"weight_decay": guesses.numbers["weight_decay"] / ratio} if "weight_decay" in guesses.numbers else {}
    return guesses.but(lr=guesses.numbers["lr"] * ratio, **decay)


def _with_conventions(guesses):
    """The rules that came nearest with all their conventions, and the numbers found so far."""
    seen = {}
    for guess in guesses:
        axes = [axis for axis in matcher.AXES.get(guess.name, [])
                if axis is not matcher.DECAYS or "weight_decay" in guess.numbers]  # fmt: skip
        for chosen in itertools.product(*axes):
            words = {word: value for each in chosen for word, value in each.items()}
            for new in (guess.words | words, words if guess.name in FIRST else {}):
                new = dataclasses.replace(guess, words=new)
                seen[repr(new)] = new
    return seen.values()


def _walked(step, x0, gradients):
    if isinstance(step, Optimizer):
        return matcher.walk(step, x0, gradients)
    cls = getattr(step, "func", step)
    if isinstance(cls, type) and hasattr(cls, "add_param_group"):
        step = _of_torch(step, x0)
    if not callable(step) or isinstance(step, type):
        raise TypeError(f"identify: step={step!r} must be a callable (x, g) -> new x, or a torch optimizer class")
    x, points = x0.copy(), []
    for g in gradients:
        x = np.asarray(step(x.copy(), g.copy()), float)
        if x.shape != x0.shape or not np.isfinite(x).all():
            raise ValueError(f"identify: step returned {x!r}; it must return finite numbers of shape {x0.shape}")
        points.append(x)
    return np.array(points)


def _of_torch(make, x0):
    import torch

    weights = torch.nn.Parameter(torch.tensor(x0))
    optimizer = make([weights])

    def step(x, g):
        weights.grad = torch.tensor(g)
        optimizer.step()
        return weights.detach().numpy().copy()

    return step


def _from_line(name, place):
    """The hyper-parameter that stands at a place of the real line: a share lies between 0 and 1, another above 0."""
    if name in SHARES:
        return float(1 / (1 + np.exp(-np.clip(place, -30, 15))))
    return float(np.exp(np.clip(place, -99, 20)))


def _all_fitted(box, guesses, rounds):
    """The guesses with better numbers, the nearest first; without the rest once one is the same."""
    fitted = []
    for guess in guesses:
        fitted.append(_fitted(box, guess, rounds))
        if box.size(fitted[-1]) < SAME:
            break
    return sorted(fitted, key=box.size)


def _fitted(box, guess, rounds):
    """The guess with better numbers, by Levenberg and Marquardt's iteration."""
    free = [name for name, value in guess.numbers.items() if value or name in SHARES.difference(KINDS)]

    def numbers(places):
        return {name: _from_line(name, place) for name, place in zip(free, places, strict=True)}

    def residuals(*points):
        return box.residuals(guess.all([numbers(places) for places in points]))

    values, damping = [guess.numbers[name] for name in free], 1e-3
    places = np.log([max(v, 1e-3) / (1 - v) if name in SHARES else v for name, v in zip(free, values, strict=True)])
    (r,) = residuals(places)
    for _ in range(rounds):
        J = ((residuals(*(places + 1e-6 * np.eye(len(places)))) - r) / 1e-6).T
        A, slope = J.T @ J, J.T @ r
        dampings = damping * 10.0 ** np.arange(5)  # all tried at once, for a walk of many costs little more than of one
        news = [places + np.clip(np.linalg.lstsq(A + d * np.diag(np.diag(A) + 1e-12), -slope, rcond=None)[0], -3, 3)
                for d in dampings]  # fmt: skip
        tried = residuals(*news)
        nearer = [i for i, r_new in enumerate(tried) if r_new @ r_new < r @ r]
        if not nearer:
            break
        places, r, damping = news[nearer[0]], tried[nearer[0]], dampings[nearer[0]] / 10
    return guess.but(**numbers(places))


def _in_few_digits(box, guess):
    """The guess with numbers of few digits, where the path is as near with them."""
    for name in guess.numbers:
        limit, value = max(SAME, box.error(guess)), guess.numbers[name]
        for digits in range(1, 7):
            few = round(1 - float(f"{1 - value:.{digits}g}"), 12) if name in SHARES else float(f"{value:.{digits}g}")
            if box.error(guess.but(**{name: few})) <= limit:
                guess = guess.but(**{name: few})
                break
    return guess
