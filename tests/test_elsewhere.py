"""What other libraries do: each recorded path is walked by the rule of its row, and the names lead there and back."""

import ast
import functools
import pickle

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.course.elsewhere import conventions, corrections, matcher, table
from optlib.course.elsewhere.corrections import BeforeCorrection
from tools.elsewhere import match

FILES = match.files()


def rows():
    """All rows that a rule of ours walks with the library's defaults: library, name, what was measured."""
    for library, about in table.read("measured").items():
        for name, measured in about["rows"].items():
            if name in table.rows(library) and not table.measured(measured, measured["defaults"])[1]:
                yield library, name, measured


def rate(measured):
    """A learning rate, the length of the training and what else has no default there."""
    defaults = measured["defaults"]
    given = {argument: value for argument, value in measured["runs"][0][0].items() if not defaults.get(argument)}
    rated = "relative_step" in defaults or any(defaults.get(rate) is not None for rate in table.RATES)
    return given | (table.LENGTH if "lr_scheduler_type" in defaults else {} if rated else {"learning_rate": 0.01})


@pytest.mark.parametrize("library", FILES)
def test_every_recorded_path_is_as_far_from_its_rule_as_the_table_says(library):
    stored = table.read("measured")[library]
    assert stored["version"] == FILES[library]["version"]
    for run in (each for each in FILES[library]["runs"] if each["paths"]):
        name = match.row_name(library, run["name"]) or run["name"]
        kept = [each for each in stored["rows"][name]["runs"] if each[0] == run["settings"]]
        assert kept, f"{run['name']}: run python -m tools.elsewhere.match"
        if decided := [error for _, error, nearest in kept if error is not None and not nearest]:
            first = next(iter(run["paths"]))
            errors = {key: e for key, e in match.errors(library, FILES[library], run).items() if key[0] == first}
            most = table.ROUNDING[first] + (10 * max(decided) if first == "float64" else 0)
            assert max(errors.values()) <= most, (run["name"], errors)


def test_at_least_95_percent_of_the_runs_are_decided():
    runs = [run for about in table.read("measured").values() for row in about["rows"].values() for run in row["runs"]]
    decided = [error for _, error, nearest in runs if error is not None and not nearest]
    assert len(runs) == sum(len(file["runs"]) for file in FILES.values()) >= 450
    assert len(decided) >= 0.95 * len(runs)
    assert max(decided) <= table.ROUNDING["float32"]


def test_an_error_is_relative_to_the_way_and_forgives_only_rounding():
    x0, points = np.array([1.0, 0.0]), np.array([[2.0, 1e-9], [3.0, 2e-9]])
    assert matcher.error(points * (1 + 1e-16), points, x0) == 0.0
    assert matcher.error(points + [0.0, 1e-10], points, x0) == pytest.approx(0.05)
    assert matcher.error(points + [np.nan, 0.0], points, x0) == np.inf
    still = np.zeros((2, 2))
    assert matcher.error(still + [0.5, 0.0], still, np.zeros(2)) == 0.5


UNTOLD = [  # library, run, its numbers by our names, the rule and conventions that the search must come back with
    ("torch", "Adam", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, "Adam", {}),
    ("keras_jax", "Adam decay", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-7, "weight_decay": 0.1},
     "Adam", {"place": "before", "decay": "decoupled"}),
    ("torch", "SGD nesterov", {"momentum": 0.9}, "Momentum", {"nesterov": True}),
    ("mlx", "Adam", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, "Adam", {"uncorrected": True}),
    ("optax", "amsgrad", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, "Adam", {"maximum": "corrected"}),
    ("tf_compat_v1", "RMSPropOptimizer momentum", {"beta2": 0.9, "eps": 1e-10, "momentum": 0.9},
     "RMSProp", {"start": 1.0, "inside": True}),
    ("optax", "rprop", {}, "Rprop", {"late": True}),
]  # fmt: skip


