"""`live_race`: several rules train the same network in turns, within a budget of seconds, while their curves grow."""

import itertools
import math
import time
import types

import numpy as np
import torch.nn.functional as F

from ..optimizers.base import Optimizer
from ..pictures.race import race_picture
from ..torch_driver import TorchOptimizer
from .augment import FlipAndShift
from .images import Shuffled, as_pair
from .live_picture import LivePicture
from .loop import one_epoch
from .progress import Progress
from .run import Run, device_of
from .speednet import SpeedNet, triangle
from .surface import Snapshots

ROUNDS = 12  # so many points have the curves, about
TRIAL = 3  # steps that tell how fast this machine is, after as many that prepare the kernels
LEAST = 2  # times as long as its test takes a turn of training, at least
MOST_TEST = 1000  # test images: on a processor they would otherwise take more time than the training
POINTS = 1000  # of the schedule, over the whole budget
WAITING = {"epochs": [], "loss": [], "accuracy": [], "diverged": False}  # a run that has not begun


def live_race(rules, train, test, *, seconds=90, batch=128, network=None, augment=None, seed=0, device=None,
              precision="auto", layout="auto", snapshots=5, show=True):  # fmt: skip
    """Train the same network with several rules at once, within so many seconds, and draw how they do.

    In each round every rule makes the same number of steps, on the same images in the same order, from the same
    weights; then all networks are tested and the curves grow.  The learning rates of all rules follow one triangle over
    the budget: they climb to what is given in the first quarter and fall to a few hundredths of it at the end.  The
    number of steps is measured and not given, so two machines, or two runs, differ.  A rule whose learning rate is a
    schedule keeps it.

    Parameters
    ----------
    rules : sequence of optimizers, or dict of label -> optimizer
        Each at its learning rate, such as ``[ol.Momentum(lr=0.05), ol.Adam(lr=0.003)]``.
    train, test : pairs (images, labels)
        As in `fit`.  Of more than 1,000 test images, evenly spaced ones are taken, so many.
    seconds : float
        For everything: training, tests and drawing.  The race ends with the last round that fits.
    batch : int
    network : function of a seed, optional
        Gives a new network; by default the small `SpeedNet`, initialized with the training images.
    augment : callable, optional
        As in `fit`; by default `FlipAndShift`.
    seed : int
        Of the weights and of the order of the images.
    device, precision, layout : as in `fit`
    snapshots : int
        Steps between two snapshots of the weights, for `loss_surface`.
    show : bool
        Draw while it runs: in a notebook the picture, elsewhere a line each round.

    Returns
    -------
    LiveRace

    Raises
    ------
    TypeError, ValueError
        Naming the argument, its value and what is allowed.
    """
    began = time.perf_counter()
    rules = _checked(rules)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ValueError(f"live_race: seconds={seconds!r} must be a number above 0")
    train, test, device = as_pair("live_race", "train", train), _some(test), device_of(device)
    network = network or (lambda seed: SpeedNet("small", seed=seed).initialize(train[0]))
    options = dict(seed=seed, device=device, precision=precision, layout=layout)
    laps = lambda steps: Laps(*train, batch, steps, seed, augment or FlipAndShift(seed=seed), device)
    made = lambda rule, source, callbacks: _run(network(seed), rule, source, test, options, callbacks)
    picture = LivePicture(show)
    picture.draw(lambda: race_picture(dict.fromkeys(rules, WAITING), f"{seconds:g} seconds, from now on"))

    step, look = _times(made(next(iter(rules.values())), laps(TRIAL), []))
    turn = max(seconds / (ROUNDS * len(rules)) - look, LEAST * look)
    steps = max(1, round(turn / step))
    race = LiveRace(seconds, len(train[0]), batch)
    for label, rule in rules.items():
        race.snapshots[label] = Snapshots(snapshots)
        race.runs[label] = made(rule, laps(steps), [race.snapshots[label]])
    try:
        _rounds(race, began, picture)
    finally:
        for run in race.runs.values():
            run.end()
    race.seconds = time.perf_counter() - began
    picture.end(race.picture())
    return race


