#!/usr/bin/env bash
# Library: torchmetrics 1.9.0 with torch 2.13.0, a MetricCollection of two accuracies with different top_k or threshold.
# Guess:   each metric of a collection gives what it gives alone.
# Happens: after the first batch the collection puts metrics together whose states are equal by then, and from there on fills
#          one state for all. Top-1 and top-5 accuracy have equal states as long as no answer is among the five but not the
#          first: in the first batch of an untrained network with 100 classes, or of one that is always right. The two are
#          one metric from there on, reset() and later epochs included. No warning.
# Matters: top-5 accuracy is reported as .18 for .9; accuracies at thresholds .5 and .9, with and without ignore_index, merge
#          in the same way. It hangs on the order of the data. compute_groups=False cures it.
# Source:  https://github.com/Lightning-AI/torchmetrics/issues/2596 and /2916 (closed) tell of it for metrics of one's own
#          and for BLEU
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'torchmetrics==1.9.0'
cat > "$folder/check.py" <<'PY'
import torch
import torchmetrics
from torchmetrics.classification import BinaryAccuracy, MulticlassAccuracy

CLASSES = 100


def batch(places):
    """Scores for which the answers of 100 examples are in these places, counted from 0, and the answers."""
    answers = torch.arange(CLASSES)
    scores = -((answers - answers[:, None]) % CLASSES).float()  # each class is a place after the one before
    scores[answers, answers] = -places - 0.5
    return scores, answers


def tops(**options):
    return torchmetrics.MetricCollection({f"top{k}": MulticlassAccuracy(CLASSES, top_k=k) for k in (1, 5)}, **options)


def thresholds(**options):
    return torchmetrics.MetricCollection({f"at {level:.0%}": BinaryAccuracy(level) for level in (0.5, 0.9)}, **options)


def values(collection, batches):
    for scores, answers in batches:
        collection.update(scores, answers)
    result = {name: round(value.item(), 2) for name, value in collection.compute().items()}
    collection.reset()
    return result


torch.manual_seed(0)
far, near = batch(torch.full((CLASSES,), 50)), batch(torch.arange(CLASSES) % 5)
sure, unsure = (torch.tensor([0.95, 0.05]), torch.tensor([1, 0])), (torch.full((98,), 0.7), torch.ones(98, dtype=torch.int))
print("torchmetrics", torchmetrics.__version__, "torch", torch.__version__)
for make, first, later in (tops, far, near), (thresholds, sure, unsure):
    epoch = [first] + 9 * [later]
    alone, collection = values(make(compute_groups=False), epoch), make()
    seen = values(collection, epoch)
    print(f"guess: {alone}\nseen:  {seen}, in the next epoch {values(collection, epoch)}")
    a, b = seen.values()
    assert a == b == values(collection, epoch[::-1])[next(iter(seen))] and seen != alone
    assert values(make(), epoch[::-1]) == alone  # the same data the other way round
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
