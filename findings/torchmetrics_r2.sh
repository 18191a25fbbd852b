#!/usr/bin/env bash
# Library: torchmetrics 1.9.0 with torch 2.13.0, R2Score on float32, against scikit-learn 1.9.1 on the same float32 numbers.
# Guess:   the share of explained variance does not depend on an offset of the data; .91 stays .91 if 10,000 is added to all
#          targets and predictions, which float32 holds to a thousandth.
# Happens: it becomes 1.007, more than a share can be. The sum and the sum of squares are kept, in float32, and the variance
#          is a difference of the two, of which rounding leaves nothing. scikit-learn says .91 of the same numbers;
#          PearsonCorrCoef of the same library is right, too.
# Matters: years, prices, temperatures in kelvin: where the mean is large beside the spread the score is noise, and a score
#          of .99 makes no one look twice. R2Score().set_dtype(torch.float64) with float64 data, or targets with their mean
#          taken off, cures it.
# Source:  https://github.com/Lightning-AI/torchmetrics/issues/3077 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'torchmetrics==1.9.0' 'scikit-learn==1.9.1'
cat > "$folder/check.py" <<'PY'
import sklearn
import sklearn.metrics
import torch
import torchmetrics

generator = torch.Generator().manual_seed(0)
TARGETS = torch.randn(10_000, generator=generator)
PREDICTIONS = TARGETS + 0.3 * torch.randn(10_000, generator=generator)


def score(metric, offset, dtype=torch.float32):
    for predictions, targets in zip(PREDICTIONS.split(100), TARGETS.split(100), strict=True):
        metric.update((predictions + offset).to(dtype), (targets + offset).to(dtype))
    return round(metric.compute().item(), 4)


def of_sklearn(offset):
    return round(sklearn.metrics.r2_score((TARGETS + offset).numpy(), (PREDICTIONS + offset).numpy()), 4)


print("torchmetrics", torchmetrics.__version__, "torch", torch.__version__, "scikit-learn", sklearn.__version__)
print("guess:", score(torchmetrics.R2Score(), 0), "whatever is added; by scikit-learn:", of_sklearn(1e4), "with 10,000 added")
seen = {offset: score(torchmetrics.R2Score(), offset) for offset in (0, 1e2, 1e3, 1e4)}
for offset, value in seen.items():
    print(f"seen:  {value} with {offset:g} added")
assert abs(seen[0] - of_sklearn(0)) < 1e-3
assert abs(of_sklearn(1e4) - of_sklearn(0)) < 5e-3
assert abs(seen[1e4] - of_sklearn(1e4)) > 0.05
assert abs(score(torchmetrics.PearsonCorrCoef(), 1e4) - score(torchmetrics.PearsonCorrCoef(), 0)) < 1e-2
assert abs(score(torchmetrics.R2Score().set_dtype(torch.float64), 1e4, torch.float64) - of_sklearn(1e4)) < 1e-3
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
