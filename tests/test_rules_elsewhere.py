"""What cards say of other libraries: one paragraph is the table's; sentences of hand that name one are proved.

Weight decay, which was recorded of few rules, is compared with the libraries that are installed; other settings are
translated, or refused, as far as their part in a path is known.
"""

import dataclasses
import importlib
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import torch
from test_elsewhere import rate, rows

import optlib as ol
from optlib.course import cards
from optlib.course.elsewhere import matcher, table
from rules import snapshot
from tools import elsewhere
from tools.elsewhere import common, docstrings, match, torch_api

ROOT = Path(__file__).resolve().parent.parent
RULES = ol.OPTIMIZERS
TESTS = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/test_rules_*.py"))
LIBRARY = re.compile("torch|keras|optax|timm|paddle|mlx|tensorflow|qhoptim|bitsandbytes|scipy|schedulefree", re.I)
GRADIENTS = np.random.default_rng(0).standard_normal((8, 3, 2))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_first_paragraph_is_written_from_the_table_and_all_are_short(rule):
    assert docstrings.paragraphs(rule)[0] == docstrings.written(rule), "run: python -m tools.elsewhere.docstrings"
    shown = ol.card(rule).text.split("\n\nElsewhere: ")[1].partition("\n\n")[0]
    assert len(shown.splitlines()) <= 7


def settings(library, name, **given):
    return ol.translate(library, name, **given).settings()


def walk(rule, rate=None):
    if rate is not None:
        rule.set("lr", rate)
    x, points, rule = np.ones((3, 2)), [], rule.fresh()
    for g in GRADIENTS:
        x = rule.advance(x, g)
        points.append(x)
    return np.array(points)


def same(one, other, rate=None):
    return np.allclose(walk(one, rate), walk(other, rate), rtol=1e-5, atol=0)


def same_while_constant(one, other):
    return same(one, other, 0.1) and not same(one, other, ol.schedules.Cosine(0.1, steps=8))


def default(library, name, argument):
    return table.entry("test", library, name)["defaults"][argument]


def adds_decay(*name):
    return repr(ol.translate(*name, weight_decay=0.1)).startswith("L2(")


def first_step(rule):
    return float(rule.advance(np.ones(1), np.array([1e-3]))[0])


def corrected(name):
    rate = settings("optax", name)["lr"]
    return all(np.isclose(rate(t), np.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))) for t in range(8))


def recorded(library, name):
    file = json.loads((ROOT / f"data/elsewhere/{library}.json").read_text(encoding="utf-8"))
    return elsewhere.paths(file, next(run for run in file["runs"] if run["name"] == name))["float64"]["scalar"]


