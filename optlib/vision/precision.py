"""Device, precision and memory layout of a run: `probe` measures the fastest; `keep_memory` tunes the allocator."""

import contextlib
import ctypes
import dataclasses
import functools
import platform
import time

import torch
from torch import nn

from .. import checks

PRECISIONS = ("float32", "bfloat16")
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BATCH = 32  # images
SECONDS = 0.4  # for all combinations that remain
HOPELESS = 3  # drop combinations that are slower than the best by this factor with one image


@dataclasses.dataclass(frozen=True)
class Probe:
    """The result of `probe`.

    Attributes
    ----------
    precision, layout : str
        The fastest combination.
    images_per_second : dict
        By (precision, layout), of a small network; 0.0 where torch cannot compute it.  Combinations several times
        slower than the best with one image are timed with one image only.
    seconds : float
        Duration of the measurement.
    """

    precision: str
    layout: str
    images_per_second: dict
    seconds: float

    def best(self, precision="auto", layout="auto"):
        """The fastest (precision, layout) among those that agree with the arguments."""
        pairs = [(p, k) for p, k in self.images_per_second if precision in ("auto", p) and layout in ("auto", k)]
        return max(pairs, key=self.images_per_second.get)


def probe(device="cpu"):
    """A `Probe`: measure in about a second in which precision and layout a small network trains fastest here.

    Processors with units for bfloat16 (AMX, AVX-512 BF16; GPUs since Ampere) train about 1.5 times as fast with
    it; those without emulate it, ten to twenty times slower than float32.  The result is cached for each device and
    number of threads.
    """
    return _measured(str(torch.device(device)), torch.get_num_threads())


@functools.cache
def _measured(device, threads):
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):  # leave the caller's random numbers alone
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        ).to(device)  # fmt: skip
        images = torch.randn(BATCH, 3, 32, 32).to(device)
    steps = {
        (precision, layout): functools.partial(_step, network, precision, layout)
        for precision in PRECISIONS
        for layout in LAYOUTS
    }
    rates = dict.fromkeys(steps, 0.0)
    for pair, step in steps.items():
        with contextlib.suppress(RuntimeError):  # a device without this precision
            first = step(images[:1])  # warm up: kernels are chosen and prepared
            tries = 1 if first * HOPELESS**2 < max(rates.values()) else 3
            rates[pair] = max(step(images[:1]) for _ in range(tries))
    candidates = [pair for pair, rate in rates.items() if rate * HOPELESS > max(rates.values())]
    rates |= dict.fromkeys(candidates, 0.0)
    until = time.perf_counter() + SECONDS
    while not rates[candidates[0]] or time.perf_counter() < until:  # in turns: other programs may be running
        rates |= {pair: max(rates[pair], steps[pair](images)) for pair in candidates}
    return Probe(*max(rates, key=rates.get), rates, time.perf_counter() - began)


def _step(network, precision, layout, images):
    """Images per second of one forward and backward pass."""
    network, images = (each.to(memory_format=LAYOUTS[layout]) for each in (network, images))
    start = time.perf_counter()
    with autocast(images.device, precision):
        scores = network(images)
    scores.float().square().mean().backward()
    if images.device.type == "cuda":
        torch.cuda.synchronize(images.device)
    return len(images) / (time.perf_counter() - start)


def device_of(who, device):
    """The device, by default a GPU where there is one; ValueError for one that is not there."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(device)
        torch.empty(0, device=device)
    except (RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(f"{who}: device={device!r} is not there; 'cpu' always is, 'cuda' with a GPU") from error
    return device


def check_computed(who, precision, layout, *also):
    """ValueError for an unknown precision or layout; ``also`` are further names that are allowed for both."""
    checks.choice(who, "precision", precision, (*also, *PRECISIONS))
    checks.choice(who, "layout", layout, (*also, *LAYOUTS))


def autocast(device, precision):
    """The context in which a network computes in that precision; its parameters stay float32."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16")


def as_float32(output):
    """A network's output, a tensor or a tuple of them, in the precision of the loss."""
    if isinstance(output, torch.Tensor):
        return output.float()
    if isinstance(output, tuple):
        return type(output)._make(map(as_float32, output)) if hasattr(output, "_make") else (*map(as_float32, output),)
    return output


def in_layout(x, layout):
    """Images in that memory format; of other examples there is only one."""
    return x.contiguous(memory_format=LAYOUTS[layout]) if x.ndim == 4 else x


@functools.cache
def keep_memory():
    """Tell glibc to keep freed memory instead of returning large blocks to the system.

    Each training step frees and allocates the same blocks.  If they are returned in between, the system has to map all
    their pages again, which takes longer than much of the arithmetic.  Without glibc nothing changes.  Returns whether
    glibc is there and accepted the settings.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD of malloc.h
    set_to = lambda name, size: mallopt(ctypes.c_int(name), ctypes.c_int(size)) == 1
    large = set_to(mmap_threshold, 2**30) or set_to(mmap_threshold, 2**25)  # some versions allow 32 MB at most
    return large and set_to(trim_threshold, 2**31 - 1) and set_to(top_pad, 2**26)
