"""Protocols with tasks: what is run, how it is judged and shown, and what is left out.  The tasks are made ones."""

import json
import math

import pytest
from benchmark_cases import finished, made_tasks, of_tasks  # noqa: F401
from vision_cases import one_thread  # noqa: F401

from optlib.benchmark import circumstances, job, plan, records, runner
from optlib.benchmark.results import Results
from optlib.tasks import TASKS


@pytest.fixture
def some(made_tasks):  # noqa: F811
    return of_tasks(made_tasks)


@pytest.fixture
def run(some, tmp_path):
    """What a run of everything recorded, and what it said."""
    said = []
    recorded = runner.run(some, tmp_path / "some.jsonl", threads=1, say=said.append)
    return Results(some, recorded), said


def test_tasks_take_the_place_of_variants_and_every_rule_is_tuned_on_each(some, made_tasks):  # noqa: F811
    wanted = plan.jobs(some, [])
    tuned = [(each["variant"], each["rule"]) for each in wanted if each["stage"] == "tuning"]
    assert tuned[::2] == [(task, rule) for task in made_tasks for rule in ("Momentum", "Adam")]
    first = wanted[0]
    assert first["task"] == {"name": "corners", **TASKS["corners"].settings("quick")}
    assert first["training"] == {"schedule": "triangle", "precision": "float32", "layout": "contiguous"}
    assert not {"data", "network", "images", "flips"} & first.keys()
    assert len({each["id"] for each in wanted}) == len(wanted)
    full = of_tasks(made_tasks, budget="full")
    assert full.tasks["mirror"]["epochs"] == 3
    assert not {each["id"] for each in plan.jobs(full, [])} & {each["id"] for each in wanted}


def test_a_run_repeats_itself_and_its_score_is_that_of_the_metric(some):
    make = lambda task, stage="final": plan.make(some, stage, task, "Adam", 0.01, {}, 0)
    mirror, again = (job.run(make("mirror"), threads=1) for _ in range(2))
    assert mirror["history"]["test_loss"] == again["history"]["test_loss"]
    assert mirror["metric"]["score"] == -mirror["history"]["test_loss"][-1]
    assert mirror["metric"]["test"] == [10 * loss for loss in mirror["history"]["test_loss"]]
    assert records.reached(mirror, "train") == [10 * loss for loss in mirror["history"]["train_loss"]]
    assert mirror["measured"] == {}
    more = mirror | {"metric": {"name": "unexplained", "unit": "%", "test": [130.0]}}
    assert "test unexplained 130.00 %, " in runner.line(more), "only accuracies end at 100 %"
    corners = job.run(make("corners"), threads=1)
    assert records.score(corners) == corners["history"]["test_accuracy"][-1]
    assert records.reached(corners) == pytest.approx(corners["history"]["test_accuracy"])
    assert corners["measured"] == {"more": 1.5}
    held = job.run(make("corners", "tuning"), threads=1)
    assert (held["history"]["settings"]["images"], corners["history"]["settings"]["images"]) == (40, 60)
    assert held["measured"] == {}
    json.dumps([mirror, corners], allow_nan=False)


@pytest.mark.parametrize("rule", ["Muon", "ScheduleFree(AdamW)", "EMA(Adam)", "DemonAdam", "Shampoo", "Prodigy"])
@pytest.mark.parametrize("task", ["corners", "mirror"])
def test_rules_of_every_kind_run(made_tasks, rule, task):  # noqa: F811
    given = of_tasks([task], rules=[rule])
    rate = plan.default_rate(given, rule)
    record = job.run(plan.make(given, "final", task, rule, rate, {}, 0), threads=1)
    assert len(records.reached(record)) == 2


