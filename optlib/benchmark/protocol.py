"""`Protocol`: what a benchmark is to do, read from a TOML file and checked completely before the first run."""

import dataclasses
import math
import pathlib
import re
import sys

from .. import checks
from ..registry import OPTIMIZERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = pathlib.Path(__file__).parent / "protocols"
NETWORKS = {"SpeedNet": ("size", "identity"), "ResNet18": (), "ResNet20": (), "VGG16": ()}  # and their settings
IMAGES = {"full": 50_000, "subset": 5_000}  # for training
SCHEDULES, PRECISIONS = ("triangle", "cosine", "constant"), ("auto", "float32", "bfloat16")
LAYOUTS = ("auto", "contiguous", "channels_last")
REST = {"rule": "AdamW", "lr": 0.001}  # beside a rule that sees matrices, for all that is no hidden matrix; see `job`
FULL_BATCH = ("LBFGS",)  # compares the gradients of two steps, which would be of other images


def rule_named(name):
    """The class of a rule: of the registry, or of one around another, ``ScheduleFree(AdamW)``."""
    outer, _, inner = name.partition("(")
    return type(OPTIMIZERS[outer](rule_named(inner.removesuffix(")")))) if inner else OPTIMIZERS[outer]


def first_order():
    """Names of the rules that train a network by gradients of batches, without those around another rule."""
    return [name for name, cls in OPTIMIZERS.items()
            if _trains(name) and not hasattr(cls, "wrapper") and name not in FULL_BATCH]  # fmt: skip


def _setting(check, *allowed, **default):
    """A field of a table, whose values ``check(where, name, value, *allowed)`` refuses or not; see `checks`."""
    return dataclasses.field(metadata={"check": check, "allowed": allowed}, **default)


def _seeds(who, name, value, count):
    integers = isinstance(value, list) and all(type(seed) is int and seed >= 0 for seed in value)
    if not integers or not len(set(value)) == len(value) >= count:
        raise ValueError(f"{who}: {name}={value!r} must be {'one or more ' * count}different integers of at least 0")


def _exponents(who, name, value):
    numbers = isinstance(value, list) and all(type(each) in (int, float) and abs(each) <= 10 for each in value)
    steps = [high - low for low, high in zip(value, value[1:], strict=False)] if numbers else []
    # Learning rates are rounded to three digits: closer than 0.01, two of them may be the same.
    if not steps or steps[0] < 0.01 or not all(math.isclose(step, steps[0]) for step in steps):
        raise ValueError(
            f"{who}: {name}={value!r} must be at least 2 numbers from -10 to 10, growing in even steps of at least 0.01"
        )


def _values(who, name, value):
    """Of one more hyper-parameter of some rules; each value is tried by making the rule."""
    if not isinstance(value, dict):
        raise ValueError(f"{who}: {name}={value!r} must be a table")
    for rule, hypers in value.items():
        if not _trains(rule) or not isinstance(hypers, dict) or len(hypers) != 1:
            raise ValueError(f"{who}: {name}={value!r} must name rules, and for each one hyper-parameter with values")
        ((hyper, values),) = hypers.items()
        if hyper == "lr" or not isinstance(values, list) or not values or any(values.count(v) > 1 for v in values):
            allowed = "a list of different values, and not of lr"
            raise ValueError(f"{who} [{name}.{rule}]: {hyper}={values!r} must be {allowed}")
        for each in values:
            _check_hypers(f"{who} [{name}.{rule}]", rule, {hyper: each})


def _check_hypers(where, rule, hypers):
    """ValueError for hyper-parameters that the rule does not take, or the one beside it for the rest."""
    cls = rule_named(rule)
    try:
        cls(**{name: value for name, value in hypers.items() if name != "rest" or cls.sees != "matrix"})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
    if cls.sees == "matrix" and (rest := hypers.get("rest", REST)) != REST:
        if not (isinstance(rest, dict) and "lr" in rest and _trains(rest.get("rule"))):
            raise ValueError(f"{where}: rest={rest!r} must be a table of a rule and its hyper-parameters, as {REST}")
        _check_hypers(f"{where} rest", rest["rule"], {name: value for name, value in rest.items() if name != "rule"})


def _trains(name):
    """Whether a protocol may name this rule."""
    try:
        cls = rule_named(name)
    except (AttributeError, KeyError, TypeError):  # no text; no such rule; two that do not fit together
        return False
    return cls.__name__ == name and cls.reads == ("gradient",) and "lr" in cls.hypers


@dataclasses.dataclass
class Data:
    set: str = _setting(checks.choice, ("full", "subset"))
    validation: int = _setting(checks.integer, 1)


