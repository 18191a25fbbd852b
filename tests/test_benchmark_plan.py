"""The plan: which runs come next, when it ends, and that it does not matter where it was broken off."""

import copy
import dataclasses
import math

import pytest
from benchmark_cases import finished, hill, protocol, record, stages
from hypothesis import given, settings
from hypothesis import strategies as st

import optlib as ol
from optlib.benchmark import plan
from optlib.benchmark.protocol import first_order, load_protocol, names

FIRST_ORDER = first_order()


def one(**changes):
    """A protocol with Adam alone, whose default is 0.001: the grid is 1e-4, 1e-3, 1e-2."""
    return protocol(rules=["Adam"], **changes)


def rates(records):
    return [r["lr"] for r in records if r["stage"] == "tuning"]


def test_the_grid_is_the_default_rate_times_powers_of_ten():
    jobs = plan.jobs(protocol(), [])
    assert [(job["rule"], job["lr"]) for job in jobs] == [
        ("Momentum", 0.001), ("Momentum", 0.01), ("Momentum", 0.1), ("Adam", 1e-4), ("Adam", 1e-3), ("Adam", 1e-2),
    ]  # fmt: skip
    assert {(job["stage"], job["seed"], job["images"], job["training"]["epochs"]) for job in jobs} == {
        ("tuning", 0, 500, 1)
    }
    half = plan.jobs(one(tuning__exponents=[-0.5, 0.0, 0.5]), [])
    assert [job["lr"] for job in half] == [0.000316, 0.001, 0.00316]


@pytest.mark.parametrize("widen", [0, 1, 2, 5])
@pytest.mark.parametrize(("best", "beyond"), [(1e9, 10.0), (1e-12, 0.1)])
def test_a_best_rate_at_an_end_widens_the_grid_so_many_times_and_no_more(widen, best, beyond):
    records = finished(one(tuning__widen=widen), hill(best, width=20))
    added = rates(records)[3:]
    start = 1e-2 if beyond > 1 else 1e-4
    assert added == pytest.approx([start * beyond ** (k + 1) for k in range(widen)])
    (final,) = {r["lr"] for r in records if r["stage"] == "final"}
    assert final == pytest.approx(start * beyond**widen)


@pytest.mark.parametrize(("best", "added"), [(1e-3, []), (1e-1, [0.1, 1.0])])
def test_the_widening_stops_as_soon_as_the_best_is_inside(best, added):
    records = finished(one(tuning__widen=9), hill(best))
    assert rates(records) == [1e-4, 1e-3, 1e-2, *added]
    assert [(r["lr"], r["seed"]) for r in records if r["stage"] == "final"] == [(best, 0), (best, 1)]


def test_no_rate_is_tried_that_the_rule_does_not_take(monkeypatch):
    monkeypatch.setitem(ol.Adam.hypers, "lr", dataclasses.replace(ol.Adam.hypers["lr"], allowed="(0, 0.05]"))
    assert rates(finished(one(tuning__widen=9), hill(1.0))) == [1e-4, 1e-3, 1e-2]
    with pytest.raises(ValueError, match=r"exponents=\[2, 3\] give Adam no lr of \(0, 0.05\]"):
        plan.jobs(one(tuning__exponents=[2, 3]), [])


def test_where_everything_diverges_smaller_rates_are_tried_and_only_a_default_run_is_made():
    records = finished(one(final__default_seeds=[0]), lambda job: None)
    assert rates(records) == [1e-4, 1e-3, 1e-2, 1e-5, 1e-6]
    assert stages(records) == {"tuning": 5, "final": 0, "default": 1}
    rescued = finished(one(), lambda job: None if job["lr"] > 2e-5 else 0.5)
    assert rates(rescued) == [1e-4, 1e-3, 1e-2, 1e-5, 1e-6]
    assert {r["lr"] for r in rescued if r["stage"] == "final"} == {1e-6}  # as good, and the lower of the two


def scored(accuracies, losses):
    """Scores of runs with these accuracies (None: diverged) and losses."""
    tried = [record(job, *end) for job, *end in zip(plan.jobs(one(), []), accuracies, losses, strict=True)]
    done = {run["id"]: run for run in tried}
    return [plan.score([run], done) for run in tried]


