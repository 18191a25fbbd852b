"""Averages of the path: where the steps jump around the minimum, their mean is nearer to it than each of them."""

from ..arrays import zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class ASGD(Optimizer):
    r"""Gradient descent with a slowly falling learning rate, and the mean of all its points.

    Formula:
        $$\eta_t = \frac{\eta}{\bigl(1 + \lambda\, \eta\, (t-1)\bigr)^{\alpha}}$$
        $$x_t = (1 - \lambda\, \eta_t)\, x_{t-1} - \eta_t\, g_t$$
        $$\bar x_t = (1-\mu_t)\, \bar x_{t-1} + \mu_t\, x_t \qquad \mu_t = \frac{1}{\max(1,\ t - 1 - t_0)}$$

    Source:
        B. T. Polyak, A. B. Juditsky (1992), Acceleration of stochastic approximation by averaging, SIAM Journal on
        Control and Optimization 30 (4), 838-855; with this learning rate and this weight decay: L. Bottou (2012),
        Stochastic gradient descent tricks, in Neural Networks: Tricks of the Trade, Springer.

    Convention:
        `update` returns the path x; the average is kept as ``average`` beside it and never fed back.  It is what
        `evaluation_point` gives.  It is the plain mean of the points after steps t0 + 2, ..., t; up to step t0 + 2
        it is the last point.  The first step's point is left out, as in torch.  lambd also decays the weights,
        coupled with the learning rate.

    Elsewhere:
        A changed learning rate takes effect one step late: torch ASGD, mindspore ASGD.  In full:
        ``ol.elsewhere("ASGD")``.

        In torch a change of the rate takes effect one step late.  Its t0 is a million steps, ours is 0: averaging
        starts at once.

    Memory:
        1 number per parameter (average).

    When:
        Convex problems with noisy gradients, such as linear models on a stream of data: the mean of the points lies
        nearer to the minimum than the last one.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate of the first step")
    lambd: float = hyper(1e-4, r"\lambda", "[0, inf)", slider=(1e-6, 1.0), log=True, doc="weight decay, fall of lr")
    alpha: float = hyper(0.75, r"\alpha", "[0, inf)", slider=(0.0, 1.0), doc="power with which the learning rate falls")
    t0: int = hyper(0, "t_0", "[0, inf)", doc="steps before the average starts")

    def init(self, x):
        self.average = zeros_like(x)

    def update(self, x, g):
        eta = self.lr / (1 + self.lambd * self.lr * (self.t - 1)) ** self.alpha
        mu = 1 / max(1, self.t - 1 - self.t0)
        x = (1 - self.lambd * eta) * x - eta * g
        self.average = (1 - mu) * self.average + mu * x
        return x

    def evaluated(self, x):
        return self.average
