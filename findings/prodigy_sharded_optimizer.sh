#!/usr/bin/env bash
# Library: prodigyopt 1.1.2 in ZeroRedundancyOptimizer of torch 2.13.0, two processes (gloo, on a CPU), each with the same
#          batch.
# Guess:   the same training as with Prodigy in each process: ZeroRedundancyOptimizer only decides which process keeps the
#          averages of which weights. With AdamW it is so to the last bit.
# Happens: Prodigy finds its learning rate from sums over all weights, and here each process sums over its own share. The
#          two halves of the model are trained at rates of their own, .06 and .10 where the whole model gives .08.
# Matters: weights and losses differ from those of one process, and with the number of processes; no rate that is logged
#          on one process is that of the model. Prodigy adds up its sums over processes only for weights that it takes for
#          those of FullyShardedDataParallel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'prodigyopt==1.1.2'
cat > "$folder/check.py" <<'PY'
import sys

import torch
import torch.distributed as dist
from prodigyopt import Prodigy
from torch.distributed.optim import ZeroRedundancyOptimizer

INPUTS = torch.randn(64, 10, generator=torch.Generator().manual_seed(1))
TARGETS = 3 * INPUTS[:, :1]


def train(make):
    """The weights after a training, and what Prodigy estimated in this process."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(10, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1))
    model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = make(model.parameters())
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(INPUTS), TARGETS).backward()
        optimizer.step()
    weights = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    return weights, getattr(optimizer, "optim", optimizer).param_groups[0].get("d")


def check(rank, file):
    dist.init_process_group("gloo", init_method="file://" + file, rank=rank, world_size=2)
    adam, _ = train(lambda weights: torch.optim.AdamW(weights, lr=0.01))
    sharded_adam, _ = train(lambda weights: ZeroRedundancyOptimizer(weights, torch.optim.AdamW, lr=0.01))
    weights, rate = train(lambda weights: Prodigy(weights, lr=1.0))
    sharded_weights, sharded_rate = train(lambda weights: ZeroRedundancyOptimizer(weights, Prodigy, lr=1.0))
    rates = [None, None]
    dist.all_gather_object(rates, sharded_rate)
    difference = (weights - sharded_weights).abs().max().item()
    if rank == 0:
        print("torch", torch.__version__)
        print("AdamW: largest difference of a weight", (adam - sharded_adam).abs().max().item())
        print(f"Prodigy: rate {rate:.3f}; sharded: {rates[0]:.3f} and {rates[1]:.3f}; difference of a weight {difference:.2f}")
    assert torch.equal(adam, sharded_adam)
    assert max(rates) > 1.3 * min(rates) and difference > 0.05
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.multiprocessing.spawn(check, (sys.argv[1],), nprocs=2)
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/meeting"
