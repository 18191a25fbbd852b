"""A rule's update written into one loop over Python floats, for short paths that are wanted now.

`update` is called for each coordinate in each step, and reads every number through ``self``: on floats that costs
more than the arithmetic.  Here its source is put into a loop once for each coordinate, with ``self.m`` as the local
variable ``m_0`` or ``m_1``.  The arithmetic and its order are those of the rule, so the numbers are the same to the
last bit; where a rule is written in a way that this cannot follow, it is simply called.
"""

import ast
import copy
import functools
import textwrap

from . import arrays
from .rule_source import Scan, Unusual, is_own, parsed, switches

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
    try:
        return _compiled(update, frozenset(rule.hypers), switches(rule), known, len(rules))
    except (OSError, TypeError, SyntaxError, Unusual):
        return None


@functools.lru_cache(maxsize=256)
def _compiled(update, hypers, switches, known, count):
    (me, x, g), body = parsed(update, switches)
    scan = Scan(me)
    for line in body:
        scan.visit(line)
    shared = {"t"} | scan.read & hypers  # the same for all coordinates, and not changed by a step
    state = sorted((scan.read | scan.written) - shared)
    if scan.returns > 1 or scan.written & shared or not known.issuperset(state):
        raise Unusual
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


def _on_floats(value):
    """What a function of `optlib.arrays` calls for floats; None for anything else."""
    name = getattr(value, "__name__", "")
    return getattr(arrays._FLOATS, name, None) if value is getattr(arrays, name, None) else None


class _Rename(ast.NodeTransformer):
    """Writes one coordinate's variables in the place of ``self.m``, ``x``, ``g`` and local names."""

    def __init__(self, me, names, shared, i):
        self.me, self.names, self.shared, self.i = me, names, shared, i

    def visit_Attribute(self, node):
        if is_own(node, self.me):
            return ast.Name(f"{node.attr}_" if node.attr in self.shared else f"{node.attr}_{self.i}", node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node):
        return ast.Name(self.names.get(node.id, node.id), node.ctx)
