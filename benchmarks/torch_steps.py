"""Optimizer steps on the CPU, ours beside torch's: two parts of `benchmarks/training.py`.

1. Adam on the 62 tensors of ResNet-18 (11.17 million numbers), beside torch's own Adam in all its forms, the bare
   formula, and the time that memory alone asks for.
2. Every rule that treats each number by itself, on the largest of those tensors, beside torch's own or, where torch has
   none, that of pytorch-optimizer 4.1.0 if it is installed.

What is compared has made the same steps first, or nothing is compared.
"""

import importlib
import shutil
import warnings

import spine
import torch
from spine import ol, parameters

from optlib.torch_driver import TorchOptimizer
from optlib.vision import ResNet18, keep_memory

LARGEST = (512, 512, 3, 3)
TO_FUSED, TO_DEFAULT, TO_FLOOR, TO_FORMULA, TO_PEER = 1.05, 4.0, 1.3, 1.0, 1.0
CLOSE = {"rtol": 1e-4, "atol": 1e-6}  # float32, after some steps
PEERS = {
    "GradientDescent": lambda p: torch.optim.SGD(p, lr=0.01),
    "Momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "Nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "AdaGrad": torch.optim.Adagrad, "RMSProp": torch.optim.RMSprop, "AdaDelta": torch.optim.Adadelta,
    "Adam": torch.optim.Adam, "AdaMax": torch.optim.Adamax, "Nadam": torch.optim.NAdam, "AdamW": torch.optim.AdamW,
    "AMSGrad": lambda p: torch.optim.Adam(p, amsgrad=True), "RAdam": torch.optim.RAdam, "ASGD": torch.optim.ASGD,
}  # fmt: skip
NOT_OF_TORCH = ("Lion", "ADOPT", "AdEMAMix", "Adan", "AdaBelief", "LaProp")  # as pytorch-optimizer names them too
COLLECTION = "pytorch-optimizer"


def adam(turns, tensors=None):
    """Milliseconds of a step of Adam on ResNet-18's shapes, or on the first so many of them."""
    keep_memory()  # as `fit` does; it serves all rivals alike
    shapes = [tuple(p.shape) for p in ResNet18().parameters()][:tensors]
    makers = {
        "TorchOptimizer, compiled": lambda p: TorchOptimizer(p, ol.Adam(lr=1e-3), compile=True).step,
        "TorchOptimizer": lambda p: TorchOptimizer(p, ol.Adam(lr=1e-3)).step,
        "formula, tensor by tensor": formula,
        "torch fused": lambda p: torch.optim.Adam(p, lr=1e-3, fused=True).step,
        "torch default": lambda p: torch.optim.Adam(p, lr=1e-3).step,
        "torch foreach": lambda p: torch.optim.Adam(p, lr=1e-3, foreach=True).step,
        "torch for-loop": lambda p: torch.optim.Adam(p, lr=1e-3, foreach=False, fused=False).step,
    }
    if not can_compile():
        del makers["TorchOptimizer, compiled"]
    rivals, reached = {}, {}
    for name, make in makers.items():
        params = parameters(shapes)
        rivals[name] = make(params)
        for _ in range(3):
            rivals[name]()
        reached[name] = params
    for name, params in reached.items():
        for ours, theirs in zip(params, reached["torch default"], strict=True):
            torch.testing.assert_close(ours, theirs, **CLOSE, msg=lambda said, name=name: f"{name}: {said}")
    numbers = sum(p.numel() for p in reached["torch default"])
    times = spine.in_turns(turns, **rivals, **{"memory alone": memory_alone(numbers)})
    return {
        "tensors": len(shapes), "numbers": numbers,
        "milliseconds": spine.rounded({name: 1000 * t for name, t in spine.medians(times).items()}, 3),
    }  # fmt: skip


def formula(params):
    """The rule's own update on each tensor as it is, and nothing else."""
    rules = [ol.Adam(lr=1e-3) for _ in params]

    @torch.no_grad()
    def step():
        for p, rule in zip(params, rules, strict=True):
            p.copy_(rule.advance(p, p.grad))

    return step


def memory_alone(numbers):
    """What Adam cannot do without: x, g, m and v are read, x, m and v are written."""
    x, g, m, v = (torch.zeros(numbers) for _ in range(4))

    def step():
        x.add_(g)
        m.mul_(0.5)
        v.mul_(0.5)

    return step


def rules(turns, shape=LARGEST, names=None):
    """Milliseconds of a step of each rule on one tensor: compiled, plain, and of a peer where there is one.

    None for a peer of pytorch-optimizer where that is not installed.
    """
    keep_memory()
    library = collection()
    found = []
    for name, cls in ol.OPTIMIZERS.items():
        if not cls.elementwise or cls.reads != ("gradient",) or names and name not in names:
            continue
        rivals = {"plain": TorchOptimizer(parameters([shape]), cls()).step}
        if can_compile():
            rivals["compiled"] = TorchOptimizer(parameters([shape]), cls(), compile=True).step
        if name in PEERS:
            rivals["torch"] = PEERS[name](parameters([shape])).step
        elif name in NOT_OF_TORCH and library:
            rivals[COLLECTION] = getattr(library, name)(parameters([shape])).step
        for step in rivals.values():
            step()
        times = spine.medians(spine.in_turns(turns, **rivals))
        row = {"rule": name, **spine.rounded({who: 1000 * t for who, t in times.items()}, 3)}
        found.append(row | ({COLLECTION: None} if name in NOT_OF_TORCH and not library else {}))
    return found


def collection():
    """The module of pytorch-optimizer, which warns while it is imported; None without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("pytorch_optimizer")
        except ImportError:
            return None


def can_compile():
    return any(map(shutil.which, ("g++", "clang++")))


def goals(found):
    """What was asked of Adam's step: (what, figure, limit, and why it cannot be met where memory forbids it)."""
    ms = found["milliseconds"]
    ours, plain, alone = ms.get("TorchOptimizer, compiled"), ms["TorchOptimizer"], ms["memory alone"]
    yield "Adam, uncompiled, to the bare formula", plain / ms["formula, tensor by tensor"], f"<= {TO_FORMULA}", {}
    if ours is None:
        return
    yield "Adam, compiled, to torch fused", ours / ms["torch fused"], f"<= {TO_FUSED}", {}
    gain, most = ms["torch default"] / ours, ms["torch default"] / alone
    why = {"why": f"not reachable: reading and writing memory alone is {most:.1f} times as fast"}
    yield "torch's default Adam to ours compiled", gain, f">= {TO_DEFAULT}", why if gain < TO_DEFAULT > most else {}
    yield "Adam, compiled, to memory alone", ours / alone, f"<= {TO_FLOOR}", {}


def goals_of_rules(found):
    """That no rule's step, compiled, takes longer than its peer's: as `goals`, for each rule that was measured so."""
    for each in found:
        for peer in ("torch", COLLECTION):
            if "compiled" in each and each.get(peer):
                yield f"{each['rule']}, compiled, to {peer}", each["compiled"] / each[peer], f"<= {TO_PEER}", {}
