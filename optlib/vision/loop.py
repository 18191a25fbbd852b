"""`fit`: one loop that trains a torch network on images."""

import time

import torch
import torch.nn.functional as F

from .precision import LAYOUTS, autocast
from .predict import evaluate
from .progress import Progress
from .run import Run

LOOK = {"cpu": 1}  # steps between two looks at the loss, which make a GPU wait
LOOK_ELSEWHERE = 16


def fit(model, optimizer, train, test=None, *, epochs, batch, schedule=None, seed=0, device=None, precision="auto",
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
        Bytes (N, H, W, 3) and integers (N,), tensors or arrays.  Nothing is learned from ``test``.
    epochs : int, at least 1
    batch : int
        Images in a batch.  The last batch of an epoch holds the rest.
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
    bar = Progress(progress, run.epochs, run.batches.per_epoch, len(run.images))
    run.begin()
    while run.goes_on:
        bar.begin(run.epoch)
        began = time.perf_counter()
        with run.randomness() as generator:
            found = _train(run, generator, bar)
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
    model.eval()
    return run.history


def _train(run, generator, bar):
    """Train for an epoch.  Returns the means over its images, or None where the loss is no longer finite."""
    run.model.train()
    images, order = run.epoch_of_images(generator)
    look = LOOK.get(run.device.type, LOOK_ELSEWHERE)
    sums = torch.zeros(2, dtype=torch.float64, device=run.device)  # of the loss and of right answers, over images
    for k, i in enumerate(order.split(run.batches.size), start=1):
        run.set_rates()
        x, labels = run.normalize(images[i]).contiguous(memory_format=LAYOUTS[run.layout]), run.labels[i]
        with autocast(run.device, run.precision):
            scores = run.model(x)
        loss = run.loss(scores.float(), labels)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.step += 1
        for each in run.callbacks:
            each.after_step(run)
        right = scores.detach().argmax(1) == labels
        sums += torch.stack([loss.detach().double() * len(i), right.sum().double()])
        if k % look == 0 and not _finite(sums[0]):
            return None
        bar.step(k, lambda: sums[0].item() / min(k * run.batches.size, len(images)))  # noqa: B023 (called at once)
    if not all(map(_finite, [sums[0], *run.model.parameters()])):
        return None
    loss, accuracy = (sums / len(images)).tolist()
    return {"train_loss": loss, "train_accuracy": accuracy}


def _test(run):
    """Loss and accuracy on the test images."""
    if run.test is None:
        return {}
    began = time.perf_counter()
    loss, accuracy = evaluate(run.model, run.test, loss=run.loss, normalize=run.normalize, precision=run.precision,
                              layout=run.layout)  # fmt: skip
    return {"test_loss": loss, "test_accuracy": accuracy, "test_seconds": time.perf_counter() - began}


def _finite(value):
    return bool(torch.as_tensor(value).isfinite().all())
