"""Protocols: those of the course load, and every mistake in one is named with the file, the key and the value."""

import dataclasses
import inspect
import math

import numpy as np
import pytest
from benchmark_cases import protocol, settings, toml

import optlib as ol
from optlib import benchmark, vision
from optlib.benchmark import protocol as module
from optlib.benchmark.protocol import TABLES, TASK_TABLES, from_dict, load_protocol, names
from optlib.data import CIFAR10_MEAN, CIFAR100_MEAN, CIFAR100_STD


@pytest.mark.parametrize("name", names())
def test_every_protocol_of_the_course_is_complete(name):
    loaded = load_protocol(name)
    assert loaded.name == name
    assert len(loaded.title) > 20
    assert loaded.rules
    assert {rule for rule, hypers in loaded.rules.items() if "rest" in hypers} == {
        rule for rule in loaded.rules if module.rule_named(rule).sees == "matrix"
    }
    assert {rule for rule, _ in loaded.pairs()} == set(loaded.rules)
    for variant in loaded.variants:
        table = (TASK_TABLES if loaded.tasks else TABLES)["training"]
        assert list(loaded.trained(variant)) == [field.name for field in dataclasses.fields(table)]
    assert loaded.final["seeds"]
    assert loaded.tasks or hasattr(vision, loaded.network["name"])
    assert name in benchmark.protocols()


def test_first_order_means_every_rule_that_trains_a_network_by_gradients_of_batches():
    first = [name for name, cls in ol.OPTIMIZERS.items() if cls.reads == ("gradient",)]
    left_out = {name for name in first if issubclass(ol.OPTIMIZERS[name], type(ol.EMA()).wrapper.__base__)} | {"LBFGS"}
    first = [name for name in first if name not in left_out]
    assert {"EMA", "ScheduleFree", "Lookahead"} < left_out
    assert {"Nesterov", "AdamW", "Lion", "Muon", "SOAP", "Prodigy", "LAMB", "Adafactor"} < set(first)
    assert list(protocol(rules="first-order").rules) == first
    assert list(load_protocol("gpu").rules) == first


def test_rules_around_rules_are_named_as_they_are_written():
    given = protocol(rules=["EMA(Cautious(Adam))", "Lion", "EMA"], settings={"EMA(Cautious(Adam))": {"decay": 0.5}})
    assert list(given.rules) == ["Lion", "EMA", "EMA(Cautious(Adam))"]
    rule = module.rule_named("EMA(Cautious(Adam))")(decay=0.5)
    assert repr(rule) == repr(ol.EMA(ol.Cautious(ol.Adam()), decay=0.5))
    assert protocol(rules=["EMA(Muon)"]).rules == {"EMA(Muon)": {"rest": {"rule": "EMA(AdamW)", "lr": 0.001}}}
    assert list(protocol(rules=["first-order", "EMA(Adam)"]).rules) == [*module.first_order(), "EMA(Adam)"]


def test_a_variant_may_be_for_some_rules():
    given = protocol(variants={"long": {"epochs": 9}, "wide": {"batch": 50, "rules": ["Adam"]}})
    assert given.pairs() == [("Momentum", "long"), ("Adam", "long"), ("Adam", "wide")]
    assert given.trained("wide") == {**given.training, "batch": 50}
    assert given.with_only(["Momentum"]).pairs() == [("Momentum", "long")]
    given = protocol(rules=["first-order", "EMA"], variants={"plain": {"rules": "first-order"}})
    assert [rule for rule, _ in given.pairs()] == module.first_order()
    with pytest.raises(ValueError, match=r"rules=\['EMA'\] are in no variant of protocol some"):
        given.with_only(["EMA"])


def test_defaults_are_filled_in_and_what_is_given_stays():
    filled = from_dict("some", settings(settings={"Adam": {"beta1": 0.8}}))
    assert filled.training["flip"] == "random"
    assert filled.training["batch"] == 100
    assert filled.rules == {"Momentum": {}, "Adam": {"beta1": 0.8}}
    assert filled.variants == {"": {}}
    assert protocol(tuning=None).tuning is None
    # Each default is allowed, also where the file names it.
    assert protocol(**{table: getattr(filled, table) for table in TABLES}, settings={"Adam": {"beta1": 0.8}}) == filled


