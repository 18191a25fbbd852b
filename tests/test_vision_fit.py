"""`fit`: exact means, training mode for steps, evaluation mode for tests, and equal runs for equal seeds."""

import functools
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from vision_cases import Tiny, images, one_thread, sgd, short, weights  # noqa: F401

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from optlib.vision import Callback, FlipAndShift, Normalize, evaluate, predict, scores

TEST = images(9, seed=1)


def by_hand(model, optimizer, train, epochs, batch, seed=0):
    """The same training in the plainest lines: for each epoch loss, correct predictions and size of each batch."""
    mean, std = (torch.tensor(each)[:, None, None] for each in (ol.data.CIFAR10_MEAN, ol.data.CIFAR10_STD))
    x = (torch.from_numpy(train[0]).permute(0, 3, 1, 2) - mean) / std
    y, results = torch.from_numpy(train[1]), []
    for k in range(epochs):
        results.append([])
        model.train()
        for i in ol.data.batches(len(y), batch, seed=seed).epoch(k):
            output = model(x[i])
            loss = F.cross_entropy(output, y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            results[-1].append((loss.item(), (output.argmax(1) == y[i]).sum().item(), len(i)))
    return results


def test_the_means_of_an_epoch_are_exact_with_a_smaller_last_batch():
    model, twin = Tiny(dropout=0.0), Tiny(dropout=0.0)
    _, history = short(model, sgd(model))
    for k, batches in enumerate(by_hand(twin, sgd(twin), images(), 3, 8)):
        assert [size for _, _, size in batches] == [8, 8, 6]
        mean = sum(loss * size for loss, _, size in batches) / 22
        assert history.train_loss[k] == pytest.approx(mean, rel=1e-5)
        assert history.train_loss[k] != pytest.approx(np.mean([loss for loss, _, _ in batches]), rel=1e-5)
        assert history.train_accuracy[k] == pytest.approx(sum(correct for _, correct, _ in batches) / 22, abs=1e-12)
    torch.testing.assert_close(weights(model), weights(twin), rtol=1e-4, atol=1e-6)


def test_test_means_are_those_of_all_images_in_evaluation_mode():
    model, history = short(test=TEST)
    with torch.no_grad():
        output = model.eval()(Normalize()(torch.from_numpy(TEST[0])))
    assert history.test_loss[-1] == pytest.approx(F.cross_entropy(output, torch.from_numpy(TEST[1])).item(), rel=1e-5)
    assert history.test_accuracy[-1] == (output.argmax(1).numpy() == TEST[1]).mean()
    assert evaluate(model, TEST, batch=4) == pytest.approx((history.test_loss[-1], history.test_accuracy[-1]), rel=1e-5)


def test_every_step_is_made_in_training_mode_and_every_test_in_evaluation_mode():
    """Calling train() once, before the first epoch, trains all later epochs with BatchNorm and dropout switched off."""
    model, seen = Tiny(), []
    model.register_forward_hook(
        lambda module, x, y: seen.append((module.training, module.norm.training, len(x[0]), y.requires_grad))
    )
    statistics = []

    def note(run):
        statistics.append((run.model.norm.running_mean.clone(), run.model.norm.num_batches_tracked.item()))
        run.model.eval()  # as a callback of a reader may leave it

    short(model, test=TEST, callbacks=[note])
    epoch = [(True, True, 8, True), (True, True, 8, True), (True, True, 6, True), (False, False, 9, False)]
    assert seen[2:] == 3 * epoch  # gradients are recorded for steps only
    assert seen[0][:3] == (False, False, 2)  # a trial with two images
    assert [count for _, count in statistics] == [3, 6, 9]
    for (before, _), (after, _) in zip(statistics, statistics[1:], strict=False):
        assert not torch.equal(before, after)
    assert not model.training


def test_training_uses_the_statistics_of_the_batch_and_the_test_the_running_ones():
    model = Tiny(dropout=0.0)
    with torch.no_grad():
        model.norm.running_mean.fill_(50.0)  # nonsense, which training must not use and the first test must
    _, history = short(model, optimizer=torch.optim.SGD(model.parameters(), lr=1e-9), test=images(), epochs=1, batch=22)
    twin = Tiny(dropout=0.0)
    loss = F.cross_entropy(twin.train()(Normalize()(torch.from_numpy(images()[0]))), torch.from_numpy(images()[1]))
    assert history.train_loss[0] == pytest.approx(loss.item(), rel=1e-4)
    assert abs(history.test_loss[0] - loss.item()) > 0.1


def test_equal_seeds_give_equal_runs_and_others_do_not():
    runs = [short(seed=seed, test=TEST, augment=FlipAndShift(shift=1)) for seed in (3, 3, 4)]
    (a, first), (b, second), (c, third) = runs
    assert torch.equal(weights(a), weights(b))
    assert not torch.equal(weights(a), weights(c))
    assert (first.train_loss, first.test_loss) == (second.train_loss, second.test_loss)
    assert first.train_loss != third.train_loss


def test_dropout_draws_anew_in_each_epoch_and_for_each_seed():
    def first_masks(seed):
        model, masks = Tiny(), []
        model.dropout.register_forward_pre_hook(lambda layer, x: torch.ones_like(x[0]))
        model.dropout.register_forward_hook(lambda layer, x, y: masks.append(y.numpy().tobytes()))
        short(model, seed=seed)
        return masks[1::3]  # the first call is a trial with two images

    assert len({*first_masks(0), *first_masks(4)}) == 2 * 3


def test_torchs_random_numbers_are_neither_used_nor_moved():
    a, b = Tiny(), Tiny()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    short(a)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    short(b)
    assert torch.equal(weights(a), weights(b))


def test_the_schedule_is_a_factor_on_the_rate_of_each_group_at_each_step():
    model, rates = Tiny(), []
    groups = [{"params": model.conv.parameters(), "lr": 0.5}, {"params": model.classifier.parameters(), "lr": 0.1}]
    optimizer = TorchOptimizer(groups, ol.Momentum(lr=1.0))

    class Note(Callback):
        def after_step(self, run):
            rates.append([group["lr"] for group in run.optimizer.param_groups])

    factor = ol.schedules.Cosine(1.0, steps=6)
    _, history = short(model, optimizer, epochs=2, schedule=factor, callbacks=[Note()])
    expected = [[0.5 * factor(t), 0.1 * factor(t)] for t in range(6)]
    np.testing.assert_allclose(rates, expected)
    np.testing.assert_allclose(history.lr, [expected[2][0], expected[5][0]])
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]  # as before
    model.conv.requires_grad_(False)
    optimizer.zero_grad()
    np.testing.assert_allclose(short(model, optimizer, epochs=2, schedule=factor)[1].lr, history.lr)


