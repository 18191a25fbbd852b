"""`benchmarks/training.py` runs from end to end and says what the issue of speed asks; its figures are not tested."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SCRIPT = ROOT / "benchmarks" / "training.py"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmark") / "training.json"
    command = [sys.executable, str(SCRIPT), "--quick", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(out.read_text())
    for goal in result["goals"]:
        assert goal["what"] in done.stdout
    return result


def test_the_record_says_where_it_comes_from(record):
    assert record["command"].startswith("python benchmarks/training.py --quick")
    assert record["quick"] is True
    assert {"date", "code", "versions", "hardware", "threads", "seed"} <= record.keys()


def test_every_part_has_figures_of_ours_and_of_peers(record):
    assert record["networks"][0]["images_per_second"].keys() >= {"float32, contiguous", "float32, channels_last"}
    for training in record["training"]:
        assert training["images_per_second"].keys() == {"fit", "article", "article, 2 workers"}
    assert record["augmentation"]["images_per_second"].keys() == {"FlipAndShift in fit", "DataLoader without workers"}
    assert record["adam"]["milliseconds"].keys() >= {"TorchOptimizer", "torch fused", "torch default", "memory alone"}
    assert record["rules"][0].keys() >= {"rule", "plain", "torch"}
    assert all(t > 0 for t in record["adam"]["milliseconds"].values())


def test_goals_are_judged_by_their_figures(record):
    assert len(record["goals"]) >= 5
    for goal in record["goals"]:
        sign, limit = goal["goal"].split()
        good = goal["figure"] >= float(limit) if sign == ">=" else goal["figure"] <= float(limit)
        assert goal["met"] is good


def test_units_for_bfloat16_are_judged_by_measurement(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("training_benchmark", SCRIPT)
    training = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(training)
    slow, fast = {"float32, contiguous": 900.0, "bfloat16, contiguous": 90.0}, {"float32, x": 900.0, "bfloat16, x": 2e3}
    assert not training.has_units(slow)
    assert training.has_units(fast)
    assert training.goal("a", 1.06, "<= 1.05")["met"] is False
    assert training.goal("a", 4.0, ">= 4")["met"] is True
