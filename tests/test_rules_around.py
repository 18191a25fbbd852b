"""Rules around a rule: against the libraries that agree, with the deviations of those that do not, and composed."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch
from picture_cases import data_in
from torch import nn
from torch.optim import swa_utils

import optlib as ol
from optlib.course.elsewhere.around import StepMean
from optlib.optimizers.around import Around, has_another_evaluation_point, has_path_of_its_own
from oracles import SHAPE, STEPS, TOLERANCE, packages, path, torch_path

WRAPPERS = [cls for cls in ol.OPTIMIZERS.values() if issubclass(cls, Around)]
INSIDE = [cls for cls in ol.OPTIMIZERS.values() if cls not in WRAPPERS]
named = {"ids": lambda cls: cls.__name__}
KOZISTR = packages()["pytorch_optimizer"]
RNG = np.random.default_rng(7)
X = RNG.standard_normal(SHAPE)
G = RNG.standard_normal((STEPS, *SHAPE)) * 10.0 ** RNG.uniform(-2, 1, (STEPS, 1, 1))


def difference(ours, theirs):
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def close(ours, theirs, tolerance=TOLERANCE):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


# --- parity --------------------------------------------------------------------------------------------------


def drawn(seed):
    """A learning rate, two decays of averages and a weight decay."""
    rng = np.random.default_rng(seed)
    return 10 ** rng.uniform(-3, -1), rng.uniform(0.5, 0.95), rng.uniform(0.9, 0.999), rng.uniform(0, 0.3)


seeded = pytest.mark.parametrize("seed", range(4))


@seeded
@pytest.mark.parametrize("warmup", [0, 10])
def test_schedule_free_is_pytorch_optimizers(seed, warmup):
    lr, beta, beta2, decay = drawn(seed)
    rate = (lambda t: lr * min(1.0, (t + 1) / warmup)) if warmup else lr
    ours = path(ol.ScheduleFree(ol.GradientDescent(lr=rate), beta=beta), X, G)
    close(ours, torch_path(KOZISTR.ScheduleFreeSGD, X, G, lr=lr, momentum=beta, warmup_steps=warmup))
    large = 1e4 * G  # its AdamW has 1e-15 inside the root
    adamw = ol.AdamW(lr=rate, beta1=0.0, beta2=beta2, weight_decay=decay)
    theirs = torch_path(KOZISTR.ScheduleFreeAdamW, X, large, lr=lr, betas=(beta, beta2), weight_decay=decay,
                        warmup_steps=warmup)  # fmt: skip
    close(path(ol.ScheduleFree(adamw, beta=beta), X, large), theirs)


def test_schedule_free_weighs_by_the_largest_rate_so_far():
    """A plain loop from the paper's algorithm, whose weight decay is taken at y."""
    rates = [0.01 * min(1.0, (t + 1) / 10, 60 / (t + 1)) for t in range(STEPS)]
    rule = ol.ScheduleFree(ol.WeightDecay(ol.GradientDescent(lr=lambda t: rates[t]), weight_decay=0.2), beta=0.7)
    y = x = z = X
    largest, squares, points = 0.0, 0.0, []
    for eta, g in zip(rates, G, strict=True):
        z = z - eta * 0.2 * y - eta * g
        largest = max(largest, eta)
        squares += largest**2
        x = x + largest**2 / squares * (z - x)
        y = 0.3 * z + 0.7 * x
        points.append(y)
    close(path(rule, X, G), np.array(points))
    close(rule.evaluation_point(points[-1]), x)


def test_schedule_free_of_optax_warms_up_by_two_rates():
    """optax 0.2.8: its first step is of length 0 and weighs as one of a tenth of the rate."""
    rates = [0.03 * np.minimum(1.0, (np.arange(STEPS) + k) / 10) for k in range(2)]
    paths = []
    for eta, weighed in ((rates[1], rates[1]), rates):
        x = z = y = X
        points, squares = [], np.cumsum(weighed**2)
        for t, g in enumerate(G):
            z = z - eta[t] * g
            x = x + weighed[t] ** 2 / squares[t] * (z - x)
            y = 0.2 * z + 0.8 * x
            points.append(y)
        paths.append(np.array(points))
    close(path(ol.ScheduleFree(ol.GradientDescent(lr=lambda t: rates[1][t]), beta=0.8), X, G), paths[0])
    assert difference(*paths) > 0.01


