"""Keras's optimizers, on the backend that the environment names."""

import keras
import numpy as np

from .common import FACTORS, MATRICES, Run, record

OF = keras.optimizers
RUNS = [
    Run("SGD", OF.SGD),
    Run("SGD momentum", OF.SGD, {"momentum": 0.9}),
    Run("SGD nesterov", OF.SGD, {"momentum": 0.9, "nesterov": True}),
    Run("SGD decay", OF.SGD, {"weight_decay": 0.1}),
    Run("SGD momentum decay", OF.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    Run("SGD clipnorm", OF.SGD, {"clipnorm": 1.0}),
    Run("SGD clipvalue", OF.SGD, {"clipvalue": 0.5}),
    Run("Adam", OF.Adam),
    Run("Adam decay", OF.Adam, {"weight_decay": 0.1}),
    Run("Adam amsgrad", OF.Adam, {"amsgrad": True}),
    Run("Adam epsilon", OF.Adam, {"epsilon": 1e-3}),
    Run("Adam clipnorm", OF.Adam, {"clipnorm": 1.0}),
    Run("AdamW", OF.AdamW),
    Run("AdamW decay", OF.AdamW, {"weight_decay": 0.1}),
    Run("Adamax", OF.Adamax),
    Run("Nadam", OF.Nadam),
    Run("RMSprop", OF.RMSprop),
    Run("RMSprop momentum", OF.RMSprop, {"momentum": 0.9}),
    Run("RMSprop centered", OF.RMSprop, {"centered": True}),
    Run("Adagrad", OF.Adagrad),
    Run("Adagrad start 0", OF.Adagrad, {"initial_accumulator_value": 0.0}),
    Run("Adadelta", OF.Adadelta),
    Run("Lion", OF.Lion),
    Run("Lion decay", OF.Lion, {"weight_decay": 0.1}),
    Run("Ftrl", OF.Ftrl),
    Run("Lamb", OF.Lamb),
    Run("Adafactor", OF.Adafactor, {}, FACTORS),
    Run("ScheduleFreeAdamW", OF.ScheduleFreeAdamW),
    Run("Muon", OF.Muon, {}, MATRICES),
    Run("Muon decay 0, rms_rate None", OF.Muon, {"weight_decay": 0.0, "rms_rate": None}, MATRICES),
]


def walk(run, dtype, x0, gradients, factors):
    keras.config.set_floatx(dtype)
    weight = keras.Variable(np.array(x0, dtype), dtype=dtype, name="weight")
    optimizer = run.make(**run.settings)
    optimizer.build([weight])
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            optimizer.learning_rate = run.lr * factor
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, dtype), dtype=dtype)], [weight])
        yield np.array(keras.ops.convert_to_numpy(weight))


def record_on(backend, package):
    assert keras.backend.backend() == backend
    record(f"keras_{backend}", ["keras", package, "numpy"], RUNS, walk)
