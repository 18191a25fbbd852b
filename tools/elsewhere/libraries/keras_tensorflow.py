"""Keras on TensorFlow."""

import os

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

if __name__ == "__main__":
    from ..keras_api import record_on

    record_on("tensorflow", "tensorflow")
