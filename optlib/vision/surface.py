"""The loss of a network over a plane through its space of weights, and the paths of several rules in that plane."""

import copy
import dataclasses

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from ..functions import Function
from ..live.animation import animate
from ..pictures.landscape import contour
from ..pictures.tracks import Track
from ..torch_driver.roles import trained
from .callbacks import Callback
from .describe import main_rule
from .images import Normalize, as_pair, check_labels
from .parts import by_text, check_model

MOST = 64  # snapshots of a run; beyond that every second one is dropped
MARGIN = 0.25  # of the width of the paths, on either side


class Snapshots(Callback):
    """Records the trained weights as vectors: before the first step, every few steps, and at the end.

    Parameters
    ----------
    every : int, at least 1
        Steps between two snapshots.  It is doubled, and every second snapshot dropped, when there are more than 64.

    Attributes
    ----------
    steps : list of int
        The step after which each was taken; the first is 0.
    weights : list of tensors (n,), float32 on the CPU
        The parameters that are trained, without the running statistics of BatchNorm.
    rule : Optimizer or None
        The rule that trained the network, at the rate of its first group; None for one of torch's own optimizers.
    """

    def __init__(self, every=1):
        self.first_every = self.every = checks.integer("Snapshots", "every", every, least=1)
        self.steps, self.weights, self.rule = [], [], None

    def start(self, run):
        self.every, self.steps, self.weights = self.first_every, [], []
        self.rule = main_rule(run.optimizer)
        self.names = [name for name, p in run.model.named_parameters() if p.requires_grad]  # some may freeze later
        self._take(run)

    def after_step(self, run):
        if run.step % self.every == 0:
            self._take(run)

    def after_epoch(self, run):
        if self.steps[-1] != run.step:
            self._take(run)

    @torch.no_grad()
    def _take(self, run):
        parameters = dict(run.model.named_parameters())
        flat = torch.cat([parameters[name].reshape(-1).float() for name in self.names]).cpu()
        if not flat.isfinite().all():  # `fit` will mark the run as diverged
            return
        self.steps.append(run.step)
        self.weights.append(flat)
        self._thin()  # the end of an earlier epoch may be no multiple of `every`
        if len(self.steps) > MOST:
            self.every *= 2
            self._thin()

    def _thin(self):
        """Keep the snapshots at multiples of ``every`` and the last one; drop the rest."""
        kept = [i for i, step in enumerate(self.steps) if step % self.every == 0 or step == self.steps[-1]]
        self.steps, self.weights = [self.steps[i] for i in kept], [self.weights[i] for i in kept]

    def state_dict(self):
        return {"every": self.every, "steps": list(self.steps), "weights": list(self.weights)}

    def load_state_dict(self, state):
        self.every, self.steps, self.weights = state["every"], list(state["steps"]), list(state["weights"])

    def __repr__(self):
        return f"Snapshots(every={self.first_every})"


@dataclasses.dataclass(repr=False, eq=False)
class Surface:
    """The loss over a plane of weights, with the paths of several rules; see `loss_surface`.

    Attributes
    ----------
    function : Function
        The loss over the two coordinates of the plane, interpolated bicubically between the points of the grid.
        Coordinates are lengths in the space of weights; (0, 0) is the end of the lowest run.
    x, y : arrays (grid,)
    losses : array (grid, grid)
        One row for each y.
    paths : dict of label -> Track
        Each run from its start: its weights projected onto the plane, and the loss of the weights themselves, which in
        general is not the loss at the projected point.
    shares : dict of label -> float
        Share of the distance from start to end that the plane shows: 1 if both lie in it.
    """

    function: Function
    x: np.ndarray
    y: np.ndarray
    losses: np.ndarray
    paths: dict
    shares: dict

    def animate(self, title="Loss over a plane of weights; the lowest run ends at (0, 0)"):
        """The runs step by step, as `ol.animate` shows them."""
        return animate(self.function, *self.paths.values(), labels=list(self.paths), title=title)

    def contour(self, title="Loss over a plane of weights; the lowest run ends at (0, 0)"):
        """The whole runs on contours, as `ol.plots.contour` draws them."""
        return contour(self.function, *self.paths.values(), labels=list(self.paths), title=title)

    def __repr__(self):
        lines = [f"{'run':22} {'loss at its end':>15} {'below it in the plane':>22} {'share shown':>12}"]
        for label, path in self.paths.items():
            plane = float(self.function(path.x[-1]))
            lines.append(f"{label:22} {path.f[-1]:15.3f} {plane:22.3f} {self.shares[label]:12.0%}")
        return "\n".join(lines)


