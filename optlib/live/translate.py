"""Rules, schedules and functions as JavaScript: the page computes what their Python source says.

>>> translate.rule(ol.Adam(lr=0.1)).source  # JavaScript text
>>> translate.function(ol.FUNCTIONS["rosenbrock"]).source

What is not plain arithmetic (`expressions`) raises `Untranslatable`, with what and where.  A rule that sees a number is
translated for one coordinate; any other for the array of all of them.  The runtime that the text needs is
``player/runtime.js``.
"""

import dataclasses
import inspect
import types

from .. import arrays
from ..functions.objective import Differences, EachPoint, OfVector
from ..optimizers.base import Optimizer
from ..optimizers.second_order import Newton
from ..schedules import base as schedules
from .source import Untranslatable, constant
from .statements import Writer


class _NeedsArrays(Untranslatable):
    """Operators have to be calls."""


@dataclasses.dataclass(frozen=True)
class Translation:
    """JavaScript of one rule, schedule or function.

    ``source`` is an expression: of a rule ``{init(self, x), update(self, x, g), vector}``, of a schedule
    ``(t, seen) => value``, of a function ``{value(...x), slopes(...x)}``.
    """

    source: str
    fields: str = "{}"  # of a rule, what `self` holds before `init`: the hyper-parameters that are no schedules
    schedules: str = "{}"  # of a rule, the others

    @property
    def walker(self):
        """All three as one object, as ``R.walk`` takes it."""
        return f"{{rule: {self.source}, fields: {self.fields}, schedules: {self.schedules}}}"


def rule(one, evaluated=False):
    """Translate ``init`` and ``update`` of a rule, ``evaluated`` if asked, its hyper-parameters and schedules.

    Raises
    ------
    Untranslatable
        Where the source is not plain, cannot be had, or the rule reads more than the gradient.  `Newton`, which solves
        linear equations, has a twin in the runtime.
    """
    cls = type(one)
    fields, changing = {}, {}
    for name, value in one.fresh().settings().items():  # schedules that have read nothing
        if arrays.is_array(value):
            raise Untranslatable(f"{cls.__name__}: {name} is an array")
        (changing if callable(value) else fields)[name] = value
    source = "R.newton" if cls is Newton else _rule(cls, evaluated)
    return Translation(source, _object(fields), _object(changing, _reading))


def _rule(cls, evaluated):
    if cls.reads != ("gradient",):
        reads = " and the ".join(cls.reads).replace("_function", " as a function")
        raise Untranslatable(f"{cls.__name__} reads the {reads}")
    for name in ("step", "advance", "begin"):
        if getattr(cls, name) is not getattr(Optimizer, name):
            raise Untranslatable(f"{cls.__name__} has a {name} of its own")
    program = Program(vector=cls.sees != "number")
    methods = ["init", "update"] + ["evaluated"] * evaluated
    written = ", ".join(f"{name}: {program.function(getattr(cls, name), cls)}" for name in methods)
    vector = {"number": "false", None: "true, floats: true"}.get(cls.sees, "true")  # as `minimize` tries them
    return program.text(f"{{{written}, vector: {vector}}}")


def _reading(one):
    """A schedule that takes what it reads out of ``seen``."""
    reads = getattr(one, "reads", None)
    source = schedule(one).source
    return f"((s) => (t, seen) => s(t, seen.{reads}))({source})" if reads else source


def _object(values, write=constant):
    return f"{{{', '.join(f'${name}: {write(value)}' for name, value in values.items())}}}"


def schedule(one):
    """Translate a schedule, or any function of t, to ``(t, seen) => value``."""
    program = Program()
    return Translation(program.text(program.schedule(one)))


def function(one):
    """Translate value and slopes of a `Function`, for coordinates one by one."""
    return _with_arrays_if_needed(lambda program: _function(one, program))


def _with_arrays_if_needed(write):
    made = lambda program: Translation(program.text(write(program)))
    try:
        return made(Program())
    except _NeedsArrays:
        return made(Program(vector=True))


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
    parameters = inspect.signature(draw).parameters
    settings = {name: f"settings.{name}" for name in names}
    if hasattr(draw, "moving"):
        if not settings.keys() <= {*draw.moving}:
            raise Untranslatable(f"{draw.__name__}: in a page only {' and '.join(draw.moving)} can move")
        values = (settings.get(name) or constant(parameters[name].default) for name in draw.moving)
        arguments = f"[{', '.join(values)}]"
    else:
        arguments = f"{program.callable(draw)}({', '.join(settings.get(name, 'undefined') for name in parameters)})"
        if program.pictures != 1:
            raise Untranslatable(f"the function calls {program.pictures} pictures of the package, not one")
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

    def rule(self, one):
        return rule(one).walker

    def need_arrays(self):
        if not self.vector:
            raise _NeedsArrays("the source computes with arrays")

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
            return f"R.each_point({self.callable(one.fn)}, {constant(one.outputs)})"
        if isinstance(one, OfVector):
            self.need_arrays()
            return f"((...x) => {self.callable(one.fn)}(x))"
        if isinstance(one, types.MethodType):
            me, code = one.__self__, one.__func__
        elif isinstance(vars(type(one)).get("__call__"), types.FunctionType):
            me, code = one, type(one).__call__
        else:
            raise Untranslatable(f"{one!r} has no Python source")
        does, name = self.function(code, type(me)), f"o{len(self.definitions)}"
        used = lambda a: f"self.${a}" in "".join(self.definitions)
        fields = {a: v for a, v in vars(me).items() if getattr(v, "ndim", 0) < 2 or used(a)}  # see `constant`
        self.definitions.append(f"const {name} = R.method({does}, () => ({_object(fields)}));")
        return name

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
            self.definitions.append(Writer(self, python, owner).definition(name))
        return self.names[key]
