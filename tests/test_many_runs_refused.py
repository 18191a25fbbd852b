"""What `train` and `train_many` refuse, and what they say then."""

import numpy as np
import pytest
from test_many_runs import MLP, TRAIN

import optlib as ol
from optlib.training import networks


def refused(function, **changes):
    given = {"network": MLP, "rule": ol.Adam, "data": TRAIN, "steps": 2, **changes}
    if function is ol.train_many:
        given = {"seeds": [0], **given}
    return function(given.pop("network"), given.pop("rule"), given.pop("data"), **given)


LABELED = ol.data.Data(np.ones((40, 64)), np.arange(40) % 11)
BAD = {
    "batch 0": ({"batch": 0}, ValueError, r"WHO: batch=0 must be an integer from 1 to 320"),
    "batch > n": ({"batch": 321}, ValueError, r"WHO: batch=321 must be an integer from 1 to 320"),
    "last": ({"last": "cut"}, ValueError, r"last='cut' must be 'keep', 'drop' or 'weight'"),
    "epochs": ({"epochs": 0, "steps": None}, ValueError, r"WHO: epochs=0 must be an integer of at least 1"),
    "steps": ({"steps": 1.5}, TypeError, r"WHO: steps=1.5 must be an integer of at least 1"),
    "both": ({"epochs": 1}, TypeError, r"WHO: epochs=1, steps=2; give exactly one"),
    "neither": ({"steps": None}, TypeError, r"WHO: epochs=None, steps=None; give exactly one"),
    "labels": ({"data": LABELED}, ValueError, r"WHO: data contains the label 10, .* integers from 0 to 9"),
    "validation": ({"validation": LABELED}, ValueError, r"WHO: validation contains the label 10"),
    "numbers": ({"data": ol.data.Data(np.ones((4, 64)), np.ones(4))}, TypeError, r"WHO: data has numbers .*integers"),
    "no numbers": ({"network": networks.Linear(64)}, TypeError, r"WHO: data has labels, but .*Linear.*floats"),
    "inputs": ({"data": ol.data.Data(np.ones((4, 3)), np.arange(4))}, ValueError, r"WHO: data has 3 inputs.*takes 64"),
    "arrays": ({"data": (TRAIN.x, TRAIN.y)}, TypeError, r"WHO: data is a tuple; it must be ol.data.Data"),
    "network": ({"network": [64, 10]}, TypeError, r"WHO: network=\[64, 10\] must be a Network"),
    "rule": ({"rule": "Adam"}, TypeError, r"WHO: rule='Adam' must be an optimizer"),
    "newton": ({"rule": ol.Newton}, TypeError, r"WHO: rule=Newton.* reads the gradient and the hessian.*Adam"),
    "genetic": ({"rule": ol.GeneticAlgorithm}, TypeError, r"WHO: rule=Genetic.* reads the function.*Adam, AdaMax"),
    "array": ({"rule": ol.Adam(lr=np.ones(3))}, ValueError, r"lr of Adam has shape \(3,\); .*settings={'lr': array}"),
    "every": ({"every": 0}, ValueError, r"WHO: every=0 must be an integer of at least 1"),
    "path": ({"path": 1}, TypeError, r"WHO: path=1 must be True or False"),
    "start": ({"start": {"W1": np.ones(3)}}, ValueError, r"WHO: start={'W1': \(3,\)} must be .*shapes: .*'W2'"),
    "no start": ({"start": 3}, ValueError, r"WHO: start=3 must be a dict of arrays"),
    "nan start": ({"start": {k: v * np.nan for k, v in MLP.init(0).items()}}, ValueError, r"'W1'\] contains NaN"),
    "dtype": ({"dtype": np.int64}, TypeError, r"WHO: dtype=.*int64.* must be np.float32 or np.float64"),
    "schedule": ({"schedule": 0.5}, TypeError, r"WHO: schedule=0.5 must be a function of t"),
}
BAD_MANY = {
    "seeds": ({"seeds": 10}, TypeError, r"train_many: seeds=10 must be a sequence of integers, such as range\(10\)"),
    "no seeds": ({"seeds": []}, TypeError, r"train_many: seeds=\[\] must be a sequence"),
    "seed": ({"seeds": [0, -1]}, ValueError, r"train_many: seeds=-1 must be an integer of at least 0"),
    "settings": ({"settings": [0.1]}, TypeError, r"train_many: settings=\[0.1\] must be a dict of arrays by name"),
    "setting": ({"settings": {"lr": 0.1}}, ValueError, r"settings\['lr'\]=0.1 must be a 1-D array"),
    "no setting": ({"settings": {"lr": []}}, ValueError, r"settings\['lr'\]=\[\] must be a 1-D array of at least one"),
    "unknown": ({"settings": {"rate": [0.1]}}, TypeError, r"Adam got rate=.*; its hyper-parameters are lr, beta1"),
    "range": ({"settings": {"beta1": [0.5, 1.0]}}, ValueError, r"Adam: beta1 contains .*1.0.*, outside .* \[0, 1\)"),
    "workers": ({"workers": 0}, ValueError, r"train_many: workers=0 must be an integer of at least 1"),
}


@pytest.mark.parametrize(("function", "name"), [*((ol.train, name) for name in BAD),
                                                *((ol.train_many, name) for name in BAD | BAD_MANY)])  # fmt: skip
def test_refused_naming_argument_value_and_what_is_allowed(function, name):
    changes, error, says = (BAD | BAD_MANY)[name]
    with pytest.raises(error, match=says.replace("WHO", function.__name__)):
        refused(function, **changes)


def test_best_needs_something_to_choose_from():
    with pytest.raises(ValueError, match="no settings to choose from"):
        refused(ol.train).best()
    with pytest.raises(ValueError, match="by='speed' must be 'train_loss' or 'train_accuracy'"):
        refused(ol.train_many, settings={"lr": [0.1]}).best("speed")


def test_an_error_inside_a_thread_reaches_the_caller():
    class Broken(networks.Logistic):
        def backward(self, params, x, y, weights=None):
            raise RuntimeError("no way back")

    for function in (ol.train, ol.train_many):
        with pytest.raises(RuntimeError, match="no way back"):
            refused(function, network=Broken(64, 10))
