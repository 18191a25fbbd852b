"""What a page computes is what Python computes: translated rules, schedules and functions run in a real browser."""

import dataclasses
import functools
import json
import math
import typing

import numpy as np
import pytest
from test_browser import browser, pytestmark  # noqa: F401

import optlib as ol
from optlib.live import page, translate
from optlib.live.translate import Untranslatable
from rules import walk

RULES = {name: cls for name, cls in ol.OPTIMIZERS.items()
         if cls.reads == ("gradient",) and name not in ("Shampoo", "SOAP")}  # fmt: skip
# Only + - * / sqrt max abs and squares, which both languages round alike.
EXACT = {"GradientDescent", "Momentum", "Nesterov", "QHM", "AggMo", "DemonMomentum", "AdaGrad", "RMSProp", "AdaDelta",
         "DemonAdam"}  # fmt: skip
CLOSE = 1e-13
Base = ol.optimizers.Optimizer


@pytest.fixture(scope="module")
def run(browser):  # noqa: F811
    """Evaluates JavaScript with the runtime and returns its value; infinities and NaN come through as text."""
    tab = browser.new_page()
    runtime = f"{page.asset('runtime.js')}\nconst {{ R }} = optlib;"

    def evaluate(expression):
        plain = "(k, v) => (typeof v === 'number' && !Number.isFinite(v) ? `${v}` : v)"
        return json.loads(tab.evaluate(f"() => {{ {runtime}\nreturn JSON.stringify({expression}, {plain}); }}"))

    return evaluate


def numbers(values):
    return np.array(np.vectorize(float, otypes=[float])(values))


def gradients(seed, steps=40, d=2):
    """Sizes over eight orders of magnitude, changes of sign, and zeros."""
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((steps, d)) * 10.0 ** rng.uniform(-5, 3, size=(steps, 1))
    g[rng.random(steps) < 0.1] = 0.0
    g[0, 0] = 0.0
    return g


def walked(run, rule, x, g):
    """The path of the page along given gradients."""
    made = translate.rule(rule)
    return numbers(run(
        f"(() => {{ const walk = R.walker({made.source}, {made.fields}, {made.schedules}); let x = {json.dumps(x)};"
        f"const step = (g) => (x = walk(x, g, {{ gradient_norm: R.inner(g, g) ** 0.5 }}));"
        f"return {json.dumps(g.tolist())}.map(step); }})()"
    ))  # fmt: skip


def path(rule, x, g):
    with np.errstate(all="ignore"):
        return np.array(walk(rule, np.array(x), g))


def drawn(cls, seed):
    """Hyper-parameters from the ranges of the sliders."""
    rng, hypers = np.random.default_rng(seed), {}
    for name, about in cls.hypers.items():
        if type(about.default) is bool:
            hypers[name] = bool(seed % 2)
        elif about.slider:
            low, high = about.slider
            value = low * (high / low) ** rng.random() if about.log else rng.uniform(low, high)
            hypers[name] = type(about.default)(value)
    return hypers


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", RULES)
def test_a_rule_walks_as_in_python(run, name, seed):
    rule = RULES[name](**drawn(RULES[name], seed) if seed else {})
    g, start = gradients(seed), [0.0, 0.0] if "weight_decay" not in rule.hypers else [0.3, -1.7]
    page_path, python = walked(run, rule, start, g), path(rule, start, g)
    if name in EXACT:
        np.testing.assert_array_equal(page_path, python)
    scale = np.abs(python).max(axis=0) + 1e-300
    np.testing.assert_allclose(page_path / scale, python / scale, rtol=0, atol=CLOSE)


def test_every_first_order_rule_function_and_schedule_is_translated():
    assert len(RULES) >= 20
    for cls in RULES.values():
        translate.rule(cls())
    assert len(ol.FUNCTIONS) == 25
    for f in ol.FUNCTIONS.values():
        translate.function(f)
    assert {type(each) for each in SCHEDULES} >= {
        getattr(ol.schedules, name) for name in ol.schedules.__all__ if name not in ("Schedule", "demon")
    }


