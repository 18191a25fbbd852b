"""Records: appended whole or not at all, and nothing that was recorded is lost."""

import ast
import getpass
import importlib.util
import io
import json
import math
import os
import pathlib
import platform
import shutil
import subprocess
import zipfile

import pytest
from benchmark_cases import protocol, record
from full_disk import full_disk

from optlib.benchmark import circumstances as module
from optlib.benchmark import plan, records
from optlib.registry import OPTIMIZERS

ROOT = pathlib.Path(__file__).resolve().parents[1]


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
    """Prefixes of the file's bytes, around the ends of lines, which a killed process may leave; half letters, too."""
    small = [{**each, "code": "ä"} for each in some()]
    lines = [json.dumps(each, ensure_ascii=False).encode() for each in small]
    data, ends = b"\n".join(lines), [len(b"\n".join(lines[: k + 1])) for k in range(3)]
    path = tmp_path / "torn.jsonl"
    for end in [*range(40), *(end + k for end in ends for k in range(-70, 30) if end + k <= len(data))]:
        path.write_bytes(data[:end])
        complete = [each for each, last in zip(small, ends, strict=True) if last <= end]  # with a line break or not
        assert records.read(path) == complete
        records.append(path, small[2])
        assert records.read(path) == [*complete, small[2]]
        assert path.read_bytes().endswith(b"\n")


def edited(**fields):
    """The line of a record with other values in it, or in its history."""
    (each,), inner = some(1), fields.keys() & {"test_accuracy", "test_loss", "diverged"}
    return json.dumps(each | ({"history": each["history"] | fields} if inner else fields)).encode()


@pytest.mark.parametrize(("line", "message"), [
    (b'{"id": 1', "not JSON"), (b"\xff\xfe", "not JSON"), (b"[1, 2]", "no record of a run: it must be an object"),
    (b'{"id": "a", "lr": 1}', "no record of a run: settings is missing; it must be an object"),
    (b'{"lr": NaN}', "NaN is no number"), (b"null", "no record"), (edited(code=None), "code=None must be a text"),
    (edited(memory="2"), "memory='2' must be a number"), (edited(id=["a"]), r"id=\['a'\] must be a text"),
    (edited(history={}), "history.settings is missing"), (edited(test_accuracy=[]), "history.test_accuracy must"),
    (edited(test_loss=["a"]), "test_loss.* must be a list of numbers"), (edited(diverged=0), "must be true"),
])  # fmt: skip
def test_a_broken_line_inside_is_refused_by_its_number(path, line, message):
    lines = path.read_bytes().split(b"\n")
    lines.insert(1, line)
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError, match=f"er.jsonl, line 2: .*{message}"):
        records.read(path)
    before = path.read_bytes()
    records.append(path, some()[0])
    assert path.read_bytes().startswith(before)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [b"", b"\n", b"\n\n", b"  \n \n "])
def test_a_file_that_an_editor_saved_loses_no_record(path, end, last):
    """With whatever line breaks, empty lines, or none at the end."""
    path.write_bytes((path.read_bytes().rstrip() + last).replace(b"\n", end))
    assert records.read(path) == some()
    records.append(path, some()[0])
    assert records.read(path) == [*some(), some()[0]]


@pytest.mark.parametrize("text", ['{"mine": 1}', '{"mine": 1}\n', "[\n1\n]", "notes", "notes\n", '{"mine": ', "\x00"])
def test_a_file_of_another_kind_is_refused_and_left_as_it_is(tmp_path, text):
    path = tmp_path / "notes.json"
    path.write_text(text)
    for use in (records.read, lambda path: records.append(path, some()[0])):
        with pytest.raises(ValueError, match=r"notes\.json, line \d: "):
            use(path)
        assert path.read_text() == text


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_json_does_not_know_is_refused_and_the_file_left_as_it_is(path, bad):
    before = path.read_bytes()
    with pytest.raises(ValueError):
        records.append(path, {**some()[0], "lr": bad})
    assert path.read_bytes() == before


