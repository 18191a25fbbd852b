"""What a reader needs to judge or repeat a number: versions, hardware, date, digests of the code."""

import ast
import contextlib
import datetime
import functools
import hashlib
import inspect
import json
import os
import pathlib
import platform
import re

import numpy as np

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
# What decides the numbers of a training run; a change elsewhere does not make a record old.
DECIDES = ("arrays.py", "checks.py", "registry.py", "schedules/*.py", "torch_driver/*.py", "optimizers/*.py",
           "data/*.py", "vision/*.py", "tasks/*.py", "benchmark/job.py")  # fmt: skip
# Of these only what a run's rule and task reach by name counts: a new rule, or another's change, makes no record old.
BY_NAME = ("schedules/*.py", "optimizers/*.py", "data/*.py", "tasks/*.py")
# Excluded: display, and download code, whose results are compared with checksums.
SHOWS = ("data/__main__.py", "data/archive.py", "data/download.py", "data/progress.py", "vision/describe.py",
         "vision/live_*.py", "vision/progress.py", "vision/surface.py")  # fmt: skip
# Digest in the course's own records -> commits that have it.  Check one out to run the code that made them.
COMMITS = {
    "8ea432f1ea06a7c2c05b22d4c48d7ed5a2dd6999c5f4e77b9a510b6dbdefb8be": "6bcdd58",
    "b7eac9cfdf0c9493e2f560461f3b3ff197543eb6c7af83ec2a8f73a0fa9bb8d0": "72cb202",
    "4f2907dc82d9b8a71bd9842a54811da37cae52a4bd8ea2ec3a825b9dbfc36220": "092fd46",
    "c76a56179095a86769d4f151f738e535ece2e498fa546e4f1f458fd04091c962": "8d0c8bc or 369c2a3",
    "f2d2f8a001334747ec07e78eee9c99adab2fadee39fcaedbcdc6ccb7d5844d9d": "2ecde8c",
    "71031525706a63cac7e16c75cd0e970d42a4289503cdde981fb477fc6c33a187": "e0af66b",
    "997e6cc65fce4ca824ee35809329141e29a95ff7da0c4282f624d359745c9ba8": "30a506c",
    "766d78b8ed9144a517f3cb6a9f332c7141d957aee44e3078a56d4efd8c503606": "360a2d7",
    "8a00bc494aa6c252a20caf7f41ad6009224dc5b028a89383a9cb974e507d061b": "291a565",
    "ef20ee32766f44701e49ef58e1dc7b377d799d16e07d562a1f6c15d02059cd7a": "b19405c",
    "e2e272b73bd8d094518a6c413b7a61463047422d701361dc0cb057cd5236c300": "9359b66",
    "46a04445189c793c625bca9a71799e8c454c5b303f65a7a32ba2ebca8c2b8604": "e33c3ea",
}


def circumstances(rule=None):
    """Versions, hardware, date and digests of the code, by default of all rules; nothing names machine or user."""
    import torch

    from .. import __version__

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        **digests(rule),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__,
                     "optlib": __version__},
        "hardware": {"cpu": cpu_model(), "cores": os.cpu_count(), "threads": torch.get_num_threads(), "gpu": gpu,
                     "system": platform.system()},
    }  # fmt: skip


def digests(rule):
    """Both digests of what decides a run, by their keys in a record (old ones have "code" alone); own rules count."""
    from ..registry import OPTIMIZERS  # here: this file can be loaded without the package

    source = "".join(_source(OPTIMIZERS[name]) for name in re.findall(r"\w+", rule or "") if name in OPTIMIZERS)
    return {key: _sha256(digest + source) if source else digest for key, digest in _digests(rule).items()}


@functools.cache  # what a process runs is what it loaded, whatever happens to the files
def _source(cls):
    """The source of a reader's own rule, as far as it can be had; "" for one of the course."""
    from ..optimizers.kinds import is_ours

    texts = []
    for each in [each for each in cls.__mro__ if not is_ours(each)]:
        methods = filter(inspect.isfunction, vars(each).values())
        for part in (each, *methods):  # of a class from a notebook only the methods have one
            with contextlib.suppress(OSError, TypeError):
                texts.append(inspect.getsource(part))
    return "".join(texts)


