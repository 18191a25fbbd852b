#!/usr/bin/env bash
# Library: torch-lr-finder 0.2.2 with torch 2.13.0, LRFinder.range_test with its default settings.
# Guess:   smooth_f=0.05, "the loss smoothing factor", 0 for none, is a light smoothing, as .05 in TensorBoard would be; the
#          nearer to 1, the smoother. The curve then shows each loss at about the rate at which it came up.
# Happens: smooth_f is the weight of the new loss. 1 would be no smoothing, .99 hardly is, .05 is an average over 20 batches,
#          and .001, next to "off", keeps the curve within a tenth of its first value. The curve comes late by those batches, in
#          which the rate grows: its lowest point is at a rate of 1.23, four times that of the smallest loss.
# Matters: the plot looks clean and is moved to the right: at the rate of the curve's lowest point SGD diverges, and without
#          smoothing the test had ended before it. Who makes smooth_f smaller for a truer curve moves it further.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'matplotlib==3.11.2' 'torch-lr-finder==0.2.2'
cat > "$folder/check.py" <<'PY'
import contextlib
import io
from importlib.metadata import version

import matplotlib
import torch
from torch.utils.data import DataLoader, TensorDataset

matplotlib.use("Agg")
from torch_lr_finder import LRFinder  # noqa: E402

torch.manual_seed(0)
X = torch.randn(256, 10)
Y = X @ torch.randn(10, 1) + 0.1 * torch.randn(256, 1)


def setting(rate):
    torch.manual_seed(1)
    model = torch.nn.Linear(10, 1)
    return model, torch.optim.SGD(model.parameters(), lr=rate), DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)


def curve(smooth_f=None):
    model, optimizer, loader = setting(1e-4)
    finder = LRFinder(model, optimizer, torch.nn.MSELoss())
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        finder.range_test(loader, end_lr=10, num_iter=100, **({} if smooth_f is None else {"smooth_f": smooth_f}))
    losses = torch.tensor(finder.history["loss"])
    return finder.history["lr"], losses, (losses[1:] - losses[:-1]).abs()[:50].mean().item()


def trained(rate):
    model, optimizer, loader = setting(rate)
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
    return torch.nn.functional.mse_loss(model(X), Y).item()


print("torch-lr-finder", version("torch-lr-finder"), "torch", torch.__version__)
seen, last = {}, {}
for smooth_f in (0, 0.99, 0.5, None, 0.001):
    rates, losses, rough = curve(smooth_f)
    best = rates[int(losses.argmin())]
    seen[smooth_f], last[smooth_f] = (best, rough, losses), rates[-1]
    print(f"smooth_f={'default' if smooth_f is None else smooth_f}: from one point to the next the curve moves by {rough:.4f}; "
          f"losses {[round(loss, 2) for loss in losses[::15].tolist()]}; lowest at the rate {best:.3f}, where training ends at "
          f"a loss of {trained(best):.3g}")
(raw, rough, losses), (default, smooth, _) = seen[0], seen[None]
assert abs(seen[0.99][0] / raw - 1) < 0.01 and seen[0.99][1] > 0.95 * rough and (seen[0.99][2] - losses).abs().max() < 0.2
assert smooth < 0.06 * rough and 3.5 < default / raw < 4.5 and default > last[0] and seen[0.001][0] > default
assert seen[0.001][1] < 0.002 * rough and (seen[0.001][2][:80] / losses[0] - 1).abs().max() < 0.1
assert trained(raw) < 0.02 and not trained(default) < 1e6
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