def test_a_full_disk_is_named_with_file_and_space_and_no_record_is_lost(path):
    with (
        full_disk(path.stat().st_size + 10),
        pytest.raises(OSError, match=r"er\.jsonl needs more than the [\d,.]+ MB that are free"),
    ):
        records.append(path, some()[0])
    assert records.read(path) == some()
    records.append(path, some()[0])
    assert records.read(path) == [*some(), some()[0]]


def test_circumstances_name_versions_and_hardware_and_nobody():
    present = module.circumstances("Adam")
    assert set(present) == {"date", "code", "statements", "versions", "hardware"}
    assert set(present["versions"]) == {"python", "numpy", "torch", "optlib"}
    assert {"cpu", "cores", "threads", "gpu", "system"} == set(present["hardware"])
    assert present["hardware"]["cpu"]
    text = json.dumps(present)
    for secret in (platform.node(), str(pathlib.Path.home()), os.getcwd()):
        assert len(secret) < 2 or secret not in text
    assert getpass.getuser() not in (present["hardware"]["cpu"], present["hardware"]["system"])


@pytest.fixture
def copy(tmp_path):
    """A copy of the package's sources."""
    return shutil.copytree(module.PACKAGE, tmp_path / "optlib", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))


def test_the_checksum_changes_with_one_byte_of_what_decides_and_with_nothing_else(copy):
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
    deciding[0].write_bytes(deciding[0].read_bytes().replace(b"\n", b"\r\n"))  # as another system ends its lines
    assert module.code_hash(root=copy) == before
    deciding[0].rename(deciding[0].with_name("renamed.py"))
    assert module.code_hash(root=copy) != before


def test_the_checksum_of_statements_is_blind_to_names_imports_comments_and_docstrings_and_to_nothing_else(copy):
    before = module.digest_of(module.statements_of(root=copy), None)
    assert before == module.digest_of(module.statements_of(), None)
    file, number = copy / "vision" / "precision.py", 0
    tree = ast.parse(file.read_text())
    tree.body.insert(0, ast.parse("import zlib").body[0])
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body[0].value.value, number = f"Another docstring, {number}.", number + 1
    assert number > 3
    other = "# Not a comment is left of the file's own.\n" + ast.unparse(tree)
    (copy / "vision" / "exact.py").write_bytes(other.replace("\n", "\r\n").encode())
    file.unlink()
    (copy / "data" / "empty").with_suffix(".py").write_text('"""Nothing."""\nimport math\n')
    assert module.digest_of(module.statements_of(root=copy), None) == before
    assert module.code_hash(root=copy) != module.code_hash()


def test_all_records_of_a_process_are_of_the_code_that_it_loaded(monkeypatch):
    before = module.digests("Adam")
    monkeypatch.setattr(module, "code_hash", lambda: "of files that were changed later")
    module._digests.cache_clear()
    assert module.digests("Nesterov")["code"] == before["code"]
    assert module.digests("Adam") == before


def test_the_source_of_a_rule_of_the_readers_own_counts(tmp_path, monkeypatch):
    sums = []
    monkeypatch.syspath_prepend(tmp_path)
    for i, factor in enumerate((1, 1, 2)):
        (tmp_path / f"mine_{i}.py").write_text(
            "from optlib import hyper, optimizers\n\n\nclass Mine(optimizers.Optimizer):\n"
            '    lr: float = hyper(0.1, "r")\n\n    def update(self, x, g):\n'
            f"        return x - {factor} * self.lr * g\n")  # fmt: skip
        monkeypatch.setitem(OPTIMIZERS, "Mine", importlib.import_module(f"mine_{i}").Mine)
        sums.append(module.digests("Mine cifar10"))
    assert sums[0] == sums[1]
    assert not module.same_code(sums[0], sums[2])


