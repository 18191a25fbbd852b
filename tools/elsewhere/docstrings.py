"""What docstrings say of other libraries, written from the table: the first paragraph below *Elsewhere* of each rule.

    python -m tools.elsewhere.docstrings

What follows that paragraph is written by hand; tests/test_rules_elsewhere.py holds each of its sentences to the
recorded paths.
"""

import difflib
import inspect
import math
import pathlib
import re
import textwrap

import numpy as np

import optlib as ol
from optlib.course import cards
from optlib.optimizers.around import Around

TITLES = {
    "keras_jax": "keras on jax", "keras_torch": "keras on torch", "keras_tensorflow": "keras on tensorflow",
    "tf_compat_v1": "tf.compat.v1", "jax_example_libraries": "jax.example_libraries", "lion_pytorch": "lion-pytorch",
    "pytorch_optimizer": "pytorch-optimizer", "torch_optimizer": "torch-optimizer", "sklearn": "scikit-learn",
}  # fmt: skip
OWN = {"AdamW": {"decoupled weight decay"}}  # words of the table that say no more than the rule's name
KERAS = [TITLES[name] for name in ("keras_jax", "keras_torch", "keras_tensorflow")]
FIRST = ["torch", "keras", "optax", "tf.compat.v1", "timm", "paddle", "mlx"]  # named before the others
CALLERS = ("lightning", "transformers")  # they have no rules of their own
SAME = "the same rule"
OTHER = "the same rule with other numbers"
ROOM, NAMES, WIDTH = 385, (5, 3), 120  # characters; names in the first sentence and in each other one
NONE = "Not among the recorded runs of other libraries."


def written(rule):
    """The paragraph on a rule, a class of the registry."""
    name = rule.__name__
    try:
        rows = ol.elsewhere(name).table.rows
    except KeyError:
        return NONE
    groups = sorted(_groups(rule, rows), key=lambda group: (group[:2] != (SAME, False), -_weight(group[2], name)))
    sentences, rest = [], 0
    for differs, news, members in groups:
        steps = {f"first step {step} lr" for _, step in members.values()}
        if news and differs == SAME:
            differs = OTHER
        if news and len(steps) == 1:
            differs, news = f"{differs}; {steps.pop()}", False
        sentence = f"{differs[0].upper()}{differs[1:]}: {_listed(members, NAMES[bool(sentences)], news)}."
        if len(sentences) > 1 and len(" ".join([*sentences, sentence])) > ROOM:
            rest += len(members)
        else:
            sentences.append(sentence)
    more = f"{rest} more {'differs' if rest == 1 else 'differ'} otherwise: " if rest else "In full: "
    return " ".join(sentences) + f' {more}``ol.elsewhere("{name}")``.'


def _groups(rule, rows):
    """(how they differ, whether the first step is not ours, {library: (its name there, first step)})."""
    wraps = issubclass(rule, Around)  # what the table says of it is that it is there
    rows = [(TITLES.get(library, library), name, how.split("; "), step) for library, name, _, how, step, _ in rows
            if library not in CALLERS and (wraps or " " not in name.partition("(")[0])]  # fmt: skip
    shared = set.intersection(*(set(parts) for *_, parts, _ in rows)) if wraps else OWN.get(rule.__name__, set())
    best = {}
    for library, name, parts, step in rows:
        differs = "; ".join(part for part in parts if part not in shared) or SAME
        best.setdefault((differs, library), []).append((_short(name), step))
    own, groups = _first_step(rule), {}
    for (differs, library), names in best.items():
        name, step = max(names, key=lambda each: (_alike(each[0], rule.__name__), -len(each[0])))
        news = bool(step) and own is not None and not math.isclose(float(step), own, rel_tol=0.1, abs_tol=1e-9)
        groups.setdefault((differs, news), {})[library] = (name, step.lstrip("-"))
    for members in groups.values():  # one backend stands for all where they agree
        if all(library in members for library in KERAS):
            members["keras"] = [members.pop(library) for library in KERAS][0]
    return [(*key, members) for key, members in groups.items()]


def _weight(members, rule):
    """Of how much interest a group is: libraries that many use count for three, and names like the rule's for more."""
    return sum((0.3 + _alike(each, rule) ** 3) * (3 if library in FIRST[:4] else 1)
               for library, (each, _) in members.items())  # fmt: skip


def _short(name):
    """A name there without its learning rate, and without numbers where a switch makes the rule."""
    name, _, arguments = name.removesuffix(")").partition("(")
    settings = [each for each in arguments.split(", ") if each and not re.match(r"lr=|learning_rate", each)]
    switches = [each for each in settings if re.search(r"=[A-Za-z]", each)]
    return name + (f"({', '.join(switches or settings)})" if settings else "")


def _alike(name, rule):
    return difflib.SequenceMatcher(None, name.partition("(")[0].lower(), rule.lower()).ratio()


def _listed(members, most, steps):
    order = [*[name for name in FIRST if name in members], *[name for name in members if name not in FIRST]]
    names = [f"{library} {members[library][0]}" + (f" (first step {members[library][1]} lr)" if steps else "")
             for library in order[:most]]  # fmt: skip
    return ", ".join(names) + (f" and {len(order) - most} more" if len(order) > most else "")


def _first_step(rule):
    """Of our own rule at its defaults, over its learning rate; None where it has none, as what wraps another rule."""
    if "lr" not in rule.hypers or rule.sees != "number" or issubclass(rule, Around):
        return None
    return float(1 - rule().advance(np.ones(1), np.ones(1))[0]) / rule().settings()["lr"]


def paragraphs(rule):
    """What stands below *Elsewhere*: the paragraph from the table, and the one by hand ("" for none)."""
    table, _, hand = cards.sections(rule)["Elsewhere"].partition("\n\n")
    return " ".join(table.split()), " ".join(hand.split())


def write(rule):
    """Write the first paragraph of a rule anew, in its file."""
    path = pathlib.Path(inspect.getsourcefile(rule))
    source = path.read_text(encoding="utf-8")
    text = re.sub(r"(?<=\.) (?=[A-Z0-9])", "  ", written(rule))
    start = source.index("    Elsewhere:\n", source.index(f"class {rule.__name__}(")) + len("    Elsewhere:\n")
    end = source.index("\n\n", start)
    lines = textwrap.fill(text, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8,
                          break_on_hyphens=False, break_long_words=False)  # fmt: skip
    path.write_text(source[:start] + lines + source[end:], encoding="utf-8")


if __name__ == "__main__":
    for each in ol.OPTIMIZERS.values():
        write(each)
