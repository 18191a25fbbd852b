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


def at_once(model, optimizer, train, test, epochs):
    """All test images in one batch."""
    return loop(model, optimizer, train, [tuple(map(torch.cat, zip(*test, strict=True)))], epochs)


def choose(rates, accuracies):
    best = np.nan_to_num(accuracies).mean(axis=1).argmax()
    return rates[best], best in (0, len(rates) - 1)


def named(limit):
    """Function that names whoever is less than limit(best, other) behind."""

    def answer(runs):
        names = sorted(runs, key=lambda name: -runs[name].mean())
        first = runs[names[0]]
        near = lambda name: first.mean() - runs[name].mean() < limit(first, runs[name])
        return [name for name in names if name == names[0] or near(name)]

    return answer


def limit(ddof=1, count=len, factor=2):
    return lambda b, o: factor * np.sqrt((b.var(ddof=ddof) + o.var(ddof=ddof)) / count(b))


level = named(limit())


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
    ("05.2", loop), ("05.2", lambda *a: np.array(loop(*a))), ("05.2", lambda *a: iter(loop(*a))), ("05.2", at_once),
    ("05.3", choose), ("05.3", lambda rates, a: list(map(np.array, choose(rates, a)))),
    ("05.4", level), ("05.4", lambda runs: tuple(level(runs))),
]  # fmt: skip


def remembering(step):
    """An update with a moving average m of the gradients, which walks by step(m, lr)."""

    def update(self, x, g):
        self.m = 0.8 * getattr(self, "m", 0.0 * x) + 0.2 * g
        return x - step(self.m, self.lr)

    return update


def with_closure(model, optimizer, train, test, epochs):
    """Steps by closures, losses as sums over images, and a look at the training images that does not count."""
    rows = []
    for _ in range(epochs):
        model.train()
        total = 0.0
        for x, y in train:

            def back(x=x, y=y):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss

            total += optimizer.step(back).item() * len(y)
        model.eval()
        with torch.no_grad():
            look(model, train)
            tested = sum(F.cross_entropy(model(x), y, reduction="sum") for x, y in test)
        rows.append([total / sum(len(y) for _, y in train), tested / sum(len(y) for _, y in test)])
    return rows


RIGHT += [("05.2", with_closure)]


@pytest.mark.parametrize("step", [
    lambda m, lr: lr * m / (1 + m * m), lambda m, lr: lr * ol.arrays.sign(m), lambda m, lr: (lr + 0.001) * m**3,
])  # fmt: skip
def test_rules_of_ones_own_pass(step):
    assert_right("05.5", entered(remembering(step)))


@pytest.mark.parametrize("beta", [0.3, 0.5, 0.6, 0.9, 0.93, 0.95, 0.99])
def test_the_sign_of_momentum_passes_with_each_beta(beta):
    """With some it agrees with Lion for thirty steps, with others a single last sign does not show the memory."""

    def update(self, x, g):
        self.m = beta * self.m + (1 - beta) * g
        return x - self.lr * ol.arrays.sign(self.m)

    assert_right("05.5", entered(update, init=lambda self, x: vars(self).update(m=0 * x)))


def test_momentum_with_another_beta_is_no_rule_of_ones_own():
    assert_hint("05.5", entered(remembering(lambda m, lr: lr * m)), "it walks as Momentum does")


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


BACK = ("zero", "backward", "step")


