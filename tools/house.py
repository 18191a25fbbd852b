"""Which module of `optlib` imports which, read from the source, and the directions in which they may.

Read are imports at the top and inside functions, tables of names that `__getattr__` loads from, and `import_module`.
"""

import ast
import fnmatch
import functools
import graphlib
import itertools
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1] / "optlib"

# Modules of the heart from the ground up: each imports only from the floors below its own, or from its own folder.
HEART = [
    ["checks", "arrays"],
    ["words", "registry", "numerical", "theory"],
    ["schedules", "functions"],
    ["optimizers"],
    ["trajectory"],
    ["minimize"],
]
# Each room and those that it builds on; it may also import what these may.
ROOMS = {
    "heart": [],
    "data": ["heart"],
    "training": ["data"],
    "torch_driver": ["heart"],
    "pictures": ["heart"],
    "live": ["pictures"],
    "vision": ["data", "torch_driver", "live"],
    "course": ["live"],
    "tasks": ["vision"],
    "benchmark": ["tasks", "pictures"],
}
COMMANDS = {"cheat_sheet": "course"}  # a module of the top level that belongs to a room, for `python -m`


class Import(NamedTuple):
    """Module ``source`` imports ``target``; None for a target whose name is only known when the program runs."""

    source: str
    target: str | None
    line: int
    lazy: bool  # inside a function


def modules(package=PACKAGE):
    """All modules of a package: name -> path."""
    names = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


@functools.cache
def imports(package=PACKAGE):
    """All imports of one module of the package by another, as a list of `Import`."""
    known = modules(package)
    return [row for name, path in known.items() for row in _Reader(name, path, known).imports]


class _Reader(ast.NodeVisitor):
    """The imports of one file."""

    def __init__(self, name, path, known):
        self.name, self.known, self.imports, self.lazy = name, known, [], False
        self.folder = name if path.name == "__init__.py" else name.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self.tables = {
            target.id: statement.value
            for statement in tree.body if isinstance(statement, ast.Assign)
            for target in statement.targets if isinstance(target, ast.Name)
        }  # fmt: skip
        self.visit(tree)

    def add(self, node, target):
        self.imports.append(Import(self.name, target, node.lineno, self.lazy))

    def visit_FunctionDef(self, node):
        outside, self.lazy = self.lazy, True
        self.generic_visit(node)
        self.lazy = outside

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_Import(self, node):
        for alias in node.names:
            self.add_inside(node, alias.name)

    def visit_ImportFrom(self, node):
        base = self.absolute("." * node.level + (node.module or ""))
        for alias in node.names:
            module = f"{base}.{alias.name}"
            self.add_inside(node, module if module in self.known else base)

    def visit_Call(self, node):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if function in ("import_module", "__import__"):
            for pattern in self.texts(node.args[0]):
                if pattern == "*":
                    self.add(node, None)
                    continue
                pattern = self.absolute(pattern)
                matches = fnmatch.filter(self.known, pattern) if "*" in pattern else [pattern]
                for module in matches:
                    self.add_inside(node, module)
        self.generic_visit(node)

    def add_inside(self, node, module):
        if module.partition(".")[0] == self.name.partition(".")[0]:
            self.add(node, module)

    def absolute(self, name):
        """``..words`` in the module optlib.live.page -> optlib.words."""
        relative = name.lstrip(".")
        up = len(name) - len(relative)
        if up == 0:
            return name
        parts = self.folder.split(".")
        return ".".join([*parts[: len(parts) - up + 1], *filter(None, [relative])])

    def texts(self, node):
        """The texts that an expression may have; ``*`` stands for what is only known when the program runs."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Name(id="__name__"):
                return [self.name]
            case ast.Name(id="__package__"):
                return [self.folder]
            case ast.JoinedStr(values=parts):
                return ["".join(texts) for texts in itertools.product(*map(self.texts, parts))]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return ["".join(texts) for texts in itertools.product(self.texts(left), self.texts(right))]
            case ast.FormattedValue(value=value):
                return self.texts(value)
            case ast.Subscript(value=ast.Name(id=table)) if isinstance(self.tables.get(table), ast.Dict):
                return [text for value in self.tables[table].values for text in self.texts(value)]
        return ["*"]


def room(module):
    """The room of a module, "front" for the package's own `__init__`, None where the table has no place for it."""
    _, _, path = module.partition(".")
    top = path.partition(".")[0]
    if any(top in floor for floor in HEART):
        return "heart"
    return "front" if not top else COMMANDS.get(top, top if top in ROOMS else None)


def below(name):
    """The rooms that a room may import, directly or not."""
    return {name, *ROOMS[name]}.union(*map(below, ROOMS[name]))


def faults(package=PACKAGE):
    """What the imports of the package break of the table, as a sorted list of sentences."""
    known, rows = modules(package), imports(package)
    sentences = {f"{module} has no room" for module in known if room(module) is None}
    for row in rows:
        reason = _fault(row, known)
        if reason:
            sentences.add(f"{row.source}:{row.line} imports {row.target}: {reason}")
    graph = {module: [row.target for row in rows if row.source == module and row.target in known] for module in known}
    return sorted(sentences) + [f"a circle: {' <- '.join(circle)}" for circle in circles(graph)]


def circles(graph):
    """Circles of a graph {module: [imported, ...]}: one is opened at a time, until none is left."""
    while True:
        try:
            return graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            circle = error.args[1]
            yield circle
            imported, importer = circle[:2]
            graph[importer] = [module for module in graph[importer] if module != imported]


def _fault(row, known):
    """Why an import is not allowed, or None."""
    if row.target is None or None in (room(row.source), room(row.target)):
        return None
    if row.target not in known:
        return "there is no such module"
    source, target = room(row.source), room(row.target)
    if source == "front":
        return None if target == "heart" or row.lazy else "the package itself loads a wing only when it is used"
    if target == "front":
        # The version is all that a room may read there.
        return None if source == "benchmark" else "a room does not import the package that hands it out"
    if target not in below(source):
        return f"{source} may use {', '.join(sorted(below(source) - {source})) or 'no other room'}"
    above, ground = row.source.split(".")[1], row.target.split(".")[1]
    if source == target == "heart" and above != ground and _floor(above) <= _floor(ground):
        return f"{ground} does not lie below {above}"
    return None


def _floor(name):
    return next(number for number, floor in enumerate(HEART) if name in floor)
