"""The multilayer perceptron: layers of weighted sums with an activation between them, and scores at the end."""

import numpy as np

from ... import checks
from .base import Network, glorot, he

# name -> the activation, and its derivative as a function of its value h
ACTIVATIONS = {
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "relu": (lambda z: np.maximum(z, 0), lambda h: h > 0),
    "linear": (lambda z: z, np.ones_like),
}


class MLP(Network):
    r"""Layers h = a(h W + b), and a softmax over the last one.

    Formula, forward, with h_0 = x:
        $$h_k = a(h_{k-1} W_k + b_k) \qquad k = 1, \dots, K-1 \qquad z = h_{K-1} W_K + b_K$$
        $$p = \operatorname{softmax}(z) \qquad L = -\tfrac1B \textstyle\sum_i \log p_{i y_i}$$

    Formula, backward:
        $$\delta_K = \tfrac1B (p - t) \qquad \delta_{k-1} = (\delta_k W_k^\top) \odot a'(z_{k-1})$$
        $$\frac{\partial L}{\partial W_k} = h_{k-1}^\top \delta_k \qquad
          \frac{\partial L}{\partial b_k} = \textstyle\sum_i \delta_{k,i}$$

    t has a 1 in the column of the label and 0 elsewhere.  The derivative of the activation follows from its value h:
    a' = 1 - h^2 for tanh; for relu, a' = 1 where h > 0 and 0 elsewhere; for linear, the deep linear networks of theory,
    a' = 1.

    Start:
        Biases 0; weights normal, with variance 2 / in before relu (He), else 2 / (in + out) (Glorot).

    Parameters
    ----------
    sizes : sequence of ints
        Inputs, hidden layers, classes: ``[64, 32, 10]``.
    activation : "tanh", "relu" or "linear"

    The parameters are W1, b1, W2, b2, ... with Wk of shape (sizes[k-1], sizes[k]) and bk of (1, sizes[k]).
    """

    def __init__(self, sizes, activation="tanh"):
        sizes = list(sizes) if np.ndim(sizes) == 1 else sizes
        if not isinstance(sizes, list) or len(sizes) < 2:
            raise ValueError(f"MLP: sizes={sizes!r} must be inputs, hidden layers, classes, such as [64, 32, 10]")
        for size in sizes:
            checks.integer("MLP", "sizes", size, least=1)
        checks.choice("MLP", "activation", activation, ACTIVATIONS)
        super().__init__(sizes[0], sizes[-1])
        self.sizes, self.activation = sizes, activation
        self.shapes = {}
        for k, (d_in, d_out) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
            self.shapes |= {f"W{k}": (d_in, d_out), f"b{k}": (1, d_out)}

    def start(self, name, rng):
        last = name == f"W{len(self.sizes) - 1}"
        draw = he if self.activation == "relu" and not last else glorot
        return draw(rng, *self.shapes[name])

    def layers(self, params, x):
        """The input, the value of each hidden layer, and the scores: [h_0, h_1, ..., z]."""
        activate, _ = ACTIVATIONS[self.activation]
        values = [x]
        for k in range(1, len(self.sizes)):
            z = values[-1] @ params[f"W{k}"] + params[f"b{k}"]
            values.append(activate(z) if k < len(self.sizes) - 1 else z)
        return values

    def forward(self, params, x):
        """Scores z (..., B, classes)."""
        return self.layers(params, x)[-1]

    def backward(self, params, x, y, weights=None):
        *h, z = self.layers(params, x)
        loss, delta = self.criterion(z, y, weights)
        grads = {}
        for k, delta_k in self.deltas(params, h, delta):
            grads[f"W{k}"] = h[k - 1].mT @ delta_k
            grads[f"b{k}"] = delta_k.sum(axis=-2, keepdims=True)
        return loss, {name: grads[name] for name in params}

    def deltas(self, params, h, delta):
        """(k, delta_k) of each layer, the last first, for ``h`` of `layers` and the derivative of the loss by z."""
        _, derivative = ACTIVATIONS[self.activation]
        for k in range(len(h), 0, -1):
            yield k, delta
            if k > 1:
                delta = (delta @ params[f"W{k}"].mT) * derivative(h[k - 1])
