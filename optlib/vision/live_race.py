"""`live_race`: several rules train the same network in turns within a time budget, while their curves are drawn."""

import itertools
import time
import types

import numpy as np
import torch
import torch.nn.functional as F

from .. import checks
from ..optimizers.around import has_another_evaluation_point
from ..optimizers.base import as_rule
from ..pictures.runs import race_picture
from ..torch_driver import TorchOptimizer
from ..torch_driver.roles import groups_for
from ..words import settings_text
from .augment import FlipAndShift
from .images import Shuffled, as_pair
from .live_picture import LivePicture
from .loop import AverageInTest, one_epoch
from .parts import by_text, seeded
from .precision import device_of
from .predict import evaluate
from .progress import Progress
from .run import Run
from .speednet import SpeedNet, triangle
from .surface import Snapshots

ROUNDS = 12  # approximate count of points on each curve
TRIAL = 3  # steps that measure the speed of this machine, after as many to warm up
LEAST = 2  # minimal ratio of training time to test time
MOST_TEST = 1000  # test images; on a CPU more of them would take longer than the training
POINTS = 1000  # of the schedule, over the whole budget
NO_BAR = Progress(False, 1, 1)
WAITING = {"epochs": [], "loss": [], "accuracy": [], "diverged": False}  # a run that has not begun


