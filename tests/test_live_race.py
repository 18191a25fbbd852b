"""`live_race`: rounds, budget, pictures; and that it trains as `fit` does."""

import re
import sys
import types

import numpy as np
import pytest
import torch
from vision_cases import Fixed, Tiny, images, one_thread  # noqa: F401

import optlib as ol
from optlib.pictures import theme
from optlib.pictures.runs import race_picture
from optlib.vision import FlipAndShift, evaluate, live_picture, live_race
from optlib.vision.live_race import Laps

module = sys.modules["optlib.vision.live_race"]
TRAIN, TEST = images(40), images(12, seed=1)
OPTIONS = {"seconds": 8.0, "batch": 8, "network": lambda seed: Tiny(seed=seed), "precision": "float32",
           "layout": "contiguous", "show": False}  # fmt: skip
TIMES = module._times
RULES = [ol.Momentum(lr=0.1), ol.Adam(lr=0.02)]


def race(rules=RULES, **options):
    return live_race(rules, TRAIN, TEST, **OPTIONS | options)


def set_clock(patch, start=0.0):
    """A clock of the tests' own: half a second for each turn, and three steps a turn."""
    now, one_epoch = [start], module.one_epoch

    def turn(run, bar):
        one_epoch(run, bar)
        now[0] += 0.5

    patch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: now[0]))
    patch.setattr(module, "_times", lambda run: (0.1, 0.1))
    patch.setattr(module, "one_epoch", turn)
    return now


@pytest.fixture(autouse=True)
def now(monkeypatch):
    return set_clock(monkeypatch)


@pytest.fixture(scope="module")
def finished():
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch)
        return race()


def test_all_rules_make_the_same_steps_from_the_same_weights(finished):
    assert list(finished.histories) == ["Momentum, lr 0.1", "Adam, lr 0.02"]
    assert {history.epochs for history in finished.histories.values()} == {finished.rounds}
    assert {run.step for run in finished.runs.values()} == {round(finished.epochs * 40 / 8)}
    ignoring = lambda seed: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4))
    for each in (finished, race(network=ignoring, seconds=0.5)):
        assert torch.equal(*[record.weights[0] for record in each.snapshots.values()])
    assert not torch.equal(*[record.weights[-1] for record in finished.snapshots.values()])


def test_reported_losses_and_accuracies_are_those_of_the_networks(finished):
    averaged = race([ol.EMA(ol.Adam(lr=0.02)), ol.Adam(lr=0.02)], seconds=3)
    pairs = [(each.histories[label], each.models[label]) for each in (finished, averaged) for label in each.models]
    for history, model in pairs:
        assert not model.training
        reported = history.test_loss[-1], history.test_accuracy[-1]
        assert reported == pytest.approx(evaluate(model, TEST, layout="contiguous"), rel=1e-5)
    average, plain = averaged.histories.values()
    assert average.train_loss == plain.train_loss
    assert average.test_loss[-1] != pytest.approx(plain.test_loss[-1], rel=1e-3)


def test_a_race_of_a_single_round_has_curves_from_the_common_start():
    single = race(seconds=0.1)
    assert single.rounds == 1
    for axes, start in zip(single.picture().axes, single.start, strict=True):
        for line in axes.lines:
            assert line.get_xdata().tolist() == [0.0, single.epochs]
            assert line.get_ydata()[0] == start
    assert single.start[1] == evaluate(Tiny(seed=0), TEST, layout="contiguous")[1]


def test_rates_climb_and_fall(finished):
    for history, lr in zip(finished.histories.values(), (0.1, 0.02), strict=True):
        rates = np.array(history.lr) / lr
        assert rates.max() <= 1
        assert rates.argmax() < len(rates) / 2
        assert rates[-1] < rates.max() / 2


def test_a_pass_whose_last_batch_is_smaller_is_counted_as_a_pass(monkeypatch):
    monkeypatch.setattr(module, "_times", lambda run: (0.01, 0.0))
    result = race([ol.Adam(lr=0.02)], seconds=0.5, batch=16)  # laps of 4 steps, passes of 16, 16 and 8 images
    assert (result.rounds, result.epochs) == (1, 4 / 3)
    assert result.histories["Adam, lr 0.02"].settings["images"] == 53
    assert "4 steps of up to 16 images, 1.3 epochs" in repr(result)


def test_it_ends_with_the_budget_and_has_a_round_where_the_start_alone_takes_longer(finished, monkeypatch, now):
    assert (finished.rounds, finished.seconds) == (8, 8.0)
    assert race(seconds=4.5).rounds == 4
    assert race(seconds=0.001).rounds == 1  # one round at least
    monkeypatch.setattr(module, "_times", lambda run: now.__setitem__(0, now[0] + 9.0) or (1.0, 0.0))
    assert race(seconds=4.5).rounds == 1


def test_a_turn_takes_longer_than_its_test(monkeypatch, now):
    for step, test, steps in ((0.1, 0.0, 3), (0.1, 0.2, 4), (0.1, 1.0, 20), (9.0, 0.0, 1)):
        # The clock jumps, so that one round is made.
        monkeypatch.setattr(module, "_times", lambda run, times=(step, test): now.__setitem__(0, now[0] + 9.0) or times)
        assert race(seconds=0.3 * 12 * 2).runs["Adam, lr 0.02"].per_epoch == steps


