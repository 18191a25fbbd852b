"""Functions of matrices, on which rules that see a matrix differ from those that see numbers."""

import math

import numpy as np

from .. import checks
from ..registry import FUNCTIONS, Hyper
from .base import Function

SIZES = Hyper(default=(), symbol=r"\sigma", allowed="(0, inf)", slider=None, log=False, doc="singular values")


def slices(shapes):
    """Where matrices of these shapes lie among the coordinates of a point: for each a slice, and its shape (m, n)."""
    end = 0
    for m, n in shapes:
        yield slice(end, end + m * n), (m, n)
        end += m * n


def _rows(x, m, n):
    return [x[n * i : n * i + n] for i in range(m)]


def _product(A, B):
    columns = _transposed(B)
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in A]


def _difference(A, B):
    return [[a - b for a, b in zip(row, other, strict=True)] for row, other in zip(A, B, strict=True)]


def _transposed(A):
    return [*zip(*A, strict=True)]


def _half_square(A, B):
    """Half the sum of the products of entries."""
    return 0.5 * sum(a * b for row, other in zip(A, B, strict=True) for a, b in zip(row, other, strict=True))


class LeastSquares:
    """Value and slopes of |A (W - goal)|^2 / 2, with H = A'A."""

    def __init__(self, H, goal):
        self.H, self.goal = H.tolist(), goal.tolist()

    def value(self, *w):
        D = _difference(_rows(w, len(self.goal), len(self.goal[0])), self.goal)
        return _half_square(D, _product(self.H, D))

    def slopes(self, *w):
        D = _difference(_rows(w, len(self.goal), len(self.goal[0])), self.goal)
        return tuple(g for row in _product(self.H, D) for g in row)


class TwoLayers:
    """Value and slopes of |(V U - goal) X|^2 / 2, with S = X X'; first come the coordinates of U, then those of V."""

    def __init__(self, goal, S, inner):
        self.goal, self.S, self.inner = goal.tolist(), S.tolist(), inner

    def _layers(self, w):
        n = self.inner * len(self.S)
        return _rows(w[:n], self.inner, len(self.S)), _rows(w[n:], len(self.goal), self.inner)

    def value(self, *w):
        U, V = self._layers(w)
        E = _difference(_product(V, U), self.goal)
        return _half_square(E, _product(E, self.S))

    def slopes(self, *w):
        U, V = self._layers(w)
        E = _product(_difference(_product(V, U), self.goal), self.S)
        slopes = [*_product(_transposed(V), E), *_product(E, _transposed(U))]
        return tuple(g for row in slopes for g in row)


def matrix_least_squares(singular_values=(1.0, 0.1), columns=2, name="matrix_least_squares"):
    """Find W with A W = B, where A has the singular values that are given and W is (their number, ``columns``).

    The singular values of the solution run from 1 to 0.4.

    Parameters
    ----------
    singular_values : sequence of positive numbers
        Of A; its right singular vectors are turned by 30 degrees in each plane of two neighbors.
    columns : int, at least 1

    Returns
    -------
    Function
        Of the coordinates of W, row by row; it starts at W = 0.
    """
    sizes = _sizes("matrix_least_squares", singular_values)
    n = checks.integer("matrix_least_squares", "columns", columns, least=1)
    turn = _turn(len(sizes))
    k = min(len(sizes), n)
    goal = _turn(len(sizes), 70.0)[:, :k] @ np.diag(np.linspace(1.0, 0.4, k)) @ _turn(n, -50.0)[:, :k].T
    form = LeastSquares(turn @ np.diag(sizes**2) @ turn.T, goal)
    return _function(name, form, [goal], [0.0 * goal], ("W",),
                     r"\tfrac12 \lVert A\, (W - W^\ast) \rVert_F^2",
                     "Linear regression with several outputs: T. Hastie, R. Tibshirani, J. Friedman (2009), The "
                     "Elements of Statistical Learning, section 3.2.4.")  # fmt: skip


