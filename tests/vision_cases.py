"""A tiny network and a few tiny images, for the tests of `optlib.vision`."""

import contextlib

import numpy as np
import pytest
import torch
from torch import nn

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from optlib.vision import Callback, fit, he_

PLAIN = {"precision": "float32", "layout": "contiguous", "progress": False}  # no probe: it takes a second


@contextlib.contextmanager
def threads(count):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def one_thread():
    """For every file that imports this name: with tensors so small, several threads only wait for each other."""
    with threads(1):
        yield


class Tiny(nn.Module):
    """Every kind of layer that a training loop can get wrong: BatchNorm, dropout, a bias."""

    def __init__(self, classes=4, width=4, dropout=0.3, seed=0):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, classes)
        he_(self, seed)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x))).mean(dim=(2, 3))
        return self.classifier(self.dropout(x))


class Fixed(ol.optimizers.Optimizer):
    """A rule without a learning rate."""

    def update(self, x, g):
        return x - 0.01 * g


class BreakOff(Callback):
    """Interrupts the run after a step, or never."""

    def __init__(self, step=None):
        self.step = step

    def after_step(self, run):
        if run.step == self.step:
            raise KeyboardInterrupt

    def __repr__(self):
        return "BreakOff()"


def images(n=22, seed=0, side=8, classes=4):
    """Bytes (n, side, side, 3) whose color tells the class, and labels, as arrays."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    colors = rng.integers(40, 215, size=(classes, 3))
    noise = rng.integers(-40, 40, size=(n, side, side, 3))
    return (colors[labels][:, None, None] + noise).astype(np.uint8), labels


def adam(model, lr=0.01):
    return TorchOptimizer(model.parameters(), ol.Adam(lr=lr))


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


def short(model=None, optimizer=None, train=None, test=None, **options):
    """A short run: three epochs of three batches, the last of them smaller."""
    model = Tiny() if model is None else model
    optimizer = adam(model) if optimizer is None else optimizer
    options = PLAIN | {"epochs": 3, "batch": 8} | options
    return model, fit(model, optimizer, images() if train is None else train, test, **options)


def weights(model):
    return torch.cat([value.double().reshape(-1) for value in model.state_dict().values()])
