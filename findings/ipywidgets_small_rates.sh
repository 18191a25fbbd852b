#!/usr/bin/env bash
# Library: ipywidgets 8.1.9, interact(train, lr=0.001) and FloatLogSlider(value=0.01).
# Guess:   a slider around .001 whose step and readout fit its range; a logarithmic slider that stands at .01, or an error
#          where .01 is outside of its range.
# Happens: interact makes a slider from -.001 to .003 with the step .1, 25 times its whole range, that shows two decimals:
#          "0.00" wherever it stands, and it begins at a negative rate. (1e-4, .1) has the step .1
#          too. FloatLogSlider reaches from 1 to 10,000 by default, and .01 silently becomes 1; so does 0 become min.
# Matters: the first plot of a notebook with FloatLogSlider(value=0.01) trains at a rate of 1. min and max, in powers of
#          ten, have to be given, and interact wants three numbers, (1e-4, .1, 1e-4), and still shows two decimals.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'ipywidgets==8.1.9' 'ipython==9.4.0'
cat > "$folder/check.py" <<'PY'
import ipywidgets
from ipywidgets import FloatLogSlider, interactive


def slider(abbreviation):
    return interactive(lambda lr: None, lr=abbreviation).children[0]


print("ipywidgets", ipywidgets.__version__)
for abbreviation in (0.001, (1e-4, 0.1), (1e-4, 0.1, 1e-4)):
    made = slider(abbreviation)
    print(f"lr={abbreviation}: from {made.min} to {made.max} by {made.step}, shown as {made.value:{made.readout_format}}")
    assert made.step == (1e-4 if isinstance(abbreviation, tuple) and len(abbreviation) == 3 else 0.1)
    assert made.readout_format == ".2f"
one = slider(0.001)
assert (one.min, one.max, one.value) == (-0.001, 0.003, 0.001) and f"{one.value:{one.readout_format}}" == "0.00"
for guess, settings in ((0.01, {}), (100.0, {}), (20000.0, {}), (0.01, {"min": -5, "max": 0})):
    seen = FloatLogSlider(value=guess, **settings).value
    print(f"FloatLogSlider(value={guess}, {settings}): guess {guess}, seen {seen}")
    assert seen == (guess if settings else min(max(guess, 1.0), 1e4))
assert FloatLogSlider(value=0.0, min=-5, max=0).value == 1e-5
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" | sed 's/\x1b\[2K//g'
