"""Simulated annealing and the genetic algorithm against what their theory predicts, with stated error bounds."""

import pickle

import numpy as np
import pytest
import torch

import optlib as ol

TWO_BASINS = ol.objective(
    lambda x, y: (x**2 - 1) ** 2 + 0.4 * x + y**2,
    grad=lambda x, y: (4 * x * (x**2 - 1) + 0.4, 2 * y),
    domain=((-2, 2), (-2, 2)),
    start=(1.3, 0.5),
)
RULES = [ol.SimulatedAnnealing, ol.GeneticAlgorithm]


def walk(rule, f, x, steps):
    points = [x]
    for _ in range(steps):
        points.append(rule.step(points[-1], f))
    return points


def bowl(x):
    return (x**2).sum(axis=-1)


# --- both ----------------------------------------------------------------------------------------------------


def test_find_the_lower_basin_where_gradient_descent_does_not():
    descent = ol.minimize(TWO_BASINS, ol.GradientDescent(lr=0.05), steps=500)
    assert descent.end[0] > 0.9
    starts = np.tile(TWO_BASINS.start, (200, 1))
    cooled = ol.minimize(TWO_BASINS, ol.SimulatedAnnealing(temperature=2.0, cooling=0.99), starts, steps=600)
    bred = ol.minimize(TWO_BASINS, ol.GeneticAlgorithm(scale=1.0), starts, steps=60)
    assert np.mean(cooled.end[:, 0] < 0) >= 0.95
    assert np.mean(bred.end[:, 0] < 0) >= 0.95


@pytest.mark.parametrize("rule", RULES)
def test_numpy_and_torch_see_the_same_numbers(rule):
    x = np.random.default_rng(0).standard_normal((6, 3))
    ours = walk(rule(seed=4), bowl, x, 25)
    theirs = walk(rule(seed=4), bowl, torch.tensor(x), 25)
    np.testing.assert_allclose(torch.stack(theirs).numpy(), np.array(ours), rtol=1e-14, atol=1e-14)
    assert walk(rule(), bowl, x.astype("f4"), 3)[-1].dtype == np.float32
    assert walk(rule(), bowl, torch.tensor(x).float(), 3)[-1].dtype == torch.float32


@pytest.mark.parametrize("rule", RULES)
def test_seed_pickle_and_reset(rule):
    x = np.ones((2, 3))
    whole = walk(rule(seed=1), bowl, x, 20)
    first = rule(seed=1)
    half = walk(first, bowl, x, 10)
    rest = walk(pickle.loads(pickle.dumps(first)), bowl, half[-1], 10)
    np.testing.assert_array_equal(np.array(half[:-1] + rest), whole)
    np.testing.assert_array_equal(walk(first.reset(), bowl, x, 20), whole)
    assert not np.array_equal(walk(rule(seed=2), bowl, x, 20), whole)


@pytest.mark.parametrize("rule", RULES)
def test_what_they_are_given_is_not_written_to(rule):
    x = np.ones((2, 3))
    opt = rule()
    for _ in range(5):
        y = opt.step(x, bowl)
        y += 100.0
    np.testing.assert_array_equal(x, np.ones((2, 3)))
    kept = opt.best if rule is ol.SimulatedAnnealing else opt.individuals[0]
    assert np.abs(kept).max() < 50


@pytest.mark.parametrize("rule", RULES)
def test_bad_input_is_named(rule):
    name = rule.__name__
    with pytest.raises(ValueError, match=f"{name}: x=1.0 has no axes"):
        rule().step(1.0, lambda x: x**2)
    with pytest.raises(ValueError, match=f"{name}: f returned shape .* one value a point"):
        rule().step(np.ones((4, 2)), lambda x: x**2)
    with pytest.raises(TypeError, match=f"{name}.step reads the function itself"):
        rule().step(np.ones(2), np.ones(2))
    with pytest.raises((TypeError, ValueError), match="seed"):
        rule(seed=-1)


@pytest.mark.parametrize("rule", RULES)
def test_nan_and_infinity_beside_the_path_are_avoided(rule):
    def half_plane(x):
        return np.where(x[..., 0] < 0, np.nan, np.where(x[..., 0] > 3, np.inf, bowl(x)))

    points = np.array(walk(rule(scale=2.0), half_plane, np.ones((20, 2)), 60))
    assert ((points[..., 0] >= 0) & (points[..., 0] <= 3)).all()