def matrix_factorization(singular_values=(1.0, 0.1), inner=None, name="matrix_factorization"):
    """Find V U = M, where M has the singular values that are given; V is (n, ``inner``), U (``inner``, n).

    Parameters
    ----------
    singular_values : sequence of positive numbers
        Of the square matrix M.
    inner : int, optional
        Rank of the product; by default that of M.

    Returns
    -------
    Function
        Of the coordinates of U and then of V, row by row.  It starts near the saddle at U = V = 0.
    """
    sizes = _sizes("matrix_factorization", singular_values)
    return _two_layers(name, sizes, np.ones_like(sizes), inner, r"\tfrac12 \lVert V U - M \rVert_F^2",
                       "P. Baldi, K. Hornik (1989), Neural networks and principal component analysis: Learning from "
                       "examples without local minima, Neural Networks 2, 53-58.")  # fmt: skip


def two_layer_linear(singular_values=(1.0, 0.5), inputs=(1.0, 0.2), inner=None, name="two_layer_linear"):
    """A network of two linear layers, V U x, that is to be M x for inputs of unequal size.

    Parameters
    ----------
    singular_values : sequence of positive numbers
        Of the square matrix M.
    inputs : sequence of as many positive numbers
        Singular values of the matrix X of all inputs.
    inner : int, optional
        Width of the layer between; by default that of the inputs.

    Returns
    -------
    Function
        Of the coordinates of U and then of V, row by row.  It starts near the saddle at U = V = 0.
    """
    sizes, scales = (_sizes("two_layer_linear", s, what) for s, what in
                     ((singular_values, "singular_values"), (inputs, "inputs")))  # fmt: skip
    if len(scales) != len(sizes):
        raise ValueError(f"two_layer_linear: inputs={inputs!r} must be {len(sizes)} numbers, one a singular value")
    return _two_layers(name, sizes, scales, inner, r"\tfrac12 \lVert (V U - M)\, X \rVert_F^2",
                       "A. M. Saxe, J. L. McClelland, S. Ganguli (2014), Exact solutions to the nonlinear dynamics of "
                       "learning in deep linear neural networks, ICLR. arXiv:1312.6120")  # fmt: skip


def _two_layers(name, sizes, inputs, inner, latex, source):
    n = len(sizes)
    inner = n if inner is None else checks.integer(name, "inner", inner, least=1)
    left, right = _turn(n), _turn(n, -50.0)
    goal, S = left @ np.diag(sizes) @ right.T, right @ np.diag(inputs**2) @ right.T
    # The singular vectors of M X are those of M, since X has the right ones as its left: the best product keeps the
    # largest of its singular values.
    kept = np.argsort(-sizes * inputs)[:inner]
    roots = np.zeros((n, inner))
    roots[kept, np.arange(len(kept))] = np.sqrt(sizes[kept])
    best = [roots.T @ right.T, left @ roots]
    start = [0.1 * _turn(max(n, inner), 20.0)[:inner, :n], 0.1 * _turn(max(n, inner), 70.0)[:n, :inner]]
    return _function(name, TwoLayers(goal, S, inner), best, start, ("U", "V"), latex, source)


def _function(name, form, best, start, names, latex, source):
    flat = lambda matrices: tuple(float(v) for matrix in matrices for v in np.ravel(matrix))
    reach = 2.0 * max(map(abs, flat(best)))
    return Function(
        name=name, formula=form.value, slopes=form.slopes, domain=((-reach, reach),) * len(flat(best)),
        start=flat(start), minima=(flat(best),), minimum=float(form.value(*flat(best))), latex=latex, source=source,
        names=names, shapes=tuple(matrix.shape for matrix in best),
    )  # fmt: skip


def _sizes(who, values, what="singular_values"):
    return np.array(SIZES.check(who, what, values))


def _turn(n, angle=30.0):
    """An orthogonal matrix: each two neighboring axes are turned by the angle in degrees, one pair after the other."""
    turn, c, s = np.eye(n), math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for i in range(n - 1):
        plane = np.eye(n)
        plane[i : i + 2, i : i + 2] = [[c, -s], [s, c]]
        turn = plane @ turn
    return turn


for _make in (matrix_least_squares, matrix_factorization, two_layer_linear):
    FUNCTIONS[_make.__name__] = _make()
