"""What stands beside the loop: the probe, memory, names."""

import sys

import pytest
import torch
from vision_cases import one_thread  # noqa: F401

import optlib as ol
from optlib.vision import Probe, keep_memory, precision, probe
from optlib.vision.describe import name_of

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


def test_names_have_no_addresses():
    import functools

    import torch.nn.functional as F

    assert name_of(None) is None
    assert name_of(F.cross_entropy) == "cross_entropy"
    assert name_of(functools.partial(F.cross_entropy, label_smoothing=0.1)) == "cross_entropy(label_smoothing=0.1)"
    assert "label_smoothing=0.2" in name_of(torch.nn.CrossEntropyLoss(label_smoothing=0.2))
    assert name_of(ol.schedules.Cosine(1.0, steps=3)) == "Cosine(value=1, steps=3, end=0)"
    assert " at 0x" not in name_of(object.__new__(type("Thing", (), {"kind": 3})))
