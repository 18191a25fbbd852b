"""Kernels that torch.compile has traced give the numbers of every rule: takes minutes."""

import functools

import pytest
import torch
from test_torch_driver import RULES, named, steps_of_kernels


@pytest.mark.parametrize("cls", [cls for cls in RULES if cls.sees in ("number", "tensor")], **named)
def test_a_traced_kernel_gives_the_same_numbers(cls, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    torch.testing.assert_close(steps_of_kernels(cls, True), steps_of_kernels(cls, False), rtol=1e-12, atol=1e-14)
