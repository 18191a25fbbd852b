"""What `explore` stores for pages without a kernel: paths of `minimize`, computed by the page, and safe to embed."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from picture_cases import data_in

import optlib as ol
from optlib.live import offline, page
from optlib.live.setting import setting

RACE = [ol.GradientDescent(lr=0.1), ol.Momentum(lr=0.1), ol.AdaGrad(lr=0.1), ol.RMSProp(lr=0.1), ol.Adam(lr=0.1)]
node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def stored(f, *rules, **options):
    """The data in the page of an explorer without a kernel."""
    return data_in(ol.explore(f, *rules, **options).html())


def run_node(program, data=None):
    code = "\n".join([*map(page.asset, ("core.js", "canvas.js", "runtime.js", "explore.js")), "const { R } = optlib;",
                      'const data = JSON.parse(require("fs").readFileSync(0, "utf8"));', program])  # fmt: skip
    result = subprocess.run(["node", "-e", code], input=json.dumps(data), capture_output=True, text=True, timeout=60,
                            check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


CASES = {
    "race": (ol.FUNCTIONS["beale"], RACE, {"steps": 60}),
    "one rule": (ol.FUNCTIONS["rosenbrock"], [ol.Momentum(lr=0.001)], {"steps": 80}),
    "one coordinate": (ol.FUNCTIONS["two_basins"], [ol.GradientDescent(lr=0.1)], {"steps": 150, "start": -3.6}),
    "a sum over both": (ol.FUNCTIONS["himmelblau"], [ol.YellowFin], {"steps": 20}),
    "Hessian": (ol.FUNCTIONS["himmelblau"], [ol.Newton, ol.Newton(damping=2.0)], {"steps": 8}),
    "Hessian of one": (ol.FUNCTIONS["two_basins"], [ol.Newton(lr=0.5)], {"steps": 8, "start": 1.5}),
    "schedules": (ol.FUNCTIONS["ravine"], [ol.Momentum(lr=ol.schedules.Cosine(0.1, steps=20)),
                  ol.GradientDescent(lr=ol.schedules.OnPlateau(0.5, patience=2)),
                  ol.Adam(lr=ol.schedules.ByGradientNorm(0.3))], {"steps": 30}),
    "flies off": (ol.FUNCTIONS["ravine"], [ol.GradientDescent(lr=30.0)], {"steps": 400}),
    "own": (ol.objective(lambda x, y: np.sin(x) + y**2, start=(1.0, 1.0)), [ol.Nesterov(lr=0.1)], {"steps": 25}),
}  # fmt: skip


@node
@pytest.mark.parametrize("case", CASES)
def test_the_page_computes_the_paths_of_minimize(case):
    f, rules, options = CASES[case]
    shown = setting(f, rules, options.get("start"), options["steps"])
    runs = run_node(
        f"const program = ({offline.program(shown)});"
        "console.log(JSON.stringify(program.rules.map((rule) =>"
        "optlib.run(program.f, rule, {}, data.start, data.steps))));",
        {"start": shown.start, "steps": shown.steps},
    )
    for run, path in zip(runs, shown.paths(), strict=True):
        assert run["diverged"] == path.diverged
        assert len(run["values"]) == path.ended_at + 1
        # A path that flies off multiplies rounding errors.
        rtol, size = (1e-6, np.abs(path.x).max()) if path.diverged else (1e-9, 1.0)
        np.testing.assert_allclose(
            np.array(run["points"], float), path.x[: path.ended_at + 1], rtol=rtol, atol=1e-9 * size
        )
        np.testing.assert_allclose(np.array(run["values"], float), path.f[: path.ended_at + 1], rtol=1e-6, atol=1e-9)


@node
def test_settings_of_the_sliders_replace_those_of_the_rule():
    shown = setting(ol.FUNCTIONS["ravine"], [ol.Momentum(lr=0.1)], None, 30)
    run = run_node(
        f"const program = ({offline.program(shown)});"
        "console.log(JSON.stringify(optlib.run(program.f, program.rules[0], data, [-3, 1], 30)));",
        {"lr": 0.05, "beta": 0.5},
    )
    path = ol.minimize(shown.f, ol.Momentum(lr=0.05, beta=0.5), (-3, 1), 30)
    np.testing.assert_allclose(run["points"], path.x, rtol=1e-12, atol=1e-12)


@node
@pytest.mark.parametrize("case", [case for case in CASES if case != "flies off"])
def test_a_page_checks_itself(case):
    f, rules, options = CASES[case]
    shown = setting(f, rules, options.get("start"), options["steps"])
    data = data_in(ol.explore(f, *rules, **options).html())
    agrees = f"console.log(JSON.stringify(optlib.agrees(({offline.program(shown)}), data)));"
    assert run_node(agrees, data)
    for name, entry in (("values", 0), ("slopes", 0), ("ends", 0)):
        wrong = json.loads(json.dumps(data))
        wrong["check"][name][entry] = (np.array(wrong["check"][name][entry]) * 1.001 + 0.001).tolist()
        assert not run_node(agrees, wrong), name


@pytest.mark.parametrize(
    ("f", "rules", "options"),
    [
        ("quadratic", RACE, {"steps": 60}),
        ("rosenbrock", [ol.Adam], {"steps": 10_000}),
        ("saddle", [ol.Momentum], {"steps": 1}),
        ("styblinski_tang", [ol.QHAdam], {"steps": 100}),
    ],
)
def test_it_is_small_and_the_same_each_time(f, rules, options):
    html, again = (ol.explore(ol.FUNCTIONS[f], *rules, **options).html() for _ in range(2))
    assert len(html) < 75_000
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
    assert data["rules"][0]["rest"] == ["lr=0.05"]
    scheduled = ol.Momentum(lr=ol.schedules.Cosine(0.1, steps=10))
    assert names(stored(ol.FUNCTIONS["ravine"], scheduled, steps=10)) == ["beta"]


@pytest.mark.parametrize("rule", [ol.SimulatedAnnealing, ol.GeneticAlgorithm])
def test_a_page_that_cannot_compute_says_why_it_stands_still(rule):
    html = ol.explore(ol.FUNCTIONS["ravine"], rule, ol.Adam(lr=0.1), steps=5).html()
    assert "<script" not in html
    assert f"moves only where Python runs: {rule.__name__} reads the function." in html
    assert "data:image/png" in html


def test_names_cannot_break_out_of_the_page():
    evil = "</script><script>alert(1)</script>"
    f = ol.objective(lambda x, y: x**2 + y**2, name=evil)
    html = ol.explore(f, ol.GradientDescent(lr=0.1), steps=5).html()
    assert "alert(1)</script>" not in html
    assert "alert(1)" in data_in(html)["description"]


def test_programs_of_a_page_do_not_meet():
    """Two explorables on one page have names of their own for what they compute."""
    marks = [stored(ol.FUNCTIONS[name], ol.Adam(lr=0.1), steps=5)["program"] for name in ("ravine", "beale", "ravine")]
    assert marks[0] == marks[2] != marks[1]


# --- the script, run by node ------------------------------------------------------------------------------------


@node
def test_the_code_of_a_setting_makes_its_paths():
    f = ol.FUNCTIONS["rosenbrock"]
    data = stored(f, ol.Adam(lr=0.1), ol.Momentum(beta=0.5), steps=40)
    settings = [{"lr": 0.05, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}, {"lr": 0.01, "beta": 0.5}]
    code = run_node("console.log(JSON.stringify(optlib.codeOf(data.data, data.settings, [-1, 2.5], 30)));",
                    {"data": data, "settings": settings})  # fmt: skip
    assert "ol.Adam(lr=0.05, beta2=0.99)" in code
    world = {"ol": ol}
    exec(code, world)
    for path, rule in zip(world["paths"], (ol.Adam, ol.Momentum), strict=True):
        wanted = ol.minimize(f, rule(**settings[rule is ol.Momentum]), (-1, 2.5), 30)
        assert np.array_equal(path.x, wanted.x)


@node
def test_the_axis_of_values_fits_its_curves():
    curves = [[[100.0, 1.0, 0.01]], [[3.0, 2.0, 2.5]], [[1.0, 1e30, 1e40]], [[0.0, 0.0, 0.0]], [[-1.0, -5.0, 2.0]]]
    axes = run_node("console.log(JSON.stringify(data.map(optlib.axisOf)));", curves)
    assert axes[0] == {"log": True, "high": 2, "low": -2}
    assert [axis["log"] for axis in axes] == [True, False, True, False, False]
    assert axes[2]["high"] == 6
    assert axes[1]["low"] < 2
    assert axes[1]["high"] > 3
    assert all(axis["low"] < axis["high"] for axis in axes)


@node
def test_places_on_a_slider_and_values_belong_together():
    sliders = [{"low": 1e-4, "high": 1.0, "log": True}, {"low": 0.0, "high": 0.999, "log": False},
               {"low": -8.0, "high": 8.0, "log": False}]  # fmt: skip
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
    ask = [["0.123456789", "1e-3", "0,5", "−1", "0", "", "abc", "1e999"], [0, False, None, False]]
    typed = run_node("console.log(JSON.stringify(data[0].map((text) => optlib.typed(text, data[1]))));", ask)
    assert typed == [0.123456789, 1e-3, 0.5, None, None, None, None, None]
    beta = run_node("console.log(JSON.stringify(data.map((text) => optlib.typed(text, [0, true, 1, false]))));",
                    ["0", "0.9999", "1"])  # fmt: skip
    assert beta == [0, 0.9999, None]
