"""What libraries do to the learning rate or the epsilon of a rule, as factors that change from step to step.

>>> ol.Adam(eps=1e-7 * BeforeCorrection(beta2=0.999))  # Keras's

The docstring of each says in what a library differs, for the table.
"""

from ...arrays import sqrt, where
from ...schedules.base import Schedule, number, schedule


@schedule
class BeforeCorrection(Schedule):
    """epsilon is added before the correction"""

    beta2: float = number("[0, 1)")

    def __call__(self, t):
        return 1 / (1 - self.beta2 ** (t + 1)) ** 0.5


@schedule
class Uncorrected(Schedule):
    """averages are not corrected"""

    beta1: float = number("[0, 1)", 0.0)
    beta2: float = number("[0, 1)", 0.0)

    def __call__(self, t):
        return (1 - self.beta1 ** (t + 1)) / (1 - self.beta2 ** (t + 1)) ** 0.5


@schedule
class Corrected(Uncorrected):
    """averages are corrected"""

    def __call__(self, t):
        return 1 / super().__call__(t)


@schedule
class AfterCorrection(Corrected):
    """epsilon is added after the correction"""


@schedule
class LateCorrection(Corrected):
    """the average is corrected after the ratio"""


@schedule
class Summed(Schedule):
    """gradients are summed, not averaged"""

    beta1: float = number("[0, 1)")

    def __call__(self, t):
        return (1 - self.beta1 ** (t + 1)) / (1 - self.beta1)


@schedule
class Rectified(Schedule):
    """the rate has RAdam's rectifier, and is 0 until the averages know four gradients"""

    beta2: float = number("[0, 1)")

    def __call__(self, t):
        return rectifier(self.beta2, t + 1)


def rectifier(beta2, t, threshold=4.0):
    """RAdam's factor on step t; 0 while the average square knows fewer gradients than the threshold."""
    full = 2 / (1 - beta2) - 1
    rho = full - 2 * t * beta2**t / (1 - beta2**t)
    enough = where(rho >= threshold, rho, 5.0)
    return sqrt((enough - 4) * (enough - 2) * full / ((full - 4) * (full - 2) * enough)) * (rho >= threshold)
