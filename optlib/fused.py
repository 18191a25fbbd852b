"""A rule's update written into one loop over Python floats, for short paths that are wanted now.

`update` is called for each coordinate in each step, and reads every number through ``self``: on floats that costs
more than the arithmetic.  Here its source is put into a loop once for each coordinate, with ``self.m`` as the local
variable ``m_0`` or ``m_1``.  The arithmetic and its order are those of the rule, so the numbers are the same to the
last bit; where a rule is written in a way that this cannot follow, it is simply called.
"""

import ast
import copy
import functools
import inspect
import textwrap

from . import arrays

MOST_COORDINATES = 4  # the loop is written out once for each


class FloatWalker:
    """One path, each coordinate a Python float with its own copy of the rule."""

    def __init__(self, f, rule, x):
        self.slopes, self.x = f.slopes, x.tolist()
        self.rules = [rule.fresh() for _ in self.x]

    def walk(self, record):
        """Fill record[1:] with the points after record[0]."""
        loop = None if self.rules[0]._schedules else loop_of(self._begun())
        rows = []
        try:
            (loop or _call)(self.rules, self.x, self.slopes, len(record) - 1, rows)
        except TypeError:
            last = rows[-1] if rows else self.x
            if any(isinstance(gi, complex) for gi in self.slopes(*last)):  # (-8) ** (1 / 3) of floats
                raise ArithmeticError("the gradient is not real") from None
            raise
        record[1:] = rows
        self.x = rows[-1]

    def _begun(self):
        for rule, x in zip(self.rules, self.x, strict=True):
            if rule.t == 0:
                rule._begin(x)
        return self.rules


def _call(rules, x, slopes, steps, rows):
    """What `loop_of` writes out, for rules that it cannot follow."""
    advances = [rule.advance for rule in rules]
    for _ in range(steps):
        x = [advance(xi, float(gi)) for advance, xi, gi in zip(advances, x, slopes(*x), strict=True)]
        rows.append(x)


def loop_of(rules):
    """A loop that steps one rule for each coordinate, or None.

    Parameters
    ----------
    rules : list of Optimizer
        Equal rules of one class without schedules, begun: they have their state.

    Returns
    -------
    callable (rules, x, slopes, steps, rows)
        It appends the points to the list ``rows`` and leaves the rules in the state after the last step, as calling
        them would.
    """
    rule = rules[0]
    update, known = type(rule).update, frozenset(vars(rule))
    if len(rules) > MOST_COORDINATES or "update" in known or update.__code__.co_freevars:
        return None
    flags = frozenset((name, value) for name in rule.hypers if isinstance(value := getattr(rule, name), bool))
    try:
        return _compiled(update, frozenset(rule.hypers), flags, known, len(rules))
    except (OSError, TypeError, SyntaxError, _Unusual):
        return None


class _Unusual(Exception):
    """The source is not of the plain form that can be written into a loop."""


