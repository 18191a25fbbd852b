"""Search without gradient: one point that cools down, and a population that breeds.

Both rules read the function itself.  It is called with points of shape (..., d) and returns values of shape (...),
as the functions of this course do.  All chance comes from one NumPy generator in the state, so that NumPy and torch
see the same numbers and a pickled run goes on exactly.
"""

import numpy as np

from ..arrays import is_array, like, where
from ..registry import hyper, register
from .base import Optimizer


@register
class SimulatedAnnealing(Optimizer):
    r"""A random walk that always accepts what is better, and what is worse the more rarely the colder it is.

    Formula:
        $$T_t = T\, c^{\,t-1} \qquad x' = x_{t-1} + \sigma z \qquad z \sim \mathcal N(0, I)$$
        $$x_t = \begin{cases} x' & \text{with probability } \min\!\bigl(1,\ e^{-(f(x') - f(x_{t-1}))/T_t}\bigr) \\
          x_{t-1} & \text{else} \end{cases}$$

    Source:
        S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi (1983), Optimization by Simulated Annealing, Science 220, 671-680;
        the acceptance: N. Metropolis, A. W. Rosenbluth, M. N. Rosenbluth, A. H. Teller, E. Teller (1953), Equation
        of State Calculations by Fast Computing Machines, Journal of Chemical Physics 21, 1087-1092.

    Convention:
        Geometric cooling, once a step (the paper cools after many steps at one temperature).  The proposal is
        Gaussian and moves all coordinates at once; its width sigma stays constant.  For cooling = 1 this is
        Metropolis sampling of the density proportional to exp(-f/T).

    Elsewhere:
        Not among the recorded runs of other libraries.

        SciPy's dual_annealing is another method: heavy-tailed proposals, another acceptance, and local searches.

    Memory:
        1 number per parameter (best), and for each point 1 number (best_value).

    When:
        No gradient, many hills, few coordinates, and a function that is cheap to call.  With a gradient, restarts of
        a descent are mostly the better buy.

    Notes:
        The last axis of x holds the coordinates of a point; in a batch each point walks and accepts by itself.
        The path may climb: the best point so far is kept in ``best``, its value in ``best_value`` of shape (..., 1).
        Each step calls f at x and at the proposal.  A proposal at which f is NaN or +infinity is not accepted.
    """

    sees = "group"
    reads = ("function",)

    scale: float = hyper(0.5, r"\sigma", "(0, inf)", slider=(0.01, 5.0), log=True, doc="width of the proposal")
    temperature: float = hyper(1.0, "T", "[0, inf)", slider=(0.01, 100.0), log=True, doc="rise taken with chance 1/e")
    cooling: float = hyper(0.99, "c", "(0, 1]", slider=(0.9, 1.0), doc="factor on the temperature, once a step")
    seed: int = hyper(0, r"\text{seed}", "[0, inf)", slider=(0, 99), doc="seed of the random numbers")

    def init(self, x):
        _check_axes(self, x)
        _check_one_per_point(self, "temperature", "cooling")
        self.rng = np.random.default_rng(self.seed)
        self.best = 1.0 * x
        self.best_value = like(np.full((*x.shape[:-1], 1), np.inf), x)

    def update(self, x, f):
        value = _values(self, f, x)
        proposal = x + self.scale * like(self.rng.standard_normal(x.shape), x)
        proposed = _values(self, f, proposal)
        # u < exp(-rise/T) for a uniform u, taken to the logarithm: nothing overflows, and T = 0 is allowed.
        chance = like(self.rng.standard_exponential(value.shape), x)
        accept = proposed - value <= self.temperature * self.cooling ** (self.t - 1) * chance
        x_new, value_new = where(accept, proposal, x), where(accept, proposed, value)
        for point, height in ((x, value), (x_new, value_new)):
            better = height < self.best_value
            self.best = where(better, point, self.best)
            self.best_value = where(better, height, self.best_value)
        return x_new


