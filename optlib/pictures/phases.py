"""The phase diagram of momentum: how one curvature answers to learning rate and beta, beside the run itself."""

import numpy as np

from ..checks import number as checked_number
from ..optimizers import Momentum, Nesterov
from ..theory import momentum_matrix, spectral_radius
from .kept import KeptPicture
from .phase_board import STEPS, WIDEST, board, kind_of, trace_and_discriminant
from .picture import number

WORDS = ("overdamped, it creeps", "underdamped, it swings", "it flips from side to side", "it diverges")
CRITICAL, NEAR = "critically damped", 1e-4  # the words where the discriminant is so small


def phase_diagram(lr_curvature, beta, *, nesterov=False):
    """Where a setting lies among creeping, swinging, flipping and diverging, and the run that shows it.

    Three panels.  A map over learning rate times curvature (spaced like its square root) and beta, with lines of equal
    rate.  Sixty steps of the rule itself, from 1 on a parabola of that curvature, and the envelope plus and minus
    rate^k.  The two roots of the 2 x 2 system in the complex plane, with the unit circle.

    Parameters
    ----------
    lr_curvature : float, or pair (smallest, largest)
        Learning rate times curvature, from 0 to 4.2.  A pair stands for a function whose curvatures lie in between:
        its setting is a bar on the map, and the slower end decides.
    beta : float
        From 0 to below 1.
    nesterov : bool
        Nesterov's rule instead of momentum.

    Returns
    -------
    Picture
    """
    try:
        ends = tuple(float(s) for s in np.atleast_1d(lr_curvature))
        right = len(ends) in (1, 2) and all(0 <= s <= WIDEST for s in ends) and list(ends) == sorted(ends)
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(
            f"phase_diagram: lr_curvature={lr_curvature!r} must be a number from 0 to {WIDEST}, or a pair of them, "
            "the smaller first"
        )
    return PhasePicture(ends, checked_number("phase_diagram", "beta", beta, "[0, 1)"), bool(nesterov))


class PhasePicture(KeptPicture):
    """What `phase_diagram` returns.  All pictures of one rule share a figure."""

    def __init__(self, ends, beta, nesterov):
        self.ends, self.beta, self.nesterov = ends, beta, nesterov
        self.rates = [float(spectral_radius(s, beta, nesterov)) for s in ends]
        self.kinds = [_kind_in_words(s, beta, nesterov) for s in ends]
        rule = "Nesterov's rule" if nesterov else "momentum"
        super().__init__(
            board(nesterov),
            f"Phase diagram of {rule} over learning rate times curvature from 0 to {WIDEST} and beta from 0 to 1, with "
            f"{STEPS} steps of the rule from 1 and the two roots in the complex plane.",
            *(f"At learning rate times curvature {number(s)} and beta {number(beta)}: {kind}, "
              f"rate {number(rate)} a step." for s, kind, rate in zip(ends, self.kinds, self.rates, strict=True)),
        )  # fmt: skip

    def _set(self):
        value = " to ".join(number(s) for s in self.ends)
        title = (
            f"{'Nesterov' if self.nesterov else 'Momentum'} at ηλ = {value}, β = {number(self.beta)}: "
            f"{' / '.join(dict.fromkeys(self.kinds))}\n"
            f"In the long run each step multiplies the distance by {number(max(self.rates))}"
        )
        traces = [trace_of(s, self.beta, self.nesterov) for s in self.ends]
        roots = [np.linalg.eigvals(momentum_matrix(s, self.beta, self.nesterov)) for s in self.ends]
        self.board.set(self.ends, self.beta, max(self.rates), traces, roots, title)


def trace_of(lr_curvature, beta, nesterov=False, steps=STEPS):
    """Points 0 to ``steps`` of the rule itself on lr_curvature x²/2 from 1, shape (steps + 1,)."""
    rule, x = (Nesterov if nesterov else Momentum)(lr=1.0, beta=beta), [1.0]
    for _ in range(steps):
        x.append(rule.advance(x[-1], lr_curvature * x[-1]))
    return np.array(x)


def _kind_in_words(s, beta, nesterov):
    kind, (_, discriminant) = int(kind_of(s, beta, nesterov)), trace_and_discriminant(s, beta, nesterov)
    return CRITICAL if kind < 3 and abs(discriminant) < NEAR else WORDS[kind]
