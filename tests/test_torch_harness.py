"""torch's own tests of optimizers, asked of every rule: see `torch_bodies`."""

import re

import pytest
import torch
from torch_bodies import bodies
from torch_harness import RULES, info_of

import optlib as ol

BODIES = bodies()
PLAIN = [(body, cls) for cls in RULES for body in BODIES]
# What no kernel has a part in is asked of one compiled rule.
APART = re.compile("hook|errors|printed|cliquey|deepcopy|older|to_named|no_grad")
COMPILED = [(body, cls) for body, cls in PLAIN
            if cls.sees in ("number", "tensor") and (cls is ol.Adam or not APART.search(body))]  # fmt: skip
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
    assert len(PLAIN) >= 640
    assert not LEFT_OUT.keys() & BODIES.keys()
    assert {*LEFT_OUT.values()} == {SPARSE, COMPLEX, DEVICE}


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")  # a loss for ReduceLROnPlateau
@pytest.mark.parametrize(("body", "cls"), PLAIN, ids=lambda each: getattr(each, "__name__", each))
def test_a_rule_does_what_torch_asks_of_its_own(body, cls):
    BODIES[body](info_of(cls))


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")
@pytest.mark.parametrize(("body", "cls"), COMPILED, ids=lambda each: getattr(each, "__name__", each))
def test_a_compiled_rule_does_too(body, cls, monkeypatch):
    """With the kernels that are made for the compiler; what torch.compile makes of them: `test_torch_driver`."""
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    BODIES[body](info_of(cls, compile=True))