@seeded
@pytest.mark.parametrize("k", [1, 5])
def test_lookahead_is_pytorch_optimizers(k, seed):
    lr, alpha, beta2, _ = drawn(seed)
    ours = ol.Lookahead(ol.Adam(lr=lr, beta2=beta2), k=k, alpha=alpha)
    theirs = lambda params: KOZISTR.Lookahead(torch.optim.Adam(params, lr=lr, betas=(0.9, beta2)), k=k, alpha=alpha)
    close(path(ours, X, G), torch_path(theirs, X, G))


def test_lookahead_of_timm_does_not_pull_back_the_first_steps():
    """timm 1.0.31 begins with the slow weights where they are first wanted: the same rule, k steps late."""
    ours = ol.Lookahead(ol.GradientDescent(lr=0.1), k=5)
    plain = path(ol.GradientDescent(lr=0.1), X, G[:5])
    late = path(ol.Lookahead(ol.GradientDescent(lr=0.1), k=5), plain[-1], G[5:])
    assert difference(path(ours, X, G), np.concatenate([plain, late])) > 0.01
    close(path(ours.fresh(), X, G[:5])[-1], (X + plain[-1]) / 2)


@seeded
def test_ema_is_torchs_averaged_model(seed):
    lr, decay, *_ = drawn(seed)
    weights = nn.Parameter(torch.tensor(X))
    holder = nn.ParameterList([weights])
    average = swa_utils.AveragedModel(holder, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(decay))
    inner, rule, x = torch.optim.Adam([weights], lr=lr), ol.EMA(ol.Adam(lr=lr), decay=decay), X
    for g in G:
        weights.grad = torch.tensor(g)
        inner.step()
        average.update_parameters(holder)
        x = rule.step(x, g)
        close(rule.evaluation_point(x), average.module[0].detach().numpy())
    close(x, weights.detach().numpy())


def test_an_average_that_is_corrected_for_a_start_at_zero_forgets_the_first_point_sooner():
    """optax.ema: both have the first point at first; with decay 0.9 one of them still half of it after six steps."""
    rule, x, corrected, weights = ol.EMA(ol.GradientDescent(lr=1.0), decay=0.9), 1.0, 0.0, []
    for t in range(1, 8):
        x = rule.step(x, x if t == 2 else 0.0)  # a path that is 1 once, and then 0
        corrected = 0.9 * corrected + 0.1 * x
        weights.append((rule.evaluation_point(x), corrected / (1 - 0.9**t)))
    np.testing.assert_allclose(weights[0], [1, 1])
    np.testing.assert_allclose(weights[6], [0.9**6, 0.1 * 0.9**6 / (1 - 0.9**7)])


class SamOfKozistr:
    """As `torch_path` steps: the loss is g x + x² / 4, whose gradient is known at both points."""

    def __init__(self, params, **options):
        (self.weights,), self.sam = params, KOZISTR.SAM(params, torch.optim.SGD, **options)
        self.state = self.sam.state

    def step(self):
        g = self.weights.grad.clone()
        self.weights.grad = g + self.weights.detach() / 2
        self.sam.first_step(zero_grad=True)
        self.weights.grad = g + self.weights.detach() / 2
        self.sam.second_step()


@seeded
def test_sam_is_pytorch_optimizers_but_for_its_norm_in_float32(seed):
    lr, beta, *_, rho = drawn(seed)
    rule, x, other, points = ol.SAM(ol.Momentum(lr=lr, beta=beta), rho=rho), X, X, []
    plain = rule.fresh()
    for g in G:
        norm = torch.tensor(g + x / 2).norm()
        rule.set("rho", (rho / (norm.float().square().sqrt() + 1e-12)).item() * norm.item())
        x, other = (
            each.step(at, g + at / 2, lambda point, g=g: g + point / 2) for each, at in ((rule, x), (plain, other))
        )
        points.append(x)
    theirs = torch_path(SamOfKozistr, X, G, lr=lr, momentum=beta, rho=rho)
    close(np.array(points), theirs)
    assert 1e-12 < difference(other, theirs[-1]) < 1e-7


