"""Time of a Muon step on the kernels of ResNet-18, beside torch.optim.Muon at equal precision, in one process.

    python -m benchmarks.muon_step float32

Prints processor seconds of each, their ratio, and the largest difference of a weight in learning rates.  torch casts to
bfloat16 within the step; here its cast is taken out.  It refuses kernels, so it gets them as matrices.
"""

import sys
import time

import torch

import optlib as ol
from optlib.torch_driver import TorchOptimizer

LR, ROUNDS = 0.02, 5
SHAPES = [(64, 147), *[(64, 576)] * 4]
for n in (128, 256, 512):
    SHAPES += [(n, 9 * n // 2), *[(n, 9 * n)] * 3, (n, n // 2)]


def parameters(dtype):
    torch.manual_seed(0)
    params = [torch.nn.Parameter(torch.randn(shape, dtype=dtype)) for shape in SHAPES]
    for p in params:
        p.grad = torch.randn_like(p)
    return params


def seconds(step):
    start = time.process_time()
    step()
    return time.process_time() - start


def main(dtype="float32"):
    torch.set_num_threads(1)
    torch.Tensor.bfloat16 = torch.Tensor.clone
    a, b = parameters(getattr(torch, dtype)), parameters(getattr(torch, dtype))
    theirs, ours = torch.optim.Muon(a, lr=LR, weight_decay=0.0), TorchOptimizer(b, ol.Muon(lr=LR))
    times = [(seconds(theirs.step), seconds(ours.step)) for _ in range(ROUNDS)]
    theirs, ours = map(min, zip(*times, strict=True))
    off = max((p - q).abs().max().item() for p, q in zip(a, b, strict=True)) / LR
    print(f"torch.optim.Muon {theirs:.2f} s, Muon {ours:.2f} s, ratio {theirs / ours:.2f}, difference {off:.0e} lr")


if __name__ == "__main__":
    main(*sys.argv[1:])