# --- simulated annealing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_rise_is_accepted_with_probability_exp_of_minus_rise_over_temperature(temperature):
    def step_up(x):  # 0 at the start, 1 everywhere else: each proposal is a rise of 1
        return np.where(x[..., 0] == 0, 0.0, 1.0)

    n, x = 40_000, np.zeros((40_000, 1))
    accepted = np.mean(ol.SimulatedAnnealing(temperature=temperature).step(x, step_up) != 0)
    p = np.exp(-1 / temperature)
    assert abs(accepted - p) < 4 * np.sqrt(p * (1 - p) / n)  # four standard errors


def test_better_is_always_accepted_and_at_temperature_zero_nothing_else():
    x = np.random.default_rng(0).standard_normal((2000, 2))
    for temperature in (0.0, 5.0):
        new = ol.SimulatedAnnealing(temperature=temperature, seed=3).step(x, bowl)
        proposal = x + 0.5 * np.random.default_rng(3).standard_normal(x.shape)
        better = bowl(proposal) <= bowl(x)
        np.testing.assert_array_equal(new[better], proposal[better])
        if temperature == 0:
            np.testing.assert_array_equal(new[~better], x[~better])


def test_stationary_distribution_at_a_fixed_temperature():
    """On k x^2 / 2 the walk samples a Gaussian of variance T / k; each detail is checked to four standard errors."""
    n, k, T = 20_000, 2.0, 0.5
    rule = ol.SimulatedAnnealing(scale=1.0, temperature=T, cooling=1.0)
    x = walk(rule, lambda x: k * x[..., 0] ** 2 / 2, np.zeros((n, 1)), 60)[-1][:, 0]
    variance = T / k
    assert abs(np.mean(x)) < 4 * np.sqrt(variance / n)
    assert abs(np.var(x) / variance - 1) < 4 * np.sqrt(2 / n)
    inside = np.mean(np.abs(x) < np.sqrt(variance))
    assert abs(inside - 0.682689) < 4 * np.sqrt(0.682689 * 0.317311 / n)


def test_detailed_balance_between_cells():
    """In the stationary state as many walkers go from one cell to another as come back."""
    n, k, T = 40_000, 2.0, 0.5
    x = np.random.default_rng(9).normal(0, np.sqrt(T / k), size=(n, 1))
    new = ol.SimulatedAnnealing(scale=0.7, temperature=T, seed=5).step(x, lambda x: k * x[..., 0] ** 2 / 2)
    edges = [-0.5, 0.0, 0.3]
    flow = np.zeros((4, 4))
    np.add.at(flow, (np.digitize(x[:, 0], edges), np.digitize(new[:, 0], edges)), 1)
    assert (np.abs(flow - flow.T) <= 4 * np.sqrt(flow + flow.T)).all()
    assert flow[0, 3] > 300


def test_temperature_falls_geometrically_or_as_a_schedule_says():
    x = np.zeros((300, 2))
    geometric = walk(ol.SimulatedAnnealing(temperature=2.0, cooling=0.9), bowl, x, 30)
    schedule = ol.SimulatedAnnealing(temperature=lambda t: 2.0 * 0.9**t, cooling=1.0)
    np.testing.assert_array_equal(walk(schedule, bowl, x, 30), geometric)
    assert np.mean(bowl(geometric[-1])) < 0.5 * np.mean(bowl(geometric[5]))


def test_best_is_the_lowest_point_of_the_path():
    rule = ol.SimulatedAnnealing(temperature=3.0, cooling=1.0)
    points = np.array(walk(rule, bowl, np.full((7, 2), 0.4), 80))
    heights = bowl(points)
    np.testing.assert_array_equal(rule.best_value[:, 0], heights.min(axis=0))
    np.testing.assert_array_equal(rule.best, points[heights.argmin(axis=0), np.arange(7)])
    assert (heights[-1] > heights.min(axis=0)).any()


def test_a_temperature_for_each_point_but_not_for_each_coordinate():
    hot_and_cold = ol.SimulatedAnnealing(temperature=np.array([[5.0], [0.0]]), cooling=1.0)
    points = np.array(walk(hot_and_cold, bowl, np.ones((2, 2)), 100))
    rises = (np.diff(bowl(points), axis=0) > 0).any(axis=0)
    assert rises.tolist() == [True, False]
    with pytest.raises(ValueError, match="temperature has shape"):
        ol.SimulatedAnnealing(temperature=np.array([1.0, 2.0])).step(np.ones(2), bowl)


