"""Schedules: hyper-parameters as functions of t, the number of steps already made."""


def demon(beta, t, steps):
    r"""Decaying momentum (Demon): the momentum after ``t`` of ``steps`` steps.

    $$\beta_t = \beta\, \frac{1 - t/T}{(1-\beta) + \beta\,(1 - t/T)}$$

    A gradient adds beta / (1 - beta) times itself to all later steps.  Demon lets this sum fall in a straight
    line from its first value to 0 at t = T; from there on the momentum stays 0.

    Parameters
    ----------
    beta : float or array in [0, 1)
        Momentum of the first step.
    t : number of steps already made, 0 for the first step
    steps : number of steps T after which the momentum is 0

    Source: J. Chen, C. Wolfe, Z. Li, A. Kyrillidis (2022), Demon: Improved Neural Network Training with Momentum
    Decay, ICASSP.  arXiv:1910.04952
    """
    left = max(0.0, 1 - t / steps)
    return beta * left / ((1 - beta) + beta * left)
