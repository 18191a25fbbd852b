"""What all networks share: the start, checked calls, evaluation, and many networks in one dict."""

from collections.abc import Mapping

import numpy as np

from ... import checks
from ...data.seeds import generator
from ...data.sets import check_dtype
from .losses import cross_entropy

# NumPy's BLAS runs a matrix product of at most so many multiplications in one thread.  Keep below it: the threads of
# larger products and those of `train_many` would compete for the same cores.
BLOCK = 2**18


class Network:
    """Base of all networks.

    A network of one's own defines `shapes`, `start`, `forward` and `backward`, and where it predicts numbers also
    `criterion` and `predict`.  `loss`, `loss_and_grads`, `predict` and `accuracy` check their arguments for it.

    Attributes
    ----------
    shapes : dict
        Shape of each parameter by name, of one network.
    d_in : int
        Number of inputs.
    classes : int or None
        Number of classes; None where numbers are predicted.
    """

    shapes: dict
    criterion = staticmethod(cross_entropy)

    def __init__(self, d_in, classes=None):
        who = type(self).__name__
        self.d_in = checks.integer(who, "d_in", d_in, least=1)
        self.classes = None if classes is None else checks.integer(who, "classes", classes, least=2)

    # --- what a network defines ------------------------------------------------------------------------------

    def start(self, name, rng):
        """Initial value of the weights of that name, float64.  Names that begin with "b" are biases and start at 0."""
        raise NotImplementedError(f"{type(self).__name__} must define start(self, name, rng)")

    def forward(self, params, x):
        """The output (..., B, k) for inputs (..., B, d_in)."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, params, x)")

    def backward(self, params, x, y, weights=None):
        """The loss and its gradients: `loss_and_grads` without the checks."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(self, params, x, y, weights)")

    # --- what a user calls -----------------------------------------------------------------------------------

    def init(self, seed=0, dtype=np.float64):
        """Parameters to start from: weights at random, biases 0.

        Parameters
        ----------
        seed : int of at least 0, or a sequence of them
            A sequence gives one network each, stacked along a new first axis.
        dtype : np.float64 or np.float32
            Drawn in float64 and then rounded.

        Returns
        -------
        dict of arrays by name
        """
        check_dtype(f"{type(self).__name__}.init", dtype)
        if np.ndim(seed):
            return stack([self.init(one, dtype) for one in seed])
        rng = generator(f"{type(self).__name__}.init", seed, "start")
        draw = lambda name, shape: np.zeros(shape) if name.startswith("b") else self.start(name, rng)
        return {name: draw(name, shape).astype(dtype) for name, shape in self.shapes.items()}

    def loss(self, params, x, y, weights=None):
        """Mean loss of a batch: a number, or an array (...) of one for each run; arguments of `loss_and_grads`."""
        self.check(params, x, y, weights)
        return self.criterion(self.forward(params, x), y, weights)[0]

    def loss_and_grads(self, params, x, y, weights=None):
        """Mean loss of a batch, and its gradient by each parameter.

        Parameters
        ----------
        params : dict of arrays
            As from `init`; with further axes in front, many networks at once.
        x : array (..., B, d_in)
            In the dtype of ``params``.
        y : array (..., B)
            Labels 0 .. classes - 1, or the numbers to be predicted.
        weights : number or array (..., B), optional
            Factor on the loss of each example, as from `Batches.weights`; 1 by default.  The weighted sum is still
            divided by B.

        Returns
        -------
        loss : number, or array (...)
        grads : dict of arrays, named and shaped as ``params``

        Raises
        ------
        TypeError, ValueError
            For missing parameters, wrong shapes and dtypes, NaN and infinity in the data, labels out of range.
        """
        self.check(params, x, y, weights)
        return self.backward(params, x, y, weights)

    def predict(self, params, x):
        """The class with the largest output: integers (..., B)."""
        self.check(params, x)
        return self.forward(params, x).argmax(axis=-1)

    def accuracy(self, params, x, y):
        """Share of the examples whose class is predicted correctly: a number, or an array (...)."""
        if self.classes is None:
            raise TypeError(f"{type(self).__name__}.accuracy: it predicts numbers, not classes; use loss")
        self.check(params, x, y)
        return (self.forward(params, x).argmax(axis=-1) == y).mean(axis=-1)

    def evaluate(self, params, data):
        """Loss and accuracy on all examples of `Data`, block by block and unchecked; accuracy is None without classes.

        Both are numbers, or arrays (...) of one for each run.
        """
        loss = correct = 0.0
        rows = max(16, BLOCK // max(int(np.prod(shape)) for shape in self.shapes.values()))
        for first in range(0, len(data), rows):
            x, y = data.x[first : first + rows], data.y[first : first + rows]
            output = self.forward(params, x)
            loss = loss + self.criterion(output, y)[0] * (len(y) / len(data))
            if self.classes:
                correct = correct + (output.argmax(axis=-1) == y).sum(axis=-1)
        return loss, correct / len(data) if self.classes else None

    def __repr__(self):
        numbers = sum(int(np.prod(shape)) for shape in self.shapes.values())
        return f"<{type(self).__name__}: {self.d_in} inputs, {numbers:,} parameters>"

    # --- checks ----------------------------------------------------------------------------------------------

    def check(self, params, x, y=None, weights=None):
        """Raise TypeError or ValueError unless these fit the network and each other; see `loss_and_grads`."""
        who = type(self).__name__
        dtype = self._check_params(who, params)
        if not isinstance(x, np.ndarray) or x.ndim < 2 or x.shape[-1] != self.d_in or not x.size:
            raise ValueError(f"{who}: x {_form(x)}; it must be an array of shape (..., B, {self.d_in})")
        if x.dtype != dtype:
            raise TypeError(f"{who}: x has dtype {x.dtype}, but params have {dtype}; make both the same with astype")
        if not np.isfinite(x).all():
            raise ValueError(f"{who}: x contains NaN or infinity; only finite numbers are allowed")
        if y is not None:
            self._check_answers(who, x, y)
        if weights is not None:
            values = np.asarray(weights)
            if values.shape not in ((), x.shape[:-1]):
                raise ValueError(
                    f"{who}: weights have shape {values.shape}; a number or one a row of x, {x.shape[:-1]}, is allowed"
                )
            if values.dtype.kind not in "fiu" or not (np.isfinite(values) & (values >= 0)).all():
                raise ValueError(f"{who}: weights={weights!r} must be finite numbers of at least 0")

    def _check_params(self, who, params):
        """The common dtype of the parameters."""
        if not isinstance(params, Mapping) or set(params) != set(self.shapes):
            names = ", ".join(map(repr, params)) if isinstance(params, Mapping) else f"a {type(params).__name__}"
            raise ValueError(f"{who}: params is {names}; it must be a dict with {', '.join(map(repr, self.shapes))}")
        dtypes = {name: getattr(value, "dtype", type(value).__name__) for name, value in params.items()}
        dtype = next(iter(dtypes.values()))
        for name, shape in self.shapes.items():
            if np.shape(params[name])[np.ndim(params[name]) - len(shape) :] != shape:
                raise ValueError(
                    f"{who}: params[{name!r}] has shape {np.shape(params[name])}; it must be {shape}, or end so"
                )
            if dtypes[name] != dtype or dtypes[name] not in (np.float32, np.float64):
                raise TypeError(f"{who}: params[{name!r}] is {dtypes[name]}; all must be float64, or all float32")
        return dtype

    def _check_answers(self, who, x, y):
        if not isinstance(y, np.ndarray) or y.shape != x.shape[:-1]:
            raise ValueError(f"{who}: y {_form(y)}; it must be an array of shape {x.shape[:-1]}, one answer a row of x")
        if self.classes is None:
            if y.dtype.kind != "f" or not np.isfinite(y).all():
                fault = "contains NaN or infinity" if y.dtype.kind == "f" else f"has dtype {y.dtype}"
                raise ValueError(f"{who}: y {fault}; it must hold finite floats")
        elif y.dtype.kind not in "iu":
            raise TypeError(f"{who}: y has dtype {y.dtype}; it must hold integers, the labels 0 to {self.classes - 1}")
        elif y.min() < 0 or y.max() >= self.classes:
            wrong = y.min() if y.min() < 0 else y.max()
            raise ValueError(f"{who}: y contains the label {wrong}; labels from 0 to {self.classes - 1} are allowed")


def stack(many):
    """One dict with a new first axis from a sequence of equal dicts of arrays: many networks as one."""
    many = list(many)
    if not many:
        raise ValueError("stack: many is empty; it needs at least one dict of parameters")
    return {name: np.stack([params[name] for params in many]) for name in many[0]}


def pick(params, *index):
    """The parameters of one network out of many: ``pick(params, 3)``, or ``pick(params, 3, 0)`` with two such axes."""
    return {name: value[index] for name, value in params.items()}


def glorot(rng, d_in, d_out):
    """Normal weights of variance 2 / (in + out): signals keep their size both ways where the activation is near linear.

    Source: X. Glorot, Y. Bengio (2010), Understanding the difficulty of training deep feedforward neural networks,
    AISTATS, equation 12.
    """
    return rng.standard_normal((d_in, d_out)) * np.sqrt(2 / (d_in + d_out))


def he(rng, d_in, d_out):
    """Normal weights of variance 2 / in: signals keep their size where the activation passes half of them.

    Source: K. He, X. Zhang, S. Ren, J. Sun (2015), Delving Deep into Rectifiers, ICCV, equation 10.
    """
    return rng.standard_normal((d_in, d_out)) * np.sqrt(2 / d_in)


def _form(value):
    return f"has shape {value.shape}" if isinstance(value, np.ndarray) else f"is a {type(value).__name__}"
