"""What `explore` stores for pages without a kernel: paths of `minimize`, computed by the page, and safe to embed."""

import functools
import json
import operator
import re
import shutil
import subprocess
from math import exp

import numpy as np
import pytest
from picture_cases import data_in

import optlib as ol
from optlib.live import browser_data, offline, page
from optlib.live.scene import scene
from optlib.live.setting import setting

RACE = [ol.GradientDescent(lr=0.1), ol.Momentum(lr=0.1), ol.AdaGrad(lr=0.1), ol.RMSProp(lr=0.1), ol.Adam(lr=0.1)]
node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def stored(f, *rules, **options):
    """The data in the page of an explorer without a kernel."""
    return data_in(ol.explore(f, *rules, **options).html())


def run_node(program, data=None):
    code = "\n".join([*map(page.asset, offline.SCRIPTS), "const { R } = optlib;",
                      'const data = JSON.parse(require("fs").readFileSync(0, "utf8"));', program])  # fmt: skip
    result = subprocess.run(["node", "-e", code], input=json.dumps(data), capture_output=True, text=True, timeout=60,
                            check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Floats(ol.GradientDescent):
    kept = None

    def update(self, x, g):
        if self.kept is None or 1e-3 < self.kept * g < 1:
            self.kept = max(-1, min(g, 1))
        return x - self.lr * self.kept


FAR = ol.objective(lambda x, y: 1e6 + x**2 + 3 * y**2)
CASES = {
    "race": (ol.FUNCTIONS["beale"], RACE, {"steps": 60}),
    "one rule": (ol.FUNCTIONS["rosenbrock"], [ol.Momentum(lr=0.001)], {"steps": 80}),
    "one coordinate": (ol.FUNCTIONS["two_basins"], [ol.GradientDescent(lr=0.1)], {"steps": 150, "start": -3.6}),
    "a sum over both": (ol.FUNCTIONS["himmelblau"], [ol.YellowFin], {"steps": 20}),
    "floats": (ol.FUNCTIONS["ravine"], [Floats], {"steps": 30}),
    "Hessian": (ol.FUNCTIONS["himmelblau"], [ol.Newton, ol.Newton(damping=2.0)], {"steps": 8}),
    "Hessian of one": (ol.FUNCTIONS["two_basins"], [ol.Newton(lr=0.5)], {"steps": 8, "start": 1.5}),
    "schedules": (ol.FUNCTIONS["ravine"], [ol.Momentum(lr=ol.schedules.Cosine(0.1, steps=20)),
                  ol.GradientDescent(lr=ol.schedules.OnPlateau(0.5, patience=2)),
                  ol.Adam(lr=ol.schedules.ByGradientNorm(0.3))], {"steps": 30}),
    "flies off": (ol.FUNCTIONS["ravine"], [ol.GradientDescent(lr=30.0)], {"steps": 400}),
    "math": (ol.objective(lambda x: x**2 + 1 / (1 + exp(-x)), start=1.0), [ol.GradientDescent(lr=1.1)], {"steps": 100}),
    "own": (ol.objective(lambda x, y: np.sin(x) + y**2, start=(1.0, 1.0)), [ol.Nesterov(lr=0.1)], {"steps": 25}),
}  # fmt: skip


@node
@pytest.mark.parametrize(("f", "rules", "options"), CASES.values(), ids=CASES)
def test_the_page_computes_the_paths_of_minimize(f, rules, options):
    shown = setting(f, rules, options.get("start"), options["steps"])
    runs = run_node(
        f"const program = ({offline.program(shown)});"
        "console.log(JSON.stringify(program.rules.map((rule) =>"
        "[0, 1].map(() => optlib.run(program.f, rule, {}, data.start, data.steps))[1])));",  # a run may leave nothing
        {"start": shown.start, "steps": shown.steps})  # fmt: skip
    for run, path in zip(runs, shown.paths(), strict=True):
        assert run["diverged"] == path.diverged
        assert len(run["values"]) == path.ended_at + 1
        # A path that flies off multiplies rounding errors.
        rtol, size = (1e-6, np.abs(path.x).max()) if path.diverged else (1e-9, 1.0)
        np.testing.assert_allclose(np.array(run["points"], float), path.x[: path.ended_at + 1], rtol, 1e-9 * size)
        np.testing.assert_allclose(np.array(run["values"], float), path.f[: path.ended_at + 1], rtol=1e-6, atol=1e-9)


@node
def test_settings_of_the_sliders_replace_those_of_the_rule():
    shown = setting(ol.FUNCTIONS["ravine"], [ol.Momentum(lr=0.1)], None, 30)
    run = run_node(
        f"const program = ({offline.program(shown)});"
        "console.log(JSON.stringify(optlib.run(program.f, program.rules[0], data, [-3, 1], 30)));",
        {"lr": 0.05, "beta": 0.5})  # fmt: skip
    path = ol.minimize(shown.f, ol.Momentum(lr=0.05, beta=0.5), (-3, 1), 30)
    np.testing.assert_allclose(run["points"], path.x, rtol=1e-12, atol=1e-12)


@node
@pytest.mark.parametrize("case", [case for case in CASES if case != "flies off"])
def test_a_page_checks_itself(case):
    f, rules, options = CASES[case]
    shown = setting(f, rules, options.get("start"), options["steps"])
    data = data_in(ol.explore(f, *rules, **options).html())
    pages = [data]
    for *way, last in (("f", "check", "values"), ("f", "check", "slopes"), ("rules", 0, "check", "end")):
        pages.append(json.loads(json.dumps(data)))
        numbers = functools.reduce(operator.getitem, way, pages[-1])
        numbers[last] = (np.array(numbers[last]) * 1.001 + 0.001).tolist()
    agrees = f"data.map((each) => optlib.agrees(({offline.program(shown)}), each))"
    assert run_node(f"console.log(JSON.stringify({agrees}));", pages) == [True, False, False, False]


@pytest.mark.parametrize(("f", "rules", "options"), [
    ("quadratic", RACE, {"steps": 60}), ("rosenbrock", [ol.Adam], {"steps": 10_000}),
    ("saddle", [ol.Momentum], {"steps": 1}), ("styblinski_tang", [ol.QHAdam], {"steps": 100}),
])  # fmt: skip
def test_it_is_small_and_the_same_each_time(f, rules, options):
    html, again = (ol.explore(ol.FUNCTIONS[f], *rules, **options).html() for _ in range(2))
    assert len(html) < 50_000
    assert html == again
    assert not re.search(r"(src|href)=[\"']?https?:", html)
    assert data_in(html)["steps"] == options["steps"]


def test_the_setting_asked_for_is_there_exactly():
    data = stored(ol.FUNCTIONS["ravine"], ol.Momentum(lr=0.0123, beta=0.77), start=(-6.54321, 1.25), steps=30)
    assert [(h["name"], h["now"]) for h in data["rules"][0]["hypers"]] == [("lr", 0.0123), ("beta", 0.77)]
    assert data["start"] == [-6.54321, 1.25]
    wide = stored(ol.FUNCTIONS["ravine"], ol.Momentum(lr=25.0), steps=3)["rules"][0]["hypers"][0]
    assert wide["low"] < 25.0 == wide["high"], "a slider reaches as far as the setting"


def test_fixed_and_scheduled_hyper_parameters_get_no_slider():
    names = lambda data: [hyper["name"] for hyper in data["rules"][0]["hypers"]]
    data = stored(ol.FUNCTIONS["ravine"], ol.Momentum, lr=0.05, steps=10)
    assert names(data) == ["beta"]
    assert data["rules"][0]["args"] == ["lr=0.05", "beta"]
    scheduled = ol.Momentum(lr=ol.schedules.Cosine(0.1, steps=10))
    assert names(stored(ol.FUNCTIONS["ravine"], scheduled, steps=10)) == ["beta"]


@pytest.mark.parametrize("rule", [ol.SimulatedAnnealing, ol.GeneticAlgorithm])
def test_a_page_that_cannot_compute_says_why_it_stands_still(rule):
    data = stored(ol.FUNCTIONS["ravine"], rule, ol.Adam(lr=0.1), steps=5)
    assert data["still"] == f"This picture moves only where Python runs: {rule.__name__} reads the function."


def test_programs_of_a_page_do_not_meet():
    """Two explorables on one page have names of their own for what they compute."""
    marks = [stored(ol.FUNCTIONS[name], ol.Adam(lr=0.1), steps=5)["program"] for name in ("ravine", "beale", "ravine")]
    assert marks[0] == marks[2] != marks[1]


@node
def test_the_code_of_a_setting_makes_its_paths():
    f = ol.FUNCTIONS["rosenbrock"]
    for rules in ([ol.Adam(lr=0.05, beta2=0.99), ol.Momentum(lr=1e-05)], [ol.DemonMomentum(lr=0.001, steps=30)],
                  [ol.RMSProp(centered=True), ol.AggMo(betas=(0.0, 0.5))]):  # fmt: skip
        for start in ((-1.0, 2.5), (3e-07, 1 / 3)):
            explorer = ol.explore(f, *rules, start=start, steps=30)
            data = data_in(explorer.html())
            program = """for (const rule of data.rules) rule.settings = optlib.first(rule);
              console.log(JSON.stringify(optlib.codeOf(data.f, data.rules, data.start, 30)));"""
            assert run_node(program, data) == explorer.code


THEORY = {  # function -> the lr of gradient descent, and lr and beta of momentum, that theory names
    "theta_squared": ([(0.5, "1/L"), (1.0, "2/L")], 0.5, 0.0),
    "quadratic": ([(1.0, "1/L"), (2 / 1.01, "best"), (2.0, "2/L")], (2 / 1.1) ** 2, (9 / 11) ** 2),
    "rosenbrock": ([(1 / 1001.6, "1/L"), (2 / 1002, "best"), (2 / 1001.6, "2/L")], 0.003839, 0.92322),
}


@pytest.mark.parametrize("name", THEORY)
def test_what_theory_names_stands_at_the_sliders(name):
    rates, lr, beta = THEORY[name]
    snaps = offline.snaps(ol.FUNCTIONS[name])
    assert [word for _, word in snaps["GradientDescent"]["lr"]] == [word for _, word in rates]
    assert [value for value, _ in snaps["GradientDescent"]["lr"]] == pytest.approx([v for v, _ in rates], rel=1e-4)
    assert [snaps["Momentum"][h][0][0] for h in ("lr", "beta")] == pytest.approx([lr, beta], rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("name", ["ackley", "saddle", "levy"])
def test_theory_says_nothing_of_a_kink_of_a_saddle_or_of_what_is_flat(name):
    f = ol.FUNCTIONS[name]
    if name == "levy":
        f = ol.objective(lambda x, y: x**4 + y**2, start=(1.0, 1.0), minima=[(0.0, 0.0)])
    assert offline.snaps(f) == {}


@node
@pytest.mark.parametrize("f", [*map(ol.FUNCTIONS.get, ("rosenbrock", "ackley", "himmelblau", "quadratic")), FAR])
def test_the_page_draws_the_bands_of_python(f):
    view = scene(f)
    shown = setting(view.f, [ol.Adam], None, 5)
    bands = run_node(f"const {{ f }} = ({offline.program(shown)});"
                     "console.log(JSON.stringify([...optlib.bands(f.value, data, 640, 500)]));",
                     browser_data.scene_data(view, computed=True))  # fmt: skip
    difference = np.array(bands).reshape(500, 640) - view.bands(640, 500).astype(int)
    assert (difference != 0).mean() < 0.005
    assert np.abs(difference).max() <= 1


@node
def test_the_axis_of_values_fits_its_curves():
    curves = [[[100.0, 1.0, 0.01]], [[3.0, 2.0, 2.5]], [[1.0, 1e30, 1e40]], [[0.0]], [[-1.0, -5.0, 2.0]], [[1e20]]]
    axes = run_node("console.log(JSON.stringify([...data.map(optlib.axisOf), optlib.ticks(1, 1 + 3e-16, 4)]))", curves)
    assert axes.pop() == []
    assert axes[0] == {"log": True, "high": 2, "low": -2}
    assert [axis["log"] for axis in axes] == [True, False, True, False, False, False]
    assert axes[2]["high"] == 6
    assert axes[1]["low"] < 2
    assert axes[1]["high"] > 3
    assert axes[5]["low"] < 1e20 < axes[5]["high"]
    assert all(axis["low"] < axis["high"] for axis in axes)


@node
def test_places_on_a_slider_and_values_belong_together():
    sliders = [{"low": 1e-4, "high": 1.0, "log": True}, {"low": 0.0, "high": 0.999, "log": False},
               {"low": -8.0, "high": 8.0, "log": False}, {"low": 1.23456e-4, "high": 4.196, "log": True},
               {"low": 0.0, "high": 0.99999, "log": False}]  # fmt: skip
    program = """console.log(JSON.stringify(data.map((slider) => [0, 0.25, 0.5, 1].map((share) => {
      const value = optlib.valueAt(slider, share);
      return [value, optlib.shareOf(slider, value)];
    }))));"""
    for slider, pairs in zip(sliders, run_node(program, sliders), strict=True):
        np.testing.assert_allclose([share for _, share in pairs], [0, 0.25, 0.5, 1], atol=1e-3)
        assert pairs[0][0] == slider["low"]
        assert pairs[-1][0] == slider["high"]


@node
def test_what_is_typed_is_kept_exactly_where_it_is_allowed():
    ask = [["0.123456789", "1e-3", "0,5", "−1", "0", "", "abc", "1e999"], {"allowed": [0, False, None, False]}]
    typed = run_node("console.log(JSON.stringify(data[0].map((text) => optlib.typed(text, data[1]))));", ask)
    assert typed == [0.123456789, 1e-3, 0.5, None, None, None, None, None]
    for about, ask, typed in (("1, false]", ["0", "0.9999", "1"], [0, 0.9999, None]),
                              ("1e7, true], integer: true", ["1,000", "0,500"], [1000, None])):  # fmt: skip
        program = f"data.map((text) => optlib.typed(text, {{ allowed: [0, true, {about} }}))"
        assert run_node(f"console.log(JSON.stringify({program}));", ask) == typed
    said = "console.log(JSON.stringify(data.map((each) => optlib.number(...each))));"  # told apart beside others
    assert run_node(said, [[1e6 + 12.5, 60], [12345.6], [0, 6], [-2, 0]]) == ["1000012.5", "12350", "0", "−2"]
