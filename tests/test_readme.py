"""What the README says can be done, can be done, and prints what it says."""

import re
from pathlib import Path

import optlib as ol

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
FIRST, TRAINING, FIVE_LINES = BLOCKS


def test_the_example_prints_what_the_readme_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(FIRST, {})
    assert (tmp_path / "path.png").stat().st_size > 10_000
    printed = re.search(r"prints\n\n```\n(.*?)```", TEXT, flags=re.S).group(1)
    assert capsys.readouterr().out == printed


def test_the_torch_example_makes_a_step():
    names = {"ol": ol}
    exec(TRAINING, names)
    model, optimizer = names["model"], names["optimizer"]
    assert all(optimizer.state[p]["t"] == 1 for p in model.parameters())


def test_the_rule_of_five_lines_runs():
    try:
        exec(FIVE_LINES, {"ol": ol})
        rule = ol.OPTIMIZERS["SignDescent"]
        path = ol.minimize(ol.FUNCTIONS["sphere"], rule(lr=0.5), start=(2.0, -1.0), steps=4)
        assert path.x.tolist() == [[2, -1], [1.5, -0.5], [1, 0], [0.5, 0], [0, 0]]
    finally:
        ol.OPTIMIZERS.pop("SignDescent", None)
    assert len([line for line in FIVE_LINES.splitlines() if line.strip()]) <= 6  # the decorator and five lines


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([\w-]+)", TEXT)):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert target.startswith("https://") or (ROOT / target).exists(), target
