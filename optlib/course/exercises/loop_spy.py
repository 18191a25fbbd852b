"""A network that records how a training loop treats it, and hints drawn from that.  torch is imported when needed."""

import dataclasses

import numpy as np

from .engine import close

EPOCHS, LR = 3, 0.5  # at this rate the losses of batches, epochs and passes differ in the third digit


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of the network."""

    kind: str  # of the batch, "train" or "test"
    training: bool  # the mode of the network
    recorded: bool  # for a backward pass


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the optimizer."""

    weights: object  # before it
    gradient: object  # None if there is none
    call: Call | None  # that led to the last backward pass, if there was one


def spy():
    """A network with the list ``seen`` of its calls."""
    import torch

    class Spy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor([[1.0, -0.5, 0.2], [0.3, 0.8, -1.0]]))
            self.seen = []

        def forward(self, x):
            kind = "test" if bool((x[:, 0] > 50).any()) else "train"
            self.seen.append(Call(kind, self.training, torch.is_grad_enabled()))
            return (x - 100 * (x[:, :1] > 50)) @ self.weight

    return Spy()


def watch(model, optimizer):
    """The list of steps, which the optimizer fills as it makes them."""
    steps, before, led = [], [], [None]

    def backward(gradient):
        led[0] = next(call for call in reversed(model.seen) if call.recorded)

    def step(*_):
        gradient = model.weight.grad
        steps.append(Step(before.pop(), None if gradient is None else gradient.clone(), led[0]))

    model.weight.register_hook(backward)
    optimizer.register_step_pre_hook(lambda *_: before.append(model.weight.detach().clone()))
    optimizer.register_step_post_hook(step)
    return steps


def batches():
    """Three training batches and two test batches of unequal sizes; test images are marked by a large number."""
    import torch

    draw = torch.Generator().manual_seed(0)
    batch = lambda n, mark: (torch.randn(n, 2, generator=draw) + mark, torch.randint(3, (n,), generator=draw))
    return [batch(8, 0), batch(8, 0), batch(2, 0)], [batch(6, 100), batch(1, 100)]


def slope(weights, x, y):
    """Gradient of the mean loss of a batch by the weights."""
    import torch
    import torch.nn.functional as F

    with torch.enable_grad():
        weights = weights.detach().clone().requires_grad_()
        return torch.autograd.grad(F.cross_entropy(x @ weights, y), weights)[0]


def losses(train, test):
    """The losses of a right loop.

    Returns
    -------
    came : array (epochs, training batches)
        In the steps themselves.
    again, tested : arrays (1 + epochs, batches)
        On the training and the test batches, before the first epoch and after each.
    """
    import torch.nn.functional as F

    weights = spy().weight.detach()
    look = lambda batches: [F.cross_entropy((x - 100 * (x[:, :1] > 50)) @ weights, y).item() for x, y in batches]
    came, again, tested = [], [look(train)], [look(test)]
    for _ in range(EPOCHS):
        came.append([])
        for x, y in train:
            came[-1] += look([(x, y)])
            weights -= LR * slope(weights, x, y)
        again.append(look(train))
        tested.append(look(test))
    return np.array(came), np.array(again), np.array(tested)


def steps_hint(steps, train):
    """Hint on the steps that the loop made, or None."""
    import torch

    if len(steps) != EPOCHS * len(train):
        n = len(train)
        return f"there are {EPOCHS} epochs of {n} training batches, so {EPOCHS * n} steps; yours makes {len(steps)}."
    if any(step.gradient is None for step in steps):
        return _no_gradient(steps)
    modes = [step.call is not None and step.call.training for step in steps]
    if not all(modes):
        epoch = "the second epoch" if modes[0] else "an epoch"
        return f"in {epoch} the network trains in evaluation mode: call model.train() at the start of every epoch."
    near = lambda one, other: torch.allclose(one, other, rtol=1e-4, atol=1e-6)
    slopes = [slope(step.weights, *train[i % len(train)]) for i, step in enumerate(steps)]
    wrong = next((i for i, step in enumerate(steps) if not near(step.gradient, slopes[i])), None)
    if wrong is None:
        return None
    taken, right = steps[wrong].gradient, slopes[wrong]
    if wrong and near(taken, steps[wrong - 1].gradient + right):
        return "gradients pile up from step to step: call optimizer.zero_grad() before each backward()."
    if near(taken, len(train[wrong % len(train)][1]) * right):
        return f"step {wrong + 1} follows the gradient of the sum over its batch; it should be that of the mean."
    if not taken.any():
        return "zero_grad() wipes out the gradient between backward() and step()."
    return f"step {wrong + 1} does not follow the gradient of the mean loss of its own batch."


