"""The loss of a network over a plane through its space of weights, and the ways of several rules in that plane."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from ..functions import Function
from ..pictures.tracks import Track
from .callbacks import Callback
from .images import Normalize, as_pair, check_labels

MOST = 64  # snapshots of a run: beyond that every second one is let go
ROOM = 0.25  # of the width of the paths, on either side


class Snapshots(Callback):
    """Records the trained weights, as one vector each: before the first step, now and then, and at the end.

    Parameters
    ----------
    every : int, at least 1
        Steps between two snapshots.  It is doubled, and every second snapshot let go, when there are more than 64.

    Attributes
    ----------
    steps : list of int
        After how many steps each was taken; the first is 0.
    weights : list of tensors (n,), float32 on the CPU
        The parameters that are trained.  Running statistics of BatchNorm are not weights and are not kept.
    rule : Optimizer or None
        The rule of the course that made the steps; None for an optimizer of torch's own.
    """

    def __init__(self, every=1):
        checks.integer("Snapshots", "every", every, least=1)
        self.every, self.steps, self.weights, self.rule = int(every), [], [], None

    def start(self, run):
        self.steps, self.weights, self.rule = [], [], getattr(run.optimizer, "rule", None)
        self._take(run)

    def after_step(self, run):
        if run.step % self.every == 0:
            self._take(run)

    def after_epoch(self, run):
        if self.steps[-1] != run.step:
            self._take(run)

    @torch.no_grad()
    def _take(self, run):
        flat = torch.cat([p.reshape(-1).float() for p in _trained(run.model)]).cpu()
        if not flat.isfinite().all():  # the run is about to be called diverged
            return
        self._keep(())  # the end of an earlier epoch may be off the beat
        self.steps.append(run.step)
        self.weights.append(flat)
        if len(self.steps) > MOST:
            self.every *= 2
            self._keep((run.step,))

    def _keep(self, others):
        """Let go what was not taken at a multiple of ``every``, nor at one of the other steps."""
        kept = [i for i, step in enumerate(self.steps) if step % self.every == 0 or step in others]
        self.steps, self.weights = [self.steps[i] for i in kept], [self.weights[i] for i in kept]

    def state_dict(self):
        return {"every": self.every, "steps": list(self.steps), "weights": list(self.weights)}

    def load_state_dict(self, state):
        self.every, self.steps, self.weights = state["every"], list(state["steps"]), list(state["weights"])

    def __repr__(self):
        return f"Snapshots(every={self.every})"


class Surface:
    """The loss over a plane of weights, with the ways of several rules; see `loss_surface`.

    Attributes
    ----------
    function : Function
        The loss over the two coordinates of the plane, between the points of the grid by bicubic interpolation.
        Coordinates are lengths in the space of weights; (0, 0) is the end of the lowest run.
    x, y : arrays (grid,)
    losses : array (grid, grid)
        One row for each y.
    paths : dict of label -> Track
        Each run from its start: where the foot of the perpendicular from its weights to the plane is, and the loss of
        the weights themselves, which need not be that of the foot.
    shares : dict of label -> float
        Share of the distance from start to end that the plane shows: 1 if both lie in it.
    """

    def __init__(self, x, y, losses, paths, shares):
        self.x, self.y, self.losses, self.shares = x, y, losses, shares
        self.function = _interpolated(x, y, losses)
        self.paths = {label: _track(label, self.function, *path) for label, path in paths.items()}

    def animate(self, title="Loss over a plane of weights"):
        """The runs step by step, as `ol.animate` shows them."""
        from ..live.animation import animate

        return animate(self.function, *self.paths.values(), labels=list(self.paths), title=title)

    def contour(self, title="Loss over a plane of weights"):
        """The whole runs on contours, as `ol.plots.contour` draws them."""
        from ..pictures.landscape import contour

        return contour(self.function, *self.paths.values(), labels=list(self.paths), title=title)

    def __repr__(self):
        lines = [f"{'run':22} {'loss at its end':>15} {'below it in the plane':>22} {'share shown':>12}"]
        for label, path in self.paths.items():
            plane = float(self.function(path.x[-1]))
            lines.append(f"{label:22} {path.f[-1]:15.3f} {plane:22.3f} {self.shares[label]:12.0%}")
        return "\n".join(lines)


def loss_surface(model, images, runs, *, grid=17, loss=F.cross_entropy, normalize=None):
    """The loss over the plane that shows most of several runs, and their ways in it.

    The plane goes through the last weights w* of the run that ends lowest.  Its directions are the first two principal
    components of what separates all snapshots from w*, each run scaled to the same mean square, so that the one that
    goes farthest does not decide alone.

    The loss is that of fixed images, all in one batch.  BatchNorm normalizes them by their own statistics, as it does
    in training; running statistics belong to weights that were trained and not to the points between them.  So the
    loss is a function of the weights alone.  Other layers are in evaluation mode.

    Behind BatchNorm the length of a filter does not matter: distances in the plane are distances of weights, and may
    be long where the network hardly changes.

    Parameters
    ----------
    model : torch.nn.Module
        The network of all runs; it is copied, not changed.
    images : pair (images, labels)
        Bytes (N, H, W, 3) and integers (N,); a few hundred, at most what fits a batch.
    runs : dict of label -> Snapshots
        At least two snapshots each.
    grid : int, at least 5
        Points on a side; between them the loss is interpolated.
    loss, normalize : as in `fit`

    Returns
    -------
    Surface

    Raises
    ------
    TypeError, ValueError
        Naming the argument, its value and what is allowed.

    Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein (2018), Visualizing the Loss Landscape of Neural Nets,
    NeurIPS, section 7.2 (principal components of what separates the steps of one run from its end).  arXiv:1712.09913
    """
    checks.integer("loss_surface", "grid", grid, least=5)
    measure = _Measure(model, images, loss, normalize)
    weights = _checked_runs(runs, measure.count)
    heights = {label: np.array([measure(w) for w in each]) for label, each in weights.items()}
    lowest = min(weights, key=lambda label: heights[label][-1])
    center = weights[lowest][-1]
    away = {label: each - center for label, each in weights.items()}
    directions = _principal(list(away.values()))  # (2, n), orthonormal
    # They have no sign of their own: the runs start at the lower left, away from the legend.
    starts = torch.stack([each[0] for each in away.values()]) @ directions.T
    directions *= torch.where(starts.mean(0) > 0, -1.0, 1.0)[:, None]
    places = {label: (each @ directions.T).double().numpy() for label, each in away.items()}
    x, y = _sides(np.concatenate(list(places.values())), int(grid))
    losses = np.array([[measure(center + a * directions[0] + b * directions[1]) for a in x] for b in y])
    paths = {label: (runs[label], places[label], heights[label]) for label in runs}
    shares = {label: _share(away[label], places[label]) for label in runs}
    return Surface(x, y, losses, paths, shares)


class _Measure:
    """The loss of fixed images as a function of the vector of trained weights."""

    def __init__(self, model, images, loss, normalize):
        if not isinstance(model, nn.Module):
            raise TypeError(f"loss_surface: model is a {type(model).__name__}; it must be a torch.nn.Module")
        self.model, self.loss = copy.deepcopy(model).eval(), loss
        for layer in self.model.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.train()
        self.parameters = _trained(self.model)
        self.count = sum(p.numel() for p in self.parameters)
        device = self.parameters[0].device
        pixels, self.labels = as_pair("loss_surface", "images", images)
        self.x = (normalize or Normalize())(pixels.to(device)).contiguous()
        self.labels = self.labels.to(device)
        with torch.no_grad():
            check_labels("loss_surface", "images", self.labels, self.model(self.x[:2]).shape[1])

    @torch.no_grad()
    def __call__(self, weights):
        for p, part in zip(self.parameters, weights.split([p.numel() for p in self.parameters]), strict=True):
            p.copy_(part.view(p.shape))
        return float(self.loss(self.model(self.x).float(), self.labels))


def _trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def _checked_runs(runs, count):
    """The snapshots of each run as one tensor (snapshots, count)."""
    if not isinstance(runs, dict) or not runs or not all(isinstance(each, Snapshots) for each in runs.values()):
        raise TypeError(f"loss_surface: runs={runs!r} must be a dict of label -> Snapshots, with at least one entry")
    for label, each in runs.items():
        if len(each.steps) < 2:
            raise ValueError(f"loss_surface: run {label!r} has {len(each.steps)} snapshots; it must have 2 or more")
        if len(each.weights[0]) != count:
            raise ValueError(
                f"loss_surface: run {label!r} has {len(each.weights[0]):,} weights, and model trains {count:,}"
            )
    return {str(label): torch.stack(each.weights) for label, each in runs.items()}


def _principal(runs):
    """Two orthonormal directions (2, n) that show most of the rows of all runs, each run at the same mean square."""
    rows = torch.cat([run / run.square().sum(1).mean().sqrt().clamp_min(1e-12) for run in runs])
    rows = rows.double()
    # The Gram matrix is small, one row a snapshot; its eigenvectors combine the snapshots into directions.
    values, vectors = torch.linalg.eigh(rows @ rows.T)
    if not values[-2] > 1e-12 * values[-1]:
        raise ValueError("loss_surface: the snapshots of runs lie on one line; a plane needs paths that bend")
    directions = vectors[:, [-1, -2]].T @ rows / values[[-1, -2]].sqrt()[:, None]
    return directions.float()


def _sides(points, grid):
    """Coordinates of the grid: the box of all points and some room, at least half as wide as high and vice versa."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.maximum((high - low) / 2, (high - low).max() / 4) * (1 + 2 * ROOM)
    middle = (low + high) / 2
    return (np.linspace(m - h, m + h, grid) for m, h in zip(middle, half, strict=True))


