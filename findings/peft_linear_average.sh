#!/usr/bin/env bash
# Library: PEFT 0.21.2, add_weighted_adapter(..., combination_type="linear") of LoRA adapters.
# Guess:   adapters with weights 1/n give their mean, if only roughly, as the documentation warns: certainly the mean of n
#          equal adapters is that adapter. So it is with the types "svd" and "cat".
# Happens: the root of the weight goes to both factors A and B, which are added up each by themselves. The product has all
#          n * n cross terms with weight 1/n: n equal adapters with weights 1/n become n times the adapter, and checkpoints
#          of one run, which are nearly equal, n times their mean. "magnitude_prune" and "dare_linear" with density 1 do
#          the same.
# Matters: averaging the last checkpoints of a training is a common use, and makes an adapter that acts 4 times too strong
#          for 4 of them: here a loss of 63 for .001, where each checkpoint has .004 or less.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0' 'accelerate==1.15.0' 'peft==0.21.2'
cat > "$folder/check.py" <<'PY'
import peft
import torch
from peft import LoraConfig, get_peft_model


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 5, bias=False)

    def forward(self, x):
        return self.layer(x)


torch.manual_seed(0)
config = LoraConfig(r=2, lora_alpha=2, target_modules=["layer"])
model = get_peft_model(Network(), config, adapter_name="run")
layer = model.base_model.model.layer
target = layer.base_layer.weight.detach() + torch.randn(5, 2) @ torch.randn(2, 6)
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)


def loss(x):
    return (model(x) - x @ target.T).square().mean()


names = []
for step in range(1, 1001):  # noisy training, of which the last checkpoints are kept
    optimizer.zero_grad()
    x = torch.randn(4, 6)
    (loss(x) + 0.5 * (model(x) * torch.randn(4, 5)).mean()).backward()
    optimizer.step()
    if step > 600 and step % 100 == 0:
        names.append(f"step{step}")
        model.add_adapter(names[-1], config)
        for part in (layer.lora_A, layer.lora_B):
            part[names[-1]].weight.data.copy_(part["run"].weight.data)
        model.set_adapter("run")

print("PEFT", peft.__version__, "torch", torch.__version__)
test = torch.randn(1000, 6)
deltas = torch.stack([layer.get_delta_weight(name).detach() for name in names])
alike = torch.nn.functional.cosine_similarity(deltas.flatten(1), deltas.mean(0).flatten()[None]).min().item()
single = []
for name in names:
    model.set_adapter(name)
    single.append(loss(test).item())
print(f"{len(names)} checkpoints of a run: losses {[round(value, 3) for value in single]}; "
      f"cosine with their mean >= {alike:.4f}")
lengths, losses = {}, {}
for kind in ("svd", "cat", "linear", "magnitude_prune", "dare_linear"):
    more = {"density": 1.0} if kind in ("magnitude_prune", "dare_linear") else {}
    more |= {"svd_rank": 5} if kind == "svd" else {}
    model.add_weighted_adapter(names, [1 / len(names)] * len(names), kind, combination_type=kind, **more)
    model.set_adapter(kind)
    lengths[kind] = (layer.get_delta_weight(kind).detach().norm() / deltas.mean(0).norm()).item()
    losses[kind] = loss(test).item()
    print(f"{kind}: {lengths[kind]:.3f} times the length of the mean, loss {losses[kind]:.3f}")
for kind in ("svd", "cat"):
    assert abs(lengths[kind] - 1) < 1e-3 and losses[kind] < 2 * max(single)
for kind in ("linear", "magnitude_prune", "dare_linear"):
    assert abs(lengths[kind] - len(names)) < 0.2 and losses[kind] > 20 * max(single)
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
