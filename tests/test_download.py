"""The download: it continues where it was interrupted; a file under its final name is complete."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import fake_cifar
import pytest
from fake_server import Server, running

import optlib as ol
from optlib.data import __main__ as command
from optlib.data import cifar, download
from optlib.data.progress import megabytes

ROOT = Path(__file__).resolve().parent.parent
FILES = fake_cifar.contents()
DATA = fake_cifar.packed(FILES)
NAME = "cifar-10-binary.tar.gz"


@pytest.fixture
def server(monkeypatch):
    server = Server(DATA, NAME)
    fake_cifar.install(monkeypatch, fake_cifar.official(FILES, DATA, server.url))
    yield from running(server, monkeypatch)


def get(folder, *more):
    return command.main(["download", "cifar10", "--root", str(folder), *more])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_complete(folder, *more):
    assert names(folder) == sorted([*FILES, *more])
    for name, data in FILES.items():
        assert (folder / name).read_bytes() == data
    assert len(ol.data.cifar10(root=folder)[0]) == 5 * fake_cifar.RECORDS


def error_of(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


# --- what goes well -------------------------------------------------------------------------------------------------


def test_all_at_once(server, tmp_path, capsys):
    assert get(tmp_path / "new" / "folder") == 0
    assert_complete(tmp_path / "new" / "folder")
    output = capsys.readouterr()
    assert output.out.splitlines()[0] == f"CIFAR-10 -> {tmp_path}/new/folder"
    assert "CIFAR-10 is complete: 6 files in" in output.out
    assert "use root=" in output.out  # the loader does not look there by itself
    assert output.err.splitlines()[-1] == f"{NAME}: 100 %"
    assert server.asked == [None]


def test_a_damaged_file_is_named_and_replaced(server, tmp_path, capsys):
    get(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(FILES["data_batch_3.bin"][:-1])
    (tmp_path / "test_batch.bin").unlink()
    capsys.readouterr()
    assert get(tmp_path) == 0
    err = capsys.readouterr().err
    assert "data_batch_3.bin is truncated" in err
    assert "test_batch.bin is missing" in err
    assert err.count("replacing it") == 2
    assert_complete(tmp_path)


def test_the_archive_can_stay_and_is_used_again(server, tmp_path):
    assert get(tmp_path, "--keep-archive") == 0
    assert_complete(tmp_path, NAME)
    assert (tmp_path / NAME).read_bytes() == DATA
    (tmp_path / "test_batch.bin").unlink()
    assert get(tmp_path) == 0
    assert_complete(tmp_path, NAME)
    assert server.asked == [None]


def test_a_copy_from_elsewhere_is_unpacked(server, tmp_path, capsys):
    (tmp_path / "copy.tgz").write_bytes(DATA)
    assert get(tmp_path / "set", "--archive", str(tmp_path / "copy.tgz")) == 0
    assert_complete(tmp_path / "set")
    assert (tmp_path / "copy.tgz").exists()
    assert server.asked == []
    (tmp_path / "copy.tgz").write_bytes(DATA[:-1])
    assert get(tmp_path / "other", "--archive", str(tmp_path / "copy.tgz")) == 1
    assert "copy.tgz is truncated" in error_of(capsys)
    assert names(tmp_path / "other") == []


def test_another_address(server, tmp_path, monkeypatch, capsys):
    fake_cifar.install(monkeypatch, fake_cifar.official(FILES, DATA, "http://127.0.0.1:1/nobody"))
    assert get(tmp_path, "--url", server.url) == 0
    assert_complete(tmp_path)
    assert get(tmp_path / "x", "--url", "file:///etc/hosts") == 1
    assert "must begin with https:// or http://" in error_of(capsys)


def test_where_it_goes_by_itself(server, tmp_path, monkeypatch):
    """To the course's data folder, else below the current one; to OPTLIB_DATA: `test_download_sets`."""
    assert cifar.CIFAR10.destination() == ROOT / "data" / "cifar-10"
    monkeypatch.setattr(cifar.sprites.Subset, "find", lambda self, bases: None)
    monkeypatch.chdir(tmp_path)
    assert cifar.CIFAR10.destination() == tmp_path / "data" / "cifar-10"


# --- interruptions --------------------------------------------------------------------------------------------------


def test_a_broken_connection_is_resumed(server, tmp_path):
    server.plans = [{"stop": 70_000}, {"stop": 50_000}, {"status": 503}]
    assert get(tmp_path) == 0
    assert server.asked == [None, "bytes=70000-", "bytes=120000-", "bytes=120000-"]
    assert server.waits == [1, 1, 2]
    assert_complete(tmp_path)


