#!/usr/bin/env bash
# Library: accelerate 1.15.0 with torch 2.13.0, a prepared DataLoader on one process without workers.
# Guess:   prepare() changes nothing on a single CPU: a batch is read when the loop asks for it, and a seed gives the
#          training that it gives without accelerate.
# Happens: the next batch is read before the present one is handed out. Random numbers that reading takes (augmentation) and
#          those of the step (dropout) are drawn in another order, so the same seed is another run; and what the loop tells
#          the data set, such as a new difficulty, reaches it a batch late.
# Matters: "the same script with accelerate" cannot be checked against the one without, number by number. Curricula and
#          replay buffers lag a step.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import accelerate
import torch

HELPER = accelerate.Accelerator(cpu=True)


class Data(torch.utils.data.Dataset):
    difficulty = 0

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return {"difficulty": self.difficulty, "noise": torch.rand(())}


def epoch(prepare):
    """The difficulties that a loop sees which raises it after each batch, and each batch's noise of data and of the step."""
    torch.manual_seed(0)
    data = Data()
    loader = torch.utils.data.DataLoader(data, batch_size=1)
    difficulties, noises = [], []
    for batch in HELPER.prepare(loader) if prepare else loader:
        difficulties.append(batch["difficulty"].item())
        noises.append((round(batch["noise"].item(), 2), round(torch.rand(()).item(), 2)))
        data.difficulty += 1
    return difficulties, noises


print("accelerate", accelerate.__version__, "torch", torch.__version__)
print("guess: difficulties %s, noises of data and step %s" % epoch(prepare=False))
print("seen:  difficulties %s, noises of data and step %s" % epoch(prepare=True))
assert epoch(prepare=False)[0] == [0, 1, 2, 3]
assert epoch(prepare=True)[0] == [0, 0, 1, 2]
plain, prepared = epoch(prepare=False)[1], epoch(prepare=True)[1]
assert plain[0][0] == prepared[0][0]
assert plain[1:] != prepared[1:]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
