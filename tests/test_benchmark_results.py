"""Results: tables and pictures that say what was recorded and what was not."""

import math

import numpy as np
import pytest
from benchmark_cases import finished, hill, protocol, record

from optlib.benchmark import plan
from optlib.benchmark.records import append
from optlib.benchmark.results import Results, find, load

QUALITY = {"Momentum": 0.7, "AdaGrad": 0.4, "Adam": 0.69}


def by_rule(job):
    """Each rule has its quality at 0.01 and is worse elsewhere; seeds differ a little."""
    spread = 0.002 if job["rule"] == "Adam" else 0.0022
    return QUALITY[job["rule"]] - 0.1 * abs(math.log10(job["lr"] / 0.01)) + spread * job["seed"]


def some(**changes):
    return protocol(rules=list(QUALITY), **changes)


@pytest.fixture
def complete():
    return Results(some(), finished(some(), by_rule))


def test_numbers_are_those_of_the_records(complete):
    assert complete.rules == ["Momentum", "AdaGrad", "Adam"]
    assert complete.best_rate("Adam") == 0.01
    assert [run["seed"] for run in complete.final("Adam")] == [0, 1]
    assert complete.accuracies("Adam") == pytest.approx([0.69, 0.692])
    assert complete.accuracy("Adam").mean == pytest.approx(0.691)
    assert [lr for lr, _, _ in complete.tuning("Adam")] == [1e-4, 1e-3, 1e-2, 0.1]
    assert complete.validation("Adam", 1e-3) == pytest.approx(0.59)
    assert complete.validation("Adam", 77.0) is None
    assert complete.missing() == ""
    assert complete.places() == {"Momentum": (1, 1), "Adam": (2, 2), "AdaGrad": (3, 3)}
    assert "10 settings tried, 6 runs with test images, of 3 rules. Everything was run." in repr(complete)


def test_records_of_other_settings_in_the_same_file_are_not_mixed_in(complete):
    """A protocol that was changed and run again into the same file must not mix its runs with the old ones."""
    longer = some(training__epochs=5)
    records = list(complete.done.values()) + finished(longer, lambda job: 0.3 + 0.01 * (job["lr"] == 0.01))
    assert Results(some(), records).accuracies("Adam") == complete.accuracies("Adam")
    assert Results(longer, records).accuracies("Adam") == pytest.approx([0.31, 0.31])
    assert len(Results(longer, records).final("Adam")[0]["history"]["test_loss"]) == 5
    further = record(plan.make(some(), "final", "", "Adam", 0.01, {}, 9), 0.5)
    assert len(Results(some(), [*records, further]).final("Adam")) == 3, "further seeds count"


def test_a_race_in_two_precisions_says_so(complete):
    assert "precision" not in str(complete.table())
    complete.final("Adam")[0]["history"]["settings"]["precision"] = "bfloat16"
    assert "in bfloat16 or float32." in " ".join(str(complete.table()).split())


def test_the_default_rate_has_runs_of_its_own():
    given = some(final__default_seeds=[0, 1])
    results = Results(given, finished(given, by_rule))
    assert results.accuracies("Adam", default=True) == pytest.approx([0.59, 0.592])
    assert results.accuracies("Momentum", default=True) == results.accuracies("Momentum")
    assert "test, default lr" in results.table().columns


def test_what_was_not_run_is_said_in_words(complete):
    records = list(complete.done.values())
    table = Results(some(), []).table()
    assert [row[0] for row in table.rows] == ["Momentum", "AdaGrad", "Adam"]
    assert table.caption.endswith(" Not run: all rules: not tuned to the end.")
    tuned = [r for r in records if r["stage"] == "tuning"]
    assert Results(some(), tuned).missing() == "Not run: seed 0: all rules; seed 1: all rules."
    no_adam = [r for r in records if (r["rule"], r["seed"]) != ("Adam", 1)]
    assert Results(some(), no_adam).missing() == "Not run: seed 1: Adam."
    half = [r for r in tuned if r["rule"] != "Adam"]
    assert Results(some(), half).missing().startswith("Not run: Adam: not tuned to the end; seed 0: Momentum, AdaGrad")
    given = some(final__default_seeds=[0])
    without = [r for r in finished(given, by_rule) if r["stage"] != "default"]
    assert Results(given, without).missing() == "Not run: seed 0 at the default rate: Adam."


