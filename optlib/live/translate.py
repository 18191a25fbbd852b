"""Rules, schedules and functions as JavaScript: the page computes what their Python source says.

>>> translate.rule(ol.Adam(lr=0.1)).source  # JavaScript text
>>> translate.function(ol.FUNCTIONS["rosenbrock"]).source

What is translated is plain arithmetic: numbers, tuples and lists of them, calls of functions of `optlib.arrays`, `math`
and NumPy, and of functions that are plain themselves.  Anything else raises `Untranslatable`, with what and where.
A rule that sees a number is translated for one coordinate; any other for the array of all of them.

The runtime that the text needs is ``player/runtime.js``.  Names of the source get a ``$``, so that none of them can be
a word or a global of JavaScript; text constants are JSON.
"""

import __future__

import ast
import builtins
import contextlib
import dataclasses
import functools
import inspect
import json
import math
import operator
import re
import types

import numpy as np

from .. import arrays
from ..functions import Function
from ..functions.objective import Differences, EachPoint, OfVector
from ..optimizers import matrix, preconditioned
from ..optimizers.base import Optimizer
from ..optimizers.second_order import Newton
from ..pictures import sketch
from ..schedules import base as schedules
from ..schedules import feedback

# Python functions -> what stands for them in the runtime.
LIFTED = ("sqrt", "exp", "log", "sin", "cos", "tanh", "abs", "sign", "isfinite", "maximum", "minimum", "where")
KNOWN = {
    **{getattr(arrays, name): name for name in (*LIFTED, "zeros_like", "ones_like", "real")},
    **{getattr(np, name): name for name in (*LIFTED, "zeros_like", "ones_like", "real", "square", "arctan", "hypot")},
    **{getattr(math, name): name for name in ("sqrt", "exp", "log", "sin", "cos", "tanh", "isfinite", "hypot", "pow")},
    **{getattr(builtins, name): name for name in ("abs", "sum", "len", "range", "enumerate", "zip", "tuple", "list")},
    min: "least", max: "greatest", float: "float", functools.reduce: "reduce", math.fabs: "abs", math.prod: "product",
    math.floor: "floor", np.sum: "sumOf", np.mean: "meanOf", np.max: "maxOf", np.min: "minOf", np.power: "pow",
    np.log1p: "log1p", np.array: "list", arrays.total: "sum", arrays.like: "real", arrays.is_array: "never",
    feedback._numpy: "real", feedback._plain: "real", sketch.walk: "walk",
    matrix.newton_schulz: "newtonSchulz", matrix.shape_factor: "shapeFactor",
}  # fmt: skip
OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.BitOr: "or", ast.BitAnd: "and",
}  # fmt: skip
PLAIN = {"add": "+", "sub": "-", "mul": "*", "div": "/", "or": "||", "and": "&&"}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!==",
               ast.Is: "===", ast.IsNot: "!=="}  # fmt: skip
LISTS = (ast.List, ast.Tuple, ast.ListComp)
SOLVED = (preconditioned.Shampoo, preconditioned.SOAP)
FORMAT = re.compile(r"(,?\.\d+[efg])?")  # of a number in a text


class Untranslatable(ValueError):
    """The source is not of the plain form that a page can compute."""


class _NeedsArrays(Exception):
    """The source computes with arrays, so operators have to be calls."""


@dataclasses.dataclass(frozen=True)
class Translation:
    """JavaScript of one rule, schedule or function.

    Attributes
    ----------
    source : str
        An expression: of a rule ``{init(self, x), update(self, x, g), vector}``, of a schedule ``(t, seen) => value``,
        of a function ``{value(...x), slopes(...x)}``.
    fields : str
        Of a rule, what ``self`` holds before `init`: the hyper-parameters that are no schedules.
    schedules : str
        Of a rule, the others.
    """

    source: str
    fields: str = "{}"
    schedules: str = "{}"

    @property
    def walker(self):
        """All three as one object, as ``R.walk`` takes it."""
        return f"{{rule: {self.source}, fields: {self.fields}, schedules: {self.schedules}}}"