def test_a_server_that_cannot_send_a_range(server, tmp_path):
    server.ranges = False
    server.plans = [{"stop": 90_000}] + 20 * [{"stop": 20_000}]
    assert get(tmp_path) == 1
    assert (tmp_path / f"{NAME}.part").read_bytes() == DATA[:90_000]  # nothing is lost
    assert server.asked == [None] + 4 * ["bytes=90000-"]
    server.plans = []
    assert get(tmp_path) == 0
    assert_complete(tmp_path)


def test_a_connection_that_breaks_for_good(server, tmp_path, capsys):
    server.plans = [{"stop": 90_000}] + 20 * [{"stop": 0}]
    assert get(tmp_path) == 1
    message = error_of(capsys)
    assert "the connection was closed too early; tried 5 times" in message
    assert f"0.1 MB of {megabytes(len(DATA))} are in {tmp_path}/{NAME}.part: {download.AGAIN}" in message
    assert "--archive" in message
    assert names(tmp_path) == [f"{NAME}.part"]
    assert server.waits == [1, 2, 4, 8]
    server.plans = []
    assert get(tmp_path) == 0
    assert server.asked[-1] == "bytes=90000-"
    assert f"continuing {NAME}.part after 0.1 MB" in capsys.readouterr().err
    assert_complete(tmp_path)


def test_nobody_answers(server, tmp_path, capsys):
    assert get(tmp_path, "--url", "http://127.0.0.1:9/x") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[:4] == [f"Connection refused; trying again in {wait} s" for wait in (1, 2, 4, 8)]
    assert lines[4].startswith("error: http://127.0.0.1:9/x: Connection refused; tried 5 times.")
    assert names(tmp_path) == []


def test_a_line_that_falls_silent(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.plans = [{"stop": 60_000, "hold": True}]
    assert get(tmp_path) == 0
    assert server.asked == [None, "bytes=60000-"]
    assert_complete(tmp_path)


def python(code):
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path, "no_proxy": "*"},
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_by_the_reader_or_by_the_system(server, tmp_path, how):
    server.plans = [{"stop": 100_000, "hold": True}]
    part = tmp_path / f"{NAME}.part"
    process = python(
        # Where the tests run in the background of a shell, Ctrl-C is ignored by all that they start.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, fake_cifar; from optlib.data import cifar, __main__ as command\n"
        "files = fake_cifar.contents(); data = fake_cifar.packed(files)\n"
        f"cifar.CIFAR10 = command.SETS['cifar10'] = fake_cifar.official(files, data, {server.url!r})\n"
        f"sys.exit(command.main(['download', 'cifar10', '--root', {str(tmp_path)!r}]))"
    )
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size) and process.poll() is None and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    server.release.set()
    assert names(tmp_path) == [f"{NAME}.part"]
    size = part.stat().st_size
    assert 0 < size <= 100_000
    assert part.read_bytes() == DATA[:size]
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert err.endswith(f"stopped; {download.AGAIN}\n")
        assert "Traceback" not in err
    assert get(tmp_path) == 0
    assert server.asked == [None, f"bytes={size}-"]
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 1)]
)
def test_stopped_while_unpacking(server, tmp_path, monkeypatch, error, status):
    copy, copies = download.shutil.copyfileobj, []

    def interrupted(source, out, length):
        copies.append(copy(source, out, length))
        if len(copies) == 4:
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(download.shutil, "copyfileobj", interrupted)
        assert get(tmp_path) == status
    assert names(tmp_path) == [NAME]
    assert get(tmp_path) == 0
    assert server.asked == [None]
    assert_complete(tmp_path, NAME)


# --- the command line -----------------------------------------------------------------------------------------------


def test_the_command_explains_itself_and_names_all_sets_and_their_sizes():
    arguments = [sys.executable, "-W", "error", "-m", "optlib.data", "download", "--help"]
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    for words in ("--root", "--url", "--archive", "--keep-archive", "OPTLIB_DATA", "cifar10 (170 MB, unpacked 184 MB)",
                  "cifar100 (169 MB, unpacked 184 MB)", "mnist (12 MB, unpacked 55 MB)",
                  "fashion-mnist (31 MB, unpacked 55 MB)", "stl10 (2,640 MB, unpacked 359 MB)"):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("arguments", [[], ["download"], ["download", "mnits"], ["upload", "cifar10"]])
def test_a_wrong_command_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m optlib.data" in capsys.readouterr().err
