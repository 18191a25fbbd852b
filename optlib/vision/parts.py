"""What the networks share: initializations, a convolution with its BatchNorm, and the count of parameters."""

import math

import torch
from torch import nn

from .. import checks


def he_(network, seed):
    """Draw all weights of a network anew: normal with variance 2 / inputs, biases 0, BatchNorm as the identity.

    A ReLU passes half of what comes in; the factor 2 makes up for it, so that signals keep their size from layer to
    layer.  ``inputs`` are the numbers that go into one output: channels times the window of a convolution.

    Parameters
    ----------
    network : nn.Module
        Changed in place.
    seed : int, at least 0
        It alone decides the weights; torch's own random state is neither read nor moved.

    Returns
    -------
    The network.

    Source: K. He, X. Zhang, S. Ren, J. Sun (2015), Delving Deep into Rectifiers, ICCV, equation 10.  arXiv:1502.01852
    """
    checks.integer(type(network).__name__, "seed", seed, least=0)
    generator = torch.Generator().manual_seed(int(seed))
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()), generator=generator)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def identity_(network):
    """Let the first filters of each convolution hand their inputs on: filter i shows channel i as it is.

    The other filters stay as they were.  What the first layers find so reaches the last ones from the first step on.

    Parameters
    ----------
    network : nn.Module
        Changed in place.  Its convolutions have windows of an odd size, and at least as many filters as inputs.

    Returns
    -------
    The network.

    Source: S. Zagoruyko, N. Komodakis (2017), DiracNets: Training Very Deep Neural Networks Without Skip-Connections.
    arXiv:1706.00388
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight[: layer.in_channels])
    return network


def convolution(d_in, d_out, window=3, stride=1):
    """A convolution that keeps the size of the image (stride 1), and its BatchNorm.

    It has no bias: BatchNorm subtracts the mean and has a bias of its own.
    """
    return nn.Sequential(
        nn.Conv2d(d_in, d_out, window, stride, padding=window // 2, bias=False), nn.BatchNorm2d(d_out)
    )


def count_parameters(model, trainable=False):
    """How many numbers the parameters of a torch model hold; with ``trainable=True`` only those that are trained."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"count_parameters: model is a {type(model).__name__}; it must be a torch.nn.Module")
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)


def check_network(who, classes):
    checks.integer(who, "classes", classes, least=2)
