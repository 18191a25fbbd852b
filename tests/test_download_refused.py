"""What a download refuses: a full disk and wrong contents; nothing half-done is taken for whole."""

import errno
import io
import os
import re
import shutil

import pytest
import test_download
from test_download import DATA, FILES, NAME, assert_whole, error_of, get, names

from optlib.data import download
from optlib.data.progress import megabytes

server = test_download.server

# --- the disk -------------------------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_anything_is_fetched(server, tmp_path, monkeypatch, capsys):
    needed = len(DATA) + sum(map(len, FILES.values()))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda folder: usage._replace(free=needed - 1))
    assert get(tmp_path) == 1
    assert f"MB free; {megabytes(needed)} are needed for CIFAR-10" in error_of(capsys)
    assert server.asked == []
    (tmp_path / f"{NAME}.part").write_bytes(DATA[:1000])  # what is there need not be fetched
    assert get(tmp_path) == 0


class FullDisk(io.BufferedWriter):
    """A file on a disk that has room for ``left`` bytes."""

    def __init__(self, path, mode, left):
        super().__init__(io.FileIO(path, mode.replace("b", "")))
        self.left = left

    def write(self, block):
        if len(block) > self.left:
            super().write(block[: self.left])
            self.left = 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.left -= len(block)
        return super().write(block)


def test_the_disk_fills_up(server, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(download, "open", lambda path, mode: FullDisk(path, mode, 50_000), raising=False)
        assert get(tmp_path) == 1
    said = error_of(capsys)
    assert re.search(r"the disk is full; 0\.[01] MB are in .*\.part: the same command goes on from there", said)
    assert names(tmp_path) == [f"{NAME}.part"]
    assert len(server.asked) == 1  # a full disk is not a broken connection
    have = (tmp_path / f"{NAME}.part").stat().st_size
    assert get(tmp_path) == 0
    assert server.asked[1:] == [f"bytes={have}-"]
    assert_whole(tmp_path)


def test_the_disk_fills_up_while_unpacking(server, tmp_path, monkeypatch, capsys):
    (tmp_path / NAME).write_bytes(DATA)
    with monkeypatch.context() as patch:
        patch.setattr(
            download, "open", lambda path, mode: FullDisk(path, mode, 50_000 if "data_batch_5" in str(path) else 1e9),
            raising=False,
        )  # fmt: skip
        assert get(tmp_path) == 1
    assert "the disk is full; unpacking into" in error_of(capsys)
    assert names(tmp_path) == [NAME]
    assert get(tmp_path) == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(server, tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert get(tmp_path) == 1
    assert "Permission denied" in error_of(capsys)
    tmp_path.chmod(0o700)


def test_a_file_in_the_place_of_the_folder(server, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"mine")
    assert get(tmp_path / "file") == 1
    assert "is a file" in error_of(capsys)
    assert (tmp_path / "file").read_bytes() == b"mine"


# --- wrong contents -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [-1, 1])
def test_another_size_is_refused_before_it_is_fetched(server, tmp_path, capsys, change):
    server.data = DATA[:-1] if change < 0 else DATA + b"0"
    assert get(tmp_path) == 1
    assert f"has {len(DATA) + change:,} bytes, not {len(DATA):,}: it is not the official {NAME}" in error_of(capsys)
    assert names(tmp_path) == []
    (tmp_path / f"{NAME}.part").write_bytes(DATA[:5000])
    assert get(tmp_path) == 1
    assert (tmp_path / f"{NAME}.part").stat().st_size == 5000  # nothing that was good is lost


def test_more_than_was_announced(server, tmp_path, capsys):
    server.headers = {"Content-Length": None}
    server.data = DATA + b"0"
    assert get(tmp_path) == 1
    assert f"sends more than {len(DATA):,} bytes" in error_of(capsys)
    assert NAME not in names(tmp_path)


def test_another_checksum_is_refused_and_not_resumed(server, tmp_path, capsys):
    server.data = DATA[:-1] + bytes([DATA[-1] ^ 1])
    assert get(tmp_path) == 1
    said = error_of(capsys)
    assert f"is not the official {NAME}: its SHA-256 is another one" in said
    assert "has been removed" in said
    assert names(tmp_path) == []
    server.data = DATA
    assert get(tmp_path) == 0
    assert server.asked == [None, None]
    assert_whole(tmp_path)


def test_a_part_that_is_something_else(server, tmp_path, capsys):
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 1000)
    assert get(tmp_path) == 1
    assert "has been removed" in error_of(capsys)
    assert get(tmp_path) == 0
    assert server.asked == ["bytes=1000-", None]


def test_a_part_that_is_too_long_or_whole_already(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(DATA + b"x")
    assert get(tmp_path) == 0
    assert server.asked == [None]
    for name in FILES:
        (tmp_path / name).unlink()
    (tmp_path / f"{NAME}.part").write_bytes(DATA)
    assert get(tmp_path) == 0
    assert server.asked == [None]
    assert_whole(tmp_path)


def test_a_broken_archive_under_its_final_name(server, tmp_path, capsys):
    (tmp_path / NAME).write_bytes(DATA[:-1])
    assert get(tmp_path) == 0
    assert f"{NAME} is truncated" in capsys.readouterr().err
    assert_whole(tmp_path, NAME)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"status": 404}, "it answers 404 Not Found"),
        ({"status": 403}, "it answers 403 Forbidden"),
        ({"headers": {"Content-Type": "text/html; charset=utf-8"}}, "sent a web page instead of a file"),
        ({"status": 206, "headers": {"Content-Range": "bytes 7-99/100"}}, "sent another part of the file"),
        ({"status": 206, "headers": {"Content-Range": "nonsense"}}, "sent another part of the file"),
    ],
)
def test_answers_that_are_not_the_file(server, tmp_path, capsys, plan, words):
    server.plans = [plan]
    (tmp_path / f"{NAME}.part").write_bytes(DATA[:3000])
    assert get(tmp_path) == 1
    assert words in error_of(capsys)
    assert (tmp_path / f"{NAME}.part").read_bytes() == DATA[:3000]
    assert len(server.asked) == 1
