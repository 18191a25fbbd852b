#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0: which parameters the Trainer's weight decay leaves out.
# Guess:   the common recipe: biases and the weights of normalizations are not decayed, all else is; what a part of the
#          network is called does not matter.
# Happens: the name decides, and of the types LayerNorm alone. A matrix is not decayed if its module is called `debias`,
#          `unbiased` or `layernorm_gate`, since "bias" or "layernorm" is in the name; the weights of BatchNorm, GroupNorm
#          and RMSNorm are decayed, unless the module is called `norm`.
# Matters: to rename a module changes how the network is trained. A convolutional network under the Trainer has its
#          BatchNorm scales decayed, which the recipe of the same network in timm does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'transformers==5.24.0' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import sys
from importlib.metadata import version

import torch
import transformers

MODULES = {
    "head": torch.nn.Linear(4, 4),
    "debias": torch.nn.Linear(4, 4),
    "unbiased": torch.nn.Linear(4, 4),
    "layernorm_gate": torch.nn.Linear(4, 4),
    "after": torch.nn.LayerNorm(4),
    "bn": torch.nn.BatchNorm1d(4),
    "group": torch.nn.GroupNorm(2, 4),
    "rms": torch.nn.RMSNorm(4),
    "norm": torch.nn.GroupNorm(2, 4),
}
arguments = transformers.TrainingArguments(sys.argv[1], use_cpu=True, weight_decay=0.1, report_to=[])
trainer = transformers.Trainer(torch.nn.ModuleDict(MODULES), arguments)
decayed = {id(p) for group in trainer.create_optimizer().param_groups if group["weight_decay"] for p in group["params"]}
print("transformers", version("transformers"), "torch", torch.__version__)
seen = {}
for name, module in MODULES.items():
    seen[name] = id(module.weight) in decayed
    guess = isinstance(module, torch.nn.Linear)
    print(f"{name + '.weight':22} {type(module).__name__:12} guess: decayed {guess!s:6} seen: {seen[name]}")
assert [name for name, is_decayed in seen.items() if is_decayed] == ["head", "bn", "group", "rms"], seen
PY
"$folder/venv/bin/python" "$folder/check.py" "$folder/out"