PROOFS = {  # rule: start of a sentence -> whether it holds, or a test that shows it
    "Momentum": {
        "With the learning": lambda: same_while_constant(ol.translate("keras", "SGD", momentum=0.9), ol.Momentum()),
        "torch's dampening": lambda: first_step(ol.translate("torch", "SGD", lr=1.0, momentum=0.9, dampening=0.9))
        == first_step(ol.Momentum(lr=1.0)),
    },
    "Nesterov": {"With the learning": lambda: same_while_constant(
        ol.translate("keras", "SGD", momentum=0.9, nesterov=True), ol.Nesterov())},
    "QHM": {"Unless set": lambda: [[settings(library, "QHM")[name] for name in ("beta", "nu")] for library in (
        "pytorch_optimizer", "torch_optimizer")] == [[0, 1], [0, 0.7]]},
    "AggMo": {"Unless set": lambda: settings("pytorch_optimizer", "AggMo")["lr"] == 1e-3
              == settings("torch_optimizer", "AggMo")["lr"]},
    "RMSProp": {
        "torch's alpha": lambda: settings("torch", "RMSprop", alpha=0.7)["beta2"] == 0.7,
        "timm's rmsproptf": lambda: ["timm", "tf_compat_v1"] == [library for name in ("rmsproptf", "RMSPropOptimizer")
            for library, its, _, how, *_ in ol.elsewhere("RMSProp").table.rows
            if its == name and "the squares start at 1" in how],
    },
    "AdaDelta": {
        "Keras, paddle": lambda: {settings("keras", "Adadelta")["lr"], settings("paddle", "Adadelta")["lr"],
                                  settings("tf_compat_v1", "AdadeltaOptimizer")["lr"]} == {ol.AdaDelta().lr / 1000},
        "optax.adadelta()": lambda: first_step(ol.translate("optax", "adadelta")) > 1,
    },
    "Adam": {"Added before": lambda: np.isclose(
        first_step(ol.translate("keras", "Adam", learning_rate=0.1, epsilon=1e-4)),
        first_step(ol.Adam(lr=0.1, eps=1e-4 / np.sqrt(1 - 0.999)))) and round(1 / np.sqrt(1 - 0.999)) == 32},
    "Nadam": {
        "torch's momentum_decay": lambda: settings("torch", "NAdam", momentum_decay=0.1)["psi"] == 0.1,
        "Keras has psi": lambda: settings("keras", "Nadam")["psi"] == 1 and 0.5 * 0.96**100 < 0.01,
    },
    "AdamW": {"torch's Adam": lambda: adds_decay("torch", "Adam")},
    "QHAdam": {
        "Unless set": lambda: {settings(library, "QHAdam", lr=0.1)["nu1"] for library in (
            "pytorch_optimizer", "qhoptim", "torch_optimizer")} == {1},
        "pytorch-optimizer": "test_pytorch_optimizer_corrects_qhadam_in_float32",
    },
    "ASGD": {
        "In torch": lambda: same_while_constant(ol.translate("torch", "ASGD"), ol.ASGD(t0=10**6)),
        "Its t0": lambda: default("torch", "ASGD", "t0") == 10**6 and ol.ASGD().t0 == 0,
    },
    "Lion": {"optax decays": lambda: settings("optax", "lion", learning_rate=0.1)["weight_decay"] == 1e-3},
    "LaProp": {"With the learning": lambda: same_while_constant(ol.translate("timm", "laprop"), ol.LaProp(eps=1e-15))},
    "AdEMAMix": {
        "Unless set": lambda: {ol.AdEMAMix().alpha} | {default(*name, "alpha") for name in (
            ("pytorch_optimizer", "AdEMAMix"), ("bitsandbytes", "AdEMAMix"))}
        == {5, settings("optax", "ademamix", learning_rate=0.1)["alpha"]},
        "pytorch-optimizer": lambda: adds_decay("pytorch_optimizer", "AdEMAMix"),
    },
    "Adan": {"optax weighs": lambda: "OtherWeightAdan(" in repr(ol.translate("optax", "adan", learning_rate=0.1))},
    "MARS": {
        "timm": lambda: settings("timm", "mars")["beta1"] == 0.9,
        "pytorch-optimizer": "test_mars_in_straight_lines_and_what_pytorch_optimizer_adds_to_it",
    },
    "LARS": {
        "With the learning": lambda: same_while_constant(
            ol.translate("pytorch_optimizer", "LARS", momentum=0.9, weight_decay=0.1), ol.LARS(weight_decay=0.1)),
        "Unless weight_decay": lambda: isinstance(ol.translate("timm", "lars"), ol.Momentum),
    },
    "LAMB": {"Unless weight_decay": lambda: repr(ol.translate("timm", "lamb")).startswith("ClipNorm(Adam(")},
    "Adafactor": {
        "Unless set": lambda: [default(library, "adafactor", "min_dim_size_to_factor")
                               for library in ("optax", "timm")] == [128, 16],
        "pytorch-optimizer": lambda: settings("pytorch_optimizer", "AdaFactor", betas=[None, 0.999])["beta1"] == 0,
    },
    "AdamMini": {"pytorch-optimizer": lambda: repr(
        ol.translate("pytorch_optimizer", "AdamMini")).startswith("OneSquare")},
    "DAdaptAdam": {"optax always": lambda: corrected("dadapt_adamw")},
    "Prodigy": {"optax always": lambda: corrected("prodigy")},
    "Newton": {"SciPy's": lambda: "Armijo" in scipy.optimize.show_options("minimize", "Newton-CG", disp=False)},
    "Sophia": {
        "pytorch-optimizer": "test_it_is_the_first_version_of_the_paper_with_other_settings",
        "optax divides": "test_optax_and_the_authors_code_have_forms_of_their_own",
        "The authors' SophiaG": "test_optax_and_the_authors_code_have_forms_of_their_own",
    },
    "LBFGS": {
        "On a function": "test_equals_torch_step_by_step_on_a_bowl",
        "torch remembers": "test_close_to_a_minimum_the_memory_of_torch_freezes",
        "torch stands": "test_torch_stands_still_on_small_gradients_unless_its_tolerances_are_zero",
    },
    "SimulatedAnnealing": {"SciPy's": lambda: "Cauchy-Lorentz" in scipy.optimize.dual_annealing.__doc__},
    "GeneticAlgorithm": {"SciPy's": lambda: "population" in scipy.optimize.differential_evolution.__doc__},
    "Muon": {
        "torch computes": "test_muon_of_torch_is_off_by_its_bfloat16",
        "Keras": lambda: all(isinstance(ol.translate("keras", "Muon", weights=kind), ol.AdamW)
                             for kind in ("vector", "kernel")),
        "The author's code": "test_the_factor_of_a_kernels_last_two_axes_is_another",
        "Of polar_express": "test_the_last_polynomials_of_polar_express_leave_small_singular_values_small",
    },
    "Shampoo": {
        "pytorch-optimizer": "test_shampoo_is_the_papers_and_that_of_pytorch_optimizer",
        "torch-optimizer": "test_shampoo_of_torch_optimizer_takes_square_roots_and_sums_what_the_first_has_changed",
    },
    "SOAP": {"pytorch-optimizer": "test_soap_of_pytorch_optimizer_is_ours_but_for_its_float32"},
    "ClipNorm": {"torch's": "test_clipping_is_torchs_but_for_what_torch_adds_to_the_norm"},
    "ClipValue": {"torch's": "test_clipping_is_torchs_but_for_what_torch_adds_to_the_norm"},
    "WeightDecay": {
        "Around Adam": lambda: same(ol.translate("torch", "AdamW"), ol.WeightDecay(ol.Adam, weight_decay=0.01), 0.1),
        "The weight_decay": lambda: adds_decay("torch", "Adam") and adds_decay("torch", "SGD"),
    },
    "Cautious": {"timm": "test_the_newer_normalization_of_cautious_is_another"},
    "SAM": {
        "pytorch-optimizer": "test_sam_is_pytorch_optimizers_but_for_its_norm_in_float32",
        "In optax": lambda: all(word in (ROOT / "benchmarks/oracles/around.py").read_text(encoding="utf-8")
                                for word in ("sync_period=2", "opaque_mode=True")),
    },
    "Lookahead": {"timm": "test_lookahead_of_timm_does_not_pull_back_the_first_steps"},
    "EMA": {
        "torch's": "test_ema_is_torchs_averaged_model",
        "optax.ema": "test_an_average_that_is_corrected_for_a_start_at_zero_forgets_the_first_point_sooner",
    },
    "ScheduleFree": {
        "schedulefree": lambda: recorded("schedulefree", "AdamWScheduleFree")
        != recorded("schedulefree", "AdamWScheduleFree evaluated"),
        "optax's warm-up": "test_schedule_free_of_optax_warms_up_by_two_rates",
    },
}  # fmt: skip


