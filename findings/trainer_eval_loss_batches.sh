#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, Trainer.evaluate of a language model on texts of
#          different lengths, padded, with labels -100 on the padding.
# Guess:   eval_loss is the mean loss of a token, whatever per_device_eval_batch_size is: the batch size is a question of
#          speed and memory. In training, the Trainer does count the tokens of accumulated batches.
# Happens: each batch's mean over its own tokens is weighed by its number of texts. With batches of 1 a text of 4 tokens
#          weighs as much as one of 60: eval_loss is 1.12 (perplexity 3.1) for the weights that have .20 (1.2) in one batch.
# Matters: perplexities of two runs, or of one before and after a change of the batch size, cannot be compared; and which
#          texts share a batch decides about the best checkpoint.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import math
import sys

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

transformers.utils.logging.set_verbosity_error()
torch.manual_seed(0)


def text(number):
    """Sixty times the same token, or four random ones, padded to 64."""
    tokens = torch.full((60,), 3) if number % 4 == 0 else torch.randint(1, 20, (4,))
    inputs, labels, mask = torch.zeros(64, dtype=torch.long), torch.full((64,), -100), torch.zeros(64, dtype=torch.long)
    inputs[:len(tokens)], labels[:len(tokens)], mask[:len(tokens)] = tokens, tokens, 1
    return {"input_ids": inputs, "labels": labels, "attention_mask": mask}


def trainer(**settings):
    return Trainer(model, TrainingArguments(
        sys.argv[1], use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no", logging_strategy="no", **settings),
        train_dataset=texts, eval_dataset=texts)


texts = [text(number) for number in range(16)]
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=20, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2))
trainer(max_steps=60, per_device_train_batch_size=16, learning_rate=1e-2).train()
seen = {size: trainer(per_device_eval_batch_size=size).evaluate()["eval_loss"] for size in (1, 2, 16)}
total = tokens = 0
model.eval()
for example in texts:
    with torch.no_grad():
        loss = model(**{name: value[None] for name, value in example.items()}).loss.item()
    count = (example["labels"][1:] != -100).sum().item()
    total, tokens = total + loss * count, tokens + count
guess = total / tokens
print("transformers", transformers.__version__, "torch", torch.__version__)
print(f"guess: eval_loss {guess:.3f}, perplexity {math.exp(guess):.2f}, with batches of any size")
for size, loss in seen.items():
    print(f"seen:  eval_loss {loss:.3f}, perplexity {math.exp(loss):.2f}, with batches of {size}")
assert abs(seen[16] - guess) < 1e-3 and seen[1] > seen[2] > 2 * guess
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
