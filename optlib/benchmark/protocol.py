"""`Protocol`: what a benchmark is to do, read from a TOML file and checked as a whole before the first run."""

import dataclasses
import math
import pathlib
import sys

from ..registry import OPTIMIZERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = pathlib.Path(__file__).parent / "protocols"
NETWORKS = {"SpeedNet": ("size", "identity"), "ResNet18": (), "ResNet20": (), "VGG16": ()}  # and their settings
IMAGES = {"full": 50_000, "subset": 5_000}  # for training
MOST = 10  # powers of ten of a learning rate, up or down
LEAST_STEP = 0.01  # of them: rates are rounded to three digits
SCHEDULES = ("triangle", "cosine", "constant")
FLIPS = ("alternating", "random", "none")
CONSTANTS = ("cifar10", "cifar100")

# table -> key -> (default, what is allowed, in words, and as a test); a default of ... must be given
_whole = lambda low: ("an integer of at least " + str(low), lambda v: type(v) is int and v >= low)
_number = lambda low, high: (
    f"a number in [{low}, {high}]", lambda v: type(v) in (int, float) and low <= v <= high and math.isfinite(v)
)  # fmt: skip
_one_of = lambda *names: ("one of " + ", ".join(map(repr, names)), lambda v: v in names)
_switch = ("true or false", lambda v: type(v) is bool)
_seeds = ("one or more different integers of at least 0", lambda v: v != [] and _are_seeds(v))
SCHEMA = {
    "data": {
        "set": (..., *_one_of("full", "subset")),
        "validation": (..., *_whole(1)),
    },
    "network": {
        "name": (..., *_one_of(*NETWORKS)),
        "size": ("small", *_one_of("small", "large")),
        "identity": (False, *_switch),
    },
    "training": {
        "epochs": (..., *_whole(1)),
        "batch": (..., *_whole(1)),
        "schedule": ("triangle", *_one_of(*SCHEDULES)),
        "flip": ("random", *_one_of(*FLIPS)),
        "shift": (4, "an integer from 0 to 31", lambda v: type(v) is int and 0 <= v <= 31),
        "label_smoothing": (0.0, *_number(0, 0.9)),
        "weight_decay": (0.0, *_number(0, 1)),
        "decay_biases": (False, *_switch),
        "bias_factor": (1.0, *_number(0.001, 1000)),
        "look_ahead": (False, *_switch),
        "whiten_epochs": (0, *_whole(0)),  # in which the whitening layer's bias is learned; 0: in all
        "precision": ("auto", *_one_of("auto", "float32", "bfloat16")),
        "layout": ("auto", *_one_of("auto", "contiguous", "channels_last")),
        "compile": (False, *_switch),
        # Mistakes of a published benchmark, to see what each does.
        "constants": ("cifar10", *_one_of(*CONSTANTS)),
        "train_mode_once": (False, *_switch),
        "augmented_test": (False, *_switch),
        "training_as_test": (False, *_switch),
    },
    "tuning": {
        "epochs": (..., *_whole(1)),
        "images": (0, *_whole(0)),
        "exponents": (
            ...,
            f"at least 2 numbers from {-MOST} to {MOST}, growing in even steps of at least {LEAST_STEP}",
            lambda v: _is_even(v),
        ),
        "widen": (4, "an integer from 0 to 10", lambda v: type(v) is int and 0 <= v <= 10),
        "seed": (0, *_whole(0)),
    },
    "final": {
        "seeds": (..., *_seeds),
        "default_seeds": ([], "different integers of at least 0", lambda v: _are_seeds(v)),
        "flips": (False, *_switch),
    },
}


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A benchmark in settings.

    Attributes
    ----------
    name, title : str
    data, network, training, final : dict
        As in the file, with the defaults filled in.
    tuning : dict or None
        None: every rule runs at its default learning rate, or at the one of its settings.
    rules : dict of name -> settings
        Hyper-parameters that differ from the rule's own defaults.
    variants : dict of name -> changes of ``training``
        Every rule runs once for each; usually one, "", without changes.
    """

    name: str
    title: str
    data: dict
    network: dict
    training: dict
    final: dict
    rules: dict
    tuning: dict | None = None
    variants: dict = dataclasses.field(default_factory=lambda: {"": {}})

    def trained(self, variant=""):
        """The settings of training of a variant."""
        return {**self.training, **self.variants[variant]}

    def with_only(self, rules=None, seeds=None):
        """The same protocol for some of its rules, or other seeds of the final runs."""
        unknown = [name for name in rules or () if name not in self.rules]
        if unknown:
            raise ValueError(f"rules={unknown!r} are not in protocol {self.name}; it has {', '.join(self.rules)}")
        if rules is not None and not rules:
            raise ValueError(f"rules={rules!r} must name at least one of {', '.join(self.rules)}")
        if seeds is not None and not _seeds[1](list(seeds)):
            raise ValueError(f"seeds={seeds!r} must be {_seeds[0]}")
        return dataclasses.replace(
            self,
            rules={name: self.rules[name] for name in rules or self.rules},
            final=self.final if seeds is None else {**self.final, "seeds": list(seeds)},
        )


def setting(table, key, given):
    """What a table of a recorded run says; the default for a setting that came after it."""
    return given.get(key, SCHEMA[table][key][0])


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
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: no valid TOML: {error}") from error
    protocol = from_dict(path.stem, given, path.name)
    if protocol.name in names() and path.parent != HERE and protocol != load_protocol(protocol.name):
        # Its records would later be read by the settings of the course's own.
        raise ValueError(
            f"{path.name}: the course has another protocol named {protocol.name!r}; give the file a name of its own"
        )
    return protocol


def from_dict(name, given, where="protocol"):
    """A protocol from the contents of its file; ``where`` names it in errors."""
    known = {"title", "rules", "settings", "variants", *SCHEMA}
    _refuse_unknown(where, given, known)
    parts = {}
    for table, schema in SCHEMA.items():
        if table == "tuning" and table not in given:
            parts[table] = None
            continue
        parts[table] = _checked(f"{where} [{table}]", given.get(table, {}), schema)
    if not isinstance(given.get("title"), str):
        raise ValueError(f"{where}: title={given.get('title')!r} must be a text that says what is compared")
    variants = _table(where, "variants", given) or {"": {}}
    for variant, changes in variants.items():
        _checked(f"{where} [variants.{variant}]", changes, SCHEMA["training"], whole=False)
    rules = _rules(where, given.get("rules"), _table(where, "settings", given))
    protocol = Protocol(name, given["title"], rules=rules, variants=variants, **parts)
    _refuse_what_has_no_effect(where, protocol, given)
    _refuse_too_few_images(where, protocol)
    return protocol


def _checked(where, given, schema, whole=True):
    """A table with its defaults, or an error that says what is wrong with it."""
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be a table, not {given!r}")
    _refuse_unknown(where, given, schema)
    for key, (default, allowed, fits) in schema.items():
        if key in given and not fits(given[key]):
            raise ValueError(f"{where}: {key}={given[key]!r} must be {allowed}")
        if whole and key not in given and default is ...:
            raise ValueError(f"{where}: {key} is missing; it must be {allowed}")
    return {key: given.get(key, default) for key, (default, *_) in schema.items()} if whole else given


def _rules(where, wanted, settings):
    """Name -> settings, in the order of the registry; "first-order" means all that read nothing but the gradient."""
    trainable = [name for name, cls in OPTIMIZERS.items() if cls.reads == ("gradient",)]
    if wanted == "first-order":
        wanted = trainable
    if not isinstance(wanted, list) or not wanted or not all(name in trainable for name in wanted):
        raise ValueError(f'{where}: rules={wanted!r} must be "first-order" or a list of some of {", ".join(trainable)}')
    _refuse_unknown(f"{where} [settings]", settings, wanted)
    for name, given in settings.items():
        if not isinstance(given, dict):
            raise ValueError(f"{where} [settings]: {name}={given!r} must be a table of hyper-parameters")
        try:
            OPTIMIZERS[name](**given)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where} [settings.{name}]: {error}") from error
    return {name: dict(settings.get(name, {})) for name in trainable if name in wanted}


def _refuse_unknown(where, given, known):
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValueError(f"{where}: {unknown[0]!r} is unknown; allowed are {', '.join(known)}")


def _table(where, name, given):
    """A table of tables, {} where there is none."""
    found = given.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{where}: {name}={found!r} must be a table")
    return found


def _refuse_what_has_no_effect(where, protocol, given):
    """A setting that would be read and change nothing is a mistake."""
    network, settings = protocol.network["name"], NETWORKS[protocol.network["name"]]
    for key, value in given["network"].items():
        if key not in ("name", *settings):
            raise ValueError(f"{where} [network]: {key}={value!r} is for SpeedNet, and without effect on {network}")
    for variant in protocol.variants:
        training = protocol.trained(variant)
        if training["decay_biases"] and not training["weight_decay"]:
            raise ValueError(f"{where}: decay_biases=True needs a weight_decay above 0")
        for key, none in (("bias_factor", 1), ("whiten_epochs", 0)):
            if training[key] != none and network != "SpeedNet":
                raise ValueError(f"{where}: {key}={training[key]!r} is for SpeedNet; with {network} it must be {none}")
        _check_whiten_epochs(where, training["whiten_epochs"], training["epochs"], protocol.rules)
    if protocol.final["default_seeds"] and not protocol.tuning:
        raise ValueError(
            f"{where} [final]: default_seeds={protocol.final['default_seeds']!r} needs a table [tuning]; without it "
            "all runs are at default rates"
        )


def _check_whiten_epochs(where, whiten, epochs, rules):
    if whiten >= epochs:
        raise ValueError(f"{where}: whiten_epochs={whiten} must be less than epochs={epochs}, or 0 for all of them")
    whole = [name for name in rules if whiten and not OPTIMIZERS[name].elementwise]
    if whole:
        raise ValueError(
            f"{where}: whiten_epochs={whiten} is for rules that step each number by itself; {', '.join(whole)} needs "
            "the gradients of all parameters"
        )


def _refuse_too_few_images(where, protocol):
    """Held out, trained on while tuning, and one batch: all must fit into the training images."""
    images, held_out = IMAGES[protocol.data["set"]], protocol.data["validation"]
    tuned = protocol.tuning["images"] if protocol.tuning else 0
    if held_out + max(tuned, 1) > images:
        also = f" and [tuning] images={tuned}" * bool(tuned)
        raise ValueError(
            f"{where} [data]: validation={held_out}{also} must together be fewer than the {images:,} training images"
        )
    fewest = images if not protocol.tuning else tuned or images - held_out
    for variant in protocol.variants:
        batch = protocol.trained(variant)["batch"]
        if batch > fewest:
            raise ValueError(f"{where} [training]: batch={batch} must be at most {fewest:,}, the images of an epoch")


def _are_seeds(value):
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value) and len(set(value)) == len(value)


def _is_even(value):
    if not isinstance(value, list) or len(value) < 2:
        return False
    if not all(type(v) in (int, float) and abs(v) <= MOST for v in value):
        return False
    gaps = [b - a for a, b in zip(value, value[1:], strict=False)]
    return gaps[0] >= LEAST_STEP and all(math.isclose(gap, gaps[0]) for gap in gaps)
