"""`translate`: another library's optimizer as a rule of ours, and a rule of ours as code for another library."""

import itertools

from ... import checks
from ... import optimizers as of
from ...arrays import is_array
from ...optimizers.base import Optimizer
from ...schedules.base import Combined
from . import around, conventions, table
from .table import RATES, entry, library_of, rows, rule_of

NO_PART = {  # arguments that have no part in the path of one tensor
    "foreach", "fused", "name", "capturable", "differentiable", "jit", "verbose", "optim_bits", "min_8bit_size",
    "percentile_clipping", "block_wise", "is_paged", "args", "multi_tensor", "storage_dtype", "compile_step",
}  # fmt: skip


def translate(library, name, /, weights="", **settings):
    """The rule of ours that makes the same steps as another library's optimizer; or the way back.

    Parameters
    ----------
    library : str
        Such as "torch", "keras", "optax", "timm"; `optlib.elsewhere` lists them.  For the way back a rule of ours.
    name : str
        As the library has it: "Adam", "adamw".  For the way back the library.
    weights : "vector", "matrix" or "kernel", optional
        For libraries that step them by different rules, as most do in their Muon; unless given, the rule of the name.
    **settings
        Arguments as that library names them; others have its defaults.

    Returns
    -------
    Optimizer, or str with the code for the library
        A registered rule where one is the same, perhaps with an epsilon or a learning rate that is a schedule; else one
        with conventions around it, or in the library's variant.

    Raises
    ------
    KeyError, TypeError
        For a library, name or argument that is not known or missing, and a wrong type; the error says what is allowed.
    ValueError
        Where no rule of ours walks that path: the error names the nearest and by how much it differs; and where no
        optimizer of the library walks that of ours.

    Examples
    --------
    >>> ol.translate("torch", "SGD", lr=0.1, momentum=0.9)
    Momentum(lr=0.1, beta=0.9)
    >>> ol.translate(ol.Adam(lr=0.1), "optax")
    'optax.adam(learning_rate=0.1)'
    """
    checks.instance("translate", "name", name, str, "'torch'" if isinstance(library, Optimizer) else "'Adam'")
    if isinstance(library, Optimizer):
        if settings or weights:
            raise TypeError("translate: the way back takes a rule and the name of a library, and nothing else")
        return _code_for(library, name)
    if not isinstance(library, str):
        raise TypeError(f"translate: {library!r} must be the name of a library, or a rule such as ol.Adam(lr=0.1)")
    who, library = f"translate({library!r}, {name!r})", library_of("translate", library)
    about = entry("translate", library, name)
    checks.choice(who, "weights", weights, ("", *table.KINDS))
    defaults, runs = about["defaults"], [run[0] for run in about["runs"]]
    # In the order of the library, those of recorded runs after them.
    known = defaults | {argument: value for run in runs for argument, value in run.items()} | defaults
    known |= table.LENGTH if "lr_scheduler_type" in defaults else {}
    rates = () if any(defaults.get(rate) is not None for rate in RATES) else RATES
    unknown = next((argument for argument in settings if argument not in known and argument not in rates), None)
    if unknown:
        raise TypeError(f"{who} got {unknown}={settings[unknown]!r}; its arguments are {', '.join(known)}")
    settings |= {a: v.tolist() for a, v in settings.items() if isinstance(defaults.get(a), list) and is_array(v)}
    every = defaults | settings
    error, nearest = table.measured(about, every)
    if nearest:
        raise ValueError(
            f"{who}: no rule of ours walks its path; the nearest is {nearest}, from which it differs by {error:.2g} of "
            "the way of a coordinate in twelve steps"
        )
    means = table.section(library, name, every, weights)[2]
    for argument, value in settings.items():
        default, meaning = known.get(argument), means.get(argument)
        recorded = [_plain(run.get(argument, default)) for run in [{}, *runs]]
        if argument in NO_PART or not any(map(is_array, _listed(value))) and _plain(value) in recorded:
            continue
        # What has no part may be changed where it has one for weights of another kind or with other settings.
        parts = {str(each[-1].get(argument)) for each in table.sections(library, name)} - {"None", "-"}
        if meaning is None or meaning == "-" and not parts:
            raise ValueError(f"{who}: {argument}={value!r} has no counterpart in ours; it can only be {default!r}")
        _check_value(who, argument, value, default, meaning, runs)
    try:
        return rule_of(library, name, every, weights)
    except KeyError as error:
        raise TypeError(f"{who} needs {error.args[0]}: {library} has no default for it") from None
    except TypeError as error:
        raise ValueError(f"{who}: {error}") from None


def _check_value(who, argument, value, default, meaning, runs):
    """Refuse a setting that is not of the kind of its default; runs are the settings of those that were recorded."""
    several, pair = isinstance(value, list | tuple), isinstance(default, list) and isinstance(meaning, list)
    if isinstance(default, bool):
        checks.flag(who, argument, value)
    elif str(meaning) in table.TEXTS:
        checks.choice(who, argument, value, table.TEXTS[meaning])
    elif pair and not (several and len(value) == len(default)):
        raise checks.WrongType(f"{who}: {argument}={value!r} must be {len(default)} numbers, such as {default}")
    else:
        off = meaning == "clip" or several and any(None in run.get(argument, ()) for run in runs)  # by None
        for place, number in enumerate(_listed(value)):
            if pair and meaning[place] == "-":
                if is_array(number) or number != default[place]:
                    raise ValueError(f"{who}: {argument}={value!r} has no counterpart in ours at place {place}")
            elif not (number is None and off or callable(number) or is_array(number) and argument in RATES):
                checks.number(who, argument, number)