def hand(rule):
    """The sentences of hand; each ends with its line, or two spaces before the next."""
    text = cards.sections(RULES[rule])["Elsewhere"].partition("\n\n")[2]
    return [" ".join(each.split()) for each in re.split(r"(?<=\.)(?:  |\n)", text) if each]


@pytest.mark.parametrize("rule", RULES)
def test_each_sentence_of_hand_that_names_a_library_is_proved(rule):
    starts = set(PROOFS.get(rule, ()))
    for sentence in hand(rule):
        proved = {start for start in starts if sentence.startswith(start)}
        assert proved or not LIBRARY.search(sentence), sentence
        starts -= proved
    assert not starts, "no sentence begins so"


@pytest.mark.parametrize(("rule", "start"), [(rule, start) for rule, proofs in PROOFS.items() for start in proofs])
def test_a_proof_holds(rule, start):
    proof = PROOFS[rule][start]
    assert f"def {proof}(" in TESTS if isinstance(proof, str) else proof()


SWITCHES = "weight_decouple", "decoupled_weight_decay", "decouple_weight_decay"


def with_decay(library):
    """Runs of an installed library with weight decay, also with its switch turned: settings, run, recorded run."""
    adapter, file = importlib.import_module(f"tools.elsewhere.libraries.{library}"), match.files()[library]
    for run, recorded in zip(adapter.RUNS, file["runs"], strict=True):
        defaults = elsewhere.defaults(file, recorded)
        for switch in ["", *SWITCHES] if "weight_decay" in defaults else []:
            if not switch or switch in defaults and "AdamW" not in run.name:
                given = run.settings | {"weight_decay": 0.1} | ({switch: not defaults[switch]} if switch else {})
                yield given, dataclasses.replace(run, settings=given, lr=recorded["lr"]), adapter.walk