def rule(one):
    """Translate ``init`` and ``update`` of a rule, its hyper-parameters and its schedules.

    Raises
    ------
    Untranslatable
        Where the source is not plain, cannot be had, or the rule reads more than the gradient.  `Newton`, which solves
        linear equations, has a twin in the runtime.
    """
    cls = type(one)
    fields, changing = {}, {}
    for name, value in one.settings().items():
        if arrays.is_array(value):
            raise Untranslatable(f"{cls.__name__}: {name} is an array")
        (changing if callable(value) else fields)[name] = value
    return Translation(
        "R.newton" if cls is Newton else _rule(cls),
        fields=_object({name: constant(value) for name, value in fields.items()}),
        schedules=_object({name: _reading(value) for name, value in changing.items()}),
    )


def _rule(cls):
    if cls.reads != ("gradient",):
        reads = " and the ".join(cls.reads).replace("_function", " as a function")
        raise Untranslatable(f"{cls.__name__} reads the {reads}")
    if issubclass(cls, SOLVED):
        raise Untranslatable(f"{cls.__name__} takes eigenvectors, which a page does not compute")
    for name in ("step", "advance", "begin"):
        if getattr(cls, name) is not getattr(Optimizer, name):
            raise Untranslatable(f"{cls.__name__} has a {name} of its own")
    program = Program(vector=cls.sees != "number")
    init, update = (program.function(getattr(cls, name), cls) for name in ("init", "update"))
    vector = "true" if program.vector else "false"
    return program.text(f"{{init: {init}, update: {update}, vector: {vector}}}")


def _reading(one):
    """A schedule that takes what it reads out of ``seen``."""
    reads = getattr(one, "reads", None)
    source = schedule(one).source
    return f"((s) => (t, seen) => s(t, seen.{reads}))({source})" if reads else source


def _object(values):
    return f"{{{', '.join(f'${name}: {value}' for name, value in values.items())}}}"


def schedule(one):
    """Translate a schedule, or any function of t, to ``(t, seen) => value``."""
    program = Program()
    return Translation(program.text(program.schedule(one)))


def function(one):
    """Translate value and slopes of a `Function`, for coordinates one by one."""
    return _with_arrays_if_needed(lambda program: _function(one, program))


def _with_arrays_if_needed(write):
    try:
        program = Program()
        return Translation(program.text(write(program)))
    except _NeedsArrays:
        program = Program(vector=True)
        return Translation(program.text(write(program)))


def _function(one, program):
    value = program.callable(one.formula)
    numerical = isinstance(one.slopes, Differences)
    slopes = f"R.differences({value})" if numerical else program.callable(one.slopes)
    return f"{{value: {value}, slopes: {slopes}}}"


def picture(draw, sketch, names):
    """Translate a function that draws a `Sketch`, for sliders of these names.

    ``draw`` is a picture of the package or a function that calls one.  In JavaScript that call gives the arguments that
    move, and the sketch's own functions take them: ``{arguments(settings), points, words, handles}``.
    """
    return _with_arrays_if_needed(lambda program: _picture(draw, sketch, names, program))


def _picture(draw, sketch, names, program):
    takes = inspect.signature(draw).parameters
    given = {name: f"settings.{name}" for name in names}
    if hasattr(draw, "moving"):
        if not given.keys() <= {*draw.moving}:
            raise Untranslatable(f"{draw.__name__}: in a page only {' and '.join(draw.moving)} can move")
        arguments = f"[{', '.join(given.get(name) or constant(takes[name].default) for name in draw.moving)}]"
    else:
        arguments = f"{program.callable(draw)}({', '.join(given.get(name, 'undefined') for name in takes)})"
        if program.pictures != 1:
            raise Untranslatable(f"{draw.__name__} calls {program.pictures} pictures of the package, not one")
    functions = [f"{name}: {program.function(getattr(sketch, name))}" for name in ("points", "words")]
    functions += [f"handles: {program.function(sketch.handles)}"] if sketch.handles else []
    return f"{{arguments: (settings) => {arguments}, {', '.join(functions)}}}"


