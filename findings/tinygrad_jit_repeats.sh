#!/usr/bin/env bash
# Library: tinygrad 0.14.0, TinyJit around a training step, as its examples have it (here on its interpreter in Python, which
#          needs no compiler).
# Guess:   a number that is handed to the compiled step, such as the rate of a schedule, is heeded or leads to a new
#          compilation, as with jax.jit and torch.compile; and each call returns a loss of its own.
# Happens: what the second call did is recorded and played again by every later one, with other tensors in it. A Python
#          number is part of the record: a rate of 1, .5, .25, .125 ... is 1, .5, .5, .5 ... So is a rate that is put in
#          place by optimizer.lr = Tensor(...) later on; optimizer.lr.assign(...) is heeded. And all calls from the second
#          on return the same tensor: a list of losses that is read at the end shows the last one, over and over.
# Matters: a schedule ends at its second step without a word, and a training curve is flat but for its first point. To
#          read each loss at once, by .item(), gives the right numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'tinygrad==0.14.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

from tinygrad import Tensor, TinyJit, nn
from tinygrad.helpers import Context

RATES = [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125]


def moves(compiled):
    """How far a weight with gradient 1 goes in each step whose rate is an argument."""
    weight = Tensor([0.0]).contiguous().realize()

    def step(gradient, rate):
        return weight.assign(weight - rate * gradient).realize()

    step, seen, old = TinyJit(step) if compiled else step, [], 0.0
    for rate in RATES:
        step(Tensor([1.0]).contiguous().realize(), rate)
        seen.append(old - weight.item())
        old = weight.item()
    return seen


def train(compiled, at_once, change=None):
    """Losses of (weight - 1) ** 2 from weight 3 with a rate of .1, and with one of 0 from the fourth step on if `change`."""
    weight = Tensor([3.0]).contiguous().realize()
    optimizer = nn.optim.SGD([weight.is_param_()], lr=0.1)

    def step(target):
        optimizer.zero_grad()
        loss = ((weight - target) ** 2).sum().backward()
        return loss.realize(*optimizer.schedule_step())

    step, losses = TinyJit(step) if compiled else step, []
    for number in range(6):
        if number == 3 and change == "assign":
            optimizer.lr.assign(Tensor([0.0])).realize()
        elif number == 3 and change == "replace":
            optimizer.lr = Tensor([0.0]).contiguous().realize()
        loss = step(Tensor([1.0]).contiguous().realize())
        losses.append(loss.item() if at_once else loss)
    return [round(loss if at_once else loss.item(), 4) for loss in losses]


print("tinygrad", version("tinygrad"))
with Context(TRAINING=1):
    print("rates asked for", RATES, "\n  plain    ", moves(False), "\n  compiled ", moves(True))
    assert moves(False) == RATES and moves(True) == [1.0] + [0.5] * 5
    plain, later, now = train(False, False), train(True, False), train(True, True)
    print("losses\n  plain, read at the end   ", plain, "\n  compiled, read at the end", later,
          "\n  compiled, read at once   ", now)
    assert now == plain == sorted(plain, reverse=True) and len(set(plain)) == 6
    assert later == plain[:1] + plain[-1:] * 5
    for change in ("assign", "replace"):
        plain, compiled = train(False, True, change), train(True, True, change)
        print(f"rate 0 from the fourth step on, by {change}: plain {plain} compiled {compiled}")
        assert plain[3] == plain[5] and (compiled == plain if change == "assign" else compiled == now)
PY
DEV=PYTHON OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
