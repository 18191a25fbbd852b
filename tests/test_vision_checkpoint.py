"""Checkpoints of `fit`: an interrupted run resumes bit for bit; other and damaged files are refused."""

import errno
import functools
import pickle
import zipfile

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from full_disk import full_disk
from torch import nn
from vision_cases import PLAIN, BreakOff, Tiny, adam, images, one_thread, short, threads, weights  # noqa: F401

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from optlib.vision import Callback, FlipAndShift, Freeze, LookAhead, Snapshots, WeightDecay, checkpoint, fit, surface

TEST = images(9, seed=1)
OPTIMIZERS = {
    "ours, Adam": adam,
    "ours, Nesterov": lambda model: TorchOptimizer(model.parameters(), ol.Nesterov, lr=np.float64(0.05)),
    "ours, schedule within": lambda model: TorchOptimizer(model.parameters(), ol.DemonMomentum(lr=0.05)),
    "ours, one vector": lambda model: TorchOptimizer(model.parameters(), ol.YellowFin()),
    "torch, SGD": lambda model: torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3),
    "torch, Adam": lambda model: torch.optim.Adam(model.parameters(), lr=np.float32(0.01), amsgrad=True),
}


def run(path, optimizer=adam, break_at=None, **options):
    """A run with everything that has state; ``optimizer`` is a function of the model."""
    model = Tiny()
    optimizer = optimizer(model)
    needs_all_gradients = isinstance(optimizer, TorchOptimizer) and not optimizer.rule.elementwise
    schedule = ol.schedules.Cosine(1.0, steps=12, end=0.1)
    callbacks = [LookAhead(every=2), WeightDecay(0.01), BreakOff(break_at)]
    callbacks += [] if needs_all_gradients else [Freeze(["norm.bias"], after=2)]
    options = PLAIN | {"augment": FlipAndShift(shift=1), "schedule": schedule, "callbacks": callbacks} | options
    history = fit(model, optimizer, images(), TEST, epochs=4, batch=8, checkpoint=path, **options)
    return model, optimizer, history


def tensors(value):
    """All tensors in a nest of dicts and lists."""
    if isinstance(value, torch.Tensor):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    return [tensor for each in inner for tensor in tensors(each)]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("layout", [np.str_("contiguous"), np.str_("channels_last")])
def test_an_interrupted_run_resumes_bit_for_bit(tmp_path, name, layout):
    make = OPTIMIZERS[name]
    expected_model, expected_optimizer, expected = run(None, make, layout=layout)
    path = tmp_path / "run.pt"
    for step in (8, 7, 11):  # in the third of four epochs, in the third again, in the last
        with pytest.raises(KeyboardInterrupt):
            run(path, make, break_at=step, layout=layout)
    model, optimizer, history = run(path, make, layout=layout)
    assert torch.equal(weights(model), weights(expected_model))
    ours, theirs = tensors(optimizer.state_dict()), tensors(expected_optimizer.state_dict())
    assert ours
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "lr"):
        assert getattr(history, name) == getattr(expected, name)


def test_complete_epochs_are_not_trained_again(tmp_path):
    steps = []

    class Count(Callback):
        def after_step(self, run):
            steps.append(run.step)

        def __repr__(self):
            return "Count()"

    def go(stop):
        def maybe(run):
            if run.epoch == stop:
                run.stop()

        return short(epochs=3, checkpoint=tmp_path / "a" / "run.pt", callbacks=[Count(), maybe])

    go(stop=1)
    assert steps == [1, 2, 3]
    _, history = go(stop=None)
    assert steps == list(range(1, 10))
    model, again = go(stop=None)
    assert steps == list(range(1, 10))  # a finished run has nothing left to do
    assert (again.train_loss, again.seconds) == (history.train_loss, history.seconds)
    assert not model.training
    assert torch.equal(weights(model), weights(short()[0]))


@pytest.mark.parametrize("within", [False, True])
def test_the_same_optimizer_may_go_on_after_an_interrupt(tmp_path, monkeypatch, within):
    """As in a notebook, when a cell is run again; of snapshots there are too many by then."""
    monkeypatch.setattr(surface, "MOST", 3)
    cosine = ol.schedules.Cosine
    options = {"checkpoint": tmp_path / "run.pt", "schedule": None if within else cosine(1.0, steps=9, end=0.1)}
    (model, other), breaking, record = (Tiny(), Tiny()), BreakOff(5), Snapshots()
    optimizer, twin = (adam(each, cosine(0.01, steps=9, end=0.1) if within else 0.01) for each in (model, other))
    with pytest.raises(KeyboardInterrupt):
        short(model, optimizer, callbacks=[record, breaking], **options)
    breaking.step = None
    short(model, optimizer, callbacks=[record, breaking], **options)
    assert torch.equal(weights(model), weights(short(other, twin, **options | {"checkpoint": None})[0]))


def test_a_diverged_run_stays_diverged(tmp_path):
    def go():
        model = Tiny()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e30)
        return short(model, optimizer, checkpoint=tmp_path / "run.pt")[1]

    assert go() == go()
    assert go().diverged


def test_the_precision_that_was_chosen_once_is_kept(tmp_path, monkeypatch):
    from optlib.vision import Probe
    from optlib.vision import run as run_module

    probes = [Probe("float32", "channels_last", {("float32", "channels_last"): 1.0}, 0.0)]
    monkeypatch.setattr(run_module, "probe", lambda device: probes.pop())
    options = {"precision": "auto", "layout": "auto", "checkpoint": tmp_path / "run.pt"}
    with pytest.raises(KeyboardInterrupt):
        short(callbacks=[BreakOff(4)], **options)
    _, history = short(callbacks=[BreakOff()], **options)  # there is no second probe
    assert history.settings["layout"] == "channels_last"


