#!/usr/bin/env bash
# Library: pytorch-metric-learning 2.9.0 with torch 2.13.0, TripletMarginLoss and MPerClassSampler with default settings.
# Guess:   the loss of a batch is the mean over its triplets, as that of torch's TripletMarginLoss: as fewer of them
#          break the margin it falls toward 0, and so does its gradient. An epoch of the sampler has as many examples as the
#          data set.
# Happens: the mean is taken over those alone whose loss is not 0 (AvgNonZeroReducer). While the share of broken triplets
#          falls from 59 % to .02 % and their mean loss to a ten-thousandth, the reported loss goes from .23 to .06. The
#          gradient at the embeddings becomes nine times as long, where by torch it falls to a three-hundredth: the few
#          triplets that are left get all the weight. An epoch of MPerClassSampler has 100,000 examples, of any data set.
# Matters: curves, plateaus and early stopping see little of the progress, and the steps of SGD grow toward the end. An
#          "epoch" may be a thousand passes over the data, and a schedule or patience counted in epochs with it.
#          reducer=MeanReducer() and length_before_new_iter=len(labels) mend both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'scikit-learn==1.9.1' 'pytorch-metric-learning==2.9.0'
cat > "$folder/check.py" <<'PY'
import torch
from pytorch_metric_learning import __version__
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.reducers import MeanReducer
from pytorch_metric_learning.samplers import MPerClassSampler
from torch.nn.functional import normalize, one_hot, triplet_margin_loss

MARGIN = 0.05
torch.manual_seed(0)
NOISE, LABELS = 0.5 * torch.randn(64, 16), torch.arange(64) % 8
same = LABELS[:, None] == LABELS[None]
ANCHOR, POSITIVE, NEGATIVE = torch.where((same & ~torch.eye(64, dtype=torch.bool))[:, :, None] & ~same[:, None, :])


def by_torch(points):
    """The mean over all triplets by torch, and the share of those with a loss."""
    points = normalize(points)
    losses = triplet_margin_loss(points[ANCHOR], points[POSITIVE], points[NEGATIVE], margin=MARGIN, reduction="none")
    return losses.mean(), (losses > 0).float().mean().item()


def length(loss, points):
    return torch.autograd.grad(loss, points)[0].norm().item()


print("pytorch-metric-learning", __version__, "torch", torch.__version__)
seen = []
for pull in (0, 1, 2, 4):
    points = (pull * one_hot(LABELS, 16) + NOISE).requires_grad_()
    loss, mended = TripletMarginLoss(margin=MARGIN)(points, LABELS), \
        TripletMarginLoss(margin=MARGIN, reducer=MeanReducer())(points, LABELS)
    mean, share = by_torch(points)
    assert abs(mended.item() - mean.item()) < 1e-6
    seen.append((share, mean.item(), loss.item(), length(mean, points), length(loss, points)))
    print(f"classes {pull} apart: {share:.2%} of the triplets have a loss; mean by torch {mean.item():.6f}, here "
          f"{loss.item():.4f}; "
          f"length of the gradient by torch {seen[-1][3]:.6f}, here {seen[-1][4]:.4f}")
first, last = seen[0], seen[-1]
assert first[0] > 0.5 and last[0] < 0.0003 and last[1] / first[1] < 2e-4 and last[2] / first[2] > 0.25
assert last[3] / first[3] < 0.005 and 7 < last[4] / first[4] < 11

labels = list(range(10)) * 10
for settings in ({}, {"length_before_new_iter": len(labels)}):
    count = len(list(MPerClassSampler(labels, m=2, batch_size=20, **settings)))
    print(f"examples in an epoch over a data set of {len(labels)}, MPerClassSampler({settings}): {count}")
    assert count == (100 if settings else 100000)
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
