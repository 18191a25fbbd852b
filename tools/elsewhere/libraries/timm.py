"""timm.optim: by its factory, `create_optimizer_v2`, with the names that one writes there.

Its other half asks for torchvision, whose build has to be that of torch: the optimizers are loaded without it.
"""

import importlib.util
import sys
import types

for name in ("timm", "timm.models"):
    module = types.ModuleType(name)
    module.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations) if name == "timm" else []
    module.group_parameters = None
    sys.modules.setdefault(name, module)

from timm.optim import create_optimizer_v2, get_optimizer_class  # noqa: E402

from ..common import FACTORS, MATRICES, Run, record  # noqa: E402
from ..torch_api import defaults, walk  # noqa: E402

DECAY = {"weight_decay": 0.1}


def factory(name):
    def make(weights, **settings):
        return create_optimizer_v2(weights, opt=name, **settings)

    return make


def run(name, settings=None, sees=None, words="", **more):
    settings = settings or {}
    return Run(f"{name} {words}".strip(), factory(name), settings, sees or ("scalar", "vector", "zeros"), **more)


NAMES = """sgd momentum sgdw adam adamw adamwlegacy nadam nadamlegacy nadamw radam radamlegacy adamax rmsprop rmsproptf
    adagrad adadelta lion adopt adoptw adan adanw adabelief laprop cadamw clion cadopt claprop madgrad madgradw
    radabelief novograd cmars"""
RUNS = [
    *(run(name) for name in NAMES.split()),
    run("sgd", DECAY, words="decay"),
    run("sgdw", DECAY, words="decay"),
    run("adam", DECAY, words="decay"),
    run("adamw", DECAY, words="decay"),
    run("nadamw", DECAY, words="decay"),
    run("lion", DECAY, words="decay"),
    run("adan", DECAY, words="decay"),
    run("adanw", DECAY, words="decay"),
    run("adopt", DECAY, words="decay"),
    run("rmsproptf", DECAY, words="decay"),
    run("adamw", {"eps": 1e-3}, words="eps"),
    run("lookahead_sgd", words=""),
    run("lookahead_adam", words=""),
    run("lars"),
    run("lars", DECAY, words="decay"),
    run("lamb"),
    run("lamb", DECAY, words="decay"),
    run("adafactor", sees=FACTORS),
    run("mars", sees=FACTORS),
    run("muon", sees=MATRICES),
    run("muon", {"nesterov": True, "momentum": 0.95}, MATRICES, "nesterov"),
    run("nmuon", sees=MATRICES),
    run("adamuon", sees=MATRICES),
    Run("Muon class", get_optimizer_class("muon", bind_defaults=False), {}, MATRICES),
    run("kron", sees=("matrix", "square"), note="draws random numbers; seed 0"),
]

if __name__ == "__main__":
    record("timm", ["timm", "torch"], RUNS, walk, defaults=defaults)
