"""A rule of five lines and a docstring, as the README shows it, passes every check that the course's rules pass."""

import bdb
import functools
import sys

import numpy as np
import pytest
import torch
from benchmark_cases import protocol
from picture_cases import data_in
from vision_cases import Fixed, Tiny, short

import optlib as ol
import test_rules_generic as generic
import test_rules_input as bad_input
from optlib.arrays import like, maximum, sign, total
from optlib.live import translate
from optlib.optimizers.around import Around
from optlib.torch_driver import TorchOptimizer
from optlib.vision import WeightDecay


class SignDescent(ol.optimizers.Optimizer):
    r"""A step of one length, down each coordinate.

    Formula:
        $$x_t = x_{t-1} - \eta\, \operatorname{sign}(g_t)$$

    Source:
        J. Bernstein, Y.-X. Wang, K. Azizzadenesheli, A. Anandkumar (2018), signSGD: Compressed Optimisation for
        Non-Convex Problems, ICML.  arXiv:1802.04434

    Convention:
        Without momentum.

    Elsewhere:
        torch.optim has no such rule.

    Memory:
        0 numbers per parameter.

    When:
        Only the signs of the slopes are to be trusted, or sent over a network.
    """

    lr: float = ol.hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="length of a step")

    def update(self, x, g):
        return x - self.lr * sign(g)


@pytest.fixture
def registered():
    yield ol.register(SignDescent)
    del ol.OPTIMIZERS["SignDescent"]


def test_a_rule_of_five_lines_passes_all_checks(registered):
    assert list(ol.OPTIMIZERS)[-1] == "SignDescent"
    for check in [*generic.CHECKS, *bad_input.CHECKS]:
        check(registered)


def test_a_rule_that_breaks_a_promise_is_found():
    """The checks have teeth: five rules, each with one fault."""

    class InPlace(SignDescent):
        def update(self, x, g):
            x -= self.lr * sign(g)
            return x

    class Widens(SignDescent):
        def update(self, x, g):
            return x - np.float64(self.lr) * sign(g)

    class Aliases(SignDescent):
        def update(self, x, g):
            self.kept = x - self.lr * sign(g)
            return self.kept

    class HoardsMemory(SignDescent):
        def update(self, x, g):
            self.m = 1 * g
            return x - self.lr * sign(g)

    class Forgets(SignDescent):
        steps = []

        def update(self, x, g):
            self.steps.append(1)  # belongs to the class, so that a reset does not reach it
            return x - self.lr / len(self.steps) * sign(g)

    faults = [
        (InPlace, generic.what_is_given_is_not_written_to),
        (Widens, generic.shapes_and_dtypes_are_kept),
        (Aliases, generic.what_is_given_is_not_written_to),
        (HoardsMemory, generic.memory_is_what_is_said),
        (Forgets, generic.reset_gives_the_first_path_again),
    ]
    for rule, check in faults:
        rule.__doc__ = SignDescent.__doc__
        with pytest.raises((AssertionError, ValueError, TypeError)):
            check(rule)


@pytest.fixture
def debugged(monkeypatch):
    """A class that prints and stops in each update, and the stops, each with the step at which it was met."""
    stops = []

    class Debugged(SignDescent):
        def update(self, x, g):
            print("here", self.t)
            breakpoint(self.t)
            return super().update(x, g)

    monkeypatch.setattr(sys, "breakpointhook", stops.append)
    yield Debugged, stops
    ol.OPTIMIZERS.pop("Debugged", None)


SPHERE = ol.FUNCTIONS["sphere"]


@pytest.mark.parametrize("sees", [None, "number", "tensor"])
@pytest.mark.parametrize(("call", "steps"), [
    (lambda cls: ol.register(cls), []),
    (lambda cls: ol.minimize(SPHERE, cls(), steps=2), [1, 2]),
    (lambda cls: ol.minimize(SPHERE, cls(), np.ones((3, 2)), steps=2), [1, 2]),
    (lambda cls: ol.race(SPHERE, [cls], steps=2), [1, 2]),
    (lambda cls: TorchOptimizer(one_weight(), cls()).step(), [1]),
], ids=["register", "minimize", "batch", "race", "torch"])  # fmt: skip
def test_a_breakpoint_stops_in_the_steps_asked_for_and_not_in_the_check(debugged, call, steps, sees, capsys):
    cls, stops = debugged
    cls.sees, cls.elementwise = sees, sees == "number"
    call(cls)
    assert capsys.readouterr().out == "".join(f"here {step}\n" for step in stops)
    assert sorted(set(stops)) == steps
    assert len(stops) in (len(steps), 2 * len(steps)), "once a step, or once for each coordinate of a start alone"


