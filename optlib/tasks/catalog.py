"""The tasks: the six of a published benchmark, and a novel in place of the text that needs a license.

With the budget ``full``, networks, data and 50 epochs are those of the benchmark; ``quick`` shrinks images and networks
until one core takes about four seconds.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .. import checks, data
from ..data.pixels import Normalize
from ..data.seeds import number_for
from ..vision.augment import FlipAndShift
from ..vision.resnet import ResNet
from ..vision.vgg import LAYERS, VGG
from .autoencoder import VAE, importance_bound, negative_elbo
from .base import ACCURACY, NEGATIVE_ELBO, PERPLEXITY, Task, register
from .capsules import CapsNet, margin_loss
from .language import LanguageModel, cross_entropy
from .wide_resnet import WideResNet

SHRUNK_AT_ONCE = 500  # images
INK_SEED = 0
BOUND_IMAGES = 500
ZAREMBA = "W. Zaremba, I. Sutskever, O. Vinyals (2014), Recurrent Neural Network Regularization. arXiv:1409.2329"


def shrunk(images, side):
    """Bytes (n, side, side, 3) of bytes (n, H, H, 3): each pixel is the mean of a square of pixels."""
    images, full = torch.from_numpy(images), images.shape[1]
    if type(side) is not int or side < 1 or full % side:
        raise ValueError(f"task: side={side!r} must divide the {full} pixels of a side, so that none are left over")
    if side == full:
        return images
    factor = full // side
    parts = [F.avg_pool2d(part.permute(0, 3, 1, 2).float(), factor) for part in images.split(SHRUNK_AT_ONCE)]
    return torch.cat(parts).round().byte().permute(0, 2, 3, 1).contiguous()


def gray(images):
    """Floats (B, 1, H, W) from 0 to 1 of bytes (B, H, W)."""
    return images[:, None] / 255


def unchanged(codes):
    return codes


def windows(codes, length):
    """Windows of a text, one after the other, and for each the codes that follow its own: two tensors (n, length)."""
    checks.integer("task", "window", length, least=1, most=len(codes) - 1)
    cut = torch.from_numpy(codes).unfold(0, length + 1, length)
    return cut[:, :-1], cut[:, 1:]


def cifar10(train, root, full, side):
    images, labels = data.cifar10(train, root if full else None, full=full)
    return shrunk(images, side), torch.from_numpy(labels)


def cifar100(train, root, side):
    images, labels = data.cifar100(train, root)
    return shrunk(images, side), torch.from_numpy(labels)


def stl10(train, root, side):
    images, labels = data.stl10(train, root)
    return shrunk(images, side), torch.from_numpy(labels)


def fashion_mnist(train, root, full):
    images, labels = data.fashion_mnist(train, root if full else None, full=full)
    return torch.from_numpy(images), torch.from_numpy(labels)


def penn_treebank(train, root, words, window):
    """Of the vocabulary, so many words; rarer ones share the last code."""
    codes, vocabulary = data.penn_treebank(train, root)
    checks.integer("task", "words", words, least=1, most=len(vocabulary))
    return windows(np.minimum(codes, words - 1), window)  # the commonest words come first


def novel(train, root, window):
    return windows(data.novel(train)[0], window)


def mnist(train, root):
    """Bytes 0 or 1 (n, 784): each pixel is ink with the probability of its gray value, drawn once and for all.

    The network gives zeros and ones a probability, but no gray value; so the bound is in nats.

    Source: R. Salakhutdinov, I. Murray (2008), On the Quantitative Analysis of Deep Belief Networks, ICML.
    """
    images = torch.from_numpy(data.mnist(train, root)[0]).flatten(1)
    drawn = torch.rand(images.shape, generator=torch.Generator().manual_seed(number_for(INK_SEED, train)))
    return (drawn.mul_(255) < images).byte(), None  # in place: there are 47 million


def bound(model, test):
    """A tighter bound of -log p(x) than the loss, in nats, of the first images of a test."""
    device = next(model.parameters()).device
    return {"importance_bound": -importance_bound(model, test.batch(slice(BOUND_IMAGES))[0].to(device))}


register(Task(
    name="cifar10", title="CIFAR-10, a residual network",
    data=cifar10, normalize=Normalize(), augment=FlipAndShift("random", 2),
    network=ResNet, loss=F.cross_entropy, metric=ACCURACY,
    quick={
        "epochs": 3, "batch": 32, "examples": 2_500, "test_examples": 1_000, "validation": 500,
        "data": {"full": False, "side": 16}, "network": {"widths": [8, 16, 32], "blocks": 1, "project": False},
    },
    full={
        "epochs": 50, "batch": 64, "examples": 0, "test_examples": 0, "validation": 5_000,
        "data": {"full": True, "side": 32},
        "network": {"widths": [64, 128, 256, 512], "blocks": 2, "project": True},  # ResNet18
    },
    source="K. He, X. Zhang, S. Ren, J. Sun (2016), Deep Residual Learning for Image Recognition, CVPR. "
           "arXiv:1512.03385",
))  # fmt: skip
register(Task(
    name="cifar100", title="CIFAR-100, the network VGG",
    data=cifar100, normalize=Normalize(data.CIFAR100_MEAN, data.CIFAR100_STD), augment=FlipAndShift("random", 2),
    network=VGG, loss=F.cross_entropy, metric=ACCURACY,
    quick={
        "epochs": 3, "batch": 32, "examples": 2_500, "test_examples": 1_000, "validation": 500,
        "data": {"side": 16},
        "network": {"layers": [[16, 1], [32, 1], [64, 1], [64, 1]], "classes": 100},
    },
    full={
        "epochs": 50, "batch": 64, "examples": 0, "test_examples": 0, "validation": 5_000,
        "data": {"side": 32}, "network": {"layers": [[*pair] for pair in LAYERS], "classes": 100},  # VGG16
    },
    source="K. Simonyan, A. Zisserman (2015), Very Deep Convolutional Networks for Large-Scale Image Recognition, "
           "ICLR. arXiv:1409.1556",
))  # fmt: skip
register(Task(
    name="stl10", title="STL-10, a wide residual network",
    data=stl10, normalize=Normalize(), augment=FlipAndShift("random", 2),  # photographs as well, of similar colors
    network=WideResNet, loss=F.cross_entropy, metric=ACCURACY,
    quick={
        "epochs": 3, "batch": 32, "examples": 1_500, "test_examples": 1_000, "validation": 500,
        "data": {"side": 16}, "network": {"depth": 10, "width": 1},
    },
    full={
        "epochs": 50, "batch": 64, "examples": 0, "test_examples": 0, "validation": 1_000,
        "data": {"side": 96}, "network": {"depth": 16, "width": 8},
    },
    source="S. Zagoruyko, N. Komodakis (2016), Wide Residual Networks, BMVC. arXiv:1605.07146",
))  # fmt: skip
register(Task(
    name="fashion_mnist", title="Fashion-MNIST, a capsule network",
    data=fashion_mnist, normalize=gray,
    network=CapsNet, loss=margin_loss, metric=ACCURACY,
    quick={
        "epochs": 2, "batch": 25, "examples": 2_000, "test_examples": 1_000, "validation": 500,
        "data": {"full": False}, "network": {"channels": 16, "capsules": 4, "size": 4, "digit_size": 8},
    },
    full={
        "epochs": 50, "batch": 64, "examples": 0, "test_examples": 0, "validation": 5_000,
        "data": {"full": True}, "network": {"channels": 256, "capsules": 32, "size": 8, "digit_size": 16},
    },
    source="S. Sabour, N. Frosst, G. Hinton (2017), Dynamic Routing Between Capsules, NeurIPS. arXiv:1710.09829",
))  # fmt: skip
register(Task(
    name="penn_treebank", title="Penn Treebank, an LSTM that predicts words",
    data=penn_treebank, normalize=unchanged,
    network=LanguageModel, loss=cross_entropy, metric=PERPLEXITY,
    quick={
        "epochs": 3, "batch": 16, "examples": 2_500, "test_examples": 300, "validation": 300,
        "data": {"words": 1_000, "window": 20},
        "network": {"vocabulary": 1_000, "embedding": 32, "hidden": 32, "layers": 1, "dropout": 0.0},
    },
    full={
        "epochs": 50, "batch": 20, "examples": 0, "test_examples": 0, "validation": 2_000,
        "data": {"words": 10_000, "window": 35},
        "network": {"vocabulary": 10_000, "embedding": 650, "hidden": 650, "layers": 2, "dropout": 0.5},
    },
    source=ZAREMBA,
))  # fmt: skip
register(Task(
    name="mnist", title="MNIST, a variational autoencoder",
    data=mnist, normalize=torch.Tensor.float,
    network=VAE, loss=negative_elbo, metric=NEGATIVE_ELBO, measures=bound,
    quick={
        "epochs": 4, "batch": 50, "examples": 6_000, "test_examples": 1_000, "validation": 1_000,
        "data": {}, "network": {"hidden": 128, "latent": 10},
    },
    full={
        "epochs": 50, "batch": 100, "examples": 0, "test_examples": 0, "validation": 5_000,
        "data": {}, "network": {"hidden": 500, "latent": 20},
    },
    source="D. P. Kingma, M. Welling (2014), Auto-Encoding Variational Bayes, ICLR. arXiv:1312.6114",
))  # fmt: skip
register(Task(
    name="novel", title="A novel, an LSTM that predicts characters",
    data=novel, normalize=unchanged,
    network=LanguageModel, loss=cross_entropy, metric=PERPLEXITY,
    quick={
        "epochs": 3, "batch": 16, "examples": 2_400, "test_examples": 300, "validation": 300,
        "data": {"window": 48},
        "network": {"vocabulary": 75, "embedding": 32, "hidden": 64, "layers": 1, "dropout": 0.0},
    },
    full={
        "epochs": 50, "batch": 50, "examples": 0, "test_examples": 0, "validation": 600,
        "data": {"window": 100},
        "network": {"vocabulary": 75, "embedding": 128, "hidden": 512, "layers": 2, "dropout": 0.5},
    },
    source=ZAREMBA,
))  # fmt: skip
