"""`benchmarks/training.py` runs from end to end and says what the issue of speed asks; its figures are not tested."""

import contextlib
import importlib
import io
import json
import pathlib
import sys

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own, within torch.compile
FOLDER = pathlib.Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def training():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module("training")


@pytest.fixture(scope="module")
def record(training, tmp_path_factory):
    """In this process, which has torch already; the script starts others of itself."""
    out = tmp_path_factory.mktemp("benchmark") / "training.json"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.setattr(sys, "argv", ["training.py", "--quick", "--out", str(out)])
        training.main()
    result = json.loads(out.read_text())
    for goal in result["goals"]:
        assert goal["what"] in printed.getvalue()
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
    assert record["rules"][1].keys() >= {"rule", "plain", "pytorch-optimizer"}
    assert all(t > 0 for t in record["adam"]["milliseconds"].values())


def test_goals_are_judged_by_their_figures(record):
    assert len(record["goals"]) >= 5
    for goal in record["goals"]:
        sign, limit = goal["goal"].split()
        good = goal["figure"] >= float(limit) if sign == ">=" else goal["figure"] <= float(limit)
        assert goal["met"] is good


def test_units_for_bfloat16_are_judged_by_measurement(training):
    slow, fast = {"float32, contiguous": 900.0, "bfloat16, contiguous": 90.0}, {"float32, x": 900.0, "bfloat16, x": 2e3}
    assert not training.has_units(slow)
    assert training.has_units(fast)
    assert training.goal("a", 1.06, "<= 1.05")["met"] is False
    assert training.goal("a", 4.0, ">= 4")["met"] is True
