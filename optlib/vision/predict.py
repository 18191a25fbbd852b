"""What a trained network says of images."""

import contextlib

import torch
import torch.nn.functional as F

from .images import InOrder, as_images, as_test, check_labels
from .precision import LAYOUTS, autocast

BATCH = 500  # images at once: enough for a processor, little memory


@contextlib.contextmanager
def evaluation(model):
    """Evaluation mode without gradients; afterwards each module has the mode it had."""
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
        Its mode is afterwards what it was.
    images : bytes (N, H, W, 3)
        Tensor or array.
    flips : bool
        Also look at each image in the mirror, and take the mean of the scores.
    normalize : callable, optional
        The one of the training; by default `Normalize`.
    batch : int
        Images at once.
    precision, layout : str
        As in `fit`; not "auto".

    Returns
    -------
    tensor (N, classes), float32
    """
    images = as_images("scores", "images", images)
    source = InOrder(images, torch.zeros(len(images), dtype=torch.long), normalize, batch)
    return _looked_at(model, source, flips, precision, layout)[0]


def predict(model, images, *, flips=False, **options):
    """The class of each image: int64 tensor (N,).

    Parameters
    ----------
    model, images, flips, **options : as in `scores`
    """
    return scores(model, images, flips=flips, **options).argmax(1)


def evaluate(model, test, *, loss=F.cross_entropy, flips=False, normalize=None, batch=BATCH, precision="float32",
             layout="channels_last"):  # fmt: skip
    """Mean loss and share of right answers over all images.

    Parameters
    ----------
    model : torch.nn.Module
    test : pair (images, labels)
        Or something that makes batches of its own, as in `fit`.
    loss : callable
        The mean loss of a batch from scores and labels.
    flips, normalize, batch, precision, layout : as in `scores`

    Returns
    -------
    loss, accuracy : float
    """
    found, labels = _looked_at(model, as_test("evaluate", test, normalize, batch), flips, precision, layout)
    check_labels("evaluate", "test", labels, found.shape[1])
    return loss(found, labels).item(), (found.argmax(1) == labels).double().mean().item()


def _looked_at(model, source, flips, precision, layout):
    """Scores and labels of all images."""
    device, found, answers = next(model.parameters()).device, [], []
    ordered = lambda x: x.contiguous(memory_format=LAYOUTS[layout])
    with evaluation(model):
        for x, labels in source.epoch(0):
            x = ordered(x.to(device))
            with autocast(device, precision):
                said = model(x).float()
                if flips:
                    said = (said + model(ordered(x.flip(3))).float()) / 2
            found.append(said)
            answers.append(labels.to(device))
    return torch.cat(found), torch.cat(answers)