@pytest.mark.parametrize(("library", "run", "numbers", "name", "words"), UNTOLD, ids=lambda each: str(each)[:20])
def test_the_search_finds_conventions_that_it_was_not_told(library, run, numbers, name, words):
    run = next(each for each in FILES[library]["runs"] if each["name"] == run)
    walks = [each for each in match.walks(library, FILES[library], run) if each[0] == next(iter(run["paths"]))]
    paths = [(x0, g, points, dtype, drop) for dtype, _, _, drop, x0, g, points in walks]
    error, nearest, its_words, rule = match.match(paths, {"lr": run["lr"]} | numbers, only=[name, "AdaGrad"])[0]
    assert error <= table.ROUNDING["float32"], rule
    assert nearest == name
    assert words.items() <= its_words.items()


def test_a_registered_rule_comes_where_one_is_the_same():
    assert repr(ol.translate("torch", "AdamW")) == repr(ol.AdamW())
    nesterov = ol.translate("torch", "SGD", lr=0.1, momentum=0.8, nesterov=True)
    assert repr(nesterov) == repr(ol.Nesterov(lr=0.1, beta=0.8))
    keras = ol.translate("keras", "Adam", learning_rate=0.01, epsilon=1e-6)
    assert repr(keras) == repr(ol.Adam(lr=0.01, eps=1e-6 * BeforeCorrection(beta2=0.999)))
    assert repr(ol.translate("torch", "Adam", weight_decay=0.1)) == f"L2({ol.Adam()!r}, l2=0.1)"
    assert repr(ol.translate("keras", "SGD", global_clipnorm=1.0)) == repr(ol.ClipNorm(ol.GradientDescent(lr=0.01)))
    assert ol.translate("keras", "SGD", clipnorm=1.0).sees == "tensor"  # each weight by itself
    assert "Muon" in repr(ol.translate("keras", "Muon"))
    assert type(ol.translate("keras", "Muon", weights="vector")) is ol.AdamW
    assert repr(ol.translate("torch", "Adam", betas=np.array([0.8, 0.99]))) == repr(ol.Adam(beta1=0.8, beta2=0.99))


@pytest.mark.parametrize(("library", "name", "settings", "error", "words"), [
    ("kers", "Adam", {}, KeyError, "keras_jax"),
    ("keras", "Adamm", {}, KeyError, "did you mean 'Adam'"),
    ("keras", "Adam", {"rate": 1}, TypeError, "its arguments are learning_rate, beta_1"),
    ("optax", "adam", {}, TypeError, "needs a learning rate"),
    ("timm", "lamb", {"trust_clip": True}, ValueError, "no counterpart"),
    ("mlx", "Adafactor", {"decay_rate": -0.5}, ValueError, "no counterpart"),
    ("timm", "lars", {"weight_decay": 0.1, "nesterov": True}, ValueError, "not known with that convention"),
    ("optax", "adabelief", {"learning_rate": 0.1, "eps": 1e-8}, ValueError, "has one epsilon, not both"),
    (ol.Adam, "torch", {}, TypeError, "must be the name of a library, or a rule"),
    (ol.Adam(), "torch", {"lr": 0.1}, TypeError, "takes a rule and the name of a library"),
    (ol.Adam(), "torhc", {}, KeyError, "is not known"),
    ("torch", None, {}, TypeError, "name=None must be a str, such as 'Adam'"),
    ("torch", "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": "yes"}, TypeError, "nesterov='yes' must be True or"),
    ("torch", "SGD", {"lr": "0.1"}, TypeError, "lr='0.1' must be a number"),
    ("torch", "Adam", {"betas": 0.9}, TypeError, "betas=0.9 must be 2 numbers"),
    ("torch", "Adam", {"betas": (0.9, 0.99, 0.999)}, TypeError, r"betas=\(.*\) must be 2 numbers"),
    ("torch", "Adam", {"betas": (None, 0.99)}, TypeError, "betas=None must be a number"),
    ("torch", "Adam", {"betas": ("0.9", 0.99)}, TypeError, "betas='0.9' must be a number"),
    ("torch", "SGD", {"momentum": np.array([0.9, 0.8])}, TypeError, "momentum=.* must be a number"),
    ("torch", "Muon", {"adjust_lr_fn": "match"}, ValueError, "must be None, 'original' or"),
    (ol.Adam(lr=np.ones(2)), "torch", {}, ValueError, "lr of Adam.* is an array"),
    (ol.Adam(eps=ol.schedules.Cosine(1e-3, steps=9)), "torch", {}, ValueError, "is a schedule; the way back takes num"),
    (ol.Adam(), "keras", {}, ValueError, "keras has no optimizer that makes the same steps as Adam"),
    ("torch", "Adam", {"lr": -1.0}, ValueError, "outside the allowed range"),
    ("torchao", "Adam4bit", {}, ValueError, "no rule of ours walks its path; the nearest is"),
    ("heavyball", "SOAP", {}, ValueError, "no rule of ours walks its path; the nearest is"),
    ("torch", "Adam", {"weights": "scalar"}, ValueError, "must be '', 'vector', 'matrix' or 'kernel'"),
])  # fmt: skip
def test_what_cannot_be_translated_is_said(library, name, settings, error, words):
    with pytest.raises(error, match=words):
        ol.translate(library, name, **settings)


