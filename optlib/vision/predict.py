"""What a trained network says of images."""

import contextlib

import torch
import torch.nn.functional as F

from .images import Normalize, as_images, as_pair, check_labels
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


def scores(model, images, *, flips=False, normalize=None, precision="float32", layout="channels_last", batch=BATCH):
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
    precision, layout : str
        As in `fit`; not "auto".
    batch : int
        Images at once.

    Returns
    -------
    tensor (N, classes), float32
    """
    images, normalize = as_images("scores", "images", images), normalize or Normalize()
    device = next(model.parameters()).device
    found = []
    with evaluation(model):
        for part in images.split(batch):
            x = normalize(part.to(device)).contiguous(memory_format=LAYOUTS[layout])
            with autocast(device, precision):
                said = model(x).float()
                if flips:
                    said = (said + model(x.flip(3).contiguous(memory_format=LAYOUTS[layout])).float()) / 2
            found.append(said)
    return torch.cat(found)


def predict(model, images, *, flips=False, **options):
    """The class of each image: int64 tensor (N,).

    Parameters
    ----------
    model, images, flips, **options : as in `scores`
    """
    return scores(model, images, flips=flips, **options).argmax(1)


def evaluate(model, test, *, loss=F.cross_entropy, flips=False, **options):
    """Mean loss and share of right answers over all images.

    Parameters
    ----------
    model : torch.nn.Module
    test : pair (images, labels)
    loss : callable
        The mean loss of a batch from scores and labels.
    flips, **options : as in `scores`

    Returns
    -------
    loss, accuracy : float
    """
    images, labels = as_pair("evaluate", "test", test)
    found = scores(model, images, flips=flips, **options)
    check_labels("evaluate", "test", labels, found.shape[1])
    labels = labels.to(found.device)
    return loss(found, labels).item(), (found.argmax(1) == labels).double().mean().item()
