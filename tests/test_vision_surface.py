"""`Snapshots` and `loss_surface`: the weights that are recorded, and losses and distances in the plane."""

import contextlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from vision_cases import BreakOff, Tiny, adam, images, one_thread, short  # noqa: F401

import optlib as ol
from optlib.pictures import theme
from optlib.torch_driver import TorchOptimizer
from optlib.vision import Freeze, Normalize, Snapshots, loss_surface
from optlib.vision import surface as module

FIXED = images(16, seed=3)


def snapshots(rule, every=2, epochs=3, width=4, **options):
    """A trained network and its snapshots."""
    model, record = Tiny(width=width, dropout=0.0), Snapshots(every)
    short(model, TorchOptimizer(model.parameters(), rule), callbacks=[record], epochs=epochs, **options)
    return model, record


def test_weights_that_are_frozen_later_stay_in_the_snapshots():
    model, record = Tiny(dropout=0.0), Snapshots()
    name = next(iter(dict(model.named_parameters())))
    short(model, TorchOptimizer(model.parameters(), ol.Adam()), callbacks=[Freeze([name], after=1), record], epochs=2)
    assert {len(each) for each in record.weights} == {len(vector(model))}


def vector(model):
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


def recorded(steps, weights):
    record = Snapshots()
    record.steps, record.weights = [*steps], weights
    return record


def training_loss(weights):
    """The loss of the fixed images with BatchNorm in training mode, computed independently."""
    model = Tiny(dropout=0.0).train()
    torch.nn.utils.vector_to_parameters(weights, model.parameters())
    return F.cross_entropy(model(Normalize()(torch.from_numpy(FIXED[0]))), torch.from_numpy(FIXED[1])).item()


@pytest.fixture(scope="module")
def runs():
    return {f"{type(rule).__name__}, here": snapshots(rule)[1]
            for rule in (ol.Momentum(lr=0.1), ol.Adam(lr=0.05), ol.AdaGrad(lr=0.05))}  # fmt: skip


@pytest.fixture(scope="module")
def surface(runs):
    return loss_surface(Tiny(dropout=0.0), FIXED, runs, grid=9)


def test_the_start_every_second_step_and_the_end():
    model, record = snapshots(ol.Adam(lr=0.01))
    assert record.steps == [0, 2, 4, 6, 8, 9]  # three epochs of three steps
    assert torch.equal(record.weights[0], vector(Tiny(dropout=0.0)))
    assert torch.equal(record.weights[-1], vector(model))
    assert repr(record.rule) == repr(ol.Adam(lr=0.01))


@pytest.mark.parametrize("make", [
    lambda p: TorchOptimizer(p, ol.Adam, lr=0.25), lambda p: TorchOptimizer([{"params": p, "lr": 0.25}], ol.Adam()),
    lambda p: TorchOptimizer([{"params": p[:1], "rule": ol.Lion()}, {"params": p[1:], "lr": 0.25}], ol.Adam),
])  # fmt: skip
def test_the_rate_is_that_of_the_group_wherever_it_was_given(make):
    (model, record), schedule = (Tiny(), Snapshots()), ol.schedules.Cosine(1.0, steps=9)
    _, history = short(model, make([*model.parameters()]), callbacks=[record], schedule=schedule)
    assert repr(record.rule) == history.settings["optimizer"] == repr(ol.Adam(lr=0.25))


def test_long_runs_are_thinned_out(monkeypatch):
    monkeypatch.setattr(module, "MOST", 8)
    model, record = snapshots(ol.Momentum(lr=0.01), every=1, epochs=10)
    assert len(record.steps) == len(record.weights) <= 8
    assert (record.steps[0], record.steps[-1], record.every) == (0, 30, 8)
    assert torch.equal(record.weights[-1], vector(model))


def test_a_run_that_diverged_keeps_its_finite_weights():
    _, record = snapshots(ol.GradientDescent(lr=1e30), every=1)
    assert all(w.isfinite().all() for w in record.weights)


def test_a_resumed_run_goes_on_with_its_snapshots(tmp_path):
    for step in (5, None):
        model, record = Tiny(dropout=0.0), Snapshots(2)
        with pytest.raises(KeyboardInterrupt) if step else contextlib.nullcontext():
            short(model, adam(model), callbacks=[record, BreakOff(step)], checkpoint=tmp_path / "run.pt")
    _, expected = snapshots(ol.Adam(lr=0.01))
    assert record.steps == expected.steps
    assert all(map(torch.equal, record.weights, expected.weights))


def test_frozen_weights_are_not_recorded():
    model, record = Tiny(), Snapshots()
    model.conv.weight.requires_grad_(False)
    short(model, TorchOptimizer([p for p in model.parameters() if p.requires_grad], ol.Adam()), callbacks=[record])
    assert len(record.weights[0]) == vector(model).numel() - model.conv.weight.numel()


def test_losses_along_the_paths_are_those_of_the_weights(runs, surface):
    for label, record in runs.items():
        path = surface.paths[label]
        for i in (0, 2, -1):
            assert path.f[record.steps[i]] == pytest.approx(training_loss(record.weights[i]), rel=1e-4)
        between = path.f[1], (path.f[0] + path.f[2]) / 2  # no snapshot after step 1
        assert between[0] == pytest.approx(between[1])
        assert path.steps == record.steps[-1]


