#!/usr/bin/env bash
# Library: torchdata 0.11.0 with torch 2.13.0, StatefulDataLoader with a sampler of torch, resumed in the middle of an
#          epoch.
# Guess:   state_dict() after 2 of 5 batches and load_state_dict() in a new process give the three batches that were left,
#          as they do with shuffle=True: each example once.
# Happens: a sampler without a state of its own (SubsetRandomSampler, WeightedRandomSampler, even torch's RandomSampler,
#          which is what shuffle=True stands for) draws a new order, of which the first two batches are skipped. Some
#          examples come twice, others never. No warning; putting back torch's random state of the same moment does not
#          help.
# Matters: a run that is cut off often trains unevenly, and the resumed run is another than the one that was not cut off.
#          A sampler with a seeded generator of its own cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'torchdata==0.11.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from torch.utils.data import RandomSampler, SubsetRandomSampler, WeightedRandomSampler
from torchdata.stateful_dataloader import StatefulDataLoader

DATA = list(range(20))


def seeded():
    return torch.Generator().manual_seed(1)


MAKERS = {
    "shuffle=True": lambda: {"shuffle": True},
    "SubsetRandomSampler, own generator": lambda: {"sampler": SubsetRandomSampler(DATA, generator=seeded())},
    "RandomSampler": lambda: {"sampler": RandomSampler(DATA)},
    "SubsetRandomSampler": lambda: {"sampler": SubsetRandomSampler(DATA)},
    "WeightedRandomSampler": lambda: {"sampler": WeightedRandomSampler([1.0] * 20, 20, replacement=False)},
}


def resumed(make, put_back):
    """Whether the order is that of a run without a break, and which examples come twice or never."""
    torch.manual_seed(0)
    loader = StatefulDataLoader(DATA, batch_size=4, **make())
    batches = iter(loader)
    first = torch.cat([next(batches), next(batches)]).tolist()
    state, random_state = loader.state_dict(), torch.get_rng_state()
    guess = torch.cat(list(batches)).tolist()
    torch.manual_seed(99)  # another process
    loader = StatefulDataLoader(DATA, batch_size=4, **make())
    loader.load_state_dict(state)
    if put_back:
        torch.set_rng_state(random_state)
    seen = torch.cat(list(loader)).tolist()
    return seen == guess, sorted(set(first) & set(seen)), sorted(set(DATA) - set(first) - set(seen))


print("torchdata", version("torchdata"), "torch", torch.__version__, "\nguess: none comes twice, none is left out")
for name, make in MAKERS.items():
    for put_back in (False, True):
        same, twice, never = resumed(make, put_back)
        print(f"seen:  {name}, random state {'put back' if put_back else 'new'}: twice {twice}, never {never}")
        right = name.startswith("shuffle") or "own" in name
        assert same == right and (not twice) == right and len(twice) == len(never)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
