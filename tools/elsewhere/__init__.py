"""What other libraries' optimizers really do: each fed the same gradients in an environment of its own.

``python -m tools.elsewhere`` lists the libraries; ``python -m tools.elsewhere record [LIBRARY ...]`` records them into
``data/elsewhere``.  README.md beside this file says what is recorded, and which libraries are not to be had.
"""

from typing import NamedTuple


class Library(NamedTuple):
    """``course`` takes torch and NumPy of the course's own environment, which spares gigabytes."""

    python: str
    requirements: tuple
    course: bool = False
    environment: str | None = None  # that of another library, if it is the same
    options: tuple = ()  # of pip


JAX = ("keras==3.15.1", "jax==0.10.2", "jaxlib==0.10.2", "numpy==2.4.6", "optax==0.2.8")
TENSORFLOW = ("tensorflow==2.21.0", "keras==3.15.1")
TORCH = "torch==2.13.0"
ALONE = ("--no-deps",)  # their other parts ask for packages that are built for another torch

LIBRARIES = {
    "torch": Library("3.11", (TORCH, "numpy==2.4.6"), course=True),
    "keras_torch": Library("3.11", ("keras==3.15.1", TORCH), course=True),
    "keras_jax": Library("3.11", JAX, environment="jax"),
    "keras_tensorflow": Library("3.11", TENSORFLOW, environment="tensorflow"),
    "tf_compat_v1": Library("3.11", TENSORFLOW, environment="tensorflow"),
    "optax": Library("3.11", JAX, environment="jax"),
    "jax_example_libraries": Library("3.11", JAX, environment="jax"),
    "paddle": Library("3.11", ("paddlepaddle==3.3.1",)),
    "mindspore": Library("3.11", ("mindspore==2.10.0",)),
    "mlx": Library("3.11", ("mlx[cpu]==0.32.4",)),
    "tinygrad": Library("3.11", ("tinygrad==0.14.0",)),
    "timm": Library("3.11", ("timm==1.0.31",), course=True, options=ALONE),
    "pytorch_optimizer": Library("3.11", ("pytorch_optimizer==4.1.0", TORCH), course=True),
    "torch_optimizer": Library("3.11", ("torch-optimizer==0.3.0", TORCH), course=True),
    "heavyball": Library("3.11", ("heavyball==3.2.1", TORCH), course=True),
    "schedulefree": Library("3.11", ("schedulefree==1.4.1", TORCH), course=True),
    "prodigyopt": Library("3.11", ("prodigyopt==1.1.2", TORCH), course=True),
    "lion_pytorch": Library("3.11", ("lion-pytorch==0.2.5", TORCH), course=True),
    "qhoptim": Library("3.11", ("qhoptim==1.1.0", TORCH), course=True),
    "sklearn": Library("3.11", ("scikit-learn==1.9.1", "numpy==2.4.6")),
    "fastai": Library("3.11", ("fastai==2.8.12", TORCH, "torchvision==0.28.0"), course=True),
    "transformers": Library("3.11", ("transformers==5.24.0", "accelerate==1.15.0", TORCH), course=True),
    "bitsandbytes": Library("3.11", ("bitsandbytes==0.50.2", TORCH), course=True),
    "torchao": Library("3.11", ("torchao==0.18.0", TORCH), course=True),
    "deepspeed": Library("3.11", ("deepspeed==0.19.8", TORCH), course=True),
    "lightning": Library("3.11", ("lightning==2.6.6", TORCH), course=True),
}


def paths(file, run):
    """Paths of a run of a library's file (as JSON gives it): dtype -> sequence -> weights after each step."""
    by_name = {each["name"]: each for each in file["runs"]}
    return {
        dtype: by_name[walked]["paths"][dtype] if isinstance(walked, str) else walked
        for dtype, walked in run["paths"].items()
    }


def defaults(file, run):
    """What the library takes for each setting of a run that is not given."""
    named = {each["name"]: each["defaults"] for each in file["runs"]}
    return named[run["defaults"]] if isinstance(run["defaults"], str) else run["defaults"]
