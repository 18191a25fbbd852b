#!/usr/bin/env bash
# Library: river 0.26.1, optim.AdaBound with a schedule for its learning rate.
# Guess:   as in the paper's program, the final rate is scaled by the present rate over the first one: under a rate that
#          falls with 1/sqrt(t), steps fall with 1/sqrt(t), as Adam's do.
# Happens: the final rate is multiplied by that ratio again in each step, and keeps the product: after t steps it has been
#          divided by sqrt(t!). Both bounds of the step are multiples of it. With a constant gradient the 10th step is a tenth
#          of Adam's, the 20th is 3e-9, and from the 36th on at the latest the weights stand still. The rate that is shown
#          has then fallen to 0.017.
# Matters: an online model stops learning after two dozen examples without a word; with a constant rate nothing is wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'river==0.26.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

from river import optim


def steps(make, rate, count=60):
    """Lengths of the steps of a weight whose gradient is always 1."""
    optimizer, weights, lengths = make(rate), {"x": 0.0}, []
    for _ in range(count):
        before = weights["x"]
        weights = optimizer.step(weights, {"x": 1.0})
        lengths.append(before - weights["x"])
    return lengths, optimizer.learning_rate


print("river", version("river"))
falling = lambda: optim.schedulers.InverseScaling(0.1, power=0.5)
adam, _ = steps(lambda rate: optim.Adam(rate), falling())
bound, shown = steps(lambda rate: optim.AdaBound(rate, final_lr=0.1), falling())
constant, _ = steps(lambda rate: optim.AdaBound(rate, final_lr=0.1), 0.1)
for t in (1, 2, 5, 10, 20, 40):
    print(f"step {t:2}: Adam, 0.1/sqrt(t) {adam[t - 1]:.3g}; AdaBound, 0.1/sqrt(t) {bound[t - 1]:.3g}; "
          f"AdaBound, 0.1 throughout {constant[t - 1]:.3g}")
print(f"rate shown after 60 steps: {shown:.4f}")
assert all(abs(length - 0.1 / t**0.5) < 1e-6 for t, length in enumerate(adam, start=1))
assert all(abs(length - 0.1) < 1e-6 for length in constant)
assert 0.08 < bound[9] / adam[9] < 0.14 and 0 < bound[19] < 1e-8 and not any(bound[35:]) and shown > 0.01
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
