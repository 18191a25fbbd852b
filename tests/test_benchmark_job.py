"""One run: what it trains on, what it is tested on, and what each setting of a protocol does.  Real images, few."""

import json
import re
import types

import numpy as np
import pytest
import torch
from benchmark_cases import protocol, record
from vision_cases import one_thread  # noqa: F401

import optlib as ol
from optlib import vision
from optlib.benchmark import job as module
from optlib.benchmark import plan, records, runner
from optlib.benchmark.protocol import first_order
from optlib.data import CIFAR100_MEAN, CIFAR100_STD
from optlib.vision import loop

FIRST_ORDER = first_order()


@pytest.fixture
def few(monkeypatch):
    """The first images of the real sets, which are unpacked once: 200 for training, 50 for the test."""
    real = {train: module._loaded(train, None, False) for train in (True, False)}

    def loaded(train, root, full):
        count = 200 if train else 50
        return real[train][0][:count], real[train][1][:count]

    monkeypatch.setattr(module, "_loaded", loaded)


def make(stage="final", rule="Adam", lr=0.01, seed=0, **changes):
    changes = {"data": {"set": "subset", "validation": 50}, "tuning__images": 100, "rules": [rule]} | changes
    return plan.make(protocol(**changes), stage, "", rule, lr, {}, seed)


def history(job, **options):
    return module.run(job, **options)["history"]


def numbers(history):
    return {name: history[name] for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "lr")}


def keys(images):
    return {image.tobytes() for image in np.asarray(images)}


def test_a_tuning_run_holds_the_same_images_out_for_every_seed_and_rule_and_never_sees_the_test_set(monkeypatch):
    asked, real = [], module._loaded
    monkeypatch.setattr(module, "_loaded", lambda train, *rest: asked.append(train) or real(train, *rest))
    (images, labels), (held, held_labels) = module.images_of(make("tuning", data={"set": "subset", "validation": 700},
                                                                  tuning__images=0), None)  # fmt: skip
    assert asked == [True]
    assert (len(images), len(held), len(labels), len(held_labels)) == (4300, 700, 4300, 700)
    everything = keys(real(True, None, False)[0])
    assert not keys(images) & keys(held)
    assert len(keys(images) | keys(held)) == len(everything)
    for other in ({"seed": 5}, {"rule": "Momentum"}, {"lr": 0.1}, {"tuning__images": 100}):
        again = make("tuning", **{"data": {"set": "subset", "validation": 700}, "tuning__images": 0, **other})
        (part, _), (same, _) = module.images_of(again, None)
        np.testing.assert_array_equal(held, same)
        np.testing.assert_array_equal(part, images[: len(part)])


def test_a_final_run_trains_on_all_images_and_is_tested_on_the_test_images():
    (images, _), (tested, _) = module.images_of(make("final"), None)
    np.testing.assert_array_equal(images, ol.data.cifar10(True, full=False)[0])
    np.testing.assert_array_equal(tested, ol.data.cifar10(False, full=False)[0])


def test_more_images_than_there_are_is_refused(few):
    with pytest.raises(ValueError, match="validation=150 and images=100 of the protocol are more than the 200"):
        module.images_of({**make("tuning"), "data": {"set": "subset", "validation": 150}}, None)


def test_a_run_is_a_record_and_repeats_itself(few, tmp_path):
    first = module.run(make(), threads=1, command="the command", checkpoints=tmp_path / "c")
    assert records.wrong(first) == ""
    assert (first["command"], first["parameters"]) == ("the command", vision.count_parameters(vision.SpeedNet()))
    assert first["hardware"]["threads"] == 1
    assert first["flips_accuracy"] is None
    assert not list((tmp_path / "c").glob("*"))
    json.dumps(first, allow_nan=False)
    assert numbers(history(make())) == numbers(first["history"])
    assert numbers(history(make(seed=1))) != numbers(first["history"])


def test_a_diverged_run_is_a_record(few):
    record = module.run(make(rule="GradientDescent", lr=1e36, final__flips=True), threads=2)
    assert (record["hardware"]["threads"], torch.get_num_threads()) == (2, 1)  # in this process, as before
    assert record["history"]["diverged"]
    assert record["flips_accuracy"] is None
    assert "diverged at step" in runner.line(record)
    json.dumps(record, allow_nan=False)


