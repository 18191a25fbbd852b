"""Rules that see a tensor or the group beside their authors' own packages and optax: float64, 300 random gradients.

    pip install prodigyopt==1.1.2 dadaptation==3.2 adam-mini==1.1.1 optax==0.2.8 jax==0.10.2
    python benchmarks/oracles/tensor_and_group.py

Prints max |difference| / max |path| for each, and ends with an error where one is above 1e-12.  Deviations of a library
are applied to our side, as the line says.  The course does not need these packages, and its tests do not run this.
"""

import contextlib
import io
import pathlib
import sys

import jax
import numpy as np
import optax
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
sys.path[:0] = [str(pathlib.Path(__file__).parents[2] / "tests"), str(pathlib.Path(__file__).parents[2])]

import adam_mini  # noqa: E402
import dadaptation  # noqa: E402
import prodigyopt  # noqa: E402

import optlib as ol  # noqa: E402
from oracles import STEPS, path, torch_path  # noqa: E402

SEEDS, SHAPE = 5, (6, 4)


def draw(seed):
    """A start, gradients with a slope in the first of them, and settings."""
    rng = np.random.default_rng(seed)
    gradients = 10 ** rng.uniform(-1, 1, (STEPS, 1, 1)) * rng.standard_normal((STEPS, *SHAPE))
    gradients[:9] += 10 * rng.standard_normal(SHAPE)
    adam = {"beta1": rng.uniform(0.1, 0.99), "beta2": rng.uniform(0.6, 0.999), "eps": 10 ** rng.uniform(-8, -5)}
    return rng, rng.standard_normal(SHAPE), gradients, adam


def optax_path(rule, x, gradients):
    state, points = rule.init(x), []
    step = jax.jit(rule.update)
    for g in gradients:
        update, state = step(g, state, x)
        x = np.asarray(optax.apply_updates(x, update))
        points.append(x)
    return np.array(points)


def of_torch(h):
    return {"betas": (h["beta1"], h["beta2"]), "eps": h["eps"]}


def corrected(lr, h):
    """The factor by which optax corrects both averages, as a schedule of lr."""
    return lambda t: lr * (1 - h["beta2"] ** (t + 1)) ** 0.5 / (1 - h["beta1"] ** (t + 1))


def rate_free(seed):
    rng, x, gradients, h = draw(seed)
    # From a d of 1e-6 the first steps move x by its last digits, and Prodigy measures how far.
    lr, d0, decay = rng.uniform(0.5, 2), 10 ** rng.uniform(-3, -1), 0.01 * rng.uniform()
    for ours, theirs, name in (
        (ol.Prodigy, prodigyopt.Prodigy, "prodigyopt.Prodigy"),
        (ol.DAdaptAdam, dadaptation.DAdaptAdam, "dadaptation.DAdaptAdam(decouple=True)"),
    ):
        options = {"lr": lr, "d0": d0, "weight_decay": decay}
        yield name, path(ours(**options, **h), x, gradients), torch_path(theirs, x, gradients, **options, **of_torch(h),
                                                                         decouple=True)  # fmt: skip
    betas = h["beta1"], h["beta2"]
    for ours, theirs, name in (
        (ol.Prodigy, optax.contrib.prodigy, "optax.contrib.prodigy, both averages corrected"),
        (ol.DAdaptAdam, optax.contrib.dadapt_adamw, "optax.contrib.dadapt_adamw, likewise"),
    ):
        rule = theirs(lr, betas=betas, eps=h["eps"], estim_lr0=d0, weight_decay=decay)
        yield name, path(ours(lr=corrected(lr, h), d0=d0, weight_decay=decay, **h), x, gradients), optax_path(
            rule, x, gradients
        )


def layers(seed):
    rng, x, gradients, h = draw(seed)
    lr, decay = 10 ** rng.uniform(-3, -1), 0.1 * rng.uniform()
    rule = optax.lamb(lr, b1=h["beta1"], b2=h["beta2"], eps=h["eps"], weight_decay=decay)
    ours = path(ol.LAMB(lr=lr, weight_decay=decay, **h), x, gradients)
    yield "optax.lamb", ours, optax_path(rule, x, gradients)
    rule = optax.lars(lr, weight_decay=0.0, trust_coefficient=0.01, eps=0.0, momentum=0.9)
    yield "optax.lars without decay", path(ol.LARS(lr=lr, trust_coefficient=0.01), x, gradients), optax_path(
        rule, x, gradients
    )


def rows(seed):
    rng, x, gradients, h = draw(seed)
    lr, decay = 10 ** rng.uniform(-4, -1), 0.1 * rng.uniform()
    for name, start, slopes in (("mlp.weight", x, gradients), ("norm.weight", x[0], gradients[:, 0])):

        def make(weights, name=name, **options):
            return adam_mini.Adam_mini([(name, weights[0])], **options, verbose=False)

        own_decay = 0.0 if name.startswith("norm") else decay  # it never decays those of a normalization
        ours = path(ol.AdamMini(lr=lr, weight_decay=own_decay, **h), start, slopes)
        yield f"adam_mini.Adam_mini ({name})", ours, torch_path(make, start, slopes, lr=lr, weight_decay=decay,
                                                               **of_torch(h))  # fmt: skip


def factored(seed):
    rng, x, gradients, _ = draw(seed)
    rule = optax.scale_by_factored_rms(min_dim_size_to_factor=1, decay_rate=0.8, epsilon=1e-30)
    theirs = optax_path(optax.chain(rule, optax.clip_by_block_rms(1.0), optax.scale(-0.05)), x, gradients)
    yield "optax.scale_by_factored_rms (its t^-0.8 is in float32)", path(
        ol.Adafactor(lr=0.05, relative=False), x, gradients
    ), theirs


errors = {}
for seed in range(SEEDS):
    for group in (rate_free, layers, rows, factored):
        with contextlib.redirect_stdout(io.StringIO()):
            results = list(group(seed))
        for name, ours, theirs in results:
            errors[name] = max(errors.get(name, 0.0), np.abs(ours - theirs).max() / np.abs(theirs).max())
for name, error in errors.items():
    print(f"{error:8.1e}  {name}")
assert all(error <= (1e-6 if "float32" in name else 1e-12) for name, error in errors.items())
