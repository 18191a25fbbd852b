"""Pieces beside the loop: the probe, memory, names."""

import functools
import platform

import torch
import torch.nn.functional as F
from vision_cases import one_thread  # noqa: F401

import optlib as ol
from optlib.vision import Probe, keep_memory, precision, probe
from optlib.vision.describe import name_of


def test_the_probe_measures_once_names_the_fastest_and_leaves_random_numbers_alone():
    precision._measured.cache_clear()
    state = torch.get_rng_state()
    result = probe()
    assert torch.equal(torch.get_rng_state(), state)
    assert probe("cpu") is result
    assert result.images_per_second[result.precision, result.layout] == max(result.images_per_second.values()) > 0
    assert set(result.images_per_second) == {(p, k) for p in precision.PRECISIONS for k in precision.LAYOUTS}


def test_the_best_of_a_probe_agrees_with_what_is_asked_for():
    rates = {("float32", "contiguous"): 3.0, ("float32", "channels_last"): 2.0, ("bfloat16", "contiguous"): 1.0,
             ("bfloat16", "channels_last"): 4.0}  # fmt: skip
    result = Probe("bfloat16", "channels_last", rates, 1.0)
    assert result.best() == ("bfloat16", "channels_last")
    assert result.best(precision="float32") == ("float32", "contiguous")
    assert result.best(layout="contiguous") == ("float32", "contiguous")
    assert result.best("bfloat16", "contiguous") == ("bfloat16", "contiguous")


def test_what_a_device_cannot_do_is_not_chosen(monkeypatch):
    def step(network, kind, layout, images):
        if kind == "bfloat16":
            raise RuntimeError("not implemented for 'BFloat16'")
        return 100.0 if layout == "channels_last" else 30.0

    monkeypatch.setattr(precision, "_step", step)
    monkeypatch.setattr(precision, "SECONDS", 0.0)
    result = precision._measured.__wrapped__("cpu", 1)
    assert (result.precision, result.layout) == ("float32", "channels_last")
    assert result.images_per_second["bfloat16", "contiguous"] == 0.0


def test_memory_is_kept_with_glibc_and_nothing_happens_without(monkeypatch):
    assert keep_memory() is (platform.libc_ver()[0] == "glibc")
    monkeypatch.setattr(precision.platform, "libc_ver", lambda: ("", ""))  # as on a Mac, on Windows, with musl
    assert keep_memory.__wrapped__() is False


def test_names_have_no_addresses():
    assert name_of(None) is None
    assert name_of(F.cross_entropy) == "cross_entropy"
    assert name_of(functools.partial(F.cross_entropy, label_smoothing=0.1)) == "cross_entropy(label_smoothing=0.1)"
    assert "label_smoothing=0.2" in name_of(torch.nn.CrossEntropyLoss(label_smoothing=0.2))
    assert name_of(ol.schedules.Cosine(1.0, steps=3)) == "Cosine(value=1, steps=3, end=0)"
    assert " at 0x" not in name_of(object.__new__(type("Thing", (), {"kind": 3})))
