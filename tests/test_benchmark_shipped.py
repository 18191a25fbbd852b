"""The recorded results that come with the course: each parses, belongs to its protocol, and names nobody."""

import json
import pathlib
import re

import pytest
from PIL import Image
from vision_cases import one_thread  # noqa: F401

from optlib import benchmark, vision
from optlib.benchmark import circumstances, job, plan, records
from optlib.benchmark.protocol import load_protocol, names
from optlib.vision import SpeedNet, count_parameters

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "data" / "results"
FILES = sorted(FOLDER.glob("*.jsonl"))
PATH = re.compile(r"(?<![\w.])/\w+/|[A-Za-z]:\\|~/")

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_a_path_is_recognized():
    assert all(map(PATH.search, ["/home/me/x", "--root=/data/x", "C:\\x", "~/x"]))
    assert not any(map(PATH.search, ["python -m optlib.benchmark run --out data/results/cpu.jsonl", "2026/05"]))


@every_file
def test_every_record_is_one_of_its_protocol_and_tells_how_it_was_made(path):
    assert path.stem in names()
    given = load_protocol(path.stem)
    recorded = records.read(path)
    assert recorded
    assert path.read_bytes().endswith(b"\n")
    assert len({record["id"] for record in recorded}) == len(recorded)
    for record in recorded:
        of = record["protocol"]  # a run that two protocols ask for stands in the files of both
        assert of == path.stem or record in records.read(path.with_name(f"{of}.jsonl"))
        what = [record[name] for name in ("stage", "variant", "rule", "lr", "settings", "seed")]
        assert record["id"] == plan.make(given, *what)["id"], what
        assert re.fullmatch("[0-9a-f]{64}", record["code"])
        assert record["code"] in circumstances.COMMITS or "statements" in record
        assert {"python", "numpy", "torch", "optlib"} <= set(record["versions"])
        assert record["hardware"]["cpu"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", record["date"])
        assert record["command"].startswith("python -m optlib.benchmark")
        assert not PATH.search(json.dumps(record).replace("\\\\", "\\"))
        history = record["history"]
        epochs = (record.get("task") or record["training"])["epochs"]
        assert history["diverged"] or len(records.reached(record)) == len(history["seconds"]) == epochs
        assert all(0 <= value <= 1 for value in history["test_accuracy"])


@every_file
def test_tables_and_pictures_work(path):
    results = benchmark.load(path.stem)
    table = results.table()
    assert table.rows
    assert results.rules
    assert table.html()
    assert results.tasks or len(results.time_to(0.5).rows) == sum("not run" not in row for row in table.rows)
    if results.tasks:
        of = lambda draw: [draw(variant=task) for task in results.tasks]
        pictures = [picture for draw in (results.ranking, results.sensitivity) for picture in of(draw)]
    elif len(results.variants) > 1:
        pictures = [results.variant_curves()]
    else:
        pictures = [results.curves(), results.ranking()]
        if results.protocol.tuning:
            pictures.append(results.sensitivity())
    for picture in pictures:
        assert picture.description
        assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize(("rule", "rel"), [("Adam", 5e-3), ("Shampoo", 1e-3)])  # 1e-4 and 2e-6 on another processor
def test_the_first_epoch_of_a_recorded_run_is_about_the_same_today(monkeypatch, rule, rel):
    fit, (old, *_) = vision.fit, benchmark.load("six").final(rule, "novel")
    stop = lambda run: run.stop()
    monkeypatch.setattr(vision, "fit", lambda *them, **options: fit(*them, **options | {"callbacks": [stop]}))
    losses = job.run(old, threads=old["hardware"]["threads"], device="cpu")["history"]["train_loss"]
    assert losses == pytest.approx(old["history"]["train_loss"][:1], rel=rel)


def test_the_readme_shows_and_says_what_is_recorded():
    recorded = benchmark.load("cpu")
    with Image.open(ROOT / "docs" / "cpu_ranking.png") as picture:
        shown = picture.info["Description"]
    assert shown == recorded.ranking().description, "make it anew: python -m optlib.benchmark plot --out docs"
    first = [rule for rule, (best, _) in recorded.places().items() if best == 1]
    assert (len(first), len(recorded.rules), recorded.seeds) == (10, 19, [0, 1, 2, 3, 4])
    assert recorded.protocol.training["epochs"] == 3
    assert recorded.protocol.network == {"name": "SpeedNet", "size": "small", "identity": False}
    assert round(count_parameters(SpeedNet("small")), -3) == 147_000
    today = [rule for rule in benchmark.load_protocol("subset_retuned").rules if rule not in recorded.rules]
    against = benchmark.load("subset_retuned").compare([(rule, "AdamW") for rule in today])
    ahead = {rule: round(100 * each.mean, 1) for (rule, _), each in against.items() if each.better}
    assert ahead == {"Muon": 8.5, "SOAP": 5.5, "ScheduleFree(AdamW)": 4.0, "Shampoo": 2.7}
    assert (len(today), [rule for (rule, _), each in against.items() if each.better is False]) == (19, ["AdamMini"])
    of_all = {rule: (it, recorded.by_seed("AdamW")) for rule, it in benchmark.load("cpu_today").scores()[""].items()}
    over = {rule: round(100 * d.mean, 1) for rule, d in benchmark.compare(of_all).items() if d.better is not None}
    lead = {"AdEMAMix": -0.5, "Lion": -2.8, "Muon": 1.9, "SOAP": 1.0, "ScheduleFree(AdamW)": -0.5, "Shampoo": -4.5}
    full = benchmark.load("cpu_today_retuned")
    longer = full.compare([(rule, "AdamW") for rule in full.rules if rule != "AdamW"])
    ahead = {rule: round(100 * d.mean, 1) for (rule, _), d in longer.items() if d.better is not None}
    assert (over, ahead) == (lead, {"Lion": -2.3, "Muon": 2.4, "Shampoo": 1.3, "SOAP": 1.5, "ScheduleFree(AdamW)": 1.5})
    published = benchmark.load("published_subset")
    ends = {rule: sum(run["history"]["train_loss"][-1] for run in published.final(rule)) for rule in published.rules}
    assert (sorted(ends, key=ends.get)[:4], published.seeds) == (["AdaDelta", "Adam", "AdamW", "AdaMax"], [0, 1, 2])


def test_what_the_readme_says_of_the_speed_run_is_recorded():
    recorded, text = benchmark.load("speedrun"), " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    plain, flips = recorded.accuracy("Nesterov"), recorded.with_flips("Nesterov")
    sentence = f"{plain.mean:.1%} of the test images right, {flips.mean:.1%} where each is also looked at in the mirror"
    assert sentence.replace("%", " %") in text
    assert f"in {max(recorded.minutes('Nesterov')):.0f} minutes on two cores that compute bfloat16" in text
    assert {record["history"]["settings"]["precision"] for record in recorded.final("Nesterov")} == {"bfloat16"}
    assert plain.runs == 3
    assert "| `speedrun` | Nesterov's rule on the large network, twelve epochs, three seeds |" in text
