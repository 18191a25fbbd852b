"""Fixtures that several files use."""

from pathlib import Path

import pytest


def pytest_configure(config):
    if config.pluginmanager.hasplugin("nbval"):
        import kernels
        import nbval.kernel

        nbval.kernel.KernelManager = kernels.kernel_manager


def pytest_collection_modifyitems(items):
    import order
    import races

    for item in items:
        if hasattr(item, "cell"):  # of a notebook
            item.cell.source = races.shorter(item.cell.source)
    items.sort(key=lambda item: order.place(item.path.name))


@pytest.fixture(params=sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def path(request):
    """Each notebook of the course."""
    return request.param


@pytest.fixture(scope="session")
def packages():
    """Two public collections of optimizers, by name."""
    import oracles

    return oracles.packages()


@pytest.fixture
def no_data_by_name(monkeypatch):
    """The reader names no folder of data, and nothing was said yet of what is bundled."""
    monkeypatch.delenv("OPTLIB_DATA", raising=False)
    monkeypatch.setattr("optlib.data.official._noted", set())


@pytest.fixture
def float64_by_default():
    """torch.optim keeps some numbers (ASGD's rate, NAdam's product of momenta) in torch's default precision."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def shown(monkeypatch):
    """What an object puts into the cell's output, as a list of MIME bundles."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles
