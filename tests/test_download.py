"""The download: it goes on where it was interrupted; a final name means that the file is whole."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import fake_cifar
import pytest
from fake_server import Server

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
    for name in ("http_proxy", "HTTP_PROXY", "OPTLIB_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    waits = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    server = Server(DATA, NAME)
    server.waits = waits
    monkeypatch.setattr(cifar, "CIFAR10", fake_cifar.archive(FILES, DATA, server.url))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def get(folder, *more):
    return command.main(["download", "cifar10", "--root", str(folder), *more])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_whole(folder, *more):
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
    assert_whole(tmp_path / "new" / "folder")
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == f"CIFAR-10 -> {tmp_path}/new/folder"
    assert "CIFAR-10 is whole: 6 files in" in said.out
    assert "use root=" in said.out  # the loader does not look there by itself
    assert f"{NAME} [########################] 100 %" in said.err
    assert server.asked == [None]


def test_again_fetches_nothing(server, tmp_path):
    assert get(tmp_path) == get(tmp_path) == 0
    assert server.asked == [None]


def test_a_broken_file_is_named_and_mended(server, tmp_path, capsys):
    get(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(FILES["data_batch_3.bin"][:-1])
    (tmp_path / "test_batch.bin").unlink()
    capsys.readouterr()
    assert get(tmp_path) == 0
    said = capsys.readouterr().err
    assert "data_batch_3.bin is truncated" in said
    assert "test_batch.bin is missing" in said
    assert said.count("getting it anew") == 2
    assert_whole(tmp_path)


def test_the_archive_can_stay(server, tmp_path):
    assert get(tmp_path, "--keep-archive") == 0
    assert_whole(tmp_path, NAME)
    assert (tmp_path / NAME).read_bytes() == DATA


def test_an_archive_that_was_there_is_used_and_stays(server, tmp_path):
    (tmp_path / NAME).write_bytes(DATA)
    assert get(tmp_path) == 0
    assert_whole(tmp_path, NAME)
    assert server.asked == []


def test_a_copy_from_elsewhere_is_unpacked(server, tmp_path, capsys):
    (tmp_path / "copy.tgz").write_bytes(DATA)
    assert get(tmp_path / "set", "--archive", str(tmp_path / "copy.tgz")) == 0
    assert_whole(tmp_path / "set")
    assert (tmp_path / "copy.tgz").exists()
    assert server.asked == []
    capsys.readouterr()
    (tmp_path / "copy.tgz").write_bytes(DATA[:-1])
    assert get(tmp_path / "other", "--archive", str(tmp_path / "copy.tgz")) == 1
    assert "copy.tgz is truncated" in error_of(capsys)
    assert names(tmp_path / "other") == []


def test_another_address(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cifar, "CIFAR10", fake_cifar.archive(FILES, DATA, "http://127.0.0.1:1/nobody"))
    assert get(tmp_path, "--url", server.url) == 0
    assert_whole(tmp_path)
    assert get(tmp_path / "x", "--url", "file:///etc/hosts") == 1
    assert "must begin with https:// or http://" in error_of(capsys)


def test_where_it_goes_by_itself(server, tmp_path, monkeypatch, capsys):
    """To OPTLIB_DATA, else to the course's data folder, else below the current one; the loader finds each."""
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path / "named"))
    assert command.main(["download", "cifar10"]) == 0
    assert_whole(tmp_path / "named" / "cifar-10")
    assert "use root=" not in capsys.readouterr().out
    assert len(ol.data.cifar10(full=True)[0]) == 5 * fake_cifar.RECORDS
    monkeypatch.delenv("OPTLIB_DATA")
    assert cifar.destination() == ROOT / "data" / "cifar-10"
    monkeypatch.setattr(cifar.sprites, "find", lambda bases: None)
    monkeypatch.chdir(tmp_path)
    assert cifar.destination() == tmp_path / "data" / "cifar-10"


# --- interruptions --------------------------------------------------------------------------------------------------


def test_a_broken_connection_is_taken_up_again(server, tmp_path):
    server.plans = [{"stop": 70_000}, {"stop": 50_000}, {"status": 503}]
    assert get(tmp_path) == 0
    assert server.asked == [None, "bytes=70000-", "bytes=120000-", "bytes=120000-"]
    assert_whole(tmp_path)


