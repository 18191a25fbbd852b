"""Momentum and its family: a velocity that remembers the gradients of the steps before."""

from ..arrays import zeros_like
from ..registry import hyper, register
from ..schedules import demon
from .base import Optimizer


@register
class Momentum(Optimizer):
    r"""A heavy ball: the velocity keeps a share beta of itself and adds the new gradient.

    Formula:
        $$v_t = \beta\, v_{t-1} + g_t$$
        $$x_t = x_{t-1} - \eta\, v_t$$

    Source:
        B. T. Polyak (1964), Some methods of speeding up the convergence of iteration methods, USSR
        Computational Mathematics and Mathematical Physics 4 (5), 1-17.

    Convention:
        A sum, not an average: with a constant gradient g the velocity grows to g / (1 - beta).  The learning rate
        stands outside the velocity.

    Elsewhere:
        The same rule: torch SGD(momentum=0.9), optax sgd(momentum=0.9), tf.compat.v1 MomentumOptimizer(momentum=0.9),
        timm momentum, paddle Momentum and 7 more.  The learning rate is part of the velocity: keras SGD(momentum=0.9),
        scikit-learn sgd(nesterov=False).  The step is no longer than 0.02 times lr times the weights; first step 0.02
        lr: bitsandbytes LARS(momentum=0.9).  2 more differ otherwise: ``ol.elsewhere("Momentum")``.

        With the learning rate inside, the path is the same while the rate is constant, and another one where it
        changes.  torch's dampening=beta makes the velocity an average that starts at the first gradient.

    Memory:
        1 number per parameter (v).

    When:
        Long valleys, and convolutional networks such as ResNets, which are commonly trained with it and a falling
        learning rate.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta: float = hyper(0.9, r"\beta", "[0, 1)", slider=(0.0, 0.999), doc="share of the velocity that is kept")

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        self.v = self.beta * self.v + g
        return x - self.lr * self.v


@register
class Nesterov(Optimizer):
    r"""Momentum that looks ahead: it steps with the velocity as it will be, not as it was.

    Formula:
        $$v_t = \beta\, v_{t-1} + g_t$$
        $$x_t = x_{t-1} - \eta\, (g_t + \beta\, v_t)$$

    Source:
        Y. Nesterov (1983), A method of solving a convex programming problem with convergence rate O(1/k²), Soviet
        Mathematics Doklady 27, 372-376; with constant beta: I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013),
        On the importance of initialization and momentum in deep learning, ICML, equations 3 and 4.

    Convention:
        A sum, not an average.  The paper takes the gradient at the point y = x + beta v that the velocity leads to;
        here x is that point, so that the gradient is taken where the parameters are.  The path of the look-ahead
        points is the same.

    Elsewhere:
        The same rule: torch SGD(nesterov=True), optax sgd(nesterov=True), tf.compat.v1
        MomentumOptimizer(use_nesterov=True), timm sgd, paddle Momentum(use_nesterov=True) and 4 more.  The learning
        rate is part of the velocity: keras SGD(nesterov=True), scikit-learn sgd.  Looks ahead; slow weights are made in
        step 6: timm lookahead_sgd.  In full: ``ol.elsewhere("Nesterov")``.

        With the learning rate inside, the path is the same while the rate is constant.

    Memory:
        1 number per parameter (v).

    When:
        Momentum that overshoots less, at no extra cost.  Well set, it converges on smooth convex functions at the
        best order that gradients alone allow.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta: float = hyper(0.9, r"\beta", "[0, 1)", slider=(0.0, 0.999), doc="share of the velocity that is kept")

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        self.v = self.beta * self.v + g
        return x - self.lr * (g + self.beta * self.v)


