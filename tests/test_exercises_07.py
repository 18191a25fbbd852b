"""Testers of notebook 07: right answers pass, and each usual mistake gets the hint that fits it."""

import functools

import numpy as np
import pytest
import torch
from exercise_cases import *  # noqa: F403

import optlib as ol
from optlib.course.exercises import notebook_07

NOTEBOOK = "07"

# --- right answers ---------------------------------------------------------------------------------------------


def settled(lr, weight_decay, r):
    return r * (lr / (weight_decay * (2 - lr * weight_decay))) ** 0.5


def walked(lr, weight_decay, r):
    """By its definition: steps across the weights, until the length no longer changes."""
    w = 1.0
    for _ in range(5000):
        w = np.hypot((1 - lr * weight_decay) * w, lr * r)
    return w


FAULTS_OF_RUNS = {"B": "no cooldown", "C": "clipped", "D": "wrong weights", "E": "too early", "F": "decay"}


def results(state, step, lr, lengths, *, fault=None):
    """All lengths from one run, or with a slip."""
    done, cooled, start = 0, [], state
    for T in lengths:
        if fault == "alone":
            done, state = 0, start
        done = 0 if fault == "over" else done
        for _ in range(done, T - T // 5):
            state = step(state, lr)
        done, branch = T - T // 5, state
        for t in range(done, T):
            branch = step(branch, lr if fault == "constant" else ol.schedules.WSD(lr, T, decay=T // 5)(t))
        cooled.append(branch)
        state, done = (branch, T) if fault == "cold" else (state, done)
    return cooled


def step(master, gradients, scale, lr, limit):
    g = gradients(master.astype(np.float16)).astype(np.float32) / scale
    norm = np.linalg.norm(g)
    return master - lr * g * min(1, limit / norm) if np.isfinite(norm) else master


def survives(w, step):
    return step > 2.0 ** np.floor(np.log2(abs(w))) / 256


nearest = lambda a: torch.from_numpy(a).bfloat16().float().numpy()  # of section 5; it takes no plain number


def in_place_of_arrays(w, step):
    """Only arrays can be written into."""
    size = abs(w)
    size[:] += step
    return nearest(size) != abs(w)


def guessed(survives, shares=(0.1, 0.5, 0.5)):
    """An answer to 07.5; no guess is wrong."""
    return survives, *shares


def tune(run):
    """Rates by threes at two batch sizes, then around the best."""
    wide = [(run(lr, 0.003, B), lr, B) for B in (12, 40) for lr in (1e-3, 3e-3, 0.01, 0.03, 0.1)]
    _, lr, B = min(wide)
    fine = sorted((run(rate, 0.003, B), rate) for rate in lr * np.geomspace(0.5, 2, 10))
    return np.exp(np.mean(np.log([rate for _, rate in fine[:4]]))), 0.003, B


RIGHT = [
    ("07.1", settled), ("07.1", walked), ("07.2", FAULTS_OF_RUNS), ("07.3", results),
    ("07.3", lambda *given: np.array(results(*given))),
    ("07.4", step), ("07.5", guessed(survives)), ("07.5", [survives, 0, np.float32(1), 1]),
    ("07.5", guessed(lambda w, step: float(_bfloat16(abs(w) + step) != abs(w)))),
    ("07.5", guessed(lambda w, step: nearest(np.abs(w) + step) != np.abs(w))), ("07.5", guessed(in_place_of_arrays)),
    ("07.5", guessed(lambda w, step: nearest(np.array([abs(w) + step])) != abs(w))),
    ("07.5", guessed(lambda w, step: torch.as_tensor(abs(w) + step).bfloat16() != torch.as_tensor(abs(w)))),
    ("07.4", lambda *a: step(*a).astype(np.float64).astype(np.float32)),
    ("07.6", tune), ("07.6", lambda run: list(spent(run, (0.003, 0.01, 0.03), (0.01, 0, 12.0)))),
    ("07.6", lambda run: np.array(spent(run, (0.003, 0.03), (0.01, 0.003, 12), runs=10))),
]  # fmt: skip


def spent(run, lrs=(0.3,), answer=(0.3, 0.003, 40), runs=20):
    """Runs at these rates, and then that answer."""
    for k in range(runs):
        run(lrs[k % len(lrs)], 0.003, 40)
    return answer


def _bfloat16(value):
    """To the nearest, ties to even: independently of the formula of the spacing."""
    bits = int(np.float32(value).view(np.uint32))
    return np.uint32((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32)


def test_no_setting_of_a_grid_beats_the_good_one_by_much():
    loss = lambda *s: notebook_07._loss(
        notebook_07._trained(*s, np.random.default_rng(5), 4), *notebook_07._DATA["test"]).mean()  # fmt: skip
    grid = [loss(lr, decay, 20) for lr in np.geomspace(3e-3, 0.1, 7) for decay in (0.0, 0.01, 0.03, 0.1)]
    assert loss(*notebook_07.GOOD) < 1.02 * min(grid)


# --- wrong answers ---------------------------------------------------------------------------------------------


def faulty(master, gradients, scale, lr, limit, *, fault):
    """A step with one fault."""
    w = master.astype(np.float16)
    g = gradients(w)
    if fault != "half":
        g = g.astype(np.float32)
    if fault == "clip first":
        g = g * min(1, limit / np.linalg.norm(g)) / scale
    elif fault == "no scale":
        g = g * min(1, limit / np.linalg.norm(g))
    elif fault == "stretched first":
        g = g * limit / np.linalg.norm(g) / scale
    elif fault == "stretched":
        g = g / scale
        g = g * limit / np.linalg.norm(g)
    else:
        g = g / scale
        measured = g.astype(np.float16) if fault == "half norm" else g
        g = g if fault == "no clip" else g * min(1, limit / np.linalg.norm(measured))
    if fault == "uphill":
        g = -g
    if fault != "no skip" and not np.isfinite(g).all():
        return master
    if fault == "copy":
        return (w - lr * g).astype(np.float16).astype(np.float32)
    new = (master if fault != "half" else w) - lr * g
    return new.astype(np.float64 if fault == "double" else np.float32)


def in_place(master, gradients, scale, lr, limit):
    master -= lr * gradients(master.astype(np.float16)).astype(np.float32) / scale
    return master


FAULTS = {
    "half": "the weights stand still", "clip first": "acts on the scaled gradient", "no scale": "undoes the scale",
    "no clip": "nothing is clipped", "no skip": "skip the step", "copy": "still", "double": "float32; yours are not",
    "uphill": "walks uphill", "stretched": "a gradient shorter than the limit stays as it is",
    "stretched first": "a gradient shorter than the limit stays as it is", "half norm": "Is it the gradient, its norm",
}  # fmt: skip


def one_more(run):
    return [run(0.01, 0.0, 40) for _ in range(21)]


WRONG = [
    ("07.1", lambda lr, decay, r: settled(lr, decay, r) ** 2, "the square of the length"),
    ("07.1", lambda lr, decay, r: r * (lr / decay / 2) ** 0.5, "right to first order"),
    ("07.1", lambda lr, decay, r: r / decay, "one direction"),
    ("07.1", lambda lr, decay, r: settled(lr, decay, r) / lr, "its length is lr * r"),
    ("07.1", lambda lr, decay, r: settled(lr, decay, r) / r**0.5, "has r squared in it"),
    ("07.1", lambda lr, decay, r: lr * r / (lr * decay) ** 0.5, "twice in its square"),
    ("07.1", lambda lr, decay, r: lr * r / (1 - lr * decay) ** 0.5, "before it is squared"),
    ("07.1", lambda lr, decay, r: 7.7, "the shrunken old length"),
    ("07.2", {}, "the letters of the five faulty runs"),
    ("07.2", FAULTS_OF_RUNS | {"B": "lazy"}, "'lazy' is none of the faults"),
    ("07.2", FAULTS_OF_RUNS | {"C": ...}, "still a ... in it"),
    ("07.2", FAULTS_OF_RUNS | {"B": np.array(["decay", "clipped"])}, "none of the faults"),
    *(("07.2", FAULTS_OF_RUNS | {letter: "decay" if letter != "F" else "clipped"}, f"{letter}: ")
      for letter in FAULTS_OF_RUNS),
    ("07.3", functools.partial(results, fault="alone"), "share the constant part"),
    ("07.3", functools.partial(results, fault="cold"), "go on from the constant part"),
    ("07.3", functools.partial(results, fault="over"), "makes T - T // 5 steps in all"),
    ("07.3", lambda state, *rest: results(0 * state, *rest), "start at the given state"),
    ("07.3", functools.partial(results, fault="constant"), "have not cooled down"),
    ("07.3", lambda state, step, lr, lengths: [state] * 3, "which rate has each step"),
    ("07.3", lambda state, step, lr, lengths: [state], "one state for each"),
    ("07.3", lambda state, step, lr, lengths: [step(state, lr) for _ in range(999)], "more often than"),
    *(("07.4", functools.partial(faulty, fault=fault), hint) for fault, hint in FAULTS.items()),
    ("07.4", in_place, "changed in place"),
    ("07.4", lambda m, g, s, lr, c: m - g(m), "once, at the weights in float16"),
    ("07.4", lambda m, g, s, lr, c: m, "once, at the weights in float16"),
    ("07.4", lambda m, *a: step(m.astype(np.float16).astype(np.float32), *a), "step is made on the copy in float16"),
    ("07.4", lambda m, g, s, lr, c: g(m.astype(np.float16))[:2], "an array of shape (4,)"),
    ("07.4", lambda m, g, s, lr, c: m + np.float32(g(m.astype(np.float16))[0]), "the step of the first weight is 100"),
    ("07.5", guessed(lambda w, step: step > 2.0 ** np.floor(np.log2(abs(w))) / 128), "need not reach"),
    ("07.5", guessed(lambda w, step: step > 2.0 ** np.floor(np.log2(abs(w))) / 512), "one bit too many"),
    ("07.5", guessed(lambda w, step: step > 2.0 ** np.floor(np.log2(abs(w))) / 2048), "that is float16"),
    ("07.5", guessed(lambda w, step: step > 1 / 256), "right between 1 and 2 only"),
    ("07.5", guessed(lambda w, step: step > abs(w) / 256), "not |w| itself"),
    ("07.5", guessed(lambda w, step: not survives(w, step)), "the other way round"),
    ("07.5", guessed(lambda w, step: nearest(np.abs(w) + step) == np.abs(w)), "the other way round"),
    ("07.5", guessed(lambda w, step: nearest(np.abs(w) + step / 2) != np.abs(w)), "need not reach"),
    ("07.5", guessed(lambda w, step: nearest(w.size + "1")), "'float' object has no attribute 'size'"),
    ("07.5", guessed(lambda w, step: True), "beyond half of it"),
    ("07.5", guessed(lambda w, step: [True, False]), "one for each call"),
    ("07.5", guessed(lambda w, step: None), "survives returned None"),
    ("07.5", survives, "your function and your three guesses"),
    ("07.5", guessed(0.5), "your function and your three guesses"),
    ("07.5", (survives, 0.5), "your function and your three guesses"),
    ("07.5", (survives, ..., 0.5, 0.5), "the answer is still ..."),
    ("07.5", guessed(survives, (10, 50, 100)), "numbers from 0 to 1, not [10, 50, 100]"),
    ("07.5", guessed(survives, (0.1, "half", 1)), "numbers from 0 to 1"),
    ("07.5", guessed(survives, (0.5, 0.4, 0.9)), "cannot fall with the rate"),
    ("07.6", one_more, "the budget is 20 runs"),
    ("07.6", lambda run: (0.3, 0.0, 12), "You have used 0 of 20 runs"),
    ("07.6", lambda run: (0.01, 0, 16), "You have used 0 of 20 runs"),
    ("07.6", lambda run: np.array(notebook_07.GOOD), "You have used 0 of 20 runs"),
    ("07.6", functools.partial(spent, lrs=(0.003, 0.03), answer=(0.01, 0, 16), runs=9), "You have used 9 of 20 runs"),
    ("07.6", functools.partial(spent, answer=(0.01, 0, 16)), "none of your runs comes near the rate 0.01"),
    ("07.6", functools.partial(spent, lrs=(0.3, 0.03)), "The lowest of your own runs was another: (0.03, 0.003, 40)"),
    ("07.6", spent, "this one is at the end"),
    ("07.6", functools.partial(spent, lrs=(0.1, 0.3, 0.003), answer=(0.1, 0.003, 40)), "too far apart"),
    ("07.6", lambda run: run(0.0, 0.0, 12), "lr=0.0 must be above 0"),
    ("07.6", lambda run: run("fast", 0.0, 12), "lr='fast' must be above 0"),
    ("07.6", lambda run: (0.1, 0.0, 3), "batch=3 an integer 4 to 80"),
    ("07.6", lambda run: 0.1, "return three numbers"),
]  # fmt: skip


def test_the_faults_of_runs_show():
    """Each of them in what its hint names."""
    batches, evaluated, lengths = notebook_07.faulty_runs().values()
    assert evaluated["A"][-1] == min(values[-1] for values in evaluated.values())
    assert np.ptp(evaluated["B"][-3:]) > 5 * np.ptp(evaluated["A"][-3:])
    assert np.ptp(np.diff(lengths["C"][:4])) < 0.2 < batches["C"][8] - batches["A"][8]
    np.testing.assert_array_equal(batches["D"], batches["A"])
    assert evaluated["D"][4] > 2 * evaluated["A"][4]
    assert not np.diff(evaluated["E"][4:]).any()
    assert not np.diff(lengths["E"][4:]).any()
    assert lengths["F"].max() < 0.6 * lengths["A"][-1]


@pytest.mark.parametrize("fault", ["half", "copy"])
def test_a_step_in_float16_is_lost(fault):
    """What the exercise is about: the loop runs, and the weights are the same."""
    g = lambda w: np.full(w.shape, 100.0, np.float16)
    master = np.ones(3, np.float32)
    new = faulty(master, g, 1024, 1e-3, 1e3, fault=fault)
    assert (new == master).all()
    assert (step(master, g, 1024, 1e-3, 1e3) < master).all()
