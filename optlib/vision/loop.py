"""`fit`: one loop that trains a torch network, on images or whatever a source gives."""

import copy
import itertools
import time

import torch
import torch.nn.functional as F
from torch.optim.swa_utils import update_bn

from .callbacks import Callback
from .images import sums_of
from .precision import as_float32, autocast
from .predict import evaluate
from .progress import Progress
from .run import Run

LOOK = 16  # steps between two checks of the loss on a GPU, which waits for each
NORM_BATCHES = 20  # for the statistics of batch normalization of weights that were not trained


def fit(model, optimizer, train, test=None, *, epochs, batch=None, schedule=None, seed=0, device=None, precision="auto",
        layout="auto", callbacks=(), checkpoint=None, progress=True, augment=None, normalize=None,
        loss=F.cross_entropy):  # fmt: skip
    """Train a network on images, or on other examples from a source of batches.

    >>> model = ResNet20()
    >>> optimizer = TorchOptimizer(model.parameters(), ol.Momentum(lr=0.1))
    >>> history = fit(model, optimizer, (images, labels), (test_images, test_labels), epochs=10, batch=128,
    ...               schedule=ol.schedules.Cosine(1.0, steps=10 * 391), checkpoint="resnet20.pt")

    Parameters
    ----------
    model : torch.nn.Module
        Takes floats (B, 3, H, W), gives scores (B, classes).  With a source it takes the batches of that, and gives
        what the loss takes: a tensor or a tuple of tensors.  Trained in place and left in evaluation mode.
    optimizer : torch.optim.Optimizer
        Of the model's parameters: `TorchOptimizer` with a rule of the course, or one of torch's own.  Tested is what it
        steps; to test the average that a rule keeps, add `AverageInTest` to the callbacks.
    train, test : pairs (images, labels)
        Bytes (N, H, W, 3) and integers (N,), tensors or arrays.  Nothing is learned from ``test``.  A source that makes
        its own batches, such as `optlib.vision.images.Shuffled`, is accepted too: of images, texts or anything else.
        Its ``epoch(k)`` yields pairs of inputs and labels; ``batches``, from `ol.data.batches`, says how many of
        training examples.  Then leave ``batch``, ``augment`` and ``normalize`` unset; the source handles them, and a
        pair to test is normalized by its ``normalize``.  `AverageInTest` asks for the epoch after the last one, too.
    epochs : int, at least 1
    batch : int
        Images in a batch; the last batch of an epoch holds the remainder.  Required for pairs.
    schedule : function of t, optional
        Factor on the learning rate of each group, such as ``ol.schedules.Cosine(1.0, steps=900)``; t counts steps from
        0.
    seed : int, at least 0
        Of the order of the images (`ol.data.batches`), the augmentation, and layers such as dropout: of all random
        numbers but the initial weights.
    device : str or torch.device, optional
        By default a GPU where there is one.
    precision : "auto", "float32" or "bfloat16"
        In which the network computes; weights, gradients and the loss stay float32.  "auto" is the fastest one that
        `probe` measures.
    layout : "auto", "contiguous" or "channels_last"
        Memory format of images and weights.
    callbacks : sequence of `Callback` or functions of the run
        Functions are called after each epoch, such as ``lambda run: scheduler.step()``.
    checkpoint : path, optional
        Written after each epoch.  If the file exists, the run resumes after its last complete epoch and gives the same
        numbers as without the interruption; so does one that a callback stopped.  It keeps the states of the callbacks,
        and of whatever with a ``state_dict`` they use, such as torch's schedulers, but not a function's own
        variables: let it compute from ``run.history``, or write a `Callback` with a ``state_dict``.
    progress : bool
        Show a line with images per second and the time left.
    augment : callable, optional
        ``augment(images, epoch, generator)`` returns the images of an epoch, 0 for the first, as bytes of the same
        shape.  Random numbers should come from ``generator``.
    normalize : callable, optional
        Turns bytes (B, H, W, C) into floats (B, C, H, W); by default `Normalize`.
    loss : callable
        The mean loss of a batch from the network's output and the labels, for training and test.
        ``functools.partial(F.cross_entropy, label_smoothing=0.2)`` smooths the labels.

    Returns
    -------
    History
        Its accuracies count where the outputs are scores of classes: floats (B, classes) with integer labels (B,), or
        (B, T, classes) with (B, T) for texts.  Of other outputs these lists stay empty.

    Raises
    ------
    TypeError, ValueError
        For invalid arguments, before the first step; for a checkpoint that is damaged or of another run; for a callback
        that changes a learning rate beside ``schedule``, or of which the checkpoint keeps nothing.  A loss that becomes
        infinite or NaN is no error: the run ends there, marked as diverged.
    """
    run = Run(model, optimizer, train, test, epochs=epochs, batch=batch, schedule=schedule, seed=seed, device=device,
              precision=precision, layout=layout, callbacks=callbacks, checkpoint=checkpoint, augment=augment,
              normalize=normalize, loss=loss)  # fmt: skip
    bar = Progress(progress, run.epochs, run.settings["images"], run.history.unit)
    try:
        run.begin()
        while run.goes_on:
            one_epoch(run, bar)
    finally:
        bar.close()
        run.end()
    return run.history


