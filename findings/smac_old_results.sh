#!/usr/bin/env bash
# Library: smac 2.4.1, HyperparameterOptimizationFacade with default settings, a script run twice in one folder.
# Guess:   the second run evaluates the function that it was given; to go on with an old run one asks for it.
# Happens: the name of the output folder, smac3_output/..., is made of the scenario alone (space, number of trials, seed). A
#          second run finds the folder of the first, counts its trials as done, and calls the function not once.
# Matters: after a change to the training code (another loss, other data, a bug mended) the "best" settings and their loss
#          are those of the old code: .3 with loss 0 for a function that is .16 there. overwrite=True cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'smac==2.4.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import logging
import sys
from importlib.metadata import version

from ConfigSpace import ConfigurationSpace
from smac import HyperparameterOptimizationFacade, Scenario

logging.disable(logging.CRITICAL)
calls = []
minimum, overwrite = float(sys.argv[1]), sys.argv[2] == "overwrite"


def loss(config, seed=0):
    calls.append(config["x"])
    return (config["x"] - minimum) ** 2


scenario = Scenario(ConfigurationSpace({"x": (0.0, 1.0)}), deterministic=True, n_trials=12)
search = HyperparameterOptimizationFacade(scenario, loss, overwrite=overwrite)
best = search.optimize()
cost = search.runhistory.get_cost(best)
print(f"smac {version('smac')} minimum {minimum} called {len(calls)} best {best['x']:.2f} loss {cost:.4f}")
PY
cd "$folder"
run() {
    "$folder/venv/bin/python" -W ignore "$folder/check.py" "$@" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
}
first=$(run 0.3 continue)
second=$(run 0.7 continue)
third=$(run 0.7 overwrite)
echo "guess: each run calls its function 12 times and finds its own minimum"
printf 'seen:  %s\n' "$first" "$second" "$third, overwrite=True"
[[ $first == *"called 12 best 0."[23]* && $second == *"called 0 best 0."[23]*"loss 0.00"* && $third == *"called 12 best 0."[67]* ]]
