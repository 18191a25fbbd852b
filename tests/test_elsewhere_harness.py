"""What other libraries do, as recorded: the files are well-formed and complete, and torch walks as in its file."""

import itertools
import json
import math
import re

import pytest

from tools.elsewhere import LIBRARIES, common, paths
from tools.elsewhere.__main__ import DATA, stored

FILES = {name: stored(name) for name in LIBRARIES}
RECORDED = [name for name, file in FILES.items() if file is not None]
WORDS = {"nan", "inf", "-inf"}


def test_every_library_of_the_list_is_recorded_and_nothing_else():
    assert {path.stem for path in DATA.glob("*.json")} == {*LIBRARIES, "sequences"}


def test_the_files_are_no_more_than_two_megabytes():
    assert sum(path.stat().st_size for path in DATA.glob("*.json")) <= 2_000_000


def test_the_sequences_are_those_of_the_harness():
    stored = {row.pop("name"): row for row in json.loads((DATA / "sequences.json").read_text(encoding="utf-8"))["runs"]}
    assert stored == common.SEQUENCES


def is_a_number(value):
    return value in WORDS if isinstance(value, str) else isinstance(value, int | float) and math.isfinite(value)


@pytest.mark.parametrize("name", RECORDED)
def test_a_file_is_well_formed(name):
    file = FILES[name]
    assert {"library", "version", "packages", "python", "date", "requirements", "digest", "runs"} == set(file)
    assert file["requirements"] == list(LIBRARIES[name].requirements)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", file["date"])
    names = [run["name"] for run in file["runs"]]
    assert len(names) == len(set(names))
    for run in file["runs"]:
        assert {"name", "settings", "defaults", "lr", "first", "zero", "paths", "refused", "note"} == set(run)
        assert run["paths"] or run["refused"], run["name"]
        for dtype, walked in paths(file, run).items():
            assert dtype in ("float64", "float32"), run["name"]
            for sequence, steps in walked.items():
                size = len(common.flat(common.SEQUENCES[sequence.removesuffix(" drop")]["x0"]))
                assert len(steps) == common.STEPS or (len(steps) == 6 and sequence.endswith(" drop")), run["name"]
                values = [value for step in steps for value in (step if isinstance(step, list) else [step])]
                assert len(values) == size * len(steps), run["name"]
                assert all(map(is_a_number, values)), run["name"]


@pytest.mark.parametrize("name", RECORDED)
def test_no_file_names_a_folder_of_a_machine(name):
    text = (DATA / f"{name}.json").read_text(encoding="utf-8")
    assert re.findall(r"(?:/home/|/root|/usr/|/tmp/|/work|site-packages|[A-Z]:\\\\)[^\"]*", text) == []


@pytest.mark.parametrize("row", FILES["torch"]["runs"], ids=lambda row: row["name"])
def test_torch_walks_as_in_its_file(row):
    torch = pytest.importorskip("torch")
    if torch.__version__ != FILES["torch"]["version"]:
        pytest.skip(f"recorded is torch {FILES['torch']['version']}, and here is {torch.__version__}")
    from tools.elsewhere.libraries.torch import RUNS, walk

    (run,) = [run for run in RUNS if run.name == row["name"]]
    run.lr = row["lr"]
    for dtype, walked in paths(FILES["torch"], row).items():
        # Another processor sums in another order; Muon computes in bfloat16.
        tolerance = 3e-2 if "Muon" in run.name else 1e-9 if dtype == "float64" else 1e-3
        for sequence in walked.keys() & {"scalar", "vector", "matrix", "vector drop"}:
            given, drop = common.SEQUENCES[sequence.removesuffix(" drop")], sequence.endswith(" drop")
            again = list(walk(run, dtype, given["x0"], given["gradients"], common.DROP if drop else common.FULL))
            ours, theirs = common.flat(again[6 if drop else 0 :]), common.flat(walked[sequence])
            way = max(abs(x - x0) for x, x0 in zip(theirs, itertools.cycle(common.flat(given["x0"])), strict=False))
            off = max(abs(x - y) for x, y in zip(ours, theirs, strict=True))
            assert off <= tolerance * way, (dtype, sequence)