def test_a_run_that_diverges_is_recorded_and_never_chosen(some, made_tasks):  # noqa: F811
    given = of_tasks(["mirror"], rules=["Momentum"], tuning={"exponents": [0.0, 6.0], "widen": 0})
    done = [job.run(each, threads=1) for each in plan.jobs(given, []) if each["stage"] == "tuning"]
    assert [each["history"]["diverged"] for each in done] == [False, True]
    json.dumps(done, allow_nan=False)
    results = Results(given, done)
    assert results.best_rate("Momentum") == plan.default_rate(given, "Momentum")
    assert math.isnan(results.tuning("Momentum")[1][2])


def test_a_task_whose_data_are_not_there_is_left_out_in_words_and_the_others_are_run(run):
    results, said = run
    left_out = [line for line in said if "left out" in line]
    assert left_out == ["nowhere is left out: no such points; fetch them with: python -m optlib.data download points"]
    assert said[-1] == "every run of the protocol is recorded, but those of nowhere"
    assert results.missing() == "Not run: task nowhere."
    assert not results.left("corners")
    assert any("validation accuracy" in line for line in said)
    assert any("test distance" in line and " cm, " in line for line in said)


def test_results_of_a_task_go_by_its_metric(run):
    results, _ = run
    scores, defaults = results.scores(), results.scores(default=True)
    assert [*scores] == [*defaults] == ["corners", "mirror"]
    assert scores["mirror"]["Adam"].keys() == {0, 1}
    assert defaults["mirror"]["Adam"].keys() == {0}
    distances = results.by_seed("Adam", "mirror")
    assert {seed: -10 * score for seed, score in scores["mirror"]["Adam"].items()} == pytest.approx(distances)
    assert str(results.accuracy("Adam", "mirror")).endswith(" cm")
    lower = min(results.rules, key=lambda rule: results.accuracy(rule, "mirror").mean)
    assert next(iter(results.places("mirror"))) == results.table("mirror").rows[0][0] == lower
    best = results.best_rate("Adam", "mirror")
    tried = {lr: value for lr, _, value in results.tuning("Adam", "mirror")}
    assert results.validation("Adam", best, "mirror") == tried[best] == min(tried.values())
    above, = results.compare([(("Adam", "mirror"), ("Momentum", "mirror"))]).values()
    assert (above.mean > 0) == (lower == "Adam")