def test_accuracy_goes_before_loss_a_tie_to_the_lower_rate_and_a_diverged_run_never_wins():
    scores = scored([0.5, 0.5, 0.5], [0.9, 0.9, 0.7])
    assert plan.best_place(scores) == 2
    assert plan.best_place(scores[:2]) == 0
    assert plan.best_place(scored([None] * 3, [None] * 3)) is None
    assert plan.best_place(scored([0.5, 0.6, None], [0.1, 9.0, None])) == 1
    assert plan.best_place(scored([None, 0.0, 0.0], [None, 99.0, 99.0])) == 1


def test_with_several_seeds_the_best_mean_is_chosen_and_a_rate_that_diverges_once_is_not():
    given = one(tuning__seeds=[7, 8, 9], tuning__widen=0)
    ends = {1e-4: [0.5, 0.5, 0.5], 1e-3: [0.9, 0.3, 0.4], 1e-2: [0.9, 0.9, None]}
    records = finished(given, lambda job: ends[job["lr"]][job["seed"] - 7] if job["stage"] == "tuning" else 0.5)
    assert stages(records) == {"tuning": 9, "final": 2, "default": 0}
    assert {(r["lr"], r["seed"]) for r in records if r["stage"] == "final"} == {(1e-3, 0), (1e-3, 1)}


def test_a_second_hyper_parameter_is_tried_beside_the_best_rate_and_its_own_grid_is_widened():
    given = protocol(tuning__also={"Momentum": {"beta": [0.5, 0.9, 0.8]}}, tuning__exponents=[0.0, 0.5, 1.0])
    peak = {"Momentum": {0.9: 0.0316, 0.5: 0.316, 0.8: 0.0316}, "Adam": {}}  # at another beta another rate is best

    def accuracy(job):
        beta = job["settings"].get("beta", 0.9)
        best = peak[job["rule"]].get(beta, 3e-3)
        return hill(best)(job) - 0.1 * abs(beta - 0.5)

    records = finished(given, accuracy)
    momentum = [r for r in records if r["rule"] == "Momentum"]
    tried = {}
    for r in momentum:
        if r["stage"] == "tuning":
            tried.setdefault(r["settings"].get("beta"), set()).add(r["lr"])
    assert tried == {None: {0.01, 0.0316, 0.1}, 0.5: {0.01, 0.0316, 0.1, 0.316, 1.0}, 0.8: {0.01, 0.0316, 0.1}}
    assert {(r["lr"], r["settings"]["beta"]) for r in momentum if r["stage"] == "final"} == {(0.316, 0.5)}
    assert all(r["settings"] == {} for r in records if r["rule"] == "Adam")


def test_all_rules_are_tuned_before_the_first_final_run_and_these_go_seed_by_seed():
    records = finished(protocol(rules="first-order", final__seeds=[2, 0, 1]), hill(0.01, width=3))
    kinds = [r["stage"] for r in records]
    assert kinds == sorted(kinds, key=["tuning", "final"].index)
    final = [r for r in records if r["stage"] == "final"]
    assert [r["seed"] for r in final] == [2] * len(FIRST_ORDER) + [0] * len(FIRST_ORDER) + [1] * len(FIRST_ORDER)
    assert [r["rule"] for r in final] == 3 * FIRST_ORDER


def test_no_final_run_starts_for_a_rule_before_its_grid_is_done():
    given = protocol()
    records = []
    for job in [job for job in plan.jobs(given, []) if job["rule"] == "Momentum"]:
        assert not any(j["stage"] == "final" for j in plan.jobs(given, records))
        records.append(record(job, 0.5 if job["lr"] == 0.01 else 0.4))
    ready = plan.jobs(given, records)
    assert [(j["stage"], j["rule"]) for j in ready] == 3 * [("tuning", "Adam")] + 2 * [("final", "Momentum")]


