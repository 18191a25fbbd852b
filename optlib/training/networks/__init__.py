r"""Small networks with hand-written derivatives: linear and logistic regression, and the multilayer perceptron.

>>> network = ol.networks.MLP([64, 32, 10])
>>> params = network.init(seed=0)
>>> loss, grads = network.loss_and_grads(params, train.x, train.y)

Parameters and gradients are dicts of arrays by name.  A batch holds one example a row, x of shape (B, d); weights are
matrices (in, out), so that a layer is x W + b; a bias is a row (1, out) that is added to each row of the batch.

**Many networks at once.**  Every formula holds for arrays with further axes in front, one entry for each run: `@`
multiplies the matrices in the last two axes, and a transpose swaps these two.  So the same lines train one network,
with W of shape (in, out), and R networks together, with W of shape (R, in, out), b of shape (R, 1, out), and a batch
that they share, (B, d), or one for each, (R, B, d).  A learning rate for each run has shape (R, 1, 1).
"""

from .base import Network, pick, stack
from .linear import Linear, Logistic
from .losses import cross_entropy, squared_error
from .mlp import MLP

__all__ = ["MLP", "Linear", "Logistic", "Network", "cross_entropy", "pick", "squared_error", "stack"]