@register
class QHM(Optimizer):
    r"""Quasi-hyperbolic momentum: a weighted mean of plain gradient descent and momentum.

    Formula:
        $$v_t = \beta\, v_{t-1} + (1-\beta)\, g_t$$
        $$x_t = x_{t-1} - \eta\, \bigl[(1-\nu)\, g_t + \nu\, v_t\bigr]$$

    Source:
        J. Ma, D. Yarats (2019), Quasi-hyperbolic momentum and Adam for deep learning, ICLR; nu = 0.7 and
        beta = 0.999 are the values that the paper recommends.  arXiv:1810.06801

    Convention:
        An average, not a sum: nu = 1 is momentum with a learning rate smaller by 1 - beta, nu = 0 is gradient
        descent, nu = beta is Nesterov's rule with a learning rate smaller by 1 - beta.  The average starts at 0
        and is not corrected for it.

    Elsewhere:
        The same rule: qhoptim QHM(momentum=0.999, nu=0.7).  The same rule with other numbers; first step 1 lr:
        pytorch-optimizer QHM, torch-optimizer QHM(momentum=0.0).  In full: ``ol.elsewhere("QHM")``.

        Unless set, pytorch-optimizer has beta = 0 and nu = 1, torch-optimizer beta = 0 and nu = 0.7.

    Memory:
        1 number per parameter (v).

    When:
        Momentum is tuned already and one more setting is affordable: a long memory that still answers to the newest
        gradient.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta: float = hyper(0.999, r"\beta", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    nu: float = hyper(0.7, r"\nu", "[0, 1]", slider=(0.0, 1.0), doc="weight of the average against the new gradient")

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        self.v = self.beta * self.v + (1 - self.beta) * g
        return x - self.lr * ((1 - self.nu) * g + self.nu * self.v)


@register
class AggMo(Optimizer):
    r"""Aggregated momentum: several velocities of different memory, and their mean for the step.

    Formula:
        $$v_t^{(i)} = \beta^{(i)}\, v_{t-1}^{(i)} + g_t \qquad i = 1, \dots, K$$
        $$x_t = x_{t-1} - \frac{\eta}{K} \sum_{i=1}^{K} v_t^{(i)}$$

    Source:
        J. Lucas, S. Sun, R. Zemel, R. Grosse (2019), Aggregated Momentum: Stability Through Passive Damping, ICLR.
        arXiv:1804.00325

    Convention:
        Sums, not averages.  The paper gives the velocity the minus sign (v = beta v - g, x = x + ...); here the
        step has it, as in `Momentum`: the same path.

    Elsewhere:
        The same rule: pytorch-optimizer AggMo, torch-optimizer AggMo.  In full: ``ol.elsewhere("AggMo")``.

        Unless set, pytorch-optimizer and torch-optimizer have lr = 0.001.

    Memory:
        3 numbers per parameter (v, one for each of the K betas; K = 3 as a default).

    When:
        A large beta is fast but overshoots: the velocities of short memory damp those of long memory.  Each costs one
        number per parameter.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    betas: tuple = hyper((0.0, 0.9, 0.99), r"\beta^{(i)}", "[0, 1)", doc="share that each velocity keeps")

    def init(self, x):
        self.v = tuple(zeros_like(x) for _ in self.betas)

    def update(self, x, g):
        self.v = tuple(beta * v + g for beta, v in zip(self.betas, self.v, strict=True))
        return x - self.lr / len(self.v) * sum(self.v)


@register
class DemonMomentum(Optimizer):
    r"""Momentum that decays to zero over a planned number of steps.

    Formula:
        $$\tau = \min\!\left(1,\ \tfrac{t-1}{T}\right) \qquad
          \beta_t = \beta\, \frac{1 - \tau}{(1-\beta) + \beta (1 - \tau)}$$
        $$v_t = \beta_t\, v_{t-1} + g_t \qquad x_t = x_{t-1} - \eta\, v_t$$

    Source:
        J. Chen, C. Wolfe, Z. Li, A. Kyrillidis (2022), Demon: Improved Neural Network Training with Momentum Decay,
        ICASSP, Algorithm 1.  arXiv:1910.04952

    Convention:
        A sum, not an average, as in `Momentum`.  tau is the share of the way: the first step has the full beta, step
        T + 1 and all later ones have none and are plain gradient descent.

    Elsewhere:
        Not among the recorded runs of other libraries.

        The paper keeps the learning rate inside the velocity: the same path while it is constant.  `Momentum` with the
        schedule Demon(beta, steps) for beta is the same rule.

    Memory:
        1 number per parameter (v).

    When:
        The number of steps is known beforehand: the fading momentum calms the end, as a falling learning rate does.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta: float = hyper(0.9, r"\beta", "[0, 1)", slider=(0.0, 0.999), doc="share of the velocity that is kept at first")
    steps: int = hyper(1000, "T", "[1, inf)", slider=(10, 1000), log=True, doc="steps until the momentum is zero")

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        self.v = demon(self.beta, self.t - 1, self.steps) * self.v + g
        return x - self.lr * self.v