@functools.cache
def _digests(rule):
    code, statements = _loaded()
    return {"code": code, "statements": digest_of(statements, rule)}


def decided_by(job):
    """The names that decide a run, as text: its rule, where that sees matrices the one beside it, and its task."""
    names = job["rule"], job["settings"].get("rest", {}).get("rule"), job.get("task", {}).get("name")
    return " ".join(filter(None, names))


def of_other_code(record):
    """Whether a record is of other code than this process has loaded."""
    return not same_code(record, digests(decided_by(record)))


def same_code(record, other):
    """Whether a record is of the same code as another one, or as `digests`, but for file names and comments."""
    return any(record.get(key) == other[key] for key in ("code", "statements"))


def code_hash(patterns=DECIDES, root=PACKAGE, without=SHOWS):
    """SHA-256 of some files of the package, in alphabetical order: names and contents."""
    digest = hashlib.sha256()
    for file, source in _sources(patterns, root, without):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + source + b"\0")
    return digest.hexdigest()


@functools.cache
def _loaded():
    """Of all rules: the digest "code", and the statements; to parse these takes longer than a rule's digest of them."""
    return code_hash(), statements_of()


class _Statement:
    """A top-level statement: its text, the names in it and those it defines, and whether it counts only by name."""

    def __init__(self, node, by_name):
        self.text, self.by_name = json.dumps(_nested(node)), by_name
        self.names, self.defines = _names(node), _defined(node)


def statements_of(patterns=DECIDES, root=PACKAGE, without=SHOWS):
    """Of each file, the statements but imports and docstrings; moving a file, or commenting it, changes nothing."""
    by_name = {file for file, _ in _sources(BY_NAME, root, ())}
    return [[_Statement(node, file in by_name) for node in filter(_does, ast.parse(source).body)]
            for file, source in _sources(patterns, root, without)]  # fmt: skip


def digest_of(files, rule):
    """The digest of all statements or, with a rule, of those ``by_name`` only what it or other files lead to."""
    names = set(re.findall(r"\w+", rule or ""))
    kept, left = set(), [each for statements in files for each in statements]
    while reached := [each for each in left if rule is None or not each.by_name or each.defines & names]:
        kept.update(reached)
        names = names.union(*(each.names for each in reached))
        left = [each for each in left if each not in kept]
    bodies = [", ".join(each.text for each in statements if each in kept) for statements in files]
    texts = [f'["Module", ["body", [{body}]]]' for body in bodies if body]  # an empty __init__.py may come and go
    return _sha256("".join(sorted(map(_sha256, texts))))


def _sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _defined(node):
    """The names that a top-level statement defines: of a task its name="..."; all that it uses, where it has none."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return {node.name}
    inside = list(ast.walk(node))
    stored = {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    tasks = (each.value for each in inside if isinstance(each, ast.keyword) and each.arg == "name")
    return {task.value for task in tasks if isinstance(task, ast.Constant)} or stored or _names(node)


def _names(tree):
    return {each.id if isinstance(each, ast.Name) else each.attr
            for each in ast.walk(tree) if isinstance(each, (ast.Name, ast.Attribute))}  # fmt: skip


def _sources(patterns, root, without):
    matching = lambda patterns: {file for pattern in patterns for file in root.glob(pattern)}
    for file in sorted(matching(patterns) - matching(without)):
        yield file, file.read_bytes().replace(b"\r\n", b"\n")  # git may have changed them


def _does(node):
    """Whether a node is anything but an import or a docstring."""
    is_text = isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
    return not is_text and not isinstance(node, ast.Import | ast.ImportFrom)


def _nested(node):
    """A syntax tree as nested lists, which no version of Python writes in another way, as it does `ast.dump`."""
    if isinstance(node, list):
        return [_nested(each) for each in filter(_does, node)]
    if not isinstance(node, ast.AST):
        return ascii(node)
    fields = ((name, _nested(value)) for name, value in ast.iter_fields(node) if value is not None)
    return [type(node).__name__, *([name, value] for name, value in fields if value)]


def cpu_model():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
