#!/usr/bin/env bash
# Library: scikit-learn 1.9.1, MLPRegressor and MLPClassifier with solver="sgd", learning_rate="invscaling".
# Guess:   the rate is learning_rate_init / t ** power_t, and t, the time step of the documentation, counts updates or
#          epochs. With power_t=.5 it is .71 of the first one in the second epoch, or falls smoothly from update to update.
# Happens: t is the number of examples seen, and is looked at once an epoch. The whole first epoch runs at the full rate, the
#          second at 1 / sqrt(n + 1) of it: a tenth with 100 examples, a hundredth with 10,000, a thousandth with a million.
# Matters: the same updates, made of batches that hold each example 100 times, learn less: R squared .49 for .76 after 200
#          epochs, and 1.00 at a constant rate. A network for many examples stays where its first epoch left it, and a rate
#          that was found on a part of the data is another one on all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import sklearn
from sklearn.neural_network import MLPRegressor

RATE = 0.05
X = np.random.default_rng(0).normal(size=(100, 3))
Y = X @ [1.0, 2.0, 3.0]


def network(copies, **settings):
    """Ten batches an epoch, whatever the copies: gradients, and so updates at one rate, are the same."""
    return MLPRegressor(
        hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=RATE, power_t=0.5, momentum=0.0,
        nesterovs_momentum=False, batch_size=10 * copies, shuffle=False, alpha=0.0, tol=0.0, n_iter_no_change=10**6,
        max_iter=200, random_state=0, **settings,
    )


def data(copies):
    """Each batch of ten examples, repeated, so that it has the mean gradient of the ten."""
    order = np.repeat(np.arange(100).reshape(10, 10), copies, axis=0).ravel()
    return X[order], Y[order]


print("scikit-learn", sklearn.__version__)
scores, constant = [], []
for copies in (1, 100):
    grown = network(copies, learning_rate="invscaling")
    rates = [RATE]
    for _ in range(3):
        grown.partial_fit(*data(copies))
        rates.append(grown._optimizer.learning_rate)
    scores.append(network(copies, learning_rate="invscaling").fit(*data(copies)).score(X, Y))
    constant.append(network(copies, learning_rate="constant").fit(*data(copies)).score(X, Y))
    shares = np.round(np.array(rates) / RATE, 4).tolist()
    print(f"{100 * copies} examples, 10 updates an epoch: rates of epochs 1 to 4 as parts of the first: {shares}; "
          f"R squared after 200 epochs {scores[-1]:.3f}, at a constant rate {constant[-1]:.3f}")
    assert np.allclose(rates[1:], [RATE / np.sqrt(100 * copies * epoch + 1) for epoch in (1, 2, 3)])
assert scores[1] < scores[0] - 0.1 and min(constant) > 0.999
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