@pytest.mark.parametrize(("library", "least"), [("torch", 60), ("pytorch_optimizer", 60), ("torch_optimizer", 18)])
def test_weight_decay_is_that_of_the_installed_library_or_refused(library, least):
    pytest.importorskip(library)
    walked = 0
    for given, run, walk in with_decay(library):
        for kind in {"vector", "matrix"} & {*run.sees}:
            about, name = common.SEQUENCES[kind], match.row_name(library, run.name)
            if name is None or "evaluate" in run.extra:
                continue
            try:
                ours = ol.translate(library, name, kind, **given, **({} if "lr" in given else {"lr": run.lr}))
                theirs = list(walk(run, "float64", about["x0"], about["gradients"], common.FULL))
            except (ValueError, TypeError, RuntimeError):  # refused by ours, or by theirs
                continue
            path = matcher.walk(ours, about["x0"], about["gradients"])
            assert matcher.error(path, theirs, about["x0"]) <= table.ROUNDING["float32"], (run.name, given, kind)
            walked += 1
    assert walked >= least


def changed(name, value):
    """Another value for an argument, or None where there is none to try."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return {"lr": 0.02, "momentum": 0.6, "eps": 1e-3, "warmup_steps": 3}.get(name, 0.7 * value or 0.3)
    floats = isinstance(value, list) and all(isinstance(each, float) for each in value)
    return [0.8 * each for each in value] if floats else None


@pytest.mark.parametrize(("library", "least"), [("torch", 140), ("pytorch_optimizer", 300), ("torch_optimizer", 80)])
@pytest.mark.filterwarnings("ignore:This overload of:UserWarning")
def test_changed_arguments_are_those_of_the_installed_library_or_refused(library, least):
    pytest.importorskip(library)
    module, walked = importlib.import_module(f"tools.elsewhere.libraries.{library}"), 0
    for name in table.rows(library):
        run = next(run for run in module.RUNS if match.row_name(library, run.name) == name)
        sections, defaults = table.sections(library, name), table.read("measured")[library]["rows"][name]["defaults"]
        values = {a: changed(a, value) for a, value in defaults.items() if changed(a, value) is not None
                  and any(str(section[-1].get(a, "-")) != "-" for section in sections)}  # fmt: skip
        off = [a for a in values if not defaults[a]]
        for changes in [*((a,) for a in values), *itertools.combinations(off, 2), *(("lr", a) for a in off)]:
            settings = run.settings | {a: values[a] for a in changes if a in values}
            for kind in {"vector", "matrix"} & {*run.sees}:
                about, rate = common.SEQUENCES[kind], {} if "lr" in settings or defaults.get("lr") else {"lr": run.lr}
                try:
                    ours = ol.translate(library, name, kind if len(sections) > 1 else "", **rate | settings)
                    given = {a: tuple(v) if isinstance(v, list) else v for a, v in settings.items()}
                    theirs = list(torch_api.walk(dataclasses.replace(run, settings=given), "float64", about["x0"],
                                                 about["gradients"], common.FULL))  # fmt: skip
                except (ValueError, TypeError, RuntimeError):  # refused by ours, or by theirs
                    continue
                path = matcher.walk(ours, about["x0"], about["gradients"])
                assert matcher.error(path, theirs, about["x0"]) <= table.ROUNDING["float32"], (name, settings, kind)
                walked += 1
    assert walked >= least


@pytest.mark.parametrize("library", ["torch", "pytorch_optimizer", "torch_optimizer"])
def test_the_code_of_the_way_back_runs(library):
    model, module = torch.nn.Linear(2, 1, bias=False), pytest.importorskip(library)
    for name in table.rows(library):
        form = table.read("names")["code"].get(f"{library} {name}", table.read("names")["code"][library])
        if name.isidentifier():
            given = "momentum=0.9" if name == "QHM" else "lr=0.1"
            eval(form.format(name=name, given=given), {library: module, "model": model})


def test_the_settings_of_every_recorded_run_are_translated_and_none_goes_unless_it_has_a_default():
    for library, name, measured in rows():
        needed = rate(measured)
        for settings in (run[0] for run in measured["runs"] if run[1] is not None and not run[2]):
            assert isinstance(ol.translate(library, name, **needed | settings), ol.optimizers.Optimizer)
        for argument in table.required(measured):
            with pytest.raises(TypeError, match=f"needs {argument}: {library} has no default for it"):
                ol.translate(library, name, **{each: needed[each] for each in needed if each != argument})


def test_translated_rules_step_each_point_of_a_batch_as_if_it_were_alone():
    seen, matrices = set(), ol.functions.two_layer_linear()
    for library, name, measured in rows():
        rule = ol.translate(library, name, **rate(measured))
        f, starts = ol.FUNCTIONS["rosenbrock"], GRADIENTS[:2, :2]
        if rule.sees == "matrix":
            f, starts = matrices, np.add(matrices.start, [[[0.0]], [[0.3]]])
        if rule.sees != "number" and repr(rule) not in seen:
            together = ol.minimize(f, rule, starts, 6).x
            alone = np.stack([ol.minimize(f, rule, start, 6).x for start in starts.reshape(-1, f.dim)], 1)
            np.testing.assert_allclose(together, alone.reshape(together.shape), rtol=1e-7, err_msg=f"{library} {name}")
        seen.add(repr(rule))
    assert len(seen) > 100


def test_no_rule_shares_an_array_with_who_calls_it():
    """A buffer that is used again for gradients or points changes no step."""
    rules = [ol.translate(library, name, **rate(measured)) for library, name, measured in rows()]
    rules += [cls() for cls in RULES.values() if cls.reads == ("gradient",)]
    for rule in {repr(rule): rule.fresh() for rule in rules}.values():
        x = np.ones((3, 2))
        for g in GRADIENTS.copy():
            new = rule.step(x, g)
            kept, point = snapshot(rule), new.copy()
            assert not np.shares_memory(new, x), rule
            x[...] = g[...] = new[...] = np.nan
            assert snapshot(rule) == kept, rule
            x = point


INSTALLED = {"torch", "pytorch_optimizer", "torch_optimizer"}  # the test above walks them with weight decay
OF_TORCH = {"timm", "lightning", "transformers"}  # they hand torch's own optimizers on


@pytest.mark.parametrize("kind", ["", *table.KINDS])
def test_weight_decay_is_l2_where_that_was_recorded_and_refused_where_a_row_does_not_say_it(kind):
    for library, name, measured in rows():
        for argument in measured["defaults"].keys() & {"weight_decay", "wd"}:
            given = {argument: 0.1} | rate(measured)
            _, words, means = table.section(library, name, measured["defaults"] | given, kind)
            if words.get("decay") == "l2":
                recorded = any((measured["defaults"] | run[0])[argument] for run in measured["runs"])
                assert recorded or library in INSTALLED | OF_TORCH, (library, name)
            elif "decay" not in words and {"own", "decoupled", "divided"}.isdisjoint(map(str, means.values())):
                with pytest.raises(ValueError, match="must be 0: no path with one was recorded"):
                    ol.translate(library, name, kind, **given)


@pytest.mark.parametrize("warmup", [0, 4, 500])
@pytest.mark.parametrize(("kind", "after"), [  # transformers.optimization: the factor by the share that is done
    ("linear", lambda done: 1 - done), ("cosine", lambda done: 0.5 * (1 + np.cos(np.pi * done))),
    ("constant", None), ("constant_with_warmup", lambda done: 1.0),
])  # fmt: skip
def test_the_trainers_schedules_fall_after_their_warm_up_until_max_steps(kind, after, warmup):
    rule = ol.translate("transformers", "Trainer", lr_scheduler_type=kind, warmup_steps=warmup, max_steps=1000)
    lr = rule.given("lr")
    for t in (0, 2, 4, 12, 499, 500, 700, 999):
        theirs = 1.0 if not after else t / warmup if t < warmup else after((t - warmup) / (1000 - warmup))
        assert (lr(t) if callable(lr) else lr) == pytest.approx(5e-5 * theirs, rel=1e-12), t


@pytest.mark.parametrize(("library", "name", "settings", "error", "words"), [
    ("transformers", "Trainer", {"warmup_steps": 4}, TypeError, "needs max_steps: transformers has no default for it"),
    ("torch", "SGD", {"step_size": 0.1}, TypeError, "got step_size=0.1; its arguments are lr, momentum"),
    ("transformers", "Trainer", {"max_steps": -1}, ValueError, "max_steps=-1 must be an integer of at least 1"),
    ("transformers", "Trainer", {"warmup_steps": 0.1, "max_steps": 9}, ValueError, "warmup_steps=0.1 must be an int"),
    ("transformers", "Trainer", {"lr_scheduler_type": "polynomial"}, ValueError, "'cosine', 'constant' or 'constant_w"),
    ("pytorch_optimizer", "Muon use_muon", {"momentum": 0.5}, ValueError, "momentum=0.5 has no counterpart"),
    ("torch", "Adafactor", {"eps": (0.1, 1e-3)}, ValueError, r"eps=\(0.1, 0.001\) has no counterpart"),
    ("timm", "adafactor", {"lr": 0.1}, ValueError, "lr=0.1 has no counterpart"),  # it ends the fall of the rate there
    ("torch", "Adam", {"betas": (np.ones(2), 0.9)}, TypeError, r"betas=array\(.* must be a number"),
    ("torch", "Adam", {"eps": None}, TypeError, "eps=None must be a number"),
    # The library does something else with them than their names say, or ignores them, or no path shows what.
    *(("timm", name, {"caution": True}, ValueError, "caution=True has no counterpart")
      for name in ("adafactor", "lamb", "adan", "adanw")),
    ("timm", "lamb", {"caution": True, "weight_decay": 0.1}, ValueError, "caution=True has no counterpart"),
    ("timm", "sgdw", {"momentum": 0.0, "caution": True}, ValueError, "GradientDescent is not known with that conv"),
    ("timm", "adoptw", {"weight_decay": 0.1}, ValueError, "must be 0"),  # its first step decays nothing
    ("timm", "lars", {"weight_decay": 0.1, "dampening": 0.5}, ValueError, "known: Momentum"),
    ("torch_optimizer", "LARS", {"momentum": 0.9, "weight_decay": 0.1, "dampening": 0.5}, ValueError, "known: Moment"),
    ("pytorch_optimizer", "LARS", {"dampening": 0.5}, ValueError, "dampening=0.5 has no counterpart"),
    ("optax", "adafactor", {"learning_rate": 0.1, "momentum": 0.9}, ValueError, "momentum=0.9 has no counterpart"),
    ("fastai", "Larc", {"lr": 0.1, "wd": 0.1}, ValueError, "wd=0.1 has no counterpart"),
    ("fastai", "RMSProp", {"lr": 0.1, "mom": 0.9, "wd": 0.1}, ValueError, "must be 0"),
    *(("bitsandbytes", name, {"lr": 0.1, "momentum": 0.9} | given, ValueError, "has no counterpart|known: Momentum")
      for name in ("SGD", "LARS") for given in ({"nesterov": True}, {"dampening": 0.5}, {"momentum": 0})),
    *((library, name, {"learning_rate": 0.1, "warmup_steps": 5}, ValueError, "warmup_steps=5 has no counterpart")
      for library, name in (("optax", "schedule_free_sgd"), ("optax", "schedule_free_adamw"),
                            ("keras", "ScheduleFreeAdamW"), ("keras_torch", "ScheduleFreeAdamW"))),
    ("heavyball", "AdamW", {"warmup_steps": 5}, ValueError, "warmup_steps=5 has no counterpart"),
    ("keras", "ScheduleFreeAdamW", {"weight_decay": 0.1}, ValueError, "must be 0"),
    ("heavyball", "SFAdamW", {"caution": True}, ValueError, "caution=True has no counterpart"),
    ("deepspeed", "CPUAdam", {"amsgrad": True}, ValueError, "amsgrad=True has no counterpart"),
    *(("prodigyopt", "Prodigy", {"safeguard_warmup": True} | given, ValueError, "known: a rate of 1")
      for given in ({"lr": 0.5}, {"use_bias_correction": True})),
    ("schedulefree", "SGDScheduleFree", {"k": 5}, ValueError, "k=5 has no counterpart"),  # its own count of steps
    ("pytorch_optimizer", "SWATS", {}, ValueError, "the nearest is Adam until it goes on as SGD"),
    ("torch_optimizer", "SWATS", {}, ValueError, "the nearest is Adam until it goes on as SGD"),
])  # fmt: skip
def test_a_setting_whose_part_in_a_path_is_not_known_is_refused(library, name, settings, error, words):
    with pytest.raises(error, match=words):
        ol.translate(library, name, **settings)


def test_a_setting_without_a_part_may_be_said_and_one_of_other_weights_changed():
    assert type(ol.translate("optax", "nadam", learning_rate=0.1, nesterov=False)) is ol.Adam
    assert ol.translate("torch", "Adafactor", eps=(None, 1e-2)).eps2 == 1e-2
    assert ol.translate("timm", "muon", "vector", betas=(0.8, 0.9), momentum=0.5).beta1 == 0.8
    assert repr(ol.translate("timm", "muon", betas=(0.8, 0.9))) == repr(ol.translate("timm", "muon"))
    assert type(ol.translate("timm", "lamb", max_grad_norm=None)) is ol.Adam  # None is no clipping
    assert ol.translate("prodigyopt", "Prodigy", safeguard_warmup=True).settings()["lr"] == 1
    for kind in ("matrix", "vector"):
        one, other = (repr(ol.translate("keras", "Muon", kind, epsilon=epsilon)) for epsilon in (1e-7, 1e-3))
        assert (one == other) == (kind == "matrix")
    assert ol.translate("optax", "adadelta", learning_rate=np.array([[0.1], [0.2]])).settings()["lr"].shape == (2, 1)
    lars = ol.translate("optax", "lars", learning_rate=0.1, eps=1.0)  # the norm of the gradient counts for one more
    assert lars.step(np.ones(1), np.ones(1)) == 1 - 0.1 * 1e-3 / 2
    assert ol.translate("pytorch_optimizer", "MARS", "vector", lr=0.1).settings()["lr"] == 0.003  # it has lr_1d
    assert ol.translate("pytorch_optimizer", "Muon use_muon").settings()["lr"] == 0.0003