def test_default_seeds_run_at_the_default_rate_and_none_twice_where_it_is_the_best():
    given = protocol(final__default_seeds=[1, 7])
    records = finished(given, hill(0.01))  # the default of Momentum, ten times that of Adam
    runs = {(r["stage"], r["rule"], r["lr"], r["seed"]) for r in records if r["stage"] != "tuning"}
    assert runs == {
        ("final", "Momentum", 0.01, 0), ("final", "Momentum", 0.01, 1),
        ("final", "Adam", 0.01, 0), ("final", "Adam", 0.01, 1),
        ("default", "Momentum", 0.01, 7), ("default", "Adam", 0.001, 1), ("default", "Adam", 0.001, 7),
    }  # fmt: skip


def test_without_tuning_every_rule_runs_at_the_rate_of_its_settings_or_its_own():
    records = finished(protocol(tuning=None, settings={"Adam": {"lr": 0.004}}), hill(1))
    assert {(r["stage"], r["rule"], r["lr"]) for r in records} == {
        ("default", "Momentum", 0.01), ("default", "Adam", 0.004),
    }  # fmt: skip
    assert len(records) == 4


def test_every_variant_is_tuned_and_run_and_what_two_of_them_share_is_run_once():
    variants = {"plain": {}, "small steps": {"batch": 50}, "plain again": {}}
    records = finished(one(variants=variants), hill(1e-3))
    assert {r["variant"] for r in records} == {"plain", "small steps"}
    assert stages(records) == {"tuning": 6, "final": 4, "default": 0}
    assert {r["training"]["batch"] for r in records if r["variant"] == "small steps"} == {50}


@pytest.mark.parametrize("name", names())
def test_every_rule_of_a_shipped_protocol_gets_the_same_budget(name):
    """The number of rates that are tried before any result is known, of epochs and of images."""
    given = load_protocol(name)
    per_rule = {}
    for job in plan.jobs(given, []):
        if job["stage"] == "tuning":
            images = job.get("images"), job.get("data"), job["training"].get("epochs")
            about = f"{job.get('task', images)}, seed {job['seed']}"
            per_rule.setdefault((job["variant"], job["rule"]), []).append(about)
    if given.tuning is None:
        assert not per_rule
        return
    assert set(per_rule) == {(variant, rule) for variant in given.variants for rule in given.rules}
    for variant in given.variants:
        assert len({tuple(tried) for (of, _), tried in per_rule.items() if of == variant}) == 1
    assert {len(tried) for tried in per_rule.values()} == {len(given.tuning["exponents"]) * len(given.tuning["seeds"])}


@pytest.mark.parametrize("rule", FIRST_ORDER)
def test_the_grid_of_every_rule_holds_its_default_and_only_rates_that_it_takes(rule):
    given = load_protocol("gpu")
    grid = [job["lr"] for (job,) in plan.trials(given, {}, "", rule)]
    assert ol.OPTIMIZERS[rule]().lr in grid
    assert len(set(grid)) == len(grid) == 7
    for lr in grid:
        ol.OPTIMIZERS[rule](lr=lr)


def id_of(stage="final", rule="Adam", lr=0.01, seed=0, **changes):
    return plan.make(protocol(**changes), stage, "", rule, lr, {}, seed)["id"]


OTHER = {
    "rule": {"rule": "Momentum"}, "lr": {"lr": 0.02}, "seed": {"seed": 1}, "stage": {"stage": "tuning"},
    "settings": {"settings": {"Adam": {"beta1": 0.8}}}, "epochs": {"training__epochs": 3},
    "batch": {"training__batch": 99}, "network": {"network": {"name": "ResNet20"}},
    "size": {"network": {"name": "SpeedNet", "size": "large"}}, "set": {"data": {"set": "full", "validation": 1000}},
    "identity": {"network__identity": True},
    "biases": {"training__weight_decay": 0.1, "training__decay_biases": True},
    "whitening": {"training__whiten_epochs": 1},
    "flips": {"final__flips": True}, "constants": {"training__constants": "cifar100"},
    "once": {"training__train_mode_once": True}, "held out": {"data": {"set": "subset", "validation": 999}},
}  # fmt: skip


