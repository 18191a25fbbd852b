"""Runs in the environment of `make test-colab` only: what a user of Colab gets."""

import importlib.metadata
import pathlib
import re

import pytest

TEXT = (pathlib.Path(__file__).parent / "colab-requirements.txt").read_text(encoding="utf-8")
PINS = dict(re.findall(r"(?m)^([\w-]+)==(\S+)$", TEXT))
HERE = importlib.metadata.version("ipywidgets")

pytestmark = pytest.mark.skipif(HERE != PINS["ipywidgets"], reason=f"ipywidgets {HERE} is not Colab's: make test-colab")


@pytest.mark.parametrize(("package", "version"), PINS.items(), ids=PINS)
def test_installing_the_course_has_replaced_nothing(package, version):
    assert importlib.metadata.version(package) == version


def test_the_bundle_of_a_widget_is_made_without_what_version_7_lacks():
    """There ``_repr_mimebundle_`` and ``Stack`` do not exist; a view is shown by its model's id."""
    import ipywidgets

    assert not hasattr(ipywidgets.Widget, "_repr_mimebundle_")
    assert not hasattr(ipywidgets, "Stack")
