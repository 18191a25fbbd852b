"""What `explore` stores for pages without a kernel: the same paths as `minimize`, small, and safe to embed."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from picture_cases import data_in

import optlib as ol
from optlib.live import offline, page
from optlib.live.scene import scene

PIXELS = 640  # widest that the map is drawn
RACE = [ol.GradientDescent(lr=0.1), ol.Momentum(lr=0.1), ol.AdaGrad(lr=0.1), ol.RMSProp(lr=0.1), ol.Adam(lr=0.1)]


def stored(f, *rules, **options):
    """The data in the page of an explorer without a kernel."""
    return data_in(ol.explore(f, *rules, **options).html())


def places(data):
    """Stored places and values per rule: arrays (paths, points, 3)."""
    numbers = offline.unpack(data["packed"], len(data["steps"]))
    counts = [len(rule["ended"]) for rule in data["rules"]]
    return np.split(numbers, np.cumsum(counts)[:-1])


def settings(data, rule):
    """Each path's hyper-parameters and start, in the order in which they are stored."""
    axes = {axis["name"]: axis["values"] for axis in data["axes"] if axis["name"] in rule["axes"]}
    grid = np.meshgrid(*axes.values(), np.arange(len(data["starts"])), indexing="ij")
    for *values, start in zip(*(g.ravel() for g in grid), strict=True):
        yield dict(zip(axes, map(float, values), strict=True)), data["starts"][int(start)]


def test_packing_is_exact():
    numbers = np.random.default_rng(0).integers(-(2**15), 2**15, size=(7, 11, 3))
    assert (offline.unpack(offline.pack(numbers), 11) == numbers).all()


CASES = {
    "race": (ol.FUNCTIONS["beale"], RACE, {"steps": 60}),
    "one rule": (ol.FUNCTIONS["rosenbrock"], [ol.Momentum(lr=0.001)], {"steps": 80}),
    "one coordinate": (ol.FUNCTIONS["two_basins"], [ol.GradientDescent(lr=0.1)], {"steps": 150, "start": -3.6}),
    "dice and Hessian": (ol.FUNCTIONS["himmelblau"], [ol.Newton, ol.SimulatedAnnealing], {"steps": 20}),
}


