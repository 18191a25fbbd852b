"""Adaptive rules and Adam's family against torch.optim: the same 300 gradients, float64, the whole path to 1e-12.

Fed gradients, not a closed loop: near a minimum a loop amplifies the last bit.  Momentum, Nesterov and ASGD stand in
test_rules_momentum.
"""

import numpy as np
import pytest
import torch

import optlib as ol
from oracles import SHAPE, STEPS, TOLERANCE, path, torch_path

pytestmark = pytest.mark.usefixtures("float64_by_default")


def betas(h):
    """Our beta1 and beta2 as torch's pair; the other hyper-parameters by torch's names."""
    names = {"psi": "momentum_decay"}
    rest = {names.get(k, k): v for k, v in h.items() if k not in ("beta1", "beta2")}
    return {"betas": (h["beta1"], h["beta2"]), **rest}


def radam(h):
    assert h.pop("threshold") == 5.0, "torch's threshold is fixed"
    return betas(h)


# Our rule -> torch's class, and our hyper-parameters by torch's names.
TORCH = {
    "AdaGrad": (torch.optim.Adagrad, dict),
    "RMSProp": (torch.optim.RMSprop, lambda h: {("alpha" if k == "beta2" else k): v for k, v in h.items()}),
    "AdaDelta": (torch.optim.Adadelta, dict),
    "Adam": (torch.optim.Adam, betas),
    "AdaMax": (torch.optim.Adamax, betas),
    "Nadam": (torch.optim.NAdam, betas),
    "AdamW": (torch.optim.AdamW, betas),
    "AMSGrad": (torch.optim.Adam, lambda h: {"amsgrad": True, **betas(h)}),
    "RAdam": (torch.optim.RAdam, radam),
}


def draw(name, seed):
    """Random hyper-parameters, a start and gradients whose size changes over four orders of magnitude."""
    rng = np.random.default_rng([seed, len(name)])
    ranges = {
        "lr": lambda: 10 ** rng.uniform(-4, 0), "eps": lambda: 10 ** rng.uniform(-10, -3),
        "beta1": lambda: rng.uniform(0, 0.999), "beta2": lambda: rng.uniform(0.5, 0.9999),
        "rho": lambda: rng.uniform(0, 0.99), "weight_decay": lambda: 10 ** rng.uniform(-4, 0),
        "psi": lambda: 10 ** rng.uniform(-4, 0), "centered": lambda: bool(seed % 2), "threshold": lambda: 5.0,
    }  # fmt: skip
    hypers = {h: ranges[h]() for h in ol.OPTIMIZERS[name].hypers}
    sizes = 10 ** rng.uniform(-2, 2, size=(STEPS, 1, 1))
    # From 0 the path is nothing but its steps, and errors are relative to them; weight decay needs a weight.
    start = rng.standard_normal(SHAPE) * ("weight_decay" in hypers)
    return hypers, start, sizes * rng.standard_normal((STEPS, *SHAPE))


def relative_error(ours, theirs):
    """Largest error of a coordinate, relative to the size of that coordinate's path."""
    return (np.abs(ours - theirs) / np.abs(theirs).max(axis=0)).max()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", TORCH)
def test_path_is_torchs(name, seed):
    hypers, x, gradients = draw(name, seed)
    make, by_torchs_names = TORCH[name]
    ours = path(ol.OPTIMIZERS[name](**hypers), x, gradients)
    theirs = torch_path(make, x, gradients, **by_torchs_names(dict(hypers)))
    assert relative_error(ours, theirs) <= TOLERANCE


@pytest.mark.parametrize("name", TORCH)
def test_defaults_are_torchs(name):
    make, by_torchs_names = TORCH[name]
    theirs = make([torch.nn.Parameter(torch.zeros(1))]).defaults
    ours = by_torchs_names(ol.OPTIMIZERS[name]().settings())
    if name == "AMSGrad":
        ours.pop("amsgrad")
    assert {k: theirs[k] for k in ours} == ours
    # What torch has and the rule leaves out is off unless it is asked for; AdamW's decay is the rule's own.
    for extra in {"weight_decay", "momentum", "lr_decay", "initial_accumulator_value"} & set(theirs) - set(ours):
        assert theirs[extra] == 0


def test_torch_keeps_nadams_product_in_its_default_precision():
    hypers, x, gradients = draw("Nadam", 0)
    torch.set_default_dtype(torch.float32)  # the fixture sets it back
    theirs = torch_path(torch.optim.NAdam, x, gradients, **betas(hypers))
    assert 1e-12 < relative_error(path(ol.Nadam(**hypers), x, gradients), theirs) < 1e-4


def test_centered_rmsprop_goes_on_where_torchs_turns_nan():
    """With a steady gradient the variance tends to 0, and rounding makes it negative."""
    x, gradients = np.ones(7), [np.array([0.1, 0.3, 0.7, 1.1, 3.3, 1e3, 1e-3])] * 4000
    theirs = torch_path(torch.optim.RMSprop, x, gradients, centered=True, alpha=0.9)
    ours = path(ol.RMSProp(centered=True, beta2=0.9), x, gradients)
    assert np.isnan(theirs[-1]).any()
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours[:50], theirs[:50], rtol=1e-9)


def test_weight_decay_is_decoupled_in_adamw_only():
    for name in TORCH:
        assert ("weight_decay" in ol.OPTIMIZERS[name].hypers) == (name == "AdamW")