def test_a_rule_that_diverges_everywhere_is_tuned_and_said_to_diverge():
    accuracy = lambda job: None if job["rule"] == "Adam" else by_rule(job)
    records = finished(some(), accuracy)
    results = Results(some(), records)
    assert results.missing() == ""
    assert results.rules == ["Momentum", "AdaGrad"]
    row = next(row for row in results.table().rows if row[0] == "Adam")
    assert "diverged at every rate" in row
    assert results.time_to(0.5).rows[-1] == ["Adam", "diverged at every rate", "–", "0 of 0"]
    assert results.scores()[""]["Adam"] == {0: -math.inf, 1: -math.inf}
    fewer = Results(some(), [r for r in records if r["seed"] != 1])
    assert fewer.missing() == "Not run: seed 1: Momentum, AdaGrad."


def test_the_table_shows_the_best_first_with_what_a_reader_must_know(complete):
    table = complete.table()
    assert table.columns == ["rule", "place", "best lr", "default lr", "settings tried", "validation, best lr",
                             "validation, default lr", "test, best lr", "runs", "memory"]  # fmt: skip
    assert [row[0] for row in table.rows] == ["Momentum", "Adam", "AdaGrad"]
    assert table.rows[1] == ["Adam", "2", "0.01", "0.001", "4", "69.0 %", "59.0 %", "69.10 ± 0.14 %", "2", "2"]
    for part in ("SpeedNet small", "the bundled images", "2 epochs", "batch 100", "1,000 training images held out",
                 "± is the standard deviation over the seeds."):
        assert part in table.caption


def test_a_second_number_that_was_tuned_is_not_in_the_column_of_defaults_and_the_end_of_a_grid_is_said():
    given = some(tuning__also={"Adam": {"beta2": [0.9]}}, tuning__widen=0)
    better = lambda job: min(by_rule(job) + 0.1 * (job["settings"].get("beta2") in (0.0, 0.9)), 1.0)
    table = Results(given, finished(given, better)).table()
    row = dict(zip(table.columns, next(row for row in table.rows if row[0] == "Adam"), strict=True))
    assert [row[f"validation, {which} lr"] for which in ("best", "default")] == ["79.0 %", "59.0 %"]
    assert row["and"] == "beta2=0.9"
    assert "The best rate is" not in table.caption
    edge = "The best second hyper-parameter is the lowest or the highest that was tried for Adam."
    for values, said in (([0.9], True), ([0.9, 0.8], False), ([0.0], False), ([0.99], True)):
        given = some(tuning__also={"Adam": {"beta2": values}})
        assert (edge in Results(given, finished(given, better)).table().caption) == said, values
    lists = protocol(rules=["AggMo"], tuning__also={"AggMo": {"betas": [[0.0, 0.5]]}}, final__seeds=[0])
    table = Results(lists, finished(lists, lambda job: hill(0.1)(job) + 0.1 * bool(job["settings"]))).table()
    assert table.rows[0][table.columns.index("and")] == "betas=[0.0, 0.5]"
    narrow = some(tuning__widen=0)
    at_end = "The best rate is the lowest or the highest that was tried for Adam."
    assert at_end in Results(narrow, finished(narrow, by_rule)).table().caption


def test_without_tuning_no_column_says_the_same_twice():
    given = some(tuning=None)
    table = Results(given, finished(given, by_rule)).table()
    assert table.columns == ["rule", "place", "lr", "test", "runs", "memory"]
    assert "No learning rate was tuned" in table.caption


