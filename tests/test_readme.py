"""What the README says can be done, can be done, and prints what it says."""

import ast
import re
import sys
from pathlib import Path

import pytest

import optlib as ol

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
FIRST, TRAINING, GROUPS, LIBRARIES, FIVE_LINES = BLOCKS


def test_the_example_prints_what_the_readme_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(FIRST, {})
    assert (tmp_path / "path.png").stat().st_size > 10_000
    printed = re.search(r"prints\n\n```\n(.*?)```", TEXT, flags=re.S).group(1)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("example", [TRAINING, GROUPS], ids=["one rule", "two rules"])
def test_the_torch_examples_make_a_step(example):
    names = {"ol": ol}
    exec(example, names)
    model, optimizer = names["model"], names["optimizer"]
    assert all(optimizer.state[p]["t"] == 1 for p in model.parameters())


def test_the_lines_on_other_libraries_find_what_they_say():
    names = {"ol": ol, "torch": pytest.importorskip("torch")}
    table, rule, code, identity = (eval(line, names) for line in LIBRARIES.splitlines())
    assert "keras" in repr(table)
    assert rule.settings()["lr"] == 0.01
    assert code == "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)"
    assert type(identity.rule) is ol.Nadam
    assert identity.same


def test_the_rule_of_five_lines_runs():
    try:
        exec(FIVE_LINES, {"ol": ol})
        rule = ol.OPTIMIZERS["SignDescent"]
        path = ol.minimize(ol.FUNCTIONS["sphere"], rule(lr=0.5), start=(2.0, -1.0), steps=4)
        assert path.x.tolist() == [[2, -1], [1.5, -0.5], [1, 0], [0.5, 0], [0, 0]]
    finally:
        ol.OPTIMIZERS.pop("SignDescent", None)
    assert len([line for line in FIVE_LINES.splitlines() if line.strip()]) <= 6  # the decorator and five lines


@pytest.mark.parametrize("step", re.findall(r"(?m)^\d\. (`.*(?:\n   .*)*)", TEXT))
def test_a_step_through_the_code_names_files_and_what_is_in_them(step):
    files = re.findall(r"`([\w/]+\.py)`", step)
    nodes = [node for file in files for node in ast.walk(ast.parse((ROOT / "optlib" / file).read_text("utf-8")))]
    names = {getattr(node, "name", None) or getattr(node, "attr", None) or getattr(node, "id", None) for node in nodes}
    assert files
    for name in set(re.findall(r"`(\w+)`", step)) - {"print"}:
        assert name in names, name


def test_a_gradient_takes_the_way_that_is_described():
    calls = []

    def follow(frame, event, argument):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT / "optlib"):
            calls.append((path.relative_to(ROOT / "optlib").as_posix(), frame.f_code.co_name))

    sys.setprofile(follow)
    try:
        ol.minimize(ol.FUNCTIONS["rosenbrock"], ol.Adam(lr=0.1), steps=1)
    finally:
        sys.setprofile(None)
    way = [
        ("minimize.py", "minimize"), ("functions/valleys.py", "_rosenbrock_slopes"), ("optimizers/base.py", "advance"),
        ("optimizers/adam.py", "init"), ("optimizers/adam.py", "update"),
    ]  # fmt: skip
    assert [call for i, call in enumerate(calls) if call in way and call not in calls[:i]] == way


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([\w-]+)", TEXT)):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target


def test_no_blank_line_cuts_a_table_in_two():
    for path in [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("tools/*/README.md")]:
        for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
            rows = [line for line in block.splitlines() if line.startswith("|")]
            assert not rows or rows == block.splitlines() and re.fullmatch("[| :-]+", rows[1]), f"{path}: {block[:80]}"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert target.startswith("https://") or (ROOT / target).exists(), target