@seeded
def test_cautious_is_pytorch_optimizers_lion(seed):
    lr, beta1, beta2, _ = drawn(seed)
    ours = ol.Cautious(ol.Lion(lr=lr, beta1=beta1, beta2=beta2, weight_decay=0.0))
    close(path(ours, X, G), torch_path(KOZISTR.Lion, X, G, lr=lr, betas=(beta1, beta2), cautious=True))


def test_the_newer_normalization_of_cautious_is_another():
    """timm and the authors' code divide the mask by its mean: longer by 1 + 1 / (number of parts taken)."""
    rule, momentum, x = ol.Cautious(ol.Momentum(lr=0.1)), ol.Momentum(lr=0.1), X
    for g in G[:30]:
        step, plain = x - rule.step(x, g), x - momentum.step(x, g)
        mask = (plain * g > 0).astype(float)
        newer = plain * mask / np.maximum(mask.mean(), 1e-3)
        close(step * (1 + 1 / mask.sum()), newer, 1e-9)
    with pytest.raises(AssertionError):
        close(step, newer, 0.01)


def test_clipping_is_torchs_but_for_what_torch_adds_to_the_norm():
    by_norm, by_value = ol.ClipNorm(ol.GradientDescent(lr=1.0), max_norm=0.7), ol.ClipValue(lr=1.0, max_value=0.4)
    for g in G:
        weights, norm = nn.Parameter(torch.tensor(X)), np.linalg.norm(g)
        weights.grad = torch.tensor(g)
        nn.utils.clip_grad_norm_([weights], 0.7)
        ours = X - by_norm.step(X, g)
        close(ours * min(1.0, 0.7 / (norm + 1e-6)) / min(1.0, 0.7 / norm), weights.grad.numpy())
        weights.grad = torch.tensor(g)
        nn.utils.clip_grad_value_([weights], 0.4)
        close(X - by_value.step(X, g), weights.grad.numpy())
    assert 1e-8 < difference(X - (X - 0.7 * g / norm), 0.7 * g / (norm + 1e-6)) < 1e-5


@seeded
def test_decay_around_adam_is_adamw(seed):
    lr, *betas, decay = drawn(seed)
    ours = path(ol.WeightDecay(ol.Adam(lr=lr, beta1=betas[0], beta2=betas[1]), weight_decay=decay), X, G)
    close(ours, torch_path(torch.optim.AdamW, X, G, lr=lr, betas=betas, weight_decay=decay))


# --- composing -----------------------------------------------------------------------------------------------


def fits(outer, inner):
    gradient = "gradient" in inner.reads or "gradient" not in outer.needs
    rate = "lr" in inner.hypers or "lr" not in outer.needs
    ends = not ("end" in outer.needs and has_another_evaluation_point(inner))
    return gradient and rate and ends and {outer.sees, inner.sees} != {"matrix", "group"}


def walk(rule, steps=8, x=X[0]):
    given = {
        "gradient": lambda x: x, "hessian": lambda x: np.eye(len(x)),
        "function": lambda x: lambda y: (y**2).sum(-1) / 2, "gradient_function": lambda x: lambda y: y,
    }  # fmt: skip
    points = []
    for _ in range(steps):
        x = rule.step(x, *[given[name](x) for name in rule.reads])
        points.append(x)
    return np.array(points)


@pytest.mark.parametrize("outer", WRAPPERS, **named)
def test_it_goes_around_every_rule(outer):
    """Nothing of the rule inside is written over: its state is what it is alone, wherever it steps from there."""
    own = outer()
    walk(own)
    for inner in INSIDE:
        if not fits(outer, inner):
            with pytest.raises(TypeError, match=f"^{outer.__name__}"):
                outer(inner)
            continue
        rule, alone = outer(inner), inner()
        assert walk(rule).shape == (8, 3)
        walk(alone)
        assert alone.state.keys() <= rule.state.keys()
        assert len(rule.state) == len(alone.state) + len(own.state)
        twin = pickle.loads(pickle.dumps(rule))
        assert (repr(twin), type(twin), twin.t, twin.sees) == (repr(rule), type(rule), 8, rule.sees)
        np.testing.assert_array_equal(walk(twin, 3), walk(copy.deepcopy(rule), 3))


PAIRS = [(outer, inner) for outer, inner in itertools.permutations(WRAPPERS, 2)
         if not ("point" in outer.needs and inner is ol.ScheduleFree)
         and not ("end" in outer.needs and has_another_evaluation_point(inner))]  # fmt: skip