# --- genetic algorithm ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [np.full(2, 3.0), np.full((5, 4), 3.0), np.full((2, 3, 2), -2.0)])
def test_best_value_never_rises_and_falls_far(start):
    heights = bowl(np.array(walk(ol.GeneticAlgorithm(), bowl, start, 80)))
    assert (np.diff(heights, axis=0) <= 0).all()
    assert (heights[-1] < 1e-2 * heights[0]).all()


def test_returned_point_is_the_best_individual_and_the_rest_is_in_order():
    rule = ol.GeneticAlgorithm(population=13)
    x = walk(rule, bowl, np.full((3, 2), 2.0), 6)[-1]
    assert rule.individuals.shape == (13, 3, 2)
    np.testing.assert_array_equal(rule.individuals[0], x)
    assert (np.diff(bowl(rule.individuals), axis=0) >= 0).all()


def test_first_generation_lies_around_the_start_with_the_given_width():
    rule = ol.GeneticAlgorithm(population=20_000, scale=0.3)
    rule.step(np.array([5.0, -5.0]), bowl)
    np.testing.assert_allclose(rule.individuals.mean(axis=0), [5.0, -5.0], atol=4 * 0.3 / np.sqrt(20_000))
    np.testing.assert_allclose(rule.individuals.std(axis=0), 0.3, rtol=4 / np.sqrt(40_000))


def test_children_without_reach_and_mutation_stay_among_their_parents():
    rule = ol.GeneticAlgorithm(alpha=0.0, mutation=0.0)
    x = rule.step(np.full((4, 3), 2.0), bowl)
    low, high = rule.individuals.min(axis=0), rule.individuals.max(axis=0)
    for _ in range(10):
        x = rule.step(x, bowl)
        assert ((rule.individuals >= low) & (rule.individuals <= high)).all()


@pytest.mark.parametrize("alpha", [0.0, 0.366, 0.5])
def test_crossover_changes_the_variance_as_computed(alpha):
    """Without selection a child's variance is 1/2 + (1 + 2 alpha)^2 / 6 times its parents': 0.366 preserves it."""
    rule = ol.GeneticAlgorithm(population=20_000, alpha=alpha, mutation=0.0, tournament=1)
    x = rule.step(np.zeros(2), lambda x: 0 * x[..., 0])
    before = rule.individuals.var(axis=0)
    rule.step(x, lambda x: 0 * x[..., 0])
    factor = 1 / 2 + (1 + 2 * alpha) ** 2 / 6
    np.testing.assert_allclose(rule.individuals.var(axis=0) / before, factor, rtol=0.05)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_tournaments_choose_ranks_with_the_known_probability(k):
    """The best of k draws has rank at least r with probability (1 - r/n)^k."""
    n = 10_000
    rule = ol.GeneticAlgorithm(population=n, tournament=k)
    rule.step(np.zeros(1), bowl)
    order = np.arange(n, dtype=float)[:, None]
    rule.individuals = order
    ranks = rule._winners()[:, 0]
    for share in (0.1, 0.5, 0.8):
        p = (1 - share) ** k
        assert abs(np.mean(ranks >= share * n) - p) < 4 * np.sqrt(p * (1 - p) / n)


def test_mutations_are_as_frequent_and_wide_as_stated():
    rule = ol.GeneticAlgorithm(population=20_000, alpha=0.0, mutation=0.2, scale=2.0, decay=0.5, tournament=1)
    rule.step(np.zeros(1), lambda x: 0 * x[..., 0])
    rule.individuals = np.zeros((20_000, 1))  # equal parents: whatever moves has mutated
    rule.step(np.zeros(1), lambda x: 0 * x[..., 0])
    moved = rule.individuals[rule.individuals != 0]
    assert abs(moved.size / 20_000 - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 20_000)
    assert moved.std() == pytest.approx(2.0 * 0.5, rel=4 / np.sqrt(2 * moved.size))  # once decayed


def test_settings_of_a_batch_act_on_their_own_point():
    scale = np.array([[1e-6], [1.0]])
    x = walk(ol.GeneticAlgorithm(scale=scale), bowl, np.full((2, 2), 3.0), 20)[-1]
    assert bowl(x)[0] > 17.9
    assert bowl(x)[1] < 1.0
