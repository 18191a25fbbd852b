"""Unpacking takes out the six files and nothing else, all or none; progress and command line say what they should."""

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import fake_cifar
import numpy as np
import pytest

from optlib.data import __main__ as command
from optlib.data import download
from optlib.data.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
FILES = fake_cifar.contents()
DATA = fake_cifar.packed(FILES)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- the archive itself ---------------------------------------------------------------------------------------------


def unpack(tmp_path, data, files=FILES):
    (tmp_path / "deep" / "set").mkdir(parents=True)
    path = tmp_path / "deep" / "archive.tar.gz"
    path.write_bytes(data)
    download.extract(path, fake_cifar.archive(files, data), tmp_path / "deep" / "set")


def member(name, kind=tarfile.REGTYPE, size=4, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


@pytest.mark.parametrize(
    "name", ["../evil", "cifar-10-batches-bin/../../evil", "/tmp/optlib-evil", "cifar-10-batches-bin\\..\\evil"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    data = fake_cifar.packed(FILES, more=[(member(name), b"evil")])
    with pytest.raises(OSError, match=r"archive\.tar\.gz is not to be trusted: it holds a file named .*evil'"):
        unpack(tmp_path, data)
    assert not list(tmp_path.rglob("*evil*"))
    assert not Path("/tmp/optlib-evil").exists()
    assert names(tmp_path / "deep" / "set") == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_member_that_is_no_file_is_refused(tmp_path, kind):
    rest = {name: data for name, data in FILES.items() if name != "test_batch.bin"}
    size = len(FILES["test_batch.bin"])  # a size that fits must not help it
    link = "cifar-10-batches-bin/data_batch_1.bin"
    more = [(member("cifar-10-batches-bin/test_batch.bin", kind, size, link), None)]
    with pytest.raises(OSError, match=r"test_batch\.bin in archive\.tar\.gz is no regular file"):
        unpack(tmp_path, fake_cifar.packed(rest, more))
    assert names(tmp_path / "deep" / "set") == []


@pytest.mark.parametrize("name", ["data_batch_1.bin", "data_batch_5.bin", "test_batch.bin"])
@pytest.mark.parametrize("how", ["lacks", "short", "changed", "elsewhere"])
def test_a_wrong_member_is_refused_by_name(tmp_path, name, how):
    changed = dict(FILES)
    content = changed.pop(name)
    if how in ("short", "changed"):
        changed[name] = content[:-1] if how == "short" else bytes([content[0] ^ 1]) + content[1:]
    more = [(member(f"other/{name}", size=len(content)), content)] if how == "elsewhere" else []
    words = {"short": "bytes, not", "changed": "is damaged"}.get(how, "")
    with pytest.raises(OSError, match=rf"archive\.tar\.gz lacks .*{name}" if not words else rf"{name} in .*{words}"):
        unpack(tmp_path, fake_cifar.packed(changed, more))
    assert names(tmp_path / "deep" / "set") == []


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.9])
def test_a_truncated_archive_is_refused(tmp_path, share):
    with pytest.raises(OSError, match=r"archive\.tar\.gz is damaged"):
        unpack(tmp_path, DATA[: int(share * len(DATA))])
    assert names(tmp_path / "deep" / "set") == []


def test_something_else_is_no_archive(tmp_path):
    with pytest.raises(OSError, match=r"archive\.tar\.gz is damaged"):
        unpack(tmp_path, np.random.default_rng(0).bytes(5000))


def test_only_the_six_files_come_out(tmp_path):
    unpack(tmp_path, fake_cifar.packed(FILES, more=[(member("cifar-10-batches-bin/run.sh"), b"evil")]))
    assert names(tmp_path / "deep" / "set") == sorted(FILES)


def test_names_that_begin_with_a_dot(tmp_path):
    unpack(tmp_path, fake_cifar.packed(FILES, inside="./cifar-10-batches-bin"))
    assert names(tmp_path / "deep" / "set") == sorted(FILES)


# --- progress and the command line ----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_in_a_terminal():
    stream, ticks = Terminal(), iter([0.0, 2.0, 2.05, 4.0, 8.0])
    with Progress("x.gz", 8_000_000, stream=stream, clock=lambda: next(ticks)) as report:
        for done in (2_000_000, 2_050_000, 4_000_000, 8_000_000):  # the second one comes too soon to be drawn
            report(done)
    drawn = [line.rstrip() for line in stream.getvalue().split("\r")]
    assert drawn == [
        "",
        "x.gz [######------------------]  25 % 1.0 MB/s 0:06 left",
        "x.gz [############------------]  50 % 1.0 MB/s 0:04 left",
        "x.gz [########################] 100 % 1.0 MB/s 0:00 left",
    ]
    assert stream.getvalue().endswith("\n")


def test_a_remark_does_not_stand_in_the_bar():
    stream, ticks = Terminal(), iter([0.0, 1.0, 2.0])
    with Progress("x", 100, stream=stream, clock=lambda: next(ticks)) as report:
        report(50)
        report.say("broken; trying again")
        report(100)
    lines = stream.getvalue().split("\n")
    assert [line.strip()[:6] for line in lines] == ["x [###", "broken", "x [###", ""]


def test_lines_elsewhere():
    stream, ticks = io.StringIO(), iter(range(1000))
    with Progress("x.gz", 1000, already=250, stream=stream, clock=lambda: next(ticks)) as report:
        for done in range(260, 1001, 10):
            report(done)
    lines = stream.getvalue().splitlines()
    assert [int(re.search(r"(\d+) %", line)[1]) for line in lines] == [30, 40, 50, 60, 70, 80, 90, 100]
    assert all("\r" not in line for line in lines)


def test_what_was_there_does_not_count_for_the_speed():
    stream, ticks = Terminal(), iter([0.0, 10.0])
    with Progress("x", 100_000_000, already=80_000_000, stream=stream, clock=lambda: next(ticks)) as report:
        report(90_000_000)
    assert "1.0 MB/s 0:10 left" in stream.getvalue()


def test_the_command_explains_itself():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "optlib.data", "download", "--help"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0
    for word in ("cifar10", "--root", "--url", "--archive", "--keep-archive", "170 MB", "OPTLIB_DATA"):
        assert word in done.stdout, word


@pytest.mark.parametrize("arguments", [[], ["download"], ["download", "mnist"], ["upload", "cifar10"]])
def test_a_wrong_command_is_told(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m optlib.data" in capsys.readouterr().err


def test_the_fake_archive_is_the_same_in_every_process():
    """Else the tests of the download that start a process would test nothing."""
    code = "import hashlib, fake_cifar; print(hashlib.sha256(fake_cifar.packed(fake_cifar.contents())).hexdigest())"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(DATA).hexdigest()