def test_tables_and_pictures_of_tasks(run):
    results, _ = run
    table = results.table()
    assert table.columns == ["rule", "corners, accuracy", "mirror, distance in cm"]
    assert "Less is better on mirror." in table.caption
    assert "Not run: task nowhere." in table.caption
    one = results.table("mirror")
    assert "Task mirror, 2 epochs, batch 10; results are distance in cm, of which less is better." in one.caption
    assert "test, default lr" in one.columns
    assert "less is better" not in results.table("corners").caption
    for task, label in (("corners", "accuracy"), ("mirror", "distance in cm")):
        assert f"test {label}" in results.curves(variant=task).description
        assert f"training {label}" in results.curves("train", ["Adam"], task).description
        assert f"test {label}" in results.ranking(task).description
        assert f"validation {label}" in results.sensitivity(variant=task).description
    assert results.curves("test_loss", variant="mirror").description
    for draw, message in (
        (results.curves, "variant=None must be one of 'corners', 'mirror', 'nowhere'; table.. shows all"),
        (lambda: results.curves("test_accuracy", variant="mirror"), "must be one of test, train, test_loss"),
        (results.variant_curves, "variant_curves: some has tasks, each with a metric of its own; see: curves"),
        (results.compared, "compared: some has tasks"), (lambda: results.time_to(0.5), "time_to: some has tasks"),
        (lambda: results.ranking("nowhere"), "no rule has a final run. Not run: task nowhere"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            draw()


def test_all_tasks_or_some_are_picked(some, tmp_path):
    assert list(of_tasks("all").tasks) == list(TASKS)
    picked = some.with_only(tasks=["mirror"])
    assert {each["variant"] for each in plan.jobs(picked, [])} == {"mirror"}
    assert {each["id"] for each in plan.jobs(picked, [])} < {each["id"] for each in plan.jobs(some, [])}
    with pytest.raises(ValueError, match=r"tasks=\['none'\] are not in protocol some; it has corners, mirror, nowhere"):
        some.with_only(tasks=["none"])
    with pytest.raises(ValueError, match="the folder of one data set, for one task of corners, mirror, nowhere"):
        runner.run(some, tmp_path / "some.jsonl", root=tmp_path)


@pytest.mark.parametrize(("changes", "message"), [
    ({"tasks": []}, r"tasks=\[\] must be .all. or a list of different ones of .*corners"),
    ({"tasks": ["corners", "corners"]}, "must be .* a list of different ones"),
    ({"tasks": ["corner"]}, r"tasks=\['corner'\] must be"), ({"tasks": "corners"}, "tasks='corners' must be"),
    ({"budget": None}, "budget=None must be"), ({"budget": "large"}, "budget='large' must be .*quick"),
    ({"data": {}}, "'data' is unknown"), ({"network": {}}, "'network' is unknown"),
    ({"variants": {}}, "'variants' is unknown"), ({"training": {"epochs": 3}}, r"\[training\]: 'epochs' is unknown"),
    ({"tuning": {"exponents": [0.0, 1.0], "images": 5}}, r"\[tuning\]: 'images' is unknown"),
    ({"tuning": None}, r"\[tuning\] must be a table"), ({"final": {"seeds": [0], "flips": True}}, "flips=True is for"),
])  # fmt: skip
def test_what_does_not_fit_tasks_is_refused(made_tasks, changes, message):  # noqa: F811
    with pytest.raises(ValueError, match=message):
        of_tasks(**{"names": ["corners"]} | ({"names": changes.pop("tasks")} if "tasks" in changes else {}), **changes)


def test_the_code_of_another_task_does_not_make_a_record_old(tmp_path):
    """A task is found by the name that it is registered with, and leads to its network and data."""
    source = 'register(Task(name="{0}", network={1}))\n\n\nclass {1}:\n    size = {2}\n'
    sums = []
    for one, other in ((1, 1), (1, 2), (2, 1)):
        (tmp_path / "tasks").mkdir(exist_ok=True)
        text = source.format("one", "First", one) + source.format("other", "Second", other)
        (tmp_path / "tasks" / "catalog.py").write_text(text)
        (tmp_path / "job.py").write_text("TASKS, register, Task, network\n")
        sums.append(circumstances.digest_of(circumstances.statements_of(["*.py", "tasks/*.py"], tmp_path), "Adam one"))
    assert sums[0] == sums[1] != sums[2]


def test_scores_are_minus_infinity_where_a_run_diverged_or_a_rule_at_every_rate(made_tasks):  # noqa: F811
    given = of_tasks(["corners", "mirror"])

    def accuracy(job):
        if (job["variant"], job["rule"], job["stage"]) == ("corners", "Momentum", "tuning"):
            return None
        return None if job["seed"] == 1 else 0.5

    results = Results(given, finished(given, accuracy))
    one = {0: 0.5, 1: -math.inf}
    lost = dict.fromkeys((0, 1), -math.inf)
    assert results.scores() == {"corners": {"Momentum": lost, "Adam": one}, "mirror": {"Momentum": one, "Adam": one}}
    assert results.scores(default=True)["corners"] == {"Momentum": {0: 0.5}, "Adam": one}
    assert results.places("corners") == {"Adam": (1, 1)}
    assert [row[0] for row in results.table("corners").rows if "diverged at every rate" in row] == ["Momentum"]
    assert results.table().rows[0][1:] == ["diverged at every rate", "0.500 cm, 1 of 2 diverged (1–2)"]
    lost = lambda job: None if (job["rule"], job["stage"]) == ("Adam", "tuning") else 0.5
    results = Results(given, finished(given, lost))
    assert results.table().rows[1] == ["Adam", *2 * ["diverged at every rate"]]
    assert results.scores(default=True)["mirror"]["Adam"] == {0: 0.5}