def loss_surface(model, images, runs, *, grid=17, loss=F.cross_entropy, normalize=None):
    """The `Surface` of the loss over the plane that shows most of several runs, with their paths in it.

    The plane goes through the last weights w* of the run that ends lowest.  Its directions are the first two principal
    components of the differences between all snapshots and w*.  Each run is scaled to the same mean square; otherwise
    the run that goes farthest would decide the plane alone.

    The loss is that of fixed images, all in one batch.  BatchNorm normalizes them by their own statistics, as in
    training; running statistics exist for trained weights only, not for the points between them.  So the loss is a
    function of the weights alone.  Other layers are in evaluation mode.

    Before BatchNorm the length of a filter has no effect: distances in the plane are distances of weights, and may be
    long where the network hardly changes.

    Parameters
    ----------
    model : torch.nn.Module
        The network of all runs; it is copied, not changed.
    images : pair (images, labels)
        Bytes (N, H, W, 3) and integers (N,); a few hundred, since all are computed in one batch.
    runs : dict of label -> Snapshots
        At least two snapshots each.
    grid : int, at least 5
        Points on a side; between them the loss is interpolated.
    loss, normalize : as in `fit`

    Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein (2018), Visualizing the Loss Landscape of Neural Nets,
    NeurIPS, section 7.2 (principal components of the differences between the steps of a run and its end).
    arXiv:1712.09913
    """
    grid = checks.integer("loss_surface", "grid", grid, least=5)
    loss_of = _LossOfWeights(model, images, loss, normalize)
    if not isinstance(runs, dict) or not runs or not all(isinstance(run, Snapshots) for run in runs.values()):
        raise TypeError(f"loss_surface: runs={runs!r} must be a dict of label -> Snapshots, with at least one entry")
    runs = by_text("loss_surface", "runs", runs)
    for label, run in runs.items():
        if len(run.steps) < 2:
            raise ValueError(f"loss_surface: run {label!r} has {len(run.steps)} snapshots; it must have 2 or more")
        if len(run.weights[0]) != sum(loss_of.sizes):
            has = f"run {label!r} has {len(run.weights[0]):,} weights"
            raise ValueError(f"loss_surface: {has}, and model trains {sum(loss_of.sizes):,}")
    losses = {label: np.array([loss_of(w) for w in run.weights]) for label, run in runs.items()}
    lowest = min(runs, key=lambda label: np.nan_to_num(losses[label][-1], nan=np.inf))
    center = runs[lowest].weights[-1]
    offsets = {label: torch.stack(run.weights) - center for label, run in runs.items()}
    directions = _principal(list(offsets.values()))
    # Principal components have no sign.  Choose it so that the runs start at the lower left, away from the legend.
    starts = torch.stack([rows[0] for rows in offsets.values()]) @ directions.T
    directions *= torch.where(starts.mean(0) > 0, -1.0, 1.0)[:, None]
    feet = {label: (rows @ directions.T).double().numpy() for label, rows in offsets.items()}
    x, y = _sides(np.concatenate(list(feet.values())), grid)
    heights = np.array([[loss_of(center + a * directions[0] + b * directions[1]) for a in x] for b in y])
    shares = {}
    for label, rows in offsets.items():
        distance = float((rows[-1] - rows[0]).norm())
        shares[label] = float(np.linalg.norm(feet[label][-1] - feet[label][0])) / distance if distance else 1.0
    function = _interpolated(x, y, heights)
    paths = {label: _track(label, function, run, feet[label], losses[label]) for label, run in runs.items()}
    return Surface(function, x, y, heights, paths, shares)