@dataclasses.dataclass
class Network:
    name: str = _setting(checks.choice, tuple(NETWORKS))
    size: str = _setting(checks.choice, ("small", "large"), default="small")
    identity: bool = _setting(checks.flag, default=False)


@dataclasses.dataclass
class Training:
    epochs: int = _setting(checks.integer, 1)
    batch: int = _setting(checks.integer, 1)
    schedule: str = _setting(checks.choice, SCHEDULES, default="triangle")
    flip: str = _setting(checks.choice, ("alternating", "random", "none"), default="random")
    shift: int = _setting(checks.integer, 0, 31, default=4)
    label_smoothing: float = _setting(checks.number, "[0, 0.9]", default=0.0)
    weight_decay: float = _setting(checks.number, "[0, 1]", default=0.0)
    decay_biases: bool = _setting(checks.flag, default=False)
    bias_factor: float = _setting(checks.number, "[0.001, 1000]", default=1.0)
    look_ahead: bool = _setting(checks.flag, default=False)
    whiten_epochs: int = _setting(checks.integer, 0, default=0)  # in which the whitening bias is learned; 0: in all
    reset_norms: bool = _setting(checks.flag, default=False)  # of hidden matrices, after each step
    precision: str = _setting(checks.choice, PRECISIONS, default="auto")
    layout: str = _setting(checks.choice, LAYOUTS, default="auto")
    compile: bool = _setting(checks.flag, default=False)
    # Mistakes of a published benchmark, to see what each does.
    constants: str = _setting(checks.choice, ("cifar10", "cifar100"), default="cifar10")
    train_mode_once: bool = _setting(checks.flag, default=False)
    augmented_test: bool = _setting(checks.flag, default=False)
    training_as_test: bool = _setting(checks.flag, default=False)


@dataclasses.dataclass
class TaskTraining:
    """Of protocols with tasks, which bring all other settings."""

    schedule: str = _setting(checks.choice, SCHEDULES, default="triangle")
    precision: str = _setting(checks.choice, PRECISIONS, default="float32")
    layout: str = _setting(checks.choice, LAYOUTS, default="contiguous")


@dataclasses.dataclass(kw_only=True)
class TaskTuning:
    exponents: list = _setting(_exponents)
    widen: int = _setting(checks.integer, 0, 10, default=4)
    seeds: list = _setting(_seeds, 1, default_factory=lambda: [100])  # none of a final run's
    also: dict = _setting(_values, default_factory=dict)  # rule -> a second hyper-parameter -> its values


@dataclasses.dataclass(kw_only=True)
class Tuning(TaskTuning):
    epochs: int = _setting(checks.integer, 1)
    images: int = _setting(checks.integer, 0, default=0)


@dataclasses.dataclass
class Final:
    seeds: list = _setting(_seeds, 1)
    default_seeds: list = _setting(_seeds, 0, default_factory=list)
    flips: bool = _setting(checks.flag, default=False)


