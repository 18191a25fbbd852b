"""What a processor computes fastest, measured in about a second, and memory that glibc does not give back."""

import contextlib
import ctypes
import dataclasses
import functools
import platform
import time

import torch
from torch import nn

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BATCH = 32  # images
SECONDS = 0.4  # for all combinations that are worth it
HOPELESS = 3  # so many times slower than the best with one image: not tried with more


@dataclasses.dataclass(frozen=True)
class Probe:
    """What `probe` found.

    Attributes
    ----------
    precision, layout : str
        The fastest combination.
    images_per_second : dict
        By (precision, layout), of the small network that was timed; 0.0 where torch cannot do it.  What is several
        times slower than the best with one image is not tried with more.
    seconds : float
        What the measurement took.
    """

    precision: str
    layout: str
    images_per_second: dict
    seconds: float

    def best(self, precision="auto", layout="auto"):
        """The fastest (precision, layout) among those that agree with the arguments."""
        fitting = {
            pair: rate
            for pair, rate in self.images_per_second.items()
            if precision in ("auto", pair[0]) and layout in ("auto", pair[1])
        }
        return max(fitting, key=fitting.get)


def probe(device="cpu"):
    """Find out in about a second in which precision and layout a small network trains fastest here.

    Processors with units for bfloat16 (AMX, AVX-512 BF16; GPUs since Ampere) train several times as fast with it;
    those without emulate it, ten times slower than float32.  Measured once a process for each device and number of
    threads.

    Parameters
    ----------
    device : str or torch.device

    Returns
    -------
    Probe
    """
    return _measured(str(torch.device(device)), torch.get_num_threads())


@functools.cache
def _measured(device, threads):
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay what they would have been
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
        with contextlib.suppress(RuntimeError):  # a device that does not know this precision
            first = step(images[:1])  # chooses and prepares the kernels
            tries = 1 if first * HOPELESS**2 < max(rates.values()) else 3
            rates[pair] = max(step(images[:1]) for _ in range(tries))
    hopeful = [pair for pair, rate in rates.items() if rate * HOPELESS > max(rates.values())]
    rates |= dict.fromkeys(hopeful, 0.0)
    until = time.perf_counter() + SECONDS
    while not rates[hopeful[0]] or time.perf_counter() < until:  # in turns, as others may be at work too
        rates |= {pair: max(rates[pair], steps[pair](images)) for pair in hopeful}
    return Probe(*max(rates, key=rates.get), rates, time.perf_counter() - began)


def _step(network, precision, layout, images):
    """Images a second of one step: forward and backward."""
    network, images = (each.to(memory_format=LAYOUTS[layout]) for each in (network, images))
    start = time.perf_counter()
    with autocast(images.device, precision):
        scores = network(images)
    scores.float().square().mean().backward()
    if images.device.type == "cuda":
        torch.cuda.synchronize(images.device)
    return len(images) / (time.perf_counter() - start)


def autocast(device, precision):
    """The context in which a network computes in that precision; its parameters stay float32."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16")


@functools.cache
def keep_memory():
    """Tell glibc to keep the memory that is freed, instead of giving large blocks back to the system.

    Each step of training frees and asks for the same blocks.  If they go back in between, all their pages have to be
    made anew, which costs more than much of the arithmetic.  Changes nothing for systems without glibc.

    Returns
    -------
    bool
        Whether glibc was there and took the settings.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD of malloc.h
    set_to = lambda name, size: mallopt(ctypes.c_int(name), ctypes.c_int(size)) == 1
    large = set_to(mmap_threshold, 2**30) or set_to(mmap_threshold, 2**25)  # some versions take no more than 32 MB
    return large and set_to(trim_threshold, 2**31 - 1) and set_to(top_pad, 2**26)