def test_a_server_that_cannot_send_a_part(server, tmp_path):
    server.ranges = False
    server.plans = [{"stop": 70_000}]
    assert get(tmp_path) == 0
    assert server.asked == [None, "bytes=70000-"]
    assert_whole(tmp_path)


def test_a_server_that_cannot_send_a_part_and_breaks_off_loses_nothing(server, tmp_path):
    server.ranges = False
    server.plans = [{"stop": 90_000}] + 20 * [{"stop": 20_000}]
    assert get(tmp_path) == 1
    assert (tmp_path / f"{NAME}.part").read_bytes() == DATA[:90_000]
    assert len(server.asked) == 5
    server.ranges, server.plans = True, []
    assert get(tmp_path) == 0
    assert server.asked[-1] == "bytes=90000-"
    assert_whole(tmp_path)


def test_a_server_that_does_not_tell_the_length(server, tmp_path):
    server.headers = {"Content-Length": None}
    server.plans = [{"stop": 70_000}]
    assert get(tmp_path) == 0
    assert_whole(tmp_path)


def test_a_connection_that_breaks_for_good(server, tmp_path, capsys):
    server.plans = [{"stop": 90_000}] + 20 * [{"stop": 0}]
    assert get(tmp_path) == 1
    said = error_of(capsys)
    assert "the connection was closed too early; tried 5 times" in said
    assert f"0.1 MB of {megabytes(len(DATA))} are in {tmp_path}/{NAME}.part: {download.AGAIN}" in said
    assert names(tmp_path) == [f"{NAME}.part"]
    assert server.waits == [1, 2, 4, 8]
    assert "--archive" in said
    server.plans = []
    assert get(tmp_path) == 0
    assert server.asked[-1] == "bytes=90000-"
    assert "going on from there" in capsys.readouterr().err
    assert_whole(tmp_path)


def test_nobody_answers(server, tmp_path, capsys):
    assert get(tmp_path, "--url", "http://127.0.0.1:9/x") == 1
    said = capsys.readouterr().err.splitlines()
    assert said[:4] == [f"Connection refused; trying again in {wait} s" for wait in (1, 2, 4, 8)]
    assert said[4:] == [
        f"error: http://127.0.0.1:9/x: Connection refused; tried 5 times.  Or get {NAME} in another way and name it "
        "with --archive"
    ]
    assert names(tmp_path) == []


def test_a_line_that_falls_silent(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.plans = [{"stop": 60_000, "hold": True}]
    assert get(tmp_path) == 0
    assert server.asked == [None, "bytes=60000-"]
    assert_whole(tmp_path)


def a_process(server, folder):
    """The command in a process of its own, with the small archive in the place of the official one."""
    code = (
        # Where the tests run in the background of a shell, Ctrl-C is ignored by all that they start.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, fake_cifar; from optlib.data import cifar, __main__ as command\n"
        f"cifar.CIFAR10 = fake_cifar.archive(fake_cifar.contents(), fake_cifar.packed(fake_cifar.contents()), "
        f"{server.url!r})\n"
        f"print('ready', flush=True); sys.exit(command.main(['download', 'cifar10', '--root', {str(folder)!r}]))"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path, "no_proxy": "*"},
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_by_the_reader_or_by_the_system(server, tmp_path, how):
    server.plans = [{"stop": 100_000, "hold": True}]
    part = tmp_path / f"{NAME}.part"
    process = a_process(server, tmp_path)
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size) and process.poll() is None and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    server.release.set()
    assert names(tmp_path) == [f"{NAME}.part"]
    have = part.stat().st_size
    assert 0 < have <= 100_000
    assert part.read_bytes() == DATA[:have]
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert said.endswith("stopped; the same command goes on from there\n")
        assert "Traceback" not in said
    assert get(tmp_path) == 0
    assert server.asked == [None, f"bytes={have}-"]
    assert_whole(tmp_path)


def test_stopped_while_unpacking(server, tmp_path, monkeypatch, capsys):
    real = download._take

    def interrupted(opened, member, file, part, path):
        real(opened, member, file, part, path)
        if file.name == "data_batch_4.bin":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "_take", interrupted)
        assert get(tmp_path) == 130
    assert names(tmp_path) == [NAME]
    assert get(tmp_path) == 0
    assert server.asked == [None]
    assert_whole(tmp_path, NAME)