class LiveRace:
    """What came of a race; see `live_race`.

    Attributes
    ----------
    histories : dict of label -> History
        One entry for each round in its lists.
    models : dict of label -> torch.nn.Module
        The networks as they are at the end.
    snapshots : dict of label -> Snapshots
        Of those that did not diverge at once, for `loss_surface`.
    budget, seconds : float
        What was allowed and what was taken.
    images : int
        Training images there are.
    """

    def __init__(self, budget, images, batch):
        self.budget, self.images, self.batch, self.seconds = budget, images, batch, 0.0
        self.runs, self.snapshots = {}, {}

    @property
    def histories(self):
        return {label: run.history for label, run in self.runs.items()}

    @property
    def models(self):
        return {label: run.model for label, run in self.runs.items()}

    @property
    def rounds(self):
        """How many rounds there were."""
        return max(history.epochs for history in self.histories.values())

    @property
    def epochs(self):
        """How often each rule that did not diverge saw all images."""
        return self.rounds * self._a_round()

    def _a_round(self):
        """Epochs in a round."""
        run = next(iter(self.runs.values()))
        return run.per_epoch * self.batch / self.images

    def picture(self):
        """Training loss and test accuracy against epochs, one curve a rule."""
        epochs = self._a_round()
        curves = {
            label: {
                "epochs": epochs * np.arange(1, history.epochs + 1), "loss": history.train_loss,
                "accuracy": history.test_accuracy, "diverged": history.diverged,
            }
            for label, history in self.histories.items()
        }  # fmt: skip
        return race_picture(curves, f"{self.epochs:.2g} epochs in {self.seconds:.0f} of {self.budget:.0f} seconds")

    def __repr__(self):
        lines = [f"{'rule':30} {'training loss':>13} {'test loss':>9} {'test accuracy':>13}"]
        order = sorted(self.histories.items(), key=lambda pair: -(pair[1].test_accuracy or [0])[-1])
        for label, history in sorted(order, key=lambda pair: pair[1].diverged):
            if history.diverged:
                lines.append(f"{label:30} diverged at step {history.diverged_at}")
            else:
                loss, test, right = history.train_loss[-1], history.test_loss[-1], history.test_accuracy[-1]
                lines.append(f"{label:30} {loss:13.3f} {test:9.3f} {right:13.1%}")
        steps = self.rounds * next(iter(self.runs.values())).per_epoch
        lines.append(f"{steps} steps of {self.batch} images each, {self.epochs:.1f} epochs; {self.seconds:.0f} seconds")
        return "\n".join(lines)


class Laps:
    """Training batches in laps of so many steps, which go on where the last one ended; a source for `fit`.

    Parameters
    ----------
    images, labels : tensors
    size : int
        Images in a batch.
    steps : int
        Batches in a lap.
    seed, augment, device : as in `fit`
    """

    def __init__(self, images, labels, size, steps, seed, augment, device):
        shuffled = Shuffled(images.to(device), labels.to(device), size, seed, augment)
        self.labels, self.steps = shuffled.labels, steps
        self.batches = types.SimpleNamespace(n=len(images), size=size, per_epoch=steps, seed=seed)
        self._first = next(shuffled.epoch(0))
        self._stream = itertools.chain.from_iterable(shuffled.epoch(k) for k in itertools.count())

    def epoch(self, k):
        """The next batches, whatever ``k`` is."""
        return itertools.islice(self._stream, self.steps)

    def first_two(self):
        """A small batch that is not taken from the laps."""
        return self._first[0][:2], self._first[1][:2]


def _rounds(race, began, picture):
    """Rounds until the next one would not fit, were it as long as the last one; one at least."""
    schedule, bar = triangle(POINTS), Progress(False, 1, 1, 1)
    now = time.perf_counter() - began
    length = 0.0
    over = lambda: all(run.history.diverged for run in race.runs.values())
    while (now + length <= race.budget or not race.rounds) and not over():
        middle = min(1.0, (now + length / 2) / race.budget)
        for run in race.runs.values():
            if not run.history.diverged:
                _set_rates(run, schedule(middle * (POINTS - 1)))
                one_epoch(run, bar)
        race.seconds = time.perf_counter() - began
        picture.draw(race.picture)
        now, before = time.perf_counter() - began, now
        length = now - before


def _set_rates(run, factor):
    for group, rate in zip(run.optimizer.param_groups, run.rates, strict=True):
        if rate is not None:  # a rule may have none, or a schedule of its own
            group["lr"] = factor * rate


def _times(run):
    """Seconds of a training step and of a test; the network is thrown away, and the first lap prepares the kernels."""
    for _ in range(2):
        one_epoch(run, Progress(False, 1, 1, 1))
    run.end()
    if run.history.diverged:  # at its first steps: then the others have all the time
        return 1.0, 0.0
    return run.history.seconds[-1] / TRIAL, run.history.test_seconds[-1]


def _run(model, rule, source, test, options, callbacks):
    params = [p for p in model.parameters() if p.requires_grad]
    run = Run(model, TorchOptimizer(params, rule), source, test, epochs=10**6, batch=None, schedule=None,
              callbacks=callbacks, checkpoint=None, augment=None, normalize=None, loss=F.cross_entropy,
              **options)  # fmt: skip
    run.begin()
    return run


def _checked(rules):
    """Label -> rule."""
    if not isinstance(rules, dict):
        rules = list(rules) if isinstance(rules, (list, tuple)) else [rules]
        labels = [_label(rule) for rule in rules]
        twice = [label for label in labels if labels.count(label) > 1]
        if twice:
            raise ValueError(f"live_race: {twice[0]!r} is in rules twice; give a dict with a label for each")
        rules = dict(zip(labels, rules, strict=True))
    if not rules or not all(isinstance(rule, Optimizer) for rule in rules.values()):
        raise TypeError(f"live_race: rules={rules!r} must be optimizers, such as [ol.Momentum(lr=0.05), ol.Adam()]")
    return {str(label): rule for label, rule in rules.items()}


def _label(rule):
    lr = rule.settings().get("lr") if isinstance(rule, Optimizer) else None
    return f"{type(rule).__name__}, lr {lr:g}" if isinstance(lr, (int, float)) else type(rule).__name__


def _some(test):
    """At most `MOST_TEST` test images, evenly spaced, so that all classes are there."""
    images, labels = as_pair("live_race", "test", test)
    every = -(-len(images) // MOST_TEST)
    return images[::every], labels[::every]