def test_flips_are_looked_at_only_in_final_runs(few):
    assert 0 <= module.run(make(final__flips=True))["flips_accuracy"] <= 1
    assert module.run(make("tuning", final__flips=True))["flips_accuracy"] is None


@pytest.mark.parametrize("rule", FIRST_ORDER)
def test_every_rule_makes_its_steps_and_keeps_as_many_numbers_as_its_page_says(few, rule):
    job = make("tuning", rule, ol.OPTIMIZERS[rule]().lr, training__batch=20, tuning__images=20)
    record = module.run(job)
    assert not record["history"]["diverged"]
    expected = int(re.search(r"Memory:\s+(\d+) numbers? per parameter", ol.OPTIMIZERS[rule].__doc__).group(1))
    sides = rule in ("Shampoo", "SOAP")  # keep matrices for rows and columns as well
    assert record["memory"] > expected if sides else record["memory"] == pytest.approx(expected, abs=0.05)
    assert record["rule"] in record["history"]["settings"]["optimizer"]


def test_in_several_processes_the_numbers_are_those_of_one(tmp_path):
    given = protocol(rules=["Adam"], tuning__exponents=[0, 1], tuning__widen=0, tuning__images=60, training__batch=20,
                     data__validation=40, final__seeds=[0])  # fmt: skip
    done = []
    for job in plan.jobs(given, []):  # as if the final runs were recorded: they take all images
        for stage in ("final", "default"):
            done.append(record(plan.make(given, stage, "", job["rule"], job["lr"], {}, 0), 0.5))
    for workers in (1, 2):
        out = tmp_path / f"{workers}.jsonl"
        for each in done:
            records.append(out, each)
        runner.run(given, out, workers=workers, threads=1, say=lambda text: None)
    one, two = ({r["id"]: r for r in records.read(tmp_path / f"{w}.jsonl")} for w in (1, 2))
    assert set(one) == set(two)
    tuned = [name for name, r in one.items() if r["stage"] == "tuning"]
    assert len(tuned) == 2
    for name in tuned:
        assert numbers(one[name]["history"]) == numbers(two[name]["history"])


@pytest.fixture
def fitted(monkeypatch):
    """The arguments with which `fit` was called; nothing is trained."""
    calls = []

    def fit(model, optimizer, train, test, **options):
        calls.append({"model": model, "optimizer": optimizer, "train": train, "test": test, **options})
        raise InterruptedError

    monkeypatch.setattr(vision, "fit", fit)

    def asked(**changes):
        with pytest.raises(InterruptedError):
            module.run(make(**changes))
        return calls[-1]

    return asked


@pytest.mark.parametrize(("shift", "by"), [(0, 4), (2, 2)])
def test_augmented_test_flips_and_shifts_the_test_images_and_nothing_else(few, fitted, shift, by):
    plain, augmented = (fitted(training__shift=shift, training__augmented_test=on, seed=3) for on in (False, True))
    np.testing.assert_array_equal(plain["train"][0], augmented["train"][0])
    images, random = torch.from_numpy(np.array(plain["test"][0])), torch.Generator().manual_seed(3)
    assert torch.equal(augmented["test"][0], vision.FlipAndShift("random", by)(images, 0, random))
    np.testing.assert_array_equal(plain["test"][1], augmented["test"][1])


def test_training_as_test_changes_only_what_is_told(few):
    plain, wrong = (history(make(training__training_as_test=switch)) for switch in (False, True))
    assert (wrong["test_accuracy"], wrong["test_loss"]) == (plain["train_accuracy"], plain["train_loss"])
    assert (wrong["train_loss"], wrong["lr"]) == (plain["train_loss"], plain["lr"])


def test_the_constants_reach_training_test_and_the_first_layer(few, fitted):
    right, wrong = fitted(), fitted(training__constants="cifar100")
    image = torch.full((1, 2, 2, 3), 128, dtype=torch.uint8)
    expected = [(128 - m) / s for m, s in zip(CIFAR100_MEAN, CIFAR100_STD, strict=True)]
    torch.testing.assert_close(wrong["normalize"](image)[0, :, 0, 0], torch.tensor(expected))
    assert not torch.allclose(right["normalize"](image), wrong["normalize"](image))
    assert not torch.equal(right["model"].whiten.weight, wrong["model"].whiten.weight)