@pytest.mark.parametrize(("rule", "library", "code"), [
    (ol.Adam(lr=0.1), "optax", "optax.adam(learning_rate=0.1)"),
    (ol.QHM(lr=0.1), "qhoptim", "qhoptim.pyt.QHM(model.parameters(), lr=0.1, momentum=0.999, nu=0.7)"),
    (ol.Nesterov(lr=1.0), "jax_example_libraries", "jax.example_libraries.optimizers.nesterov(mass=0.9, step_size=1)"),
    (ol.Nesterov(lr=0.1), "torch", "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)"),
    (ol.AMSGrad(), "torch", "torch.optim.Adam(model.parameters(), amsgrad=True)"),
    (ol.AdamW(lr=0.01, weight_decay=0.1), "torch", "torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)"),
    (ol.translate("keras", "Adam", epsilon=1e-5), "keras", "keras.optimizers.Adam(epsilon=1e-05)"),
    (ol.AdaDelta(rho=0.95, eps=1e-7), "keras", "keras.optimizers.Adadelta(learning_rate=1)"),
    (ol.translate("keras", "SGD", clipnorm=2.0), "keras", "keras.optimizers.SGD(clipnorm=2)"),
    (ol.ClipNorm(ol.GradientDescent(lr=0.01), max_norm=2.0), "keras", "keras.optimizers.SGD(global_clipnorm=2)"),
    (ol.ClipValue(ol.GradientDescent(lr=0.01), max_value=2.0), "keras", "keras.optimizers.SGD(clipvalue=2)"),
    (ol.Adam(lr=0.123456789, beta2=0.9999999), "torch",
     "torch.optim.Adam(model.parameters(), lr=0.123456789, betas=(0.9, 0.9999999))"),
    (ol.Adam(beta1=0.0), "torch", "torch.optim.Adam(model.parameters(), betas=(0.0, 0.999))"),  # it takes no (0, 0.999)
    (ol.Momentum(lr=0.1, beta=0.9999999), "torch", "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9999999)"),
])  # fmt: skip
def test_a_rule_becomes_code_of_another_library(rule, library, code):
    assert ol.translate(rule, library) == code


def test_what_was_translated_comes_back_as_code_that_is_translated_to_the_same():
    forms, returned = table.read("names")["code"].items(), 0
    renamed = {form.partition("(")[0]: key.split()[1] for key, form in forms if "name" not in form}
    for library, name, measured in rows():
        if not name.isidentifier() or "; " in table.rows(library)[name]:
            continue
        rule = ol.translate(library, name, **rate(measured))
        try:
            code = ol.translate(rule, library)
        except ValueError:
            continue
        call = ast.parse(code, mode="eval").body
        settings = {each.arg: ast.literal_eval(each.value) for each in call.keywords if each.arg != "parameters"}
        there = call.args[1].value if library == "timm" else renamed.get(ast.unparse(call.func), call.func.attr)
        assert repr(ol.translate(library, there, **settings)) == repr(rule), code
        returned += 1
    assert returned >= 150


