"""Functions of Python as JavaScript, statement by statement."""

import ast

from .expressions import Expressions, is_of_parent, stored
from .source import constant, source_of


class Writer(Expressions):
    """Writes one function."""

    def __init__(self, program, python, owner):
        node = self.node = source_of(python)
        super().__init__(program, python, owner, node)
        if node.args.kwonlyargs or node.args.kwarg or node.args.posonlyargs:
            self.refuse(node, "arguments by name")
        self.variables = [name for name in dict.fromkeys(stored(node)) if name not in self.locals]
        self.locals |= {*self.variables}

    def definition(self, name):
        """JavaScript that defines the function under this name."""
        takes, rest, body = [each.arg for each in self.node.args.args], self.node.args.vararg, self.node.body
        defaults = self.python.__defaults__ or ()
        values = [""] * (len(takes) - len(defaults)) + [f" = {constant(value)}" for value in defaults]
        takes = [("self" if a == self.me else f"${a}") + value for a, value in zip(takes, values, strict=True)]
        takes += [f"...${rest.arg}"] if rest else []
        body = [ast.Return(body)] if isinstance(self.node, ast.Lambda) else body
        declared = [f"  let {', '.join(f'${each}' for each in self.variables)};"] if self.variables else []
        return "\n".join([f"const {name} = ({', '.join(takes)}) => {{", *declared, *self.block(body), "};"])

    def statement(self, node):
        return self.written("", node, "a statement")

    def block(self, nodes):
        return [f"  {line}" for each in nodes for line in self.statement(each)]

    def _Return(self, node):
        return [f"return {self.value(node.value) if node.value else 'null'};"]

    def _Assign(self, node):
        return self._assigned(node.targets, node.value)

    def _AnnAssign(self, node):
        return self._assigned([node.target], node.value) if node.value else []

    def _AugAssign(self, node):
        for a, b in self.pairs if self.owner else ():  # of a rule arrays: they change under all their names
            given = [part for part in getattr(b, "elts", [b]) if isinstance(part, (ast.Name, ast.Attribute))]
            if given and ast.unparse(node.target) in map(ast.unparse, [*given, *ast.walk(a)]):
                self.refuse(node, f"what changes in place under two names ({ast.unparse(a)} = {ast.unparse(b)})")
        value = ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
        return self._assigned([node.target], value)

    def _assigned(self, targets, value):
        if len(targets) == 1 and isinstance(targets[0], ast.Subscript):
            place = targets[0]
            return [f"R.put({self.value(place.value)}, {self.value(place.slice)}, {self.value(value)});"]
        return [f"{' = '.join(map(self.target, targets))} = {self.value(value)};"]

    def _Expr(self, node):
        if isinstance(node.value, ast.Constant):
            return []  # a docstring
        call = node.value
        if isinstance(call, ast.Call) and self.resolved(call.func) is setattr and self._is_me(call.args[0]):
            return [f"{self._attribute(call.args[1])} = {self.value(call.args[2])};"]
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append":
            return [f"{self.value(call.func.value)}.push({self.value(call.args[0])});"]
        if is_of_parent(call):
            return [f"{self.value(call)};"]
        self.refuse(node, "a call whose value is not used")

    _Pass = lambda self, node: []
    _Break = lambda self, node: ["break;"]
    _Continue = lambda self, node: ["continue;"]

    def _If(self, node):
        lines = [f"if ({self.test(node.test)}) {{", *self.block(node.body), "}"]
        return lines + (["else {", *self.block(node.orelse), "}"] if node.orelse else [])

    def _For(self, node):
        if node.orelse:
            self.refuse(node, "for ... else")
        return [f"for ({self.target(node.target)} of {self.value(node.iter)}) {{", *self.block(node.body), "}"]

    def _Try(self, node):
        """Where `math` raises, so does a page; other floats of Python that raise are infinite there, as arrays are."""
        errors = {self.resolved(each.type) if each.type else None for each in node.handlers}
        ends = {line for handler in node.handlers for each in handler.body for line in self.statement(each)}
        if node.finalbody + node.orelse or errors - {OverflowError, ZeroDivisionError} or ends != {"return Infinity;"}:
            self.refuse(node, 'try that ends in anything but return float("inf")')
        return ["try {", *self.block(node.body), "} catch (error) {", "  return R.infinite(error);", "}"]
