"""Predictions of a trained network for images, and their loss and accuracy."""

import contextlib

import torch
import torch.nn.functional as F

from .. import checks
from .images import InOrder, as_images, as_test, check_labels
from .parts import check_model
from .precision import LAYOUTS, autocast, check_computed

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
    """Scores of the classes for each image, in evaluation mode.

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

    Returns
    -------
    tensor (N, classes), float32
    """
    images = as_images("scores", "images", images)
    batch = checks.integer("scores", "batch", batch, least=1)
    source = InOrder(images, torch.zeros(len(images), dtype=torch.long), normalize, batch)
    return _scores_and_labels("scores", model, source, flips, precision, layout)[0]


def predict(model, images, *, flips=False, **options):
    """The most likely class of each image: int64 tensor (N,).

    Parameters
    ----------
    model, images, flips, **options : as in `scores`
    """
    return scores(model, images, flips=flips, **options).argmax(1)


def evaluate(model, test, *, loss=F.cross_entropy, flips=False, normalize=None, batch=BATCH, precision="float32",
             layout="channels_last"):  # fmt: skip
    """Mean loss and accuracy over all images.

    Parameters
    ----------
    model : torch.nn.Module
    test : pair (images, labels)
        Or a source that makes its own batches, as in `fit`.
    loss : callable
        The mean loss of a batch from scores and labels.
    flips, normalize, batch, precision, layout : as in `scores`

    Returns
    -------
    loss, accuracy : float
    """
    source = as_test("evaluate", test, normalize, checks.integer("evaluate", "batch", batch, least=1))
    scores, labels = _scores_and_labels("evaluate", model, source, flips, precision, layout)
    check_labels("evaluate", "test", labels, scores.shape[1])
    return loss(scores, labels).item(), (scores.argmax(1) == labels).double().mean().item()


def _scores_and_labels(who, model, source, flips, precision, layout):
    """Scores (N, classes) and labels (N,) of all images of a source."""
    check_model(who, model)
    check_computed(who, precision, layout)
    device, scores, labels = next(model.parameters()).device, [], []
    ordered = lambda x: x.contiguous(memory_format=LAYOUTS[layout])
    with evaluation(model):
        for x, y in source.epoch(0):
            x = ordered(x.to(device))
            with autocast(device, precision):
                output = model(x).float()
                if flips:
                    output = (output + model(ordered(x.flip(3))).float()) / 2
            scores.append(output)
            labels.append(y.to(device))
    return torch.cat(scores), torch.cat(labels)
