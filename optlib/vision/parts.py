"""Shared by the networks: seeds, initializations, a convolution with its BatchNorm, and the count of parameters."""

import contextlib
import math

import torch
from torch import nn

from .. import checks


@contextlib.contextmanager
def seeded(seed, devices=()):
    """A block whose draws from torch's random numbers the seed decides; their state comes back afterwards."""
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def he_(network, seed):
    """Draw all weights of convolutions and linear layers: normal with variance 2 / inputs, biases 0.

    BatchNorm becomes the identity, and other layers stay as they are.

    A ReLU zeroes half of its inputs; the factor 2 makes up for it, so that signals keep their size from layer to
    layer.  ``inputs`` is the fan-in, the count of numbers that one output depends on: channels times window area.

    Parameters
    ----------
    network : nn.Module
        Changed in place, and returned.
    seed : int, at least 0
        Decides the weights; torch's own random state is neither read nor changed.

    Source: K. He, X. Zhang, S. Ren, J. Sun (2015), Delving Deep into Rectifiers, ICCV, equation 10.  arXiv:1502.01852
    """
    generator = torch.Generator().manual_seed(checks.integer(type(network).__name__, "seed", seed))
    for layer in network.modules():
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()), generator=generator)
        elif isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.affine:
            nn.init.ones_(layer.weight)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def identity_(network):
    """Turn the first filters of each convolution into the identity: filter i copies channel i.

    The other filters are left alone.  The outputs of the first layers then reach the last ones from the first step on.

    Parameters
    ----------
    network : nn.Module
        Changed in place, and returned.  Its convolutions need windows of odd size and at least as many filters as input
        channels.

    Source: S. Zagoruyko, N. Komodakis (2017), DiracNets: Training Very Deep Neural Networks Without Skip-Connections.
    arXiv:1706.00388
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight[: layer.in_channels])
    return network


def convolution(d_in, d_out, window=3, stride=1):
    """A convolution that keeps the size of the image (stride 1), and its BatchNorm.

    It has no bias, since BatchNorm subtracts the mean and adds its own bias.
    """
    return nn.Sequential(nn.Conv2d(d_in, d_out, window, stride, padding=window // 2, bias=False), nn.BatchNorm2d(d_out))


def count_parameters(model, trainable=False):
    """Total size of all parameters of a torch model; with ``trainable=True`` only of those that are trained."""
    check_model("count_parameters", model)
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)


def by_text(who, name, labeled):
    """A dict with its keys as texts; ValueError where two read the same."""
    texts = [str(label) for label in labeled]
    if twice := [text for text in texts if texts.count(text) > 1]:
        raise ValueError(f"{who}: {name} has two labels that read {twice[0]!r}; give each a name of its own")
    return dict(zip(texts, labeled.values(), strict=True))


def check_model(who, model):
    """TypeError unless ``model`` is a torch network."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"{who}: model is a {type(model).__name__}; it must be a torch.nn.Module, such as ResNet20()")