@pytest.mark.parametrize("inner", [ol.ScheduleFree(ol.Adam), ol.ScheduleFree, ol.ClipNorm(ol.EMA(ol.ScheduleFree))],
                         ids=repr)  # fmt: skip
@pytest.mark.parametrize("outer", [ol.WeightDecay, ol.Cautious, ol.Lookahead], ids=lambda cls: cls.__name__)
def test_what_moves_the_point_is_refused_around_a_path_of_its_own(outer, inner):
    """Schedule-Free goes on from what it remembers: a decay around it changed no number."""
    with pytest.raises(TypeError, match=rf"{outer.__name__}: rule=.*ScheduleFree.* put {outer.__name__} inside"):
        outer(inner)
    ol.ScheduleFree(outer(ol.Adam))


@pytest.mark.parametrize("cls", [c for c in ol.OPTIMIZERS.values() if c.reads == ("gradient",)], **named)
def test_who_has_a_path_of_its_own_says_so(cls):
    rule = cls()
    x = walk(rule, 6)[-1]
    moved = copy.deepcopy(rule).advance(x + 1e-3, x) - rule.advance(x, x)
    assert np.allclose(moved, 0) == has_path_of_its_own(cls)


@pytest.mark.parametrize(("outer", "inner"), PAIRS, ids=lambda cls: cls.__name__)
def test_two_go_around_each_other(outer, inner):
    rule = outer(inner(ol.Momentum(lr=0.05, beta=0.5)))
    assert repr(rule).startswith(f"{outer.__name__}({inner.__name__}(Momentum(lr=0.05, beta=0.5)")
    assert rule.sees == max(outer().sees, inner().sees, key=["number", "tensor", "group"].index)
    assert np.abs(walk(rule, 200)).max() < 0.5
    assert rule.t == 200
    np.testing.assert_array_equal(walk(rule.reset(), 5), walk(pickle.loads(pickle.dumps(rule.fresh())), 5))


def test_hyper_parameters_of_both_are_at_hand():
    rule = ol.ScheduleFree(ol.Lookahead(ol.Momentum(lr=0.5, beta=0.25), k=2), beta=0.75)
    assert rule.settings() == {"lr": 0.5, "beta": 0.75, "rule_beta": 0.25, "k": 2, "alpha": 0.5}
    assert repr(rule) == "ScheduleFree(Lookahead(Momentum(lr=0.5, beta=0.25), k=2, alpha=0.5), beta=0.75)"
    assert (rule.lr, rule.beta, rule.rule_beta) == (0.5, 0.75, 0.25)
    assert ol.Lookahead(ol.Adam, lr=0.5).lr == 0.5
    rule.set("lr", 0.125)
    assert rule.lr == 0.125
    with pytest.raises(ValueError, match=r"ScheduleFree\(Momentum\): rule_beta=2.0 is outside"):
        ol.ScheduleFree(ol.Momentum, rule_beta=2.0)


def test_a_brief_class_is_shown_without_what_is_at_its_default_and_with_arrays_by_their_shape():
    rule = ol.translate("optax", "amsgrad", learning_rate=np.array([0.1, 0.2]))
    assert repr(rule) == "CorrectedAMSGrad(lr=array of shape (2,))"
    rule.set("beta1", np.array([0.5, 0.9]))
    assert repr(rule) == "CorrectedAMSGrad(lr=array of shape (2,), beta1=array of shape (2,))"


def test_each_of_two_of_a_name_has_its_own():
    """Lookahead's alpha beside ASGD's; the rule inside steps as it does alone."""
    rule, alone = ol.Lookahead(ol.ASGD(lr=0.1, alpha=0.5), k=3, alpha=0.25), ol.ASGD(lr=0.1, alpha=0.5)
    np.testing.assert_array_equal(walk(rule, 2), walk(alone, 2))
    x = walk(alone.reset(), 3)[-1]
    close(walk(rule.reset(), 3)[-1], X[0] + 0.25 * (x - X[0]))
    three = ol.ScheduleFree(two := StepMean(ol.Momentum(lr=0.1, beta=0.9), beta=0.5), beta=0.0)
    assert three.settings() == {"lr": 0.1, "beta": 0.0, "rule_beta": 0.5, "rule_rule_beta": 0.9, "inside": False}
    np.testing.assert_array_equal(walk(three), walk(two))


