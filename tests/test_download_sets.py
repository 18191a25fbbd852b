"""The download of all sets: each archive of a set is fetched, continued and checked by itself."""

import dataclasses

import fake_sets
import pytest
from fake_cifar import known, put
from fake_server import Server, running
from test_download import error_of, names

import optlib as ol
from optlib.data import __main__ as command
from optlib.data import download

SETS = list(fake_sets.SETS)


@pytest.fixture
def server(monkeypatch, name):
    """Serves the archives of a small set of that name."""
    files = fake_sets.contents(name)
    server = Server(fake_sets.archives(name, files), "")
    server.files = files
    server.official = fake_sets.install(monkeypatch, name, files, server.url.rstrip("/"))
    yield from running(server, monkeypatch)


def get(name, folder, *more):
    return command.main(["download", name.replace("_", "-"), "--root", str(folder), *more])


def assert_complete(server, folder, name, *more):
    assert names(folder) == sorted([*server.files, *more])
    assert all((folder / file).read_bytes() == data for file, data in server.files.items())
    assert len(getattr(ol.data, name)(root=folder)[0]) == fake_sets.count(name, True)


@pytest.mark.parametrize("name", SETS)
def test_all_at_once_and_again_nothing(server, name, tmp_path, capsys):
    assert get(name, tmp_path / "new") == get(name, tmp_path / "new") == 0
    assert_complete(server, tmp_path / "new", name)
    assert server.asked == [None] * len(server.data)
    assert f"{server.official.title} is complete: {len(server.files)} files in" in capsys.readouterr().out


@pytest.mark.parametrize("name", SETS)
def test_where_it_goes_by_itself(server, name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    assert command.main(["download", name]) == 0  # with an underscore, as the loader is called, too
    assert "use root=" not in capsys.readouterr().out
    assert_complete(server, tmp_path / server.official.folders[0], name)
    assert len(getattr(ol.data, name)(False)[0]) == fake_sets.count(name, False)


@pytest.mark.parametrize("name", ["mnist"])
def test_a_broken_connection_is_resumed_where_it_broke(server, name, tmp_path):
    second = list(server.data)[1]
    server.plans = [{}] + [{"stop": 20}] + 20 * [{"stop": 0}]
    assert get(name, tmp_path) == 1
    assert names(tmp_path) == sorted(["train-images-idx3-ubyte", f"{second}.part"])
    server.plans = []
    asked = len(server.asked)
    assert get(name, tmp_path) == 0
    assert server.asked[asked:] == ["bytes=20-", None, None]
    assert_complete(server, tmp_path, name)


@pytest.mark.parametrize("name", ["mnist"])
def test_only_what_is_damaged_is_fetched_again(server, name, tmp_path, capsys):
    get(name, tmp_path)
    damaged = tmp_path / "t10k-images-idx3-ubyte"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    assert get(name, tmp_path) == 0
    assert "t10k-images-idx3-ubyte is damaged" in capsys.readouterr().err
    assert len(server.asked) == 4 + 2
    assert_complete(server, tmp_path, name)


@pytest.mark.parametrize("name", ["mnist"])
def test_copies_from_elsewhere_and_another_address(server, name, tmp_path, capsys):
    copies = put(tmp_path / "copies", server.data)
    assert get(name, tmp_path / "set", "--archive", str(copies)) == 0
    assert_complete(server, tmp_path / "set", name)
    assert names(copies) == sorted(server.data)
    assert server.asked == []
    one = copies / "t10k-labels-idx1-ubyte.gz"
    assert get(name, tmp_path / "other", "--archive", str(one)) == 1
    assert f"{one} must be the folder of train-images-idx3-ubyte.gz, train-labels" in error_of(capsys)
    one.write_bytes(one.read_bytes()[:-1])
    assert get(name, tmp_path / "other", "--archive", str(copies)) == 1
    assert "t10k-labels-idx1-ubyte.gz is truncated" in error_of(capsys)
    assert get(name, tmp_path / "third", "--url", server.url) == 0
    assert_complete(server, tmp_path / "third", name)
    assert len(server.asked) == 4


@pytest.mark.parametrize("name", ["fashion_mnist", "stl10"])
@pytest.mark.parametrize("how", ["no gzip", "cut", "other contents"])
def test_an_archive_of_other_contents_is_refused(server, name, tmp_path, how):
    """Also where its own checksum is right: what comes out is checked by itself."""
    archive, data = server.official.archives[0], next(iter(server.data.values()))
    other = fake_sets.archives(name, {file: b"x" + data[1:] for file, data in server.files.items()})
    data = {"no gzip": bytes(100), "cut": data[: len(data) // 2], "other contents": next(iter(other.values()))}[how]
    (tmp_path / "packed").write_bytes(data)
    archive = dataclasses.replace(archive, packed=known(archive.packed.name, data))
    (tmp_path / "set").mkdir()
    words = rf"{archive.files[0].name}\S* is damaged: its SHA-256" if how == "other contents" else "packed is damaged: "
    with pytest.raises(OSError, match=words):
        download.extract(tmp_path / "packed", archive, tmp_path / "set")
    assert names(tmp_path / "set") == []
