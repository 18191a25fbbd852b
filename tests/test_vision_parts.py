"""What stands beside the loop: augmentation, the probe, memory, the line of progress."""

import sys
import types

import numpy as np
import pytest
import torch
from vision_cases import one_thread, short  # noqa: F401

import optlib as ol
from optlib.vision import FlipAndShift, Normalize, Probe, keep_memory, precision, probe
from optlib.vision.describe import name_of
from optlib.vision.progress import Progress

# --- images --------------------------------------------------------------------------------------------------


def pictures(n=60, side=6):
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(256, size=(n, side, side, 3)).astype(np.uint8))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_alternating_flips_show_both_faces_of_each_image_in_two_epochs():
    x, augment = pictures(), FlipAndShift(shift=0)
    epochs = [augment(x, k, generator(k)) for k in range(4)]
    mirrored = [(epoch == x.flip(2)).flatten(1).all(1) for epoch in epochs]
    plain = [(epoch == x).flatten(1).all(1) for epoch in epochs]
    assert all((m ^ p).all() for m, p in zip(mirrored, plain, strict=True))
    assert 15 < mirrored[0].sum() < 45
    assert torch.equal(mirrored[0], ~mirrored[1])
    assert torch.equal(mirrored[0], mirrored[2])
    other = FlipAndShift(shift=0, seed=1)(x, 0, generator())
    assert not torch.equal(other, epochs[0])


def test_random_flips_are_drawn_anew_and_can_be_left_out():
    x, augment = pictures(), FlipAndShift("random", shift=0)
    first, second = (augment(x, k, generator(k)) for k in range(2))
    same = (first == second).flatten(1).all(1)
    assert 15 < same.sum() < 45
    assert torch.equal(FlipAndShift(None, shift=0)(x, 1, generator()), x)


