#!/usr/bin/env bash
# Library: PEFT 0.21.2 with torch 2.13.0, create_loraplus_optimizer(model, torch.optim.AdamW, lr=1e-3, loraplus_lr_ratio=16,
#          weight_decay=.1).
# Guess:   LoRA+: the matrices B learn at 16 times the rate of all else, and the arguments that AdamW takes go to AdamW.
# Happens: every group carries a weight_decay of its own, 0, so that weight_decay=.1 reaches nothing: the argument for it
#          is loraplus_weight_decay. And whatever has one axis goes with the matrices B: the biases and scales of modules in
#          modules_to_save and DoRA's magnitudes learn at 16e-3, LoRA on an embedding at 1e-6 whatever lr is.
# Matters: a new head's weight and its bias learn at rates 16 times apart, and no LoRA matrix is decayed though decay was
#          asked for; neither is said.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0' 'accelerate==1.15.0' 'peft==0.21.2'
cat > "$folder/check.py" <<'PY'
import peft
import torch
from peft.optimizers import create_loraplus_optimizer


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.layer = torch.nn.Embedding(10, 8), torch.nn.Linear(8, 8)
        self.scale, self.head = torch.nn.LayerNorm(8), torch.nn.Linear(8, 3)

    def forward(self, tokens):
        return self.head(self.scale(self.layer(self.embedding(tokens))).mean(1))


def groups(decay, rate=1e-3, **settings):
    """The learning rate and the decay of each parameter that is trained."""
    config = peft.LoraConfig(r=2, target_modules=["layer", "embedding"], modules_to_save=["head", "scale"], **settings)
    model = peft.get_peft_model(Classifier(), config)
    optimizer = create_loraplus_optimizer(model, torch.optim.AdamW, lr=rate, loraplus_lr_ratio=16, **decay)
    where = {weight: group for group in optimizer.param_groups for weight in group["params"]}
    short = {name.removeprefix("base_model.model.").replace(".default", "").replace(".modules_to_save", ""): weight
             for name, weight in model.named_parameters() if weight.requires_grad}
    return {name: (where[weight]["lr"], where[weight]["weight_decay"]) for name, weight in short.items()}


seen = groups({"weight_decay": 0.1})
print("peft", peft.__version__, "torch", torch.__version__)
print("guess: lr 0.016 for lora_B, 0.001 for the others, weight_decay 0.1")
for name, (rate, decay) in seen.items():
    print(f"seen:  lr {rate}, weight_decay {decay} for {name}")
rates, decays = ({name: pair[number] for name, pair in seen.items()} for number in (0, 1))
assert rates["layer.lora_A.weight"] == rates["head.weight"] == 1e-3 and rates["layer.lora_B.weight"] == 0.016
assert rates["head.bias"] == rates["scale.weight"] == rates["scale.bias"] == 0.016
assert rates["embedding.lora_embedding_B"] == groups({}, rate=1.0)["embedding.lora_embedding_B"][0] == 1e-6
assert set(decays.values()) == {0}
assert groups({"loraplus_weight_decay": 0.1})["layer.lora_A.weight"] == (1e-3, 0.1)
dora = peft.LoraConfig(r=2, target_modules=["layer"], use_dora=True)
model = peft.get_peft_model(Classifier(), dora)
optimizer = create_loraplus_optimizer(model, torch.optim.AdamW, lr=1e-3, loraplus_lr_ratio=16)
magnitude = next(weight for name, weight in model.named_parameters() if "magnitude" in name)
rate = next(group["lr"] for group in optimizer.param_groups if any(weight is magnitude for weight in group["params"]))
print("seen:  lr", rate, "for the magnitudes of DoRA")
assert rate == 0.016
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