def live_race(rules, train, test, *, seconds=90, batch=128, network=None, augment=None, seed=0, device=None,
              precision="auto", layout="auto", snapshots=5, show=True):  # fmt: skip
    """A `LiveRace`: several rules train the same network in turns, in a time budget, and their curves are drawn.

    All rules start from the same weights.  In each round every rule makes the same number of steps, on the same images
    in the same order; then all networks are tested (of a rule that keeps an average, the average) and the curves are
    drawn.  The learning rates of all rules follow one triangle over the budget: they rise to the given rate in the
    first quarter and fall to a few percent of it at the end.  The number of steps depends on the speed of the machine,
    so two runs differ.  A rule whose learning rate is a schedule keeps it.

    Parameters
    ----------
    rules : sequence of rules, or dict of label -> rule
        Such as ``[ol.Momentum(lr=0.05), ol.Adam(lr=0.003)]``; a class has its default settings.  Where one sees
        matrices, as Muon does, AdamW steps all but the hidden ones.
    train, test : pairs (images, labels)
        As in `fit`.  At most 1,000 test images are used, evenly spaced.
    seconds : float, above 0
        For everything: training, tests and drawing.  The race ends with the last round that fits.
    batch : int
        Images in a batch.
    network : function of a seed, optional
        Returns a new network; by default the small `SpeedNet`, initialized with the training images.
    augment : callable, optional
        As in `fit`; by default `FlipAndShift`.
    seed : int
        Of the weights and of the order of the images.
    device, precision, layout : as in `fit`
    snapshots : int
        Steps between two snapshots of the weights, for `loss_surface`.
    show : bool
        Show the progress after each round: the picture in a notebook, a line elsewhere.
    """
    began = time.perf_counter()
    rules, seconds = _labeled(rules), checks.number("live_race", "seconds", seconds, "(0, inf)")
    seed = checks.integer("live_race", "seed", seed)
    train, device = as_pair("live_race", "train", train), device_of("live_race", device)
    images, labels = as_pair("live_race", "test", test)
    every = -(-len(images) // MOST_TEST)  # evenly spaced, so that all classes occur
    test = images[::every], labels[::every]
    network = network or (lambda seed: SpeedNet("small", seed=seed).initialize(train[0]))
    augment = augment or FlipAndShift(seed=seed)

    def begin(rule, steps, callbacks=()):
        """A run of a new network, with epochs of ``steps`` steps."""
        with seeded(seed):  # for a network that draws from torch
            model = network(seed)
        averages = [AverageInTest()] * has_another_evaluation_point(type(rule))
        optimizer = TorchOptimizer(groups_for(model, rule), rule)
        run = Run(
            model, optimizer, Laps(*train, batch, steps, seed, augment, device), test, epochs=10**6, batch=None,
            schedule=None, seed=seed, device=device, precision=precision, layout=layout,
            callbacks=[*averages, *callbacks], checkpoint=None, augment=None, normalize=None, loss=F.cross_entropy,
        )  # fmt: skip
        run.begin()
        return run

    picture = LivePicture(show)
    picture.draw(lambda: race_picture(dict.fromkeys(rules, WAITING), f"{seconds:g} seconds, from now on"))
    trial = begin(next(iter(rules.values())), TRIAL)
    start = _start(trial)
    step, test_seconds = _times(trial)
    turn = max(seconds / (ROUNDS * len(rules)) - test_seconds, LEAST * test_seconds)
    steps = max(1, round(turn / step))
    race = LiveRace(seconds, len(train[0]), batch, steps, start)
    for label, rule in rules.items():
        race.snapshots[label] = Snapshots(snapshots)
        run = race.runs[label] = begin(rule, steps, [race.snapshots[label]])
        race.histories[label], race.models[label] = run.history, run.model
    try:
        _rounds(race, began, picture)
    finally:
        for run in race.runs.values():
            run.end()
    race.seconds = time.perf_counter() - began
    picture.end(race.picture())
    return race


class LiveRace:
    """The result of a race; see `live_race`.

    Attributes
    ----------
    histories : dict of label -> History
        Their lists have one entry for each round.
    models : dict of label -> torch.nn.Module
        The networks after the race.
    snapshots : dict of label -> Snapshots
        For `loss_surface`, which refuses a run that diverged at once.
    budget, seconds : float
        Time allowed and time taken.
    images, batch, steps : int
        Training images, images in a batch, and steps in a round.
    start : pair of floats
        Training loss of a batch and test accuracy of the weights that all rules start from.
    """

    def __init__(self, budget, images, batch, steps, start):
        self.budget, self.images, self.batch, self.steps, self.start = budget, images, batch, steps, start
        self.lap = steps / -(-images // batch)  # passes over all images in a round; the last batch of each is smaller
        self.seconds, self.runs, self.histories, self.models, self.snapshots = 0.0, {}, {}, {}, {}

    @property
    def rounds(self):
        """Number of rounds."""
        return max(history.epochs for history in self.histories.values())

    @property
    def epochs(self):
        """Passes over all images, of each rule that did not diverge."""
        return self.rounds * self.lap

    def picture(self):
        """Training loss and test accuracy against epochs, one curve for each rule, from the common start."""
        loss, accuracy = ([value] for value in self.start)
        curves = {
            label: {
                "epochs": self.lap * np.arange(history.epochs + 1), "loss": loss + history.train_loss,
                "accuracy": accuracy + history.test_accuracy, "diverged": history.diverged,
            } if history.epochs else WAITING | {"diverged": history.diverged}
            for label, history in self.histories.items()
        }  # fmt: skip
        return race_picture(curves, f"{self.epochs:.2g} epochs in {self.seconds:.0f} of {self.budget:.0f} seconds")

    def __repr__(self):
        lines = [f"{'rule':30} {'training loss':>13} {'test loss':>9} {'test accuracy':>13}"]
        # The best first, at the end those that diverged.
        order = lambda row: (row[1].diverged, -(row[1].test_accuracy or [0])[-1])
        for label, history in sorted(self.histories.items(), key=order):
            if history.diverged:
                lines.append(f"{label:30} diverged at step {history.diverged_at}")
            else:
                loss, test, accuracy = history.train_loss[-1], history.test_loss[-1], history.test_accuracy[-1]
                lines.append(f"{label:30} {loss:13.3f} {test:9.3f} {accuracy:13.1%}")
        ends = f"{self.epochs:.1f} epochs; {self.seconds:.0f} seconds"
        return "\n".join([*lines, f"{self.rounds * self.steps} steps of up to {self.batch} images, {ends}"])


class Laps:
    """`Shuffled` images on ``device``, whose epochs are laps of ``steps`` batches, each continuing the one before."""

    def __init__(self, images, labels, size, steps, seed, augment, device):
        self.shuffled = Shuffled(images.to(device), labels.to(device), size, seed, augment)
        self.labels, self.normalize, self.steps = self.shuffled.labels, self.shuffled.normalize, steps
        n = round(len(images) * steps / self.shuffled.batches.per_epoch)  # the last batch of a pass is smaller
        self.batches, self.following = types.SimpleNamespace(n=n, size=size, per_epoch=steps, seed=seed), {}

    def epoch(self, k):
        """The batches of lap ``k``, 0 for the first; a lap goes on with the images augmented for the one before."""
        stream = self.following.pop(k, None)
        if stream is None:
            passes, first = divmod(k * self.steps, self.shuffled.batches.per_epoch)
            batches = itertools.chain.from_iterable(map(self.shuffled.epoch, itertools.count(passes)))
            stream = itertools.islice(batches, first, None)
        yield from itertools.islice(stream, self.steps)
        self.following = {k + 1: stream}  # not of a lap that was left before its end


def _rounds(race, began, picture):
    """Rounds until the next one, if it took as long as the last one, would exceed the budget; at least one."""
    schedule, now, length = triangle(POINTS), time.perf_counter() - began, 0.0
    while now + length <= race.budget or not race.rounds:
        running = [run for run in race.runs.values() if not run.history.diverged]
        if not running:
            return
        middle = min(1.0, (now + length / 2) / race.budget)
        for run in running:
            run.set_rates(schedule(middle * (POINTS - 1)))
            one_epoch(run, NO_BAR)
        race.seconds = time.perf_counter() - began
        picture.draw(race.picture)
        now, before = time.perf_counter() - began, now
        length = now - before


def _start(run):
    """Loss of the first batch, as in training, and test accuracy, before the first step."""
    x, labels = next(run.train.epoch(0))
    with torch.no_grad():
        loss = run.loss(run.model.train()(run.prepared(x)).float(), labels.to(run.device))
    return float(loss), evaluate(run.model, run.test, precision=run.precision, layout=run.layout)[1]


def _times(run):
    """Seconds of a training step and of a test, from the second of two laps; the first one warms up."""
    for _ in range(2):
        one_epoch(run, NO_BAR)
    run.end()
    if run.history.diverged:  # in its first steps, which leaves all the time to the others
        return 1.0, 0.0
    return run.history.seconds[-1] / TRIAL, run.history.test_seconds[-1]


def _labeled(rules):
    """Label -> rule; a label is the rule with its settings unless given."""
    if isinstance(rules, dict):
        rules = by_text("live_race", "rules", rules)
        labeled = {label: as_rule("live_race", rule, "rules") for label, rule in rules.items()}
    else:
        labeled = {}
        for each in rules if isinstance(rules, (list, tuple)) else [rules]:
            rule = as_rule("live_race", each, "rules")
            if (label := settings_text(rule)) in labeled:
                raise ValueError(f"live_race: {label!r} is in rules twice; give a dict with a label for each")
            labeled[label] = rule
    if not labeled:
        raise TypeError("live_race: rules is empty; give optimizers, such as [ol.Momentum(lr=0.05), ol.Adam()]")
    return labeled
