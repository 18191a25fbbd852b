#!/usr/bin/env bash
# Library: optuna 5.0.0 (samplers with seed=0) and hyperopt 0.3.0 (fmin with rstate), a search that is continued, or shared by
#          several workers.
# Guess:   a study that is loaded with its five trials goes on: the sampler knows what was tried, so that the next five are
#          new ones.
# Happens: the state of the generator is not part of the study. RandomSampler, and TPESampler as long as it has fewer than ten
#          trials, propose the first points once more, to the last digit; so does hyperopt's random search.
# Matters: a random search in 4 jobs of 5 trials is 5 settings, each trained 4 times; the same holds for workers with one
#          seed. Nothing is said. QMCSampler, which counts in the study, goes on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optuna==5.0.0' 'hyperopt==0.3.0' 'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import hyperopt
import numpy
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
JOBS, TRIALS = 4, 5


def by_optuna(sampler, **options):
    """Numbers tried by jobs that load the study, one after the other, and different ones among them."""
    storage = optuna.storages.InMemoryStorage()
    for _ in range(JOBS):
        study = optuna.create_study(storage=storage, study_name="search", load_if_exists=True, sampler=sampler(seed=0, **options))
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=TRIALS)
    tried = [trial.params["x"] for trial in study.trials]
    return len(tried), len(set(tried))


def by_hyperopt():
    trials = hyperopt.Trials()
    for job in range(1, JOBS + 1):
        hyperopt.fmin(lambda x: (x - 0.3) ** 2, hyperopt.hp.uniform("x", 0, 1), algo=hyperopt.rand.suggest, trials=trials,
                      max_evals=job * TRIALS, rstate=numpy.random.default_rng(0), show_progressbar=False)
    return len(trials.vals["x"]), len(set(trials.vals["x"]))


print("optuna", optuna.__version__, "hyperopt", version("hyperopt"), "trials, different ones among them")
print("guess: (20, 20)")
seen = {
    "optuna RandomSampler": by_optuna(optuna.samplers.RandomSampler),
    "optuna TPESampler": by_optuna(optuna.samplers.TPESampler),
    "optuna QMCSampler": by_optuna(optuna.samplers.QMCSampler, scramble=True),
    "hyperopt rand.suggest": by_hyperopt(),
}
for name, counts in seen.items():
    print("seen: ", counts, name)
assert seen["optuna RandomSampler"] == seen["hyperopt rand.suggest"] == (20, 5)
assert seen["optuna TPESampler"][1] <= 15 and seen["optuna QMCSampler"][1] >= 19
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
