"""Predictions of a trained network for images, and their loss and accuracy."""

import contextlib

import torch
import torch.nn.functional as F

from .. import checks
from .images import InOrder, are_scores, as_images, as_pair, check_labels, check_unset, sums_of
from .parts import check_model
from .precision import as_float32, autocast, check_computed, in_layout

BATCH = 500  # images at once: large enough to be fast, small enough for little memory


@contextlib.contextmanager
def evaluation(model):
    """Evaluation mode without gradients; afterwards the mode of each module is restored."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def scores(model, images, *, flips=False, normalize=None, batch=BATCH, precision="float32", layout="channels_last"):
    """Scores of the classes for each image, in evaluation mode: float32 tensor (N, classes).

    Parameters
    ----------
    model : torch.nn.Module
        Its mode is restored afterwards.
    images : bytes (N, H, W, 3)
        Tensor or array.
    flips : bool
        Whether to average the scores of each image and its mirror image.
    normalize : callable, optional
        As in training; by default `Normalize`.
    batch : int
        Images at once.
    precision, layout : str
        As in `fit`; not "auto".
    """
    images = as_images("scores", "images", images)
    batch = checks.integer("scores", "batch", batch, least=1)
    source = InOrder(images, torch.zeros(len(images), dtype=torch.long), normalize, batch)
    return torch.cat(_batches("scores", model, source, flips, precision, layout, lambda output, labels: output))


def predict(model, images, *, flips=False, **options):
    """The most likely class of each image: int64 tensor (N,).  All arguments are as in `scores`."""
    return scores(model, images, flips=flips, **options).argmax(1)


def evaluate(model, test, *, loss=F.cross_entropy, flips=False, normalize=None, batch=None, precision="float32",
             layout="channels_last"):  # fmt: skip
    """Mean loss and accuracy over all images, or other examples.

    Parameters
    ----------
    model : torch.nn.Module
    test : pair (images, labels)
        Or a source that makes its own batches, as in `fit`; then leave ``normalize`` and ``batch`` unset.
    loss : callable
        The mean loss of a batch from the network's output and the labels.
    flips, normalize, batch, precision, layout : as in `scores`

    Returns
    -------
    loss, accuracy : float
        Means over the examples, accumulated batch by batch.  The accuracy is None where the outputs are no scores of
        classes (`fit`).
    """
    if hasattr(test, "epoch"):
        check_unset("evaluate", test, normalize=normalize, batch=batch)
    else:
        size = checks.integer("evaluate", "batch", BATCH if batch is None else batch, least=1)
        test = InOrder(*as_pair("evaluate", "test", test), normalize, size)

    def sums(output, labels):
        if are_scores(output, labels):
            check_labels("evaluate", "test", labels, output.shape[-1])
        return sums_of(loss(output, labels), output, labels), len(labels)

    results = _batches("evaluate", model, test, flips, precision, layout, sums)
    if not results:
        raise ValueError("evaluate: test gives no batch; it must give at least one")
    batches, sizes = zip(*results, strict=True)
    mean, *accuracy = (sum(batches) / sum(sizes)).tolist()
    return mean, accuracy[0] if accuracy else None


def _batches(who, model, source, flips, precision, layout, function):
    """A list of ``function(output, labels)`` for each batch of a source."""
    check_model(who, model)
    check_computed(who, precision, layout)
    device, results = next((p.device for p in model.parameters()), torch.device("cpu")), []
    with evaluation(model):
        for x, labels in source.epoch(0):
            x = in_layout(x.to(device), layout)
            with autocast(device, precision):
                output = as_float32(model(x))
                if flips:
                    output = (output + model(in_layout(x.flip(3), layout)).float()) / 2
            results.append(function(output, labels.to(device)))
    return results
