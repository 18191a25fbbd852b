"""`fit` and `evaluate` of networks whose outputs are no scores of images: texts, tuples, sources of other batches."""

from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from vision_cases import Tiny, adam, images, one_thread, sgd, short, weights  # noqa: F401

from optlib.vision import evaluate
from optlib.vision.images import InOrder, Shuffled

LETTERS, WINDOW = 5, 6


def unchanged(x):
    return x


class Reader(nn.Module):
    """The next letter from the one before it: (B, T) -> (B, T, letters)."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(LETTERS, LETTERS)
        nn.init.zeros_(self.table.weight)

    def forward(self, x):
        return self.table(x)


def text(size=None, n=22):
    """Windows in which each letter is followed by the next one of the alphabet, but for the last two windows."""
    letters = (torch.arange(n)[:, None] + torch.arange(WINDOW + 1)) % LETTERS
    letters[-2:, 1:] = 0
    part = (letters[:, :-1], letters[:, 1:])
    return InOrder(*part, unchanged, size or 8) if size else Shuffled(*part, 8, 0, None, unchanged)


def token_loss(scores, labels):
    return F.cross_entropy(scores.flatten(0, 1), labels.flatten())


def test_of_texts_each_position_counts_for_the_accuracy():
    model = Reader()
    options = {"batch": None, "loss": token_loss, "epochs": 12}
    _, history = short(model, adam(model, 0.3), text(), text(7), **options)
    x, labels = text().images, text().labels
    with torch.no_grad():
        scores = model(x)
    assert history.test_accuracy[-1] == pytest.approx((scores.argmax(-1) == labels).double().mean().item(), abs=1e-12)
    assert 0.85 < history.test_accuracy[-1] < 1
    assert history.test_loss[-1] == pytest.approx(token_loss(scores, labels).item(), rel=1e-6)
    assert "%" in history.line()
    assert "examples/s" in history.line()


def test_letters_that_the_network_has_no_score_for_are_refused():
    wrong = Shuffled(text().images, text().labels + 1, 8, 0, None, unchanged)
    model = Reader()
    with pytest.raises(ValueError, match="labels of train contain 5; the network has 5 classes"):
        short(model, sgd(model), wrong, batch=None)


class Pair(NamedTuple):
    mean: torch.Tensor
    parts: tuple


class Copier(nn.Module):
    """Gives back its input by way of one number, as a named tuple with a tuple inside."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(8, 1), nn.Linear(1, 8)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(torch.linspace(-0.3, 0.4, p.numel()).view_as(p))

    def forward(self, x):
        code = self.down(x)
        return Pair(self.up(code), (code, code**2))


def squared(output, x):
    assert isinstance(output, Pair)
    assert {each.dtype for each in (output.mean, *output.parts)} == {torch.float32}
    return (output.mean - x).square().sum(1).mean()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_outputs_that_are_no_scores_have_a_loss_and_no_accuracy(precision):
    x = torch.linspace(-1, 1, 22)[:, None] * torch.linspace(0.5, 1, 8)
    model = Copier()
    source = Shuffled(x, None, 8, 0, None, unchanged)  # its targets are its inputs
    options = {"batch": None, "loss": squared, "precision": precision, "layout": "channels_last", "epochs": 4}
    test = InOrder(x, None, unchanged)
    _, history = short(model, adam(model, 0.05), source, test, **options)
    assert history.train_loss[-1] < history.train_loss[0]
    assert (history.train_accuracy, history.test_accuracy) == ([], [])
    assert len(history.test_loss) == len(history.test_seconds) == 4
    assert "%" not in history.line()
    assert type(history).from_dict(history.to_dict()) == history
    with torch.no_grad():
        expected = squared(model(x), x).item()
    loss, accuracy = evaluate(model, InOrder(x, None, unchanged, 5), loss=squared)
    assert (loss, accuracy) == (pytest.approx(expected, rel=1e-6), None)
    assert history.test_loss[-1] == pytest.approx(expected, rel=1e-6 if precision == "float32" else 0.02)


def test_such_a_run_is_resumed_with_the_same_numbers(tmp_path):
    def run(epochs, stop=None, **options):
        x = torch.linspace(-1, 1, 22)[:, None] * torch.linspace(0.5, 1, 8)
        model = Copier()
        halt = lambda run: run.stop() if run.epoch == stop else None
        source = Shuffled(x, None, 8, 0, None, unchanged)
        return short(model, adam(model, 0.05), source, InOrder(x, None, unchanged),
                     batch=None, loss=squared, epochs=epochs, callbacks=[halt], **options)  # fmt: skip

    model, history = run(3)
    run(3, stop=1, checkpoint=tmp_path / "copier.pt")
    resumed, later = run(3, checkpoint=tmp_path / "copier.pt")
    assert torch.equal(weights(model), weights(resumed))
    assert (history.train_loss, history.test_loss) == (later.train_loss, later.test_loss)


def test_of_many_images_only_a_batch_of_outputs_is_kept():
    """The mean of the batches, each counted by its images, is that of all of them at once."""
    model, (pictures, labels), alive = Tiny(dropout=0.0), images(40), []

    def loss(scores, labels):
        alive.append(len(scores))
        return F.cross_entropy(scores, labels)

    in_parts = evaluate(model, (pictures, labels), loss=loss, batch=9)
    assert alive == [9, 9, 9, 9, 4]
    assert in_parts == pytest.approx(evaluate(model, (pictures, labels)), rel=1e-6)


def test_gradients_are_recorded_again_after_an_evaluation_that_was_refused():
    with pytest.raises(ValueError, match="labels of test contain 4"):
        evaluate(Tiny(), (images()[0], images()[1] + 1))
    assert torch.is_grad_enabled()
