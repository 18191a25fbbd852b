"""Sets of examples with their answers: bundled digits and penguins, and points around a known plane."""

import dataclasses
import functools
import io

import numpy as np

from .. import checks
from ..functions.base import Function
from ..functions.bowls import HalfForm
from . import sprites
from .archive import File
from .seeds import generator

DIGITS = File("digits.npz", 45_394, "b2dab7b501728c22e9119ad76740b2e17c77a231e42d1e592380d90886f1a05e")
PENGUINS = File("penguins.npz", 2_222, "c375595c369a621d62a027b9907003e6679f99ae9b0d9b6cbddae2d74a0d27d4")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Data:
    """Examples ``x`` with their answers ``y``, checked and read-only.

    Parameters
    ----------
    x : array (n, d) of finite real numbers
        One example a row.  float32 and float64 stay what they are, integers become float64.
    y : array (n,)
        Labels 0, 1, 2, ... as integers (kept as int64), or numbers to be predicted (kept in the dtype of ``x``).
    name : str
    truth : dict of arrays, optional
        The weights by name, where the answers were computed from known ones.

    Raises
    ------
    TypeError, ValueError
        For other shapes and types, for different lengths, NaN, infinity and negative labels.
    """

    x: np.ndarray
    y: np.ndarray
    name: str = "data"
    truth: dict | None = None

    def __post_init__(self):
        x, y = _numbers("x", self.x), _numbers("y", self.y)
        if x.ndim != 2 or not x.size:
            raise ValueError(f"Data: x has shape {x.shape}; it must be (n, d), one example a row, n and d at least 1")
        if y.shape != x.shape[:1]:
            raise ValueError(f"Data: y has shape {y.shape}; it must have one answer an example, {x.shape[:1]}")
        x = _frozen(x, x.dtype if x.dtype in (np.float32, np.float64) else np.float64)
        y = _frozen(y, x.dtype if y.dtype.kind == "f" else np.int64)
        if y.dtype == np.int64 and y.min() < 0:
            raise ValueError(f"Data: y contains the label {y.min()}; labels are integers from 0 on")
        for name, array in (("x", x), ("y", y)):  # as kept: a narrower dtype has no place for large numbers
            if len(bad := np.argwhere(~np.isfinite(array))):
                first = f"{len(bad):,} in all, the first at {name}[{', '.join(map(str, bad[0]))}]"
                only = f"only finite numbers of {array.dtype} are allowed"
                raise ValueError(f"Data: {name} contains NaN or infinity, {first}; {only}")
            object.__setattr__(self, name, array)

    def __len__(self):
        return len(self.x)

    @property
    def classes(self):
        """Number of classes: the largest label + 1.  None where the answers are not labels."""
        return int(self.y.max()) + 1 if self.y.dtype == np.int64 else None

    def take(self, index):
        """The examples of an array of integers, as `Data`."""
        return dataclasses.replace(self, x=self.x[index], y=self.y[index])

    def astype(self, dtype):
        """The same examples in np.float32 or np.float64; labels stay integers."""
        check_dtype("Data.astype", dtype)
        y = self.y if self.y.dtype == np.int64 else self.y.astype(dtype)
        return dataclasses.replace(self, x=self.x.astype(dtype), y=y)

    def __repr__(self):
        answers = f"{self.classes} classes" if self.classes else "numbers to be predicted"
        return f"<Data {self.name}: {len(self):,} examples, {self.x.shape[1]} inputs, {answers}, {self.x.dtype}>"


