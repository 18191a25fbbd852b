"""Gradient descent: the rule that all others amend."""

from ..registry import hyper, register
from .base import Optimizer


@register
class GradientDescent(Optimizer):
    r"""Take a small step against the gradient.

    Formula:
        $$x_{t} = x_{t-1} - \eta\, g_t$$

    Source:
        A.-L. Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations simultanées*,
        Comptes Rendus 25, 536-538.

    Convention:
        The step is the learning rate times the gradient; nothing is normalized.

    Elsewhere:
        The same rule: torch SGD, keras SGD, optax sgd, tf.compat.v1 GradientDescentOptimizer, paddle SGD and 7 more.
        In full: ``ol.elsewhere("GradientDescent")``.

    Memory:
        0 numbers per parameter.

    When:
        A smooth function with the whole gradient at hand, and the yardstick for every other rule.  In long valleys it
        is slow.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-3, 3.0), log=True, doc="learning rate, step per gradient")

    def update(self, x, g):
        return x - self.lr * g
