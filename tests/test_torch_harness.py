"""torch's own tests of optimizers, asked of every rule: see `torch_bodies`."""

import functools
import re

import pytest
import torch
from torch_bodies import bodies
from torch_harness import RULES, info_of

import optlib as ol
from rules import naming

BODIES = bodies()
# What no kernel has a part in is asked of one compiled rule.
APART = re.compile("hook|errors|printed|cliquey|deepcopy|older|to_named|no_grad|lrscheduler|direction-.*-True")
SPARSE, COMPLEX, DEVICE = "sparse gradients", "complex numbers", "a device that is not here"
LEFT_OUT = {  # torch's other tests -> why they are not asked
    "rosenbrock_sparse-False": SPARSE, "rosenbrock_sparse-True": SPARSE,
    "complex": COMPLEX, "complex_2d": COMPLEX,
    **dict.fromkeys(
        "cpu_load_state_dict defaults_changed_to_foreach foreach_large_tensor forloop_goes_right_direction_multigpu "
        "fused_cpu_matches_cuda fused_does_not_step_if_foundinf fused_large_tensor mixed_device_dtype "
        "peak_memory_foreach set_default_dtype_works_with_foreach state_dict_with_cuda_params".split(), DEVICE
    ),
}  # fmt: skip


def test_nearly_all_are_asked():
    assert len(BODIES) >= 37
    assert not LEFT_OUT.keys() & BODIES.keys()
    assert {*LEFT_OUT.values()} == {SPARSE, COMPLEX, DEVICE}


each = functools.partial(pytest.mark.parametrize, "cls", ids=lambda cls: cls.__name__)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")  # a loss for ReduceLROnPlateau
@each(RULES)
def test_a_rule_does_what_torch_asks_of_its_own(cls):
    for body, ask in BODIES.items():
        with naming(body):
            ask(info_of(cls))


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")
@each([cls for cls in RULES if cls.sees in ("number", "tensor")])
def test_a_compiled_rule_does_too(cls, monkeypatch):
    """With the kernels that are made for the compiler; what torch.compile makes of them: `test_torch_driver`."""
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    for body, ask in BODIES.items():
        if cls is ol.Adam or not APART.search(body):
            with naming(body):
                ask(info_of(cls, compile=True))
