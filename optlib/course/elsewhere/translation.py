"""`translate`: another library's optimizer as a rule of ours, and `back`: a rule as code for another library."""

import functools
import inspect
import itertools
import math

from ... import optimizers as of
from ... import schedules
from ...words import short
from . import around, families, table
from .table import entry, library_of, row, rows

STEPS = 12  # of a schedule that a library makes for the length of a training, unless said otherwise
RATES = ("lr", "learning_rate", "learning_rate_init")
NO_PART = {  # arguments that have no part in the path of one tensor
    "foreach", "fused", "name", "capturable", "differentiable", "jit", "verbose", "optim_bits", "min_8bit_size",
    "percentile_clipping", "block_wise", "is_paged", "args", "multi_tensor", "storage_dtype", "compile_step",
}  # fmt: skip
PREFIX = {
    "torch": "torch.optim.{}(model.parameters(), {})", "keras": "keras.optimizers.{}({})", "optax": "optax.{}({})",
    "paddle": "paddle.optimizer.{}(parameters=model.parameters(), {})", "mlx": "mlx.optimizers.{}({})",
    "mindspore": "mindspore.nn.{}(net.trainable_params(), {})", "tf_compat_v1": "tf.compat.v1.train.{}({})",
    "timm": "timm.optim.create_optimizer_v2(model, '{}', {})", "jax_example_libraries":
    "jax.example_libraries.optimizers.{}({})",
}  # fmt: skip


def translate(library, name, /, weights="", **settings):
    """The rule of ours that walks the path of another library's optimizer.

    Parameters
    ----------
    library : str
        Such as "torch", "keras", "optax", "timm"; `optlib.elsewhere` lists them.
    name : str
        As the library has it: "Adam", "adamw".
    weights : "vector", "matrix" or "kernel", optional
        For libraries that step them by different rules, as most do in their Muon; unless given, the rule of the name.
    **settings
        Arguments as that library names them; others have its defaults.

    Returns
    -------
    Optimizer
        Registered rules where one is the same; else one with conventions, such as `AnyAdam(eps_before=1e-07, ...)`.

    Raises
    ------
    KeyError, TypeError
        For a library, name or argument that is not known; the error names those that are.
    ValueError
        Where no rule of ours walks that path; the error names the nearest and by how much it differs.
    """
    who, library = f"translate({library!r}, {name!r})", library_of("translate", library)
    about = entry("translate", library, name)
    if weights not in ("", *table.KINDS):
        raise ValueError(f"{who}: weights={weights!r} must be one of {', '.join(table.KINDS)}")
    defaults = about["defaults"]
    unknown = [argument for argument in settings if argument not in defaults]
    if unknown and unknown[0] not in RATES:
        raise TypeError(f"{who} got {unknown[0]}={settings[unknown[0]]!r}; its arguments are {', '.join(defaults)}")
    all_settings = defaults | settings
    error, nearest = table.measured(about, all_settings)
    if nearest:
        raise ValueError(
            f"{who}: no rule of ours walks its path; the nearest is {nearest}, from which it differs by {error:.2g} of "
            "the way of a coordinate"
        )
    means = row(library, name, weights)[2]
    for argument, value in settings.items():
        if argument not in means and argument not in NO_PART and value != defaults.get(argument):
            raise ValueError(f"{who}: {argument}={value!r} has no counterpart in ours; it can only be left out")
    try:
        return rule_of(library, name, all_settings, weights)
    except (TypeError, KeyError) as error:
        if not any(all_settings.get(rate) is not None for rate in RATES):
            raise TypeError(f"{who} needs a learning rate: {library} has no default for it") from None
        raise ValueError(f"{who}: no rule of ours has all these settings: {error}") from None


def rule_of(library, name, settings, kind="", dtype="float64"):
    """The rule of a row for settings with all defaults filled in."""
    family, fixed, means = row(library, name, kind)
    given = dict(fixed)
    for argument, value in settings.items():
        given |= _meanings(family, means.get(argument, "-"), value)
    if family == "adadelta" and given.get("lr") is None and "learning_rate" in settings:
        given |= {"lr": 1.0, "uphill": True}  # optax without a rate forgets the sign
    family = _settle(family, given, dtype)
    outside = {word: given.pop(word, 0) for word in OUTSIDE}
    make = families.FAMILIES[family]
    known = _parameters(make)
    rule = make(**{word: value for word, value in given.items()
                   if value or word in known or word in fixed or word == "nesterov"})  # fmt: skip
    return _wrapped(rule, **outside)


_parameters = functools.cache(lambda make: set(inspect.signature(make).parameters))


def _meanings(family, meaning, value):
    """What one argument says, as pairs."""
    if meaning in ("adjust", "adjusted"):
        return {"rms": 0.2} if value == "match_rms_adamw" or value is True else {}
    if meaning == "-" or value is None or isinstance(value, str) and meaning != "schedule":
        return {}
    if isinstance(meaning, list):
        values = value if isinstance(value, list | tuple) else [value] * len(meaning)
        return {each: v for each, v in zip(meaning, values, strict=False) if each != "-" and v is not None}
    return {meaning: value}


