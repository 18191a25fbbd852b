"""Every registered task: its settings, network, data, metric and runs.  One that is registered is tested with the rest.

Sets that a reader must fetch are replaced by a few examples made here, in the form that their loader gives.
"""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
import torch
from vision_cases import one_thread, weights  # noqa: F401

import optlib as ol
from optlib import data, vision
from optlib.tasks import TASKS, base, catalog
from optlib.torch_driver import TorchOptimizer
from optlib.vision import count_parameters

# Of the networks of the full budget, in thousands, as their papers or the note beside it have them.
PUBLISHED = {
    "cifar10": 11_174,  # ResNet-18, https://github.com/kuangliu/pytorch-cifar
    "cifar100": 14_770,  # as pytorch-cifar's of 10 classes without its 4,224 biases, and 90 x 513 more
    "stl10": 10_961,  # "11.0M", table 4
    "fashion_mnist": 6_804,  # "6.8M" without the decoder, section 5
    "penn_treebank": 19_780,  # the medium size, of which the paper has the dimensions
    "mnist": 816,  # by hand: 784 x 500, 500 x 40, 20 x 500, 500 x 784, and a bias for each output
}
SMALL = {"examples": 72, "test_examples": 24, "validation": 24, "batch": 8, "epochs": 3}
TASK = pytest.mark.parametrize("name", TASKS)