def test_it_learns():
    _, history = short(Tiny(dropout=0.0), train=images(64), test=images(64), epochs=15, batch=16)
    assert history.test_accuracy[-1] > 0.9 > 0.5 > history.train_accuracy[0]


@pytest.mark.parametrize("convert", [
    np.asarray, torch.tensor, np.asfortranarray, lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    lambda a: a[::-1].copy()[::-1], lambda a: a.astype(a.dtype.newbyteorder()),
], ids=["array", "tensor", "Fortran", "read-only", "mirrored", "other bytes"])  # fmt: skip
def test_arrays_and_tensors_are_taken_and_left_as_they_are(convert):
    train = tuple(map(convert, images()))
    copies = [each.copy() if isinstance(each, np.ndarray) else each.clone() for each in train]
    _, history = short(train=train)
    assert history.train_loss == short()[1].train_loss
    assert all((a == b).all() for a, b in zip(train, copies, strict=True))


@pytest.mark.parametrize(("precision", "layout"), [("bfloat16", "channels_last"), ("float32", "channels_last")])
def test_precision_and_layout(precision, layout):
    model, seen = Tiny(dropout=0.0), []
    look = lambda module, x, y: seen.append((y.dtype, x[0].is_contiguous(memory_format=torch.channels_last)))
    model.conv.register_forward_hook(look)
    _, history = short(model, test=TEST, precision=precision, layout=layout)
    assert set(seen[2:]) == {(getattr(torch, precision), True)}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    np.testing.assert_allclose(history.train_loss, short(Tiny(dropout=0.0))[1].train_loss, rtol=0.02)
    assert (history.settings["precision"], history.settings["layout"]) == (precision, layout)