def _settle(family, given, dtype):
    """Turn words of libraries, in place, into what the family takes; returns the family."""
    if isinstance(place := given.get("place"), bool):
        given["place"] = "eps_inside" if place else "eps"
    if (decoupled := given.pop("decoupled", None)) is not None:
        given["decay"] = "decoupled" if decoupled else given.pop("otherwise", "l2")
    given.pop("otherwise", None)
    if given.pop("relative_decay", False):
        given["decay"] = "relative"
    if family in ("adam", "lamb", "laprop") and given.pop("correct", True) is False:
        given |= {"raw_m": True, "raw_v": True}
    if given.pop("loud", False):
        given["silent"] = False
    relative, warmed = given.pop("relative", False), given.pop("warmed", False)
    if relative:
        given |= {"fixed": False, "lr": 1e-2} | ({"lr": 1.0, "warm": 1e-6} if warmed else {})
    if given.pop("scaled", True) is False:
        given["unscaled"] = True
    if given.pop("factored", math.inf) <= 3:
        given["whole"] = False
    if given.get("least") == "EPS":
        given["least"] = 1.1920929e-07 if dtype == "float32" else 2.220446049250313e-16
    if given.pop("only_decayed", False) and not given.get("weight_decay"):
        for word in ("trust_coefficient", "outside", *(["eps"] if family == "lars" else [])):
            given.pop(word, None)
        return "momentum" if family == "lars" else "adam"
    return family


OUTSIDE = ("uphill", "clip", "cut", "k", "slow", "first", "cautious", "cautious_paper", "margin", "schedule", "climb",
           "n_mean")  # fmt: skip


def _wrapped(rule, uphill, clip, cut, k, slow, first, cautious, cautious_paper, margin, schedule, climb, n_mean):
    if cautious or cautious_paper:
        rule = around.CautiousMean(rule) if cautious else of.Cautious(rule)
    if clip:
        rule = around.AnyClipNorm(rule, max_norm=clip, margin=margin) if margin else of.ClipNorm(rule, max_norm=clip)
    if cut:
        rule = of.ClipValue(rule, max_value=cut)
    if uphill:
        rule = around.Uphill(rule)
    if k:
        more = {"k": k, "alpha": slow or 0.5}
        rule = around.AnyLookahead(rule, first=first, **more) if first else of.Lookahead(rule, **more)
    if n_mean:
        rule = around.Accumulate(rule, n=n_mean)
    shape = {"linear": schedules.LinearToZero, "cosine": schedules.Cosine}.get(schedule)
    if climb:
        rule.set("lr", around.ClimbAndFall(rule.given("lr"), climb, STEPS))
    elif shape:
        rule.set("lr", shape(rule.given("lr"), steps=STEPS))
    return rule


def back(rule, library):
    """Code for another library whose optimizer walks the path of a rule.

    Parameters
    ----------
    rule : Optimizer
        An instance, with numbers for its hyper-parameters.
    library : str
        As in `translate`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        Where no optimizer of that library does.
    """
    known = library_of("back", library)
    if not isinstance(rule, of.Optimizer):
        raise TypeError(f"back: rule={rule!r} must be an optimizer, such as ol.Adam(lr=0.1)")
    codes = []
    for name in rows(known):
        about = table.read("measured")[known]["rows"].get(name)
        if about is None or " " in name or table.measured(about, about["defaults"])[1]:
            continue
        defaults = about["defaults"]
        for settings in _candidates(rule, known, name, defaults):
            given = {
                argument: value
                for argument, value in settings.items()
                if _plain(value) != _plain(defaults.get(argument))
            }
            try:
                same = _same(rule, rule_of(known, name, defaults | given))
            except (TypeError, ValueError, KeyError):
                continue
            if same:
                codes.append((len(given), len(codes), _code(library, name, given)))
    if not codes:
        raise ValueError(f"back: {library} has no optimizer that walks the path of {rule!r}")
    return min(codes)[-1]


def _plain(value):
    """A setting to compare: nothing and False are 0, a pair a list."""
    return list(value) if isinstance(value, tuple) else value or 0


def _candidates(rule, library, name, defaults):
    """Settings of a row that may be the rule's: its numbers by their meaning, with each choice of the switches."""
    numbers = {word.removeprefix("rule_"): value for word, value in rule.settings().items()}
    numbers |= {"eps": max((v for w, v in numbers.items() if w.startswith("eps") and not callable(v)), default=None)}
    numbers |= {new: numbers[old] for new, old in {"beta": "beta", "momentum": "beta", "beta2": "rho"}.items()
                if new not in numbers and old in numbers}  # fmt: skip
    numbers["weight_decay"] = numbers.get("weight_decay", numbers.get("l2", 0.0))
    settings, switches = {}, []
    for argument, meaning in row(library, name)[2].items():
        if argument not in defaults and argument not in RATES:
            continue
        if argument in RATES and argument not in defaults and any(rate in defaults for rate in RATES):
            continue
        if isinstance(meaning, list) and isinstance(defaults.get(argument), list):
            values = [numbers.get(each) for each in meaning][: len(defaults[argument] or [])]
            if values and None not in values:
                settings[argument] = tuple(values)
        elif isinstance(defaults.get(argument), bool):
            switches.append(argument)
        elif isinstance(meaning, list):
            settings |= {argument: numbers[meaning[0]]} if meaning[0] in numbers else {}
        elif meaning in numbers and not (argument in RATES and argument != RATES[1] and RATES[1] in settings):
            settings[argument] = numbers[meaning]
    if any(rate in settings for rate in RATES if rate in defaults):
        settings = {a: v for a, v in settings.items() if a not in RATES or a in defaults}
    elif RATES[1] in settings:
        settings = {a: v for a, v in settings.items() if a not in RATES or a == RATES[1]}
    for chosen in itertools.product((False, True), repeat=min(len(switches), 4)):
        yield settings | dict(zip(switches, chosen, strict=False))


def _same(a, b):
    return repr(type(a)) == repr(type(b)) and str(a) == str(b)


def _code(library, name, settings):
    text = ", ".join(f"{argument}={short(value) if isinstance(value, float) else repr(value)}"
                     for argument, value in settings.items())  # fmt: skip
    return PREFIX.get(library, library + ".{}({})").format(name, text).replace(", )", ")")
