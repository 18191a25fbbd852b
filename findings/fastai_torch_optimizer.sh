#!/usr/bin/env bash
# Library: fastai 2.8.12 with torch 2.13.0, a Learner whose optimizer is one of torch: OptimWrapper(opt=torch.optim.SGD).
# Guess:   fastai's settings hold for it as for fastai's own: the Learner's default wd_bn_bias=False leaves biases and the
#          scales of BatchNorm without weight decay, and the callback ReduceLROnPlateau lowers the rate when the loss
#          stands still.
# Happens: both are without effect. The first writes a mark into a state that torch's optimizer does not read, the second
#          divides the rate in a copy of the parameter groups. wd, the rate and one-cycle schedules do arrive.
# Matters: no error and no warning: with wd=.1 biases and scales shrink like all weights, and a run that waits for its
#          rate to be lowered goes on at the full one. With fastai's SGD both work. Under fit_one_cycle the callback says
#          that it reduces the rate and the schedule writes over it before the next step, with either optimizer.
# Source:  https://github.com/fastai/fastai/issues/4046 (open) tells of the rate
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'fastai==2.8.12'
cat > "$folder/check.py" <<'PY'
import contextlib
import io
import sys
from functools import partial
from importlib.metadata import version

import fastai.callback.progress  # gives Learner no_bar
import fastai.callback.schedule  # gives Learner fit_one_cycle
import torch
from fastai.basics import SGD, Callback, DataLoader, DataLoaders, Learner, OptimWrapper
from fastai.callback.tracker import ReduceLROnPlateau

WRAPPED = partial(OptimWrapper, opt=torch.optim.SGD)


class Rates(Callback):
    order = 99  # after the schedule

    def before_fit(self):
        self.seen = []

    def before_batch(self):
        if self.training:
            self.seen.append(round(float(self.opt.hypers[-1]["lr"]), 4))


def learn(optimizer, method, epochs, callbacks, **settings):
    """A fit whose loss stands still, with gradient 0: weights at its end, the rate at each step, what it printed."""
    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1))
    for weight in model.parameters():
        torch.nn.init.ones_(weight)
    data = [(torch.ones(1), torch.ones(1))] * 8
    loaders, rates = DataLoaders(DataLoader(data, bs=4), DataLoader(data, bs=4)), Rates()
    learner = Learner(loaders, model, lambda output, _: 0 * output.sum() + 1, optimizer, path=sys.argv[1], **settings)
    printed = io.StringIO()
    with learner.no_bar(), learner.no_logging(), contextlib.redirect_stdout(printed):
        getattr(learner, method)(epochs, 1.0, cbs=[rates, *callbacks])
    return [round(weight.item(), 2) for weight in model.parameters()], rates.seen, printed.getvalue()


print("fastai", version("fastai"), "torch", torch.__version__)
(guess, _, _), (seen, _, _) = (learn(optimizer, "fit", 1, [], wd=0.1) for optimizer in (SGD, WRAPPED))
print("weight and bias of a layer, scale and shift of BatchNorm after two steps with decay .1 and without gradient")
print("guess:", guess, " seen:", seen)
assert guess == [0.81, 1.0, 1.0, 1.0] and seen == [0.81] * 4
own, wrapped = (learn(optimizer, "fit", 5, [ReduceLROnPlateau()]) for optimizer in (SGD, WRAPPED))
print("rates of the epochs with ReduceLROnPlateau\nguess:", own[1][::2], "\nseen: ", wrapped[1][::2])
assert own[1][::2] == [1.0, 1.0, 0.1, 0.01, 0.001] and wrapped[1] == [1.0] * 10
plain, cycle = (learn(SGD, "fit_one_cycle", 5, callbacks) for callbacks in ([], [ReduceLROnPlateau()]))
print("fit_one_cycle:", cycle[1], "and it printed", repr(cycle[2].splitlines()[0]))
assert cycle[1] == plain[1] and "reducing lr" in cycle[2]
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