@functools.lru_cache(maxsize=256)
def _compiled(update, hypers, flags, known, count):
    (me, x, g), body = _parsed(update, flags)
    scan = _Scan(me)
    for line in body:
        scan.visit(line)
    shared = {"t"} | scan.read & hypers  # the same for all coordinates, and not changed by a step
    state = sorted((scan.read | scan.written) - shared)
    if scan.returns > 1 or scan.written & shared or not known.issuperset(state):
        raise _Unusual
    # The lifted functions of `arrays` ask each time what they are given; here it is floats.
    lifted = {name: on_floats for name, value in update.__globals__.items() if (on_floats := _on_floats(value))}
    xs, gs = ([f"{letter}_at_{i}" for i in range(count)] for letter in "xg")
    step = [f"{', '.join(gs)}, = slopes({', '.join(xs)})", "t_ += 1"]
    for i in range(count):
        names = {name: f"{name}_own_{i}" for name in scan.locals} | {x: xs[i], g: gs[i]}
        names |= {name: f"float_{name}" for name in lifted if name not in names}
        rename = _Rename(me, names, shared, i)
        *before, last = [rename.visit(copy.deepcopy(line)) for line in body]
        step += [f"{gs[i]} = float({gs[i]})", *map(ast.unparse, before), f"{xs[i]} = {ast.unparse(last.value)}"]
    step.append(f"rows.append(({', '.join(xs)},))")
    kept = [(f"{name}_{i}", f"rules[{i}].{name}") for i in range(count) for name in state]
    lines = [
        *(f"{name}_ = rules[0].{name}" for name in sorted(shared)), *(f"{here} = {there}" for here, there in kept),
        f"{', '.join(xs)}, = x", "for _ in range(steps):", textwrap.indent("\n".join(step), "    "),
        *(f"{there} = {here}" for here, there in kept), *(f"rules[{i}].t = t_" for i in range(count)),
    ]  # fmt: skip
    source = "def loop(rules, x, slopes, steps, rows):\n" + textwrap.indent("\n".join(lines), "    ")
    head = f"def bind({', '.join(f'float_{name}' for name in lifted)}):\n"
    source = head + textwrap.indent(f"{source}\nreturn loop", "    ")
    made = {}
    exec(compile(source, f"<loop of {update.__qualname__}>", "exec"), update.__globals__, made)
    return made["bind"](*lifted.values())


def _parsed(update, flags):
    """Names of the three parameters, and the statements of an update that ends with its only return."""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(update))).body
    plain = isinstance(function, ast.FunctionDef) and not function.decorator_list and not hasattr(update, "__wrapped__")
    if not plain or len(function.args.args) != 3:
        raise _Unusual
    names = [argument.arg for argument in function.args.args]
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    body = [kept for line in body for kept in _without_switches(line, names[0], dict(flags))]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        raise _Unusual
    return names, body


def _without_switches(line, me, flags):
    """The branch that is taken where a statement asks for a switch of the rule, ``if self.centered:``."""
    test = line.test if isinstance(line, ast.If) else None
    if isinstance(test, ast.Attribute) and isinstance(test.value, ast.Name) and test.value.id == me:
        if test.attr in flags:
            return line.body if flags[test.attr] else line.orelse
    return [line]


def _on_floats(value):
    """What a function of `optlib.arrays` calls for floats; None for anything else."""
    name = getattr(value, "__name__", "")
    return getattr(arrays._FLOATS, name, None) if value is getattr(arrays, name, None) else None


class _Scan(ast.NodeVisitor):
    """What a function reads and writes of ``self``, and its own local names."""

    def __init__(self, me):
        self.me, self.read, self.written, self.locals, self.returns = me, set(), set(), set(), 0

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id == self.me:
            (self.read if isinstance(node.ctx, ast.Load) else self.written).add(node.attr)
        else:
            self.generic_visit(node)

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        target = node.target
        if isinstance(target, ast.Attribute):
            self.read.add(target.attr)

    def visit_Name(self, node):
        if node.id == self.me:
            raise _Unusual  # handed on as a whole
        if not isinstance(node.ctx, ast.Load):
            self.locals.add(node.id)

    def visit_Return(self, node):
        self.returns += 1
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        raise _Unusual

    visit_Lambda = visit_AsyncFunctionDef = visit_ClassDef = visit_Global = visit_Nonlocal = visit_FunctionDef
    visit_Yield = visit_YieldFrom = visit_Await = visit_NamedExpr = visit_FunctionDef


class _Rename(ast.NodeTransformer):
    """Writes one coordinate's variables in the place of ``self.m``, ``x``, ``g`` and local names."""

    def __init__(self, me, names, shared, i):
        self.me, self.names, self.shared, self.i = me, names, shared, i

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id == self.me:
            return ast.Name(f"{node.attr}_" if node.attr in self.shared else f"{node.attr}_{self.i}", node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node):
        return ast.Name(self.names.get(node.id, node.id), node.ctx)
