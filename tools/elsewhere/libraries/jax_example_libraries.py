"""jax.example_libraries.optimizers: three functions a rule; the rate is a function of the step."""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import jax.numpy as jnp
from jax.example_libraries import optimizers as of

from ..common import Run, record

RUNS = [
    Run("sgd", of.sgd),
    Run("momentum", of.momentum, {"mass": 0.9}),
    Run("nesterov", of.nesterov, {"mass": 0.9}),
    Run("adagrad", of.adagrad),
    Run("rmsprop", of.rmsprop),
    Run("rmsprop_momentum", of.rmsprop_momentum),
    Run("adam", of.adam),
    Run("adamax", of.adamax),
    Run("sm3", of.sm3, {}, ("vector", "zeros", "matrix")),
]
for each in RUNS:
    each.lr = 0.01  # no rule has a default rate


def walk(run, dtype, x0, gradients, factors):
    rates = jnp.asarray([run.lr * factor for factor in factors])
    init, update, weights = run.make(lambda step: rates[step], **run.settings)
    state = init(jnp.asarray(x0, dtype))
    for step, gradient in enumerate(gradients):
        state = update(step, jnp.asarray(gradient, dtype), state)
        yield weights(state)


if __name__ == "__main__":
    record("jax_example_libraries", ["jax", "jaxlib"], RUNS, walk)