class _LossOfWeights:
    """The loss of fixed images as a function of the vector of trained weights."""

    def __init__(self, model, images, loss, normalize):
        check_model("loss_surface", model)
        self.model, self.loss = copy.deepcopy(model).eval(), loss
        for layer in self.model.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.train()
        self.parameters = trained(self.model)
        self.sizes = [p.numel() for p in self.parameters]
        device = self.parameters[0].device
        pixels, labels = as_pair("loss_surface", "images", images)
        self.x, self.labels = (normalize or Normalize())(pixels.to(device)).contiguous(), labels.to(device)
        with torch.no_grad():
            check_labels("loss_surface", "images", self.labels, self.model(self.x[:2]).shape[1])

    @torch.no_grad()
    def __call__(self, weights):
        for p, chunk in zip(self.parameters, weights.split(self.sizes), strict=True):
            p.copy_(chunk.view(p.shape))
        return float(self.loss(self.model(self.x).float(), self.labels))


def _principal(runs):
    """The first two principal components (2, n) of the rows of all runs, each run scaled to the same mean square."""
    rows = torch.cat([run / run.square().sum(1).mean().sqrt().clamp_min(1e-12) for run in runs]).double()
    # The Gram matrix is small, one row for each snapshot; its eigenvectors combine the snapshots into directions.
    values, vectors = torch.linalg.eigh(rows @ rows.T)
    if not values[-2] > 1e-12 * values[-1]:
        raise ValueError("loss_surface: the snapshots of runs lie on one line; a plane needs paths that bend")
    return (vectors[:, [-1, -2]].T @ rows / values[[-1, -2]].sqrt()[:, None]).float()


def _sides(points, grid):
    """Coordinates of the grid in x and y: the points with a margin, at least half as wide as high and vice versa."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.maximum((high - low) / 2, (high - low).max() / 4) * (1 + 2 * MARGIN)
    middle = (low + high) / 2
    return (np.linspace(m - h, m + h, grid) for m, h in zip(middle, half, strict=True))


def _interpolated(x, y, heights):
    """A `Function` of the plane's coordinates."""
    negative = (heights < 0).any()  # otherwise logarithms, which stay positive between the points
    grid = torch.tensor(heights if negative else np.log(np.maximum(heights, 1e-12)))[None, None]

    def value(a, b):
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        u, v = (2 * (c - side[0]) / (side[-1] - side[0]) - 1 for c, side in ((a, x), (b, y)))
        points = torch.tensor(np.stack([u.ravel(), v.ravel()], axis=-1))[None, None]
        between = F.grid_sample(grid, points, mode="bicubic", padding_mode="border", align_corners=True).numpy()
        return (between if negative else np.exp(between)).reshape(a.shape)

    def slopes(a, b):
        dx, dy = (x[1] - x[0]) / 100, (y[1] - y[0]) / 100
        return (value(a + dx, b) - value(a - dx, b)) / (2 * dx), (value(a, b + dy) - value(a, b - dy)) / (2 * dy)

    return Function(
        name="loss", formula=value, slopes=slopes, start=(0.0, 0.0),
        domain=((float(x[0]), float(x[-1])), (float(y[0]), float(y[-1]))),
        source="Li and others 2018, arXiv:1712.09913, section 7", names=("d₁", "d₂"),
    )  # fmt: skip


def _track(label, function, run, feet, losses):
    """The path of a run, step by step; straight between two snapshots."""
    steps = np.arange(run.steps[-1] + 1)
    x = np.column_stack([np.interp(steps, run.steps, feet[:, i]) for i in range(2)])
    settings = {} if run.rule is None else run.rule.settings()
    return Track(x, np.interp(steps, run.steps, losses), label, run.steps[-1], rule=run.rule, function=function,
                 settings=settings)  # fmt: skip