@register
class GeneticAlgorithm(Optimizer):
    r"""A population in which the better breed: children lie between and around their parents, and mutate.

    Formula:
        $$a, b = \text{winners of two tournaments, the best of } k \text{ individuals drawn at random}$$
        $$c_i \sim \mathcal U\bigl[\min(a_i, b_i) - \alpha\, I_i,\ \max(a_i, b_i) + \alpha\, I_i\bigr]
          \qquad I_i = |a_i - b_i|$$
        $$c_i \leftarrow c_i + \sigma\, \gamma^{\,t-1} z_i \quad\text{with probability } r
          \qquad z_i \sim \mathcal N(0, 1)$$
        $$x_t = \operatorname*{argmin}_{c\, \in\, \text{children}\, \cup\, \{x_{t-1}\}}\ f(c)$$

    Source:
        J. H. Holland (1975), Adaptation in Natural and Artificial Systems, University of Michigan Press; crossover
        BLX-alpha: L. J. Eshelman, J. D. Schaffer (1993), Real-Coded Genetic Algorithms and Interval-Schemata,
        Foundations of Genetic Algorithms 2, 187-202; tournaments: D. E. Goldberg, K. Deb (1991), A Comparative
        Analysis of Selection Schemes Used in Genetic Algorithms, Foundations of Genetic Algorithms 1, 69-93.

    Convention:
        Individuals are points of real numbers, not strings of bits.  Each step is one generation.  The best
        individual lives on unchanged (elitism), all others are replaced, so the value never rises.  The first
        generation is x itself and Gaussian neighbors of width sigma.

    Elsewhere:
        Not among the recorded runs of other libraries.

        SciPy's differential_evolution is a population method of another kind.  Textbooks also cross over with a
        probability below 1 and select by shares of the fitness.

    Memory:
        population numbers per parameter (individuals, best first).

    When:
        No gradient, many hills, and many points can be evaluated at once, as in a search over settings.  Each step
        calls f for the whole population.

    Notes:
        The last axis of x holds the coordinates of a point.  In a batch each point has a population of its own:
        ``individuals`` in the state has shape (population, ..., d) and is a NumPy array for torch too.
        Each step calls f once, with all individuals.  The point x that a step is given is one of them.  Individuals
        at which f is NaN come last.
    """

    sees = "group"
    reads = ("function",)

    population: int = hyper(40, "n", "[2, inf)", slider=(4, 200), doc="number of individuals")
    scale: float = hyper(1.0, r"\sigma", "(0, inf)", slider=(0.01, 10.0), log=True, doc="first spread and mutations")
    alpha: float = hyper(0.5, r"\alpha", "[0, inf)", slider=(0.0, 1.0), doc="reach of children beyond their parents")
    mutation: float = hyper(0.1, "r", "[0, 1]", slider=(0.0, 1.0), doc="probability that a coordinate mutates")
    decay: float = hyper(0.98, r"\gamma", "(0, 1]", slider=(0.9, 1.0), doc="factor on the width of mutations")
    tournament: int = hyper(2, "k", "[1, inf)", slider=(1, 10), doc="individuals in a tournament")
    seed: int = hyper(0, r"\text{seed}", "[0, inf)", slider=(0, 99), doc="seed of the random numbers")

    def init(self, x):
        _check_axes(self, x)
        self.rng = np.random.default_rng(self.seed)

    def update(self, x, f):
        present = _numpy(x)
        generation = self._neighbors(present) if self.t == 1 else self._children()
        generation = generation.astype(present.dtype)
        generation[0] = present
        values = _numpy(_values(self, f, like(generation, x)))
        order = np.argsort(values, axis=0, kind="stable")
        self.individuals = np.take_along_axis(generation, order, axis=0)
        return like(self.individuals[0].copy(), x)

    def _neighbors(self, x):
        return x + _numpy(self.scale) * self.rng.standard_normal((self.population, *x.shape))

    def _children(self):
        a, b = self._winners(), self._winners()
        low, high = np.minimum(a, b), np.maximum(a, b)
        reach = _numpy(self.alpha) * (high - low)
        children = low - reach + (high - low + 2 * reach) * self.rng.random(a.shape)
        width = _numpy(self.scale) * _numpy(self.decay) ** (self.t - 1)
        mutants = children + width * self.rng.standard_normal(a.shape)
        return np.where(self.rng.random(a.shape) < _numpy(self.mutation), mutants, children)

    def _winners(self):
        """As many individuals as there are, each the best of a tournament."""
        n, *batch, _ = self.individuals.shape
        drawn = self.rng.integers(n, size=(self.tournament, n, *batch, 1))
        return np.take_along_axis(self.individuals, drawn.min(axis=0), axis=0)  # sorted: the least index is the best


def _values(rule, f, points):
    """f at points of shape (..., d), in shape (..., 1)."""
    values = like(f(points), points)
    wanted = tuple(points.shape[:-1])
    if tuple(values.shape) != wanted:
        raise ValueError(
            f"{type(rule).__name__}: f returned shape {tuple(values.shape)} for points of shape "
            f"{tuple(points.shape)}; it must return one value a point, shape {wanted}"
        )
    return values[..., None]


def _check_axes(rule, x):
    if not getattr(x, "shape", ()):
        raise ValueError(
            f"{type(rule).__name__}: x={x!r} has no axes; its last axis must hold the coordinates of a point, "
            "shape (..., d), also where d is 1"
        )


def _check_one_per_point(rule, *names):
    for name in names:
        value = getattr(rule, name)
        if is_array(value) and value.shape[-1] != 1:
            raise ValueError(
                f"{type(rule).__name__}: {name} has shape {tuple(value.shape)}; a point has one {name}, so the last "
                "axis must have length 1"
            )


def _numpy(value):
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
