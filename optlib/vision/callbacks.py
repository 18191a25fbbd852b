"""Callbacks of `fit`: their base class, look-ahead averaging, weight decay, frozen parameters."""

import itertools

import torch

from .. import checks
from ..optimizers.around import has_path_of_its_own
from .arguments import refuse_unrated


def _refuse_own_path(who, optimizer):
    """Weights that are moved between steps must be those that the next step goes on from."""
    for rule in optimizer.group_rules() if hasattr(optimizer, "group_rules") else ():
        if has_path_of_its_own(type(rule)):
            raise ValueError(f"{who} has no effect on {rule!r}, which goes on from a path of its own")


class Callback:
    """Base of all callbacks; each method does nothing until it is overridden.

    Each method takes the run, with ``run.model``, ``run.optimizer``, ``run.history``, ``run.epoch`` and ``run.step``
    (how many are done) of ``run.epochs`` and ``run.steps``.  ``run.stop()`` ends it after the epoch.  Return the state
    of a callback from `state_dict`, so that a resumed run has it; attributes that have one, such as torch's schedulers,
    are kept without that.
    """

    def start(self, run):
        """Before the first step; also when a run is resumed, before `load_state_dict`."""

    def after_step(self, run):
        """After each step."""

    def after_epoch(self, run):
        """After each epoch and its test, before the checkpoint is written."""

    def end(self, run):
        """After the run, also when an error ended it: undo here changes that were made for its duration."""

    def state_dict(self):
        """State for a checkpoint: tensors and plain values by name."""
        return {}

    def load_state_dict(self, state):
        """Restore the state from a checkpoint."""


class AfterEpoch(Callback):
    """A plain function of the run, called after each epoch."""

    def __init__(self, function):
        self.function = function

    def after_epoch(self, run):
        self.function(run)


class LookAhead(Callback):
    r"""Look-ahead averaging: every k steps the weights are replaced by a moving average of themselves.

    $$s \leftarrow d_t\, s + (1 - d_t)\, x, \qquad x \leftarrow s \qquad \text{after every k-th step},
      \qquad d_t = d\,(t/T)^p$$

    In the first steps the average equals the weights, and nothing changes; later, while the learning rate falls, it
    follows them more slowly.  After the last step the weights are the average.  The running statistics of BatchNorm
    are averaged too.

    Parameters
    ----------
    every : int, at least 1
        Steps between two averages, k.
    decay : float in [0, 1)
        Weight of the old average at the end of the run, d.
    power : float, at least 0
        Exponent of its growth, p.  With 0 it is always d.

    Source: M. Zhang, J. Lucas, G. Hinton, J. Ba (2019), Lookahead Optimizer: k steps forward, 1 step back, NeurIPS,
    Algorithm 1, arXiv:1907.08610, with 1 - d_t for its alpha; the growing weight and the defaults are from K. Jordan
    (2024), arXiv:2404.00498.
    """

    def __init__(self, every=5, decay=0.95**5, power=3.0):
        self.every = checks.integer("LookAhead", "every", every, least=1)
        self.decay = checks.number("LookAhead", "decay", decay, "[0, 1)")
        self.power = checks.number("LookAhead", "power", power, "[0, inf)")

    def start(self, run):
        _refuse_own_path("LookAhead", run.optimizer)
        self.slow = {name: value.clone() for name, value in _floats(run.model)}

    @torch.no_grad()
    def after_step(self, run):
        if run.step % self.every and run.step != run.steps:
            return
        keep = self.decay * (run.step / run.steps) ** self.power
        for name, x in _floats(run.model):
            if run.step % self.every == 0:
                self.slow[name].lerp_(x, 1 - keep)
            x.copy_(self.slow[name])

    def state_dict(self):
        return self.slow

    def load_state_dict(self, state):
        for name, value in self.slow.items():
            value.copy_(state[name])

    def __repr__(self):
        return f"LookAhead(every={self.every}, decay={self.decay:g}, power={self.power:g})"


