"""What a step reads beyond the gradient: a second one (SAM), or an estimate of the Hessian's diagonal (Sophia)."""

import torch

from .state import join, resume, wide, write_pieces


class _Asked(Exception):
    """A rule asked for the gradient at the point that this holds."""


def needs_second(rule):
    """Whether a rule reads the gradient as a function."""
    return "gradient_function" in rule.reads


def takes_diagonal(rule):
    """Whether a rule reads the Hessian and is content with its diagonal."""
    return rule.reads == ("gradient", "hessian") and hasattr(rule, "curvature_is_due")


def diagonal_of(params, rule, state, curvature):
    """What ``curvature`` returns for the parameters of a group, as one vector; None where the rule does not look."""
    if not callable(curvature):
        call = "step(curvature=lambda params: hutchinson(loss_of(model(x), y), params))"
        raise TypeError(f"TorchOptimizer: {type(rule).__name__} needs a function: {call}; got curvature={curvature!r}")
    if not resume(rule, state).curvature_is_due():
        return None
    before = [p.grad._version for p in params]
    with torch.enable_grad():
        diagonal = [*curvature(params)]
    shapes, after = [getattr(d, "shape", 0) for d in diagonal], [getattr(p.grad, "_version", 0) for p in params]
    if shapes != [p.shape for p in params] or after != before:
        wanted = "a tensor of the shape of each parameter and leave gradients alone (autograd.grad, no backward)"
        raise ValueError(f"TorchOptimizer: curvature must return {wanted}")
    return join([wide(d) for d in diagonal])


def hutchinson(loss, params, generator=None):
    """u * (H u) for random signs u, tensors like ``params``; their mean is the diagonal of the loss's Hessian H.

    Exact where H is diagonal.  ``generator``: torch's own if None.  arXiv:2305.14342, algorithm 1, has normal u.
    """
    slopes = torch.autograd.grad(loss, params := [*params], create_graph=True)
    us = [2.0 * torch.randint(2, p.shape, generator=generator, device=p.device).to(p) - 1 for p in params]
    along = sum((g * u + 0 * p).sum() for g, u, p in zip(slopes, us, params, strict=True))  # 0 p: where H is 0
    return [u * Hu for u, Hu in zip(us, torch.autograd.grad(along, params), strict=True)]


def gauss_newton_bartlett(logits, params, generator=None):
    """n g * g, as `hutchinson` returns it; the mean is the Gauss-Newton diagonal: arXiv:2305.14342, algorithm 2.

    g: gradient of the mean cross entropy of n rows of ``logits``, shape (..., classes), with labels from their softmax.
    """
    if not logits.numel() or logits.shape[-1:] < (2,):
        raise ValueError(f"gauss_newton_bartlett: logits has shape {(*logits.shape,)}, not (..., 2 classes or more)")
    rows = wide(logits.reshape(-1, logits.shape[-1]))
    labels = torch.multinomial(rows.detach().softmax(-1), 1, generator=generator)[:, 0]
    loss = torch.nn.functional.cross_entropy(rows, labels)
    return [len(rows) * wide(g) ** 2 for g in torch.autograd.grad(loss, [*params])]


def second_gradients(asking, states, closure, others=()):
    """Gradients here and where rules ask for them: what a step reads, (vector, function that gives another vector).

    One pair for each (params, rule, move) of ``asking``.  All parameters go to the points that are asked for together,
    and the closure, which computes loss and gradients anew, is called there once.  The parameters ``others``, of rules
    that ask for none, keep the gradient of the first call.
    """
    if closure is None:
        raise TypeError(
            f"TorchOptimizer: {type(asking[0][1]).__name__} takes two gradients a step; call step(closure) with a "
            "function that zeroes the gradients, computes the loss, calls backward and returns the loss"
        )
    here = [(join(params), join([p.grad for p in params])) for params, _, _ in asking]
    kept = [p.grad.clone() for p in others]
    try:
        for (params, rule, move), (x, g) in zip(asking, here, strict=True):
            resume(rule, states[params[0]])
            write_pieces(params, _point_asked_for(move, x, g))
            for p in params:
                p.grad = torch.zeros_like(p.grad)  # the closure may leave it to the loop to zero the gradients
        with torch.enable_grad():
            closure()
        if any(p.grad is None for params, _, _ in asking for p in params):
            raise ValueError("TorchOptimizer: closure gave a parameter a gradient in the first call, not in the second")
        there = [wide(join([p.grad for p in params])) for params, _, _ in asking]
        return [(g, lambda _, second=second: second) for (_, g), second in zip(here, there, strict=True)]
    finally:
        for (params, _, _), (x, _) in zip(asking, here, strict=True):
            write_pieces(params, x)
        for p, g in zip(others, kept, strict=True):
            p.grad = g


def _point_asked_for(move, x, g):
    def ask(point):
        raise _Asked(point)

    try:
        move(x, g, ask)
    except _Asked as asked:
        return asked.args[0]
    return x
