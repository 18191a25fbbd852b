"""Records: appended whole or not at all, and nothing that was recorded is lost."""

import json
import math

import pytest
from benchmark_cases import protocol, record

from optlib.benchmark import circumstances as module
from optlib.benchmark import plan, records


def some(n=3):
    return [record(job, 0.1 * k) for k, job in enumerate(plan.jobs(protocol(), [])[:n])]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "deep" / "er.jsonl"
    for each in some():
        records.append(file, each)
    return file


def test_what_was_appended_is_read_in_order(path, tmp_path):
    assert records.read(path) == some()
    assert records.read(tmp_path / "none.jsonl") == []
    assert path.read_bytes().count(b"\n") == 3


def test_whatever_is_left_of_a_broken_file_whole_lines_are_kept_and_the_next_append_mends_it(tmp_path):
    """Every prefix of the file's bytes is what a killed process may leave; letters of two bytes included."""
    small = [{**{name: "ä" for name in records.FIELDS}, "id": str(k)} for k in range(3)]
    data = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in small)
    for end in range(len(data) + 1):
        path = tmp_path / "torn.jsonl"
        path.write_bytes(data[:end])
        whole = small[: data[:end].count(b"\n")]
        assert records.read(path) == whole
        records.append(path, small[2])
        assert records.read(path) == [*whole, small[2]]
        assert path.read_bytes().endswith(b"\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"id": 1', "not JSON"), (b"\xff\xfe", "not JSON"), (b"[1, 2]", "no record of a run, history, id, lr"),
        (b'{"id": "a", "lr": 1}', "no record of a run, history, protocol"), (b'{"lr": NaN}', "NaN is no number"),
        (b"null", "no record"),
    ],
)  # fmt: skip
def test_a_broken_line_inside_is_refused_by_its_number(path, line, said):
    lines = path.read_bytes().split(b"\n")
    lines.insert(1, line)
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError, match=f"er.jsonl, line 2: .*{said}"):
        records.read(path)
    before = path.read_bytes()
    records.append(path, some()[0])
    assert path.read_bytes().startswith(before)


def test_lines_as_windows_ends_them_and_empty_ones_are_read(path):
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert records.read(path) == some()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_json_does_not_know_is_refused_and_the_file_left_as_it_is(path, bad):
    before = path.read_bytes()
    with pytest.raises(ValueError):
        records.append(path, {**some()[0], "lr": bad})
    assert path.read_bytes() == before


# --- circumstances ---------------------------------------------------------------------------------------------


def test_circumstances_name_versions_and_hardware_and_nobody():
    import getpass
    import os
    import pathlib
    import platform

    found = module.circumstances()
    assert set(found) == {"date", "code", "versions", "hardware"}
    assert set(found["versions"]) == {"python", "numpy", "torch", "optlib"}
    assert {"cpu", "cores", "threads", "gpu", "system"} == set(found["hardware"])
    assert found["hardware"]["cpu"]
    text = json.dumps(found)
    for secret in (platform.node(), str(pathlib.Path.home()), os.getcwd()):
        assert len(secret) < 2 or secret not in text
    assert getpass.getuser() not in (found["hardware"]["cpu"], found["hardware"]["system"])


def test_the_checksum_changes_with_one_byte_of_what_decides_and_with_nothing_else(tmp_path):
    import shutil

    copy = tmp_path / "optlib"
    shutil.copytree(module.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = module.code_hash(root=copy)
    assert before == module.code_hash()
    shows = {file for pattern in module.SHOWS for file in copy.glob(pattern)}
    deciding = sorted({file for pattern in module.DECIDES for file in copy.glob(pattern)} - shows)
    assert len(deciding) > 30
    for file in deciding:
        data = file.read_bytes()
        file.write_bytes(data + b"#")
        assert module.code_hash(root=copy) != before, file
        file.write_bytes(data)
    others = ("pictures/plots.py", "benchmark/tables.py", "benchmark/runner.py", "benchmark/protocols/cpu.toml")
    for file in [*shows, *(copy / name for name in others)]:
        file.write_bytes(file.read_bytes() + b"#")
    assert module.code_hash(root=copy) == before
    deciding[0].rename(deciding[0].with_name("renamed.py"))
    assert module.code_hash(root=copy) != before


def test_the_checksum_does_not_know_how_a_system_ends_its_lines(tmp_path):
    sums = set()
    for end in (b"\n", b"\r\n"):
        (tmp_path / "a.py").write_bytes(b"x = 1" + end + b"y = 2" + end)
        sums.add(module.code_hash(["*.py"], tmp_path))
    assert len(sums) == 1


def test_every_pattern_finds_a_file():
    for pattern in (*module.DECIDES, *module.SHOWS):
        assert list(module.PACKAGE.glob(pattern)), pattern