def test_the_loss_may_be_another():
    smooth = functools.partial(F.cross_entropy, label_smoothing=0.2)
    model, history = short(Tiny(dropout=0.0), test=TEST, loss=smooth)
    assert history.settings["loss"] == "cross_entropy(label_smoothing=0.2)"
    assert history.test_loss[-1] == pytest.approx(evaluate(model, TEST, loss=smooth)[0], rel=1e-5)


def test_augmentation_sees_each_epoch_once_and_only_training_images():
    calls = []

    def augment(pictures, epoch, generator):
        calls.append((epoch, len(pictures), torch.rand(1, generator=generator).item()))
        return 255 - pictures

    model, history = short(Tiny(dropout=0.0), test=TEST, augment=augment)
    assert [call[:2] for call in calls] == [(0, 22), (1, 22), (2, 22)]
    assert len({draw for _, _, draw in calls}) == 3
    twin, other = short(Tiny(dropout=0.0), train=(255 - images()[0], images()[1]), test=TEST)
    assert (history.train_loss, history.test_loss) == (other.train_loss, other.test_loss)


def test_flips_are_the_mean_of_the_scores_of_an_image_and_its_mirror_image():
    model, _ = short()
    model.train()
    pictures = TEST[0]
    plain, mirrored = scores(model, pictures), scores(model, pictures[:, :, ::-1].copy())
    both = scores(model, pictures, flips=True, batch=4)
    assert model.training
    assert model.norm.training
    torch.testing.assert_close(both, (plain + mirrored) / 2, rtol=1e-4, atol=1e-5)
    assert predict(model, pictures).tolist() == plain.argmax(1).tolist()
    model.norm.eval()
    predict(model, pictures)
    assert model.training
    assert not model.norm.training
    assert scores(torch.nn.Flatten(), pictures).shape == (9, 192)  # without weights to tell the device


def test_a_history_goes_through_json():
    _, history = short(test=TEST)
    loaded = json.loads(json.dumps(history.to_dict(), allow_nan=False))
    assert type(history).from_dict(loaded) == history
    assert loaded["images_per_second"] == [22 / seconds for seconds in history.seconds]
    assert all(len(loaded[name]) == 3 for name in ("train_loss", "test_accuracy", "seconds", "lr"))
    assert "Tiny, epoch 3/3" in repr(history)


def test_a_run_that_diverges_ends_without_an_exception():
    model = Tiny()
    _, history = short(model, torch.optim.SGD(model.parameters(), lr=1e30), epochs=5, test=TEST)
    assert (history.diverged, history.epochs) == (True, 0)
    assert history.diverged_at in (0, 1, 2)
    json.dumps(history.to_dict(), allow_nan=False)
    assert "diverged" in repr(history)


def test_the_step_is_named_at_which_it_diverged():
    calls = []

    def loss(output, labels):
        calls.append(1)
        return F.cross_entropy(output, labels) * (float("nan") if len(calls) == 6 else 1.0)

    _, history = short(loss=loss)  # the first call is a trial with two images
    assert (history.diverged, history.diverged_at, history.epochs) == (True, 4, 1)


@pytest.mark.parametrize("test", [None, TEST])
def test_weights_that_become_infinite_in_the_last_step_are_noticed(test):
    class Break(Callback):
        def after_step(self, run):
            if run.step == run.steps:
                with torch.no_grad():
                    run.model.conv.weight[0, 0, 0, 0] = float("inf")

    _, history = short(callbacks=[Break()], test=test)
    assert (history.diverged, history.diverged_at, history.epochs) == (True, 8, 2)
