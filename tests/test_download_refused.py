"""What a download refuses: wrong contents and a full disk; nothing incomplete is taken for complete."""

import errno
import io
import os
import tarfile
from pathlib import Path

import fake_cifar
import pytest
import test_download
from test_download import DATA, FILES, NAME, assert_complete, error_of, get, names

from optlib.data import download

server = test_download.server

# --- the disk -------------------------------------------------------------------------------------------------------


class FullDisk(io.BufferedWriter):
    """A file on a disk that has room for 50,000 bytes."""

    def __init__(self, path, mode):
        super().__init__(io.FileIO(path, mode.replace("b", "")))
        self.left = 50_000

    def write(self, block):
        if len(block) > self.left:
            super().write(block[: self.left])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.left -= len(block)
        return super().write(block)


def test_the_disk_fills_up(server, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(download, "open", FullDisk, raising=False)
        assert get(tmp_path) == 1
    assert "No space left on device" in error_of(capsys)
    assert names(tmp_path) == [f"{NAME}.part"]
    assert len(server.asked) == 1  # a full disk is not a broken connection
    size = (tmp_path / f"{NAME}.part").stat().st_size
    assert get(tmp_path) == 0
    assert server.asked[1:] == [f"bytes={size}-"]
    assert_complete(tmp_path)


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


ELSE = f"sends something else than the {len(DATA):,} bytes of the official {NAME}"


@pytest.mark.parametrize(("plan", "data", "words"), [
    ({}, DATA[:-1], ELSE),
    ({}, DATA + b"0", ELSE),
    ({"status": 200}, b"<html>Log in first</html>", ELSE),
    ({"status": 200, "headers": {"Content-Length": None}}, DATA, ELSE),
    ({"status": 206, "headers": {"Content-Range": "bytes 7-99/100"}}, DATA, ELSE),
    ({"status": 206, "headers": {"Content-Range": "nonsense"}}, DATA, ELSE),
    ({"status": 404}, DATA, "answers 404 Not Found"),
    ({"status": 403}, DATA, "answers 403 Forbidden"),
])  # fmt: skip
@pytest.mark.parametrize("size", [0, 3000])
def test_answers_that_are_not_the_file_are_refused_at_once(server, tmp_path, capsys, plan, data, words, size):
    server.plans, server.data = [plan], data
    part = tmp_path / f"{NAME}.part"
    if size:
        part.write_bytes(DATA[:size])
    assert get(tmp_path) == 1
    assert words in error_of(capsys)
    assert len(server.asked) == 1
    assert not size or part.read_bytes() == DATA[:size]  # nothing that was good is lost
    assert names(tmp_path) == [part.name] * bool(size)


@pytest.mark.parametrize("part", [b"", b"x" * 1000])
def test_another_checksum_is_refused_and_not_resumed(server, tmp_path, capsys, part):
    if part:
        (tmp_path / f"{NAME}.part").write_bytes(part)
    else:
        server.data = DATA[:-1] + bytes([DATA[-1] ^ 1])
    assert get(tmp_path) == 1
    message = error_of(capsys)
    assert f"did not send the official {NAME}, and it was removed" in message
    assert "its SHA-256 is" in message
    assert names(tmp_path) == []
    server.data = DATA
    assert get(tmp_path) == 0
    assert server.asked == ["bytes=1000-" if part else None, None]
    assert_complete(tmp_path)


def test_a_part_that_is_too_long_or_complete_already(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(DATA + b"x")
    assert get(tmp_path) == 0
    assert server.asked == [None]
    for name in FILES:
        (tmp_path / name).unlink()
    (tmp_path / f"{NAME}.part").write_bytes(DATA)
    assert get(tmp_path) == 0
    assert server.asked == [None]
    assert_complete(tmp_path)


def test_a_broken_archive_under_its_final_name_is_replaced(server, tmp_path, capsys):
    (tmp_path / NAME).write_bytes(DATA[:-1])
    assert get(tmp_path) == 0
    assert f"{NAME} is truncated" in capsys.readouterr().err
    assert_complete(tmp_path, NAME)


# --- unpacking ------------------------------------------------------------------------------------------------------


def unpack(tmp_path, data):
    (tmp_path / "deep" / "set").mkdir(parents=True)
    path = tmp_path / "deep" / "archive.tar.gz"
    path.write_bytes(data)
    download.extract(path, fake_cifar.official(FILES, data).archives[0], tmp_path / "deep" / "set")


def member(name, kind=tarfile.REGTYPE, size=4, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def test_only_the_six_files_come_out(tmp_path):
    inside = "cifar-10-batches-bin"
    evil = ["../evil", f"{inside}/../../evil", "/tmp/optlib-evil", f"{inside}\\..\\evil", f"{inside}/evil"]
    unpack(tmp_path, fake_cifar.packed(FILES, more=[(member(name), b"evil") for name in evil]))
    assert names(tmp_path / "deep" / "set") == sorted(FILES)
    assert not list(tmp_path.rglob("*evil*"))
    assert not Path("/tmp/optlib-evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_member_that_is_no_file_is_refused(tmp_path, kind):
    rest = {name: data for name, data in FILES.items() if name != "test_batch.bin"}
    size = len(FILES["test_batch.bin"])  # the right size must not help it
    link = "cifar-10-batches-bin/data_batch_1.bin"
    more = [(member("cifar-10-batches-bin/test_batch.bin", kind, size, link), None)]
    with pytest.raises(OSError, match=r"archive\.tar\.gz lacks .*test_batch\.bin"):
        unpack(tmp_path, fake_cifar.packed(rest, more))
    assert names(tmp_path / "deep" / "set") == []


@pytest.mark.parametrize("name", ["data_batch_1.bin", "data_batch_5.bin", "test_batch.bin"])
@pytest.mark.parametrize("how", ["lacks", "truncated", "damaged", "elsewhere"])
def test_a_wrong_member_is_refused_by_name(tmp_path, name, how):
    changed = dict(FILES)
    content = changed.pop(name)
    if how in ("truncated", "damaged"):
        changed[name] = content[:-1] if how == "truncated" else bytes([content[0] ^ 1]) + content[1:]
    more = [(member(f"other/{name}", size=len(content)), content)] if how == "elsewhere" else []
    words = rf"{name}.* is {how}" if name in changed else rf"archive\.tar\.gz lacks .*{name}"
    with pytest.raises(OSError, match=words):
        unpack(tmp_path, fake_cifar.packed(changed, more))
    assert names(tmp_path / "deep" / "set") == []


@pytest.mark.parametrize("data", [DATA[: int(share * len(DATA))] for share in (0.0, 0.001, 0.5, 0.9)] + [bytes(5000)],
                         ids=["empty", "0.1 %", "half", "90 %", "no archive"])  # fmt: skip
def test_a_broken_archive_is_refused(tmp_path, data):
    with pytest.raises(OSError, match=r"archive\.tar\.gz is damaged"):
        unpack(tmp_path, data)
    assert names(tmp_path / "deep" / "set") == []