def test_schedules_of_the_rule_inside_are_followed():
    cosine = ol.schedules.Cosine(0.5, steps=9)
    np.testing.assert_array_equal(walk(ol.EMA(ol.GradientDescent(lr=cosine))), walk(ol.GradientDescent(lr=cosine)))
    norm = ol.ClipNorm(ol.GradientDescent(lr=ol.schedules.ByGradientNorm(0.5)))
    assert norm.reads_of_schedules() == {"gradient_norm"}
    assert walk(norm).shape == (8, 3)


@pytest.mark.parametrize(("make", "fault"), [
    (lambda: ol.Lookahead(3), "Lookahead: rule=3 must be an optimizer.*hyper-parameters have names: lr, k, alpha"),
    (lambda: ol.Lookahead(ol.Adam, 5), r"Lookahead\(Adam\) got 5 without a name; its hyper-parameters are lr, beta1"),
    (lambda: ol.Lookahead(ol.Adam, q=5), r"Lookahead\(Adam\) got q=5; its hyper-parameters are"),
    (lambda: ol.Lookahead(ol.EMA(ol.Lookahead)), None),
    (lambda: ol.EMA(ol.EMA), "EMA: rule=EMA has a EMA in it already"),
    (lambda: ol.Cautious(ol.ClipNorm(ol.EMA)), r"Cautious: rule=ClipNorm\(EMA\) is evaluated.* put Cautious inside"),
    (lambda: ol.SAM(ol.Muon), "SAM sees a group and Muon a matrix"),
    (lambda: ol.SAM(ol.GeneticAlgorithm), "SAM: rule=GeneticAlgorithm reads no gradient, which SAM needs"),
    (lambda: ol.SAM().step(1.0, 1.0, 3), "SAM.step reads the gradient as a function, but got 3"),
])  # fmt: skip
def test_what_cannot_be_is_said(make, fault):
    with pytest.raises(TypeError, match=fault or "has a Lookahead in it already"):
        make()


def test_a_readers_own_rule_goes_inside_and_around():
    class Half(ol.optimizers.Optimizer):
        def update(self, x, g):
            return x - g / 2

    class Negated(Around):
        """Goes uphill."""

        def update(self, x, g):
            return super().update(x, -g)

    assert ol.Lookahead(Half, k=1, alpha=0.5).step(1.0, 1.0) == 0.75
    assert Negated(Half).step(1.0, 1.0) == 1.5
    assert Negated(ol.ClipValue(ol.GradientDescent(lr=1.0), max_value=0.25)).step(1.0, 1.0) == 1.25
    assert ol.EMA(Negated(lr=1.0)).sees == Negated.sees == None  # noqa: E711  (nobody has checked it)


# --- what is evaluated ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", ol.OPTIMIZERS.values(), **named)
def test_the_point_to_evaluate_is_like_the_point(cls):
    rule = cls()
    np.testing.assert_array_equal(rule.evaluation_point(X[0]), X[0])
    x = walk(rule, 7)[-1]
    point = rule.evaluation_point(x)
    assert (point.shape, point.dtype) == (x.shape, x.dtype)
    kept = cls in (ol.ASGD, ol.EMA, ol.Lookahead, ol.ScheduleFree)
    assert kept == (not np.array_equal(point, x))
    if cls.sees == "number" and cls.reads == ("gradient",):
        alone = cls()
        assert isinstance(alone.evaluation_point(alone.step(1.0, 1.0)), float)


def test_of_rules_around_each_other_the_outermost_decides():
    rule = ol.EMA(ol.Lookahead(ol.GradientDescent(lr=0.1), k=2), decay=0.5)
    x = walk(rule, 3)[-1]
    np.testing.assert_array_equal(rule.evaluation_point(x), rule.ema_weights)
    rule = ol.ClipNorm(ol.Lookahead(ol.GradientDescent(lr=0.1), k=2))
    x = walk(rule, 3)[-1]
    np.testing.assert_array_equal(rule.evaluation_point(x), rule.slow_weights)


