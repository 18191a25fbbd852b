"""Keras on JAX."""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"}

if __name__ == "__main__":
    from ..keras_api import record_on

    record_on("jax", "jax")
