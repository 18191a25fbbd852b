"""Reading the source of a rule's `update`, which `formula` takes apart for the compiler."""

import __future__

import ast
import functools
import inspect
import operator
import textwrap
import types


class Unusual(Exception):
    """The source is not of the plain form that drivers can take apart: statements, and one return at the end."""


def switches(rule):
    """Hyper-parameters that are True or False, with their values: a hashable set of pairs."""
    return frozenset((name, value) for name in rule.hypers if isinstance(value := getattr(rule, name), bool))


def parsed(update, switches):
    """Names of the three parameters, and the statements of an update that ends with its only return."""
    source = inspect.getsource(update)
    (function,) = ast.parse(textwrap.dedent(source)).body
    plain = isinstance(function, ast.FunctionDef) and not function.decorator_list and not hasattr(update, "__wrapped__")
    if not plain or len(function.args.args) != 3 or not _is_loaded(source, update):
        raise Unusual
    names = [argument.arg for argument in function.args.args]
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    body = [kept for line in body for kept in _without_switches(line, names[0], dict(switches))]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        raise Unusual
    return names, body


def _is_loaded(source, update):
    """Whether the text of a file is that of the code in memory: the file may have been edited since."""
    indented = f"if True:\n{source}" if source[0].isspace() else source
    code = compile(indented, update.__code__.co_filename, "exec", flags=update.__code__.co_flags & _FUTURE)
    (function,) = [each for each in code.co_consts if isinstance(each, types.CodeType)][:1]
    return _instructions(function) == _instructions(update.__code__)


_FUTURE = functools.reduce(operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names))


def _instructions(code):
    """What a code object does, without the places where it stands."""
    constants = [
        _instructions(each) if isinstance(each, types.CodeType) else repr(each)
        for each in code.co_consts
        if not (isinstance(each, str) and ".<locals>." in each)  # up to Python 3.10 the name of a comprehension
    ]
    return code.co_code, constants, code.co_names, code.co_varnames


def _without_switches(line, me, switches):
    """The branch that is taken where a statement asks for a switch of the rule, ``if self.centered:``."""
    if isinstance(line, ast.If) and is_own(line.test, me) and line.test.attr in switches:
        return line.body if switches[line.test.attr] else line.orelse
    return [line]


NOT_PLAIN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Global, ast.Nonlocal, ast.Yield,
             ast.YieldFrom, ast.Await, ast.NamedExpr)  # fmt: skip


def scan(body, me):
    """Which attributes of ``self`` statements write, and how often they return."""
    nodes = [node for line in body for node in ast.walk(line)]
    own = [node for node in nodes if is_own(node, me)]
    handed_on = sum(isinstance(node, ast.Name) and node.id == me for node in nodes) > len(own)
    if handed_on or any(isinstance(node, NOT_PLAIN) for node in nodes):
        raise Unusual
    written = {node.attr for node in own if not isinstance(node.ctx, ast.Load)}
    return written, sum(isinstance(node, ast.Return) for node in nodes)


def is_own(node, me):
    """Whether an expression is an attribute of the rule itself, ``self.m``."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me