def test_the_times_of_a_machine_are_measured():
    assert all(seconds > 0 for seconds in TIMES(race(seconds=0.5).runs["Adam, lr 0.02"]))


def test_laps_go_on_where_the_last_one_ended():
    lapped = Laps(torch.from_numpy(TRAIN[0]), torch.from_numpy(TRAIN[1]), 8, 3, 0, FlipAndShift(shift=1), "cpu")
    next(lapped.epoch(2))  # one may be looked at before
    labels = [y for k in range(5) for _, y in lapped.epoch(k)]  # 15 batches: three epochs of 5
    shuffled = module.Shuffled(torch.from_numpy(TRAIN[0]), torch.from_numpy(TRAIN[1]), 8, 0)
    assert torch.equal(torch.cat(labels), torch.cat([y for k in range(3) for _, y in shuffled.epoch(k)]))


def test_a_rule_that_diverges_is_marked_and_the_others_go_on():
    result = race([ol.GradientDescent(lr=1e30), ol.Adam(lr=0.02)], seconds=3.0)
    lost, kept = result.histories.values()
    assert lost.diverged
    assert not kept.diverged
    assert kept.epochs == result.rounds > lost.epochs
    assert "diverged at step" in repr(result).splitlines()[2]
    assert "diverged at once" in result.picture().description


def test_where_all_diverge_the_race_is_over():
    result = race([ol.GradientDescent(lr=1e30)], seconds=60)
    assert (result.rounds, result.epochs) == (0, 0)
    assert "diverged" in repr(result)


def test_a_schedule_of_its_own_and_a_rule_without_rate():
    result = race({"own": ol.Momentum(lr=ol.schedules.Constant(0.1)), "none": Fixed()}, seconds=2.0)
    rates = {label: set(history.lr) for label, history in result.histories.items()}
    assert rates == {"own": {0.1}, "none": {None}}


def test_rules_may_be_classes_and_labels_tell_settings_apart():
    result = race([ol.Adam, ol.Momentum, ol.Momentum(beta=0.5)], seconds=0.5)
    assert list(result.runs) == ["Adam, lr 0.001", "Momentum, lr 0.01", "Momentum, lr 0.01, beta 0.5"]


def test_of_many_test_images_some_are_used(monkeypatch):
    monkeypatch.setattr(module, "MOST_TEST", 5)
    used = next(iter(race(seconds=0.5).runs.values())).test
    assert torch.equal(used.labels, torch.from_numpy(TEST[1][::3]))  # 4 of 12


def test_curves_of_rules_in_their_colors(finished):
    picture = finished.picture()
    colors = [line.get_color() for line in picture.axes[1].lines]
    assert colors == [theme.style_of(name)["color"] for name in ("Momentum", "Adam")]
    assert "test accuracy against epochs" in picture.description


def test_a_notebook_has_one_picture_that_grows(monkeypatch):
    shown, updates = [], []
    handle = types.SimpleNamespace(update=lambda bundle, raw: updates.append(bundle))
    display = types.ModuleType("IPython.display")
    display.display = lambda bundle, raw, display_id: shown.append(bundle) or handle
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(live_picture, "where", lambda: "notebook")
    race(show=True, seconds=2.0)
    assert len(shown) == 1
    assert "not begun" in shown[0]["text/plain"]
    assert all("<svg" in bundle["text/html"] for bundle in [*shown, *updates[:-1]])
    assert len(updates) == 3  # two rounds and the end
    assert set(updates[-1]) == {"text/html", "image/png", "text/plain"}  # what is stored
    assert "<svg" not in updates[-1]["text/html"]


def test_elsewhere_a_line_a_round_and_one_before(capsys):
    result = race(show=True, seconds=3.0)
    printed = capsys.readouterr().err
    assert printed.startswith("Live race, 3 seconds, from now on: ")
    assert "Momentum, lr 0.1: not begun. Adam, lr 0.02: not begun." in printed
    assert printed.count("Live race, ") == result.rounds + 1


def test_percents_are_told_apart():
    """Steps of 2.5 points were once written as 2%, 5%, 8%, 10%."""
    run = {"epochs": [0.1, 0.2], "loss": [2.3, 2.2], "accuracy": [0.12, 0.207], "diverged": False}
    picture = race_picture({"Adam": run}, "10 seconds")
    picture.png()
    axis = picture.axes[1].yaxis
    for place, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True):
        assert float(label.get_text().strip("%")) == pytest.approx(100 * place)


@pytest.mark.parametrize(("rules", "options", "words"), [
    ([], {}, "rules is empty; give optimizers"),
    (7, {}, "rules=7 must be an optimizer"),
    ({"a": 7}, {}, "rules=7 must be an optimizer"),
    ([ol.Adam(), ol.Adam()], {}, "in rules twice"),
    ({1: ol.Adam(), "1": ol.Lion()}, {}, "two labels that read '1'"),
    ([ol.Adam()], {"seconds": 0}, "seconds=0"),
    ([ol.Adam()], {"seconds": "90"}, "seconds='90'"),
    ([ol.Adam()], {"batch": 0}, "size=0"),
    ([ol.Adam()], {"seed": 1.5}, "live_race: seed=1.5"),
    ([ol.Newton()], {}, "reads"),
])  # fmt: skip
def test_invalid_arguments_are_refused(rules, options, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        race(rules, **options)