class Program:
    """Functions that are translated together: each once, under a name of its own."""

    def __init__(self, vector=False):
        self.vector = vector
        self.names, self.definitions = {}, []
        self.pictures = 0  # calls of pictures of the package, see `picture`

    def text(self, result):
        lines = "\n".join(self.definitions)
        return f"(() => {{\n{lines}\nreturn {result};\n}})()" if lines else f"({result})"

    def need_arrays(self):
        if not self.vector:
            raise _NeedsArrays

    def schedule(self, one):
        if not callable(one):
            return f"(() => {constant(one)})"
        if isinstance(one, schedules.Combined):
            a, b = self.schedule(one.a), self.schedule(one.b)
            return f"((t, seen) => {a}(t, seen) {one.how} {b}(t, seen))"
        if isinstance(one, schedules.Then):
            first, second = self.schedule(one.first), self.schedule(one.second)
            return f"((t, seen) => t < {one.after} ? {first}(t, seen) : {second}(t - {one.after}, seen))"
        return self.callable(one)

    def callable(self, one):
        """A function, a bound method or an object with ``__call__``, as a JavaScript expression."""
        if isinstance(one, types.FunctionType):
            return self.function(one)
        if isinstance(one, EachPoint):  # a page calls it for each point anyway
            return self.callable(one.fn)
        if isinstance(one, OfVector):
            self.need_arrays()
            return f"((...x) => {self.callable(one.fn)}(x))"
        if isinstance(one, types.MethodType):
            me, code = one.__self__, one.__func__
        elif isinstance(vars(type(one)).get("__call__"), types.FunctionType):
            me, code = one, type(one).__call__
        else:
            raise Untranslatable(f"{one!r} has no Python source")
        name = f"o{len(self.definitions)}"
        self.definitions.append(f"const {name} = {_object({n: constant(value) for n, value in vars(me).items()})};")
        return f"((...x) => {self.function(code, type(me))}({name}, ...x))"

    def objective(self, f):
        """The name under which value and slopes of a `Function` are defined in this program."""
        key = id(f), None
        if key not in self.names:
            source = _function(f, self)
            self.names[key] = name = f"f{len(self.names)}"
            self.definitions.append(f"const {name} = {source};")
        return self.names[key]

    def function(self, python, owner=None):
        """The name under which a Python function, or a method of ``owner``, is defined in this program."""
        key = python, owner
        if key not in self.names:
            self.names[key] = name = f"f{len(self.names)}"
            self.definitions.append(_Writer(self, python, owner).definition(name))
        return self.names[key]


