"""A rule's update taken apart: what is the same for all numbers of a step, and the arithmetic on the tensors.

``1 - beta1**t`` is one number a step.  Left inside a compiled loop it is computed for each of eleven million weights,
and as a Python number it would have the loop compiled anew at every step.  So the source of `update` is split: such
numbers are computed in Python, in the order of the source, and handed to the tensor arithmetic as arguments.
"""

import ast
import copy
import dataclasses
import textwrap

from .. import arrays
from .rule_source import Unusual, is_own, parsed, scan, switches

OVER_A_POINT = ("inner", "row_mean", "column_mean")  # methods of every rule that a kernel may call


@dataclasses.dataclass(frozen=True)
class Formula:
    """Both halves of an update."""

    # A function (rule) -> the numbers of this step, where ``rule.t`` has been counted up.  State of the rule that is a
    # number, such as Nadam's product, is brought up to date on the rule.
    scalars: object
    tensors: object  # a function (x, g, *state, *scalars) -> (new x, *new state)
    state: tuple  # names of the rule's state that is tensors, in the order in which `tensors` takes and returns it
    source: str  # of both, to read


def formula_of(rule, namespace):
    """The `Formula` of a rule that has begun, or None where its source is not plain enough.

    Functions of the ``namespace``, such as `array_api_compat.torch`, take the place of those of `optlib.arrays`.
    """
    update = type(rule).update
    if update.__code__.co_freevars or "update" in vars(rule):
        return None
    try:
        return _split(rule, update, namespace)
    except (OSError, TypeError, SyntaxError, Unusual):
        return None


def _split(rule, update, namespace):
    (me, x, g), body = parsed(update, switches(rule))
    written, returns = scan(body, me)
    if returns > 1 or written & {*rule.hypers, "t"}:
        raise Unusual
    state = tuple(name for name in rule.state if holds_tensors(vars(rule)[name]))
    if not written <= set(rule.state):
        raise Unusual
    if rule.sees != "number" and any(getattr(vars(rule)[name], "shape", None) == () for name in state):
        raise Unusual  # torch.compile (2.13) loses a sum that is written to a float64 tensor without axes on a CPU
    mark = _unused({node.id for line in body for node in ast.walk(line) if isinstance(node, ast.Name)})
    halves = _Halves(me, x, {x, g}, state, mark)
    for line in body:
        halves.take(copy.deepcopy(line))
    numbers = "".join(f"{name}, " for name in halves.hoisted)
    scalar = "\n".join([*halves.scalar, f"return ({numbers})"])
    scalars = f"def {mark}scalars({me}):\n" + textwrap.indent(scalar, "    ")
    owned = [f"{mark}{name}" for name in state]
    takes = ", ".join([x, g, *owned, *halves.hoisted])
    gives = f"return ({', '.join([f'{mark}new', *owned])},)"
    tensors = f"def {mark}tensors({takes}):\n" + textwrap.indent("\n".join([*halves.tensor, gives]), "    ")
    lifted = {n: getattr(namespace, v.__name__) for n, v in update.__globals__.items() if _is_lifted(v)}
    lifted |= {f"{mark}{name}": getattr(rule.fresh(), name) for name in OVER_A_POINT}
    halves = [_function(scalars, f"{mark}scalars", update, {}), _function(tensors, f"{mark}tensors", update, lifted)]
    return Formula(*halves, state, f"{scalars}\n\n\n{tensors}\n")


def _unused(names):
    """A beginning that none of these names has."""
    mark = "o_"
    while any(name.startswith(mark) for name in names):
        mark = f"o{mark}"
    return mark


def _function(source, name, update, names):
    """A function of this source whose global names are those of the rule's file, but for ``names``."""
    bound = f"def bind({', '.join(names)}):\n{textwrap.indent(source, '    ')}\n    return {name}"
    namespace = {}
    exec(compile(bound, f"<{name} of {update.__qualname__}>", "exec"), update.__globals__, namespace)
    return namespace["bind"](*names.values())


def _is_lifted(value):
    name = getattr(value, "__name__", "")
    return hasattr(arrays._FLOATS, name) and value is getattr(arrays, name, None)


