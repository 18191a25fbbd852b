"""YellowFin: momentum that measures the landscape and sets its own learning rate and momentum."""

import functools

from ..arrays import abs, finfo, like, maximum, minimum, sqrt, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class YellowFin(Optimizer):
    r"""Momentum whose learning rate and momentum are computed anew at each step from three measurements.

    Formula:
        $$h_t = \lVert g_t \rVert^2 + \epsilon \qquad
          h_{\min} = \overline{\min_{t-w < i \le t} h_i} \qquad h_{\max} = \overline{\max_{t-w < i \le t} h_i}$$
        $$C = \bigl|\, \overline{h} - \lVert \overline{g} \rVert^2 \bigr| + \epsilon \qquad
          D = \overline{\left( \overline{\sqrt{h}} \,/\, \overline{h} \right)}$$
        $$\mu_t, \alpha_t = \operatorname*{argmin}_{\mu, \alpha}\ \mu D^2 + \alpha^2 C \quad\text{with}\quad
          \sqrt{\mu} \ge \frac{\sqrt{h_{\max}/h_{\min}} - 1}{\sqrt{h_{\max}/h_{\min}} + 1} \qquad
          \alpha = \frac{(1-\sqrt{\mu})^2}{h_{\min}}$$
        $$v_t = \overline{\mu_t}\, v_{t-1} - \eta\, \min\!\left(1, \tfrac{t}{10 w}\right) \overline{\alpha_t}\, g_t
          \qquad x_t = x_{t-1} + v_t$$

    Source:
        J. Zhang, I. Mitliagkas (2019), YellowFin and the Art of Momentum Tuning, MLSys, Algorithms 1 to 4.
        arXiv:1706.03471

    Convention:
        The bar is an exponential average with decay beta, divided by 1 - beta^t for its start at zero.  h, the
        squared length of the gradient, stands for the curvature; C is the variance of the gradient, D the distance
        to the optimum.  The learning rate lies inside the velocity (Polyak's form).  lr multiplies the rate that
        was found.  Epsilon is added where h and C are measured, against zero gradients.  The averages of mu and
        alpha and the slow start over 10 w steps come from the authors' code.

    Elsewhere:
        Not among the recorded runs of other libraries.

        Corrections for sparse gradients and for asynchronous workers are not part of this rule.

    Memory:
        2 numbers per parameter (v, g_bar), and for each point w + 7 numbers.

    When:
        Nothing is to be tuned and the gradients are noisy.  Without noise, or on another scale of f, its guess at the
        curvature misleads.

    Notes:
        h is near the curvature only where f is a negative log-likelihood and the gradients are noisy.  On other
        functions the scale of f matters: 100 f has 100 times the gradient and 10,000 times the h of f, so that
        the steps are 100 times shorter although the way is as long as before.

        The cubic equation of the constrained minimum, p x = (1 - x)^3 for x = sqrt(mu), has one real root, given by
        `single_step` in closed form.
    """

    sees = "group"

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.01, 10.0), log=True, doc="factor on the tuned learning rate")
    beta: float = hyper(0.999, r"\beta", "[0, 1)", slider=(0.9, 0.9999), doc="decay of all averages")
    window: int = hyper(20, "w", "[1, inf)", slider=(1, 100), doc="steps over which the curvature range is taken")
    eps: float = hyper(1e-6, r"\epsilon", "(0, inf)", slider=(1e-10, 1e-2), log=True, doc="added to h and C")

    def init(self, x):
        self.v = zeros_like(x)
        self.g_bar = zeros_like(x)
        self.h_bar = self.norm_bar = self.distance_bar = 0.0
        self.h_min_bar = self.h_max_bar = 0.0
        self.mu_bar = self.alpha_bar = 0.0
        self.recent = ()

    def update(self, x, g):
        h = self._square(g) + self.eps
        h_min, h_max = self._curvature_range(h)
        h_mean = self._average("h_bar", h)
        C = self._variance(g, h_mean)
        D = self._distance(h, h_mean)
        mu, alpha = single_step(C, D, h_min, h_max)
        mu, alpha = self._average("mu_bar", mu), self._average("alpha_bar", alpha)
        slow_start = min(1.0, self.t / (10 * self.window))
        self.v = mu * self.v - self.lr * slow_start * alpha * g
        return x + self.v

    def _square(self, g):
        """Squared length, bounded so far below the largest number that `single_step` takes it without overflow."""
        square = self.inner(g, g)
        return minimum(square, like(float(finfo(square).max) ** 0.75, square))

    def _average(self, name, value):
        """Take ``value`` into the exponential average of that name; return it, corrected for its start at 0."""
        average = self.beta * getattr(self, name) + (1 - self.beta) * value
        setattr(self, name, average)
        return average / (1 - self.beta**self.t)

    def _curvature_range(self, h):
        self.recent = (*self.recent, h)[-self.window :]
        h_min = self._average("h_min_bar", functools.reduce(minimum, self.recent))
        h_max = self._average("h_max_bar", functools.reduce(maximum, self.recent))
        return h_min, h_max

    def _variance(self, g, h_mean):
        g_mean = self._average("g_bar", g)
        return abs(h_mean - self._square(g_mean)) + self.eps

    def _distance(self, h, h_mean):
        return self._average("distance_bar", self._average("norm_bar", sqrt(h)) / h_mean)


def single_step(C, D, h_min, h_max):
    r"""Momentum and learning rate that minimize the expected squared distance to the optimum after one step.

    Minimizes mu D^2 + alpha^2 C, where alpha = (1 - sqrt(mu))^2 / h_min, over the mu for which momentum is stable
    on all curvatures from h_min to h_max.  Without that bound the root x of p x = (1 - x)^3 with
    p = (D h_min)^2 / (2 C) is the best sqrt(mu).  Cardano's formula in y = 1 - x is here rewritten so that nothing
    cancels and nothing overflows, however large or small p is.

    Parameters
    ----------
    C, D, h_min, h_max : positive floats or arrays of one shape
        Variance of the gradient, distance to the optimum, least and largest curvature.

    Returns
    -------
    mu, alpha : of that shape
    """
    p = (D * h_min) ** 2 / (2 * C)
    s = 0.5 + sqrt(0.25 + p / 27)
    u = (s / p * s) ** (1 / 3)
    y = minimum(1 / (u + 1 / 3 + 1 / (9 * u)), 2 / (1 + sqrt(h_max / h_min)))
    return (1 - y) ** 2, y**2 / h_min
