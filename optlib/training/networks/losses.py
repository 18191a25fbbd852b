"""The two losses, each with its derivative by the network's last output."""

import numpy as np


def squared_error(prediction, y, weights=None):
    r"""Half the mean squared error, and its derivative by the prediction.

    $$L = \frac{1}{B} \sum_{i=1}^{B} \tfrac12 (\hat y_i - y_i)^2 \qquad
      \frac{\partial L}{\partial \hat y_i} = \frac{1}{B} (\hat y_i - y_i)$$

    Parameters
    ----------
    prediction : array (..., B, 1)
    y : array (..., B)
    weights : number or array (..., B), optional
        Factor on the loss of each example; the weighted sum is still divided by B.

    Returns
    -------
    loss : array (...), a number for one batch
    delta : array (..., B, 1)
    """
    share = shares(weights, prediction)[..., None]
    error = prediction - y[..., None]
    loss = (share * error**2).sum(axis=(-2, -1)) / 2
    return loss, share * error


def cross_entropy(z, y, weights=None):
    r"""Mean cross-entropy of the softmax of ``z``, and its derivative by ``z``.

    $$p_{ic} = \frac{e^{z_{ic}}}{\sum_k e^{z_{ik}}} \qquad L = -\frac{1}{B} \sum_{i=1}^{B} \log p_{i y_i} \qquad
      \frac{\partial L}{\partial z_{ic}} = \frac{1}{B} (p_{ic} - t_{ic})$$

    t has a 1 in the column of the label and 0 elsewhere.  The largest z of each row is subtracted first: p stays the
    same, no exponential overflows, and log p = z - log(sum of exponentials) never takes the logarithm of 0.

    Parameters
    ----------
    z : array (..., B, classes)
    y : integers (..., B) in 0 .. classes - 1
    weights : number or array (..., B), optional
        As in `squared_error`.

    Returns
    -------
    loss : array (...), a number for one batch
    delta : array (..., B, classes)
    """
    share = shares(weights, z)[..., None, :]
    # Work on (..., classes, B): NumPy sums over the few classes faster if the examples lie side by side in memory.
    z = np.ascontiguousarray(np.swapaxes(z, -1, -2))
    t = y[..., None, :] == np.arange(z.shape[-2])[:, None]
    z = z - z.max(axis=-2, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=-2, keepdims=True)
    log_p = (t * z).sum(axis=-2, keepdims=True) - np.log(total)
    loss = -(share * log_p).sum(axis=(-2, -1))
    return loss, np.swapaxes(share * (e / total - t), -1, -2)


def shares(weights, output):
    """Factor of each row of an output (..., B, k) in the mean, weight / B: an array (1,) or (..., B)."""
    weights = np.asarray(1 if weights is None else weights, output.dtype)
    return np.atleast_1d(weights) / output.shape[-2]
