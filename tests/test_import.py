"""`import optlib` is quick and small: it loads NumPy and nothing heavier, and every public name is there."""

import pytest
from processes import python

import optlib as ol

LIGHT = ("urllib.request", "tarfile")  # and yet not needed before a download
HEAVY = ("torch", "matplotlib", "ipywidgets", "IPython", "PIL", "pandas", "scipy", "sklearn", "tqdm", "torchvision")


def test_neither_the_import_nor_what_needs_no_torch_and_no_picture_loads_anything_heavy():
    code = f"""
import sys, numpy as np, optlib as ol
ol.data.cifar10, ol.data.digits(), ol.cheat_sheet()._repr_mimebundle_()
for f in ol.FUNCTIONS.values():
    ol.minimize(f, ol.Adam(lr=ol.schedules.Cosine(1e-3, steps=5)), steps=5)
    ol.minimize(f, ol.Momentum(**ol.grid(lr=[1e-6, 1e-5])), steps=5)
ol.DictOptimizer(ol.AdaGrad).step({{"w": np.ones(2)}}, {{"w": np.ones(2)}})
ol.train_many(ol.networks.Linear(2), ol.Adam, ol.data.linear_regression(), seeds=[0], steps=1)
print(*[name for name in {HEAVY + LIGHT} if name in sys.modules])
"""
    assert python(code) == ""


def test_the_public_names():
    assert list(ol.OPTIMIZERS) == [name for name in ol.OPTIMIZERS if getattr(ol, name) is ol.OPTIMIZERS[name]]
    assert len(set(ol.__all__)) == len(ol.__all__)
    assert set(ol.__all__) <= set(dir(ol))
    for name in ("minimize", "objective", "schedules", "theory", "numerical", "grid", "DictOptimizer", "Trajectory"):
        assert name in ol.__all__
        assert hasattr(ol, name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Adamm'"):
        ol.Adamm  # noqa: B018