def _no_gradient(steps):
    """Hint where a step found no gradient."""
    if steps[0].call is not None:
        return "zero_grad() wipes out the gradient between backward() and step()."
    if any(step.call is not None for step in steps):
        return "step() comes before backward(): at the first step there is no gradient yet."
    return "no gradient is computed: loss.backward() comes before optimizer.step()."


def test_hint(seen, test):
    """Hint on the modes in which the network was tested, or None."""
    calls = [call for call in seen if call.kind == "test"]
    if not calls:
        return "the network never sees the test batches; the second number of a row is the loss on them."
    if any(call.training for call in calls):
        return "the test runs in training mode: BatchNorm would normalize by the test batch. Call model.eval() first."
    if any(call.recorded for call in calls):
        return "the test records everything for a backward pass that never comes: with torch.no_grad()."
    return None


def rows_hint(rows, train, test):
    """Hint on the losses that the loop returned, or None."""
    try:
        pairs = np.array([[float(value) for value in row] for row in rows])
    except (TypeError, ValueError):
        return "return a list with one pair (train loss, test loss) of numbers for each epoch."
    if pairs.shape == (2, EPOCHS):
        return "return one pair (train loss, test loss) for each epoch, not a list for each loss."
    if pairs.shape != (EPOCHS, 2):
        return (f"return one pair (train loss, test loss) for each of the {EPOCHS} epochs; yours has the shape "
                f"{pairs.shape}.")  # fmt: skip
    came, again, tested = losses(train, test)
    sizes = [np.array([len(y) for _, y in batches]) for batches in (train, test)]
    twice = ("the training loss comes from a second pass over the training images; asked for is the loss of each batch "
             "as it came, from its own step.")  # fmt: skip
    copied = "the second number is the training loss once more; this is how a published chart got its test curve."
    early = "in each epoch the network is tested before its training; the test comes after it."
    passes = [(again[1], sizes[0], twice), (again[0], sizes[0], twice)]
    others = [(came[0], sizes[0], copied), (tested[0], sizes[1], early)]
    return _loss_hint("training", pairs[:, 0], came, sizes[0], passes) or _loss_hint(
        "test", pairs[:, 1], tested[1:], sizes[1], others
    )


def _loss_hint(name, column, loss, sizes, others):
    """Hint on one column of the rows, or None.

    Parameters
    ----------
    column : array (epochs,)
        What the loop gave.
    loss : array (epochs, batches)
        What it should be the mean of.
    others : list of (array (batches,), array of their sizes, hint)
        What it may be the mean of in the first epoch instead.
    """
    right, first = np.average(loss, axis=1, weights=sizes), loss[0]
    hints = [
        (first.mean(), f"the {name} loss is the mean of the batch means; weigh each batch with its number of images."),
        (first.sum(), f"the {name} loss is a sum over batches; it must be the mean over images."),
        (first @ sizes, f"the {name} loss is a sum over images; it must be the mean over them."),
        (first[-1], f"the {name} loss is that of the last batch only."),
        *((np.average(other, weights=n), text) for other, n, text in others),
        *((other.mean(), text) for other, _, text in others),
    ]
    if not close(column[0], right[0], 1e-4):
        otherwise = f"the {name} loss of epoch 1, the mean over images, is {right[0]:.4f}; yours is {column[0]:.4f}."
        return next((text for value, text in hints if close(column[0], value, 1e-4)), otherwise)
    kept = np.cumsum(loss @ sizes) / (sizes.sum() * np.arange(1, EPOCHS + 1))
    if np.allclose(column, kept, rtol=1e-4):
        return f"the {name} loss of a later epoch counts the earlier ones, too: start its list or sum anew in each."
    for epoch, (value, wanted) in enumerate(zip(column, right, strict=True), 1):
        if not close(value, wanted, 1e-4):
            return (f"the first row is right; the {name} loss of epoch {epoch}, the mean over images, is {wanted:.4f}; "
                    f"yours is {value:.4f}.")  # fmt: skip
    return None
