#!/usr/bin/env bash
# Library: hyperopt 0.3.0 (hp.uniformint), nevergrad 1.0.12 (Scalar(...).set_integer_casting()), scikit-optimize 0.10.2
#          (Integer, in gp_minimize or Optimizer("GP")): random search over whole numbers.
# Guess:   a whole number from 1 to 4 is each of the four in a quarter of the draws, as by optuna 5.0.0.
# Happens: a fraction between 1 and 4 is drawn and rounded: the two ends come half as often as what lies between them. In
#          scikit-optimize it is the surrogate that decides: with "RF" in place of "GP" all come alike.
# Matters: the number of layers, or of warm-up epochs, has its ends tried too seldom: 1/6 for 1/4 each; with 0 to 2, 1/4 for
#          1/3. Compared by how often they were drawn, or by the best of their draws, the ends lose.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'hyperopt==0.3.0' 'nevergrad==1.0.12' 'scikit-optimize==0.10.2' 'optuna==5.0.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from collections import Counter
from importlib.metadata import version

import hyperopt
import nevergrad
import numpy
import optuna
import skopt
from hyperopt.pyll.stochastic import sample

DRAWS = 1000
optuna.logging.set_verbosity(optuna.logging.ERROR)


def by_optuna():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_int("layers", 1, 4), n_trials=DRAWS)
    return [trial.params["layers"] for trial in study.trials]


def by_hyperopt():
    generator = numpy.random.default_rng(0)
    space = hyperopt.hp.uniformint("layers", 1, 4)
    return [sample(space, rng=generator) for _ in range(DRAWS)]


def by_nevergrad():
    layers = nevergrad.p.Scalar(lower=1, upper=4).set_integer_casting()
    layers.random_state.seed(0)
    search = nevergrad.optimizers.RandomSearch(layers, budget=DRAWS)
    return [search.ask().value for _ in range(DRAWS)]


def by_skopt(surrogate):
    space = [skopt.space.Integer(1, 4)]
    search = skopt.Optimizer(space, surrogate, n_initial_points=DRAWS, random_state=0)
    points = []
    for _ in range(500):
        points.append(search.ask()[0])
        search.tell([points[-1]], 0.0)
    return points


def shares(draws):
    counts = Counter(int(draw) for draw in draws)
    return [round(counts[number] / len(draws), 2) for number in (1, 2, 3, 4)]


print(*(f"{name} {version(name)}" for name in ("hyperopt", "nevergrad", "scikit-optimize", "optuna")), "share of 1, 2, 3, 4")
print("guess:", shares(by_optuna()), "as optuna")
seen = {"hyperopt": shares(by_hyperopt()), "nevergrad": shares(by_nevergrad()), "skopt GP": shares(by_skopt("GP"))}
even = shares(by_skopt("RF"))
for name, found in seen.items():
    print("seen: ", found, name)
    assert max(found[0], found[3]) < 0.21 and min(found[1], found[2]) > 0.28
print("seen: ", even, "skopt RF")
assert all(0.2 < share < 0.3 for share in even + shares(by_optuna()))
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
