#!/usr/bin/env bash
# Library: scikit-learn 1.9.1, MLPRegressor and MLPClassifier trained by partial_fit, with set_params between the calls.
# Guess:   set_params(learning_rate_init=...) before a partial_fit is the rate of that call, as eta0 is for SGDRegressor.
# Happens: the optimizer is made in the first call and keeps its rate (and beta_1, beta_2, momentum, nesterovs_momentum):
#          get_params shows the new value, and the steps are to the last digit those of the old one. alpha is heeded.
# Matters: a warm-up, a decay or a rate found by a search between the calls does nothing: told to stop (1e-12) it goes on at
#          .01. No warning. Only a new fit makes a new optimizer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy
import sklearn
from sklearn.linear_model import SGDRegressor
from sklearn.neural_network import MLPRegressor

generator = numpy.random.default_rng(0)
inputs = generator.normal(size=(300, 4))
targets = inputs[:, 0] + 0.1 * generator.normal(size=300)


def second_step(model, **changes):
    """How far the weights go in a second call, after the parameters were changed."""
    def weights():
        return numpy.array(model.coef_ if hasattr(model, "coef_") else model.coefs_[0])

    model.partial_fit(inputs, targets)
    before = weights().copy()
    model.set_params(**changes)
    model.partial_fit(inputs, targets)
    assert all(model.get_params()[name] == value for name, value in changes.items())
    return float(numpy.abs(weights() - before).max())


def network(solver):
    return MLPRegressor(hidden_layer_sizes=(5,), solver=solver, learning_rate_init=0.01, random_state=0)


print("scikit-learn", sklearn.__version__, "largest change in the call after a rate of .01 was set to .01, 1e-12, 1")
print("guess: three numbers, the second about 0")
linear = [second_step(SGDRegressor(eta0=0.01, learning_rate="constant", random_state=0), eta0=rate) for rate in (0.01, 1e-12)]
print("seen: ", [round(change, 6) for change in linear], "SGDRegressor (without 1)")
assert linear[1] < 1e-9 < 1e-4 < linear[0]
for solver in ("adam", "sgd"):
    seen = [second_step(network(solver), learning_rate_init=rate) for rate in (0.01, 1e-12, 1.0)]
    print("seen: ", [round(change, 6) for change in seen], f"MLPRegressor(solver={solver!r})")
    assert seen[0] == seen[1] == seen[2] > 1e-3
other = [second_step(network("sgd"), momentum=momentum) for momentum in (0.9, 0.0)]
decay = [second_step(network("sgd"), alpha=alpha) for alpha in (1e-4, 10.0)]
print("seen: ", [round(change, 6) for change in other], "after momentum was set to .9, 0")
print("seen: ", [round(change, 6) for change in decay], "after alpha was set to 1e-4, 10")
assert other[0] == other[1] and decay[0] != decay[1]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
