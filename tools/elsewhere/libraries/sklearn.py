"""scikit-learn: what MLPClassifier and MLPRegressor step with."""

import numpy as np
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from ..common import Run, record

RUNS = [
    Run("sgd", SGDOptimizer, {"learning_rate_init": 0.001}),
    Run("sgd nesterovs_momentum False", SGDOptimizer, {"learning_rate_init": 0.001, "nesterov": False}),
    Run("sgd momentum 0", SGDOptimizer, {"learning_rate_init": 0.001, "momentum": 0.0}),
    Run("adam", AdamOptimizer, {"learning_rate_init": 0.001}),
    Run("adam epsilon", AdamOptimizer, {"learning_rate_init": 0.001, "epsilon": 1e-3}),
]


def walk(run, dtype, x0, gradients, factors):
    weights = [np.atleast_1d(np.array(x0, dtype))]
    optimizer = run.make(weights, **run.settings)
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            optimizer.learning_rate = optimizer.learning_rate_init = run.lr * factor
        optimizer.update_params(weights, [np.atleast_1d(np.array(gradient, dtype))])
        yield weights[0]


if __name__ == "__main__":
    record("sklearn", ["scikit-learn", "numpy"], RUNS, walk)