def one_epoch(run, bar):
    """Train for an epoch, test, and append the results to the history, unless they are not finite."""
    bar.begin(run.epoch)
    began = time.perf_counter()
    with run.randomness():
        results = _train(run, bar)
    seconds = time.perf_counter() - began
    if results is not None and run.test is not None:
        began = time.perf_counter()
        results |= tested(run)
        results["test_seconds"] = time.perf_counter() - began
    finite = results is not None and all(map(_finite, results.values()))
    if finite:
        run.epoch += 1
        results |= {"seconds": seconds, "lr": run.rate}
        run.history.append(**results)
        run.notify("after_epoch")
        finite = _finite(run.history.test_loss[-1:])  # of an average
        if not finite:
            run.epoch -= 1
            for name in results:
                getattr(run.history, name).pop()
    if not finite:
        run.history.diverged, run.history.diverged_at = True, run.step - 1
    run.save()
    bar.end(repr(run.history) if run.history.diverged else run.history.line())


def tested(run):
    """The means over the test examples, by their names in the history."""
    return _named("test", *evaluate(run.model, run.test, loss=run.loss, precision=run.precision, layout=run.layout))


class AverageInTest(Callback):
    """Test the average that a rule keeps, or what else it says to evaluate, in place of the weights that are trained.

    It has statistics of batch normalization of its own, and is what the network holds after the run.
    """

    def start(self, run):
        if not hasattr(run.optimizer, "evaluation"):
            raise TypeError(f"AverageInTest: optimizer is a {type(run.optimizer).__name__}, and no TorchOptimizer")

    def after_epoch(self, run):
        batches = itertools.islice(run.train.epoch(run.epoch), NORM_BATCHES)
        with run.randomness(), run.optimizer.evaluation():
            with autocast(run.device, run.precision):
                update_bn((run.prepared(x) for x, _ in batches), run.model)
            for name, value in ({} if run.test is None else tested(run)).items():
                getattr(run.history, name)[-1] = value

    def end(self, run):
        if run.epoch:
            with run.optimizer.evaluation():
                averaged = copy.deepcopy(run.model.state_dict())
            run.model.load_state_dict(averaged)


def _named(part, loss, accuracy=None):
    return {f"{part}_loss": loss} | ({} if accuracy is None else {f"{part}_accuracy": accuracy})


def _train(run, bar):
    """Train for an epoch.  Returns the means over its examples, or None if loss or weights are no longer finite."""
    run.model.train()
    look = 1 if run.device.type == "cpu" else LOOK
    sums, seen = 0.0, 0  # of losses and of correct predictions
    for k, (x, labels) in enumerate(run.train.epoch(run.epoch), start=1):
        if run.factors is not None:
            run.set_rates(run.factors[run.step])
        labels = labels.to(run.device)
        with autocast(run.device, run.precision):
            output = as_float32(run.model(run.prepared(x)))
        loss = run.loss(output, labels)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.rate = run.last_rate()  # before a callback sets the next one
        run.step += 1
        run.notify("after_step")
        with torch.no_grad():
            sums = sums + sums_of(loss, output, labels)
        seen += len(labels)
        if k % look == 0 and not _finite(sums):
            return None
        bar.step(sums, seen)
    if not all(map(_finite, [sums, *run.model.parameters()])):
        return None
    return _named("train", *(sums / seen).tolist())


def _finite(value):
    return bool(torch.as_tensor(value).isfinite().all())