def test_the_factor_of_biases_makes_a_group_of_its_own(few, fitted):
    assert [group["lr"] for group in fitted()["optimizer"].param_groups] == [0.01]
    groups = fitted(training__bias_factor=64.0)["optimizer"].param_groups
    assert [group["lr"] for group in groups] == [0.01, pytest.approx(0.64)]
    assert {p.ndim for p in groups[1]["params"]} == {1}


def test_a_rule_that_sees_matrices_gets_the_hidden_ones_and_another_rule_the_rest_at_a_fixed_ratio(few, fitted):
    call = fitted(rule="Muon", lr=0.2)
    rest, hidden = call["optimizer"].param_groups
    assert list(map(repr, call["optimizer"].group_rules())) == [repr(ol.AdamW(lr=0.01)), repr(ol.Muon(lr=0.2))]
    named = {id(p): name for name, p in call["model"].named_parameters() if p.requires_grad}
    kernels = {name for name in named.values() if "first.weight" in name or "second.weight" in name}
    assert {named.pop(id(p)) for p in hidden["params"]} == kernels
    assert {named.pop(id(p)) for p in rest["params"]} >= {"whiten.bias", "classifier.weight"}
    assert not named
    beside = {"rule": "Nesterov", "lr": 1.5, "beta": 0.85}
    changes = {"settings": {"Muon": {"lr": 0.24, "rest": beside}}, "training__bias_factor": 64.0}
    groups = fitted(rule="Muon", lr=0.12, **changes)["optimizer"].param_groups
    assert [(group["lr"], group["beta"]) for group in groups] == [(0.75, 0.85), (48.0, 0.85), (0.12, 0.95)]
    assert [len(group["params"]) for group in groups] == [2, 6, 6]


def test_the_average_of_a_rule_around_another_is_tested_with_norms_of_its_own(few, monkeypatch):
    real, calls = vision.fit, []

    def fit(model, optimizer, train, test, **options):
        calls.append((model, optimizer, test, options))
        return real(model, optimizer, train, test, **options)

    monkeypatch.setattr(vision, "fit", fit)
    record = module.run(make(rule="ScheduleFree(AdamW)", training__epochs=1, final__flips=True))
    ((model, optimizer, test, options),) = calls
    tested = lambda **flips: vision.evaluate(
        model, test, normalize=options["normalize"], precision="float32", layout="channels_last", **flips)
    assert [type(each) for each in options["callbacks"]] == [vision.AverageInTest]
    assert tested()[0] == record["history"]["test_loss"][-1]
    assert tested(flips=True)[1] == record["flips_accuracy"]
    assert [options["schedule"](t) for t in (0, 1)] == [pytest.approx(0.2), 1]  # two steps; it does not fall
    assert module.run(make(rule="ASGD", lr=0.1))["history"]["settings"]["callbacks"] == []


def test_norms_of_hidden_matrices_stay_what_they_are(few, fitted):
    assert list(map(type, fitted(training__reset_norms=True)["callbacks"])) == [module.ResetNorms]
    model = fitted()["model"]
    reset, run = module.ResetNorms(), types.SimpleNamespace(model=model)
    classifier, images = model.classifier.weight.clone(), torch.randn(8, 3, 32, 32)
    model.train()
    before = model(images)
    reset.start(run)
    for p in module.learned_matrices(model):
        torch.testing.assert_close(p.norm(), torch.tensor(len(p) ** 0.5))
    torch.testing.assert_close(model(images), before, rtol=1e-3, atol=1e-3)  # a norm follows each
    assert torch.equal(model.classifier.weight, classifier)


def test_the_start_of_the_network_is_that_of_the_protocol(few, fitted):
    plain, passing = fitted()["model"], fitted(network__identity=True)["model"]
    assert (plain.identity, passing.identity) == (False, True)
    assert not torch.equal(plain.groups[0].first.weight, passing.groups[0].first.weight)
    assert torch.equal(plain.whiten.weight, passing.whiten.weight)


