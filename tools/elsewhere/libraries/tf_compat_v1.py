"""tf.compat.v1.train: the optimizers of TensorFlow 1, which take the learning rate as an argument."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf

from ..common import Run, record, signature

OF = tf.compat.v1.train
RATES = {"Adam": 0.001, "RMSProp": 0.001, "Adagrad": 0.001, "Adadelta": 0.001}  # the first two as they are in Keras
RUNS = [
    Run("GradientDescentOptimizer", OF.GradientDescentOptimizer),
    Run("MomentumOptimizer", OF.MomentumOptimizer, {"momentum": 0.9}),
    Run("MomentumOptimizer nesterov", OF.MomentumOptimizer, {"momentum": 0.9, "use_nesterov": True}),
    Run("AdamOptimizer", OF.AdamOptimizer),
    Run("AdamOptimizer epsilon", OF.AdamOptimizer, {"epsilon": 1e-3}),
    Run("RMSPropOptimizer", OF.RMSPropOptimizer),
    Run("RMSPropOptimizer momentum", OF.RMSPropOptimizer, {"momentum": 0.9}),
    Run("RMSPropOptimizer centered", OF.RMSPropOptimizer, {"centered": True}),
    Run("AdagradOptimizer", OF.AdagradOptimizer),
    Run("AdadeltaOptimizer", OF.AdadeltaOptimizer),
    Run("FtrlOptimizer", OF.FtrlOptimizer),
    Run("ProximalGradientDescentOptimizer", OF.ProximalGradientDescentOptimizer),
    Run("ProximalAdagradOptimizer", OF.ProximalAdagradOptimizer),
]
for each in RUNS:
    each.lr = RATES.get(each.name.split("Opt")[0], 0.01)


def walk(run, dtype, x0, gradients, factors):
    weight = tf.Variable(x0, dtype=dtype, use_resource=True)
    rate = [run.lr]
    # A function that is called at each step is their way to change the rate; some take a number alone.
    fixed = run.name.startswith(("Proximal", "Ftrl"))
    optimizer = run.make(learning_rate=run.lr if fixed else lambda: rate[0], **run.settings)
    for gradient, factor in zip(gradients, factors, strict=True):
        rate[0] = run.lr * factor
        if fixed:
            optimizer._learning_rate_tensor = tf.constant(rate[0], tf.float32)
        optimizer.apply_gradients([(tf.constant(gradient, dtype), weight)])
        yield weight.numpy()


def defaults(run):
    return {name: value for name, value in signature(run.make).items() if name != "name"}


if __name__ == "__main__":
    record("tf_compat_v1", ["tensorflow", "numpy"], RUNS, walk, defaults=defaults)
