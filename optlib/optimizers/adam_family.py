"""Amendments of Adam: a size that never shrinks, a careful start, a share of the plain gradient, a fading momentum."""

from ..arrays import maximum, sqrt, where, zeros_like
from ..registry import hyper, register
from ..schedules import demon
from .base import Optimizer


@register
class AMSGrad(Optimizer):
    r"""Adam that never forgets a large gradient: the size it divides by only grows.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$v^{\max}_t = \max(v^{\max}_{t-1},\ v_t)$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v^{\max}_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Source:
        S. J. Reddi, S. Kale, S. Kumar (2018), On the Convergence of Adam and Beyond, ICLR, Algorithm 2.
        arXiv:1904.09237

    Convention:
        The maximum is taken of v before its correction, and the correction is then applied to the maximum.  The
        paper corrects neither average and has no epsilon; its proof lets the learning rate fall with the root of t
        and beta1 fall too.

    Elsewhere:
        The same rule: torch Adam(amsgrad=True), paddle Adam(amsgrad=True).  The maximum is taken of the corrected
        average square: optax amsgrad.  Epsilon is added before the correction: keras Adam(amsgrad=True), mindspore
        Adam(use_amsgrad=True).  Decoupled weight decay: torch AdamW(amsgrad=True).  In full:
        ``ol.elsewhere("AMSGrad")``.

        The maximum of the corrected v keeps its large first values for ever.

    Memory:
        3 numbers per parameter (m, v, v_max).

    When:
        Convergence on convex problems must be proved, or Adam leaves a minimum again.  On networks it mostly does
        about as well as Adam.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)
        self.v_max = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        self.v_max = maximum(self.v_max, self.v)
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v_max / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(v_hat) + self.eps)


@register
class RAdam(Optimizer):
    r"""Adam that divides by the size of the gradient only once it has seen enough gradients to know it.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \rho_\infty = \frac{2}{1-\beta_2} - 1 \qquad
          \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1-\beta_2^t}$$
        $$r_t = \sqrt{\frac{(\rho_t-4)(\rho_t-2)\,\rho_\infty}{(\rho_\infty-4)(\rho_\infty-2)\,\rho_t}} \qquad
          l_t = \frac{\sqrt{1-\beta_2^t}}{\sqrt{v_t} + \epsilon}$$
        $$x_t = x_{t-1} - \eta\, \hat m_t \cdot \begin{cases} r_t\, l_t & \rho_t > \rho_{\min} \\ 1 & \text{else}
          \end{cases}$$

    Source:
        L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han (2020), On the Variance of the Adaptive Learning Rate
        and Beyond, ICLR, Algorithm 2.  arXiv:1908.03265

    Convention:
        rho is the number of gradients that v effectively averages.  Up to the threshold the step is plain momentum,
        lr times the average gradient; at beta2 = 0.999 for the first 5 steps.  The threshold is 4 in the paper's
        text and 5 in the authors' code.  Epsilon is added to the root before the correction of v, not after it as
        in Adam; the paper has none.

    Elsewhere:
        The same rule: torch RAdam, timm radam, paddle RAdam, torch-optimizer RAdam.  Epsilon is added after the
        correction: optax radam, fastai RAdam.  No step below the threshold; first step 0 lr: pytorch-optimizer RAdam.
        Looks ahead; decoupled weight decay; epsilon is added after the correction: fastai ranger.  In full:
        ``ol.elsewhere("RAdam")``.

    Memory:
        2 numbers per parameter (m, v).

    When:
        Adam starts badly without a warm-up and none is to be tuned.  Adam with a warm-up over about 2/(1 - beta2)
        steps does much the same.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    threshold: float = hyper(5.0, r"\rho_{\min}", "[4, inf)", slider=(4.0, 100.0), doc="gradients before dividing")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        rho_inf = 2 / (1 - self.beta2) - 1
        rho = rho_inf - 2 * self.t * self.beta2**self.t / (1 - self.beta2**self.t)
        enough = rho > self.threshold
        r_t = self._rectifier(where(enough, rho, 5.0), where(enough, rho_inf, 5.0))  # 5: any number above 4
        l_t = sqrt(1 - self.beta2**self.t) / (sqrt(self.v) + self.eps)
        return x - self.lr * m_hat * where(enough, r_t * l_t, 1.0)

    def _rectifier(self, rho, rho_inf):
        return sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))