def check_dtype(who, dtype):
    """TypeError unless a dtype is one of those that networks compute in."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"{who}: dtype={dtype!r} must be np.float32 or np.float64")


def check_data(who, name, value):
    """TypeError unless ``value`` is `Data`."""
    if not isinstance(value, Data):
        raise TypeError(f"{who}: {name} is a {type(value).__name__}; it must be ol.data.Data(x, y)")


@functools.cache
def digits():
    """1,797 handwritten digits of 8 x 8 pixels, in the order of scikit-learn's ``load_digits``.

    Each pixel counts the dark dots in a field of 4 x 4, a whole number from 0 to 16, and is here divided by 16.

    Returns
    -------
    Data
        ``x`` float64 (1797, 64) in 0..1, row by row, so that ``x[i].reshape(8, 8)`` is a picture; ``y`` int64 (1797,)
        in 0..9.

    Raises
    ------
    OSError
        If the file in the package is damaged; its SHA-256 is compared.

    Source: E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    doi:10.24432/C50P49, CC BY 4.0; its test part, as scikit-learn ships it.
    """
    arrays = _bundled(DIGITS)
    return Data(arrays["images"].reshape(-1, 64) / 16.0, arrays["labels"], "digits")


@functools.cache
def penguins():
    """342 penguins of three species, measured on islands near Palmer Station, Antarctica; four real numbers each.

    Returns
    -------
    Data
        ``x`` float64 (342, 3): length and depth of the bill and length of the flipper, in mm; ``y`` float64 (342,):
        the body mass in kg.

    Raises
    ------
    OSError
        If the file in the package is damaged.

    Source: K. B. Gorman, T. D. Williams, W. R. Fraser (2014), PLOS ONE 9(3), e90081; by A. M. Horst, A. P. Hill, K. B.
    Gorman (2020), palmerpenguins, doi:10.5281/zenodo.3960218, CC0; the two birds that were not measured are left out.
    """
    table = _bundled(PENGUINS)["tenths"] / 10.0
    return Data(table[:, :3], table[:, 3] / 1000.0, "penguins")


def linear_regression(n=200, d=2, noise=1.0, seed=0):
    r"""Points around a known plane: $$y = x w + b + \sigma \varepsilon$$

    Inputs, noise and weights are drawn from the standard normal distribution.

    Parameters
    ----------
    n, d : int, at least 1
        Numbers of examples and of inputs.
    noise : float, at least 0
        Standard deviation of the noise, sigma.
    seed : int, at least 0

    Returns
    -------
    Data
        ``x`` float64 (n, d), ``y`` float64 (n,), and ``truth``: the weights {"W": (d, 1), "b": (1, 1)}, named and
        shaped as those of `optlib.networks.Linear`.  The best fit to the examples differs a little from them; see
        `least_squares`.
    """
    for name, value in (("n", n), ("d", d)):
        checks.integer("linear_regression", name, value, least=1)
    checks.number("linear_regression", "noise", noise, "[0, inf)")
    rng = generator("linear_regression", seed, "set")
    truth = {"W": rng.standard_normal((d, 1)), "b": rng.standard_normal((1, 1))}
    x = rng.standard_normal((n, d))
    y = (x @ truth["W"] + truth["b"])[:, 0] + noise * rng.standard_normal(n)
    return Data(x, y, "linear regression", {name: _frozen(value) for name, value in truth.items()})


def least_squares(data):
    """The weights {"W": (d, 1), "b": (1, 1)} of `optlib.networks.Linear` with the least squared error on ``data``."""
    check_data("least_squares", "data", data)
    x = np.column_stack([data.x, np.ones(len(data), data.x.dtype)])
    solution = np.linalg.lstsq(x, data.y.astype(data.x.dtype))[0][:, None]
    return {"W": solution[:-1], "b": solution[-1:]}


def squared_error(data, bias=True):
    r"""The loss of a linear model on ``data``, as a function of its weights: $$\tfrac{1}{2n} \lVert X w - y \rVert^2$$

    A quadratic, with Hessian X'X/n: its condition number is a property of the inputs.

    Parameters
    ----------
    data : Data
        The Hessian must be invertible: no input may be a combination of the others.
    bias : bool
        Whether X has a last column of ones, so that the last weight is an intercept.

    Returns
    -------
    Function
        Of d weights, and the bias; it starts at zero weights.
    """
    check_data("squared_error", "data", data)
    ones = np.ones((len(data), int(checks.flag("squared_error", "bias", bias))))
    x, y = np.column_stack([data.x, ones]).astype(np.float64), data.y.astype(np.float64)
    best, _, rank, _ = np.linalg.lstsq(x, y)
    if rank < x.shape[1]:
        raise ValueError(f"squared_error: {data.name}: an input is a combination of the others; leave one of them out")
    d = data.x.shape[1]
    names = [f"w{i + 1}" for i in range(d)] if d > 1 else ["w"]
    names += ["b"] * ones.shape[1]
    least = float(np.mean((x @ best - y) ** 2) / 2)
    form = HalfForm(x.T @ x / len(x), best, least)
    margin = 1.5 * np.where(best == 0, 1.0, abs(best))
    domain = tuple(zip((best - margin).tolist(), (best + margin).tolist(), strict=True))
    return Function(
        f"squared error on {data.name}", form.value, form.slopes, domain, (0.0,) * len(best), (tuple(best.tolist()),),
        least, latex=r"\tfrac{1}{2n} \lVert X w - y \rVert^2", source="Least squares: C. F. Gauss (1809); its Hessian "
        "is X'X/n, S. Boyd, L. Vandenberghe (2004), Convex Optimization, section 9.1.1.", names=tuple(names),
    )  # fmt: skip


def _bundled(file):
    """The arrays of a file that comes with the package."""
    packed = file.read(sprites.FILES, "reinstall the package")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return dict(arrays)


def _numbers(name, value):
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"Data: {name} has rows of different lengths; it must be one array") from None
    if array.dtype.kind not in "fiu" or np.ma.is_masked(value):
        kind = "masked entries" if np.ma.is_masked(value) else f"dtype {array.dtype}"
        raise TypeError(f"Data: {name} has {kind}; it must hold real numbers")
    return array


def _frozen(array, dtype=None):
    with np.errstate(over="ignore"):
        copy = np.array(array, dtype)
    copy.flags.writeable = False
    return copy