def test_tuning_stops_in_its_own_steps_and_not_in_the_check(debugged):
    cls, stops = debugged
    cls.sees = "number"
    for _ in range(2):
        ol.race(SPHERE, [cls], steps=2, tune=True)
    first, second = np.split(np.array(stops), 2)
    np.testing.assert_array_equal(first, second)  # the check is made in the first race only


@pytest.mark.parametrize("sees", [None, "number", "tensor"])
def test_leaving_the_debugger_ends_the_run_at_once(debugged, sees, monkeypatch):
    cls, stops = debugged
    cls.sees = sees

    def leave(step):
        stops.append(step)
        raise bdb.BdbQuit

    monkeypatch.setattr(sys, "breakpointhook", leave)
    with pytest.raises(bdb.BdbQuit):
        ol.minimize(SPHERE, cls(), steps=3)
    assert stops == [1]


def one_weight():
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    return [weight]


def test_a_rule_without_return_is_told_so():
    class Silent(SignDescent):
        def update(self, x, g):
            x - self.lr * sign(g)

    for call in (lambda: Silent().step(1.0, 1.0), lambda: ol.minimize(ol.FUNCTIONS["sphere"], Silent(), steps=3)):
        with pytest.raises(TypeError, match="Silent.update returned None; end it with return"):
            call()


def test_a_rule_without_a_rate_is_in_no_benchmark(monkeypatch):
    monkeypatch.setitem(ol.OPTIMIZERS, "Fixed", Fixed)
    assert "Fixed" not in protocol(rules="first-order").rules
    with pytest.raises(ValueError, match=r"rules=\['Fixed'\] must be .*; each has a learning rate lr"):
        protocol(rules=["Fixed"])


SCHEDULES = [ol.schedules.Cosine(0.1, steps=9), ol.schedules.ByGradientNorm(0.1), ol.schedules.OnPlateau(0.1)]


@pytest.mark.parametrize("lr", [0.1, *SCHEDULES, lambda t: 0.1 / (1 + t)], ids=lambda lr: type(lr).__name__)
@pytest.mark.parametrize("start", [(1.0, -1.0), np.ones((3, 2))], ids=["one", "many"])
def test_init_reads_a_schedule_as_the_number_of_the_first_step(lr, start):
    class Relative(SignDescent):
        def init(self, x):
            self.first = 1.0 * self.lr

        def update(self, x, g):
            return x - self.lr / self.first * g

    f = ol.FUNCTIONS["sphere"]
    path = ol.minimize(f, Relative(lr=lr), start, steps=1)
    assert np.allclose(path.end, start - f.grad(np.asarray(start)))


def test_a_rule_that_joins_its_numbers_only_now_and_then_is_refused():
    class Restarts(ol.optimizers.Optimizer):
        lr: float = ol.hyper(0.01, r"\eta", "(0, inf)", doc="learning rate")

        def init(self, x):
            self.v = 0 * x

        def update(self, x, g):
            self.v = 0.9 * self.v - self.lr * g
            if self.t % 10 == 0:
                self.v = self.v / (1 + self.inner(self.v, self.v)) ** 0.5
            return x + self.v

    with pytest.raises(ValueError, match="Restarts: its update computes numbers of an array from each other"):
        ol.register(Restarts)


@pytest.mark.parametrize("options", [{"schedule": ol.schedules.Constant(1.0)}, {"callbacks": [WeightDecay(0.1)]}])
def test_a_rule_without_a_rate_has_none_to_multiply(options):
    model = Tiny()
    with pytest.raises(ValueError, match=r"multiplies lr, but Fixed\(\) has no learning rate lr"):
        short(model, TorchOptimizer(model.parameters(), Fixed()), **options)


class InPlace(SignDescent):
    def update(self, x, g):
        self.before, self.v = getattr(self, "v", 0 * g), g
        self.v *= 0.5
        return x - self.lr * (self.v - self.before)


