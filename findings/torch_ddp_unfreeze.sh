#!/usr/bin/env bash
# Library: torch 2.13.0, DistributedDataParallel over two processes (gloo, on a CPU), a layer that is frozen when the model is
#          wrapped and unfrozen later.
# Guess:   once requires_grad is True again the layer's gradients are averaged like all others, or DDP says that it must be
#          wrapped anew.
# Happens: DDP takes note of the weights that require gradients at wrapping, and of no others. The unfrozen layer is trained
#          in each process by its own data alone: after 20 steps its weights differ between the processes, and the other
#          layer, whose averaged gradients come from different models, is the same in both.
# Matters: what is saved is the model of process 0, whose unfrozen layers saw one share of the data, below layers fitted to
#          a mixture. Neither the loss of a process nor anything else shows it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os
import socket

import torch
from torch.nn.parallel import DistributedDataParallel


def train(rank, port, when, results):
    """Twenty steps; the first layer is unfrozen before or after the model is wrapped."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    model[0].requires_grad_(when == "before")
    wrapped = DistributedDataParallel(model)
    model[0].requires_grad_(True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = torch.Generator().manual_seed(rank)
    for _ in range(20):
        inputs = torch.randn(8, 2, generator=data)
        optimizer.zero_grad()
        (wrapped(inputs) - inputs.sum(1, keepdim=True)).square().mean().backward()
        optimizer.step()
    results[rank] = [layer.weight.detach().clone() for layer in model]
    torch.distributed.destroy_process_group()


def differences(when):
    """How far the weights of the two layers are apart between the processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with torch.multiprocessing.Manager() as manager:
        results = manager.dict()
        torch.multiprocessing.spawn(train, (port, when, results), nprocs=2)
        return [(one - other).abs().max().item() for one, other in zip(results[0], results[1])]


if __name__ == "__main__":
    print("torch", torch.__version__)
    guess, seen = differences("before"), differences("after")
    print("guess: the processes differ by", guess, "in the two layers, as where all is unfrozen before wrapping")
    print("seen:  by", [round(number, 4) for number in seen])
    assert guess == [0, 0] and seen[0] > 0.005 and seen[1] == 0
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
