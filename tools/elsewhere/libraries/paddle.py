"""Paddle on a CPU."""

import paddle

from ..common import Run, record, signature

OF = paddle.optimizer
DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("SGD", OF.SGD),
    Run("SGD decay", OF.SGD, DECAY),
    Run("Momentum", OF.Momentum),
    Run("Momentum nesterov", OF.Momentum, {"use_nesterov": True}),
    Run("Momentum decay", OF.Momentum, DECAY),
    Run("Adam", OF.Adam),
    Run("Adam decay", OF.Adam, DECAY),
    Run("Adam amsgrad", OF.Adam, {"amsgrad": True}),
    Run("Adam epsilon", OF.Adam, {"epsilon": 1e-3}),
    Run("AdamW", OF.AdamW),
    Run("AdamW decay", OF.AdamW, DECAY),
    Run("Adamax", OF.Adamax),
    Run("NAdam", OF.NAdam),
    Run("NAdam decay", OF.NAdam, DECAY),
    Run("RAdam", OF.RAdam),
    Run("RMSProp", OF.RMSProp),
    Run("RMSProp momentum", OF.RMSProp, {"momentum": 0.9}),
    Run("RMSProp centered", OF.RMSProp, {"centered": True}),
    Run("Adagrad", OF.Adagrad),
    Run("Adagrad start 0.1", OF.Adagrad, {"initial_accumulator_value": 0.1}),
    Run("Adadelta", OF.Adadelta),
    Run("ASGD", OF.ASGD),
    Run("ASGD batch_num", OF.ASGD, {"batch_num": 4}),
    Run("Rprop", OF.Rprop),
    Run("Lamb", OF.Lamb),
    Run("Lamb decay 0", OF.Lamb, {"lamb_weight_decay": 0.0}),
]
for each in RUNS:
    if each.name in ("RMSProp", "RMSProp momentum", "RMSProp centered") or each.name.startswith("Adagrad"):
        each.lr = 0.01  # they have no default rate


def walk(run, dtype, x0, gradients, factors):
    weight = paddle.create_parameter(
        paddle.to_tensor(x0, dtype=dtype).shape, dtype, default_initializer=paddle.nn.initializer.Constant(0.0)
    )
    weight.set_value(paddle.to_tensor(x0, dtype=dtype))
    optimizer = run.make(**{"learning_rate": run.lr, **run.settings}, parameters=[weight])
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            optimizer.set_lr(run.lr * factor)
        weight.grad = paddle.to_tensor(gradient, dtype=dtype)
        optimizer.step()
        yield weight.numpy()


def defaults(run):
    return {name: value for name, value in signature(run.make).items() if name not in ("parameters", "name")}


if __name__ == "__main__":
    paddle.set_device("cpu")
    record("paddle", ["paddlepaddle", "numpy"], RUNS, walk, defaults=defaults)
