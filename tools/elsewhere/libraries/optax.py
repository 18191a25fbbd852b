"""Optax: chains of transformations, in JAX with 64 bits."""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import jax.numpy as jnp
import optax
from optax import contrib

from ..common import FACTORS, MATRICES, Run, record

DECAY = {"weight_decay": 0.1}


def clipped(limit, rule):
    """A rule after one that clips, as the documentation chains them."""

    def make(learning_rate):
        return optax.chain(limit(1.0), rule(learning_rate))

    return make


RUNS = [
    Run("sgd", optax.sgd),
    Run("sgd momentum", optax.sgd, {"momentum": 0.9}),
    Run("sgd nesterov", optax.sgd, {"momentum": 0.9, "nesterov": True}),
    Run("sgd clip_by_global_norm", clipped(optax.clip_by_global_norm, optax.sgd)),
    Run("sgd clip", clipped(optax.clip, optax.sgd)),
    Run("adam", optax.adam),
    Run("adam eps", optax.adam, {"eps": 1e-3}),
    Run("adam eps_root", optax.adam, {"eps_root": 1e-8}),
    Run("adam nesterov", optax.adam, {"nesterov": True}),
    Run("adam clip_by_global_norm", clipped(optax.clip_by_global_norm, optax.adam)),
    Run("adamw", optax.adamw),
    Run("adamw decay", optax.adamw, DECAY),
    Run("nadam", optax.nadam),
    Run("nadamw", optax.nadamw),
    Run("adamax", optax.adamax),
    Run("adamaxw", optax.adamaxw),
    Run("amsgrad", optax.amsgrad),
    Run("radam", optax.radam),
    Run("rmsprop", optax.rmsprop),
    Run("rmsprop momentum", optax.rmsprop, {"momentum": 0.9}),
    Run("rmsprop nesterov", optax.rmsprop, {"momentum": 0.9, "nesterov": True}),
    Run("rmsprop centered", optax.rmsprop, {"centered": True}),
    Run("rmsprop eps outside", optax.rmsprop, {"eps_in_sqrt": False}),
    Run("rmsprop start 1", optax.rmsprop, {"initial_scale": 1.0}),
    Run("adagrad", optax.adagrad),
    Run("adagrad start 0", optax.adagrad, {"initial_accumulator_value": 0.0}),
    Run("adadelta", optax.adadelta),
    Run("adadelta without rate", optax.adadelta, {"learning_rate": None}, lr=1.0, extra={"no rate": True}),
    Run("adabelief", optax.adabelief),
    Run("adan", optax.adan),
    Run("adan decay", optax.adan, DECAY),
    Run("lion", optax.lion),
    Run("lion decay", optax.lion, DECAY),
    Run("rprop", optax.rprop),
    Run("yogi", optax.yogi),
    Run("novograd", optax.novograd),
    Run("sign_sgd", optax.sign_sgd),
    Run("sm3", optax.sm3, {}, ("vector", "zeros", "matrix")),
    Run("fromage", optax.fromage),
    Run("lamb", optax.lamb),
    Run("lamb decay", optax.lamb, DECAY),
    Run("lars", optax.lars),
    Run("lars decay", optax.lars, DECAY),
    Run("adafactor", optax.adafactor, {}, FACTORS),
    Run("adafactor factored", optax.adafactor, {"min_dim_size_to_factor": 2}, FACTORS),
    Run("adopt", contrib.adopt),
    Run("ademamix", contrib.ademamix),
    Run("simplified_ademamix", contrib.simplified_ademamix),
    Run("prodigy", contrib.prodigy),
    Run("dadapt_adamw", contrib.dadapt_adamw),
    Run("schedule_free_sgd", contrib.schedule_free_sgd),
    Run("schedule_free_adamw", contrib.schedule_free_adamw),
    Run("schedule_free_adamw decay", contrib.schedule_free_adamw, DECAY),
    Run("muon", contrib.muon, {}, MATRICES),
    Run("muon consistent_rms", contrib.muon, {"consistent_rms": 0.2}, MATRICES),
    Run("muon nesterov False", contrib.muon, {"nesterov": False}, MATRICES),
    Run("sgd momentum, schedule", optax.sgd, {"momentum": 0.9}, extra={"schedule": True}),
    Run("rmsprop momentum, schedule", optax.rmsprop, {"momentum": 0.9}, extra={"schedule": True}),
    Run("adamw decay, schedule", optax.adamw, DECAY, extra={"schedule": True}),
    Run("lion decay, schedule", optax.lion, DECAY, extra={"schedule": True}),
    Run("adadelta, schedule", optax.adadelta, extra={"schedule": True}),
]


def walk(run, dtype, x0, gradients, factors):
    """A changed rate is the same rule made with it: it reads the state of the one before."""
    weights = jnp.asarray(x0, dtype)
    settings = {"learning_rate": run.lr, **run.settings}
    if "schedule" in run.extra:
        rates = jnp.asarray([run.lr * factor for factor in factors] + [0.0])
        settings["learning_rate"] = lambda count: rates[count]
    rule = run.make(**settings)
    state = rule.init(weights)
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1 and not run.extra:
            rule = run.make(**{**settings, "learning_rate": run.lr * factor})
        updates, state = rule.update(jnp.asarray(gradient, dtype), state, weights)
        weights = optax.apply_updates(weights, updates)
        yield weights


# Those without a default rate: what Keras and the papers take most.
for each in RUNS:
    if each.lr is None and "learning_rate" not in each.settings:
        each.lr = {"schedule_free_sgd": 1.0, "prodigy": 1.0, "dadapt_adamw": 1.0}.get(each.name, 0.01)
        each.lr = 0.0025 if each.name.startswith("schedule_free_adamw") else each.lr

if __name__ == "__main__":
    record("optax", ["optax", "jax", "jaxlib"], RUNS, walk)
