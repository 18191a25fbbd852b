"""Races: equal and tuned rates, the table, and what is shown."""

import re

import numpy as np
import pytest

import optlib as ol

F = ol.functions.quadratic(kappa=20, angle=30)
RULES = [ol.GradientDescent, ol.Momentum, ol.AdaGrad, ol.RMSProp, ol.Adam]
RUN = {"start": (-4.0, 2.0), "steps": 60}


@pytest.fixture(scope="module")
def tuned():
    return ol.race(F, RULES, tune=True, **RUN)


def test_equal_rates():
    race = ol.race(F, RULES, lr=0.1, **RUN)
    for path, rule, row in zip(race.paths, RULES, race.table, strict=True):
        assert np.array_equal(path.x, ol.minimize(F, rule(lr=0.1), **RUN).x)
        assert row == {"rule": rule.__name__, "lr": 0.1, "f": path.f[-1], "score": path.f[-6:].max(),
                       "diverged": False, "edge": False, "average": False}  # fmt: skip
    assert race.tuning is None


def test_instances_keep_their_settings():
    race = ol.race(F, [ol.Momentum(lr=0.03, beta=0.5), "Newton"], **RUN)
    assert [path.rule.settings() for path in race.paths] == [{"lr": 0.03, "beta": 0.5}, {"lr": 1.0, "damping": 0.0}]


def test_tuned_rates_are_the_best_of_those_tried(tuned):
    rates = np.geomspace(1e-4, 1e1, 200)
    for path, rule, row in zip(tuned.paths, RULES, tuned.table, strict=True):
        one_by_one = [ol.minimize(F, rule(lr=lr), **RUN) for lr in rates[::10]]
        assert row["score"] <= min(run.f[-6:].max() for run in one_by_one if not run.diverged) * (1 + 1e-9)
        assert path.rule.lr == row["lr"]
        assert np.isclose(rates, row["lr"], rtol=1e-12).any()
        assert np.isclose(path.f[-1], ol.minimize(F, rule(lr=row["lr"]), **RUN).f[-1])


def test_the_table_is_sorted_and_repeatable(tuned):
    lines = repr(tuned).splitlines()[1:]
    values = [float(re.search(r"\d\.\d+e[+-]\d+", line).group()) for line in lines]
    assert values == sorted(values)
    assert repr(tuned) == repr(ol.race(F, RULES, tune=True, **RUN))


def test_a_best_rate_at_the_edge_is_named():
    race = ol.race(F, [ol.GradientDescent], tune=True, rates=np.geomspace(1e-4, 1e-2, 20), **RUN)
    assert race.table[0]["edge"] is True
    assert "edge" in repr(race)
    title = " ".join(race.tuning.figure.get_suptitle().split())
    assert "best at the edge, so a better one may lie beyond: GradientDescent" in title


def test_rules_without_a_rate_just_run():
    race = ol.race(ol.FUNCTIONS["himmelblau"], [ol.SimulatedAnnealing, ol.Adam], tune=True, steps=30)
    assert race.table[0]["lr"] is None
    assert race.table[1]["lr"] > 0
    assert len(race.tuning.axes.lines) >= 2


def test_divergence_is_named_and_comes_last():
    race = ol.race(ol.FUNCTIONS["rosenbrock"], [ol.GradientDescent, ol.Adam], lr=0.5, steps=50)
    assert race.table[0]["diverged"]
    assert repr(race).splitlines()[-1].endswith("diverged")


def test_what_is_shown(tuned):
    shown = tuned._repr_mimebundle_()
    assert set(shown) == {"text/html", "image/png", "text/plain"}
    assert "optlib-animation" in shown["text/html"]
    assert shown["text/html"] == ol.race(F, RULES, tune=True, **RUN)._repr_mimebundle_()["text/html"]
    assert "starred" in tuned.tuning.description
    assert "edge" not in repr(tuned) + tuned.tuning.figure.get_suptitle(), "no warning of a best rate inside"
    assert not re.search(r"(src|href)=[\"']?https?:", shown["text/html"])


def test_functions_of_matrices_are_raced_and_any_of_many_coordinates():
    f = ol.functions.matrix_least_squares((1.0, 0.3, 0.1))
    race = ol.race(f, [ol.GradientDescent, ol.Muon], tune=True, rates=np.geomspace(1e-3, 1, 12), steps=20)
    for path, row in zip(race.paths, race.table, strict=True):
        np.testing.assert_array_equal(path.x, ol.minimize(f, type(path.rule)(lr=row["lr"]), steps=20).x)
    assert "singular values of W" in race.html()
    many = ol.race(ol.objective(lambda *x: sum(v**2 for v in x), start=(1.0,) * 5), [ol.Adam], lr=0.1, steps=9)
    shown = many._repr_mimebundle_()
    assert "f = " in many.animation.description
    assert many.animation.description in shown["text/html"]
    assert shown["image/png"].startswith("iVBORw0KGgo")


def test_two_settings_of_one_rule():
    race = ol.race(F, [ol.Momentum(beta=0.5), ol.Momentum(beta=0.9)], tune=True, **RUN)
    assert "Momentum, no. 2" in race.tuning.description


def test_one_rate_that_reaches_exactly_0_leaves_the_axis_logarithmic():
    race = ol.race(ol.functions.quadratic(kappa=1), ol.GradientDescent, tune=True, rates=[0.1, 1.0, 1.3], steps=20)
    curve, stars = (line.get_ydata() for line in race.tuning.axes.lines)
    assert stars[0] == curve[1] == curve.min() > 0, "0 stands as low as the lowest value above it"


@pytest.mark.parametrize(("rules", "options", "error", "message"), [
    ([], {}, TypeError, "rules is empty"), ([3], {}, TypeError, "rule=3"), (None, {}, TypeError, "rule=None"),
    ("Adamm", {}, KeyError, "did you mean 'Adam'"), (ol.Adam, {"tune": "no"}, TypeError, "tune='no' must be True"),
    (ol.Adam, {"start": [(1.0, 1.0)] * 3}, ValueError, "start is one point"),
    (ol.Adam(lr=np.array([[0.1], [0.2]])), {"tune": True}, ValueError, "each rule has one setting"),
    (ol.Adam(lr=ol.schedules.Cosine(np.array([[0.1], [0.2]]), 9)), {}, ValueError, "race: .*each rule has one setting"),
    ([ol.Adam], {"lr": 0.1, "tune": True}, ValueError, "lr=0.1"), ([ol.Adam], {"lr": -0.1}, ValueError, "lr=-0.1"),
    ([ol.Adam], {"rates": [1, 2]}, ValueError, "tune=True"), ([ol.Adam], {"lr": np.ones(2)}, ValueError, "one setting"),
    ([ol.Adam], {"tune": True, "rates": [0.1]}, ValueError, "at least 2"),
    ([ol.Adam], {"tune": True, "rates": [0.1, -1]}, ValueError, r"rates=\[0.1, -1\] must be .* in \(0, inf\)"),
    ([ol.GradientDescent], {"tune": True, "rates": [1e200, 1e210]}, ValueError, "diverges at all rates"),
    ([ol.Adam, ol.GradientDescent], {"tune": True, "rates": [3.0, 5.0]}, ValueError, "GradientDescent diverges at all"),
])  # fmt: skip
def test_bad_input(rules, options, error, message):
    with pytest.raises(error, match=message):
        ol.race(F, rules, steps=20, **options)
