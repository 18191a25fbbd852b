"""Keras on torch."""

import os

os.environ |= {"KERAS_BACKEND": "torch"}

if __name__ == "__main__":
    from ..keras_api import record_on

    record_on("torch", "torch")
