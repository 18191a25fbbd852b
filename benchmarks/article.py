"""Training as published articles do it, image by image, beside `fit`: two parts of `benchmarks/training.py`.

The article's way (Paperspace, *Gradient descent and optimization in deep learning*): torchvision's data set and
transforms, a torch DataLoader, and a loop in float32 that asks for loss and accuracy after every batch.  torchvision is
not needed here: its classes are written out below, call by call.
"""

import contextlib
import functools
import itertools
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import spine
import torch
from PIL import Image, ImageOps
from spine import ol
from torch import nn

from optlib.torch_driver import TorchOptimizer
from optlib.vision import FlipAndShift, ResNet20, SpeedNet, fit, probe
from optlib.vision.images import Shuffled

BATCH, LR, SHIFT = 128, 0.01, 4
NETWORKS = {"SpeedNet small": lambda: SpeedNet("small"), "ResNet20": ResNet20}
LEAST_TRAINING, LEAST_AUGMENTATION = 2.0, 25.0  # how many times as fast


class PerImage(torch.utils.data.Dataset):
    """CIFAR-10 with the transforms flip, crop, to tensor, normalize, as torchvision does them for one image."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.mean, self.std = ([each / 255 for each in of] for of in (ol.data.CIFAR10_MEAN, ol.data.CIFAR10_STD))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = Image.fromarray(self.images[i])
        if torch.rand(1) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        width, height = image.size
        image = ImageOps.expand(image, border=SHIFT, fill=0)
        top, left = (torch.randint(0, 2 * SHIFT + 1, size=(1,)).item() for _ in range(2))
        image = image.crop((left, top, left + width, top + height))
        x = torch.from_numpy(np.array(image, np.uint8, copy=True)).permute(2, 0, 1).contiguous().to(torch.float32)
        mean, std = (torch.as_tensor(of, dtype=x.dtype).view(-1, 1, 1) for of in (self.mean, self.std))
        return x.div(255).clone().sub_(mean).div_(std), int(self.labels[i])


def loader(images, labels, workers=0):
    context = "fork" if workers else None  # Linux's default, but not in a process that was spawned
    return torch.utils.data.DataLoader(
        PerImage(images, labels), BATCH, shuffle=True, num_workers=workers, multiprocessing_context=context
    )


def article_epoch(model, optimizer, batches):
    """The article's loop: loss and accuracy of every batch, as numbers, at once."""
    losses, accuracies = [], []
    criterion = nn.CrossEntropyLoss()
    model.train()
    for images, labels in batches:
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        accuracies.append((outputs.argmax(1) == labels).float().mean().item())
    return np.mean(losses), np.mean(accuracies)


def training(name, count, turns, together=False):
    """Images a second of `fit` and of the article's loop, with and without workers, on one network.

    Each has a process of its own, and they take turns: what `fit` asks of glibc would serve the other too.  With
    ``together`` they share one, which starts sooner.
    """
    rates = {who: [] for who in RIVALS}
    with contextlib.ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        start = lambda: stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        pools = dict.fromkeys(RIVALS, start()) if together else {who: start() for who in RIVALS}
        for _ in range(turns):
            for who, pool in pools.items():
                rates[who].append(count / pool.submit(seconds_of, name, who, count).result())
        probed = pools["fit"].submit(probe).result()
    rates = {who: statistics.median(each) for who, each in rates.items()}
    best = max(rate for who, rate in rates.items() if who != "fit")
    return {
        "network": name, "images": count, "batch": BATCH, "precision": probed.precision, "layout": probed.layout,
        "images_per_second": spine.rounded(rates), "ratio": round(rates["fit"] / best, 2),
    }  # fmt: skip


def seconds_of(name, who, count):
    """Seconds of an epoch of so many images, in this process."""
    run = rival(name, who)
    start = time.perf_counter()
    run(*some(count))
    return time.perf_counter() - start


@functools.cache
def rival(name, who):
    """A function of images and labels that trains for an epoch; the batch that chooses kernels is behind it."""
    images, labels = some(BATCH)
    model = NETWORKS[name]()
    if hasattr(model, "initialize"):
        model.initialize(images)
    run = RIVALS[who](model, [p for p in model.parameters() if p.requires_grad])
    run(images, labels)
    return run


def by_fit(model, params):
    optimizer, augment = TorchOptimizer(params, ol.GradientDescent(lr=LR)), FlipAndShift(shift=SHIFT)
    return lambda *pair: fit(model, optimizer, pair, epochs=1, batch=BATCH, augment=augment, progress=False)


def by_article(model, params, workers=0):
    optimizer = torch.optim.SGD(params, lr=LR)
    return lambda *pair: article_epoch(model, optimizer, loader(*pair, workers))


RIVALS = {
    "fit": by_fit, "article": by_article, "article, 2 workers": functools.partial(by_article, workers=2),
}  # fmt: skip


def augmentation(count, turns, share=10):
    """Images a second of flip, crop and normalization alone; the DataLoader is given a part of the images."""
    images, labels = some(count)
    few = count // share
    pair = Shuffled(torch.from_numpy(images), torch.from_numpy(labels), BATCH, augment=FlipAndShift(shift=SHIFT))
    epochs = itertools.count()
    exhaust = lambda source: sum(len(y) for _, y in source)
    rivals = {
        "FlipAndShift in fit": lambda: exhaust(pair.epoch(next(epochs))),
        "DataLoader without workers": lambda: exhaust(loader(images[:few], labels[:few])),
    }
    times = spine.medians(spine.in_turns(turns, **rivals))
    rates = {who: (few if who.startswith("DataLoader") else count) / t for who, t in times.items()}
    theirs = rates["DataLoader without workers"]
    return {
        "images": count, "batch": BATCH, "images_per_second": spine.rounded(rates),
        "ratio": {who: round(rate / theirs, 1) for who, rate in rates.items() if rate != theirs},
    }  # fmt: skip


def some(count):
    rng = np.random.default_rng(spine.SEED)
    return rng.integers(256, size=(count, 32, 32, 3), dtype=np.uint8), rng.integers(10, size=count)