s = ol.schedules
SCHEDULES = [
    s.Constant(0.1), s.InverseTime(0.1, rate=0.3, power=0.7), s.Step(0.1, every=3, factor=0.4), s.Exponential(0.1, 0.9),
    s.Exponential(2.0, 1e9), s.Polynomial(0.1, 17, power=1.5, end=0.01), s.Cosine(0.1, 13, end=0.01), s.WarmUp(5),
    s.OneCycle(0.1, 20), s.OneCycle(0.1, 2), s.Demon(0.9, 15), s.OnPlateau(0.1, patience=2, cooldown=1, least=1e-3),
    s.LinearToZero(0.1, 17), *[s.WSD(0.1, 30, decay=9, warmup=4, cooldown=form, end=0.01) for form in s.COOLDOWNS],
    s.Rewarm(0.1, 7, rise=2), s.Rewarm(0.1, 3, growth=2, end=0.01),
    s.ByGradientNorm(0.3, b0=0.0), s.WarmUp(5) * s.Cosine(0.1, 13) + 0.01, 2 * s.Constant(0.1),
    s.Constant(0.1).then(s.Cosine(0.1, 9), after=4), 0.5 * s.OnPlateau(0.1, patience=1), lambda t: 0.1 / (1 + t) ** 0.5,
    lambda t: (t == True) + ((t < 4) != 1) + ((t, [1]) == (t, [True])) + (2**33 * t & 2**33 + 7) // 2**33,  # noqa: E712
    lambda t: t % 0.1 + (0.1 - t) // 0.3 + (t | 1) * (t & 6) + ((t < 9) | (t > 20)) + ((t > 3) & (t < 7)),
]  # fmt: skip


@pytest.mark.parametrize("one", SCHEDULES, ids=lambda one: getattr(one, "__name__", None) or str(one))
def test_a_schedule_has_the_same_values(run, one):
    seen = np.random.default_rng(0).uniform(1, 2, size=40).tolist()
    reads = getattr(one, "reads", None)
    python = [one(t, seen[t]) if reads else one(t) for t in range(40)]
    if reads:
        one.reset()
    made = translate.schedule(one).source
    walk = f"{json.dumps(seen)}.map((seen, t) => s(t, seen))"  # the second run remembers nothing of the first
    values = run(f"(() => {{ const s = {made}; return {walk} && {walk}; }})()")
    np.testing.assert_allclose(numbers(values), python, rtol=1e-14)


@pytest.mark.parametrize("reads", [False, True])
def test_a_rule_walks_with_its_schedules(run, reads):
    lr = s.ByGradientNorm(0.3) if reads else s.WarmUp(5) * s.Cosine(0.1, 30)
    rule, g = ol.Momentum(lr=lr, beta=s.Demon(0.9, 20)), gradients(7)
    python = path(rule.fresh(), [0.5, -0.5], g)
    np.testing.assert_allclose(walked(run, rule.fresh(), [0.5, -0.5], g), python, rtol=1e-12)


def points_of(f):
    rng = np.random.default_rng(1)
    low, high = np.array(f.domain).T
    wide = low + (high - low) * rng.uniform(-0.3, 1.3, size=(300, f.dim))
    return np.vstack([wide, f.start, *[[p] for p in (*f.minima, *f.local_minima)], np.zeros((1, f.dim))])