def _listed(value):
    return value if isinstance(value, list | tuple) else [value]


def _plainest(rule):
    """The rule by the plainest of its names that make the same steps, as those of `table.rule_of` are."""
    kinds = dict.fromkeys((of.AdamW, type(of.WeightDecay(of.Adam()))), ("Adam", {"decay": "decoupled"}))
    kinds |= {of.Momentum: ("Momentum", {}), of.Nesterov: ("Momentum", {"nesterov": True})}
    name, words = kinds.get(type(rule), (None, {}))
    return conventions.build(name, **words, **rule.settings()) if name else rule


def _code_for(asked, library):
    rule, known, codes, forms = _plainest(asked), library_of("translate", library), [], table.read("names")["code"]
    for name, value in rule.settings().items():
        if is_array(number := _number(value)) or callable(number):
            kind = "an array" if is_array(number) else "a schedule"
            raise ValueError(f"translate: {name} of {asked!r} is {kind}; the way back takes numbers")
    for name in rows(known):
        about = table.read("measured")[known]["rows"].get(name)
        if about is None or " " in name or table.measured(about, about["defaults"])[1]:
            continue
        defaults = about["defaults"] | {a: None for run in about["runs"] for a in run[0]} | about["defaults"]
        for settings in _candidates(rule, known, name, defaults):
            given = {a: value for a, value in settings.items() if _plain(value) != _plain(defaults.get(a))}
            try:
                ours = rule_of(known, name, defaults | given)
            except (TypeError, ValueError, KeyError):
                continue
            if type(ours) is type(rule) and repr([*ours.settings().values()]) == repr([*rule.settings().values()]):
                text = ", ".join(f"{argument}={_text(value)}" for argument, value in given.items())
                form = forms[f"{known} {name}" if f"{known} {name}" in forms else known]
                codes.append((len(given), len(codes), form.format(name=name, given=text).replace(", )", ")")))
    if not codes:
        raise ValueError(f"translate: {library} has no optimizer that makes the same steps as {asked!r}")
    return min(codes)[-1]


def _text(value):
    """A setting as code that reads back as the same value, in few digits where they do."""
    if isinstance(value, tuple):  # torch takes no pair of an integer and a float
        return f"({', '.join(repr(float(v)) if isinstance(v, float) else _text(v) for v in value)})"
    short = f"{value:g}" if isinstance(value, float) else repr(value)
    return float.__repr__(value) if isinstance(value, float) and float(short) != value else short


def _plain(value):
    """A setting to compare: nothing and False are 0, a pair a list."""
    return list(value) if isinstance(value, tuple) else value or 0


def _numbers(rule):
    """The numbers of a rule by the words of names.json; of a schedule that multiplies one the number."""
    numbers = {word.removeprefix("rule_"): _number(value) for word, value in rule.settings().items()}
    epsilons = [numbers.get(word) for word in ("eps", "eps_inside", "eps_floor")]
    numbers["eps"] = max((eps for eps in epsilons if isinstance(eps, float)), default=None)
    clip = "clip_each" if isinstance(rule, around.ClipEach) else "clip"
    numbers |= {clip: numbers.get("max_norm"), "cut": numbers.get("max_value")}
    for word, alias in {"momentum": "beta", "beta2": "rho", "weight_decay": "l2", "mean": "beta"}.items():
        numbers[word] = numbers.get(word, numbers.get(alias))
    return {word: value for word, value in numbers.items() if value is not None}


def _number(value):
    return _number(value.a) if isinstance(value, Combined) else value


def _candidates(rule, library, name, defaults):
    """Settings of a row that may be the rule's: its numbers by their meaning, with each choice of the switches."""
    numbers, settings = {"momentum": 0.0, "weight_decay": 0.0} | _numbers(rule), {}
    means = table.sections(library, name)[0][-1]
    usual = {"jax_example_libraries": "step_size", "fastai": "lr"}.get(library, "learning_rate")
    rate = next((rate for rate in RATES if rate in defaults), usual)
    for argument in [*dict.fromkeys([*defaults, rate])]:
        meaning, default = means.get(argument, "-"), defaults.get(argument)
        if isinstance(meaning, list):
            values = [numbers.get(word) for word in meaning][: len(default) if isinstance(default, list) else 1]
            if None not in values:
                settings[argument] = tuple(values) if isinstance(default, list) else values[0]
        elif meaning in numbers and not isinstance(default, bool):
            settings[argument] = numbers[meaning]
    switches = [argument for argument, default in defaults.items() if isinstance(default, bool) and argument in means]
    for chosen in itertools.product((False, True), repeat=min(len(switches), 4)):
        yield settings | dict(zip(switches, chosen, strict=False))