def test_shifts_are_those_of_numpys_mirrored_padding():
    x = pictures(400)
    found = FlipAndShift(None, shift=2)(x, 0, generator())
    padded = np.pad(x.numpy(), ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    windows = {(i, j): torch.from_numpy(padded[:, i : i + 6, j : j + 6]) for i in range(5) for j in range(5)}
    counts = {place: (window == found).flatten(1).all(1) for place, window in windows.items()}
    assert torch.stack(list(counts.values())).any(0).all()
    assert all(count.any() for count in counts.values())  # each of the 25 shifts occurs


def test_augmentation_leaves_its_input_alone_and_checks_its_arguments():
    x = pictures()
    before = x.clone()
    augment = FlipAndShift()
    assert torch.equal(augment(x, 3, generator(1)), augment(x, 3, generator(1)))
    assert torch.equal(x, before)
    for make, words in (
        (lambda: FlipAndShift("both"), "flip='both'"),
        (lambda: FlipAndShift(shift=-1), "shift=-1"),
        (lambda: FlipAndShift(shift=6)(x, 0, generator()), "shift=6"),
    ):
        with pytest.raises(ValueError, match=words):
            make()


def test_images_are_normalized_by_channel_without_a_copy_of_the_layout():
    x = pictures(8)
    made = Normalize(mean=(10, 20, 30), std=(1, 2, 4))(x)
    expected = (x.double().numpy() - [10, 20, 30]) / [1, 2, 4]
    np.testing.assert_allclose(made.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-6)
    assert made.dtype == torch.float32
    assert made.is_contiguous(memory_format=torch.channels_last)
    for wrong in ({"std": (1, 0, 1)}, {"mean": (1, 2)}):
        with pytest.raises(ValueError, match="three numbers"):
            Normalize(**wrong)


# --- precision and memory ------------------------------------------------------------------------------------


def test_the_probe_measures_once_and_names_the_fastest():
    found = probe()
    assert probe("cpu") is found
    assert found.images_per_second[found.precision, found.layout] == max(found.images_per_second.values()) > 0
    assert set(found.images_per_second) == {(p, k) for p in precision.PRECISIONS for k in precision.LAYOUTS}


def test_the_best_of_a_probe_agrees_with_what_is_asked_for():
    rates = {("float32", "contiguous"): 3.0, ("float32", "channels_last"): 2.0, ("bfloat16", "contiguous"): 1.0,
             ("bfloat16", "channels_last"): 4.0}  # fmt: skip
    found = Probe("bfloat16", "channels_last", rates, 1.0)
    assert found.best() == ("bfloat16", "channels_last")
    assert found.best(precision="float32") == ("float32", "contiguous")
    assert found.best(layout="contiguous") == ("float32", "contiguous")
    assert found.best("bfloat16", "contiguous") == ("bfloat16", "contiguous")


def test_what_a_device_cannot_do_is_not_chosen(monkeypatch):
    def step(network, kind, layout, images):
        if kind == "bfloat16":
            raise RuntimeError("not implemented for 'BFloat16'")
        return 100.0 if layout == "channels_last" else 30.0

    monkeypatch.setattr(precision, "_step", step)
    monkeypatch.setattr(precision, "SECONDS", 0.0)
    found = precision._measured.__wrapped__("cpu", 1)
    assert (found.precision, found.layout) == ("float32", "channels_last")
    assert found.images_per_second["bfloat16", "contiguous"] == 0.0


def test_the_probe_leaves_random_numbers_alone():
    state = torch.get_rng_state()
    precision._measured.__wrapped__("cpu", torch.get_num_threads())
    assert torch.equal(torch.get_rng_state(), state)


def test_memory_is_kept_or_nothing_happens(monkeypatch):
    assert keep_memory() in (True, False)
    monkeypatch.setattr(precision.platform, "libc_ver", lambda: ("", ""))  # as on a Mac, on Windows, with musl
    assert keep_memory.__wrapped__() is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_glibc_takes_the_settings():
    import platform

    if platform.libc_ver()[0] != "glibc":
        pytest.skip("no glibc")
    assert keep_memory()


# --- words ---------------------------------------------------------------------------------------------------


def test_the_line_of_progress_tells_speed_and_time_left():
    bar = Progress(True, epochs=4, steps=10, images=1000)
    bar.begin(1)
    line = bar.line(5, seconds=2.0, loss=0.25)
    assert line == "epoch 2/4 |##########..........| loss 0.2500, 250 images/s, 0:10 left"
    bar = Progress(True, epochs=1, steps=2, images=4)
    bar.begin(0)
    assert bar.line(1, seconds=3750.0, loss=1.0).endswith("1:02:30 left")


def test_a_terminal_rewrites_the_line_and_a_file_gets_one_line_an_epoch(capsys, monkeypatch):
    short(epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(":")[0] for line in err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert "images/s" in err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    short(epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 2
    assert "|" in err
    assert "left" in err


def test_a_notebook_has_one_line_that_changes(monkeypatch):
    from optlib.vision import progress

    shown, updates = [], []
    handle = types.SimpleNamespace(update=lambda text: updates.append(repr(text)))
    display = types.ModuleType("IPython.display")
    display.display = lambda text, display_id: shown.append(repr(text)) or handle
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(progress, "where", lambda: "notebook")
    short(epochs=2, progress=True)
    assert len(shown) == 1
    assert updates[-1].startswith("epoch 2/2: train")


def test_without_progress_nothing_is_written(capsys):
    short()
    assert capsys.readouterr() == ("", "")


def test_names_have_no_addresses():
    import functools

    import torch.nn.functional as F

    assert name_of(None) is None
    assert name_of(F.cross_entropy) == "cross_entropy"
    assert name_of(functools.partial(F.cross_entropy, label_smoothing=0.1)) == "cross_entropy(label_smoothing=0.1)"
    assert "label_smoothing=0.2" in name_of(torch.nn.CrossEntropyLoss(label_smoothing=0.2))
    assert name_of(ol.schedules.Cosine(1.0, steps=3)) == "Cosine(value=1, steps=3, end=0)"
    assert " at 0x" not in name_of(object.__new__(type("Thing", (), {"kind": 3})))