def holds_tensors(value):
    """Whether a value of a rule's state is an array, or a tuple with one."""
    if isinstance(value, (tuple, list)):
        return any(map(holds_tensors, value))
    return arrays.is_array(value)


class _Halves:
    """Distributes statements: those that no tensor enters to the one half, the rest to the other."""

    def __init__(self, me, x, tensors, state, mark):
        self.me, self.x, self.tensors, self.state, self.mark = me, x, set(tensors), set(state), mark
        self.scalar, self.tensor = [], []
        self.hoisted, self.known = [], {}  # names of arguments; text -> argument, as long as it holds

    def take(self, line):
        if isinstance(line, ast.Return):
            self.tensor.append(f"{self.mark}new = {self._tensor_side(line.value)}")
        elif isinstance(line, ast.AugAssign):
            read = copy.deepcopy(line.target)
            read.ctx = ast.Load()
            value = ast.BinOp(read, line.op, line.value)
            self.take(ast.copy_location(ast.Assign([line.target], value), line))
        elif isinstance(line, ast.Assign) and len(line.targets) == 1:
            self._assign(line.targets[0], line.value, line)
        else:
            raise Unusual

    def _assign(self, target, value, line):
        if not self._has_tensor(value):
            if any(self._is_tensor(node) for node in ast.walk(target)):
                raise Unusual  # a tensor of the state becomes a number
            self.scalar.append(ast.unparse(line))
            self.known.clear()  # it may change what earlier arguments were made of
            return
        if isinstance(target, ast.Name):
            self.tensors.add(target.id)
        elif not (is_own(target, self.me) and target.attr in self.state):
            raise Unusual
        elif isinstance(value, ast.Name) and value.id == self.x:
            raise Unusual  # torch.compile (2.13) would remember x as it is after the step
        # The value is written first: it may still read what the target held before.
        written = self._tensor_side(value)
        self.tensor.append(f"{ast.unparse(_Own(self).visit(target))} = {written}")

    def _tensor_side(self, value):
        for node in ast.walk(value):  # what a comprehension runs over may be parts of a tensor
            if isinstance(node, ast.comprehension):
                self.tensors |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        return ast.unparse(_Own(self).visit(_Hoist(self).visit(value)))

    def _is_tensor(self, node):
        return (isinstance(node, ast.Name) and node.id in self.tensors) or (
            is_own(node, self.me) and node.attr in self.state
        )

    def _has_tensor(self, value):
        return any(map(self._is_tensor, ast.walk(value)))


class _Hoist(ast.NodeTransformer):
    """Puts an argument in the place of each largest piece that no tensor enters."""

    def __init__(self, halves):
        self.halves = halves

    def visit(self, node):
        if not isinstance(node, ast.expr) or isinstance(node, ast.Constant):
            return self.generic_visit(node)
        halves = self.halves
        if halves._is_tensor(node):
            return node
        if halves._has_tensor(node):
            if isinstance(node, ast.Call):  # what is called stays where it is
                node.args = [self.visit(part) for part in node.args]
                node.keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
                return node
            return self.generic_visit(node)
        if not any(isinstance(part, (ast.Name, ast.Attribute)) for part in ast.walk(node)):
            return node
        text = ast.unparse(node)
        if text not in halves.known:
            halves.known[text] = f"{halves.mark}{len(halves.hoisted)}"
            halves.hoisted.append(halves.known[text])
            halves.scalar.append(f"{halves.known[text]} = {text}")
        return ast.Name(halves.known[text], ast.Load())


class _Own(ast.NodeTransformer):
    """Writes a variable in the place of ``self.m``."""

    def __init__(self, halves):
        self.halves = halves

    def visit_Attribute(self, node):
        if is_own(node, self.halves.me):
            if node.attr not in {*self.halves.state, *OVER_A_POINT}:
                raise Unusual  # a method of the rule's own, which may write into its state
            return ast.Name(f"{self.halves.mark}{node.attr}", node.ctx)
        return self.generic_visit(node)