X0, G = np.array([0.5, -1.0, 2.0]), np.random.default_rng(0).standard_normal((6, 3))


def test_a_variant_with_its_switches_off_is_the_registered_rule():
    for name, parent in [("ADOPTVariant", ol.ADOPT), ("LARSVariant", ol.LARS), ("LAMBVariant", ol.LAMB),
                         ("LastAxesAdafactor", ol.Adafactor), ("MuonVariant", ol.Muon)]:  # fmt: skip
        x0, g = (X0, G) if parent is not ol.Muon else (X0[None], G[:, None])
        ours = matcher.walk(conventions.RULES[name](), x0, g)
        assert ours == pytest.approx(matcher.walk(parent(), x0, g), rel=1e-12), name


def test_a_variant_that_sees_numbers_steps_each_by_itself():
    for name, cls in conventions.RULES.items():
        if cls.sees == "number" and name not in ol.OPTIMIZERS:
            apart = [matcher.walk(cls(), X0[i : i + 1], G[:, i : i + 1]) for i in range(3)]
            assert np.array_equal(matcher.walk(cls(), X0, G), np.concatenate(apart, axis=1)), name


def test_a_correction_undoes_its_opposite():
    t, betas = np.arange(5), {"beta1": 0.9, "beta2": 0.999}
    assert corrections.Uncorrected(**betas)(t) * corrections.Corrected(**betas)(t) == pytest.approx(np.ones(5))
    assert corrections.Uncorrected(beta1=0.9)(0) == pytest.approx(0.1)
    assert BeforeCorrection(beta2=0.999)(0) == pytest.approx(0.001**-0.5)
    assert corrections.rectifier(0.999, np.array([1, 100])) == pytest.approx([0.0, 0.2153], abs=1e-4)


def test_translated_rules_step_torch_tensors_as_arrays_and_outlive_pickle():
    x0, g = np.array([[0.5, -1.0], [2.0, 1.0], [0.1, -0.7]]), np.random.default_rng(1).standard_normal((4, 3, 2))
    for library, name, measured in rows():
        rule = ol.translate(library, name, **rate(measured))
        expected, x, halfway = matcher.walk(rule, x0, g), torch.tensor(x0), rule.fresh()
        for each in torch.tensor(g):
            x = halfway.step(x, each)
            halfway = pickle.loads(pickle.dumps(halfway))
        assert x.numpy() == pytest.approx(expected[-1], rel=1e-9, abs=1e-12), (library, name)
        assert repr(halfway) == repr(rule)


def test_a_variant_shows_only_what_is_not_its_default():
    assert repr(conventions.RULES["Yogi"](lr=0.1, beta1=0.5)) == "Yogi(lr=0.1, beta1=0.5)"
    assert repr(ol.ClipNorm(conventions.RULES["Rprop"](lr=0.1))) == "ClipNorm(Rprop(lr=0.1), max_norm=1)"


def test_the_table_names_libraries_defaults_differences_first_steps_and_versions():
    about = ol.elsewhere("Adam")
    lines = {(line[0], line[1]): line[2:] for line in about.table.rows}
    assert lines["torch", "Adam"] == ["lr 0.001, betas (0.9, 0.999), eps 1e-08", "the same rule", "1", "2.13.0+cpu"]
    assert "before the correction" in lines["keras_jax", "Adam"][1]
    assert lines["mlx", "Adam"][1:3] == ["averages are not corrected", "3.16"]
    assert "recorded" in about.table.caption
    assert "mlx Adam" in about.picture.description or "AdamWeightDecay" in about.picture.description
    page = about._repr_mimebundle_()
    assert "<table" in page["text/html"]
    assert "<img" in page["text/html"]
    assert "keras_jax" in page["text/plain"]