def pictures(train, side, channels=(), classes=10):
    """Bytes whose left half is bright in the first half of the classes, and labels."""
    rng = np.random.default_rng(int(train))
    labels = rng.integers(classes, size=160 if train else 60)
    images = rng.integers(0, 90, (len(labels), side, side, *channels))
    images[:, :, : side // 2] += np.where(labels < classes // 2, 160, 0).reshape(-1, *[1] * (images.ndim - 1))
    return images.astype(np.uint8), labels


def words(train):
    """A text in which most words decide the next one."""
    rng = np.random.default_rng(int(train))
    codes = np.arange(8_000) * 7 % 50
    codes = np.where(rng.random(len(codes)) < 0.3, rng.integers(10_000, size=len(codes)), codes)
    return codes, tuple(map(str, range(10_000)))


LOADERS = {
    "mnist": lambda train=True, root=None: pictures(train, 28),
    "cifar100": lambda train=True, root=None: pictures(train, 32, (3,), 100),
    "stl10": lambda train=True, root=None: pictures(train, 96, (3,)),
    "penn_treebank": lambda train=True, root=None: words(train),
}


@pytest.fixture(autouse=True, scope="module")
def made():
    with pytest.MonkeyPatch.context() as patch:
        for name, loader in LOADERS.items():
            patch.setattr(data, name, loader)
        base._loaded.cache_clear()
        yield
        base._loaded.cache_clear()


def start(name, **changes):
    """Task, settings, both sources and network of a small run."""
    task = TASKS[name]
    settings = task.settings("quick", **SMALL | changes)
    return task, settings, *task.sources(settings), task.model(settings)


@TASK
@pytest.mark.parametrize("budget", base.BUDGETS)
def test_settings_are_plain_and_make_the_network(name, budget):
    task = TASKS[name]
    settings = task.settings(budget)
    assert json.loads(json.dumps(settings)) == settings
    assert task.name == name
    assert task.title
    assert any(year in task.source for year in map(str, range(1980, 2030)))
    settings["network"]["none"] = 1
    settings["epochs"] = 99
    assert task.settings(budget)["epochs"] != 99, "a copy"
    assert "none" not in task.settings(budget)["network"]
    with pytest.raises(TypeError, match="none"):
        task.model(settings)


@TASK
def test_the_full_network_is_of_the_published_size(name):
    task = TASKS[name]
    count = count_parameters(task.model(task.settings("full")))
    assert name not in PUBLISHED or round(count / 1000) == PUBLISHED[name]
    assert count > count_parameters(task.model(task.settings("quick")))


@TASK
def test_a_small_run_lowers_the_loss_and_tells_its_metric(name):
    model, history = ol.tasks.train(name, ol.Adam(lr=5e-3), **SMALL)
    task, result = TASKS[name], history.to_dict()
    assert history.train_loss[-1] < history.train_loss[0]
    assert not model.training
    for part in ("train", "test"):
        values = task.metric.values(result, part)
        assert len(values) == history.epochs == SMALL["epochs"]
        assert all(map(math.isfinite, values))
    assert bool(history.test_accuracy) >= (task.metric.of == "accuracy")
    measured = task.measure(model, task.sources(task.settings(**SMALL))[1])
    assert all(math.isfinite(value) for value in measured.values())


def test_of_a_rule_that_keeps_an_average_the_average_is_tested_and_handed_back():
    model, history = ol.tasks.train("cifar10", ol.EMA(ol.Adam(lr=5e-3)), **SMALL)
    _, plain = ol.tasks.train("cifar10", ol.Adam(lr=5e-3), **SMALL)
    task, _, _, test, _ = start("cifar10")
    assert history.train_loss == plain.train_loss
    assert vision.evaluate(model, test, loss=task.loss)[0] == pytest.approx(history.test_loss[-1], rel=1e-5)
    assert history.test_loss[-1] != pytest.approx(plain.test_loss[-1], rel=1e-3)


@TASK
def test_a_better_metric_has_the_higher_score(name):
    metric = TASKS[name].metric
    score = lambda value: metric.score({f"test_{metric.of}": [0.5, value], "diverged": False})
    low, high = (metric.values({f"test_{metric.of}": [value]})[0] for value in (0.2, 0.6))
    assert metric.higher == (metric.of == "accuracy")
    assert (score(0.6) > score(0.2)) == metric.higher
    assert high > low
    assert metric.score({f"test_{metric.of}": [0.5], "diverged": True}) == -math.inf < score(1e9)


@TASK
def test_an_interrupted_run_is_resumed_with_the_same_numbers(name, tmp_path):
    def run(stop=None, checkpoint=None):
        task, settings, train, test, model = start(name, examples=48, epochs=2)
        optimizer = TorchOptimizer(model.parameters(), ol.Adam(lr=1e-3))
        halt = lambda run: run.stop() if run.epoch == stop else None
        history = vision.fit(
            model, optimizer, train, test, epochs=2, loss=task.loss, precision="float32", layout="contiguous",
            callbacks=[halt], checkpoint=checkpoint, progress=False,
        )  # fmt: skip
        return model, history

    model, history = run()
    run(1, tmp_path / "run.pt")
    resumed, later = run(None, tmp_path / "run.pt")
    assert torch.equal(weights(model), weights(resumed))
    assert (history.train_loss, history.test_loss) == (later.train_loss, later.test_loss)


def rows(source):
    """The examples of a source as bytes, with their labels."""
    labels = source.images if source.labels is None else source.labels
    return [a.tobytes() + b.tobytes() for a, b in zip(source.images.numpy(), labels.numpy(), strict=True)]


@TASK
def test_what_tuning_tests_is_held_out_of_the_training_examples(name):
    task, settings, final, test, _ = start(name)
    train, held = task.sources(settings, seed=1, tuning=True)
    assert (len(rows(final)), len(rows(test)), len(rows(train)), len(rows(held))) == (72, 24, 48, 24)
    assert sorted(rows(train) + rows(held)) == sorted(rows(final))
    assert not {*rows(train)} & {*rows(held)}
    assert not {*rows(final)} & {*rows(test)}
    assert not np.array_equal(train.batches.order(0), task.sources(settings, tuning=True)[0].batches.order(0))
    assert rows(train) == rows(task.sources(settings, tuning=True)[0]), "the seed decides the order, not the examples"
    assert (final.augment, final.normalize, test.normalize) == (task.augment, task.normalize, task.normalize)


def test_pixels_become_ink_or_means_and_colors_are_those_of_their_set(monkeypatch):
    monkeypatch.setattr(data, "mnist", lambda train, root: (np.full((400, 28, 28), 64, np.uint8), None))
    assert catalog.mnist(True, None)[0].float().mean() == pytest.approx(64 / 255, abs=0.01)
    images, colors = data.cifar100()[0], TASKS["cifar100"].normalize
    means = images.reshape(-1, 16, 2, 16, 2, 3).mean((2, 4)).round()
    np.testing.assert_array_equal(catalog.shrunk(images, 16), means)
    assert (colors.mean, colors.std) == (data.CIFAR100_MEAN, data.CIFAR100_STD)


@TASK
def test_seeds_decide_the_weights_and_leave_torch_alone(name):
    task = TASKS[name]
    settings, state = task.settings(), torch.get_rng_state()
    first, second, third = (weights(task.model(settings, seed)) for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("changes", "error", "words"), [
    ({"epochs": 0}, ValueError, "task 'cifar10': epochs=0"),
    ({"batch": 2.5}, TypeError, "batch=2.5"),
    ({"epoch": 3}, ValueError, "'epoch': 3.*must have epochs"),
    ({"network": 3}, TypeError, "network=3 must be a dict"),
    ({"examples": 10**6}, ValueError, "examples=1000000 must be an integer from 0 to 5000"),
    ({"examples": 30}, ValueError, "batch=32 and 0 examples held out are more than the 30"),
    ({"network": {"depth": 3}}, TypeError, "depth"),
    ({"network": {"blocks": np.int64(1)}}, TypeError, r"network=\{.*must be plain values, fit for JSON"),
    ({"data": {"side": math.nan}}, TypeError, r"data=\{.*must be plain values"),
])  # fmt: skip
def test_wrong_settings_are_refused_by_name(changes, error, words):
    with pytest.raises(error, match=words):
        ol.tasks.train("cifar10", ol.Adam(lr=1e-3), **changes)


def test_without_tuning_no_examples_need_be_left_for_it():
    settings = TASKS["cifar10"].settings(examples=60, batch=60)  # and 500 for validation
    assert len(TASKS["cifar10"].sources(settings)[0].images) == 60
    with pytest.raises(ValueError, match="batch=60 and 500 examples held out are more than the 60"):
        TASKS["cifar10"].sources(settings, tuning=True)


@pytest.mark.parametrize(("name", "changes", "words"), [
    *(("cifar10", {"side": side}, "must divide the 32 pixels") for side in (10, 64, 0, -16, 16.0, [16])),
    *(("novel", {"window": window}, "must be an integer from 1 to 616290") for window in (0, -3, 10**6, 4.5)),
    *(("penn_treebank", {"words": words}, "must be an integer from 1 to 10000") for words in (0, -1, 10_001)),
    ("penn_treebank", {"window": 8_000}, "must be an integer from 1 to 7999"),
])  # fmt: skip
def test_data_that_cannot_be_cut_so_are_refused(name, changes, words):
    task, (setting,) = TASKS[name], changes.items()
    with pytest.raises(ValueError, match=re.escape("task: {}={} ".format(*setting)) + words):
        task.sources(task.settings(data=changes))


@pytest.mark.parametrize(("change", "words"), [
    ({"name": 3}, "Task: name=3 must be a str"),
    ({"title": None}, "Task: title=None must be a str"),
    ({"source": None}, "Task: source=None must be a str"),
    ({"data": "data.csv"}, "Task: data='data.csv' must be callable"),
    ({"network": None}, "Task: network=None must be callable"),
    ({"measures": 1}, "Task: measures=1 must be callable"),
    ({"metric": "accuracy"}, "Task: metric='accuracy' must be a Metric"),
    ({"quick": None}, "task 'cifar10': settings=None must have epochs"),
])  # fmt: skip
def test_a_task_that_cannot_work_is_refused(change, words):
    with pytest.raises((TypeError, ValueError), match=words):
        dataclasses.replace(TASKS["cifar10"], **change)
    with pytest.raises(ValueError, match="Metric: of='error' must be"):
        dataclasses.replace(base.ACCURACY, of="error")
    with pytest.raises(TypeError, match="Metric: higher=1 must be True or False"):
        dataclasses.replace(base.ACCURACY, higher=1)


def test_wrong_names_are_answered_with_what_is_there():
    with pytest.raises(KeyError, match="did you mean 'cifar10'"):
        ol.tasks.train("cifar_10", ol.Adam())
    with pytest.raises(ValueError, match="budget='small' must be 'quick' or 'full'"):
        ol.tasks.train("cifar10", ol.Adam(), "small")
    with pytest.raises(ValueError, match="part='final'"):
        base.ACCURACY.values({}, "final")


def test_metrics_are_in_their_units():
    history = {"test_accuracy": [0.25], "test_loss": [math.log(8)]}
    assert base.ACCURACY.values(history) == [25.0]
    assert base.PERPLEXITY.values(history) == pytest.approx([8.0])
    assert base.NEGATIVE_ELBO.values(history) == [math.log(8)]
    assert math.isfinite(base.PERPLEXITY.values({"test_loss": [1e4]})[0])
    assert type(dataclasses.replace(base.NEGATIVE_ELBO, convert=np.sqrt).values(history)[0]) is float
    task = dataclasses.replace(TASKS["cifar10"], measures=lambda model, test: {"norm": model})
    assert {json.dumps(task.measure(each, None)) for each in (torch.tensor(2.0), np.float32(2))} == {'{"norm": 2.0}'}
    with pytest.raises(ValueError, match="task 'cifar10': norm=nan must be a number"):
        task.measure(math.nan, None)


@pytest.mark.parametrize(("of", "higher", "convert", "best"), [
    ("loss", True, lambda loss: -loss, 0.1), ("accuracy", False, lambda share: 100 * (1 - share), 0.9),
])  # fmt: skip
def test_a_metric_of_the_other_direction_is_tuned_towards_what_it_calls_better(of, higher, convert, best):
    metric = base.Metric("another", "", higher, of, convert)
    scores = {value: metric.score({f"test_{of}": [value], "diverged": False}) for value in (0.1, 0.9)}
    assert max(scores, key=scores.get) == best
    with pytest.raises(ValueError, match=f"Metric: higher={not higher} must be {higher} for 'another'"):
        dataclasses.replace(metric, higher=not higher)


def test_a_metric_of_accuracies_needs_accuracies():
    report = {"train_loss": [0.5], "test_loss": [0.5], "test_accuracy": [], "diverged": False}
    with pytest.raises(ValueError, match="Metric 'accuracy' is computed from the accuracy of each epoch, .* has none"):
        base.ACCURACY.values(report)
    assert base.ACCURACY.values(report | {"diverged": True}) == base.ACCURACY.values(report | {"test_loss": []}) == []
    gap = base.Metric("gap", "", False, "loss", lambda loss: math.log(loss - 1.2))  # not defined everywhere
    assert gap.score(report | {"test_loss": [2]}) == -2


def test_a_task_of_ones_own_is_registered_and_trained(monkeypatch):
    monkeypatch.setattr(base, "TASKS", base.Registry("task"))
    own = dataclasses.replace(TASKS["cifar10"], name="own", data=lambda train, root, **_: tuple(map(
        torch.from_numpy, pictures(train, 16, (3,)))))  # fmt: skip
    assert base.register(own) is own
    base.register(own)  # as a cell of a notebook that is run again
    _, history = ol.tasks.train("own", ol.Momentum(lr=0.05), **SMALL)
    assert history.epochs == SMALL["epochs"]
    with pytest.raises(ValueError, match="'own' is taken by CIFAR-10, a residual network"):
        base.register(dataclasses.replace(TASKS["cifar10"], name="own"))
    with pytest.raises(TypeError, match="task=3 must be a Task"):
        base.register(3)
