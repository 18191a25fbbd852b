"""``python -m optlib.benchmark`` from end to end: real images are learned, and a killed run resumes as if unbroken."""

import contextlib
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest
import torch
from benchmark_cases import settings, toml
from vision_cases import threads

from optlib.benchmark import job, records, runner
from optlib.benchmark.__main__ import main
from optlib.benchmark.protocol import names
from optlib.benchmark.results import find

GRID = toml(settings(
    title="A grid of two rates and one run", rules=["Adam"], settings={"Adam": {"lr": 0.01}}, data__validation=200,
    training__epochs=1, training__batch=50, training__shift=2, final__seeds=[0],
    tuning={"epochs": 3, "images": 300, "exponents": [-0.5, 0.0], "widen": 0},
))  # fmt: skip
FEW = 2000, 500  # images of the final run and of its test
LEAST = 0.28  # chance gives 0.1; seeds gave 0.32 and 0.37
MEASURED = ("seconds", "test_seconds", "images_per_second")  # of the clock
RUN = ["run", "--protocol", "grid.toml", "--threads", "1"]
OWN = ["--results", "grid", "--protocol", "grid.toml"]


def start(folder, *arguments, program=("-m", "optlib.benchmark")):
    """The command in a process of its own, in a folder with nothing but the protocol."""
    (folder / "grid.toml").write_text(GRID)
    root = pathlib.Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, *program, *arguments], cwd=folder, env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def finished(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def recorded(folder):
    return records.read(folder / "results" / "grid.jsonl")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Folder of a complete run, and what it printed; in this process, which has torch already."""
    folder, images_of = tmp_path_factory.mktemp("unbroken"), job.images_of

    def few_at_last(asked, root):
        pairs = images_of(asked, root)
        counts = FEW if asked["stage"] == "final" else (None, None)
        return tuple((images[:n], labels[:n]) for (images, labels), n in zip(pairs, counts, strict=True))

    (folder / "grid.toml").write_text(GRID)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as output:
        patch.chdir(folder)
        patch.setattr(job, "images_of", few_at_last)
        assert main(RUN) == 0
    return folder, output.getvalue()


@pytest.fixture
def here(unbroken, monkeypatch):
    monkeypatch.chdir(unbroken[0])
    return unbroken[0]


def test_real_images_are_learned_and_recorded(unbroken):
    folder, output = unbroken
    runs = recorded(folder)
    assert [run["stage"] for run in runs] == ["tuning", "tuning", "final"]
    assert len(output.splitlines()) == 5
    assert "every run of the protocol is recorded" in output
    assert runs[-1]["history"]["test_accuracy"][-1] >= LEAST
    assert [run["history"]["settings"]["images"] for run in runs] == [300, 300, FEW[0]]
    assert not (folder / "results" / "grid.unfinished").exists()
    assert runs[0]["command"] == "python -m optlib.benchmark run --protocol grid.toml --threads 1"
    for run in runs:
        text = json.dumps(run)
        assert str(folder) not in text
        assert str(pathlib.Path.home()) not in text or len(str(pathlib.Path.home())) < 2


KILLED = """
import os, signal, sys
from optlib.benchmark.__main__ import main
saved, replace = [], os.replace

def replace_or_die(source, target):
    saved.append(target)
    if len(set(saved)) == 2 and saved.count(target) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

os.replace = replace_or_die
main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals of POSIX")
def test_killed_in_the_middle_of_a_run_it_resumes_as_if_unbroken(unbroken, tmp_path, monkeypatch, capsys):
    """The process dies in its second run, while it writes the second checkpoint."""
    before = recorded(unbroken[0])
    (tmp_path / "results").mkdir()
    records.append(tmp_path / "results" / "grid.jsonl", before[2])  # the final run: only the tuning is to be resumed
    process = start(tmp_path, *RUN, program=["-c", KILLED])
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(recorded(tmp_path)) == 2
    folder = tmp_path / "results" / "grid.unfinished"
    assert len(list(folder.glob("*.part"))) == 1
    (checkpoint,) = folder.glob("*.pt")
    seconds = torch.load(checkpoint, weights_only=True)["history"]["seconds"]
    assert len(seconds) == 1

    output = finished(start(tmp_path, *RUN))
    assert len(output.splitlines()) == 3  # the first run is not repeated
    after = recorded(tmp_path)
    assert [run["id"] for run in after] == [run["id"] for run in (before[2], *before[:2])]
    assert after[2]["history"]["seconds"][:1] == seconds  # nor is the complete epoch of the second
    for old, new in zip(before[:2], after[1:], strict=True):
        for name, value in old["history"].items():
            assert name in MEASURED or new["history"][name] == value, name
    assert not folder.exists()

    tables = []
    for folder in (unbroken[0], tmp_path):
        monkeypatch.chdir(folder)
        assert main(["table", *OWN]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]


def test_the_same_command_again_does_nothing(here, capsys):
    before = (here / "results" / "grid.jsonl").read_bytes()
    assert main(["--protocol", "grid.toml"]) == 0  # "run" may be left out
    assert capsys.readouterr().out == "every run of the protocol is recorded\n"
    assert (here / "results" / "grid.jsonl").read_bytes() == before


def test_list_has_a_line_for_each_run(here, capsys):
    assert main(["list", *OWN]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == [run["id"] for run in recorded(here)]
    assert "other code" not in "".join(lines)
    assert lines[3] == "Every run of the protocol is recorded."


def test_list_names_the_commits_of_the_code_that_made_a_record(tmp_path, capsys):
    assert main(["list", "--results", "subset"]) == 0
    out = capsys.readouterr().out
    assert (out.count("  [code of 72cb202]\n"), out.count("  [code of 092fd46]\n")) == (198, 9)
    old = {**records.read(find("subset"))[0], "code": "0" * 64}
    records.append(tmp_path / "mine.jsonl", old)
    assert main(["list", "--results", str(tmp_path / "mine.jsonl")]) == 0
    assert "  [other code]\n" in capsys.readouterr().out


def test_tables_in_a_terminal_and_in_markdown(here, capsys):
    accuracy = f"{100 * recorded(here)[-1]['history']['test_accuracy'][-1]:.2f} %"
    for more in ([], ["--markdown"]):
        assert main(["table", *OWN, *more]) == 0
        out = capsys.readouterr().out
        assert accuracy in out
        assert ("| --- |" in out.replace("---:", "---")) == bool(more)
    assert main(["table", *OWN, "--time-to", "0.2"]) == 0
    assert re.search(r"Adam +1\.0 +\d+ +all 1", capsys.readouterr().out)


@pytest.mark.parametrize("command", ["protocols", "list --results cpu"], ids=["short", "long"])
def test_a_reader_who_has_read_enough_is_no_error(tmp_path, command):
    with start(tmp_path, *command.split()) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_pictures_are_files(here, capsys):
    assert main(["plot", *OWN, "--out", "pictures/of it"]) == 0
    paths = [pathlib.Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name for path in paths] == ["grid_curves.png", "grid_sensitivity.png"]  # one rule has no ranking
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_what_cannot_be_drawn_is_said_and_the_rest_is_drawn(here, tmp_path, capsys):
    mine = tmp_path / "mine.jsonl"
    command = ["plot", "--results", str(mine), "--protocol", "grid.toml", "--out", str(tmp_path)]
    records.append(mine, recorded(here)[0])
    assert main(command) == 1
    assert capsys.readouterr().err.endswith("\nerror: plot: nothing can be drawn\n")
    records.append(mine, recorded(here)[1])
    assert main(command) == 0
    assert capsys.readouterr().err.startswith("curves is not drawn: curves: none of these rules has a final run")
    assert [path.name for path in tmp_path.glob("*.png")] == ["grid_sensitivity.png"]


@pytest.mark.parametrize(("results", "pictures"), [
    ("speedrun", ["curves", "test_loss", "train_accuracy", "train_loss"]), ("ablations", ["variants"]),
    ("subset", ["curves", "ranking", "sensitivity"]),
])  # fmt: skip
def test_each_protocol_gets_the_pictures_that_it_has(tmp_path, results, pictures):
    assert main(["plot", "--results", results, "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{results}_{name}.png" for name in pictures]


def test_a_recorded_run_done_again_is_the_same_to_the_last_bit(here, capsys):
    name = recorded(here)[0]["id"]
    with threads(2):  # the recorded number is taken
        assert main(["rerun", name[:8], *OWN]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.endswith("the same to the last bit") for line in lines) == 2
    assert not any("differs" in line or "now" in line for line in lines)


def test_what_differs_in_a_run_done_again_is_said(here, tmp_path, monkeypatch, capsys):
    new, old = (recorded(here)[0] for _ in range(2))
    monkeypatch.setattr(job, "run", lambda given, **options: new)
    old["history"]["train_loss"][0] += 1e-3
    records.append(tmp_path / "old.jsonl", old | {"code": "0" * 64, "statements": "", "versions": {"torch": "1"}})
    assert main(["rerun", old["id"], "--results", f"{tmp_path}/old.jsonl", "--protocol", "grid.toml"]) == 0
    losses, accuracies, code, versions = capsys.readouterr().out.splitlines()
    assert losses.endswith(f"{old['history']['train_loss']}, now {new['history']['train_loss']}")
    assert accuracies.endswith("the same to the last bit")
    assert code == f"code differs: other code then, {new['code']} now"
    assert versions.startswith("versions differs: {'torch': '1'} then, {")


def test_protocols_are_listed(capsys):
    assert main(["protocols"]) == 0
    *lines, blank, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert (blank, last) == ("", f"Tasks that a protocol may have: {', '.join(job.TASKS)}")


@pytest.mark.parametrize(("arguments", "words"), [
    ([], ["run", "resume", "list", "table", "plot", "rerun", "speedrun", "protocols", "94 % on"]),
    (["speedrun"], ["\n94 % on CIFAR-10 with one of the course's own rules.\n"]),
])  # fmt: skip
def test_help_names_every_command_and_says_what_it_does(capsys, arguments, words):
    with pytest.raises(SystemExit, match="0"):
        main([*arguments, "--help"])
    out = capsys.readouterr().out
    assert all(word in out for word in words)


ERRORS = {
    ("run", "--protocol", "nope"): "protocol 'nope' is neither a file nor one of",
    ("run", "--protocol", "bad.toml"): "bad.toml: no valid TOML",
    ("run", "--protocol", "grid.toml", "--rules", "Sgd"): "rules=['Sgd'] are not in protocol grid; it has Adam",
    ("run", "--protocol", "grid.toml", "--seeds", "-1"): "seeds=[-1] must be",
    ("run", "--protocol", "grid.toml", "--executor", "magic"): "executor='magic' must be",
    ("run", "--protocol", "grid.toml", "--out", "broken.jsonl"): "broken.jsonl, line 1: not JSON",
    ("run", "--protocol", "cpu", "--root", "/nowhere"): "failed: FileNotFoundError: cifar10: root='/nowhere' does not",
    ("run", "--protocol", "grid.toml", "--out", "."): "run: out='.' is a folder; it must be a file of records",
    ("run", "--protocol", "grid.toml", "--minutes", "-1"): "minutes=-1.0 must be a number in [0, inf)",
    ("run", "--protocol", "grid.toml", "--minutes", "nan"): "minutes=nan must be a number in [0, inf)",
    ("run", "--protocol", "grid.toml", "--threads", "0"): "threads=0 must be an integer of at least 1",
    ("list", "--results", "nope"): "'nope' is no protocol",
    ("list", "--results", "none.jsonl"): "python -m optlib.benchmark run --protocol none",
    ("list", "--results", "grid"): "--protocol",
    ("table", *OWN, "--time-to", "70"): "accuracy=70.0 must be a number in (0, 1)",
    ("table", *OWN, "--time-to", "0"): "accuracy=0.0 must be a number in (0, 1)",
    ("rerun", "xyz", *OWN): "'xyz' begins the id of 0 records",
    ("rerun", "", *OWN): "'' begins the id of 3 records",
}


@pytest.mark.parametrize("arguments", ERRORS, ids=" ".join)
def test_an_error_is_one_line_and_status_1(here, capsys, arguments):
    (here / "bad.toml").write_text("title =")
    (here / "broken.jsonl").write_text("nonsense\n")
    assert main(list(arguments)) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("results")]
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert ERRORS[arguments] in lines[0]


@pytest.mark.parametrize("arguments", [[], ["walk"], ["run"], "table --time-to 0.9 --task novel".split()])
def test_what_the_parser_does_not_take_has_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_speedrun_is_of_its_protocol_and_of_the_seeds_that_are_asked_for(monkeypatch):
    given = []
    monkeypatch.setattr(runner, "run", lambda *them, **options: given.append((*them, options)) or [])
    assert main(["speedrun", "--seeds", "7", "--out", "x.jsonl"]) == 0
    ((protocol, out, options),) = given
    assert (protocol.name, protocol.final["seeds"], out.name) == ("speedrun", [7], "x.jsonl")
    assert (options["workers"], options["executor"], options["progress"]) == (1, None, True)


def test_absolute_paths_do_not_go_into_records(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(runner, "run", lambda *given, **options: commands.append(options["command"]))
    (tmp_path / "mine.toml").write_text(GRID)
    assert main(["run", "--protocol", str(tmp_path / "mine.toml"), f"--root={tmp_path}", "--out", "a/b.jsonl"]) == 0
    command = f"python -m optlib.benchmark run --protocol mine.toml --root={tmp_path.name} --out a/b.jsonl"
    assert commands == [command]
