r"""How sharply the loss of a network is curved, from its gradients alone.

>>> network = ol.networks.MLP([64, 32, 10])
>>> ol.sharpness(network, network.init(seed=0), train)
"""

import numpy as np

from .. import checks
from .layout import flatten, unflatten
from .plan import check_data

__all__ = ["sharpness"]


def sharpness(network, params, data, products=20):
    r"""The largest eigenvalue of the Hessian of the mean loss over all of ``data``.

    The Hessian itself is never formed.  Its product with a direction v is the imaginary part of one gradient, and
    Lanczos' method finds the eigenvalue from a few such products; the first v is always the same one, drawn at random.

    $$H v = \operatorname{Im} \nabla L(w + i h v) \, / \, h \qquad h = 10^{-30}$$

    Parameters
    ----------
    network : Network
        One of your own must compute with complex weights, too: by sums, products, ``np.exp``; never ``np.abs``.
    params : dict of float64 arrays (..., shape)
        With further axes in front, many networks at once: ``{name: w[::10] for name, w in run.path.items()}``.
    data : Data
    products : int, at least 1
        How many products are spent.  The value is never too large and rises to the eigenvalue with their number; 20
        are enough for three digits where the largest eigenvalue is well above the next.

    Returns
    -------
    number, or array (...); NaN where weights are not finite, or so large that their squares are not

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, for float32, and for a network whose gradients are real where its weights are complex.

    Source: C. Lanczos (1950), An iteration method for the solution of the eigenvalue problem, Journal of Research of
    the National Bureau of Standards 45, 255-282; the products: W. Squire, G. Trapp (1998), Using complex variables to
    estimate derivatives of real functions, SIAM Review 40, 110-112.
    """
    check_data("sharpness", "data", data, network)
    network.check(params, data.x, data.y)
    w = flatten(params, network.shapes)
    if w.dtype != np.float64:
        raise TypeError(f"sharpness: params are {w.dtype}; only float64 is allowed")
    products = min(checks.integer("sharpness", "products", products, least=1), w.shape[-1])
    with np.errstate(all="ignore"):  # weights that diverge
        T = _projected(network, w, data, products)
        finite = np.isfinite((w * w).sum(axis=-1)) & np.isfinite(T).all(axis=(-2, -1))
    largest = np.linalg.eigvalsh(np.where(finite[..., None, None], T, 0.0))[..., -1]
    return np.where(finite, largest, np.nan)[()]


def _projected(network, w, data, products):
    """The Hessians at ``w`` within the span of so many products with each: tridiagonal matrices."""
    v = _unit(np.random.default_rng(0).standard_normal(w.shape[-1]) * np.ones_like(w))[0]
    basis, T = [], np.zeros((*w.shape[:-1], products, products))
    for k in range(products):
        basis.append(v)
        gradients = network.backward(unflatten(w + 1e-30j * v, network.shapes), data.x, data.y)[1]
        if not all(map(np.iscomplexobj, gradients.values())):
            raise TypeError(f"sharpness: {type(network).__name__}.backward gives real gradients for complex weights")
        v = flatten(gradients, network.shapes).imag / 1e-30  # exact: nothing cancels, and no ReLU comes to its kink
        T[..., k, k] = (basis[k] * v).sum(axis=-1)
        for other in 2 * basis:  # twice: after one pass rounding leaves a part of each
            v = v - (other * v).sum(axis=-1, keepdims=True) * other
        v, length = _unit(v)
        if k + 1 < products:
            T[..., k, k + 1] = T[..., k + 1, k] = length[..., 0]
    return T


def _unit(v):
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(length > 0, length, 1.0), length
