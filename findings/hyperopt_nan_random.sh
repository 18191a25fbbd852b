#!/usr/bin/env bash
# Library: hyperopt 0.3.0, fmin(algo=tpe.suggest) where part of the trials give a loss of NaN.
# Guess:   NaN counts as a bad loss, so that after its 20 random trials TPE draws where the losses are finite.
# Happens: a trial whose loss is NaN counts for nothing, not even among the 20. Where rates above .3 diverge, 17 of 60
#          trials have a loss, and all 60 are those of a random search, to the last digit: 43 diverge. With infinity or 10
#          in place of NaN it is 33, 17 of them among the first 20. No warning; the best trial is right.
# Matters: the search that is meant to keep away from rates at which training diverges never starts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'hyperopt==0.3.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version
from math import inf, nan

import numpy as np
from hyperopt import Trials, fmin, hp, rand, tpe


def rates(algorithm, diverged):
    """The rates of 60 trials; the loss of those above .3 is `diverged`."""
    trials = Trials()
    fmin(
        lambda rate: (rate - 0.1) ** 2 if rate < 0.3 else diverged, hp.uniform("rate", 0, 1), algo=algorithm, max_evals=60,
        trials=trials, rstate=np.random.default_rng(0), show_progressbar=False,
    )
    return np.array(trials.vals["rate"])


chance = rates(rand.suggest, nan)
print("hyperopt", version("hyperopt"))
for diverged in (nan, inf, 10.0):
    seen = rates(tpe.suggest, diverged)
    print(f"{diverged}: {sum(seen > 0.3)} of 60 trials diverge, the same as at random: {np.array_equal(seen, chance)}")
    assert sum(seen[:20] > 0.3) == 17
    assert np.array_equal(seen, chance) == (diverged is nan) and sum(seen > 0.3) == (43 if diverged is nan else 33)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