def test_averages_lie_nearer_to_the_minimum_than_noisy_points():
    for rule in (ol.EMA(ol.GradientDescent(lr=0.5)), ol.ScheduleFree(ol.GradientDescent(lr=0.5))):
        x, noise = np.ones(200), np.random.default_rng(0)
        for _ in range(400):
            x = rule.step(x, x + noise.standard_normal(200))
        assert np.linalg.norm(rule.evaluation_point(x)) < 0.7 * np.linalg.norm(x)


@pytest.mark.parametrize("rule", [
    ol.ASGD(lr=0.05), ol.EMA(ol.YellowFin), ol.Lookahead(ol.Muon(lr=0.1), k=3), ol.ScheduleFree(ol.Adam(lr=0.1))
], ids=repr)  # fmt: skip
def test_minimize_records_the_points_to_evaluate(rule):
    f = ol.FUNCTIONS["booth"]
    trained, judged = ol.minimize(f, rule, steps=20), ol.minimize(f, rule, steps=20, evaluated=True)
    batch = ol.minimize(f, rule, [f.start, np.zeros(2)], steps=20, evaluated=True)
    alone = rule.fresh()
    for x, point, shown in zip(trained.x[:-1], trained.x[1:], judged.x[1:], strict=True):
        alone.step(x, f.grad(x))
        close(shown, alone.evaluation_point(point))
    close(batch.x[:, 0], judged.x)
    close(judged.f, f(judged.x))


@pytest.mark.parametrize(("rule", "other"), [
    (ol.ASGD, "alpha"), (ol.EMA(ol.Momentum), "decay"), (ol.Lookahead, "alpha"), (ol.ScheduleFree, "beta"),
])  # fmt: skip
def test_pictures_judge_what_is_to_be_evaluated(rule, other):
    f, rates, run = ol.FUNCTIONS["sphere"], [0.05, 0.1], {"start": (3.0, -2.0), "steps": 20}
    race = ol.race(f, [rule, ol.Momentum], tune=True, rates=rates, **run)
    averaged, plain = (ol.minimize(f, path.rule, **run, evaluated=True) for path in race.paths)
    for row, judged in zip(race.table, (averaged, plain), strict=True):
        assert (row["score"], row["f"]) == pytest.approx((judged.worst_late, judged.f[-1]))
    assert [row["average"] for row in race.table] == [True, False]
    assert repr(race).count("judged by its average") == 1
    heatmap = ol.heatmap(f, rule, "lr", other, xs=rates, ys=[0.2, 0.8], **run)
    for j, i in np.ndindex(2, 2):
        values = averaged.rule.settings() | {"lr": rates[i], other: heatmap.ys[j]}
        judged = ol.minimize(f, type(averaged.rule)(**values), **run, evaluated=True)
        close(heatmap.values[j, i], judged.worst_late)
        close(heatmap.path(**{"lr": rates[i], other: heatmap.ys[j]}).x, judged.x)
    assert "judged by the average" in " ".join(heatmap.picture.figure.get_suptitle().split())
    assert data_in(heatmap.html())["rules"][0]["evaluated"] is True


def test_a_dict_of_weights_has_a_dict_to_evaluate():
    params, grads = {"a": X, "b": np.array(1.5)}, {"a": X, "b": np.array(0.5)}
    for rule in (ol.EMA(ol.GradientDescent(lr=0.1), decay=0.5), ol.EMA(ol.ClipNorm(lr=0.1, max_norm=99.0), decay=0.5)):
        driver, now = ol.DictOptimizer(rule), params
        assert driver.evaluation_point(now) is not now
        for _ in range(3):
            now = driver.step(now, grads)
        means = driver.evaluation_point(now)
        close(means["a"], X - 0.1 * 2.25 * X)
        assert means["b"] == pytest.approx(1.5 - 0.1 * 2.25 * 0.5)


@pytest.mark.parametrize("rule", [
    ol.Lookahead(ol.Adam(lr=0.25, beta1=0.5), k=3), ol.EMA(ol.ClipNorm(ol.Momentum(lr=0.5))), ol.ScheduleFree(lr=0.5),
    ol.ScheduleFree(ol.Momentum(beta=0.5), beta=0.75), ol.EMA(ol.ClipNorm),
], ids=repr)  # fmt: skip
def test_the_code_that_explore_gives_makes_the_same_rule(rule):
    explorer = ol.explore(ol.FUNCTIONS["booth"], rule, steps=5)
    code = explorer.code.replace("ol.plots.contour(f, path)", "")
    names = {"ol": ol}
    exec(code, names)
    assert repr(names["path"].rule) == repr(rule)