def constant(value):
    """A number, a text, or a tuple or list of such, as JavaScript."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return json.dumps(value).replace("<", "\\u003c")
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(constant, value))}]"
    if isinstance(value, np.ndarray):
        return constant(value.tolist())
    if isinstance(value, (int, float, np.number)):
        number = float(value)
        if math.isfinite(number):
            return repr(int(value)) if number == int(number) and abs(number) < 2**53 else repr(number)
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    raise Untranslatable(f"{value!r} is no number")


# --- Python's source -----------------------------------------------------------------------------------------


def source_of(python):
    """The node of a function's source, checked to be that of the code in memory.

    The whole file is parsed: `inspect.getsource` of a lambda gives lines that may not parse by themselves.  It is
    compiled, too, in one piece as a file is, or statement by statement as a cell is: the file may have been edited.
    """
    code = python.__code__
    try:
        lines, _ = inspect.findsource(python)
        tree = ast.parse("".join(lines))
    except (OSError, TypeError, SyntaxError):
        raise Untranslatable(f"the source of {python.__qualname__} cannot be had") from None
    for part in (tree, *(ast.Module([each], []) for each in tree.body)):
        nodes = [node for node in ast.walk(part) if _begins_at(node, code)]
        if not nodes:
            continue
        nodes.sort(key=lambda node: (node.lineno, node.col_offset))
        outer = compile(part, code.co_filename, "exec", flags=code.co_flags & _FUTURE, dont_inherit=True)
        codes = [each for each in _codes(outer) if (each.co_name, each.co_firstlineno) == _place(code)]
        for node, each in zip(nodes, codes, strict=False):
            if each == code:
                return node
    raise Untranslatable(f"the source of {python.__qualname__} has changed since it was loaded")


_FUTURE = functools.reduce(operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names))


def _begins_at(node, code):
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return False
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return (getattr(node, "name", "<lambda>"), first) == _place(code)


def _place(code):
    return code.co_name, code.co_firstlineno


def _codes(outer):
    """Code objects within another, in the order of the source."""
    for each in outer.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)


# --- statements and expressions ------------------------------------------------------------------------------


class _Writer:
    """Writes one function in JavaScript."""

    def __init__(self, program, python, owner):
        self.program, self.python, self.owner = program, python, owner
        self.node = source_of(python)
        arguments = self.node.args
        if arguments.kwonlyargs or arguments.kwarg or arguments.posonlyargs:
            self.refuse(self.node, "arguments by name")
        self.arguments = [each.arg for each in arguments.args]
        self.rest = arguments.vararg.arg if arguments.vararg else None
        self.me = self.arguments[0] if owner else None
        self.locals = {*self.arguments, *([self.rest] if self.rest else [])}
        self.variables = []
        for name in _stored(self.node):
            if name not in self.locals:
                self.locals.add(name)
                self.variables.append(f"${name}")
        self.known = {**python.__globals__, **self._closure()}

    def _closure(self):
        cells = zip(self.python.__code__.co_freevars, self.python.__closure__ or (), strict=True)
        return {name: cell.cell_contents for name, cell in cells}

    def refuse(self, node, what):
        line = getattr(node, "lineno", "?")
        raise Untranslatable(f"{self.python.__qualname__}, line {line}: a page cannot compute {what}")

    def definition(self, name):
        values = [None] * (len(self.arguments) - len(self.python.__defaults__ or ()))
        values += [constant(value) for value in self.python.__defaults__ or ()]
        takes = [self.name(a) + (f" = {v}" if v else "") for a, v in zip(self.arguments, values, strict=True)]
        takes += [f"...${self.rest}"] if self.rest else []
        if isinstance(self.node, ast.Lambda):
            body = [f"  return {self.value(self.node.body)};"]
        else:
            body = [f"  {line}" for each in self.node.body for line in self.statement(each)]
        declared = [f"  let {', '.join(self.variables)};"] if self.variables else []
        return "\n".join([f"const {name} = ({', '.join(takes)}) => {{", *declared, *body, "};"])

    def name(self, name):
        return "self" if name == self.me else f"${name}"

    # --- statements ---

    def statement(self, node):
        kind = type(node).__name__
        write = getattr(self, f"_{kind}", None)
        if write is None:
            self.refuse(node, f"a statement of this kind ({kind})")
        return write(node)

    def block(self, nodes):
        return [f"  {line}" for each in nodes for line in self.statement(each)]

    def _Return(self, node):
        return [f"return {self.value(node.value) if node.value else 'null'};"]

    def _Assign(self, node):
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            return [f"R.put({self.value(target.value)}, {self.value(target.slice)}, {self.value(node.value)});"]
        targets = " = ".join(map(self.target, node.targets))
        return [f"{targets} = {self.value(node.value)};"]

    def _AugAssign(self, node):
        read = ast.copy_location(_as_read(node.target), node)
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return self._Assign(ast.copy_location(ast.Assign([node.target], value), node))

    def _AnnAssign(self, node):
        return self._Assign(ast.copy_location(ast.Assign([node.target], node.value), node)) if node.value else []

    def _Expr(self, node):
        if isinstance(node.value, ast.Constant):
            return []  # a docstring
        call = node.value
        if isinstance(call, ast.Call) and self.resolved(call.func) is setattr and self._is_me(call.args[0]):
            return [f"{self._attribute(call.args[1])} = {self.value(call.args[2])};"]
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append":
            return [f"{self.value(call.func.value)}.push({self.value(call.args[0])});"]
        if _is_of_parent(call):
            return [f"{self.value(call)};"]
        self.refuse(node, "a call whose value is not used")

    def _Pass(self, node):
        return []

    def _Break(self, node):
        return ["break;"]

    def _Continue(self, node):
        return ["continue;"]

    def _If(self, node):
        lines = [f"if ({self.test(node.test)}) {{", *self.block(node.body), "}"]
        return lines + (["else {", *self.block(node.orelse), "}"] if node.orelse else [])

    def _For(self, node):
        if node.orelse:
            self.refuse(node, "for ... else")
        return [f"for ({self.target(node.target)} of {self.value(node.iter)}) {{", *self.block(node.body), "}"]

    def _Try(self, node):
        """Floats of Python raise where those of a page are infinite, as arrays are: what is tried goes through."""
        errors = [self.resolved(each.type) if each.type else None for each in node.handlers]
        if node.finalbody or node.orelse or not {*errors} <= {OverflowError, ZeroDivisionError}:
            self.refuse(node, "try")
        return [line for each in node.body for line in self.statement(each)]

    def target(self, node):
        if isinstance(node, ast.Name):
            return f"${node.id}"
        if isinstance(node, (ast.Tuple, ast.List)):
            *first, last = node.elts
            rest = isinstance(last, ast.Starred)
            last = f"...{self.target(last.value)}" if rest else self.target(last)
            return f"[{', '.join([*map(self.target, first), last])}]"
        if isinstance(node, ast.Attribute) and self._is_me(node.value):
            return f"self.${node.attr}"
        self.refuse(node, f"an assignment to {ast.unparse(node)}")

    # --- expressions ---

    def value(self, node):
        kind = type(node).__name__
        write = getattr(self, f"_value_{kind}", None)
        if write is None:
            self.refuse(node, f"an expression of this kind ({kind})")
        return write(node)

    def _value_Constant(self, node):
        return constant(node.value)

    @contextlib.contextmanager
    def inner(self, names):
        """Names that stand for something else within this block."""
        outer, self.locals = self.locals, self.locals | {*names}
        yield
        self.locals = outer

    def _value_Lambda(self, node):
        names = [each.arg for each in node.args.args]
        with self.inner(names):
            return f"(({', '.join(f'${name}' for name in names)}) => {self.value(node.body)})"

    def _value_JoinedStr(self, node):
        return f"[{', '.join(map(self.value, node.values))}].join(\"\")"

    def _value_FormattedValue(self, node):
        spec = "".join(each.value for each in node.format_spec.values) if node.format_spec else ""
        if node.conversion != -1 or not FORMAT.fullmatch(spec):
            self.refuse(node, f"text in this form ({ast.unparse(node)})")
        return f"R.format({self.value(node.value)}, {constant(spec)})"

    def _value_Name(self, node):
        if node.id in self.locals:
            if node.id == self.me:
                self.refuse(node, "with the rule itself as a value")
            return f"${node.id}"
        return self.of_python(node, self.resolved(node))

    def of_python(self, node, value):
        """What a name of the file stands for, frozen at this moment."""
        if isinstance(value, np.ndarray) or value is np.array:
            self.program.need_arrays()
        try:
            if value in KNOWN:
                return f"R.{KNOWN[value]}"
        except TypeError:  # not hashable
            pass
        if isinstance(value, types.FunctionType):
            return self.program.function(value)
        if callable(value) and not isinstance(value, (type, types.BuiltinFunctionType)):
            return self.program.callable(value)
        if isinstance(value, (tuple, list)) and value and all(isinstance(each, Optimizer) for each in value):
            return f"[{', '.join(self.of_python(node, each) for each in value)}]"
        if isinstance(value, Optimizer):
            return rule(value).walker
        try:
            return constant(value)
        except Untranslatable:
            self.refuse(node, f"with {ast.unparse(node)}")

    def resolved(self, node):
        """The Python object that a name or a chain of attributes stands for; None where that is known only later."""
        if isinstance(node, ast.Name) and node.id not in self.locals:
            missing = object()
            value = self.known.get(node.id, getattr(builtins, node.id, missing))
            if value is missing:
                self.refuse(node, f"with {node.id}, which is not defined")
            return value
        if isinstance(node, ast.Attribute):
            owner = self.resolved(node.value)
            if isinstance(owner, types.ModuleType) and hasattr(owner, node.attr):
                return getattr(owner, node.attr)
            if isinstance(owner, Function) and node.attr in ("start", "minimum", "domain", "minima"):
                return getattr(owner, node.attr)
        return None

    def _is_me(self, node):
        return isinstance(node, ast.Name) and node.id == self.me

    def _attribute(self, name):
        return f'self["$" + {self.value(name)}]'

    def _value_Attribute(self, node):
        if self._is_me(node.value):
            return f"self.${node.attr}"
        value = self.resolved(node)
        if value is None and isinstance(node.value, ast.Call) and self.resolved(node.value.func) is arrays.finfo:
            return f"R.finfo.{node.attr}"
        if value is None:
            self.refuse(node, ast.unparse(node))
        return self.of_python(node, value)

    def _value_Call(self, node):
        function, python = node.func, self.resolved(node.func)
        if python is getattr and self._is_me(node.args[0]):
            return self._attribute(node.args[1])
        if python is float and isinstance(node.args[0], ast.Constant):
            return constant(float(node.args[0].value))  # "inf"
        if any(self._is_me(each) for each in node.args):
            self.refuse(node, "with the rule itself as an argument")
        if isinstance(function, ast.Attribute) and self._is_me(function.value):
            return self._method(node, function.attr)
        if _is_of_parent(node):
            lines = self.owner.__mro__
            later = lines[lines.index(self.known["__class__"]) + 1 :]
            method = next(vars(cls)[function.attr] for cls in later if function.attr in vars(cls))
            arguments = ["self", *self._arguments(node, method, first=1)]
            return f"{self.program.function(method, self.owner)}({', '.join(arguments)})"
        if hasattr(python, "moving"):
            return self._picture(node, python)
        if isinstance(python, types.FunctionType) and python not in KNOWN:
            return f"{self.program.function(python)}({', '.join(self._arguments(node, python))})"
        if isinstance(python, Function):
            return f"{self.program.objective(python)}.value(...{self.value(node.args[0])})"
        if isinstance(function, ast.Attribute) and isinstance(self.resolved(function.value), Function):
            if function.attr != "grad":
                self.refuse(node, ast.unparse(node))
            return f"{self.program.objective(self.resolved(function.value))}.slopes(...{self.value(node.args[0])})"
        if isinstance(function, ast.Attribute) and function.attr == "join" and isinstance(function.value, ast.Constant):
            return f"{self.value(node.args[0])}.join({self.value(function.value)})"
        if python is None and isinstance(function, ast.Attribute) and function.attr in ("sum", "mean", "max", "min"):
            if node.args or node.keywords:
                self.refuse(node, f"{function.attr} along an axis")
            return f"R.{function.attr}Of({self.value(function.value)})"
        if python is None and not isinstance(function, ast.Name):
            self.refuse(node, f"{ast.unparse(function)}(...)")
        arguments = [self.value(each) for each in node.args]
        for keyword in node.keywords:
            if keyword.arg not in ("strict", "start") or python not in (zip, enumerate):
                self.refuse(node, f"{ast.unparse(function)} with {keyword.arg}=")
            arguments += [self.value(keyword.value)] if keyword.arg == "start" else []
        return f"{self.value(function)}({', '.join(arguments)})"

    def _picture(self, node, python):
        """What moves in a picture of the package; all that stays is already drawn, so it may not depend on a slider."""
        self.program.pictures += 1
        given = inspect.signature(python).bind(*node.args, **{each.arg: each.value for each in node.keywords}).arguments
        for name, value in given.items():
            inner = [each for each in ast.walk(value) if isinstance(each, ast.Name) and each.id in self.locals]
            if name not in python.moving and inner:
                self.refuse(node, f"how {name} of {python.__name__} follows {inner[0].id}")
        defaults = {name: each.default for name, each in inspect.signature(python).parameters.items()}
        values = (self.value(given[n]) if n in given else constant(defaults[n]) for n in python.moving)
        return f"[{', '.join(values)}]"

    def _arguments(self, node, python, first=0):
        """Arguments of a translated function in its order."""
        names = python.__code__.co_varnames[first : python.__code__.co_argcount]
        values = [self.value(each) for each in node.args]
        named = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        if not named.keys() <= {*names[len(values) :]}:
            self.refuse(node, f"{ast.unparse(node.func)} with these names")
        return values + [named.get(name, "undefined") for name in names[len(values) :]]

    def _method(self, node, name):
        if name in ("inner", "row_mean", "column_mean"):  # a point of a page is one row
            known = {"inner": "inner", "row_mean": "meanOf", "column_mean": "real"}[name]
            return f"R.{known}({', '.join(map(self.value, node.args))})"
        method = inspect.getattr_static(self.owner, name, None)
        if not isinstance(method, types.FunctionType):
            self.refuse(node, f"self.{name}(...)")
        arguments = ["self", *self._arguments(node, method, first=1)]
        return f"{self.program.function(method, self.owner)}({', '.join(arguments)})"

    def _value_BinOp(self, node):
        name = OPERATORS.get(type(node.op))
        if name is None:
            self.refuse(node, f"with this operator ({type(node.op).__name__})")
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.left, LISTS) or isinstance(node.right, LISTS):
            if name != "add":
                self.refuse(node, "with a list at this operator")
            return f"[...{left}, ...{right}]"
        if name == "pow" and isinstance(node.right, ast.Constant) and node.right.value == 2:
            return f"R.square({left})"
        if name in PLAIN and not self.program.vector:
            return f"({left} {PLAIN[name]} {right})"
        return f"R.{name}({left}, {right})"

    def _value_UnaryOp(self, node):
        operand = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            return f"R.mul(-1, {operand})" if self.program.vector else f"(-{operand})"
        if isinstance(node.op, ast.UAdd):
            return operand
        if isinstance(node.op, ast.Not):
            return f"(!{self.test(node.operand)})"
        self.refuse(node, "with this sign")

    def _value_Compare(self, node):
        values = [self.value(each) for each in (node.left, *node.comparators)]
        pairs = []
        for a, comparison, b in zip(values, node.ops, values[1:], strict=False):
            if type(comparison) not in COMPARISONS:
                self.refuse(node, "this comparison")
            sign = COMPARISONS[type(comparison)]
            pairs.append(f'R.compare("{sign}", {a}, {b})' if self.program.vector else f"({a} {sign} {b})")
        return pairs[0] if len(pairs) == 1 else f"({' && '.join(pairs)})"

    def test(self, node):
        """An expression that is asked for its truth."""
        if isinstance(node, ast.BoolOp):
            sign = " && " if isinstance(node.op, ast.And) else " || "
            return f"({sign.join(map(self.test, node.values))})"
        if isinstance(node, ast.Compare) and not self.program.vector:
            return self.value(node)
        return f"R.truth({self.value(node)})"

    def _value_IfExp(self, node):
        return f"({self.test(node.test)} ? {self.value(node.body)} : {self.value(node.orelse)})"

    def _value_Tuple(self, node):
        return f"[{', '.join(map(self.value, node.elts))}]"

    _value_List = _value_Tuple

    def _value_Starred(self, node):
        return f"...{self.value(node.value)}"

    def _value_Subscript(self, node):
        if isinstance(node.slice, ast.Slice):
            if node.slice.step:
                self.refuse(node, "a slice with a step")
            ends = [self.value(end) if end else "null" for end in (node.slice.lower, node.slice.upper)]
            return f"R.slice({self.value(node.value)}, {', '.join(ends)})"
        if isinstance(node.slice, ast.Tuple):
            self.refuse(node, "several indices at once")
        return f"R.at({self.value(node.value)}, {self.value(node.slice)})"

    def _value_GeneratorExp(self, node):
        return self._comprehension(node.elt, node.generators)

    _value_ListComp = _value_GeneratorExp

    def _zipped(self, each, more):
        """The two or three lists of a ``for a, b in zip(...)`` that is all of a comprehension; they need no pairs."""
        call, names = each.iter, getattr(each.target, "elts", ())
        if more or each.ifs or not isinstance(call, ast.Call) or self.resolved(call.func) is not zip:
            return None
        return [self.value(a) for a in call.args] if len(names) == len(call.args) in (2, 3) else None

    def _comprehension(self, element, generators):
        (each, *more) = generators
        if lists := self._zipped(each, more):
            with self.inner(_stored(each.target)):
                names = ", ".join(map(self.target, each.target.elts))
                return f"R.over(({names}) => {self.value(element)}, {', '.join(lists)})"
        pattern = self.target(each.target)
        values = f"[...{self.value(each.iter)}]"
        with self.inner(_stored(each.target)):
            for condition in each.ifs:
                values += f".filter(({pattern}) => {self.test(condition)})"
            if more:
                return f"{values}.flatMap(({pattern}) => {self._comprehension(element, more)})"
            return f"{values}.map(({pattern}) => {self.value(element)})"


def _is_of_parent(node):
    """Whether an expression calls a method of ``super()``."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("super().")


def _stored(node):
    """Names that a piece of source assigns, without those that live in its comprehensions only."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.comprehension, ast.Lambda)):
            yield from _stored(child)


def _as_read(target):
    read = ast.parse(ast.unparse(target), mode="eval").body
    return read
