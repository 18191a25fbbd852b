"""Testers of notebook 05: right answers pass, and each usual mistake gets the hint that fits it."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from exercise_cases import *  # noqa: F403
from exercise_cases import assert_hint, assert_right

import optlib as ol
from optlib import benchmark

NOTEBOOK = "05"

# --- right answers ---------------------------------------------------------------------------------------------


DIAGNOSIS = {"A": "frozen", "B": "correct", "C": "augmented", "D": "copied"}


def look(model, batches, optimizer=None):
    total = 0.0
    for x, y in batches:
        loss = F.cross_entropy(model(x), y)
        if optimizer:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(y)
    return total / sum(len(y) for _, y in batches)


def loop(model, optimizer, train, test, epochs):
    rows = []
    for _ in range(epochs):
        model.train()
        training = look(model, train, optimizer)
        model.eval()
        with torch.no_grad():
            rows.append((training, look(model, test)))
    return rows


def choose(rates, accuracies):
    best = np.nan_to_num(accuracies).mean(axis=1).argmax()
    return rates[best], best in (0, len(rates) - 1)


def level(runs, ddof=1, root=True, factor=2):
    names = sorted(runs, key=lambda name: -runs[name].mean())
    first = runs[names[0]]
    error = lambda v: np.sqrt((first.var(ddof=ddof) + v.var(ddof=ddof)) / (len(first) if root else 1))
    behind = lambda name: first.mean() - runs[name].mean()
    return [name for name in names if name == names[0] or behind(name) < factor * error(runs[name])]


def entered(update, register=True, **fields):
    """A class of a reader with that update."""
    lr = ol.hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="length of a step")
    body = {"__module__": __name__, "__annotations__": {"lr": float}, "lr": lr, "update": update, **fields}
    cls = type("Mine", (ol.optimizers.Optimizer,), body)
    return ol.register(cls) if register else cls


def descent(self, x, g):
    return x - self.lr * g


RIGHT = [
    ("05.1", DIAGNOSIS),
    ("05.2", loop),
    ("05.3", choose), ("05.3", lambda rates, a: list(choose(rates, a))),
    ("05.4", level), ("05.4", lambda runs: tuple(level(runs))),
]  # fmt: skip


def remembering(step):
    """An update with a moving average m of the gradients, which walks by step(m, lr)."""

    def update(self, x, g):
        self.m = 0.8 * getattr(self, "m", 0.0 * x) + 0.2 * g
        return x - step(self.m, self.lr)

    return update


@pytest.mark.parametrize("step", [
    lambda m, lr: lr * m, lambda m, lr: lr * ol.arrays.sign(m), lambda m, lr: (lr + 0.001) * m,
])  # fmt: skip
def test_rules_of_ones_own_pass(step):
    assert_right("05.5", entered(remembering(step)))


def test_the_accuracies_of_the_four_programs_are_those_of_the_records():
    """As the table of 05.1 gives them, in the notebook."""
    text = (Path(__file__).parents[1] / "notebooks" / "05_cifar_benchmark.ipynb").read_text(encoding="utf-8")
    variants = {"frozen": "evaluation mode after epoch 1", "correct": "as it should be",
                "copied": "test list filled from training", "augmented": "augmented test images"}  # fmt: skip
    records = benchmark.load("ablations")
    for word in DIAGNOSIS.values():
        history = records.final("Momentum", variants[word])[0]["history"]
        for what in ("train_accuracy", "test_accuracy"):
            assert " | ".join(f"{100 * history[what][epoch]:.2f}" for epoch in (0, 1, 2, 3, 7)) in text


def published(model, optimizer, train, test, epochs):
    rows, losses = [], []
    model.train()
    for _ in range(epochs):
        for x, y in train:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        for x, y in test:
            F.cross_entropy(model(x), y)
        rows.append((np.mean(losses), np.mean(losses)))
    return rows


def variant(*, back=True, evaluation=True, silent=True, zero=True, weigh=True, tested=True, copied=False, last=False,
            carry=False):  # fmt: skip
    """The right loop with some mistakes."""

    def run(model, batches, optimizer, sums):
        for x, y in batches:
            loss = F.cross_entropy(model(x), y)
            if optimizer:
                if zero:
                    optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            size = len(y) if weigh else 1
            sums[:] = [loss.item(), 1] if last else [sums[0] + loss.item() * size, sums[1] + size]
        return sums[0] / sums[1]

    def answer(model, optimizer, train, test, epochs):
        rows, sums = [], [0, 0]
        model.train()
        for _ in range(epochs):
            if back:
                model.train()
            sums = sums if carry else [0, 0]
            one = run(model, train, optimizer, sums)
            if evaluation:
                model.eval()
            with torch.set_grad_enabled(not silent):
                two = run(model, test, None, [0, 0] if not carry else [one, 1]) if tested else 0.0
            rows.append((one, one if copied else two))
        return rows

    return answer


def sums_only(model, optimizer, train, test, epochs):
    return [(a * 18 / 18 * 1.5, b) for a, b in loop(model, optimizer, train, test, epochs)]


def argmax_of_means(rates, accuracies):
    best = accuracies.mean(axis=1).argmax()
    return rates[best], best in (0, len(rates) - 1)


def by(statistic):
    def answer(rates, accuracies):
        best = statistic(accuracies)
        return rates[best], best in (0, len(rates) - 1)

    return answer


WRONG = [
    ("05.1", DIAGNOSIS | {"A": ...}, "the answer for A is still ..."),
    ("05.1", DIAGNOSIS | {"A": "frozn"}, "A: 'frozn' is none of the words"),
    ("05.1", DIAGNOSIS | {"B": 3}, "B: 3 is none of the words"),
    ("05.1", DIAGNOSIS | {"A": "copied"}, "'frozen' is the answer for 0 programs"),
    ("05.1", DIAGNOSIS | {"A": "copied", "D": "frozen"}, "D is not 'frozen': evaluation mode after epoch 1"),
    ("05.1", DIAGNOSIS | {"B": "copied", "D": "correct"}, "B is not 'copied': a list that is filled"),
    ("05.1", DIAGNOSIS | {"B": "augmented", "C": "correct"}, "B is not 'augmented': changed test images"),
    ("05.1", {"A": "frozen"}, "a word for each program"),
    ("05.1", "frozen", "a word for each program"),
    ("05.2", published, "the test runs in training mode"),
    ("05.2", variant(back=False), "in the second epoch the network trains in evaluation mode"),
    ("05.2", variant(evaluation=False), "the test runs in training mode"),
    ("05.2", variant(silent=False), "with torch.no_grad()"),
    ("05.2", variant(zero=False), "gradients pile up"),
    ("05.2", variant(weigh=False), "the training loss is the mean of the batch means"),
    ("05.2", variant(tested=False), "never sees the test batches"),
    ("05.2", variant(copied=True), "the training loss once more"),
    ("05.2", variant(last=True), "of the last batch only"),
    ("05.2", sums_only, "the mean over images, is"),
    ("05.2", lambda *a: loop(*a)[:1], "one pair (train loss, test loss) for each of the 2 epochs"),
    ("05.2", lambda *a: loop(*a[:4], 1), "so 6 steps; yours makes 3"),
    ("05.2", lambda *a: [loop(*a), "abc"][1], "a list with one pair"),
    ("05.2", lambda *a: loop(*a) and None, "returned None"),
    ("05.2", lambda model: [], "TypeError"),
    ("05.3", argmax_of_means, "NaN for the largest number"),
    ("05.3", by(lambda a: np.nan_to_num(np.nanmean(np.vstack([a[:3], [[0, 0, 0]]]), axis=1)).argmax()), "one seed div"),
    ("05.3", by(lambda a: np.nan_to_num(a).max(axis=1).argmax()), "best single run"),
    ("05.3", by(lambda a: np.median(np.nan_to_num(a), axis=1).argmax()), "as the median"),
    ("05.3", by(lambda a: np.nan_to_num(a).mean(axis=1).argmin()), "the highest mean over the seeds belongs to"),
    ("05.3", lambda r, a: (choose(r, a)[0], False), "Say True"),
    ("05.3", lambda r, a: (choose(r, a)[0], True), "Say False"),
    ("05.3", lambda r, a: (int(np.nan_to_num(a).mean(axis=1).argmax()), False), "not its position"),
    ("05.3", lambda r, a: (7.0, False), "none of the rates"),
    ("05.3", lambda r, a: choose(r, a)[0], "return two things"),
    ("05.3", lambda r, a: ("a", False), "a number, and True or False"),
    ("05.3", lambda r, a: (0.1, 1.0), "a number, and True or False"),
    ("05.4", lambda runs: level(runs)[:1], "only the best one"),
    ("05.4", lambda runs: level(runs, ddof=0), "std(ddof=1)"),
    ("05.4", lambda runs: level(runs, root=False), "the root of the number of runs"),
    ("05.4", lambda runs: level(runs)[1:], "the best belongs to the list"),
    ("05.4", lambda runs: sorted(level(runs), reverse=True), "in the order of their means"),
    ("05.4", lambda runs: sorted(runs, key=lambda name: runs[name].mean()), "the highest accuracy"),
    ("05.4", lambda runs: ["First", "Far"], "the variances of two means add up"),
    ("05.4", lambda runs: ["Far"], "level with itself"),
    ("05.4", lambda runs: ["Adam"], "'Adam' is none"),
    ("05.4", lambda runs: "First", "a list of names"),
    ("05.4", lambda runs: 3, "a list of names"),
    ("05.5", ol.Adam, "a rule of the course"),
    ("05.5", ol.Adam(), "without brackets"),
    ("05.5", dict, "the class must be a rule"),
    ("05.5", lambda: 3, "hand in the class itself"),
]  # fmt: skip


def in_place(self, x, g):
    g *= 0.5
    return x - self.lr * g


OWN = [
    ({"update": descent}, "each step depends on the present gradient alone"),
    ({"update": lambda self, x, g: x - self.lr * ol.arrays.sign(g)}, "the present gradient alone"),
    ({**{name: getattr(ol.Adam(), name) for name in ("beta1", "beta2", "eps")}, "update": ol.Adam.update,
      "init": ol.Adam.init}, "exactly as Adam does"),
    ({"update": descent, "register": False}, "put @ol.register"),
    ({"update": lambda self, x, g: x + self.lr * g}, "does it step against the gradient"),
    ({"update": lambda self, x, g: x - 1e-9 * g}, "it hardly moves"),
    ({"update": lambda self, x, g: x - self.lr * np.sign(np.asarray(g))}, "on a tensor of torch"),
    ({"update": lambda self, x, g: None}, "used: TypeError: Mine.update returned None; end it with return and the new"),
    ({"update": lambda self, x, g: x[:1], "sees": "tensor"}, "must return the new point, of the shape (3,)"),
    ({"update": in_place, "sees": "tensor"}, "in place"),
    ({"update": lambda self, x, g: x - self.lr * g * (1 if isinstance(x, np.ndarray) else 2)}, "get different steps"),
    ({"update": descent, "reads": ("gradient", "hessian")}, "read nothing else"),
    ({"update": descent, "lr": 0.1, "__annotations__": {}}, "a learning rate that can be tuned"),
    ({"update": lambda self, x: x}, "takes 2 positional arguments"),
]


@pytest.mark.parametrize(("fields", "hint"), OWN)
def test_rules_with_a_mistake_get_their_own_hint(fields, hint):
    assert_hint("05.5", entered(**fields), hint)