# --- state of both -------------------------------------------------------------------------------------------


class Heavy(Around):
    """Velocity before the rule."""

    needs = ("gradient",)

    def init(self, x):
        super().init(x)
        self.m = 0 * x

    def update(self, x, g, *others):
        self.m = 0.9 * self.m + g
        return super().update(x, self.m, *others)


class Counted(Around):
    """Its hyper-parameter has the name of what `Counting` keeps."""

    k: int = ol.hyper(5, "k", "[1, inf)", doc="any number")


class Counting(ol.optimizers.Optimizer):
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)", doc="learning rate")

    def init(self, x):
        self.k = 0

    def update(self, x, g):
        self.k += 1
        self.ema_weights = x
        return x - self.lr / self.k * g


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Heavy(ol.Adam(lr=0.1)), "Heavy: both Heavy and rule=Adam keep self.m, "),
    (lambda: ol.EMA(Heavy(ol.Adam)), "both Heavy and rule=Adam keep self.m, "),
    (lambda: Heavy(ol.EMA(ol.Adam)), r"both Heavy and rule=EMA\(Adam\) keep self.m, "),
    (lambda: Counted(Counting), "both Counted and rule=Counting keep self.k, "),
    (lambda: ol.EMA(Counting), "both EMA and rule=Counting keep self.ema_weights, "),
])  # fmt: skip
def test_two_that_would_share_a_state_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


class HeavyToo(Around):
    """`Heavy` with a name of its own."""

    needs = ("gradient",)

    def init(self, x):
        super().init(x)
        self.velocity = 0 * x

    def update(self, x, g, *others):
        self.velocity = 0.9 * self.velocity + g
        return super().update(x, self.velocity, *others)


def test_a_wrapper_of_ones_own_with_names_of_its_own_gives_the_rule_what_it_says():
    rule, x, velocity, points = ol.Adam(lr=0.1), X, 0 * X, []
    for g in G:
        velocity = 0.9 * velocity + g
        points.append(x := rule.step(x, velocity))
    close(path(HeavyToo(ol.Adam(lr=0.1)), X, G)[-1], points[-1], 1e-12)
    assert Heavy(ol.GradientDescent).step(1.0, 1.0) == HeavyToo().step(1.0, 1.0)


def rule_with(parent, **fields):
    return type("Own", (parent,), {"__module__": __name__, "__annotations__": {}, "needs": ("gradient",), **fields})


def note(self, g):
    self.beta = g


@pytest.mark.parametrize(("wrapper", "inner", "name"), [
    (dict(scale=lambda self: 2.0), rule_with(ol.GradientDescent, scale=lambda self: 0.5), "scale"),
    (dict(decay=0.5), rule_with(ol.GradientDescent, decay=0.9), "decay"),
    (dict(k=2), ol.Lookahead(ol.GradientDescent), "k"),
    (dict(note=note, sees="tensor"), ol.Momentum, "beta"),
])  # fmt: skip
def test_names_of_classes_are_shared_too_and_refused(wrapper, inner, name):
    with pytest.raises(TypeError, match=f"both Own and rule=.* keep self.{name}, "):
        rule_with(Around, **wrapper)(inner)


def test_what_a_wrapper_means_to_share_it_shares():
    """A restart: the velocity of the rule inside is forgotten where it points uphill."""

    class Restart(Around):
        needs, sees = ("gradient",), "tensor"

        def update(self, x, g, *others):
            if self.inner(g, self.v) < 0:
                self.v = 0 * x
            return super().update(x, g, *others)

    with pytest.raises(TypeError, match=r"write shares = \('v',\) in Restart"):
        Restart(ol.Momentum)
    Restart.shares = ("v",)
    restart = Restart(ol.Momentum(lr=0.1))
    plain = ol.Momentum(lr=0.1)
    ends = [path(rule, np.array([1.0]), [np.array([g]) for g in (1.0, 1.0, -1.0)])[-1] for rule in (restart, plain)]
    close(ends[0] - ends[1], 0.1 * 0.9 * 1.9)