def variant(*, back=True, evaluation=True, silent=True, order=BACK, weigh=True, tested=True, copied=False, last=False,
            kept=(), first=False, again=False, reduction="mean"):  # fmt: skip
    """The right loop with some mistakes."""

    def run(model, batches, optimizer, sums):
        for x, y in batches:
            loss = F.cross_entropy(model(x), y, reduction=reduction)
            if optimizer:
                calls = {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
                for name in order:
                    calls[name]()
            size = len(y) if weigh else 1
            mean = loss.item() / (len(y) if reduction == "sum" else 1)
            sums[:] = [mean, 1] if last else [sums[0] + mean * size, sums[1] + size]
        return sums[0] / sums[1]

    def answer(model, optimizer, train, test, epochs):
        rows, sums = [], {"training": [0, 0], "test": [0, 0]}

        def look_at(name, batches, optimizer=None):
            sums[name] = sums[name] if name in kept else [0, 0]
            if optimizer:
                return run(model, batches, optimizer, sums[name])
            if evaluation:
                model.eval()
            with torch.set_grad_enabled(not silent):
                return run(model, batches, None, sums[name])

        model.train()
        for _ in range(epochs):
            two = look_at("test", test) if first else None
            if back:
                model.train()
            one = look_at("training", train, optimizer)
            one = look_at("training", train) if again else one
            two = two if first else look_at("test", test) if tested else 0.0
            rows.append((one, one if copied else two))
        return rows

    return answer


def lists_kept(model, optimizer, train, test, epochs):
    """The published loop, mended but for its lists."""
    rows, losses, sizes = [], [], []
    for _ in range(epochs):
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            sizes.append(len(y))
        model.eval()
        with torch.no_grad():
            rows.append((np.average(losses, weights=sizes), look(model, test)))
    return rows


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
    ("05.2", variant(order=BACK[1:]), "gradients pile up"),
    ("05.2", variant(order=("zero", "step", "backward")), "step() comes before backward()"),
    ("05.2", variant(order=("step", "backward")), "step() comes before backward()"),
    ("05.2", variant(order=("step", "zero", "backward")), "step() comes before backward()"),
    ("05.2", variant(order=("zero", "step")), "no gradient is computed"),
    ("05.2", variant(order=("backward", "zero", "step")), "zero_grad() wipes out the gradient"),
    ("05.2", variant(reduction="sum"), "of the sum over its batch"),
    ("05.2", lists_kept, "the training loss of a later epoch counts the earlier ones, too"),
    ("05.2", variant(kept=("training", "test")), "the training loss of a later epoch counts the earlier ones, too"),
    ("05.2", variant(kept=("test",)), "the test loss of a later epoch counts the earlier ones, too"),
    ("05.2", variant(first=True), "is tested before its training"),
    ("05.2", variant(again=True), "a second pass over the training images"),
    ("05.2", variant(again=True, evaluation=False), "the test runs in training mode"),
    ("05.2", lambda *a: [*zip(*loop(*a), strict=True)], "not a list for each loss"),
    ("05.2", lambda *a: np.array(loop(*a)).T, "not a list for each loss"),
    ("05.2", lambda *a: [loop(*a)[0]] * 3, "epoch 2, the mean over images, is"),
    ("05.2", lambda *a: [(18 * one, two) for one, two in loop(*a)], "a sum over images"),
    ("05.2", variant(weigh=False), "the training loss is the mean of the batch means"),
    ("05.2", variant(tested=False), "never sees the test batches"),
    ("05.2", variant(copied=True), "the training loss once more"),
    ("05.2", variant(last=True), "of the last batch only"),
    ("05.2", sums_only, "the mean over images, is"),
    ("05.2", lambda *a: loop(*a)[:1], "one pair (train loss, test loss) for each of the 3 epochs"),
    ("05.2", lambda *a: loop(*a[:4], 1), "so 9 steps; yours makes 3"),
    ("05.2", lambda *a: [loop(*a), "abc"][1], "a list with one pair"),
    ("05.2", lambda *a: loop(*a) and None, "returned None"),
    ("05.2", lambda model: [], "TypeError"),
    ("05.3", argmax_of_means, "NaN for the largest number"),
    ("05.3", by(lambda a: np.nan_to_num(np.nanmean(np.vstack([a[:3], [[0, 0, 0]]]), axis=1)).argmax()), "one seed div"),
    ("05.3", by(lambda a: np.nan_to_num(a).max(axis=1).argmax()), "best single run"),
    ("05.3", by(lambda a: np.median(np.nan_to_num(a), axis=1).argmax()), "as the median"),
    ("05.3", by(lambda a: np.nan_to_num(a).mean(axis=1).argmin()), "the highest mean over the seeds belongs to"),
    ("05.3", by(lambda a: np.nanargmax(a.mean(axis=1))), "counts as 0, and is not left out"),
    ("05.3", by(lambda a: np.nan_to_num(a, nan=-1).mean(axis=1).argmax()), "counts as 0, and is not left out"),
    ("05.3", lambda r, a: (choose(r, a)[0], choose(r, a)[0] in r[[0, 3]]), "0.3 has neighbors on both sides"),
    ("05.3", lambda r, a: (choose(r, a)[0], choose(r, a)[0] in (0.001, 1.0)), "the highest rate that was tried"),
    ("05.3", lambda r, a: (choose(r, a)[0], False), "Say True"),
    ("05.3", lambda r, a: choose(r[~np.isnan(a).all(axis=1)], a[~np.isnan(a).all(axis=1)]), "neighbors on both sides"),
    ("05.3", by(lambda a: np.nan_to_num(a, nan=0.1).mean(axis=1).argmax()), "one seed diverged"),
    ("05.3", lambda r, a: (choose(r, a)[0], True), "Say False"),
    ("05.3", lambda r, a: (int(np.nan_to_num(a).mean(axis=1).argmax()), False), "not its position"),
    ("05.3", lambda r, a: (7.0, False), "none of the rates"),
    ("05.3", lambda r, a: choose(r, a)[0], "return two things"),
    ("05.3", lambda r, a: ("a", False), "a number, and True or False"),
    ("05.3", lambda r, a: (0.1, 1.0), "a number, and True or False"),
    ("05.4", lambda runs: level(runs)[:1], "only the best one"),
    ("05.4", named(limit(ddof=0)), "std(ddof=1)"),
    ("05.4", lambda runs: level({name: a - a.mean() + np.median(a) for name, a in runs.items()}), "medians"),
    ("05.4", named(limit(count=lambda b: 1)), "the root of the number of runs"),
    ("05.4", named(lambda b, o: 2 * (b.std(ddof=1) + o.std(ddof=1)) / len(b) ** 0.5), "here the errors"),
    ("05.4", named(lambda b, o: 2 * (b.std(ddof=1) + o.std(ddof=1)) / 5**0.5), "the variances of two means add up"),
    ("05.4", named(limit(count=lambda b: len(b) - 1)), "divided by n, not by n - 1"),
    ("05.4", named(limit(count=lambda b: 1, factor=1)), "both the 2 and the n are missing"),
    ("05.4", named(limit(factor=3)), "three standard errors"),
    ("05.4", named(limit(factor=1)), "one standard error"),
    ("05.4", named(limit(factor=1.96)), "1.96 standard errors"),
    ("05.4", named(lambda b, o: 2 * b.std(ddof=1) / len(b) ** 0.5), "of the best alone"),
    ("05.4", named(lambda b, o: 2 * o.std(ddof=1) / len(b) ** 0.5), "of the other alone"),
    ("05.4", named(lambda b, o: 2 * (2 * b.var(ddof=1) / len(b)) ** 0.5), "the deviation of the best for both"),
    ("05.4", named(limit(count=lambda b: 5)), "with 7 runs each: n is the number of runs of a rule"),
    ("05.4", named(limit(count=lambda b: 10)), "with 7 runs each: n is the number of runs of a rule"),
    ("05.4", lambda runs: level(runs)[:1] + level(runs), "First is named 2 times"),
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


def hyper(value):
    return ol.hyper(value, r"\beta", "[0, 1)", doc="memory")


def momentum(beta=None, factor=1.0):
    """Fields of a copy of the course's Momentum, with a beta of its own or 0.9 in its lines."""

    def init(self, x):
        self.v = 0.0 * x

    def update(self, x, g):
        self.v = (0.9 if beta is None else self.beta) * self.v + g
        return x - factor * self.lr * self.v

    return {"init": init, "update": update, **({} if beta is None else setting(beta=beta))}


def root_mean_square(beta2=None, factor=1):
    """Fields of a copy of the course's RMSProp."""
    rule = ol.optimizers.RMSProp()

    def init(self, x):
        self.v = 0.0 * x

    def update(self, x, g):
        b = rule.beta2 if beta2 is None else self.beta2
        self.v = b * self.v + (1 - b) * g**2
        return x - factor * self.lr * g / (self.v**0.5 + rule.eps)

    return {"init": init, "update": update, **({} if beta2 is None else setting(beta2=beta2))}


def setting(**values):
    """Fields for hyper-parameters."""
    return {"__annotations__": {"lr": float, **dict.fromkeys(values, float)}} | {k: hyper(v) for k, v in values.items()}


def restarted(self, x, g):
    self.m = 0.9 * self.m * (self.t % 10 > 0) + g
    return x - self.lr * self.m


def downhill(self, x, g):
    """The heavy ball by its last point, forgotten where it points uphill."""
    way = x - self.last if self.t > 1 else 0 * x
    self.last = x
    return x - self.lr * g + 0.9 * ol.arrays.where(way * g < 0, way, 0 * way)


@pytest.mark.parametrize("update", [restarted, downhill])
def test_a_memory_may_be_lost_now_and_then(update):
    assert_right("05.5", entered(update, init=lambda self, x: vars(self).update(m=0 * x, last=x)))


def test_own_settings_with_names_of_the_course_do_no_harm():
    """Values that a rule of the course refuses, and rules that differ from it in more than a number."""
    fields = setting(beta=0.8) | {"alpha": ol.hyper(-3.0, "a"), "k": ol.hyper(0.5, "k")}
    fields["__annotations__"] |= {"alpha": float, "k": float}
    assert_right("05.5", entered(remembering(lambda m, lr: lr * ol.arrays.sign(m)), **fields))


OWN = [
    ({"update": descent}, "no step depends on earlier gradients"),
    ({"update": lambda self, x, g: x - self.lr * ol.arrays.sign(g)}, "no step depends on earlier gradients"),
    ({"update": lambda self, x, g: x - self.lr * g / (1 + 0.1 * self.t)}, "no step depends on earlier gradients"),
    ({"update": lambda self, x, g: x - self.lr * (g + 0.1 * x)}, "no step depends on earlier gradients"),
    ({**{name: getattr(ol.Adam(), name) for name in ("beta1", "beta2", "eps")}, "update": ol.Adam.update,
      "init": ol.Adam.init}, "exactly as Adam does"),
    ({"beta1": 0.5, "beta2": 0.99, "eps": 1e-8, "update": ol.Adam.update, "init": ol.Adam.init}, "as Adam does"),
    (momentum(), "exactly as Momentum does"),
    (momentum(beta=0.8), "exactly as Momentum does"),
    (momentum(beta=0.8, factor=3.0), "walks as Momentum does, with another learning rate"),
    (momentum(factor=0.1), "walks as Momentum does, with another learning rate"),
    (root_mean_square(), "exactly as RMSProp does"),
    (root_mean_square(beta2=0.7), "exactly as RMSProp does"),
    (root_mean_square(factor=2), "walks as RMSProp does, with another learning rate"),
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
