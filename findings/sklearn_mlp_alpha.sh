#!/usr/bin/env bash
# Library: scikit-learn 1.9.1, alpha of MLPRegressor and MLPClassifier with solver="adam" or "sgd".
# Guess:   alpha is the L2 penalty, "divided by the sample size" as the documentation says: the sample is the training set, so
#          the best weights do not depend on the batch size, nor on the solver.
# Happens: it is divided by the number of examples in the batch. Of 1000 examples in batches of 10 the penalty is 100 times as
#          strong as in one batch, or with solver="lbfgs": a weight of 2.73 becomes .3. With the default batch of 200 and
#          60,000 examples it would be 300 times. A short last batch has a stronger penalty than the others.
# Matters: to change the batch size changes what is minimized; an alpha found with one solver or batch size, or on a part of
#          the data in one batch, is another one with the next. alpha times batch size over training examples is what the
#          documentation's formula needs.
# Source:  https://github.com/scikit-learn/scikit-learn/issues/10477 (closed) tells of the division by the sample size
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
cat > "$folder/check.py" <<'PY'
import numpy as np
import sklearn
from sklearn.neural_network import MLPRegressor

EXAMPLES, ALPHA = 1000, 100.0
rng = np.random.default_rng(0)
x = rng.normal(size=(EXAMPLES, 3))
y = x @ [1.0, 2.0, 3.0]


def ridge(alpha):
    return np.linalg.solve(x.T @ x + alpha * np.eye(3), x.T @ y)


def weights(alpha=ALPHA, **options):
    """A network without hidden layer is linear: its optimum is known."""
    network = MLPRegressor(
        hidden_layer_sizes=(), activation="identity", alpha=alpha, max_iter=200, tol=0, n_iter_no_change=1000,
        learning_rate_init=0.01, random_state=0, **options,
    )
    return network.fit(x, y).coefs_[0].ravel()


print("scikit-learn", sklearn.__version__)
print("guess:", ridge(ALPHA).round(2), "for all, the optimum by the formula of the documentation")
assert np.abs(weights(solver="lbfgs") - ridge(ALPHA)).max() < 0.02
print("seen: ", weights(solver="lbfgs").round(2), "lbfgs")
for batch in (200, 10):
    seen, stronger = weights(batch_size=batch), ridge(ALPHA * EXAMPLES / batch)
    print("seen: ", seen.round(2), f"adam, batches of {batch}; optimum with alpha times {EXAMPLES / batch:g}:", stronger.round(2))
    assert np.abs(seen - stronger).max() < 0.1 and np.abs(seen - ridge(ALPHA)).max() > 0.5
    cured = weights(ALPHA * batch / EXAMPLES, batch_size=batch)
    print("cure: ", cured.round(2))
    assert np.abs(cured - ridge(ALPHA)).max() < 0.1
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
