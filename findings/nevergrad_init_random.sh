#!/usr/bin/env bash
# Library: nevergrad 1.0.12 with NumPy 2.4.6, RandomSearch over Log or Scalar with lower, upper, and init.
# Guess:   init says where a search begins: it is tried first, or matters only to methods that walk. A random search draws
#          from the whole range with it as without it.
# Happens: init changes what is drawn. Without it all of the range is equally likely; with it draws crowd around init, for
#          Log in a bell whose spread is a sixth of the logarithm's range, and init itself is not tried. Of 2,000 rates from
#          [1e-5, 1] with init=.5 none is below 1e-3, where 40 % are without it. Of whole numbers from 16 to 512 with
#          init=256 half fall into the two middle tenths. LHSSearch and HaltonSearch do not heed init at all.
# Matters: naming the rate in use today makes the search blind to what is far from it: a best rate of 1e-4 is missed by a
#          factor of 14 after 2,000 trials, and the two "random searches" that one compares are not of the same space.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'numpy==2.4.6' 'nevergrad==1.0.12'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import nevergrad
import numpy as np


def draws(method, parameter, number=2000):
    parameter.random_state.seed(0)
    search = nevergrad.optimizers.registry[method](parametrization=parameter, budget=number)
    return np.array([search.ask().value for _ in range(number)])


print("nevergrad", version("nevergrad"), "NumPy", np.__version__)
shares, closest = {}, {}
for method in ("RandomSearch", "LHSSearch", "HaltonSearch"):
    for init in (None, 0.01, 0.5):
        rates = draws(method, nevergrad.p.Log(lower=1e-5, upper=1.0, init=init))
        shares[method, init], closest[method, init] = np.mean(rates < 1e-3), np.exp(np.abs(np.log(rates / 1e-4)).min())
        print(f"{method} over [1e-5, 1], init={init}: first {rates[0]:.5f}, smallest {rates.min():.6f}, "
              f"{shares[method, init]:.1%} below 1e-3 (guess 40 %), closest to 1e-4: by a factor of {closest[method, init]:.2f}")
        if method == "RandomSearch" and init == 0.01:
            spread = np.std(np.log(rates))
            print(f"    spread of the logarithm {spread:.2f}, a sixth of its range {np.log(1e5) / 6:.2f}")
            assert abs(spread - np.log(1e5) / 6) < 0.1 and not np.any(np.isclose(rates[:100], init, rtol=1e-6))
assert 0.38 < shares["RandomSearch", None] < 0.42 and closest["RandomSearch", None] < 1.01
assert shares["RandomSearch", 0.5] == 0 and closest["RandomSearch", 0.5] > 10 and shares["RandomSearch", 0.01] < 0.15
for method in ("LHSSearch", "HaltonSearch"):
    assert shares[method, None] == shares[method, 0.01] == shares[method, 0.5]

tenths = {}
for init in (None, 256):
    widths = draws("RandomSearch", nevergrad.p.Scalar(lower=16, upper=512, init=init).set_integer_casting())
    tenths[init] = np.histogram(widths, bins=10, range=(16, 512))[0]
    print(f"whole numbers from 16 to 512, init={init}: draws in each tenth of the range", tenths[init])
assert tenths[None].min() > 150 and tenths[256][9] < 100 and 900 < tenths[256][4] + tenths[256][5] < 1150
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
