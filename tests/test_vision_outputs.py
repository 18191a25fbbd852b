"""`fit` and `evaluate` of networks whose outputs are no scores of images: texts, tuples, sources of other batches."""

from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from vision_cases import Tiny, adam, images, one_thread, sgd, short, weights  # noqa: F401

from optlib.data import batches
from optlib.vision import Probe, evaluate
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


class Own:
    """Points and the half of the plane in which they lie; a source of its own, with what `fit` asks for."""

    def __init__(self, size=8, **others):
        self.x = torch.linspace(-1, 1, 44).view(22, 2)
        self.y, self.size = (self.x[:, 0] > 0).long(), size
        vars(self).update(others)

    def epoch(self, k):
        yield from zip(self.x.split(self.size), self.y.split(self.size), strict=True)


def test_a_source_needs_no_more_than_its_epochs_and_how_they_are_cut(tmp_path):
    def run(**options):
        model = nn.Linear(2, 2)
        with torch.no_grad():
            model.weight.zero_()
        halt = lambda run: run.stop() if run.epoch == options.get("stop") else None
        train = Own(batches=batches(22, 8, seed=0))
        return model, short(model, adam(model, 0.1), train, Own(), batch=None, epochs=4, callbacks=[halt],
                            checkpoint=options.get("checkpoint"))[1]  # fmt: skip

    path = tmp_path / "own.pt"
    model, history = run()
    assert history.test_accuracy[-1] > 0.9
    assert evaluate(model, Own())[1] == history.test_accuracy[-1]
    run(checkpoint=path, stop=1)
    assert len(run(checkpoint=path)[1].test_loss) == 4
    with pytest.raises(TypeError, match=r"fit: train is a Own without batches; .* ol\.data\.batches\(n, size"):
        short(model, adam(model), Own(), batch=None)


def test_a_network_of_volumes_is_trained_in_the_one_layout_that_it_has(monkeypatch):
    monkeypatch.setattr(Probe, "best", lambda self, *asked: [each.replace("auto", "channels_last") for each in asked])
    source = Own(batches=batches(22, 8, seed=0), x=torch.ones(22, 1, 2, 1, 1))
    model = nn.Sequential(nn.Conv3d(1, 2, (2, 1, 1)), nn.Flatten())
    assert short(model, adam(model), source, batch=None, layout="auto")[1].settings["layout"] == "contiguous"


@pytest.mark.parametrize("dtype", [torch.long, torch.bool])
def test_one_output_has_no_classes(dtype):
    """It would be right always: the only score is the highest one."""
    model = nn.Linear(2, 1)
    loss = lambda output, y: F.binary_cross_entropy_with_logits(output[:, 0], y.float())
    source = Own(batches=batches(22, 8, seed=0))
    source.y = source.y.to(dtype)
    _, history = short(model, adam(model), source, source, batch=None, loss=loss)
    assert (history.train_accuracy, history.test_accuracy) == ([], [])


@pytest.mark.parametrize(("make", "words"), [
    (lambda x, y: Shuffled(x, y[:5], 4), r"Shuffled: 22 inputs and 5 labels were given; one of each"),
    (lambda x, y: InOrder(x[:5], y), r"InOrder: 5 inputs and 22 labels were given; one of each"),
    (lambda x, y: InOrder(x[:0], y[:0]), "InOrder: no examples were given"),
    (lambda x, y: InOrder(x[:0], None), "InOrder: no examples were given"),
    (lambda x, y: InOrder(x, y, size=0), "InOrder: size=0 must be an integer of at least 1"),
])  # fmt: skip
def test_examples_that_do_not_go_together_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make(Own().x, Own().y)


def test_an_evaluation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="evaluate: test gives no batch"):
        evaluate(nn.Linear(2, 2), Own(epoch=lambda k: iter(())))


def test_what_is_augmented_need_not_be_bytes():
    noise = lambda x, epoch, generator: x + torch.randn(x.shape, generator=generator)
    source = Shuffled(Own().x, Own().y, 8, 0, noise, unchanged)
    first, second = (torch.cat([x for x, _ in source.epoch(k)]) for k in (0, 0))
    assert torch.equal(first, second)
    assert not torch.isin(first, source.images).any()
    with pytest.raises(ValueError, match=r"augment must return float32 \(22, 2\), as it is given"):
        next(Shuffled(Own().x, Own().y, 8, 0, lambda x, epoch, generator: x.double(), unchanged).epoch(0))