TABLES = {"data": Data, "network": Network, "training": Training, "tuning": Tuning, "final": Final}
TASK_TABLES = {"training": TaskTraining, "tuning": TaskTuning, "final": Final}  # of a protocol with tasks


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A benchmark in settings: the tables are those of the file, with the defaults filled in.

    Every rule runs once for each variant, or those of its "rules"; usually there is one, "", without changes.  Tasks
    take the place of variants, and have data and networks of their own.  A rule that sees matrices has a "rest" among
    its settings: a rule for all that is no hidden matrix, with its hyper-parameters.
    """

    name: str
    title: str
    data: dict
    network: dict
    training: dict
    final: dict
    rules: dict  # name -> hyper-parameters that differ from the rule's own defaults
    tuning: dict | None = None  # None: every rule runs at its default learning rate, or at the one of its settings
    variants: dict = dataclasses.field(default_factory=lambda: {"": {}})  # name -> changes of `training`
    tasks: dict = dataclasses.field(default_factory=dict)  # name -> what `tasks.Task.settings` gives for the budget

    def trained(self, variant=""):
        """The settings of training of a variant."""
        return {**self.training, **{key: value for key, value in self.variants[variant].items() if key != "rules"}}

    def pairs(self):
        """Each rule and variant that are run together, variant by variant."""
        return [(rule, variant) for variant, changes in self.variants.items() for rule in self.rules
                if rule in changes.get("rules", self.rules)]  # fmt: skip

    def with_only(self, rules=None, seeds=None, tasks=None):
        """The same protocol for some of its rules or tasks, or other seeds of the final runs, those at defaults too."""
        rules, tasks = self._chosen("rules", rules, self.rules), self._chosen("tasks", tasks, self.tasks)
        variants, final = {name: self.variants[name] for name in tasks or self.variants}, self.final
        if seeds is not None:
            seeds = seeds.tolist() if hasattr(seeds, "tolist") else list(seeds)
            _seeds(f"protocol {self.name}", "seeds", seeds, 1)
            final = {**final, "seeds": seeds, "default_seeds": seeds if final["default_seeds"] else []}
        protocol = dataclasses.replace(self, rules=rules, tasks=tasks, variants=variants, final=final)
        if not protocol.pairs():
            raise ValueError(f"rules={list(rules)!r} are in no variant of protocol {self.name}")
        return protocol

    def _chosen(self, kind, wanted, available):
        """Of a dict, the entries that are wanted; all of them for None."""
        if wanted is None:
            return dict(available)
        unknown = [name for name in wanted if name not in available]
        if unknown:
            has = ", ".join(available) or "none"
            raise ValueError(f"{kind}={unknown!r} are not in protocol {self.name}; it has {has}")
        if not wanted:
            raise ValueError(f"{kind}={wanted!r} must name at least one of {', '.join(available)}")
        return {name: available[name] for name in wanted}


def names():
    """The protocols that come with the course."""
    return sorted(file.stem for file in HERE.glob("*.toml"))


def load_protocol(which):
    """A protocol by the name of one that comes with the course, or by the path of a TOML file.

    Raises
    ------
    FileNotFoundError, ValueError
        Naming the file, the key, its value and what is allowed.
    """
    path = HERE / f"{which}.toml" if which in names() else pathlib.Path(which)
    if not path.is_file():
        raise FileNotFoundError(f"protocol {str(which)!r} is neither a file nor one of {', '.join(names())}")
    try:
        contents = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows may add a byte-order mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: no valid TOML: {error}") from error
    protocol = from_dict(path.stem, contents, path.name)
    if protocol.name in names() and path.parent != HERE and protocol != load_protocol(protocol.name):
        # Its records would later be read by the settings of the course's own.
        raise ValueError(
            f"{path.name}: the course has another protocol named {protocol.name!r}; give the file a name of its own"
        )
    return protocol


def from_dict(name, contents, where="protocol"):
    """A protocol from the contents of its file; ``where`` names it in errors."""
    of_tasks = "tasks" in contents
    allowed, also = (TASK_TABLES, "budget") if of_tasks else (TABLES, "variants")
    _refuse_unknown(where, contents, ["title", "rules", "settings", "tasks", also, *allowed])
    tables = {"data": {}, "network": {}}
    for table, fields in allowed.items():
        if table in contents or table != "tuning":
            tables[table] = _checked(f"{where} [{table}]", contents.get(table, {}), fields)
    if not isinstance(contents.get("title"), str):
        raise ValueError(f"{where}: title={contents.get('title')!r} must be a text that says what is compared")
    for key in ("settings", "variants"):
        if not isinstance(contents.get(key, {}), dict):
            raise ValueError(f"{where}: {key}={contents[key]!r} must be a table")
    tasks = _tasks(where, contents) if of_tasks else {}
    variants = dict(dict.fromkeys(tasks, {}) or contents.get("variants") or {"": {}})
    rules = _rules(where, contents.get("rules"), contents.get("settings", {}))
    for variant, changes in variants.items():
        table, its_rules = f"{where} [variants.{variant}]", {}
        if isinstance(changes, dict) and "rules" in changes:
            changes = dict(changes)
            its_rules["rules"] = list(_rules(table, changes.pop("rules"), {}, list(rules)))
        variants[variant] = its_rules | _checked(table, changes, Training, complete=False)
    protocol = Protocol(name, contents["title"], rules=rules, variants=variants, tasks=tasks, **tables)
    _check_runs(where, protocol)
    if not of_tasks:
        _check_images(where, protocol, contents["network"])
    return protocol


def _tasks(where, contents):
    """Name -> settings of each task that a protocol asks for."""
    from ..tasks.base import BUDGETS, TASKS  # torch: only where there are tasks

    names, budget = list(TASKS) if contents["tasks"] == "all" else contents["tasks"], contents.get("budget")
    known = isinstance(names, list) and all(isinstance(name, str) and name in TASKS for name in names)
    if not known or not names or len(set(names)) < len(names):
        raise ValueError(f'{where}: tasks={names!r} must be "all" or a list of different ones of {", ".join(TASKS)}')
    checks.choice(where, "budget", budget, BUDGETS)
    return {name: TASKS[name].settings(budget) for name in names}


def _refuse_unknown(where, keys, known):
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise ValueError(f"{where}: {unknown[0]!r} is unknown; allowed are {', '.join(known)}")


def _checked(where, values, table, complete=True):
    """The values of a table with its defaults, or an error that says what is wrong with them."""
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be a table, not {values!r}")
    fields = {field.name: field for field in dataclasses.fields(table)}
    _refuse_unknown(where, values, fields)
    for name, field in fields.items():
        required = complete and field.default is field.default_factory is dataclasses.MISSING
        if name in values or required:
            try:
                field.metadata["check"](where, name, values.get(name), *field.metadata["allowed"])
            except (TypeError, ValueError) as error:  # of a missing key, too: None is never allowed
                text = str(error) if name in values else str(error).replace("=None must", " is missing; it must", 1)
                raise ValueError(text) from None
    # 0 and 0.0 are one number and must have one id.
    values = {name: float(value) if fields[name].type is float else value for name, value in values.items()}
    return dataclasses.asdict(table(**values)) if complete else values


def _rules(where, wanted, settings, among=None):
    """Name -> settings, in the order of the registry, then rules around others; "first-order": see `first_order`."""
    listed = [wanted] if wanted == "first-order" else wanted
    if isinstance(listed, list):
        listed = [each for name in listed for each in (first_order() if name == "first-order" else [name])]
    is_allowed = lambda name: _trains(name) if among is None else name in among
    if not isinstance(listed, list) or not listed or not all(map(is_allowed, listed)):
        allowed = ", ".join(among or [*first_order(), "or rules around one, ScheduleFree(AdamW)"])
        allowed += "" if among else "; each has a learning rate lr, and reads gradients alone"
        raise ValueError(f'{where}: rules={wanted!r} must be "first-order" or a list of some of {allowed}')
    _refuse_unknown(f"{where} [settings]", settings, listed)
    for name, hypers in settings.items():
        if not isinstance(hypers, dict):
            raise ValueError(f"{where} [settings]: {name}={hypers!r} must be a table of hyper-parameters")
        _check_hypers(f"{where} [settings.{name}]", name, hypers)
    rules = {}
    for name in dict.fromkeys([*OPTIMIZERS, *listed]):
        if name in listed:
            rules[name] = dict(settings.get(name, {}))
            if rule_named(name).sees == "matrix":
                rest = re.sub(r"\w+(?=\)*$)", REST["rule"], name)  # EMA(AdamW) beside EMA(Muon)
                rules[name] = {"rest": {**REST, "rule": rest}, **rules[name]}
    return rules


def _check_runs(where, protocol):
    """Refuse settings of the tuning and the final runs that would be read and change nothing."""
    tuning, final = protocol.tuning, protocol.final
    if final["default_seeds"] and not tuning:
        raise ValueError(f"{where} [final]: default_seeds={final['default_seeds']!r} needs a table [tuning]; without "
                         "it all runs are at default rates")  # fmt: skip
    if final["flips"] and protocol.tasks:
        raise ValueError(f"{where} [final]: flips=True is for images, and not for tasks")
    _refuse_unknown(f"{where} [tuning.also]", tuning["also"] if tuning else (), protocol.rules)


def _check_images(where, protocol, network_settings):
    """Refuse settings of images and networks that would change nothing, and more images than there are."""
    network, tuning = protocol.network["name"], protocol.tuning
    for key, value in network_settings.items():
        if key not in ("name", *NETWORKS[network]):
            raise ValueError(f"{where} [network]: {key}={value!r} is for SpeedNet, and without effect on {network}")
    # The images held out, those trained on while tuning, and one batch must fit into the training images.
    images, held_out = IMAGES[protocol.data["set"]], protocol.data["validation"]
    tuned = tuning["images"] if tuning else 0
    if held_out + max(tuned, 1) > images:
        also = f" and [tuning] images={tuned}" * bool(tuned)
        raise ValueError(
            f"{where} [data]: validation={held_out}{also} must together be fewer than the {images:,} training images"
        )
    fewest = (tuned or images - held_out) if tuning else images
    for variant in protocol.variants:
        training = protocol.trained(variant)
        batch, epochs, whiten = (training[key] for key in ("batch", "epochs", "whiten_epochs"))
        if batch > fewest:
            raise ValueError(f"{where} [training]: batch={batch} must be at most {fewest:,}, the images of an epoch")
        if training["decay_biases"] and not training["weight_decay"]:
            raise ValueError(f"{where}: decay_biases=True needs a weight_decay above 0")
        for key, none in (("bias_factor", 1), ("whiten_epochs", 0)):
            if training[key] != none and network != "SpeedNet":
                raise ValueError(f"{where}: {key}={training[key]!r} is for SpeedNet; with {network} it must be {none}")
        if whiten >= epochs:
            raise ValueError(f"{where}: whiten_epochs={whiten} must be less than epochs={epochs}, or 0 for all of them")
        grouped = [name for name in protocol.rules if whiten and rule_named(name).sees == "group"]
        if grouped:
            raise ValueError(f"{where}: whiten_epochs={whiten} is for rules that step parameters one by one; "
                             f"{', '.join(grouped)} needs the gradients of all of them")  # fmt: skip