def test_a_speed_run_shows_accuracy_with_flips_and_minutes_and_no_place():
    given = protocol(rules=["Nesterov"], tuning=None, final__seeds=[0, 1, 2], final__flips=True)
    runs = finished(given, lambda job: 0.9 + 0.01 * job["seed"])
    for seed, run in enumerate(runs[:2]):
        run["flips_accuracy"] = 0.92 + 0.02 * seed
        run["history"]["seconds"] = [60.0, 60.0 + 30.0 * seed]
    runs[2] = record(runs[2], None)  # diverged
    results = Results(given, runs)
    assert results.with_flips("Nesterov").mean == pytest.approx(0.93)
    assert results.minutes("Nesterov") == [2.0, 2.5]
    assert "of 1 rule. Everything was run." in repr(results)
    table = results.table()
    assert table.columns == ["rule", "lr", "test", "with flips", "minutes", "runs", "memory"]
    assert table.rows[0][2:6] == ["90.50 ± 0.71 %, 1 of 3 diverged", "93.00 ± 1.41 %", "2.0 to 2.5", "3"]
    assert "in the mirror" in table.caption
    assert "Places" not in table.caption
    assert "Not run: seed 0; seed 1; seed 2." in Results(given, []).table().caption
    assert "'some': 1 run with test images, of 1 rule. Not run: seed 1; seed 2." in repr(Results(given, runs[:1]))
    runs[1]["history"]["seconds"] = [60.0, 61.0]
    assert results.table().rows[0][4] == "2.0", "no range of equal numbers"


def test_a_diverged_final_run_is_counted_and_left_out_of_the_mean():
    accuracy = lambda job: None if (job["stage"], job["rule"], job["seed"]) == ("final", "Adam", 1) else by_rule(job)
    results = Results(some(), finished(some(), accuracy))
    row = next(row for row in results.table().rows if row[0] == "Adam")
    assert row[-3:-1] == ["69.00 %, 1 of 2 diverged", "2"]
    reach = [(row[0], row[3]) for row in results.time_to(0.3).rows]
    assert reach == [("Momentum", "all 2"), ("AdaGrad", "all 2"), ("Adam", "1 of 2")]
    assert results.curves().description


def test_time_to_an_accuracy_is_epochs_and_seconds_of_those_that_reach_it(complete):
    table = complete.time_to(0.45)  # a run of two epochs has two thirds of its accuracy after the first
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["Momentum"] == ["1.0", "2", "all 2"]
    assert rows["AdaGrad"] == ["not reached", "–", "0 of 2"]
    assert [row[0] for row in table.rows][-1] == "AdaGrad"
    assert "45 % test accuracy" in table.caption
    assert [row[1] for row in complete.time_to(0.6).rows] == ["2.0", "2.0", "not reached"]


@pytest.mark.parametrize("bad", [0, 1, 70, -0.1, True, "0.7", None])
def test_an_accuracy_to_reach_is_between_0_and_1(complete, bad):
    with pytest.raises((TypeError, ValueError), match=rf"time_to: accuracy={bad!r} must be a number in \(0, 1\)"):
        complete.time_to(bad)


CHANGES = {"as it should be": {}, "smoothed": {"label_smoothing": 0.1}}


def test_variants_stand_beside_each_other():
    given = protocol(rules=["Adam"], variants=CHANGES, final__seeds=[0, 1])
    records = finished(given, lambda job: by_rule(job) - 0.1 * bool(job["training"]["label_smoothing"]))
    results = Results(given, records)
    table = results.table()
    assert table.columns == ["variant", "reported as test accuracy", "difference", "runs"]
    assert [row[0] for row in table.rows] == list(CHANGES)
    assert [row[2] for row in table.rows] == ["–", "-10.00"]
    assert results.missing() == ""
    assert "smoothed" in results.variant_curves().description
    with pytest.raises(ValueError, match="some: variant=None must be one of 'as it should be', 'smoothed'"):
        results.accuracy("Adam")
    left = [r for r in records if (r["variant"], r["stage"], r["seed"]) != ("smoothed", "final", 1)]
    assert Results(given, left).missing() == "Not run: seed 1: smoothed."
    fewer = [r for r in records if (r["variant"], r["stage"], r["seed"]) != ("as it should be", "final", 0)]
    assert Results(given, fewer).table().rows[1][2] == "-10.00", "of the seed that both have"
    assert Results(given, fewer).table().caption.endswith(" Not run: seed 0: as it should be.")
    lost = finished(given, lambda job: None if job["training"]["label_smoothing"] else by_rule(job))
    assert Results(given, lost).table().rows[1][1] == "diverged at every rate"


