"""The recorded results that come with the course: each parses, belongs to its protocol, and names nobody."""

import json
import pathlib
import re

import pytest

from optlib import benchmark
from optlib.benchmark import plan, records
from optlib.benchmark.protocol import load_protocol, names

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data" / "results"
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
    found = records.read(path)
    assert found
    assert path.read_bytes().endswith(b"\n")
    assert len({record["id"] for record in found}) == len(found)
    for record in found:
        assert record["protocol"] == path.stem
        what = [record[name] for name in ("stage", "variant", "rule", "lr", "seed")]
        assert record["id"] == plan.make(given, *what)["id"], what
        assert re.fullmatch("[0-9a-f]{64}", record["code"])
        assert {"python", "numpy", "torch", "optlib"} <= set(record["versions"])
        assert record["hardware"]["cpu"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", record["date"])
        assert record["command"].startswith("python -m optlib.benchmark")
        assert not PATH.search(json.dumps(record).replace("\\\\", "\\"))
        history = record["history"]
        whole = record["training"]["epochs"]
        assert history["diverged"] or len(history["test_accuracy"]) == len(history["seconds"]) == whole
        assert all(0 <= value <= 1 for value in history["test_accuracy"])


@every_file
def test_tables_and_pictures_work(path):
    results = benchmark.load(path.stem)
    table = results.table()
    assert table.rows
    assert results.rules
    assert table.html()
    if len(results.variants) > 1:
        pictures = [results.variant_curves()]
    else:
        assert results.time_to(0.5).rows
        pictures = [results.curves(), results.ranking()] + [results.sensitivity()] * bool(results.protocol.tuning)
    for picture in pictures:
        assert picture.description
        assert picture.png().startswith(b"\x89PNG")