def test_the_id_of_a_tuning_run_knows_its_own_epochs_and_images_and_not_the_final_ones():
    tuning = lambda **changes: id_of("tuning", **changes)
    assert tuning(tuning__epochs=2) != tuning()
    assert tuning(tuning__images=600) != tuning()
    assert tuning(final__flips=True) == tuning()
    assert tuning(training__epochs=9) == tuning()
    assert id_of(tuning__epochs=2, tuning__images=600, tuning__widen=1) == id_of()


SAME = {
    "rules": {"rules": "first-order"}, "seeds": {"final__seeds": [5]}, "title": {"title": "Another"},
    "default seeds": {"final__default_seeds": [3]}, "the grid": {"tuning__exponents": [0, 1]},
    "settings of another rule": {"settings": {"Momentum": {"beta": 0.5}}}, "stage default": {"stage": "default"},
    "a default that is given": {"training__shift": 4}, "an integer for 0.0": {"training__label_smoothing": 0},
}  # fmt: skip


@pytest.mark.parametrize("what", [*OTHER, *SAME])
def test_the_id_is_another_where_anything_that_decides_is_and_not_where_only_the_list_of_runs_is(what):
    assert (id_of(**(OTHER | SAME)[what]) == id_of()) == (what in SAME)


def test_ids_are_kept_from_release_to_release():
    """An id that changes makes all records old.  Change this one only together with what a run computes."""
    job = plan.make(load_protocol("cpu"), "tuning", "", "Adam", 0.001, {}, 0)
    assert job["id"] == "6b8445f3d1cf"
    of = lambda zero: one(variants={"a": {"label_smoothing": zero}}, settings={"Adam": {"beta1": zero}})
    assert [job["id"] for job in plan.jobs(of(0), [])] == [job["id"] for job in plan.jobs(of(0.0), [])], "one number"


def test_making_jobs_changes_neither_protocol_nor_records():
    given = protocol()
    records = finished(given, hill(0.01))
    before = copy.deepcopy((given, records))
    plan.jobs(given, records[:5])
    job = plan.make(given, "tuning", "", "Adam", 0.01, {}, 0)
    job["training"]["batch"] = 1
    assert (given, records) == before


peaks = st.dictionaries(st.sampled_from(["Momentum", "Adam", "AdaGrad"]), st.floats(-7, 4), min_size=3)


@settings(max_examples=40, deadline=None)
@given(peaks=peaks, bound=st.floats(-3, 5), keep=st.floats(0, 1), default_seeds=st.sampled_from([[], [0], [1, 4]]))
def test_broken_off_anywhere_and_resumed_the_same_runs_are_made(peaks, bound, keep, default_seeds):
    """Accuracy is a hill around a peak of each rule; rates above a bound diverge."""
    given = protocol(rules=list(peaks), final__default_seeds=default_seeds)

    def accuracy(job):
        at = math.log10(job["lr"])
        return None if at > bound else 0.9 / (1 + (at - peaks[job["rule"]]) ** 2)

    records = finished(given, accuracy)
    ids = [r["id"] for r in records]
    assert len(set(ids)) == len(ids)
    again = finished(given, accuracy, records[: int(keep * len(records))])
    assert sorted(r["id"] for r in again) == sorted(ids)
    assert {r["id"]: r for r in again} == {r["id"]: r for r in records}


@settings(max_examples=20, deadline=None)
@given(order=st.randoms(use_true_random=False), peak=st.floats(-5, 2), workers=st.integers(1, 7))
def test_several_at_a_time_in_whatever_order_they_end_make_the_same_runs(order, peak, workers):
    given = protocol()
    expected = {r["id"] for r in finished(given, hill(10**peak))}
    records, flying = [], []
    while True:
        ready = [job for job in plan.jobs(given, records) if job["id"] not in {j["id"] for j in flying}]
        flying += ready[: workers - len(flying)]
        if not flying:
            break
        job = flying.pop(order.randrange(len(flying)))
        records.append(record(job, hill(10**peak)(job)))
    assert sorted(r["id"] for r in records) == sorted(expected)