def test_variants_of_some_rules_stand_beside_the_first_pair():
    variants = {"short": {"rules": ["Adam"]}, "long": {"epochs": 3}}
    given = protocol(tuning=None, variants=variants, final__flips=True)
    results = Results(given, finished(given, lambda job: 0.1 * job["training"]["epochs"]))
    table = results.table()
    assert [row[0] for row in table.rows] == ["Adam, short", "Momentum, long", "Adam, long"]
    assert [row[table.columns.index("difference")] for row in table.rows] == ["–", "+10.00", "+10.00"]
    assert [row[table.columns.index("minutes")] for row in table.rows] == ["0.1", "0.1", "0.1"]
    assert "Momentum, long" in results.variant_curves().description
    assert results.missing() == ""


def test_the_table_of_a_variant_is_of_its_own_rules_epochs_and_batches():
    given = protocol(variants={"all": {}, "one": {"rules": ["Adam"], "epochs": 3, "batch": 50}})
    table = Results(given, finished(given, by_rule)).table("one")
    assert [row[0] for row in table.rows] == ["Adam"]
    assert "place" not in table.columns
    assert "3 epochs, batch 50." in table.caption
    assert "after 10 steps with 1 seed" in table.caption


def test_variants_of_the_same_settings_show_the_same_runs():
    given = protocol(rules=["Adam"], variants={"a": {}, "b": {}})
    results = Results(given, finished(given, by_rule))
    assert results.accuracies("Adam", "a") == results.accuracies("Adam", "b") != []
    only = protocol(rules=["Adam"], variants={"only": {"batch": 50}})
    assert len(Results(only, finished(only, by_rule)).final("Adam")) == 2, "its name may be left out"


def test_pictures_describe_what_they_show(complete):
    losses = complete.curves("train_loss", ["Adam"])
    for picture in (complete.curves(), complete.ranking(), complete.sensitivity(), losses):
        assert "Adam" in picture.description
        assert picture.figure is not None
    assert "Momentum" not in complete.curves(rules=["Adam"]).description
    assert "place" in complete.ranking().description
    assert complete.curves().png().startswith(b"\x89PNG")
    line = next(each for each in complete.curves(rules=["Adam"]).figure.axes[0].lines if len(each.get_xdata()) == 2)
    expected = np.mean([run["history"]["test_accuracy"] for run in complete.final("Adam")], axis=0)
    np.testing.assert_allclose(line.get_ydata(), expected)


def test_what_cannot_be_drawn_is_told(complete):
    nothing = Results(some(), [])
    for draw, message in (
        (nothing.curves, "none of these rules has a final run"), (nothing.ranking, "no rule has a final run.*Not run"),
        (nothing.sensitivity, "no learning rates were tried"),
        (lambda: complete.curves("loss"), "metric='loss'.*test_acc"),
        (lambda: complete.curves(rules=["Nesterov"]), r"rules=\['Nesterov'\].*Momentum"),
        (lambda: complete.table("novel"), "some: variant='novel' is unknown; it has neither variants nor tasks"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            draw()


def test_results_that_are_not_there_tell_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="'cpuu' is no protocol; there are .*cpu.*jsonl"):
        find("cpuu")
    with pytest.raises(FileNotFoundError, match=r"python -m optlib.benchmark run --protocol mine --out .*mine\.jsonl"):
        load(tmp_path / "mine.jsonl")
    monkeypatch.setattr("optlib.benchmark.results.RECORDED", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="python -m optlib.benchmark run --protocol subset$"):
        find("subset")


def test_records_of_a_protocol_of_ones_own_ask_for_its_file(tmp_path, complete):
    for each in list(complete.done.values())[:3]:
        append(tmp_path / "r.jsonl", each)
    with pytest.raises(FileNotFoundError, match="made by protocol 'some', which is none of .*--protocol"):
        load(tmp_path / "r.jsonl")
    with pytest.raises(ValueError, match="holds no run that 'cpu' asks for; they were made by 'some'"):
        load(tmp_path / "r.jsonl", "cpu")
