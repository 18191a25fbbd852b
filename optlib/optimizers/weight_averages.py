"""Rules around a rule that keep an average of its path: where one goes on from there, and what is evaluated."""

from ..arrays import maximum, ones_like, where, zeros_like
from ..registry import hyper, register
from .around import Around


@register
class Lookahead(Around):
    r"""Let the rule run k steps ahead, and follow it part of the way.

    Formula:
        $$x_t = \text{rule}(x_{t-1}, g_t)$$
        $$\text{every } k \text{ steps:}\quad \varphi \leftarrow \varphi + \alpha\, (x_t - \varphi)$$
        $$x_t \leftarrow \varphi$$

    Source:
        M. R. Zhang, J. Lucas, G. Hinton, J. Ba (2019), Lookahead optimizer: k steps forward, 1 step back, NeurIPS,
        arXiv:1907.08610, algorithm 1.

    Convention:
        The slow weights start at the first point; the rule keeps what it remembers when they are taken over.  Evaluated
        are the slow weights.

    Elsewhere:
        The same rule: pytorch-optimizer Lookahead SGD.  Slow weights are made in step 6: timm lookahead_sgd.  Slow
        weights are made in step 1: torch-optimizer Lookahead SGD.  Decoupled weight decay; epsilon is added after the
        correction: fastai ranger.  In full: ``ol.elsewhere("Lookahead")``.

        timm makes the slow weights at the first synchronization, so that the first k steps are never pulled back.

    Memory:
        1 number per parameter (slow_weights) beyond those of the rule.

    When:
        Around rules whose steps are long and noisy; then the rate of the rule needs less care.
    """

    sees = "number"
    needs = ("point",)
    k: int = hyper(5, "k", "[1, inf)", slider=(1, 20), doc="steps between two of the slow weights")
    alpha: float = hyper(0.5, r"\alpha", "[0, 1]", slider=(0.05, 1.0), doc="part of the way that is followed")

    def init(self, x):
        super().init(x)
        self.slow_weights = 1 * x

    def update(self, x, *seen):
        x = super().update(x, *seen)
        if self.t % self.k == 0:
            self.slow_weights = self.slow_weights + self.alpha * (x - self.slow_weights)
            x = 1 * self.slow_weights
        return x

    def evaluated(self, x):
        return self.slow_weights


@register
class EMA(Around):
    r"""Keep an exponential moving average of the weights beside the path of any rule.

    Formula:
        $$x_t = \text{rule}(x_{t-1}, g_t)$$
        $$\bar x_1 = x_1 \qquad \bar x_t = \gamma\, \bar x_{t-1} + (1 - \gamma)\, x_t$$

    Source:
        B. T. Polyak, A. B. Juditsky (1992), Acceleration of stochastic approximation by averaging, SIAM Journal on
        Control and Optimization 30 (4), 838-855 (the mean); the moving average: A. Tarvainen, H. Valpola (2017), Mean
        teachers are better role models, NeurIPS, arXiv:1703.01780.

    Convention:
        `update` returns the path; the average is never fed back, and is what is evaluated.  It starts with the point
        after the first step, without a correction for a start at 0.

    Elsewhere:
        Not among the recorded runs of other libraries.

        torch's AveragedModel with get_ema_multi_avg_fn(decay) is the same where it is updated after each step.
        optax.ema corrects for a start at 0 unless debias is False.  Statistics of batch normalization are no weights.

    Memory:
        1 number per parameter (ema_weights) beyond those of the rule.

    When:
        Nearly always, at the end of a training with noise: an average over the last 1 / (1 - decay) steps is worth a
        fall of the learning rate.
    """

    sees = "number"
    decay: float = hyper(0.99, r"\gamma", "[0, 1)", slider=(0.5, 0.999), doc="memory of the average")

    def init(self, x):
        super().init(x)
        self.ema_weights = zeros_like(x)

    def update(self, x, *seen):
        x = super().update(x, *seen)
        kept = self.decay if self.t > 1 else 0.0
        self.ema_weights = kept * self.ema_weights + (1 - kept) * x
        return x

    def evaluated(self, x):
        return self.ema_weights


@register
class ScheduleFree(Around):
    r"""Take gradients between the rule's own path and the mean of it, in place of a learning rate that falls.

    Formula:
        $$z_t = z_{t-1} + \text{rule}(x_{t-1}, g_t) - x_{t-1}$$
        $$\bar x_t = (1 - c_t)\, \bar x_{t-1} + c_t\, z_t \qquad
          c_t = \frac{\hat\eta_t^2}{\sum_{i=1}^{t} \hat\eta_i^2} \qquad \hat\eta_t = \max_{i \le t} \eta_i$$
        $$x_t = (1 - \beta)\, z_t + \beta\, \bar x_t$$

    Source:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky (2024), The road less scheduled, NeurIPS,
        arXiv:2405.15682, equations 3 to 5 and algorithm 1.

    Convention:
        The points are those where gradients are taken, the paper's y; the mean, its x, is what is evaluated.  By the
        largest learning rate so far, steps of a warm-up count less.  The rule's step is taken from the point, so that
        its weight decay is that of y, as in algorithm 1.  Rules that move the point (`WeightDecay`, `Cautious`,
        `Lookahead`) belong inside: around it they would have no effect, and are refused.  AdamW inside needs no
        momentum of its own:
        ``ScheduleFree(ol.AdamW(lr=0.002, beta1=0.0))``.

    Elsewhere:
        The same rule: optax schedule_free_sgd, keras on jax ScheduleFreeAdamW, pytorch-optimizer ScheduleFreeSGD,
        schedulefree SGDScheduleFree.  The mean is recovered with the path after its step: keras on tensorflow
        ScheduleFreeAdamW, keras on torch ScheduleFreeAdamW.  Epsilon is added under the root: pytorch-optimizer
        ScheduleFreeAdamW.  4 more differ otherwise: ``ol.elsewhere("ScheduleFree")``.

        schedulefree keeps y and z, and turns the parameters into x and back with optimizer.eval() and
        optimizer.train(), without which the network that is tested is y.  optax's warm-up begins at rate 0, but weighs
        each step by the next rate.

    Memory:
        2 numbers per parameter (path, mean) beyond those of the rule.

    When:
        Trainings whose length is not known at the start: the mean is good at any time.
    """

    sees = "number"
    needs = ("lr",)
    path_of_its_own = True
    beta: float = hyper(0.9, r"\beta", "[0, 1]", slider=(0.0, 1.0), doc="how near to the mean gradients are taken")

    def init(self, x):
        super().init(x)
        self.free_path = 1 * x
        self.free_mean = 1 * x
        self.free_lr = self.lr
        self.free_sum = 0 * self.lr

    def update(self, x, *seen):
        self.free_path = self.free_path + (super().update(x, *seen) - x)
        self.free_lr = maximum(self.free_lr, self.lr)
        self.free_sum = self.free_sum + self.free_lr**2
        c = self.free_lr**2 / where(self.free_sum > 0, self.free_sum, ones_like(self.free_sum))
        self.free_mean = self.free_mean + c * (self.free_path - self.free_mean)
        return self.free_path + self.beta * (self.free_mean - self.free_path)

    def evaluated(self, x):
        return self.free_mean