class WeightDecay(Callback):
    r"""After each step, shrink the weights of convolutions and linear layers.

    $$x \leftarrow (1 - \eta_t\, \lambda)\, x$$

    The decay is decoupled: it is applied beside the rule's step, so it works with any rule and does not enter its
    momentum.  Adding lambda x to the gradient instead, as torch's ``weight_decay`` of SGD does, decays
    1 / (1 - beta) times as fast under momentum beta.

    Parameters
    ----------
    rate : float, at least 0
        Lambda.
    biases : bool
        Whether biases, and the scales of BatchNorm, shrink as well.  Then all parameters decay at the first group's
        rate, even where biases have a learning rate of their own.

    Source: I. Loshchilov, F. Hutter (2019), Decoupled Weight Decay Regularization, ICLR, Algorithm 1 (SGDW).
    arXiv:1711.05101
    """

    def __init__(self, rate, biases=False):
        self.rate, self.biases = checks.number("WeightDecay", "rate", rate, "[0, inf)"), bool(biases)

    def start(self, run):
        _refuse_own_path("WeightDecay", run.optimizer)
        refuse_unrated("WeightDecay", run.optimizer, "has a schedule there that it cannot read; use fit(schedule=...)")

    @torch.no_grad()
    def after_step(self, run):
        groups = run.optimizer.param_groups
        for group in groups:
            for p in group["params"]:
                if p.requires_grad and (p.ndim > 1 or self.biases):
                    lr = (groups[0] if self.biases else group)["lr"]
                    p.mul_(1 - lr * self.rate)

    def __repr__(self):
        return f"WeightDecay({self.rate:g}{', biases=True' * self.biases})"


class Freeze(Callback):
    """Stop training some parameters after some epochs; after the run they are trainable again.

    Steps become cheaper, since gradients that only these parameters need are not computed.  For the bias of the first
    layer that is the gradient of the next convolution with respect to its inputs, the largest of the network.

    Parameters
    ----------
    names : sequence of str
        As in ``model.named_parameters()``.
    after : int, at least 1
        Epochs in which they are trained.

    Source: K. Jordan (2024), arXiv:2404.00498, where the whitening layer's bias is trained for three epochs.
    """

    def __init__(self, names, after):
        if isinstance(names, str):
            raise TypeError(f"Freeze: names={names!r} must be a list of names, such as [{names!r}]")
        self.names, self.after, self.frozen = tuple(names), checks.integer("Freeze", "after", after, least=1), []

    def start(self, run):
        known = dict(run.model.named_parameters())
        unknown = [name for name in self.names if name not in known]
        if unknown:
            raise ValueError(f"Freeze: names={unknown!r} are no parameters of the model; it has {', '.join(known)}")
        self.parameters = [known[name] for name in self.names]
        frozen = set(map(id, self.parameters))
        for group in run.optimizer.param_groups:
            rule, trained = getattr(group, "rule", None), {id(p) for p in group["params"] if p.requires_grad}
            some = frozen & trained and trained - frozen and self.after < run.epochs
            if some and getattr(rule, "sees", None) == "group":
                whole = f"{rule!r} takes its gradients as one vector, so freeze all of them or none"
                raise ValueError(f"Freeze: names={list(self.names)!r} are some parameters of a group; {whole}")

    def after_epoch(self, run):
        if run.epoch == self.after:
            self._freeze()

    def end(self, run):
        for p in self.frozen:
            p.requires_grad_(True)
        self.frozen = []

    def state_dict(self):
        return {"on": bool(self.frozen)}

    def load_state_dict(self, state):
        if state["on"]:
            self._freeze()

    def _freeze(self):
        self.frozen = [p for p in self.parameters if p.requires_grad]
        for p in self.frozen:
            p.requires_grad_(False)
            p.grad = None  # otherwise the optimizer would keep using the last gradient

    def __repr__(self):
        return f"Freeze({list(self.names)}, after={self.after})"


def as_callbacks(callbacks):
    """A list of callbacks, from one callback or function of the run, or a sequence of them."""
    callbacks = [callbacks] if callable(callbacks) or isinstance(callbacks, Callback) else list(callbacks or ())
    for each in callbacks:
        if isinstance(each, type) or not isinstance(each, Callback) and not callable(each):
            raise TypeError(f"fit: callbacks contains {each!r}; it may contain a Callback() or a function of the run, "
                            "such as lambda run: scheduler.step()")  # fmt: skip
    return [each if isinstance(each, Callback) else AfterEpoch(each) for each in callbacks]


def _floats(model):
    """Name and value of each parameter and saved buffer, without integers such as BatchNorm's count of batches."""
    named, saved = itertools.chain(model.named_parameters(), model.named_buffers()), model.state_dict().keys()
    return [(name, value.detach()) for name, value in named if name in saved and value.is_floating_point()]