@register
class QHAdam(Optimizer):
    r"""Adam whose two averages are mixed with the newest gradient and its square.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta\,
          \frac{(1-\nu_1)\, g_t + \nu_1 \hat m_t}{\sqrt{(1-\nu_2)\, g_t^2 + \nu_2 \hat v_t} + \epsilon}$$

    Source:
        J. Ma, D. Yarats (2019), Quasi-hyperbolic momentum and Adam for deep learning, ICLR, section 4, with the
        defaults that it recommends.  arXiv:1810.06801

    Convention:
        Averages, both corrected; epsilon outside the root.  nu1 = nu2 = 1 is Adam; nu1 = 0 divides the plain
        gradient; nu1 = beta1 is Adam with Nesterov's momentum, without the schedule of `Nadam`.

    Elsewhere:
        The same rule: fastai QHAdam, pytorch-optimizer QHAdam, qhoptim QHAdam, torch-optimizer QHAdam.  In full:
        ``ol.elsewhere("QHAdam")``.

        Unless set, nu1 is 1 in pytorch-optimizer, qhoptim and torch-optimizer.  pytorch-optimizer keeps the bias
        corrections in float32.

    Memory:
        2 numbers per parameter (m, v).

    When:
        Adam is tuned already and two more settings are affordable; nu1 = nu2 = 1 is Adam, where a search may begin.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.995, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    nu1: float = hyper(0.7, r"\nu_1", "[0, 1]", slider=(0.0, 1.0), doc="weight of the average against the new gradient")
    nu2: float = hyper(1.0, r"\nu_2", "[0, 1]", slider=(0.0, 1.0), doc="weight of the average against the new square")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        slope = (1 - self.nu1) * g + self.nu1 * m_hat
        # A share of 0 is left out: 0 times a square that overflows would be NaN.
        square = where(self.nu2 < 1, (1 - self.nu2) * g**2, 0.0) + where(self.nu2 > 0, self.nu2 * v_hat, 0.0)
        return x - self.lr * slope / (sqrt(square) + self.eps)


@register
class DemonAdam(Optimizer):
    r"""Adam whose momentum fades to zero over a planned number of steps.

    Formula:
        $$\tau = \min\!\left(1,\ \tfrac{t-1}{T}\right) \qquad
          \beta_{1,t} = \beta_1\, \frac{1 - \tau}{(1-\beta_1) + \beta_1 (1 - \tau)}$$
        $$m_t = \beta_{1,t}\, m_{t-1} + g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$x_t = x_{t-1} - \eta\, \frac{m_t}{\sqrt{v_t + \epsilon}}$$

    Source:
        J. Chen, C. Wolfe, Z. Li, A. Kyrillidis (2022), Demon: Improved Neural Network Training with Momentum Decay,
        ICASSP, Algorithm 2.  arXiv:1910.04952

    Convention:
        m is a sum, not an average: with a steady gradient its steps are 1 / (1 - beta_1,t) times as long as Adam's,
        ten times at first, as Adam's at the end.  Hence the learning rate of 1e-4.  Epsilon stands inside the root,
        as the paper writes Adam.  Nothing is corrected: the first step has length eta / sqrt(1 - beta2), 32 eta with
        the defaults.  tau is the share of the way: the first step has the full beta1, step T + 1 and all later ones
        none.

    Elsewhere:
        Not among the recorded runs of other libraries.

        Summaries of the paper put a hat on m and on v without saying what it stands for; most programs of this name are
        Adam, averages and corrections included, with Demon's beta_1,t in place of beta1: here, `Adam` with the schedule
        Demon(beta1, steps).

    Memory:
        2 numbers per parameter (m, v).

    When:
        The number of steps is known beforehand and Adam is to end without momentum.  Its learning rate is not Adam's:
        tune it anew.
    """

    lr: float = hyper(1e-4, r"\eta", "(0, inf)", slider=(1e-5, 0.1), log=True, doc="learning rate")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="share of the sum that is kept at first")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added under the root")
    steps: int = hyper(1000, "T", "[1, inf)", slider=(10, 1000), log=True, doc="steps until the momentum is zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = demon(self.beta1, self.t - 1, self.steps) * self.m + g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        return x - self.lr * self.m / sqrt(self.v + self.eps)
