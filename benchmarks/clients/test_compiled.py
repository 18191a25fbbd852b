"""torch's tests of optimizers, asked of every rule with kernels that torch.compile has traced: takes minutes."""

import functools

import pytest
import torch
from test_torch_harness import BODIES, COMPILED
from torch_harness import info_of


@pytest.mark.parametrize(("body", "cls"), COMPILED, ids=lambda each: getattr(each, "__name__", each))
def test_a_traced_rule_does_what_torch_asks_of_its_own(body, cls, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    BODIES[body](info_of(cls, compile=True))
