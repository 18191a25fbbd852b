"""Muon's step on ResNet-18's tensors: `python benchmarks/muon_step.py [--out data/benchmarks/muon_step.json]`.

Its kernels and matrices, beside torch.optim.Muon at equal precision, on one thread of one process.  torch casts to
bfloat16 within the step; here its cast is taken out.  It refuses kernels, so it gets them as matrices.  Seconds are the
processor's.  Printed besides is the largest difference of a weight, in learning rates.
"""

import time

import spine
import torch
from spine import ol

from optlib.torch_driver import TorchOptimizer
from optlib.vision import keep_memory

LR, LEAST_RATIO = 0.02, 1.5
SHAPES = [(64, 147), *[(64, 576)] * 4]
for n in (128, 256, 512):
    SHAPES += [(n, 9 * n // 2), *[(n, 9 * n)] * 3, (n, n // 2)]


def main():
    parser = spine.command_line(__doc__)
    parser.add_argument("--precision", choices=("float32", "float64"), default="float32", help="default float32")
    parser.add_argument("--repeats", type=int, default=5, help="steps of each (default 5)")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    torch.set_num_threads(1)
    result, difference = steps(arguments.precision, arguments.repeats)
    print(f"{spine.table([result])}\nlargest difference of a weight: {difference:.0e} lr")
    record = {"command": "python benchmarks/muon_step.py --out data/benchmarks/muon_step.json"}
    record |= {"repeats": arguments.repeats, "results": [result], "largest_difference_in_lr": difference}
    spine.write(arguments.out, record)


def steps(precision, repeats):
    """The times of both as `spine.result` has them, and how far their weights come apart, in learning rates."""
    keep_memory()  # as `fit` does; it serves both alike
    torch.Tensor.bfloat16 = torch.Tensor.clone
    a, b = (spine.parameters(SHAPES, getattr(torch, precision)) for _ in range(2))
    theirs, ours = torch.optim.Muon(a, lr=LR, weight_decay=0.0), TorchOptimizer(b, ol.Muon(lr=LR))
    times = {"ours": [], "peer": []}
    for _ in range(repeats):
        times["ours"].append(seconds(ours.step))
        times["peer"].append(seconds(theirs.step))
    difference = max((p - q).abs().max().item() for p, q in zip(a, b, strict=True)) / LR
    what = f"a step of Muon on {len(SHAPES)} matrices, {precision}"
    return spine.result(what, "torch.optim.Muon without its cast", times, least_ratio=LEAST_RATIO), difference


def seconds(step):
    start = time.process_time()
    step()
    return time.process_time() - start


if __name__ == "__main__":
    main()
