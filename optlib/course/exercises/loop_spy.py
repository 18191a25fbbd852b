"""A network that records how a training loop treats it, and hints drawn from that.  torch is imported when needed."""

import numpy as np

from .engine import close


def spy():
    """A network that records its calls: kind of batch, training mode, gradients recorded."""
    import torch

    class Spy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor([[1.0, -0.5, 0.2], [0.3, 0.8, -1.0]]))
            self.seen = []

        def forward(self, x):
            kind = "test" if bool((x[:, 0] > 50).any()) else "train"
            self.seen.append((kind, self.training, torch.is_grad_enabled()))
            return (x - 100 * (x[:, :1] > 50)) @ self.weight

    return Spy()


def batches():
    """Three training batches and two test batches of unequal sizes; test images are marked by a large number."""
    import torch

    draw = torch.Generator().manual_seed(0)
    batch = lambda n, mark: (torch.randn(n, 2, generator=draw) + mark, torch.randint(3, (n,), generator=draw))
    return [batch(8, 0), batch(8, 0), batch(2, 0)], [batch(6, 100), batch(1, 100)]


def slope(model, x, y):
    """Gradient of the mean loss of a batch by the weights."""
    import torch
    import torch.nn.functional as F

    with torch.enable_grad():
        return torch.autograd.grad(F.cross_entropy(model(x), y), model.weight)[0]


def modes(seen):
    """Hint on the modes in which the network was called, or None."""
    train, test = ([call[1:] for call in seen if call[0] == kind] for kind in ("train", "test"))
    if not test:
        return "the network never sees the test batches; the second number of a row is the loss on them."
    if len(test) != 4:
        return f"there are 2 test batches in each of 2 epochs, so 4 looks; yours are {len(test)}."
    if not all(training for training, _ in train):
        epoch = "the second epoch" if train[0][0] else "an epoch"
        return f"in {epoch} the network trains in evaluation mode: call model.train() at the start of every epoch."
    if any(training for training, _ in test):
        return "the test runs in training mode: BatchNorm would normalize by the test batch. Call model.eval() first."
    if any(grad for _, grad in test):
        return "the test records everything for a backward pass that never comes: with torch.no_grad()."
    return None


def rows_hint(rows, model, train, test):
    """Hint on the losses that the loop returned, or None."""
    import torch
    import torch.nn.functional as F

    try:
        pairs = np.array([[float(value) for value in row] for row in rows])
    except (TypeError, ValueError):
        return "return a list with one pair (train loss, test loss) of numbers for each epoch."
    if pairs.shape != (2, 2):
        return f"return one pair (train loss, test loss) for each of the 2 epochs; yours has the shape {pairs.shape}."
    with torch.no_grad():
        losses = [[F.cross_entropy(model(x), y).item() for x, y in batches] for batches in (train, test)]
    sizes = [[len(y) for _, y in batches] for batches in (train, test)]
    right = [np.average(loss, weights=size) for loss, size in zip(losses, sizes, strict=True)]
    plain = [np.mean(loss) for loss in losses]
    for k, name in enumerate(("training", "test")):
        value = pairs[0, k]
        if close(value, plain[k], 1e-4):
            return f"the {name} loss is the mean of the batch means; weigh each batch with its number of images."
        if close(value, sum(losses[k]), 1e-4):
            return f"the {name} loss is a sum over batches; it must be the mean over images."
        if close(value, losses[k][-1], 1e-4):
            return f"the {name} loss is that of the last batch only."
        if k and close(value, right[0], 1e-4):
            return "the second number is the training loss once more; this is how a published chart got its test curve."
        if not close(value, right[k], 1e-4):
            return f"the {name} loss of the first epoch, the mean over images, is {right[k]:.4f}; yours is {value:.4f}."
    if not np.allclose(pairs[1], right, rtol=1e-4):
        return "the first row is right and the second is not: start both sums anew in each epoch."
    return None
