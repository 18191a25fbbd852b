#!/usr/bin/env bash
# Library: torch 2.13.0, torch.compile with its default backend, on a CPU.
# Guess:   a compiled function writes the same numbers into its arguments as the plain one.
# Happens: what a sum over a tensor writes into a float64 tensor without axes is lost: total.copy_(total + g.sum()) leaves
#          total as it was, without a word. In float32, or with one axis of length 1, and as a returned value it is right.
# Matters: running sums, norms and step statistics of an optimizer or a metric are kept in such tensors, in float64 for
#          accuracy; compiled, they stay at their first value.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch


def add(total, g):
    total.copy_(total + g.sum())


def add_in_place(total, g):
    total.add_(g.sum())


def add_and_return(total, g):
    new = total + g.sum()
    total.copy_(new)
    return new


def after_one_call(function, dtype, shape):
    torch._dynamo.reset()
    total, g = torch.zeros(shape, dtype=dtype), torch.arange(1, 9, dtype=dtype)
    returned = torch.compile(function)(total, g)
    return total.item(), returned


print("torch", torch.__version__)
print("guess: 36 in each line")
seen = {}
for function in (add, add_in_place, add_and_return):
    for dtype, shape in ((torch.float32, ()), (torch.float64, (1,)), (torch.float64, ())):
        total, returned = after_one_call(function, dtype, shape)
        seen[function.__name__, dtype, shape] = total
        print(f"seen:  {function.__name__:14}  {dtype}, shape {shape}: total {total:g}",
              "" if returned is None else f"(returned {returned.item():g})")
assert {value for (_, dtype, shape), value in seen.items() if dtype == torch.float32 or shape} == {36.0}
assert {value for (_, dtype, shape), value in seen.items() if dtype == torch.float64 and not shape} == {0.0}
PY
"$folder/venv/bin/python" "$folder/check.py"