def test_every_rule_has_a_table_or_says_that_no_library_has_it():
    without = set()
    for name, cls in ol.OPTIMIZERS.items():
        try:
            about = ol.elsewhere(cls)
        except KeyError:
            without.add(name)
        else:
            assert about.table.rows
            assert all(len(line) == len(about.table.columns) for line in about.table.rows)
    with pytest.raises(KeyError, match="none of the libraries of the table has Newton"):
        ol.elsewhere("Newton")
    assert {"Adam", "AdamW", "Nadam", "Muon", "ScheduleFree", "LAMB"}.isdisjoint(without)
    with pytest.raises(KeyError, match="did you mean 'Adam'"):
        ol.elsewhere("Adamm")


def by_hand(x, g, *, memory={}):  # noqa: B006
    memory["v"] = 0.8 * memory.get("v", 0.0) + 0.2 * g
    return x - 0.05 * memory["v"]


@pytest.mark.parametrize(("box", "text"), [
    (functools.partial(torch.optim.SGD, lr=0.05, momentum=0.8, nesterov=True), "Nesterov(lr=0.05, beta=0.8)"),
    (functools.partial(torch.optim.Adam, lr=2e-3, betas=(0.8, 0.99)),
     "Adam(lr=0.002, beta1=0.8, beta2=0.99, eps=1e-08)"),
    (functools.partial(torch.optim.AdamW, weight_decay=0.3),
     "AdamW(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.3)"),
    (lambda x, g: by_hand(x, g), "Momentum(lr=0.01, beta=0.8)"),
    (ol.translate("keras", "RMSprop", momentum=0.8), "eps_inside=1e-07), momentum=0.8)"),
], ids=["nesterov", "adam", "adamw", "by hand", "keras"])  # fmt: skip
def test_a_black_box_is_known_by_its_path(box, text):
    identity = ol.identify(box)
    assert identity.same
    assert repr(identity.rule).endswith(text)
    assert text in repr(identity)


def test_a_box_that_is_none_of_ours_is_compared_with_the_nearest():
    identity = ol.identify(lambda x, g: x - 0.01 * np.tanh(g))
    assert not identity.same
    assert identity.error > 1e-3
    assert "Not identified; the nearest is" in repr(identity)


@pytest.mark.parametrize(("box", "error", "words"), [
    ("Adam", TypeError, "must be a callable"),
    (dict, TypeError, "must be a callable"),
    (lambda x, g: x[:2], ValueError, "finite numbers of shape"),
    (lambda x, g: x, ValueError, "never moves"),
    (lambda x, g: x / 0.0 * 0.0, ValueError, "finite numbers of shape"),
])  # fmt: skip
def test_what_is_no_box_is_refused(box, error, words):
    with np.errstate(all="ignore"), pytest.raises(error, match=words):
        ol.identify(box)


def test_a_row_of_the_table_is_read_as_it_is_written():
    rule, words, means = table.section("keras_jax", "Adam", {})
    assert (rule, words) == ("Adam", {"place": "before", "decay": "decoupled"})
    assert table.section("keras_jax", "Muon", {}, "vector")[0] == "Adam"
    assert table.section("torch", "Rprop", {})[2]["etas"] == ["shorter", "longer"]
    assert [table.section("paddle", "Lamb", {"lamb_weight_decay": w})[0] for w in (0.1, 0.0)] == ["LAMB", "Adam"]
    climbs = table.rule_of("optax", "adadelta", {"learning_rate": None, "rho": 0.9, "eps": 1e-6})
    assert repr(climbs).startswith("Uphill")


def test_every_word_of_a_row_is_known():
    for library in table.read("names")["names"]:
        for name in table.rows(library):
            for _, rule, words, _means in table.sections(library, name):
                assert words.keys() <= conventions.words_of(rule), (library, name)
