"""The source of a function of Python, and its constants as JavaScript."""

import __future__

import ast
import functools
import inspect
import json
import operator
import types

import numpy as np


class Untranslatable(ValueError):
    """The source is not of the plain form that a page can compute."""


def constant(value):
    """A number, a text, or a tuple or list of such, as JavaScript."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value).replace("<", "\\u003c")
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(constant, value))}]"
    if isinstance(value, (np.ndarray, np.bool_)) and value.ndim < 2:  # a page has lists, whose sums have another axis
        return constant(value.tolist())
    if isinstance(value, (int, float, np.number)):
        number = float(value)
        return json.dumps(int(value) if number.is_integer() and abs(number) < 2**53 else number)
    raise Untranslatable(f"{value!r} is no number")


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
