"""An update taken apart computes what the update computes, to the last bit, with no number left in the arithmetic."""

import array_api_compat.torch as torch_namespace
import pytest
import torch

import optlib as ol
from optlib.optimizers.around import Around
from optlib.torch_driver.formula import formula_of

SPLIT = [cls for cls in ol.OPTIMIZERS.values() if cls.elementwise and cls.reads == ("gradient",)]
SPLIT = [cls for cls in SPLIT if not issubclass(cls, Around)]  # they are stepped by themselves, as the driver says


def as_tensors(value):
    if isinstance(value, tuple):
        return tuple(map(as_tensors, value))
    return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)


@pytest.mark.parametrize("cls", SPLIT, ids=lambda cls: cls.__name__)
def test_both_halves_make_the_whole(cls):
    torch.manual_seed(0)
    rule, twin = cls().fresh(), cls().fresh()
    x = y = torch.randn(9, dtype=torch.float64)
    rule.begin(x)
    formula = formula_of(rule, torch_namespace)
    for _ in range(12):
        g = torch.randn(9, dtype=torch.float64)
        y = twin.advance(y, g)
        rule.begin(x)
        rule.t += 1
        numbers = map(as_tensors, formula.scalars(rule))
        x, *state = formula.tensors(x, g, *[getattr(rule, name) for name in formula.state], *numbers)
        for name, value in zip(formula.state, state, strict=True):
            setattr(rule, name, value)
        assert torch.equal(x, y)
    assert not {"lr", "beta1", "beta2", "t"} & set(formula.tensors.__code__.co_names)


class Own(ol.optimizers.base.Optimizer):
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def init(self, x):
        self.v = torch.zeros_like(x)


class Branches(Own):
    def update(self, x, g):
        if self.t > 3:
            self.v = self.v + g
        return x - self.lr * g


class Reused(Own):
    """The same text stands for two numbers, because one of its letters changes in between."""

    def update(self, x, g):
        c = 2.0
        a = c * self.lr * g
        c = 3.0
        self.v += c * self.lr * g
        return x - a - self.v


def test_what_cannot_be_split_is_refused():
    rule = Branches().fresh()
    rule.begin(torch.ones(2))
    assert formula_of(rule, torch_namespace) is None


def test_a_number_that_changes_is_not_reused():
    rule, x, g = Reused().fresh(), torch.ones(2), torch.full((2,), 0.5)
    rule.begin(x)
    formula = formula_of(rule, torch_namespace)
    new, _ = formula.tensors(x, g, rule.v, *formula.scalars(rule))
    assert torch.equal(new, Reused().fresh().advance(x, g))


o_0 = o_scalars = o_tensors = 7.0  # names as the generated code might choose them
scale = 3.0


class Names(Own):
    def update(self, x, g):
        self.v = o_0 * self.v + scale * g
        return x - self.lr / (1 + o_tensors * self.t) * self.v - o_scalars * 1e-3 * g


def test_global_names_are_resolved_as_python_does():
    rule, twin, x, g = Names().fresh(), Names().fresh(), torch.ones(2), torch.full((2,), 0.5)
    rule.begin(x)
    rule.t = 1
    formula = formula_of(rule, torch_namespace)
    new, v = formula.tensors(x, g, rule.v, *formula.scalars(rule))
    assert torch.equal(new, twin.advance(x, g))
    assert torch.equal(v, twin.v)


def test_the_code_in_memory_counts_and_not_the_text_on_disk(tmp_path, monkeypatch):
    text = (
        'import optlib as ol\n\n\nclass Walk(ol.optimizers.Optimizer):\n    """Walks."""\n\n'
        '    lr: float = ol.hyper(0.1, "e", "(0, inf)")\n\n'
        "    def update(self, x, g):\n        return x - self.lr * g\n"
    )
    file = tmp_path / "walk_rule.py"
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    import walk_rule

    assert formula_of(walk_rule.Walk(), torch_namespace) is not None
    file.write_text(text.replace("x - self.lr", "x + self.lr"))
    assert formula_of(walk_rule.Walk(), torch_namespace) is None