def test_every_choice_is_taken_and_every_setting_of_a_network_is_its_own():
    assert set(module.NETWORKS) == {"SpeedNet", "ResNet18", "ResNet20", "VGG16"}
    for name, own in module.NETWORKS.items():
        assert set(own) <= set(inspect.signature(getattr(vision, name)).parameters)
    for key in ("schedule", "flip", "constants"):
        field = next(field for field in dataclasses.fields(TABLES["training"]) if field.name == key)
        for choice in field.metadata["allowed"][0]:
            assert protocol(**{f"training__{key}": choice}).training[key] == choice


BAD = {  # change -> what the error must say
    "a budget without tasks": ({"budget": "quick"}, ["'budget' is unknown; allowed are", "tasks"]),
    "an unknown table": ({"extra": {}}, ["'extra' is unknown", "tuning"]),
    "an unknown key": ({"training__momentum": 0.9}, ["[training]", "'momentum' is unknown", "label_smoothing"]),
    "an unknown key of final": ({"final__seed": 1}, ["[final]", "'seed'", "default_seeds"]),
    "no title": ({"title": None}, ["title=None", "text"]),
    "a title that is no text": ({"title": 3}, ["title=3", "text"]),
    "a missing key": ({"training__batch": None}, ["[training]", "batch is missing", "integer of at least 1"]),
    "a missing table": ({"data": None}, ["[data]", "set is missing", "'full'"]),
    "a second hyper-parameter of no rule": (
        {"tuning__also": {"Adams": {"beta1": [0.8]}}}, ["also=", "Adams", "must name rules"]),
    "a second hyper-parameter of a rule that does not run": (
        {"tuning__also": {"RMSProp": {"beta2": [0.8]}}}, ["[tuning.also]", "'RMSProp' is unknown", "Momentum, Adam"]),
    "two of them": ({"tuning__also": {"Adam": {"beta1": [0.8], "beta2": [0.9]}}}, ["for each one hyper-parameter"]),
    "the rate as the second": ({"tuning__also": {"Adam": {"lr": [0.8]}}}, ["lr=[0.8]", "not of lr"]),
    "a value that its rule refuses": ({"tuning__also": {"Adam": {"beta1": [0.8, 2]}}}, ["[also.Adam]", "beta1=2"]),
    "no seeds": ({"final__seeds": []}, ["seeds=[]", "one or more different integers"]),
    "tuning that is no table": ({"tuning": 5}, ["[tuning]", "must be a table", "5"]),
    "variants that are no table": ({"variants": 3}, ["variants=3", "table"]),
    "a variant that is no table": ({"variants": {"a": 3}}, ["variants.a", "table", "3"]),
    "an unknown key of a variant": ({"variants": {"a": {"x": 3}}}, ["[variants.a]", "'x' is unknown"]),
    "a bad value in a variant": ({"variants": {"a": {"batch": 0}}}, ["[variants.a]", "batch=0", "at least 1"]),
    "a rule around one that it does not take": ({"rules": ["Cautious(ScheduleFree)"]}, ["Cautious(ScheduleFree)"]),
    "a rule around one that needs two gradients": ({"rules": ["EMA(SAM)"]}, ["rules=['EMA(SAM)']"]),
    "a rule in a rule that takes none": ({"rules": ["Adam(AdamW)"]}, ["Adam(AdamW)"]),
    "a rule that is not closed": ({"rules": ["EMA(Adam"]}, ["rules=['EMA(Adam']"]),
    "a variant of a rule that does not run": (
        {"variants": {"a": {"rules": ["AdaGrad"]}}}, ["[variants.a]", "rules=['AdaGrad']", "some of Momentum, Adam"]),
    "a rest of a rule that takes all": ({"settings": {"Adam": {"rest": {}}}}, ["Adam", "rest="]),
    "a rest without a rate": ({"rules": ["Muon"], "settings": {"Muon": {"rest": {"rule": "Adam"}}}},
                              ["[settings.Muon]", "rest={'rule': 'Adam'} must", "'lr': 0.001"]),
    "a hyper-parameter of the rest": (
        {"rules": ["Muon"], "settings": {"Muon": {"rest": {"rule": "Adam", "lr": 1, "beta": 3}}}}, ["rest", "beta=3"]),
    "settings that are no table": ({"settings": [1]}, ["settings=[1]", "table"]),
    "settings of a rule that is not there": ({"settings": {"AdaGrad": {}}}, ["[settings]", "'AdaGrad'", "Momentum"]),
    "settings of a rule that are no table": ({"settings": {"Adam": 3}}, ["Adam=3", "table"]),
    "an unknown hyper-parameter": ({"settings": {"Adam": {"gamma": 1}}}, ["[settings.Adam]", "gamma=1", "beta1"]),
    "a hyper-parameter out of range": ({"settings": {"Adam": {"lr": -1}}}, ["[settings.Adam]", "lr=-1", "(0, inf)"]),
    "a hyper-parameter as text": ({"settings": {"Adam": {"lr": "x"}}}, ["[settings.Adam]", "lr='x'", "a number"]),
    "an unknown rule": ({"rules": ["Adma"]}, ["rules=['Adma']", "first-order", "Adam"]),
    "a rule that needs more than gradients": ({"rules": ["Newton"]}, ["rules=['Newton']", "Momentum"]),
    "rules that are no list": ({"rules": "Adam"}, ["rules='Adam'", "first-order"]),
    "rules missing": ({"rules": None}, ["rules=None"]),
    "no rules": ({"rules": []}, ["rules=[]"]),
    "an unknown network": ({"network__name": "ResNet1000"}, ["name='ResNet1000'", "'ResNet18'"]),
    "a start for another network": ({"network": {"name": "VGG16", "identity": True}}, ["identity=True", "VGG16"]),
    "decay of nothing": ({"training__decay_biases": True}, ["decay_biases=True", "weight_decay above 0"]),
    "a size where there is one": ({"network": {"name": "ResNet20", "size": "large"}}, ["size='large'", "ResNet20"]),
    "too much smoothing": ({"training__label_smoothing": 1.0}, ["label_smoothing=1.0", "[0, 0.9]"]),
    "a shift beyond the image": ({"training__shift": 32}, ["shift=32", "from 0 to 31"]),
    "a value twice": ({"tuning__also": {"Adam": {"beta1": [0.8, 0.8]}}}, ["beta1=[0.8, 0.8]", "different values"]),
    "uneven exponents": ({"tuning__exponents": [0, 1, 3]}, ["exponents=[0, 1, 3]", "even steps"]),
    "falling exponents": ({"tuning__exponents": [1, 0]}, ["exponents=[1, 0]", "growing"]),
    "exponents closer than the rounding": ({"tuning__exponents": [0, 1e-4]}, ["exponents=", "0.01"]),
    "exponents beyond all numbers": ({"tuning__exponents": [400, 401]}, ["exponents=[400, 401]"]),
    "widened without end": ({"tuning__widen": 1000}, ["widen=1000", "0 to 10"]),
    "more held out than there are": ({"data__validation": 5000}, ["validation=5000", "5,000"]),
    "more trained on than are left": ({"tuning__images": 4500}, ["images=4500", "5,000"]),
    "a batch of more than all": ({"training__batch": 600}, ["batch=600", "at most 500"]),
    "default seeds without tuning": ({"tuning": None, "final__default_seeds": [0]}, ["default_seeds=[0]", "[tuning]"]),
    "a factor for biases of a ResNet": (
        {"network__name": "ResNet18", "training__bias_factor": 2.0}, ["bias_factor=2.0", "ResNet18"]),
    "whitening of a ResNet": (
        {"network__name": "ResNet18", "training__whiten_epochs": 1}, ["whiten_epochs=1", "ResNet18"]),
    "whitening learned in all epochs": ({"training__whiten_epochs": 2}, ["whiten_epochs=2", "less than epochs=2"]),
    "a fixed bias with a rule that needs all gradients": (
        {"training__whiten_epochs": 1, "rules": ["Adam", "YellowFin"]}, ["whiten_epochs=1", "; YellowFin needs"]),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_a_mistake_is_named_with_the_file_the_key_the_value_and_what_is_allowed(change, words):
    with pytest.raises(ValueError) as error:
        from_dict("x", settings(**change), "mine.toml")
    text = str(error.value)
    assert text.startswith("mine.toml")
    assert "\n" not in text
    for word in words:
        assert word in text, text


WRONG = {  # for fields of each type, beside what no field takes
    int: [{}, True, 1.5], bool: [{}, 1, "true"], float: [{}, True, math.inf, 1e9, 10**400], str: [{}, ["SpeedNet"], 3],
    list: [{}, 3, [True], [0], [0.5], [-1], [1, 1], [0, math.inf], [0, 400]], dict: [[]],
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_every_key_refuses_what_it_cannot_be(table):
    for field in dataclasses.fields(TABLES[table]):
        seeds = field.name in ("seeds", "default_seeds")
        wrong = [{}, 3, [True], [0.5], [-1], [1, 1]] if seeds else WRONG[field.type]
        for value in ("nonsense", -7, math.nan, *wrong):
            given = settings()
            given[table][field.name] = value
            with pytest.raises(ValueError) as error:
                from_dict("x", given, "mine.toml")
            assert str(error.value).startswith(f"mine.toml [{table}]: {field.name}={value!r} must be ")


def test_a_file_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(toml(settings()))
    loaded = load_protocol(path)
    assert loaded == from_dict("mine", settings())
    assert load_protocol(str(path)) == loaded
    path.write_text("\ufeff" + toml(settings()), encoding="utf-8")  # a byte-order mark, as Windows writes it
    assert load_protocol(path) == loaded


def test_a_file_named_like_a_protocol_of_the_course_must_be_that_protocol(tmp_path):
    path, text = tmp_path / "subset.toml", (module.HERE / "subset.toml").read_text()
    path.write_text(text)
    assert load_protocol(path) == load_protocol("subset")
    path.write_text(text.replace("seeds = [0", "seeds = [7, 0"))
    with pytest.raises(ValueError, match=r"subset\.toml: the course has another protocol named 'subset'; give"):
        load_protocol(path)
    assert load_protocol(path.rename(tmp_path / "mine.toml")).final["seeds"][0] == 7


def test_bad_toml_is_named_with_the_file_and_what_is_no_file_with_the_names_there_are(tmp_path):
    for text in (b"title = ", b"a = 1\na = 2", b"\xff\xfe", b"[data\n"):
        (tmp_path / "mine.toml").write_bytes(text)
        with pytest.raises(ValueError, match=r"mine\.toml: no valid TOML: "):
            load_protocol(tmp_path / "mine.toml")
    for which in ("cpuu", tmp_path, tmp_path / "none.toml", ""):
        with pytest.raises(FileNotFoundError, match="is neither a file nor one of .*cpu, .*gpu"):
            load_protocol(which)


def test_some_rules_and_other_seeds():
    full = protocol(rules=["Momentum", "Adam", "AdaGrad"])
    fewer = full.with_only(["AdaGrad", "Adam"], np.array([5, 6]))
    assert list(fewer.rules) == ["AdaGrad", "Adam"]
    assert fewer.final["seeds"] == [5, 6]
    assert full.final["seeds"] == [0, 1]
    assert list(full.rules) == ["Momentum", "AdaGrad", "Adam"]  # in the order of the registry
    assert full.with_only() == full
    of_defaults = protocol(final__default_seeds=[0])
    assert [each.with_only(seeds=[5]).final["default_seeds"] for each in (of_defaults, full)] == [[5], []]


@pytest.mark.parametrize(("change", "message"), [
    ({"rules": ["Nesterov"]}, r"rules=\['Nesterov'\] are not in protocol some; it has Momentum, Adam"),
    ({"rules": []}, r"rules=\[\] must name at least one of Momentum"),
    ({"seeds": [1, 1]}, r"seeds=\[1, 1\] must be .*different"),
    ({"seeds": [-1]}, r"seeds=\[-1\] must be"),
    ({"seeds": []}, r"seeds=\[\] must be one or more"),
])  # fmt: skip
def test_what_is_not_in_the_protocol_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        protocol().with_only(**change)


def test_the_constants_are_the_published_ones():
    # As many public repositories have them, in shares of 255, with their rounding.
    assert [m / 255 for m in CIFAR100_MEAN] == pytest.approx([0.5071, 0.4866, 0.4409], abs=2e-4)
    assert [s / 255 for s in CIFAR100_STD] == pytest.approx([0.2673, 0.2564, 0.2761], abs=3e-4)
    assert abs(CIFAR100_MEAN[0] - CIFAR10_MEAN[0]) > 3
