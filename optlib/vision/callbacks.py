"""What can be done beside the steps of `fit`: callbacks, look-ahead averaging, weight decay, fixed parameters."""

import torch


class Callback:
    """Base of all callbacks; each method does nothing until it is overridden.

    Each is given the run, with ``run.model``, ``run.optimizer``, ``run.history``, ``run.epoch`` and ``run.step`` (how
    many are done) of ``run.epochs`` and ``run.steps``.  ``run.stop()`` ends it after the epoch.  What a callback
    remembers belongs into `state_dict`, so that a run that is resumed knows it.
    """

    def start(self, run):
        """Before the first step; of a resumed run also, before its state comes back."""

    def after_step(self, run):
        """After each step."""

    def after_epoch(self, run):
        """After each epoch and its test, before the checkpoint is written."""

    def end(self, run):
        """After all, also of a run that broke off: what was changed for the time of the run is put back here."""

    def state_dict(self):
        """What is to be kept: tensors and plain values by name."""
        return {}

    def load_state_dict(self, state):
        """Take what was kept."""


class AfterEpoch(Callback):
    """A plain function of the run, called after each epoch."""

    def __init__(self, function):
        self.function = function

    def after_epoch(self, run):
        self.function(run)


class LookAhead(Callback):
    r"""Look-ahead averaging: now and then the weights go back to a moving average of themselves.

    $$s \leftarrow d_t\, s + (1 - d_t)\, x, \qquad x \leftarrow s \qquad \text{after every k-th step},
      \qquad d_t = d\,(t/T)^p$$

    At first the average follows at once and nothing changes; later it becomes slower, while the learning rate falls.
    After the last step the weights are the average.  The running means of BatchNorm are averaged too.

    Parameters
    ----------
    every : int, at least 1
        Steps between two averages, k.
    decay : float in [0, 1)
        Share of the average that is kept at the end, d.
    power : float, at least 0
        How late it becomes slow, p.  With 0 the share is always d.

    Source: M. Zhang, J. Lucas, G. Hinton, J. Ba (2019), Lookahead Optimizer: k steps forward, 1 step back, NeurIPS,
    Algorithm 1, arXiv:1907.08610, with 1 - d_t for its alpha; the growing share is from K. Jordan (2024),
    arXiv:2404.00498, whose numbers are the defaults.
    """

    def __init__(self, every=5, decay=0.95**5, power=3.0):
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"LookAhead: every={every!r} must be an integer of at least 1")
        if not 0 <= decay < 1:
            raise ValueError(f"LookAhead: decay={decay!r} must be in [0, 1)")
        if not power >= 0:
            raise ValueError(f"LookAhead: power={power!r} must be at least 0")
        self.every, self.decay, self.power = every, decay, power

    def start(self, run):
        self.slow = {name: value.clone() for name, value in _floats(run.model)}

    @torch.no_grad()
    def after_step(self, run):
        last = run.step == run.steps
        if run.step % self.every and not last:
            return
        keep = self.decay * (run.step / run.steps) ** self.power
        for name, x in _floats(run.model):
            if run.step % self.every == 0:
                self.slow[name].lerp_(x, 1 - keep)
            x.copy_(self.slow[name])

    def state_dict(self):
        return self.slow

    def load_state_dict(self, state):
        for name, value in state.items():
            self.slow[name].copy_(value)

    def __repr__(self):
        return f"LookAhead(every={self.every}, decay={self.decay:g}, power={self.power:g})"


class WeightDecay(Callback):
    r"""After each step, shrink the weights of convolutions and linear layers by a small share.

    $$x \leftarrow (1 - \eta_t\, \lambda)\, x$$

    The decay is decoupled: it stands beside the rule's step, so that any rule can have it, and does not go through its
    momentum.  A gradient of lambda x instead, torch's ``weight_decay`` of SGD, decays 1 / (1 - beta) times as fast
    under momentum beta.

    Parameters
    ----------
    rate : float, at least 0
        Lambda.
    biases : bool
        Whether biases, and the scales of BatchNorm, shrink as well.  All shrink by the same share, also where biases
        have a learning rate of their own: it is that of the first group.

    Source: I. Loshchilov, F. Hutter (2019), Decoupled Weight Decay Regularization, ICLR, Algorithm 1 (SGDW).
    arXiv:1711.05101
    """

    def __init__(self, rate, biases=False):
        if not rate >= 0:
            raise ValueError(f"WeightDecay: rate={rate!r} must be at least 0")
        self.rate, self.biases = rate, bool(biases)

    def start(self, run):
        if any("lr" not in group for group in run.optimizer.param_groups):
            raise ValueError("WeightDecay: the rule's lr is a schedule, which it cannot see; use fit(schedule=...)")

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
    """After some epochs, leave parameters as they are.

    Steps become cheaper: no gradient is computed that only these parameters need.  For the bias of the first layer that
    is the gradient of the next convolution with respect to its inputs, the largest of the network.  After the run they
    can be learned again.

    Parameters
    ----------
    names : sequence of str
        As in ``model.named_parameters()``.
    after : int, at least 1
        Epochs in which they are learned.

    Source: K. Jordan (2024), arXiv:2404.00498, where the whitening layer's bias learns for three epochs.
    """

    def __init__(self, names, after):
        if isinstance(names, str):
            raise TypeError(f"Freeze: names={names!r} must be a list of names, such as [{names!r}]")
        if isinstance(after, bool) or not isinstance(after, int) or after < 1:
            raise ValueError(f"Freeze: after={after!r} must be an integer of at least 1")
        self.names, self.after, self.frozen = tuple(names), after, []

    def start(self, run):
        known = dict(run.model.named_parameters())
        unknown = [name for name in self.names if name not in known]
        if unknown:
            raise ValueError(f"Freeze: names={unknown!r} are no parameters of the model; it has {', '.join(known)}")
        self.parameters = [known[name] for name in self.names]

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
            p.grad = None  # or the optimizer would go on stepping by the last one

    def __repr__(self):
        return f"Freeze({list(self.names)}, after={self.after})"


def as_callbacks(callbacks):
    """A list of callbacks from callbacks and functions."""
    callbacks = [callbacks] if callable(callbacks) or isinstance(callbacks, Callback) else list(callbacks or ())
    for each in callbacks:
        if isinstance(each, type) or not isinstance(each, Callback) and not callable(each):
            raise TypeError(f"fit: callbacks contains {each!r}; a Callback() or a function of the run is allowed")
    return [each if isinstance(each, Callback) else AfterEpoch(each) for each in callbacks]


def _floats(model):
    """Name and value of all parameters and buffers that are not integers, such as BatchNorm's count of batches."""
    return [(name, value) for name, value in model.state_dict().items() if value.is_floating_point()]
