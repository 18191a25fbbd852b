r"""The natural gradient of an `MLP`: its exact Fisher matrix, the empirical one, and K-FAC's factors of it.

>>> loss, grads = network.loss_and_grads(params, batch.x, batch.y)
>>> exact = direction(fisher(network, params, batch.x), grads, damping=0.01)
>>> quick = kfac_direction(kfac(network, params, batch.x), grads, damping=0.01)
>>> params = {name: params[name] - lr * exact[name] for name in params}

The gradient tells how the loss falls along each weight; how far a weight may go depends on how much the network's
answer changes with it.  The Fisher matrix measures that, as the curvature of the distance between distributions.
"""

import re
from collections.abc import Mapping

import numpy as np

from .. import checks
from ..data.sets import Data
from .layout import flatten, size, unflatten
from .minibatch import per_example
from .networks.mlp import MLP

__all__ = ["direction", "empirical_fisher", "fisher", "kfac", "kfac_direction"]

BLOCK = 2**22  # numbers in a block of gradients: 32 MB


def fisher(network, params, x):
    r"""The Fisher matrix of a network: mean over the inputs, and over the answers that the network itself expects.

    $$F = \frac1n \sum_{i=1}^{n} \sum_c p_{ic}\, \nabla \log p_{ic}\, \nabla \log p_{ic}^\top
        = \frac1n \sum_{i=1}^{n} J_i^\top \bigl(\operatorname{diag} p_i - p_i p_i^\top\bigr) J_i$$

    J_i is the derivative of the scores z_i by all parameters.  No labels are needed, and none of the classes is drawn:
    the sum over them is exact.

    Parameters
    ----------
    network : MLP
        One with ``classes = None`` predicts numbers, with noise of variance 1: then F is the mean of J'J.
    params : dict of arrays, of one network
    x : array (n, d_in)

    Returns
    -------
    array (numbers, numbers)
        All parameters end to end, in the order of ``network.shapes``.  It is symmetric, without negative eigenvalues,
        and with classes singular: the same number added to all scores changes nothing.

    Source: S. Amari (1998), Natural Gradient Works Efficiently in Learning, Neural Computation 10, 251-276; J. Martens
    (2020), New Insights and Perspectives on the Natural Gradient Method, Journal of Machine Learning Research 21
    (146), 1-76.  arXiv:1412.1193
    """
    _check("fisher", network, params, x)
    rows = max(1, BLOCK // (size(network.shapes) * network.sizes[-1]))
    blocks = (_gradients(network, params, x[first : first + rows]) for first in range(0, len(x), rows))
    return sum(each.T @ each for each in blocks) / len(x)


def empirical_fisher(network, params, data):
    r"""The same mean with the label of each example in place of what the network expects: not the Fisher matrix.

    $$\frac1n \sum_{i=1}^{n} g_i\, g_i^\top \qquad g_i = \nabla \log p_{i y_i}$$

    With batches of one example Adam's v averages its diagonal.  Its mean over labels drawn from the network is the
    Fisher matrix; the labels of the data are others, and where they surprise the network it is much larger.

    ``data`` is a `Data`; the network, its parameters and the array that is returned are as of `fisher`.

    Source: F. Kunstner, L. Balles, P. Hennig (2019), Limitations of the Empirical Fisher Approximation for Natural
    Gradient Descent, NeurIPS.  arXiv:1905.12558
    """
    checks.instance("empirical_fisher", "data", data, Data, "ol.data.Data(x, y)")
    _check("empirical_fisher", network, params, data.x)
    rows = per_example(network, {name: params[name] for name in network.shapes}, data)
    return rows.T @ rows / len(rows)


def direction(matrix, grads, damping):
    r"""The natural gradient $(F + \lambda I)^{-1} g$.

    Parameters
    ----------
    matrix : array (numbers, numbers)
        From `fisher` or `empirical_fisher`.
    grads : dict of W1, b1, W2, ..., of one network
    damping : positive number lambda
        F alone is singular.  Directions of eigenvalues far below lambda are stepped as by gradient descent with rate
        1 / lambda, those far above it as by Newton's method with F for the Hessian.

    Returns
    -------
    dict of arrays, as ``grads``
    """
    damping = checks.number("direction", "damping", damping, "(0, inf)")
    _check_grads("direction", grads)
    # In the order of the matrix, whatever that of the dict is.
    shapes = {name: np.shape(grads[name]) for name in sorted(grads, key=lambda name: (int(name[1:]), name[0]))}
    n = size(shapes)
    if not isinstance(matrix, np.ndarray) or matrix.shape != (n, n) or not np.isfinite(matrix).all():
        what = f"an array of shape {matrix.shape}" if isinstance(matrix, np.ndarray) else f"a {type(matrix).__name__}"
        raise ValueError(f"direction: matrix is {what}, but grads are {n} numbers; allowed are finite ones ({n}, {n})")
    solved = np.linalg.solve(matrix + damping * np.eye(len(matrix), dtype=matrix.dtype), flatten(grads, shapes))
    solved = unflatten(solved, shapes)
    return {name: solved[name] for name in grads}


def kfac(network, params, x):
    r"""K-FAC: each layer's own block of the Fisher matrix as a Kronecker product of two small matrices.

    $$F_{kk} = \overline{a a^\top \otimes \delta \delta^\top} \approx A \otimes S \qquad
      A = \overline{a a^\top} \qquad S = \overline{\delta \delta^\top}$$

    a is the layer's input with a 1 for the bias, delta the derivative of log p by its output; the bars are means over
    inputs and expected answers.  Blocks of two layers are left out.  The product of the means is the mean of the
    products where a and delta are independent: for one input, and in deep linear networks that predict numbers, the
    blocks are exact.

    Parameters
    ----------
    network, params, x
        As of `fisher`.

    Returns
    -------
    list of pairs of arrays, (in + 1, in + 1) and (out, out), one for each layer

    Source: J. Martens, R. Grosse (2015), Optimizing Neural Networks with Kronecker-factored Approximate Curvature,
    ICML, sections 2 to 4, which draws one answer for each input; here the sum over all answers is exact, and means are
    of this batch alone, not over time.  arXiv:1503.05671
    """
    _check("kfac", network, params, x)
    h, deltas = _deltas(network, params, x)
    factors = []
    for k, delta in deltas:
        a = np.concatenate([h[k - 1], np.ones_like(x[:, :1])], axis=1)
        delta = delta.reshape(-1, delta.shape[-1])
        factors.append((a.T @ a / len(x), delta.T @ delta / len(x)))
    return factors[::-1]


def kfac_direction(factors, grads, damping, split=False):
    r"""The gradient of each layer, (in + 1, out) with the bias as its last row, times the inverse of its damped block.

    $$(A \otimes S + \lambda I)^{-1} \qquad\text{split:}\quad
      (A + \pi \sqrt\lambda\, I)^{-1} \otimes (S + \tfrac{1}{\pi} \sqrt\lambda\, I)^{-1} \qquad
      \pi^2 = \frac{\operatorname{tr} A / \dim A}{\operatorname{tr} S / \dim S}$$

    Parameters
    ----------
    factors : list of pairs
        From `kfac`.
    grads : dict of W1, b1, W2, ..., of one network
    damping : positive number lambda
    split : bool
        The paper's damping of the two factors, for which two inverses are enough; pi is 1 where S is 0.  Without it the
        damping is that of `direction`, by the eigenvectors of both.

    Returns
    -------
    dict of arrays, as ``grads``

    Source: as of `kfac`, section 6.3.
    """
    damping = checks.number("kfac_direction", "damping", damping, "(0, inf)")
    split = checks.flag("kfac_direction", "split", split)
    _check_grads("kfac_direction", grads)
    try:
        layers = {k: (np.shape(A), np.shape(S)) for k, (A, S) in enumerate(factors, start=1)}
        finite = all(np.isfinite(each).all() for pair in factors for each in pair)
    except (TypeError, ValueError):
        raise TypeError(f"kfac_direction: factors is a {type(factors).__name__}; it must be pairs, from kfac") from None
    wanted = {f"{kind}{k}" for k in layers for kind in "Wb"}
    if set(grads) != wanted:
        raise ValueError(f"kfac_direction: grads has {', '.join(grads)}; it must have {', '.join(sorted(wanted))}")
    for k, shapes in layers.items():
        m, n = (*np.shape(grads[f"W{k}"]), 0, 0)[:2]
        if shapes != ((m + 1, m + 1), (n, n)) or np.shape(grads[f"b{k}"]) != (1, n) or not finite:
            raise ValueError(
                f"kfac_direction: factors of layer {k} have shapes {shapes}, its grads {np.shape(grads[f'W{k}'])} and "
                f"{np.shape(grads[f'b{k}'])}; (in + 1, in + 1), (out, out), (in, out), (1, out), finite, are allowed"
            )
    solve, solved = _split if split else _by_eigenvectors, {}
    for k, (A, S) in enumerate(factors, start=1):
        rows = solve(A, S, np.concatenate([grads[f"W{k}"], grads[f"b{k}"]]), damping)
        solved |= {f"W{k}": rows[:-1], f"b{k}": rows[-1:]}
    return {name: solved[name] for name in grads}


def _by_eigenvectors(A, S, G, damping):
    (a, U), (s, V) = np.linalg.eigh(A), np.linalg.eigh(S)
    return U @ (U.T @ G @ V / (np.outer(a, s) + damping)) @ V.T


def _split(A, S, G, damping):
    pi = np.sqrt(np.trace(A) / len(A) / (np.trace(S) / len(S))) if S.any() else 1.0  # a network that is sure
    A = A + pi * damping**0.5 * np.eye(len(A), dtype=A.dtype)
    S = S + damping**0.5 / pi * np.eye(len(S), dtype=S.dtype)
    return np.linalg.solve(S, np.linalg.solve(A, G).T).T


def _deltas(network, params, x):
    """Inputs of the layers, and for each, the last first, (k, array (classes, n, out)): sqrt(p) times the derivative.

    An answer c has the derivative t - p by the scores, up to a sign that its square does not have.
    """
    *h, z = network.layers(params, x)
    classes = z.shape[-1]
    if network.classes is None:
        delta = np.broadcast_to(np.eye(classes, dtype=z.dtype)[:, None], (classes, *z.shape))
    else:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        delta = np.sqrt(p.T)[..., None] * (p - np.eye(classes, dtype=z.dtype)[:, None])
    return h, network.deltas(params, h, delta)


def _gradients(network, params, x):
    """Rows of sqrt(p) times the gradient of log p, one for each answer to each input: (classes n, numbers)."""
    h, deltas = _deltas(network, params, x)
    grads = {}
    for k, delta in deltas:
        grads[f"W{k}"] = h[k - 1][:, :, None] * delta[:, :, None]
        grads[f"b{k}"] = delta[:, :, None]
    return flatten(grads, network.shapes).reshape(-1, size(network.shapes))


def _check_grads(who, grads):
    names = list(grads) if isinstance(grads, Mapping) else [f"a {type(grads).__name__}"]
    if not names or not all(re.fullmatch(r"[Wb]\d+", str(name)) for name in names):
        raise ValueError(f"{who}: grads is {', '.join(map(str, names))}; a dict of W1, b1, W2, ... is allowed")
    for name, value in grads.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not np.isfinite(value).all():
            raise ValueError(f"{who}: grads[{name!r}] must be an array of finite floats")


def _check(who, network, params, x):
    checks.instance(who, "network", network, MLP, "ol.networks.MLP([64, 32, 10])")
    network.check(params, x)
    many = [name for name, shape in network.shapes.items() if np.shape(params[name]) != shape]
    if many or x.ndim != 2:
        what = f"params[{many[0]!r}] has shape {np.shape(params[many[0]])}" if many else f"x has shape {x.shape}"
        raise ValueError(f"{who}: {what}; one network and one batch (n, {network.d_in}) are allowed")
