#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, GPT2LMHeadModel under the Trainer.
# Guess:   eval_loss is the loss that the model gives for the same texts, the mean over the tokens that it predicts; so it is
#          for LlamaForCausalLM.
# Happens: the Trainer divides by a number of tokens that it counts itself. It leaves the first one of each text out, which no
#          model predicts, only where the name of the class contains ForCausalLM; that of GPT2LMHeadModel does not. For texts
#          of 4 tokens eval_loss, training loss and gradients are 3/4 of the right ones, for texts of 100 tokens 99/100.
# Matters: a perplexity of 20.2 is reported as 9.5, and a comparison with another model on short texts favors GPT-2.
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
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

transformers.utils.logging.set_verbosity_error()
MODELS = {
    "LlamaForCausalLM": lambda: LlamaForCausalLM(LlamaConfig(
        vocab_size=20, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2)),
    "GPT2LMHeadModel": lambda: GPT2LMHeadModel(GPT2Config(
        vocab_size=20, n_positions=100, n_embd=16, n_layer=1, n_head=2, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)),
}


def losses(make, length):
    """The loss that the model gives for 8 texts, eval_loss, and the training loss of a first step on them."""
    torch.manual_seed(0)
    model = make().eval()
    tokens = torch.randint(3, 20, (8, length))
    with torch.no_grad():
        guess = model(input_ids=tokens, labels=tokens).loss.item()
    data = [{"input_ids": text, "labels": text} for text in tokens]
    trainer = Trainer(
        model,
        TrainingArguments(
            sys.argv[1], per_device_train_batch_size=8, per_device_eval_batch_size=8, max_steps=1, report_to=[],
            use_cpu=True, disable_tqdm=True, save_strategy="no", logging_strategy="no"),
        train_dataset=data, eval_dataset=data)
    return guess, trainer.evaluate()["eval_loss"], trainer.train().training_loss


print("transformers", transformers.__version__, "torch", torch.__version__)
for name, make in MODELS.items():
    for length in (4, 100):
        guess, evaluated, trained = losses(make, length)
        print(f"{name}, texts of {length} tokens: guess {guess:.3f} (perplexity {math.exp(guess):.1f}), seen {evaluated:.3f}"
              f" ({math.exp(evaluated):.1f}), in training {trained:.3f}")
        share = (length - 1) / length if name.startswith("GPT2") else 1
        assert abs(evaluated / guess - share) < 1e-3 and abs(trained / guess - share) < 1e-3
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
