#!/usr/bin/env bash
# Library: scikit-learn 1.9.1, SGDClassifier(average=True) trained by calls of partial_fit.
# Guess:   partial_fit goes on where the call before ended: fifty calls with a hundred examples each, in their order, are one
#          call with all; without `average`, and for SGDRegressor with it, they are, to the last digit.
# Happens: the weights go on, but the intercept under the average starts at 0 again in each call (only its average is
#          kept), and the other weights make up for it. Example by example the intercept stays about 0.
# Matters: where the classes do not part at the origin, the smaller the batches the worse the classifier: of 2,000 examples
#          of which a sixth is positive it gets .999 right trained in whole epochs, .90 in batches of 100, .67 one by one;
#          to say "negative" each time gets .84. It comes without a warning, and standardized inputs do not help.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy
import sklearn
from sklearn.linear_model import SGDClassifier, SGDRegressor

inputs = numpy.random.default_rng(0).normal(size=(2000, 2))
labels = (inputs[:, 0] > 1).astype(int)
targets = 3 + 2 * inputs[:, 0]


def trained(batch, average, regressor=False):
    """Five epochs of partial_fit over the examples in their order."""
    options = {"learning_rate": "constant", "shuffle": False, "random_state": 0, "average": average}
    if regressor:
        model = SGDRegressor(eta0=0.01, **options)
    else:
        model = SGDClassifier(loss="log_loss", eta0=0.1, **options)
    for _ in range(5):
        for start in range(0, len(inputs), batch):
            part = slice(start, start + batch)
            if regressor:
                model.partial_fit(inputs[part], targets[part])
            else:
                model.partial_fit(inputs[part], labels[part], classes=[0, 1])
    return model


print("scikit-learn", sklearn.__version__, "intercept, accuracy by size of the batch; labels: x > 1;", labels.mean(), "positive")
print("guess: the size of the batch makes no difference")
scores = {}
for average in (False, True):
    seen = {}
    for batch in (2000, 100, 10, 1):
        model = trained(batch, average)
        seen[batch] = round(model.intercept_.item(), 2), round(model.score(inputs, labels), 3)
    print("seen: ", seen, f"average={average}")
    scores[average] = seen
assert len(set(scores[False].values())) == 1 and scores[False][1][1] > 0.99
assert scores[True][2000][1] > 0.99 and scores[True][100][1] < 0.95 and scores[True][1][1] < 0.75
assert scores[True][2000][0] < -3 and scores[True][1][0] > -0.1
one_by_one, whole = trained(1, True, regressor=True), trained(2000, True, regressor=True)
assert numpy.allclose(one_by_one.intercept_, whole.intercept_) and numpy.allclose(one_by_one.coef_, whole.coef_)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
