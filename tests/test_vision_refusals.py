"""Invalid arguments of `fit`, refused before the first step, and of `scores` and `evaluate`; sources of batches."""

import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from vision_cases import Fixed, Tiny, adam, images, one_thread, sgd, short, weights  # noqa: F401

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from optlib.vision import AverageInTest, FlipAndShift, LookAhead, Normalize, WeightDecay, evaluate, fit, scores
from optlib.vision.images import InOrder, Shuffled

TEST = images(9, seed=1)
X, Y = images()


@pytest.mark.parametrize(("given", "error", "words"), [
    ({"epochs": 0}, ValueError, "epochs=0"),
    ({"epochs": 2.5}, TypeError, "epochs=2.5"),
    ({"batch": 0}, ValueError, "batch=0"),
    ({"batch": 23}, ValueError, "batch=23.*22"),
    ({"batch": None}, TypeError, "batch=None"),
    ({"seed": -1}, ValueError, "seed=-1"),
    ({"train": (X.astype(np.float32), Y)}, TypeError, "images of train.*float32.*uint8"),
    ({"train": (X.transpose(0, 3, 1, 2), Y)}, ValueError, r"images of train.*\(22, 3, 8, 8\)"),
    ({"train": (X[:0], Y[:0])}, ValueError, "images of train"),
    ({"train": (X, Y[:-1])}, ValueError, r"labels of train.*\(21,\)"),
    ({"train": (X, Y.astype(float))}, TypeError, "labels of train.*float64"),
    ({"train": (X, Y.astype(str))}, TypeError, "labels of train"),
    ({"train": (X, Y + 1)}, ValueError, "labels of train contain 4.*0 to 3"),
    ({"train": (X, Y - 1)}, ValueError, "labels of train contain -1"),
    ({"test": (X, Y + 1)}, ValueError, "labels of test contain 4"),
    ({"test": X}, TypeError, "test is a ndarray.*pair"),
    ({"test": InOrder(torch.ones(2, 5, 8, 8), torch.zeros(2).long(), torch.clone)}, ValueError, "not of test: .* 5 ch"),
    ({"precision": "half"}, ValueError, "precision='half' must be 'auto', 'float32' or"),
    ({"layout": "nhwc"}, ValueError, "layout='nhwc'"),
    ({"device": "nowhere"}, ValueError, "device='nowhere'"),
    ({"schedule": 0.1}, TypeError, "schedule=0.1"),
    ({"schedule": lambda t: 1.0 - t}, ValueError, "0.0 at step 1"),
    ({"schedule": ol.schedules.OnPlateau(1.0)}, ValueError, "reads the loss"),
    ({"loss": None}, TypeError, "loss=None"),
    ({"loss": functools.partial(F.cross_entropy, reduction="none")}, ValueError, "loss gives.*mean"),
    ({"augment": lambda x, epoch, generator: x.float()}, ValueError, "augment must return uint8"),
    ({"augment": True}, TypeError, "augment=True"),
    ({"callbacks": [3]}, TypeError, "callbacks contains 3"),
    ({"callbacks": [LookAhead]}, TypeError, r"callbacks contains .*LookAhead.*Callback\(\)"),
])  # fmt: skip
def test_wrong_arguments_are_refused_before_the_first_step(given, error, words):
    model = Tiny()
    before = weights(model)
    with pytest.raises(error, match=words):
        short(model, **given)
    assert torch.equal(weights(model), before)


def test_a_model_and_an_optimizer_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="not those of model"):
        short(Tiny(), adam(Tiny()))
    with pytest.raises(TypeError, match="optimizer is a Adam"):
        short(Tiny(), ol.Adam())
    with pytest.raises(TypeError, match="AverageInTest: optimizer is a SGD"):
        fit(model := Tiny(), sgd(model), images(), epochs=1, batch=8, callbacks=[AverageInTest()])
    with pytest.raises(TypeError, match="model is a int"):
        fit(3, adam(Tiny()), images(), epochs=1, batch=8)
    model = nn.Conv2d(3, 4, 3)
    with pytest.raises(ValueError, match=r"model gives \(2, 4, 6, 6\)"):
        short(model, sgd(model))


@pytest.mark.parametrize("function", [scores, evaluate])
@pytest.mark.parametrize(("given", "error", "words"), [
    ({"model": 3}, TypeError, "model is a int"),
    ({"batch": 0}, ValueError, "batch=0"),
    ({"precision": "half"}, ValueError, "precision='half'"),
    ({"layout": "auto"}, ValueError, "layout='auto'"),
])  # fmt: skip
def test_predictions_refuse_invalid_arguments(function, given, error, words):
    options = {"model": Tiny()} | given
    with pytest.raises(error, match=f"{function.__name__}: {words}"):
        function(options.pop("model"), X if function is scores else (X, Y), **options)


def test_two_schedules_of_the_rate_are_refused():
    model = Tiny()
    optimizer = TorchOptimizer(model.parameters(), ol.Momentum(lr=ol.schedules.Exponential(0.1, 0.9)))
    with pytest.raises(ValueError, match=r"multiplies lr, but Momentum\(.* has a schedule of its own there"):
        short(model, optimizer, schedule=ol.schedules.Constant(1.0))
    with pytest.raises(ValueError, match="WeightDecay.* has a schedule there that it cannot read"):
        short(model, optimizer, callbacks=[WeightDecay(0.1)])
    assert short(model, optimizer)[1].lr == pytest.approx([0.1 * 0.9**t for t in (2, 5, 8)])


def test_a_source_of_batches_may_replace_a_pair():
    train, test = (tuple(map(torch.from_numpy, pair)) for pair in ((X, Y), TEST))
    model, twin = Tiny(dropout=0.0), Tiny(dropout=0.0)
    _, history = short(model, sgd(model), train=Shuffled(*train, 8), test=InOrder(*test), batch=None)
    _, expected = short(twin, sgd(twin), test=TEST)
    assert history.train_loss == expected.train_loss
    assert history.test_loss == expected.test_loss
    for option in ({"batch": 8}, {"batch": None, "augment": FlipAndShift()}, {"batch": None, "normalize": Normalize()}):
        with pytest.raises(ValueError, match=f"{[*option][-1]}=.* is for pairs"):
            short(Tiny(), train=Shuffled(*train, 8), **option)
    other = Normalize((0.0,) * 3, (255.0,) * 3)
    with pytest.raises(ValueError, match="evaluate: normalize=.* is for pairs"):
        evaluate(model, InOrder(*test), normalize=other)
    seen = []
    short(Tiny(), train=Shuffled(*train, 8, normalize=other), test=TEST, batch=None,
          callbacks=[lambda run: seen.append(run.test.normalize)])  # fmt: skip
    assert seen[0] is other
    source = Shuffled(*train, 8)
    del source.normalize
    with pytest.raises(ValueError, match="test is a pair, but train a source without"):
        short(Tiny(), train=source, test=TEST, batch=None)
