"""Linear and logistic regression: networks without a hidden layer, whose losses are convex."""

from .base import Network, glorot
from .losses import squared_error


class _Affine(Network):
    def start(self, name, rng):
        return glorot(rng, *self.shapes[name])

    def forward(self, params, x):
        """The output x W + b: predictions (..., B, 1), or scores z (..., B, classes)."""
        return x @ params["W"] + params["b"]

    def backward(self, params, x, y, weights=None):
        loss, delta = self.criterion(self.forward(params, x), y, weights)
        return loss, {"W": x.mT @ delta, "b": delta.sum(axis=-2, keepdims=True)}


class Linear(_Affine):
    r"""A plane through the data, fitted by least squares.

    Formula:
        $$\hat y = x W + b \qquad L = \frac{1}{2B} \lVert \hat y - y \rVert^2$$
        $$\delta = \tfrac1B (\hat y - y) \qquad \frac{\partial L}{\partial W} = x^\top \delta \qquad
          \frac{\partial L}{\partial b} = \textstyle\sum_i \delta_i$$

    Start:
        W normal with variance 2 / (in + 1) (Glorot), b = 0.

    Parameters
    ----------
    d_in : int, at least 1
        Number of inputs.  W has shape (d_in, 1), b has (1, 1).
    """

    criterion = staticmethod(squared_error)

    def __init__(self, d_in):
        super().__init__(d_in)
        self.shapes = {"W": (self.d_in, 1), "b": (1, 1)}

    def predict(self, params, x):
        """Predicted numbers (..., B)."""
        self.check(params, x)
        return self.forward(params, x)[..., 0]


class Logistic(_Affine):
    r"""Softmax regression: a linear score for each class, turned into probabilities.

    Formula:
        $$z = x W + b \qquad p = \operatorname{softmax}(z) \qquad L = -\tfrac1B \textstyle\sum_i \log p_{i y_i}$$
        $$\delta = \tfrac1B (p - t) \qquad \frac{\partial L}{\partial W} = x^\top \delta \qquad
          \frac{\partial L}{\partial b} = \textstyle\sum_i \delta_i$$

    t has a 1 in the column of the label and 0 elsewhere.

    Start:
        W normal with variance 2 / (in + classes) (Glorot), b = 0.

    Parameters
    ----------
    d_in : int, at least 1
        Number of inputs.
    classes : int, at least 2
        W has shape (d_in, classes), b has (1, classes).
    """

    def __init__(self, d_in, classes):
        super().__init__(d_in, classes)
        self.shapes = {"W": (self.d_in, self.classes), "b": (1, self.classes)}