def test_the_checksum_of_a_rule_changes_with_what_it_runs_and_not_with_other_rules(copy):
    def digests():
        files = module.statements_of((*module.BY_NAME, "torch_driver/*.py", "benchmark/job.py"), copy, ())
        return {rule: module.digest_of(files, rule) for rule in RULES}

    RULES = ("Adam", "DemonAdam", "RAdam", "EMA(RAdam)")
    before = digests()
    changed = lambda: {rule for rule, digest in digests().items() if before[rule] != digest}
    assert len(set(before.values())) == 4
    (copy / "optimizers" / "newer.py").write_text("class Newer(Adam):\n    lr = 1\n")
    assert changed() == set()
    for file, old, new, rules in [
        ("optimizers/adam_family.py", "class RAdam(Optimizer):", "class RAdam(Optimizer):\n    a = 1\n", {*RULES[2:]}),
        ("optimizers/adam.py", "class Adam(Optimizer):", "class Adam(Optimizer):\n    one = 1\n", {"Adam"}),
        ("optimizers/base.py", "class Optimizer:", "class Optimizer:\n    one = 1\n", set(before)),
        ("schedules/__init__.py", "class Cosine(Schedule):", "class Cosine(Schedule):\n    one = 1\n", set(before)),
        ("schedules/__init__.py", "class Step(Schedule):", "class Step(Schedule):\n    one = 1\n", set()),
        ("torch_driver/__init__.py", "import torch", "import torch\none = 1\n", set(before)),
    ]:  # fmt: skip
        source = (copy / file).read_text()
        assert old in source, (file, old)
        (copy / file).write_text(source.replace(old, new, 1))
        assert changed() == rules, file
        (copy / file).write_text(source)


@pytest.mark.parametrize(("old", "new"), [
    ("0.9", "0.91"), ("x + y", "x - y"), ("x, y", "y, x"), ('"a"', '"b"'), ("1", "1.0"), ("1", "True"), ("1", "'1'"),
    ("**2", "** 2.0"), ('f"{x}"', 'f"{y}"'), ("return 1", "return"), ("(x := 1)", "(y := 1)"),
])  # fmt: skip
def test_the_checksum_of_statements_changes_with_what_is_computed(tmp_path, old, new):
    text = 'def f(x, y=0.9):\n    z = (x := 1) + x**2, x + y, x, y, "a", f"{x}"\n    return 1\n'
    sums = set()
    for each in (text, text.replace(old, new)):
        (tmp_path / "a.py").write_text(each)
        sums.add(module.digest_of(module.statements_of(["*.py"], tmp_path), None))
    assert len(sums) == 2


def test_the_checksum_of_statements_is_the_same_in_all_versions_of_python(tmp_path):
    """Python 3.12 parses f-strings anew and gives functions type parameters; 3.13 dumps no empty lists."""
    (tmp_path / "a.py").write_text(
        '"""D."""\nimport os\n\n\nclass A(int):\n    """D."""\n\n    async def f(self, *a, k: int = -1, **b) -> None:\n'
        '        return f"a" "b{k!r:>{a[0]}} {k=}" f"ä{{" + u"c", [*a], a[1:, ::2], lambda: 1e999, b"\\0", ..., 2j\n',
        encoding="utf-8",
    )
    assert module.digest_of(module.statements_of(["*.py"], tmp_path), None).startswith("83a9c5855e2117e4")


def test_code_is_the_same_by_either_checksum():
    now = {"code": "a", "statements": "b"}
    assert module.same_code({"code": "a"}, now)  # an old record
    assert module.same_code({"code": "x", "statements": "b"}, now)
    assert not module.same_code({"code": "x"}, now)
    assert not module.same_code({"code": "x", "statements": "a"}, now)


@pytest.mark.parametrize(("digest", "commit"), [
    (digest, commit) for digest, commits in module.COMMITS.items() for commit in commits.split(" or ")
])  # fmt: skip
def test_the_commits_of_the_recorded_code_have_its_checksum(tmp_path, digest, commit):
    git = lambda *arguments: subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    archive = git("archive", "--format=zip", commit, "optlib")
    if archive.returncode:
        pytest.skip("needs git and the history of the repository")
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as files:
        files.extractall(tmp_path)
    spec = importlib.util.spec_from_file_location(commit, tmp_path / "optlib" / "benchmark" / "circumstances.py")
    then = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(then)
    assert then.code_hash() == digest


def test_every_pattern_finds_a_file():
    for pattern in (*module.DECIDES, *module.SHOWS):
        assert list(module.PACKAGE.glob(pattern)), pattern