def _share(away, places):
    """Share of the distance from start to end that the plane shows."""
    whole = float((away[-1] - away[0]).norm())
    return float(np.linalg.norm(places[-1] - places[0])) / whole if whole else 1.0


def _interpolated(x, y, losses):
    """A `Function` of the plane's coordinates."""
    heights = torch.tensor(np.log(np.maximum(losses, 1e-12)))[None, None]  # logarithms: never below zero in between

    def value(a, b):
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        u, v = (2 * (c - side[0]) / (side[-1] - side[0]) - 1 for c, side in ((a, x), (b, y)))
        at = torch.tensor(np.stack([u.ravel(), v.ravel()], axis=-1))[None, None]
        found = F.grid_sample(heights, at, mode="bicubic", padding_mode="border", align_corners=True)
        return np.exp(found.numpy().reshape(a.shape))

    def slopes(a, b):
        step = (x[1] - x[0]) / 100, (y[1] - y[0]) / 100
        return (
            (value(a + step[0], b) - value(a - step[0], b)) / (2 * step[0]),
            (value(a, b + step[1]) - value(a, b - step[1])) / (2 * step[1]),
        )

    return Function(
        name="loss", formula=value, slopes=slopes, start=(0.0, 0.0),
        domain=((float(x[0]), float(x[-1])), (float(y[0]), float(y[-1]))),
        source="Li and others 2018, arXiv:1712.09913, section 7",
    )  # fmt: skip


def _track(label, function, snapshots, places, heights):
    """A run at each of its steps; between two snapshots on a straight line."""
    steps = np.arange(snapshots.steps[-1] + 1)
    x = np.column_stack([np.interp(steps, snapshots.steps, places[:, i]) for i in range(2)])
    f = np.interp(steps, snapshots.steps, heights)
    settings = {} if snapshots.rule is None else snapshots.rule.settings()
    return Track(x, f, label, len(steps) - 1, rule=snapshots.rule, function=function, settings=settings)
