"""Rules around a rule beside the libraries that CI has not: optax and schedulefree.

    pip install optax==0.2.8 jax schedulefree==1.4.1
    python benchmarks/oracles/around.py

Prints for each the largest difference of two paths of 300 steps, as a share of the path's largest number.
"""

import jax
import numpy as np
import optax
import schedulefree
import torch

import optlib as ol

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(1)
X = RNG.standard_normal((4, 3))
G = RNG.standard_normal((300, 4, 3)) * 10.0 ** RNG.uniform(-2, 1, (300, 1, 1))


def ours(rule):
    x, points = X, []
    for g in G:
        seen = {"gradient": g + x / 2, "gradient_function": lambda point, g=g: g + point / 2}
        x = rule.step(x, *[seen[name] for name in rule.reads])
        points.append(rule.evaluation_point(x) if isinstance(rule, ol.ScheduleFree) else x)
    return np.array(points)


def of_optax(transform, lookahead=False, mean=lambda state, x: x, function=False):
    x, points = jax.numpy.asarray(X), []
    x = optax.LookaheadParams.init_synced(x) if lookahead else x
    state = transform.init(x)
    for g in G:
        at = x.fast if lookahead else x
        more = {"grad_fn": lambda point, _, g=g: g + point / 2} if function else {}
        updates, state = transform.update(g + at / 2, state, x, **more)
        x = optax.apply_updates(x, updates)
        points.append(mean(state, x.fast if lookahead else x))
    return np.array(points)


def of_schedulefree(make, **options):
    weights, points = torch.nn.Parameter(torch.tensor(X)), []
    optimizer = make([weights], foreach=False, **options)
    optimizer.train()
    for g in G:
        weights.grad = torch.tensor(g) + weights.detach() / 2
        optimizer.step()
        optimizer.eval()
        points.append(weights.detach().numpy().copy())
        optimizer.train()
    return np.array(points)


def warm(lr, steps):
    return lambda t: lr * min(1.0, (t + 1) / steps)


ROWS = {
    "Lookahead, optax": lambda: (
        ours(ol.Lookahead(ol.Adam(lr=0.05), k=5, alpha=0.3)),
        of_optax(optax.lookahead(optax.adam(0.05), sync_period=5, slow_step_size=0.3), lookahead=True),
    ),
    "SAM, optax in its opaque mode": lambda: (
        ours(ol.SAM(ol.Momentum(lr=0.05, beta=0.8), rho=0.3)),
        of_optax(optax.contrib.sam(
            optax.sgd(0.05, momentum=0.8), optax.chain(optax.contrib.normalize(), optax.sgd(0.3)), sync_period=2,
            opaque_mode=True), function=True),
    ),
    "ScheduleFree(GradientDescent), schedulefree": lambda: (
        ours(ol.ScheduleFree(ol.GradientDescent(lr=0.03), beta=0.8)),
        of_schedulefree(schedulefree.SGDScheduleFree, lr=0.03, momentum=0.8),
    ),
    "  with a warm-up of 10 steps": lambda: (
        ours(ol.ScheduleFree(ol.GradientDescent(lr=warm(0.03, 10)), beta=0.8)),
        of_schedulefree(schedulefree.SGDScheduleFree, lr=0.03, momentum=0.8, warmup_steps=10),
    ),
    "ScheduleFree(AdamW), schedulefree": lambda: (
        ours(ol.ScheduleFree(ol.AdamW(lr=0.02, beta1=0.0, beta2=0.98, weight_decay=0.1), beta=0.8)),
        of_schedulefree(schedulefree.AdamWScheduleFree, lr=0.02, betas=(0.8, 0.98), weight_decay=0.1),
    ),
    "ScheduleFree(GradientDescent), optax": lambda: (
        ours(ol.ScheduleFree(ol.GradientDescent(lr=0.03), beta=0.8)),
        of_optax(optax.contrib.schedule_free_sgd(0.03, b1=0.8), mean=optax.contrib.schedule_free_eval_params),
    ),
    "  with optax's warm-up of 10 steps": lambda: (
        ours(ol.ScheduleFree(ol.GradientDescent(lr=warm(0.03, 10)), beta=0.8)),
        of_optax(optax.contrib.schedule_free_sgd(0.03, warmup_steps=10, b1=0.8),
                 mean=optax.contrib.schedule_free_eval_params),
    ),
}  # fmt: skip


if __name__ == "__main__":
    for name, paths in ROWS.items():
        a, b = paths()
        print(f"{name:48}{np.abs(a - b).max() / np.abs(b).max():.1e}")
