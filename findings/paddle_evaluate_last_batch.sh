#!/usr/bin/env bash
# Library: PaddlePaddle 3.3.1, paddle.Model: evaluate(), the logs of fit() and the callback EarlyStopping.
# Guess:   the loss that evaluate() returns is the mean over the data set, as metrics are and as in Keras.
# Happens: it is the loss of the last batch alone, and the loss in the logs of fit() is, too. EarlyStopping, whose
#          default is monitor="loss", goes by that number, and so does the "best model" it stores.
# Matters: the loss of 10 examples with 0 to 9 is 4.5; evaluate() says 8.5 with batches of 4, 9 with batches of 1 or 3.
#          Where the last batch is a short one, one or two examples decide when training ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'paddlepaddle==3.3.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import paddle


class Numbers(paddle.io.Dataset):
    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return np.float32([self.values[index]]), np.float32([0])


class Distance(paddle.nn.Layer):
    def forward(self, output, target):
        return (output - target).abs().mean()


class Logs(paddle.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen, self.epochs = None, 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen, self.epochs = logs["loss"][0], epoch + 1


def build(rate=0.0):
    start = paddle.nn.initializer.Constant(1.0)
    layer = paddle.nn.Linear(1, 1, weight_attr=start, bias_attr=False)
    model = paddle.Model(layer)
    model.prepare(paddle.optimizer.SGD(rate, parameters=layer.parameters()), Distance())
    return model, layer


print("PaddlePaddle", paddle.__version__)
ten = Numbers(range(10))
for size, last in ((10, 4.5), (4, 8.5), (3, 9.0), (1, 9.0)):
    model, _ = build()
    loss = model.evaluate(ten, batch_size=size, verbose=0)["loss"][0]
    logs = Logs()
    model.fit(ten, batch_size=size, epochs=1, verbose=0, shuffle=False, callbacks=[logs])
    print(f"loss of 0..9 in batches of {size}: guess: 4.5, seen: {loss} from evaluate, {logs.seen} in the log of fit")
    assert loss == logs.seen == last

# The error of 30 validation examples falls with the weight, that of the last one, alone in its batch, grows.
model, layer = build(rate=0.01)
logs = Logs()
stop = paddle.callbacks.EarlyStopping(monitor="loss", patience=2, verbose=0, save_best_model=False)
validation = Numbers([1.0] * 30 + [-1.0])


class Shifted(Distance):
    def forward(self, output, target):
        return (output + 2 * (output < 0).astype("float32")).abs().mean()


model.prepare(model._optimizer, Shifted())
model.fit(Numbers([1.0]), validation, batch_size=10, epochs=20, verbose=0, callbacks=[stop, logs])
mean = np.mean([float(Shifted()(layer(paddle.to_tensor([[value]])), 0)) for value in validation.values])
print(f"EarlyStopping: mean loss 1 at the start, {mean:.3f} and falling; guess: 20 epochs, seen: {logs.epochs}")
assert logs.epochs < 6 and mean < 1
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2>&1 | grep -v -i ccache
