"""`benchmarks/tasks.py` measures a task beside plain torch; its figures are not tested."""

import importlib.util
import pathlib
import sys

import pytest
from vision_cases import one_thread  # noqa: F401

SCRIPT = pathlib.Path(__file__).parent.parent / "benchmarks" / "tasks.py"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("tasks_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_task_is_measured_and_reported(script):
    measured = script.rates("novel", repeats=1, steps=2)
    assert measured["steps_per_second"].keys() == {"input", "plain_input", "step", "plain_step"}
    assert all(rate > 0 for rate in measured["steps_per_second"].values())
    goals = script.goals_of(measured)
    assert [each["met"] for each in goals] == [measured["input_ratio"] >= 2, measured["step_ratio"] >= 1]
    slow = script.goals_of({**measured, "step_ratio": 0.8, "compiled_ratio": 1.1})[1]
    assert (slow["met"], slow["why"].endswith("compiled: 1.10")) == (False, True)
    text = script.report([measured], [{"task": "novel", "before_mb": 300, "peak_mb": 1300}], goals)
    assert "input side, novel" in text
    assert "1,300" in text


@pytest.mark.skipif(sys.platform == "win32", reason="reads what POSIX counts")
def test_memory_is_that_of_this_process(script):
    assert 50 < script.peak() < 100_000


def test_the_plain_way_and_ours_see_the_same_examples(script):
    task = script.TASKS["novel"]
    train, _ = task.sources({**task.settings(), "examples": 400}, tuning=True)
    plain = script.OneByOne(train.images, train.labels, train.normalize)
    ours, targets = train.batch(slice(0, 3))
    for i in range(3):
        x, y = plain[i]
        assert (x == ours[i]).all()
        assert (y == targets[i]).all()