def test_callbacks_and_loss_are_those_of_the_protocol(few, fitted):
    assert fitted()["callbacks"] == []
    options = fitted(training__weight_decay=0.02, training__look_ahead=True, training__label_smoothing=0.2)
    assert list(map(repr, options["callbacks"])) == ["WeightDecay(0.02)", repr(vision.LookAhead())]
    assert options["loss"].keywords == {"label_smoothing": 0.2}
    options = fitted(training__weight_decay=0.02, training__decay_biases=True)
    assert list(map(repr, options["callbacks"])) == ["WeightDecay(0.02, biases=True)"]
    options = fitted(training__epochs=3, training__whiten_epochs=2)
    assert list(map(repr, options["callbacks"])) == ["Freeze(['whiten.bias'], after=2)"]


@pytest.mark.parametrize("schedule", ["triangle", "cosine", "constant"])
def test_the_schedule_covers_all_steps(few, fitted, schedule):
    factor = fitted(training__schedule=schedule, training__batch=60)["schedule"]  # 4 batches, 2 epochs
    factors = [factor(t) for t in range(8)]
    assert all(0 < each <= 1 for each in factors)
    assert max(factors) == pytest.approx(1)
    assert factors[-1] == 1 if schedule == "constant" else factors[-1] < 0.4


@pytest.mark.parametrize("rule", [name for name in FIRST_ORDER if "steps" in ol.OPTIMIZERS[name].hypers])
def test_rules_that_fade_over_the_run_are_told_its_length(few, fitted, rule):
    assert fitted(rule=rule, training__batch=60)["optimizer"].rule.steps == 8
    assert fitted(rule=rule, settings={rule: {"steps": 5}})["optimizer"].rule.steps == 5


@pytest.mark.parametrize(("flip", "expected"), [("none", None), ("random", "random"), ("alternating", "alternating")])
def test_augmentation_is_that_of_the_protocol(few, fitted, flip, expected):
    augment = fitted(training__flip=flip, training__shift=3, seed=7)["augment"]
    assert (augment.flip, augment.shift, augment.seed) == (expected, 3, 7)


def norms(monkeypatch, changes, **options):
    """Counts of the batches that a BatchNorm learned from after each epoch of a run, and its numbers."""
    counts, real = [], loop.one_epoch

    def epoch(run, bar):
        real(run, bar)
        counts.append(int(run.model.groups[0].norm_first.num_batches_tracked))
        if options.get("stop") == run.epoch:
            raise InterruptedError

    monkeypatch.setattr(loop, "one_epoch", epoch)
    try:
        numbers = history(make(training__epochs=3, training__batch=50, **changes), checkpoints=options.get("folder"))
    except InterruptedError:
        numbers = None
    monkeypatch.setattr(loop, "one_epoch", real)
    return counts, numbers


@pytest.mark.parametrize("once", [True, False])
def test_train_mode_once_freezes_batchnorm_after_the_first_epoch_also_when_resumed(few, monkeypatch, tmp_path, once):
    changes = {"training__train_mode_once": once, "training__look_ahead": True}
    counts, unbroken = norms(monkeypatch, changes)
    assert counts == ([4, 4, 4] if once else [4, 8, 12])
    first, nothing = norms(monkeypatch, changes, folder=tmp_path, stop=2)
    assert nothing is None
    rest, resumed = norms(monkeypatch, changes, folder=tmp_path)
    assert first + rest == counts
    assert numbers(resumed) == numbers(unbroken)
    assert not list(tmp_path.iterdir())


def test_an_unfinished_run_is_taken_up_by_its_own_code_alone(monkeypatch, tmp_path):
    states = []
    monkeypatch.setattr(module.vision, "fit", lambda *given, checkpoint, **more: states.append(checkpoint) or 1 / 0)
    for code in ("ab" * 32, "cd" * 32):
        monkeypatch.setattr(module, "digests", lambda rule, code=code: {"statements": code})
        with pytest.raises(ZeroDivisionError):
            module.run(make("tuning"), checkpoints=tmp_path)
    assert len({*states}) == 2
