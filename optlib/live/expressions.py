"""Expressions of Python as JavaScript.

What is translated is plain arithmetic: numbers, tuples and lists of them, calls of functions of `optlib.arrays`, `math`
and NumPy, and of functions that are plain themselves.  Names of the source get a ``$``, so that none of them can be
a word or a global of JavaScript; text constants are JSON.
"""

import ast
import builtins
import contextlib
import functools
import inspect
import math
import re
import types

import numpy as np

from .. import arrays
from ..functions import Function
from ..optimizers import matrix
from ..optimizers.base import Optimizer
from ..pictures import sketch
from ..schedules import feedback
from .source import Untranslatable, constant

# Python functions -> what stands for them in the runtime.
LIFTED = ("sqrt", "exp", "log", "sin", "cos", "tanh", "abs", "sign", "isfinite", "maximum", "minimum", "where")
KNOWN = {
    **{getattr(arrays, name): name for name in (*LIFTED, "zeros_like", "ones_like", "real")},
    **{getattr(np, name): name for name in (*LIFTED, "zeros_like", "ones_like", "real", "square", "arctan", "hypot")},
    **{getattr(math, name): f"math.{name}" for name in ("sqrt", "exp", "log", "sin", "cos", "pow", "floor")},
    **{getattr(builtins, name): name for name in ("abs", "sum", "len", "range", "enumerate", "zip", "tuple", "list")},
    min: "least", max: "greatest", float: "float", functools.reduce: "reduce", math.fabs: "abs", math.prod: "product",
    np.sum: "sumOf", np.mean: "meanOf", np.max: "maxOf", np.min: "minOf", np.power: "pow",
    np.log1p: "log1p", np.array: "list", arrays.total: "sum", arrays.like: "real", arrays.is_array: "never",
    feedback._numpy: "real", feedback._plain: "real", sketch.walk: "walk", math.tanh: "tanh", math.hypot: "hypot",
    matrix.newton_schulz: "newtonSchulz", matrix.shape_factor: "shapeFactor", math.isfinite: "isfinite",
}  # fmt: skip
REDUCED = np.array, np.sum, np.mean, np.max, np.min, arrays.total
OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.BitOr: "or", ast.BitAnd: "and",
}  # fmt: skip
PLAIN = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!==",
               ast.Is: "===", ast.IsNot: "!=="}  # fmt: skip
LISTS = (ast.List, ast.Tuple, ast.ListComp)
FORMAT = re.compile(r"(,?\.\d+[efg])?")  # of a number in a text


