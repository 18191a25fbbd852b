#!/usr/bin/env bash
# Library: optuna 5.0.0, PatientPruner and MedianPruner, a trial whose loss becomes NaN or explodes after a good start.
# Guess:   a run that diverges is what a pruner is for: PatientPruner(None, patience=3) ends it when it has not improved
#          for some reports, MedianPruner as soon as it is worse than the others.
# Happens: PatientPruner asks whether the best of the last reports is worse than the best before; where the last are all
#          NaN the answer is no, and the trial is never pruned: with infinity, or 2, in place of NaN it is at the sixth
#          report. MedianPruner compares the best report so far, NaN left out: .55, then 10,000 or NaN, beats .8, .7, .6
#          to the end.
# Matters: trials that have diverged run to their last epoch. Reporting infinity for NaN cures the one, a ThresholdPruner
#          the other; a trial whose first report is NaN is pruned by MedianPruner and not by PatientPruner.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'optuna==5.0.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from math import inf, nan

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def pruned_at(pruner, losses, others=()):
    """The number of the first report after which the pruner would end the trial, None if it never would."""
    study = optuna.create_study(pruner=pruner)
    for curve in [*others, losses]:
        trial = study.ask()
        for step, loss in enumerate(curve):
            trial.report(loss, step)
            if curve is losses and trial.should_prune():
                return step + 1
        study.tell(trial, 1.0)


print("optuna", optuna.__version__)
patient, median = optuna.pruners.PatientPruner(None, patience=3), optuna.pruners.MedianPruner()
others = [[1 + shift, 0.9 + shift, 0.8 + shift, 0.7 + shift, 0.6 + shift] for shift in (0.0, 0.01, 0.02, 0.03, 0.04)]
for name, pruner, losses, curves, guess, expected in (
    ("patient", patient, [1, 0.5] + 20 * [2.0], (), 6, 6),
    ("patient", patient, [1, 0.5] + 20 * [inf], (), 6, 6),
    ("patient", patient, [1, 0.5] + 20 * [nan], (), 6, None),
    ("patient", patient, 20 * [nan], (), 5, None),
    ("median", median, [0.95, 100.0, 1e4, 1e4, 1e4], others, 2, 2),
    ("median", median, [0.55, 100.0, 1e4, 1e4, 1e4], others, 2, None),
    ("median", median, [0.55, nan, nan, nan, nan], others, 2, None),
    ("median", median, 5 * [nan], others, 1, 1),
):
    seen = pruned_at(pruner, losses, curves)
    print(f"{name}, reports {str(losses[:4])[:-1]}, ...: guess: pruned at {guess}, seen {seen}")
    assert seen == expected
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
