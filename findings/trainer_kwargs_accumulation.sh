#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0: the Trainer, a model of one's own, gradients
#          accumulated over 4 batches.
# Guess:   four batches of one example with gradient_accumulation_steps=4 make the step of one batch of four, whatever else
#          the model's forward would accept.
# Happens: it depends on whether the signature of `forward` ends in **kwargs. If it does, the Trainer takes the loss to be
#          divided by the number of all accumulated items already, and divides by nothing: a mean loss is added up to four
#          times its gradient and logged four times as large.
# Matters: **kwargs is what one writes to ignore columns one does not need. The rate is multiplied by the number of
#          accumulated batches; Adam hides it, but not from clipping, and the logged losses of two settings no longer compare.
#          accepts_loss_kwargs = False on the model cures it.
# Source:  https://github.com/huggingface/transformers/issues/47688 (open, for heads of the library itself)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'transformers==5.24.0' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
import transformers
from transformers.trainer_callback import PrinterCallback


class Plain(torch.nn.Module):
    """The mean loss is the weight, so its gradient is 1."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def loss(self, labels):
        return {"loss": (self.weight + 0 * labels).mean()}

    def forward(self, labels):
        return self.loss(labels)


class Lenient(Plain):
    def forward(self, labels, **kwargs):
        return self.loss(labels)


class Told(Lenient):
    accepts_loss_kwargs = False


def weight_after_a_step(model, batch, accumulated):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    constant = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    settings = transformers.TrainingArguments(
        "out", use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True, logging_strategy="no", max_steps=1,
        max_grad_norm=0, per_device_train_batch_size=batch, gradient_accumulation_steps=accumulated,
    )  # fmt: skip
    data = [{"labels": torch.tensor(1.0)}] * 4
    trainer = transformers.Trainer(model, settings, train_dataset=data, optimizers=(optimizer, constant))
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return model.weight.item()


transformers.utils.logging.set_verbosity_error()
seen = {
    (kind.__name__, *shape): weight_after_a_step(kind(), *shape)
    for kind in (Plain, Lenient, Told)
    for shape in ((4, 1), (1, 4))
}
print("transformers", version("transformers"), "accelerate", version("accelerate"), "torch", torch.__version__)
print("guess: the weight is -1 after a step of each")
for (name, batch, accumulated), weight in seen.items():
    print(f"seen:  {name:8} batches of {batch}, {accumulated} accumulated: {weight:g}")
assert seen.pop(("Lenient", 1, 4)) == -4.0
assert set(seen.values()) == {-1.0}
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