class Named(SignDescent):
    first = 0.3

    def update(self, x, g):
        factor = 1.0
        for name in ("first", "second"):
            factor = factor * getattr(self, name, 2.0)
        return x - self.lr * factor * g


def shifted(t):
    by = lambda x, by=t: x + by
    return by(1)


def joined(t):
    points, more = [t], [2 * t]
    points = points + more
    return len(points)


@pytest.mark.parametrize(("one", "what"), [
    (InPlace(), "what changes in place under two names"),
    (Named(), "getattr with a default where the name is computed"),
    (SignDescent(lr=shifted), "a lambda with defaults"),
    (SignDescent(lr=joined), "whether two names are lists to be joined"),
])  # fmt: skip
def test_what_a_page_would_compute_otherwise_it_does_not(one, what):
    with pytest.raises(translate.Untranslatable, match=what):
        translate.rule(one)


# --- what a rule does with other settings than its own -------------------------------------------------------

ROSENBROCK = ol.FUNCTIONS["rosenbrock"]


class Normalized(ol.optimizers.Optimizer):
    lr: float = ol.hyper(1e-3, r"\eta", "(0, inf)", doc="learning rate")
    normalize: bool = ol.hyper(False, "n", doc="whether each step has the length lr")

    def update(self, x, g):
        if self.normalize:
            g = g / total(g * g) ** 0.5
        return x - self.lr * g


def clipped(**slider):
    class Clipped(ol.optimizers.Optimizer):
        lr: float = ol.hyper(1e-3, r"\eta", "(0, inf)", doc="learning rate")
        clip: float = ol.hyper(1e9, "c", "(0, inf)", **slider, doc="longest gradient that passes")

        def update(self, x, g):
            norm = total(g * g) ** 0.5
            return x - self.lr * g * (self.clip / maximum(norm, like(self.clip, norm)))

    return Clipped


class EveryFew(ol.optimizers.Optimizer):
    every: int = ol.hyper(0, "k", "[0, inf)", doc="after how many steps one is normalized; 0 for never")

    def update(self, x, g):
        return x - (g / total(g * g) ** 0.5 if self.every and self.t % self.every == 0 else g)


OFF_BY_DEFAULT = [Normalized, clipped(), clipped(slider=(0.1, 10.0)), EveryFew]


@pytest.mark.parametrize("cls", OFF_BY_DEFAULT)
def test_registration_refuses_what_joins_numbers_with_other_settings_only(cls):
    with pytest.raises(ValueError, match=f"{cls.__name__}: its update computes numbers of an array from each other"):
        ol.register(cls)


@pytest.mark.parametrize("settings", [{"normalize": True}, {"normalize": False}], ids=str)
def test_a_norm_that_is_off_by_default_is_one_of_the_whole_point(settings):
    class Whole(Normalized):
        sees, update = "tensor", Normalized.update

    starts = np.array([[-1.2, 1.0], [2.0, 2.0], [0.0, 3.0]])
    batch = ol.minimize(ROSENBROCK, Whole(**settings), starts, steps=5)
    for i, start in enumerate(starts):
        one = ol.minimize(ROSENBROCK, Whole(**settings), start, steps=5)
        np.testing.assert_allclose(batch.x[:, i], one.x, rtol=1e-12)


def test_a_setting_that_a_rule_refuses_is_left_out_of_the_trial():
    class Particular(SignDescent):
        low: float = ol.hyper(0.2, "a", "[0, 1)", doc="below high")
        high: float = ol.hyper(0.5, "b", "(0, 1)", doc="above low")

        def __post_init__(self):
            super().__post_init__()
            if self.low >= self.high:
                raise ValueError("low must be below high")

    try:
        assert ol.register(Particular).sees == "number"
    finally:
        ol.OPTIMIZERS.pop("Particular", None)


