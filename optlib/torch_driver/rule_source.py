"""Reading the source of a rule's `update`, for drivers that write it into a loop or compile it."""

import ast
import inspect
import textwrap


class Unusual(Exception):
    """The source is not of the plain form that drivers can take apart: statements, and one return at the end."""


def switches(rule):
    """Hyper-parameters that are True or False, with their values: a hashable set of pairs."""
    return frozenset((name, value) for name in rule.hypers if isinstance(value := getattr(rule, name), bool))


def parsed(update, switches):
    """Names of the three parameters, and the statements of an update that ends with its only return."""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(update))).body
    plain = isinstance(function, ast.FunctionDef) and not function.decorator_list and not hasattr(update, "__wrapped__")
    if not plain or len(function.args.args) != 3:
        raise Unusual
    names = [argument.arg for argument in function.args.args]
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    body = [kept for line in body for kept in _without_switches(line, names[0], dict(switches))]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        raise Unusual
    return names, body


def _without_switches(line, me, switches):
    """The branch that is taken where a statement asks for a switch of the rule, ``if self.centered:``."""
    if isinstance(line, ast.If) and is_own(line.test, me) and line.test.attr in switches:
        return line.body if switches[line.test.attr] else line.orelse
    return [line]


class Scan(ast.NodeVisitor):
    """What a function reads and writes of ``self``, its own local names, and how often it returns."""

    def __init__(self, me):
        self.me, self.read, self.written, self.locals, self.returns = me, set(), set(), set(), 0

    def visit_Attribute(self, node):
        if is_own(node, self.me):
            (self.read if isinstance(node.ctx, ast.Load) else self.written).add(node.attr)
        else:
            self.generic_visit(node)

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if is_own(node.target, self.me):
            self.read.add(node.target.attr)

    def visit_Name(self, node):
        if node.id == self.me:
            raise Unusual  # handed on as a whole
        if not isinstance(node.ctx, ast.Load):
            self.locals.add(node.id)

    def visit_Return(self, node):
        self.returns += 1
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        raise Unusual

    visit_Lambda = visit_AsyncFunctionDef = visit_ClassDef = visit_Global = visit_Nonlocal = visit_FunctionDef
    visit_Yield = visit_YieldFrom = visit_Await = visit_NamedExpr = visit_FunctionDef


def is_own(node, me):
    """Whether an expression is an attribute of the rule itself, ``self.m``."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me