X, Y = images()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Contents of the checkpoint of a short run, and the network."""
    path = tmp_path_factory.mktemp("written") / "run.pt"
    with threads(1):
        model, _ = short(checkpoint=path)
    return path.read_bytes(), model


@pytest.mark.parametrize(("changed", "words"), [
    ({"epochs": 4}, "epochs is 3 there and 4 here"),
    ({"batch": 11}, "batch is 8 there and 11 here"),
    ({"seed": 1}, "seed is 0 there and 1 here"),
    ({"model": Tiny(width=5)}, "parameters is 140 there and 174 here"),
    ({"model": nn.Sequential(Tiny())}, "model is 'Tiny' there and 'Sequential' here"),
    ({"optimizer": lambda m: TorchOptimizer(m.parameters(), ol.AdaMax())}, "optimizer is 'Adam.*'AdaMax"),
    ({"optimizer": lambda m: torch.optim.Adam(m.parameters())}, "optimizer is 'Adam.*' there and 'Adam' here"),
    ({"optimizer": functools.partial(adam, lr=0.02)}, "lr=0.01.*lr=0.02"),
    ({"schedule": ol.schedules.WarmUp(3)}, "schedule is None there and 'WarmUp"),
    ({"loss": functools.partial(F.cross_entropy, label_smoothing=0.1)}, "loss is 'cross_entropy' there and"),
    ({"augment": FlipAndShift()}, "augment is None there and .FlipAndShift"),
    ({"callbacks": [LookAhead()]}, "callbacks is .* there and .*LookAhead"),
    ({"train": (255 - X, Y)}, "data is"),
    ({"train": (X, (Y + 1) % 4)}, "data is"),
    ({"test": TEST}, "data is"),
    ({"layout": "channels_last"}, "layout is 'contiguous' there and 'channels_last' here"),
    ({"epochs": 4, "seed": 1}, "epochs is 3 .*; seed is 0"),
])  # fmt: skip
def test_a_checkpoint_of_another_run_is_refused_by_name(tmp_path, written, changed, words):
    path = tmp_path / "run.pt"
    path.write_bytes(written[0])
    make, model = changed.get("optimizer", adam), changed.get("model") or Tiny()
    changed = {name: value for name, value in changed.items() if name not in ("optimizer", "model")}
    start = weights(model)
    with pytest.raises(ValueError, match=f"run.pt.*{words}"):
        short(model, make(model), checkpoint=path, **changed)
    assert path.read_bytes() == written[0]
    assert torch.equal(weights(model), start)


def test_schedules_of_the_same_name_are_told_apart(tmp_path):
    short(checkpoint=tmp_path / "run.pt", schedule=lambda t: 1.0)
    short(checkpoint=tmp_path / "run.pt", schedule=lambda t: 1.0)
    with pytest.raises(ValueError, match="schedule is"):
        short(checkpoint=tmp_path / "run.pt", schedule=lambda t: 0.5)


class Trap:
    """An object that would run code when it is unpickled in the usual way."""

    def __reduce__(self):
        return (pytest.fail, ("code in a checkpoint was run",))


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "pickle", "bit", "zip", "foreign", "code", "format"])
def test_a_file_that_is_damaged_or_foreign_is_refused(tmp_path, written, damage):
    path, (data, model) = tmp_path / "run.pt", written
    path.write_bytes(data)
    if damage == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("nothing that torch has written\n" * 100)
    elif damage == "pickle":
        path.write_bytes(pickle.dumps({"model": Trap()}))
    elif damage == "bit":  # of the weights; torch would load it without an error
        place = data.index(model.conv.weight.detach().numpy().tobytes()) + 5
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    elif damage == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", "b")
    elif damage == "foreign":
        torch.save({"model": model.state_dict()}, path)
    elif damage == "code":
        torch.save({"model": Trap()}, path)
    else:
        torch.save(torch.load(path) | {"format": 99}, path)
    damaged = path.read_bytes()
    with pytest.raises(ValueError, match=r"fit: checkpoint='.*run\.pt' .*delete it, or name another file"):
        short(checkpoint=path)
    assert path.read_bytes() == damaged


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    save, calls = torch.save, []

    def dies(content, file):
        calls.append(1)
        if len(calls) == 2:
            file.write(b"half of it")
            raise OSError("disk full")
        save(content, file)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", dies)
        with pytest.raises(OSError, match="disk full"):
            short(checkpoint=path)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    assert len(checkpoint.load(path)["history"]["train_loss"]) == 1
    model, _ = short(checkpoint=path)
    assert torch.equal(weights(model), weights(short()[0]))


def test_a_full_disk_is_named_with_file_and_space_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "run.pt"
    short(checkpoint=path, callbacks=[BreakOff()], epochs=1)
    with (
        full_disk(1000),
        pytest.raises(OSError, match=r"run\.pt needs more than the [\d,.]+ MB that are free") as error,
    ):
        checkpoint.save(path, model=Tiny().state_dict())
    assert error.value.errno == errno.EFBIG
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    assert len(checkpoint.load(path)["history"]["train_loss"]) == 1


def test_a_checkpoint_contains_numbers_only(tmp_path):
    run(tmp_path / "run.pt")
    saved = torch.load(tmp_path / "run.pt", weights_only=True)
    assert np.isfinite(saved["history"]["train_loss"]).all()
    assert saved["settings"]["epochs"] == 4
