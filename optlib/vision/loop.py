"""`fit`: one loop that trains a torch network on images."""

import time

import torch
import torch.nn.functional as F

from .precision import autocast
from .predict import evaluate
from .progress import Progress
from .run import Run

LOOK = 16  # steps between two looks at the loss on a GPU, which has to wait for them


def fit(model, optimizer, train, test=None, *, epochs, batch=None, schedule=None, seed=0, device=None, precision="auto",
        layout="auto", callbacks=(), checkpoint=None, progress=True, augment=None, normalize=None,
        loss=F.cross_entropy):  # fmt: skip
    """Train a network on images.

    >>> model = ResNet20()
    >>> optimizer = TorchOptimizer(model.parameters(), ol.Momentum(lr=0.1))
    >>> history = fit(model, optimizer, (images, labels), (test_images, test_labels), epochs=10, batch=128,
    ...               schedule=ol.schedules.Cosine(1.0, steps=10 * 391), checkpoint="resnet20.pt")

    Parameters
    ----------
    model : torch.nn.Module
        Takes floats (B, 3, H, W), gives scores (B, classes).  It is left in evaluation mode.
    optimizer : torch.optim.Optimizer
        Of the model's parameters: `TorchOptimizer` with a rule of the course, or one of torch's own.
    train, test : pairs (images, labels)
        Bytes (N, H, W, 3) and integers (N,), tensors or arrays.  Nothing is learned from ``test``.  What makes batches
        of its own, such as `optlib.data.augment.ImageBatches`, is taken too; ``batch``, ``augment`` and ``normalize``
        are then its own affair.
    epochs : int, at least 1
    batch : int
        Images in a batch.  The last batch of an epoch holds the rest.  To be given for pairs.
    schedule : function of t, optional
        Factor on the learning rate of each group, such as ``ol.schedules.Cosine(1.0, steps=900)``; t is 0 at the first
        step.
    seed : int, at least 0
        Decides the order of the images, as `ol.data.batches`, the augmentation, and what layers such as dropout draw:
        everything but the weights to start from.
    device : str or torch.device, optional
        By default a GPU where there is one.
    precision : "auto", "float32" or "bfloat16"
        In which the network computes; weights, gradients and the loss stay float32.  "auto" takes what `probe` finds
        fastest.
    layout : "auto", "contiguous" or "channels_last"
        In which images lie in memory.
    callbacks : sequence of `Callback` or functions of the run
        Functions are called after each epoch.
    checkpoint : path, optional
        Written after each epoch.  If the file is there, the run goes on after the last whole epoch, with the numbers
        that it would have had without the break.
    progress : bool
        Show a line with images a second and the time left.
    augment : callable, optional
        ``augment(images, epoch, generator)`` gives the images that an epoch sees, bytes of the same shape.  ``epoch``
        is 0 for the first; ``generator`` is where random numbers should come from.
    normalize : callable, optional
        Makes floats (B, C, H, W) of bytes (B, H, W, C); by default `Normalize`.
    loss : callable
        The mean loss of a batch from scores and labels, for training and test.
        ``functools.partial(F.cross_entropy, label_smoothing=0.2)`` smooths the labels.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        For arguments that cannot be, before the first step; for a checkpoint that is damaged or of another run.  A loss
        that becomes infinite or NaN is no error: the run ends there, marked as diverged.
    """
    run = Run(model, optimizer, train, test, epochs=epochs, batch=batch, schedule=schedule, seed=seed, device=device,
              precision=precision, layout=layout, callbacks=callbacks, checkpoint=checkpoint, augment=augment,
              normalize=normalize, loss=loss)  # fmt: skip
    bar = Progress(progress, run.epochs, run.per_epoch, run.settings["images"])
    try:
        run.begin()
        while run.goes_on:
            one_epoch(run, bar)
    finally:
        run.end()
    return run.history


def one_epoch(run, bar):
    """Train for an epoch, test, and note it all; what is unfinished is not noted."""
    bar.begin(run.epoch)
    began = time.perf_counter()
    with run.randomness():
        found = _train(run, bar)
    seconds = time.perf_counter() - began
    if found is not None:
        found |= _test(run)
    if found is None or not all(map(_finite, found.values())):
        run.history.diverged, run.history.diverged_at = True, run.step - 1
    else:
        run.epoch += 1
        run.history.append(**found, seconds=seconds, lr=run.optimizer.param_groups[0].get("lr"))
        for each in run.callbacks:
            each.after_epoch(run)
    run.save()
    bar.end(repr(run.history) if run.history.diverged else run.history.line())


def _train(run, bar):
    """Train for an epoch.  Returns the means over its images, or None where loss or weights are no longer finite."""
    run.model.train()
    look = 1 if run.device.type == "cpu" else LOOK
    sums, seen = torch.zeros(2, dtype=torch.float64, device=run.device), 0  # of losses and of right answers
    for k, (x, labels) in enumerate(run.train.epoch(run.epoch), start=1):
        run.set_rates()
        labels = labels.to(run.device)
        with autocast(run.device, run.precision):
            scores = run.model(run.prepared(x)).float()
        loss = run.loss(scores, labels)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.step += 1
        for each in run.callbacks:
            each.after_step(run)
        with torch.no_grad():
            sums += torch.stack([loss.double() * len(labels), (scores.argmax(1) == labels).sum()])
        seen += len(labels)
        if k % look == 0 and not _finite(sums):
            return None
        bar.step(k, sums, seen)
    if not all(map(_finite, [sums, *run.model.parameters()])):
        return None
    loss, accuracy = (sums / seen).tolist()
    return {"train_loss": loss, "train_accuracy": accuracy}


def _test(run):
    """Loss and accuracy on the test images."""
    if run.test is None:
        return {}
    began = time.perf_counter()
    loss, accuracy = evaluate(run.model, run.test, loss=run.loss, precision=run.precision, layout=run.layout)
    return {"test_loss": loss, "test_accuracy": accuracy, "test_seconds": time.perf_counter() - began}


def _finite(value):
    return bool(torch.as_tensor(value).isfinite().all())