class Expressions:
    """Writes the expressions of one function, of which ``node`` is the source and ``owner`` the class, if any."""

    def __init__(self, program, python, owner, node):
        self.program, self.python, self.owner = program, python, owner
        self.me = node.args.args[0].arg if owner else None
        self.locals = {each.arg for each in (*node.args.args, node.args.vararg) if each}
        pairs = [(a, each.value) for each in ast.walk(node) if isinstance(each, ast.Assign) for a in each.targets]
        both = [(a.elts, b.elts) for a, b in pairs if isinstance(a, ast.Tuple) and isinstance(b, ast.Tuple)]
        self.pairs = pairs + [two for sides in both for two in zip(*sides, strict=False)]  # of what is assigned
        self.lists = {ast.unparse(a) for a, b in self.pairs if isinstance(b, LISTS)}
        others = {ast.unparse(a) for a, b in self.pairs if not _list(b)}
        self.only_lists = {ast.unparse(a) for a, _ in self.pairs} - others
        self.known = python.__globals__ | inspect.getclosurevars(python).nonlocals

    def refuse(self, node, what):
        line = getattr(node, "lineno", "?")
        raise Untranslatable(f"{self.python.__qualname__}, line {line}: a page cannot compute {what}")

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

    def value(self, node):
        return self.written("value_", node, "an expression")

    def written(self, family, node, what):
        """JavaScript of a node by the method for its kind."""
        kind = type(node).__name__
        write = getattr(self, f"_{family}{kind}", None)
        if write is None:
            self.refuse(node, f"{what} of this kind ({kind})")
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
        if ast.unparse(node.args) != ", ".join(names):
            self.refuse(node, "a lambda with defaults, stars or arguments by name")
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
            return self.program.rule(value)
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

    def _got(self, me, name, *default):
        """``getattr``; by a constant name also what the class has."""
        known = isinstance(name, ast.Constant)
        if default and not known:  # the class may have it
            self.refuse(me, "getattr with a default where the name is computed")
        got = self._value_Attribute(ast.Attribute(me, name.value)) if known else self._attribute(name)
        return f"({got} === undefined ? {self.value(default[0])} : {got})" if default else got

    def _value_Attribute(self, node):
        if self._is_me(node.value):
            of_class = inspect.getattr_static(self.owner, node.attr, node)  # `node`: there is none
            own = getattr(self.owner, "hypers", getattr(self.owner, "__match_args__", ()))  # what every instance has
            if of_class is node or node.attr in own or isinstance(of_class, types.FunctionType):
                return f"self.${node.attr}"
            return f"(self.${node.attr} === undefined ? {self.of_python(node, of_class)} : self.${node.attr})"
        value = self.resolved(node)
        if value is None and isinstance(node.value, ast.Call) and self.resolved(node.value.func) is arrays.finfo:
            return f"R.finfo.{node.attr}"
        if value is None:
            self.refuse(node, ast.unparse(node))
        return self.of_python(node, value)

    def _value_Call(self, node):
        function, python = node.func, self.resolved(node.func)
        if python is getattr and self._is_me(node.args[0]):
            return self._got(*node.args)
        if python is float and isinstance(node.args[0], ast.Constant):
            return constant(float(node.args[0].value))  # "inf"
        if any(self._is_me(each) for each in node.args):
            self.refuse(node, "with the rule itself as an argument")
        if python is arrays.namespace:
            self.refuse(node, "what only a library of arrays does, such as eigenvectors")
        if isinstance(function, ast.Attribute) and self._is_me(function.value):
            return self._method(node, function.attr)
        if is_of_parent(node):
            return self._own(node, getattr(super(self.known["__class__"], self.owner), function.attr))
        if hasattr(python, "moving"):
            return self._picture(node, python)
        if isinstance(python, types.FunctionType) and python not in KNOWN:
            return f"{self.program.function(python)}({', '.join(self._arguments(node, python))})"
        if isinstance(python, Function):
            return f"{self.program.objective(python)}.value(...{self.value(node.args[0])})"
        method = function.attr if isinstance(function, ast.Attribute) else None
        if method == "grad" and isinstance(self.resolved(function.value), Function):
            self.program.need_arrays()
            return f"{self.program.objective(self.resolved(function.value))}.slopes(...{self.value(node.args[0])})"
        if method == "join" and isinstance(function.value, ast.Constant):
            return f"{self.value(node.args[0])}.join({self.value(function.value)})"
        if python is None and method in ("sum", "mean", "max", "min"):
            if node.args or node.keywords:
                self.refuse(node, f"{method} along an axis")
            return f"R.{method}Of({self.value(function.value)})"
        if python in REDUCED:
            self._check_axes(node)
        if python is math.hypot and len(node.args) > 3:
            self.refuse(node, "hypot of more than three")
        if python is None and not isinstance(function, ast.Name):
            self.refuse(node, f"{ast.unparse(function)}(...)")
        arguments = [self.value(each) for each in node.args]
        for keyword in node.keywords:
            if keyword.arg not in ("strict", "start") or python not in (zip, enumerate):
                self.refuse(node, f"{ast.unparse(function)} with {keyword.arg}=")
            arguments += [self.value(keyword.value)] if keyword.arg == "start" else []
        return f"{self.value(function)}({', '.join(arguments)})"

    def _listed(self, node, *more):
        """Whether an expression is seen to be a tuple or a list, or one of ``more``."""
        return isinstance(node, LISTS) or isinstance(self.resolved(node), (tuple, list, *more))

    def _check_axes(self, node):
        """Refuse what is seen to have two axes: a page has lists in lists."""
        if not node.args:
            self.refuse(node, f"{ast.unparse(node.func)} with its argument by name")
        entry = getattr(node.args[0], "elt", None)  # of a comprehension; a name is known only inside
        entries = getattr(node.args[0], "elts", [entry] if isinstance(entry, (*LISTS, ast.Call)) else [])
        made = (isinstance(each, ast.Call) and self.resolved(each.func) is np.array for each in entries)
        if any(made) or any(self._listed(each, np.ndarray) for each in entries):
            self.refuse(node, "with nested arrays")
        if len(node.args) > 1:
            self.refuse(node, f"{ast.unparse(node.func)} of more than one argument")

    def _picture(self, node, python):
        """What moves in a picture of the package; all that stays is already drawn, so it may not depend on a slider."""
        self.program.pictures += 1
        if any(isinstance(each, ast.Starred) for each in node.args) or not all(each.arg for each in node.keywords):
            self.refuse(node, "with arguments that a star unpacks")
        signature, keywords = inspect.signature(python), {each.arg: each.value for each in node.keywords}
        arguments = signature.bind(*node.args, **keywords).arguments
        for name, value in arguments.items():
            local = [each.id for each in ast.walk(value) if isinstance(each, ast.Name) and each.id in self.locals]
            if name not in python.moving and local:
                self.refuse(node, f"how {name} of {python.__name__} follows {local[0]}")
        values = (self.value(arguments[name]) if name in arguments else constant(signature.parameters[name].default)
                  for name in python.moving)  # fmt: skip
        return f"[{', '.join(values)}]"

    def _arguments(self, node, python, first=0):
        """Arguments of a translated function in its order."""
        names = python.__code__.co_varnames[first : python.__code__.co_argcount]
        values = [self.value(each) for each in node.args]
        named = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        later = () if any(isinstance(each, ast.Starred) for each in node.args) else names[len(values) :]
        if not named.keys() <= {*later}:
            self.refuse(node, f"{ast.unparse(node.func)} with these names")
        return values + [named.get(name, "undefined") for name in later]

    def _method(self, node, name):
        if name in ("inner", "row_mean", "column_mean"):  # a point of a page is one row
            known = {"inner": "inner", "row_mean": "meanOf", "column_mean": "real"}[name]
            return f"R.{known}({', '.join(map(self.value, node.args))})"
        method = inspect.getattr_static(self.owner, name, None)
        if not isinstance(method, types.FunctionType):
            self.refuse(node, f"self.{name}(...)")
        return self._own(node, method)

    def _own(self, node, method):
        """A call of a method of the object itself."""
        arguments = ["self", *self._arguments(node, method, first=1)]
        return f"{self.program.function(method, self.owner)}({', '.join(arguments)})"

    def _value_BinOp(self, node):
        name = OPERATORS.get(type(node.op))
        if name is None:
            self.refuse(node, f"with this operator ({type(node.op).__name__})")
        left, right = self.value(node.left), self.value(node.right)
        sides = node.left, node.right
        if any(map(self._listed, sides)):
            both = all(self._listed(each) or ast.unparse(each) in self.only_lists for each in sides)
            if name != "add" or self.program.vector and not both:  # an array would add its entries to those
                self.refuse(node, "with a list at this operator")
            return f"[...{left}, ...{right}]"
        if name == "add" and {getattr(each, "id", "") for each in sides} <= self.lists:
            self.refuse(node, "whether two names are lists to be joined")
        if name == "pow" and isinstance(node.right, ast.Constant) and node.right.value == 2:
            return f"R.square({left})"
        if name in PLAIN and not self.program.vector:
            return f"({left} {PLAIN[name]} {right})"
        return f"R.{name}({left}, {right})"

    def _value_UnaryOp(self, node):
        operand = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            return f"R.mul(-1, {operand})" if self.program.vector else f"(- {operand})"  # of -2, too
        if isinstance(node.op, ast.UAdd):
            return operand
        if isinstance(node.op, ast.Not):
            return f"(!{self.test(node.operand)})"
        self.refuse(node, "with this sign")

    def _value_Compare(self, node):
        sides, pairs, vector = (node.left, *node.comparators), [], self.program.vector
        values = [self.value(each) for each in sides]
        for a, comparison, b in zip(values, node.ops, values[1:], strict=False):
            sign = COMPARISONS.get(type(comparison)) or self.refuse(node, "this comparison")
            equal = isinstance(comparison, (ast.Eq, ast.NotEq))
            if equal and vector and any(isinstance(each, LISTS) for each in sides):
                self.refuse(node, "whether a list is equal to something")
            sign = sign[:2] if equal and not vector else sign  # lists are compared as a whole
            lifted = equal or vector and b != "null"  # arrays are compared entry by entry, but not with None
            pairs.append(f'R.compare("{sign}", {a}, {b})' if lifted else f"({a} {sign} {b})")
        return pairs[0] if len(pairs) == 1 else f"({' && '.join(map('R.truth({})'.format, pairs))})"

    def test(self, node):
        """An expression that is asked for its truth."""
        if isinstance(node, ast.BoolOp):
            return f"({(' && ' if isinstance(node.op, ast.And) else ' || ').join(map(self.test, node.values))})"
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
            with self.inner(stored(each.target)):
                names = ", ".join(map(self.target, each.target.elts))
                return f"R.over(({names}) => {self.value(element)}, {', '.join(lists)})"
        pattern = self.target(each.target)
        values = f"[...{self.value(each.iter)}]"
        with self.inner(stored(each.target)):
            for condition in each.ifs:
                values += f".filter(({pattern}) => {self.test(condition)})"
            if more:
                return f"{values}.flatMap(({pattern}) => {self._comprehension(element, more)})"
            return f"{values}.map(({pattern}) => {self.value(element)})"


def _list(node):
    """Whether a value is a list as it is written: a literal, what has one added at its end, or a slice of those."""
    while isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        node = node.value
    return isinstance(node, LISTS) or isinstance(node, ast.BinOp) and isinstance(node.right, LISTS)


def is_of_parent(node):
    """Whether an expression calls a method of ``super()``."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("super().")


def stored(node):
    """Names that a piece of source assigns, without those that live in its comprehensions only."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.comprehension, ast.Lambda)):
            yield from stored(child)