@pytest.mark.parametrize("case", CASES)
def test_stored_paths_are_those_of_minimize(case):
    f, rules, options = CASES[case]
    explorer = ol.explore(f, *rules, **options)
    data = data_in(explorer.html())
    view = scene(f)
    low, high = np.array([view.x[0], view.y[0]]), np.array([view.x[1], view.y[1]])
    compared = 0
    for name, rule, numbers in zip(explorer.first.chosen, data["rules"], places(data), strict=True):
        own = explorer.first.rule(name)
        all_settings = list(settings(data, rule))
        assert len(all_settings) == len(numbers) == len(rule["ended"])
        for i in range(0, len(numbers), max(1, len(numbers) // 40)):
            values, start = all_settings[i]
            path = ol.minimize(f, type(own)(**(own.settings() | values)), start, options["steps"])
            assert path.diverged == (i in rule["diverged"])
            assert path.ended_at == rule["ended"][i] or path.diverged
            x = path.x if f.dim == 2 else np.column_stack([path.x[:, 0], path.f])
            expected = np.clip((x[data["steps"]] - low) / (high - low), -offline.REACH, offline.REACH)
            # A path that flies off multiplies rounding errors: there a share of the distance is compared.
            rtol = 1e-3 if path.diverged else 0
            np.testing.assert_allclose(numbers[i, :, :2] / offline.UNITS, expected, rtol=rtol, atol=1 / PIXELS)
            compared += 1
    assert compared >= 25


def test_values_come_back_to_a_part_in_a_hundred():
    values = np.concatenate([[0.0], 10.0 ** np.linspace(-7, 45, 60)])
    values = np.concatenate([values, -values])
    logarithms = offline.signed_logarithms(values)
    back = np.sign(logarithms) * (10 ** (np.abs(logarithms) / offline.PER_DECADE) - 1) * offline.SMALLEST
    assert np.allclose(back, values, rtol=0.01)
    assert np.abs(logarithms).max() < 2**15


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
    data = data_in(html)
    assert len(html) < 400_000
    assert html == again
    assert not re.search(r"(src|href)=[\"']?https?:", html)
    assert data["steps"][-1] == options["steps"]
    for axis in data["axes"]:
        assert axis["values"] == sorted(set(axis["values"]))


def test_the_setting_asked_for_is_there_exactly():
    data = stored(ol.FUNCTIONS["ravine"], ol.Momentum(lr=0.0123, beta=0.77), start=(-6.54321, 1.25), steps=30)
    assert [axis["name"] for axis in data["axes"]] == ["lr", "beta"]
    assert [axis["values"][axis["now"]] for axis in data["axes"]] == [0.0123, 0.77]
    assert data["starts"][data["start"]] == [-6.54321, 1.25]


def test_fixed_and_scheduled_hyper_parameters_get_no_slider():
    data = stored(ol.FUNCTIONS["ravine"], ol.Momentum, lr=0.05, steps=10)
    assert [axis["name"] for axis in data["axes"]] == ["beta"]
    assert data["rules"][0]["rest"] == ["lr=0.05"]
    scheduled = ol.Momentum(lr=ol.schedules.Cosine(0.1, steps=10))
    assert [axis["name"] for axis in stored(ol.FUNCTIONS["ravine"], scheduled, steps=10)["axes"]] == ["beta"]


def test_a_function_that_is_undefined_at_some_starts():
    f = ol.objective(lambda x, y: np.log(x) ** 2 + y**2, start=(2.0, 1.0), domain=((-1, 3), (-2, 2)))
    data = stored(f, ol.GradientDescent(lr=0.1), steps=30)
    ended = np.array(data["rules"][0]["ended"]).reshape(-1, len(data["starts"]))
    undefined = np.array([x <= 0 for x, _ in data["starts"]])
    assert undefined.any()
    assert (ended[:, undefined] == 0).all()
    assert (ended[:, ~undefined] > 0).any()


def test_names_cannot_break_out_of_the_page():
    evil = "</script><script>alert(1)</script>"
    f = ol.objective(lambda x, y: x**2 + y**2, name=evil)
    html = ol.explore(f, ol.GradientDescent(lr=0.1), steps=5).html()
    assert "alert(1)</script>" not in html
    assert "alert(1)" in data_in(html)["description"]


# --- the script, run by node ------------------------------------------------------------------------------------

node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def run_node(program, data):
    code = "\n".join([page.asset("core.js"), page.asset("explore.js"), program])
    result = subprocess.run(["node", "-e", code], input=json.dumps(data), capture_output=True, text=True, timeout=60,
                            check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


READ = 'const data = JSON.parse(require("fs").readFileSync(0, "utf8"));'


@node
def test_the_script_unpacks_what_was_packed():
    numbers = np.random.default_rng(1).integers(-(2**15), 2**15, size=(5, 9, 3))
    program = READ + """
      const bytes = require("zlib").inflateSync(Buffer.from(data.packed, "base64"));
      console.log(JSON.stringify(Array.from(optlib.unfold(bytes, data.points))));
    """
    lines = run_node(program, {"packed": offline.pack(numbers), "points": 9})
    assert (np.array(lines).reshape(5, 3, 9) == np.swapaxes(numbers, 1, 2)).all()


@node
def test_the_script_finds_the_path_and_writes_the_code():
    f = ol.FUNCTIONS["rosenbrock"]
    data = stored(f, ol.Adam, ol.SimulatedAnnealing, steps=40)
    program = READ + """
      const at = data.axes.map(() => 3);
      const index = data.rules.map((rule) => optlib.pathIndex(rule, data.axes, at, data.starts.length, 2));
      console.log(JSON.stringify([index, optlib.codeOf(data, at, 2, 40)]));
    """
    (first, second), code = run_node(program, data)
    values, start = list(settings(data, data["rules"][0]))[first]
    assert values == {"lr": data["axes"][0]["values"][3]}
    assert start == data["starts"][2]
    assert second == 2
    world = {"ol": ol}
    exec(code, world)
    adam, annealing = world["paths"]
    assert np.array_equal(adam.x, ol.minimize(f, ol.Adam(**values), start, 40).x)
    assert np.array_equal(annealing.x, ol.minimize(f, ol.SimulatedAnnealing(), start, 40).x)


@node
def test_the_axis_of_values_fits_its_curves():
    curves = [[[100.0, 1.0, 0.01]], [[3.0, 2.0, 2.5]], [[1.0, 1e30, 1e40]], [[0.0, 0.0, 0.0]], [[-1.0, -5.0, 2.0]]]
    axes = run_node(READ + "console.log(JSON.stringify(data.map(optlib.axisOf)));", curves)
    assert axes[0] == {"log": True, "high": 2, "low": -2}
    assert [axis["log"] for axis in axes] == [True, False, True, False, False]
    assert axes[2]["high"] == 6
    assert axes[1]["low"] < 2
    assert axes[1]["high"] > 3
    assert all(axis["low"] < axis["high"] for axis in axes)
