#!/usr/bin/env bash
# Library: PaddlePaddle 3.3.1, paddle.Model.fit(accumulate_grad_batches=k).
# Guess:   k batches make the step of one batch k times as large: the mean of their gradients, as in Keras, accelerate and
#          Lightning, which call their settings almost the same.
# Happens: the gradients are added up and divided by nothing: the step is k times as long. What is left at the end of an
#          epoch is a step, too, of its own length: with 10 batches and k = 4 the steps are 4, 4 and 2 times as long.
# Matters: a learning rate that is right for batches of 64 is 4 times too large for 4 batches of 16; a limit on the length of
#          the gradient is met by a sum. With Adam the factor cancels, except that short last steps weigh less in its averages.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'paddlepaddle==3.3.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import paddle


class Pairs(paddle.io.Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return self.rows

    def __getitem__(self, index):
        return np.float32([1]), np.float32([3])


def train(size, accumulate, epochs=1, rate=0.1, rows=160):
    """The weight after each step of a regression of 3 on 1, whose loss is (weight - 3)^2."""
    layer = paddle.nn.Linear(1, 1, weight_attr=paddle.nn.initializer.Constant(0.0), bias_attr=False)
    seen = [0.0]

    class Watch(paddle.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            weight = round(float(layer.weight.numpy()[0, 0]), 4)
            if weight != seen[-1]:
                seen.append(weight)

    model = paddle.Model(layer)
    model.prepare(paddle.optimizer.SGD(rate, parameters=layer.parameters()), paddle.nn.MSELoss())
    settings = {"batch_size": size, "accumulate_grad_batches": accumulate, "epochs": epochs}
    model.fit(Pairs(rows), verbose=0, shuffle=False, callbacks=[Watch()], **settings)
    return seen


print("PaddlePaddle", paddle.__version__)
large, four = train(64, 1), train(16, 4)
print("guess:", large, "for 4 batches of 16, as for batches of 64")
print("seen: ", four)
assert large == [0.0, 0.6, 1.08, 1.464] and four == [0.0, 2.4, 2.88, 2.928]  # sums: .1 * 4 * 6, .1 * 4 * 1.2, .1 * 2 * .24
large, four = train(64, 1, 10, 0.3, 192), train(16, 4, 10, 0.3, 192)
print(f"rate 0.3, ten epochs: guess: {large[-1]}, seen: {four[-1]:.4g}")
assert abs(large[-1] - 3) < 1e-3 and not abs(four[-1]) < 1e3
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2>&1 | grep -v -i ccache