def compared(run, f, points, tolerance=1e-12):
    made = translate.function(f).source
    values, slopes = run(
        f"(() => {{ const f = {made}; const at = {json.dumps(points.tolist())};"
        "return [at.map((p) => f.value(...p)), at.map((p) => f.slopes(...p))]; })()")  # fmt: skip
    with np.errstate(all="ignore"):
        wanted = f(points), f.grad(points)
    for page_values, python in zip((values, slopes), wanted, strict=True):
        scale = np.median(np.abs(python)) + 1e-300
        np.testing.assert_allclose(numbers(page_values) / scale, python / scale, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("f", [*ol.FUNCTIONS.values(), ol.functions.quadratic(50, angle=30)], ids=lambda f: f.name)
def test_a_function_has_the_same_values_and_slopes(run, f):
    """That of the turned bowl is a bound method."""
    compared(run, f, points_of(f))


class Own(Base):
    """Everything that is plain."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")
    betas: tuple = ol.hyper((0.5, 0.9), r"\beta", "[0, 1)")
    careful: bool = ol.hyper(True, "c")
    least = 0.01
    most: typing.ClassVar[float] = 1e9

    def init(self, x):
        self.evaluated = 0.0 * x  # by the name of a method
        self._k, self.kept = 0, [0.0 * x, 0.0 * x]

    def update(self, x, g):
        self._k += 1
        for i, beta in enumerate(self.betas):
            self.kept[i] = beta * self.kept[i] + g * getattr(self, "unset", 0.5)
            if beta > 0.8 and not self.careful:
                break
        first, *rest = self.kept
        step = first if self._k % 3 else sum(rest) / len(rest) + self.evaluated
        best: float = min(max(self.lr / self._k, getattr(self, "least", 9.0)), getattr(self, "most"))  # noqa: B009
        self.kept[-1] *= 0.99
        return x - best * np.sign(step) * np.minimum(abs(step), 1.0)


class Norm(Own):
    """Sees all coordinates."""

    sees = "tensor"

    def update(self, x, g):
        norm = (g * g).sum() ** 0.5 + 1e-9
        return x - self.lr * g / norm * self._shrunk(g.max()) - self.lr * g.mean()

    def _shrunk(self, largest):
        return 1 / (1 + abs(largest))


class Constructor(Base):
    """Names that mean something in a page."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def init(self, x):
        self.constructor = self.__proto__ = 0.0 * x

    def update(self, x, g):
        var = function = self.lr * g
        self.constructor = 0.5 * self.constructor + function
        Map, arguments = self.constructor, var
        return x - Map - arguments


@pytest.mark.parametrize(("rule", "sees"), [
    (Own(), "number"), (Own(), None), (Own(careful=False), "number"), (Norm(), None), (Constructor(), "number"),
])  # fmt: skip
def test_a_rule_of_ones_own_walks_as_in_python(run, rule, sees, monkeypatch):
    monkeypatch.setattr(type(rule), "sees", sees)
    g, start = gradients(3), [0.3, -1.7]
    python = path(rule.fresh(), start, g)
    np.testing.assert_allclose(walked(run, rule.fresh(), start, g), python, rtol=1e-12, atol=1e-15)


scale = -3.0


def helper(x, power=2):
    total = 0.0
    for k in range(1, 4):
        total += x**power / k
    return total


def closed(factor):
    return lambda x, y: factor * x**2 + scale * math.cos(y) + math.log(y**2, 2) if factor else x


OBJECTIVES = {
    "lambda": (lambda x, y: x**2 + 3 * y**2, lambda x, y: (2 * x, 6 * y)),
    "closure": (closed(0.5), lambda x, y: (x, -scale * np.sin(y))),
    "helper": (lambda x, y: helper(x) + helper(y, power=3), lambda x, y: (11 / 3 * x, 5.5 * y**2)),
    "where": (lambda x, y: np.where(x > y, x, y) ** 2, lambda x, y: (np.where(x > y, 2 * x, 0.0), 0 * y)),
    "chain": (lambda x, y: np.exp(-(x**2)) + np.log1p(abs(y)) * np.tanh(x) + np.hypot(x, y), lambda x, y: (-x, +y)),
}  # fmt: skip


@pytest.mark.parametrize(("fn", "options"), [
    (lambda x, y: x**2 + 3 * y**2, {}), (lambda x: x**4 - x, {}),
    (lambda p: np.sum(p**2) + p[0] * p[1], {"dim": 2}), (lambda x, y: math.exp(x) if x < y else y**2, {}),
    (lambda x, y: np.mean((np.array([1.0, 2.0, 4.0]) * x + y - 1.0) ** 2), {}),
])  # fmt: skip
def test_differences_are_those_of_python(run, fn, options):
    f = ol.objective(fn, **options)
    compared(run, f, np.random.default_rng(0).uniform(-2, 2, size=(40, f.dim)), tolerance=1e-9)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_of_ones_own_has_the_same_values(run, name):
    formula, slopes = OBJECTIVES[name]
    made = translate.function(ol.functions.base.Function(
        name=name, formula=formula, slopes=slopes, domain=((-1, 1),) * 2, start=(0.5, 0.5)
    )).source  # fmt: skip
    points = np.random.default_rng(2).uniform(-2, 2, size=(50, 2)).tolist()
    values = run(f"(() => {{ const f = {made}; return {points}.map((p) => [f.value(...p), ...f.slopes(...p)]); }})()")
    wanted = [[formula(*map(np.float64, p)), *slopes(*map(np.float64, p))] for p in points]
    np.testing.assert_allclose(numbers(values), np.array(wanted, dtype=float), rtol=1e-13)


class Steps(Base):
    def step(self, x, *seen, loss=None):
        return x


class Whole(Base):
    def update(self, x, g):
        return x - helper(self)


class Loops(Base):
    def update(self, x, g):
        while abs(g) > 1:
            g = g / 2
        return x - g


def zero_at_first(t):
    try:
        return 0.1 / t
    except ZeroDivisionError:
        return 0.0


A, PAIR = np.eye(2), (2.0, 3.0)
Held = dataclasses.make_dataclass("Held", ["A"], namespace={"__call__": lambda self, p: np.sum(self.A * p)})
SHAPED = [
    (lambda p: (A * p).sum(), "with A"), (lambda p: np.sum(p * p, 0), "np.sum of more"), (Held(A), "is no number"),
    (lambda p: np.max(np.array([[p[0], 1.0], [0.0, p[1]]])), "nested"), (lambda p: np.mean([PAIR, (1, 2)]), "nested"),
    (lambda p: np.sum(np.array([np.array([1.0, 2.0]), p])), "nested"), (lambda p: ol.arrays.total(p, None), "of more"),
    (lambda p: np.sum(p + (2.0, 3.0)), "a list at this operator"), (lambda p: sum(2 * PAIR) * p[0], "a list at this"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "what"), [
    (lambda: translate.rule(ol.SimulatedAnnealing()), "reads the function"),
    (lambda: translate.rule(ol.Shampoo()), "only a library of arrays does, such as eigenvectors"),
    (lambda: translate.rule(Steps()), "has a step of its own"),
    (lambda: translate.rule(Whole()), "the rule itself"),
    (lambda: translate.rule(Loops()), "While"),
    (lambda: translate.rule(Own(lr=lambda t: A[0])), "the source computes with arrays"),
    (lambda: translate.rule(ol.Adam(lr=np.ones(2))), "lr is an array"),
    (lambda: translate.schedule(functools.partial(helper, power=3)), "has no Python source"),
    (lambda: translate.schedule(lambda t: A[0, 0] * t), "several indices"),
    (lambda: translate.schedule(lambda t: np.linalg.norm(t)), "norm"),
    (lambda: translate.schedule(lambda t: t @ t), "operator"),
    *((lambda how=how: translate.function(ol.objective(how, dim=2)), what) for how, what in SHAPED),
    (lambda: translate.function(ol.objective(lambda p: p[0] if [p[0]] != [1] else p[1], dim=2)), "whether a list"),
    (lambda: translate.schedule(lambda t: helper(*[t], power=3)), "helper with these names"),
    (lambda: translate.schedule(lambda t: math.hypot(t, 1, 2, 3)), "hypot of more than three"),
    (lambda: translate.schedule(lambda t: t or 1), "BoolOp"),
    (lambda: translate.schedule(lambda t: undefined * t), "undefined, which is not defined"),  # noqa: F821
    (lambda: translate.schedule(lambda t: open("/")), "with open"),
    (lambda: translate.schedule(lambda t: [a for *_, a in [[t]]]), r"an assignment to \*_"),
    (lambda: translate.schedule(eval(compile("lambda t: t", "nowhere.py", "eval"))), "source of .* cannot be had"),
    (lambda: translate.schedule(lambda t, *, k=1: t), "arguments by name"),
    (lambda: translate.schedule(zero_at_first), "try that ends in anything but"),
])  # fmt: skip
def test_what_is_not_plain_is_refused_with_its_place(make, what):
    with pytest.raises(Untranslatable, match=what):
        make()


def test_lambdas_of_one_line_are_told_apart(run):
    first, second = (lambda t: t + 1), (lambda t: t + 2)
    assert [run(f"({translate.schedule(each).source})(1)") for each in (first, second)] == [2, 3]


def test_a_file_that_was_edited_since_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "edited.py"
    file.write_text("def value(t):\n    return t + 1\n")
    namespace = {}
    exec(compile(file.read_text(), str(file), "exec"), namespace)
    translate.schedule(namespace["value"])
    file.write_text("def value(t):\n    return t + 2\n")
    with pytest.raises(Untranslatable, match="has changed since it was loaded"):
        translate.schedule(namespace["value"])


def test_nothing_of_a_reader_becomes_markup_or_script(run):
    text = "</script><!--"
    made = translate.schedule(lambda t: t if text == "x" else 2.0).source
    assert "<" not in made.replace("<=", "").replace(" < ", "")
    assert run(f"({made})(1)") == 2
    assert translate.constant('a"b\u2028`${1}') == '"a\\"b\\u2028`${1}"'
