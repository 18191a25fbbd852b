#!/usr/bin/env bash
# Library: torchmetrics 1.9.0 with torch 2.13.0: metrics of two classes fed with logits, which their documentation allows.
# Guess:   one update with all predictions and several updates with their parts give one result.
# Happens: each update decides for itself whether it was given logits: only if one of them lies outside [0, 1]. A batch of
#          logits between 0 and 1 counts as probabilities. The accuracy of a model that is always right is 1 in one batch and
#          1/3 in batches of two.
# Matters: results depend on the batch size and on the order of the data, most of all with small batches and early in
#          training, when logits are small. AUROC mixes both scales into one ranking. torch.sigmoid before the metric cures
#          it.
# Source:  https://github.com/Lightning-AI/torchmetrics/issues/1604 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'torchmetrics==1.9.0'
cat > "$folder/check.py" <<'PY'
import torch
import torchmetrics
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

LOGITS = torch.tensor([0.2, 0.4, -0.3, -2.0, 0.1, 0.3])
LABELS = (LOGITS > 0).int()


def result(kind, batch, of_logits=torch.clone):
    metric = kind()
    for logits, labels in zip(LOGITS.split(batch), LABELS.split(batch), strict=True):
        metric.update(of_logits(logits), labels)
    return round(metric.compute().item(), 3)


print("torchmetrics", torchmetrics.__version__, "torch", torch.__version__)
for kind in (BinaryAccuracy, BinaryAUROC):
    print(f"{kind.__name__:14} guess: 1, however it is cut;",
          f"seen: {result(kind, 6)} in one batch, {result(kind, 2)} in twos, {result(kind, 1)} one by one")  # fmt: skip
    assert result(kind, 6) == result(kind, 2, torch.sigmoid) == result(kind, 1, torch.sigmoid) == 1.0
assert result(BinaryAccuracy, 2) == result(BinaryAccuracy, 1) == 0.333
assert result(BinaryAUROC, 1) < 1
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
