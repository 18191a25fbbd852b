"""MLX on a CPU."""

import mlx.core as mx
import mlx.optimizers as of

from ..common import FACTORS, MATRICES, Run, record

LR, DECAY = {"learning_rate": 0.01}, {"weight_decay": 0.1}
RUNS = [
    Run("SGD", of.SGD),
    Run("SGD momentum", of.SGD, {"momentum": 0.9}),
    Run("SGD nesterov", of.SGD, {"momentum": 0.9, "nesterov": True}),
    Run("SGD dampening", of.SGD, {"momentum": 0.9, "dampening": 0.9}),
    Run("SGD decay", of.SGD, {"momentum": 0.9, **DECAY}),
    Run("Adam", of.Adam),
    Run("Adam bias_correction", of.Adam, {"bias_correction": True}),
    Run("AdamW", of.AdamW),
    Run("AdamW decay, bias_correction", of.AdamW, {**DECAY, "bias_correction": True}),
    Run("Adamax", of.Adamax),
    Run("RMSprop", of.RMSprop),
    Run("Adagrad", of.Adagrad),
    Run("AdaDelta", of.AdaDelta),
    Run("Lion", of.Lion),
    Run("Lion decay", of.Lion, DECAY),
    Run("Adafactor", of.Adafactor, {}, FACTORS),
    Run("Adafactor rate", of.Adafactor, {**LR, "relative_step": False}, FACTORS),
    Run("Muon", of.Muon, {}, MATRICES),
    Run("Muon decay 0", of.Muon, {"weight_decay": 0.0}, MATRICES),
]
for each in RUNS:
    each.lr = None if each.name == "Adafactor" else 0.01  # only this one has a default: a rate of its own


def walk(run, dtype, x0, gradients, factors):
    kind = getattr(mx, dtype)
    weights = {"weight": mx.array(x0, kind)}
    optimizer = run.make(**({"learning_rate": run.lr} | run.settings))
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            optimizer.learning_rate = run.lr * factor
        weights = optimizer.apply_gradients({"weight": mx.array(gradient, kind)}, weights)
        mx.eval(weights, optimizer.state)
        yield weights["weight"].tolist()


if __name__ == "__main__":
    mx.set_default_device(mx.cpu)
    record("mlx", ["mlx"], RUNS, walk)
