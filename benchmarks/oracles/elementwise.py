"""Elementwise rules of today beside optax: float64, 300 random gradients, random settings.

    pip install optax==0.2.8 jax==0.10.2
    python benchmarks/oracles/elementwise.py

Prints max |difference| / max |path| for each, and ends with an error where one is above 1e-12.  optax's Adan is the
deviation that the rule's page names, written out here.  The course does not need optax, and its tests do not run this.
"""

import pathlib
import sys

import jax
import numpy as np
import optax

jax.config.update("jax_enable_x64", True)
sys.path[:0] = [str(pathlib.Path(__file__).parents[2] / "tests"), str(pathlib.Path(__file__).parents[2])]

import optlib as ol  # noqa: E402
from oracles import STEPS, TOLERANCE, path  # noqa: E402

SEEDS, SHAPE = 5, (6, 4)


def optax_path(transform, x, gradients):
    state, points = transform.init(x), []

    @jax.jit
    def step(x, state, g):
        update, state = transform.update(g, state, x)
        return optax.apply_updates(x, update), state

    for g in gradients:
        x, state = step(x, state, g)
        points.append(np.asarray(x))
    return np.array(points)


def optaxs_adan(x, gradients, lr, beta1, beta2, beta3, eps):
    """Changes weigh 1 - beta2 where the paper has beta2 (in the letters of our rule)."""
    m, d, v, before, points = 0.0, 0.0, 0.0, gradients[0], []
    for t, g in enumerate(gradients, start=1):
        change, before = g - before, g
        m, d = beta1 * m + (1 - beta1) * g, beta2 * d + (1 - beta2) * change
        v = beta3 * v + (1 - beta3) * (g + (1 - beta2) * change) ** 2
        v_hat = v / (1 - beta3**t)
        x = x - lr * (m / (1 - beta1**t) + (1 - beta2) * d / (1 - beta2**t)) / (np.sqrt(v_hat) + eps)
        points.append(x)
    return np.array(points)


def pairs(rng, x, gradients):
    lr, eps = 10 ** rng.uniform(-3, -1), 10 ** rng.uniform(-8, -5)
    alpha, decay = rng.uniform(0, 10), rng.uniform(0, 0.3)
    b1, b2, b3 = rng.uniform(0.3, 0.99), rng.uniform(0.6, 0.999), rng.uniform(0.9, 0.9999)
    two = {"beta1": b1, "beta2": b2, "lr": lr}
    yield "Lion", path(ol.Lion(**two, weight_decay=decay), x, gradients), optax.lion(lr, b1, b2, weight_decay=decay)
    yield "AdaBelief, eps_root=eps", path(ol.AdaBelief(**two, eps=eps), x, gradients), optax.adabelief(
        lr, b1, b2, eps=eps, eps_root=eps)  # fmt: skip
    yield "ADOPT", path(ol.ADOPT(**two, eps=eps), x, gradients), optax.contrib.adopt(lr, b1, b2, eps=eps)
    yield "AdEMAMix", path(
        ol.AdEMAMix(**two, beta3=b3, alpha=alpha, eps=eps, weight_decay=decay), x, gradients
    ), optax.contrib.ademamix(lr, b1, b2, b3, alpha, eps=eps, weight_decay=decay)
    yield "Adan, its deviation applied", optaxs_adan(x, gradients, lr, b1, b2, b3, eps), optax.adan(
        lr, b1, b2, b3, eps=eps, eps_root=0.0)  # fmt: skip


def main():
    worst = {}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        gradients = 10 ** rng.uniform(-1, 1, (STEPS, 1, 1)) * rng.standard_normal((STEPS, *SHAPE))
        x = rng.standard_normal(SHAPE)
        for name, ours, transform in pairs(rng, x, gradients):
            theirs = optax_path(transform, x, gradients)
            worst[name] = max(worst.get(name, 0.0), np.abs(ours - theirs).max() / np.abs(theirs).max())
    for name, error in worst.items():
        print(f"{name:30} {error:.1e}")
    if max(worst.values()) > TOLERANCE:
        raise SystemExit(f"above {TOLERANCE}")


if __name__ == "__main__":
    main()