def test_the_plane_goes_through_the_lowest_end(runs, surface):
    label = min(runs, key=lambda label: surface.paths[label].f[-1])
    assert np.allclose(surface.paths[label].x[-1], 0, atol=1e-5)
    middle = loss_surface(Tiny(dropout=0.0), FIXED, {label: runs[label]}, grid=5)
    # Between the points of the grid the loss is interpolated.
    assert float(middle.function(np.zeros(2))) == pytest.approx(surface.paths[label].f[-1], rel=0.1)
    assert float(surface.function(np.zeros(2))) == pytest.approx(surface.paths[label].f[-1], rel=0.05)


def test_a_run_that_ends_at_a_loss_of_nan_is_not_the_lowest(runs):
    loss = lambda output, labels: F.cross_entropy(output, labels) if output.abs().max() < 100 else torch.tensor(np.nan)
    label, run = next(iter(runs.items()))
    lost = recorded([0, 1], [run.weights[0], 1000 * run.weights[-1]])
    surface = loss_surface(Tiny(dropout=0.0), FIXED, {"lost": lost, label: run}, grid=5, loss=loss)
    assert np.isnan(surface.paths["lost"].f[-1])
    assert np.allclose(surface.paths[label].x[-1], 0, atol=1e-3)


def test_the_grid_holds_the_losses_and_all_paths(runs, surface):
    assert surface.losses.shape == (9, 9)
    X, Y = np.meshgrid(surface.x, surface.y)
    assert np.allclose(surface.function.at(X, Y), surface.losses, rtol=1e-6)
    below = loss_surface(Tiny(dropout=0.0), FIXED, runs, grid=5, loss=lambda scores, y: -F.cross_entropy(scores, y))
    assert np.allclose(below.function.at(*np.meshgrid(below.x, below.y)), below.losses, rtol=1e-6)
    slopes = surface.function.grad([0.1, 0.2])
    assert np.allclose(slopes, ol.numerical.gradient(surface.function, [0.1, 0.2], h=1e-4), rtol=1e-2)
    places = np.concatenate([path.x for path in surface.paths.values()])
    assert (places.min(axis=0) > [surface.x[0], surface.y[0]]).all()
    assert (places.max(axis=0) < [surface.x[-1], surface.y[-1]]).all()


def test_distances_in_the_plane_are_distances_of_weights(runs, surface):
    for label, record in runs.items():
        distance = (record.weights[-1] - record.weights[0]).norm().item()
        shown = np.linalg.norm(surface.paths[label].x[-1] - surface.paths[label].x[0])
        assert shown <= distance * 1.0001
        assert surface.shares[label] == pytest.approx(shown / distance, rel=1e-4)


def test_two_runs_of_two_snapshots_lie_in_their_plane(runs):
    """Start, end and end: three points make a plane, and the foot of each is the point itself."""
    short_runs = {label: recorded([run.steps[0], run.steps[-1]], [run.weights[0], run.weights[-1]])
                  for label, run in list(runs.items())[:2]}  # fmt: skip
    surface = loss_surface(Tiny(dropout=0.0), FIXED, short_runs, grid=21)
    assert all(share == pytest.approx(1, abs=1e-4) for share in surface.shares.values())
    for path in surface.paths.values():
        for i in (0, -1):
            assert float(surface.function(path.x[i])) == pytest.approx(path.f[i], rel=0.05)


def test_directions_are_orthonormal_and_each_run_counts_alike(runs):
    rows = [torch.stack(record.weights) - record.weights[-1] for record in runs.values()]
    directions = module._principal(rows)
    assert torch.allclose(directions @ directions.T, torch.eye(2), atol=1e-5)
    scaled = module._principal([rows[0] * 1000, *rows[1:]])
    assert torch.allclose((directions * scaled).sum(1).abs(), torch.ones(2), atol=1e-4)


def test_the_model_is_left_alone(runs):
    model = Tiny(dropout=0.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    loss_surface(model, FIXED, runs, grid=5)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_it_is_drawn_and_animated(surface):
    film = surface.animate()
    assert film.steps == 9
    names = "Momentum", "Adam", "AdaGrad"
    assert [track.style for track in film.tracks] == [theme.style_of(name) for name in names]
    assert 'class="optlib-animation"' in film.html()
    assert "Contours of loss" in surface.contour().description
    assert "share shown" in repr(surface)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"model": 3}, TypeError, "model is a int"),
    ({"runs": {}}, TypeError, "runs={} must be a dict"),
    ({"runs": {"a": [1]}}, TypeError, "of label -> Snapshots"),
    ({"runs": {"a": Snapshots()}}, ValueError, "'a' has 0 snapshots"),
    ({"runs": {1: Snapshots(), "1": Snapshots()}}, ValueError, "two labels that read '1'"),
    ({"grid": 4}, ValueError, "grid=4 must be an integer of at least 5"),
    ({"images": (FIXED[0], FIXED[1] + 9)}, ValueError, "labels of images contain"),
    ({"images": FIXED[0]}, TypeError, "must be a pair"),
    ({"model": Tiny(width=5)}, ValueError, "and model trains"),
])  # fmt: skip
def test_invalid_arguments_are_refused(runs, change, error, words):
    options = {"model": Tiny(), "images": FIXED, "runs": runs} | change
    with pytest.raises(error, match="loss_surface") as caught:
        loss_surface(**options)
    assert words in str(caught.value)


def test_a_straight_line_spans_no_plane():
    record = recorded(range(4), [vector(Tiny()) * (1 + t) for t in range(4)])
    with pytest.raises(ValueError, match="lie on one line"):
        loss_surface(Tiny(), FIXED, {"a": record})