class Shrinking(ol.optimizers.Optimizer):
    """Its loop ends for factors below 1 alone."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)", doc="learning rate")
    shrink: float = ol.hyper(0.5, "s", doc="factor of a step that is too long")

    def update(self, x, g):
        step = self.lr * g
        while np.any(abs(step) > 1.0):
            step = np.where(abs(step) > 1.0, step * self.shrink, step)
        return x - step


class Deep(SignDescent):
    """A hundred in place of 3 would be a loop without an end."""

    depth: int = ol.hyper(3, "d", doc="the length of the loop is 2 to this power")

    def update(self, x, g):
        for _ in range(2**self.depth):
            g = sign(g)
        return x - self.lr * g


class Recent(ol.optimizers.Optimizer):
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)", doc="learning rate")
    k: int = ol.hyper(1, "k", doc="how many gradients are averaged; of none the mean is a warning")

    def init(self, x):
        self.past = []

    def update(self, x, g):
        self.past = [*self.past, g]
        return x - self.lr * np.mean(self.past[-self.k :] if self.k else [], axis=0)


@pytest.mark.parametrize("cls", [Shrinking, Deep, Recent])
def test_settings_that_nobody_chose_make_no_loop_without_an_end_and_no_warnings(cls, recwarn):
    try:
        assert ol.register(cls).sees == "number"
    finally:
        ol.OPTIMIZERS.pop(cls.__name__, None)
    assert not recwarn.list


def test_registration_refuses_a_wrapper_that_writes_to_a_hyper_parameter():
    class Falling(Around):
        sees = "tensor"
        c: float = ol.hyper(1.0, "c", "(0, 1]", doc="factor of the gradient")

        def update(self, x, g, *others):
            self.c *= 0.5
            return super().update(x, self.c * g, *others)

    with pytest.raises(ValueError, match="Falling.*: update writes to c, a hyper-parameter"):
        ol.register(Falling)


# --- another default -----------------------------------------------------------------------------------------


class Faster(ol.Adam):
    lr = 1


class FasterToo(ol.Adam):
    lr: float = 0.5
    beta1 = 0.5


class Mentioned(ol.Adam):
    lr: float


@pytest.mark.parametrize(("cls", "lr"), [(Faster, 1.0), (FasterToo, 0.5), (Mentioned, 0.001)])
def test_a_plain_value_in_a_subclass_is_a_new_default(cls, lr):
    assert list(cls.hypers) == list(ol.Adam.hypers)
    assert cls.hypers["lr"].default == cls().lr == lr
    assert isinstance(cls().lr, float)
    assert cls(lr=0.1).lr == 0.1
    assert cls.hypers["lr"].symbol == ol.Adam.hypers["lr"].symbol
    assert ol.Adam().lr == 0.001
    assert type("Child", (cls,), {})().lr == lr
    same = ol.Adam(lr=lr, beta1=cls().beta1)
    np.testing.assert_array_equal(ol.minimize(ROSENBROCK, cls(), steps=5).x, ol.minimize(ROSENBROCK, same, steps=5).x)


def test_a_plain_value_in_a_subclass_of_a_rule_around_a_rule_is_a_new_default():
    class Slow(ol.EMA):
        decay = 0.5

    assert Slow(ol.Adam(lr=0.1)).settings() == ol.EMA(ol.Adam(lr=0.1), decay=0.5).settings()


@pytest.mark.parametrize(("lr", "message"), [
    (-1.0, r"Wrong: lr=-1.0 is outside the allowed range \(0, inf\)"),
    ("0.5", "Wrong: lr='0.5' must be a number"),
    (ol.schedules.Constant(0.1), "Wrong: lr=.* is no default; give it when you make the rule"),
    (np.ones(2), "Wrong: lr=.* is no default"),
    (property(lambda self: 0.1), "Wrong: lr=.* must be a number"),
], ids=["outside", "text", "schedule", "array", "property"])  # fmt: skip
def test_a_new_default_is_checked(lr, message):
    with pytest.raises((TypeError, ValueError), match=message):
        type("Wrong", (ol.Adam,), {"lr": lr})


@pytest.mark.parametrize("name", ["t", "step", "init", "update", "state", "reads", "inner", "set"])
def test_a_hyper_parameter_does_not_take_the_name_of_what_every_rule_has(name):
    written = {"__annotations__": {name: float}, name: ol.hyper(0.1, "a")}
    with pytest.raises(ValueError, match=f"Own: every rule has a {name} already; call a hyper-parameter otherwise"):
        type("Own", (ol.GradientDescent,), written)


class Halves(SignDescent):
    def update(self, x, g):
        self.lr = 0.5 * self.lr
        return x - self.lr * g


class HalvesOfFloats(SignDescent):
    def update(self, x, g):
        if self.t % 10 == 0:
            self.lr = 0.5 * self.lr
        return x - self.lr if g > 0 else x + self.lr


class HalvesInInit(SignDescent):
    sees = "tensor"

    def init(self, x):
        self.lr = 0.5 * self.lr


class HalvesLater(SignDescent):
    falling: bool = ol.hyper(False, "h", doc="whether lr falls")

    def update(self, x, g):
        if self.falling:
            self.lr = 0.5 * self.lr
        return x - self.lr * g


class HalvesForNow(SignDescent):
    def update(self, x, g):
        lr, self.lr = self.lr, 0.5 * self.lr
        x = super().update(x, g)
        self.lr = lr
        return x


@pytest.mark.parametrize("cls", [Halves, HalvesOfFloats, HalvesInInit, HalvesLater])
def test_registration_refuses_a_rule_that_writes_to_a_hyper_parameter(cls):
    """Its steps halved from `step`, but not where a schedule or torch sets lr anew; a reset did not bring it back."""
    for _ in range(2):
        with pytest.raises(ValueError, match=f"{cls.__name__}: update writes to lr, a hyper-parameter; use another"):
            ol.register(cls)
    assert cls.__name__ not in ol.OPTIMIZERS


def test_a_hyper_parameter_may_have_another_value_during_a_step():
    try:
        assert ol.register(HalvesForNow).sees == "number"
        assert HalvesForNow(lr=1.0).step(0.0, 1.0) == -0.5
    finally:
        ol.OPTIMIZERS.pop("HalvesForNow", None)


def test_a_schedule_that_draws_gives_all_coordinates_of_a_rule_for_floats_one_rate():
    class OfFloats(SignDescent):
        def update(self, x, g):
            return x - self.lr if g > 0 else x + self.lr

    rng = np.random.default_rng(0)
    for lr in (lambda t: rng.uniform(0.1, 1.0), ol.schedules.Constant(1.0) * (lambda t: rng.uniform(0.1, 1.0))):
        path = ol.minimize(ROSENBROCK, OfFloats(lr=lr), steps=5)
        lengths = np.abs(np.diff(path.x, axis=0))
        np.testing.assert_allclose(lengths[:, 0], lengths[:, 1], rtol=1e-12)
        assert len(set(lengths[:, 0].round(9))) == 5
        assert path.rule.given("lr") is not None


@pytest.mark.parametrize(("lr", "written"), [
    (joined, "joined"), (lambda t: 0.1 / (1 + t), "..."), (functools.partial(joined), "..."),
    (0.5 * ol.schedules.Cosine(0.1, 9).then(joined, after=9), "..."),
])  # fmt: skip
def test_code_has_a_schedule_by_its_name(lr, written):
    explorer = ol.explore(ol.FUNCTIONS["sphere"], SignDescent(lr=lr), steps=3)
    assert f"ol.minimize(f, SignDescent(lr={written}), start=" in explorer.code
    assert data_in(explorer.html())["rules"][0]["args"] == [f"lr={written}"]


class Two(ol.optimizers.Optimizer):
    """One number has a slider, the other none."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")
    b: float = ol.hyper(0.5, "b", "[0, 1]", slider=(0.0, 1.0))

    def update(self, x, g):
        return x - self.lr * (1 - self.b) * g


def test_a_heatmap_asks_for_a_slider_only_where_no_values_are_given():
    f, values = ol.FUNCTIONS["sphere"], {"xs": [0.001, 0.002], "ys": [0.2, 0.4, 0.6]}
    heatmap = ol.heatmap(f, Two, "lr", "b", **values, steps=9)
    assert heatmap.best == {"lr": 0.002, "b": 0.2, "f": ol.minimize(f, Two(lr=0.002, b=0.2), steps=9).f[-1]}
    reach = [(each["name"], each["low"], each["high"]) for each in data_in(heatmap.html())["rules"][0]["hypers"]]
    assert reach == [("lr", 0.001, 0.002), ("b", 0.0, 1.0)]
    with pytest.raises(ValueError, match="Two has no number 'lr' that a slider could turn; choose among b"):
        ol.heatmap(f, Two, "lr", "b")
