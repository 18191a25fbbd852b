"""transformers: its own Adafactor, and what its Trainer does to the optimizers that it makes."""

import tempfile

import torch
import transformers
from transformers import Trainer, TrainingArguments
from transformers.optimization import Adafactor

from ..common import FACTORS, Run, record
from ..torch_api import defaults
from ..torch_api import walk as plain_walk

KINDS = FACTORS
FIXED = {"lr": 0.001, "relative_step": False}


class Given(torch.nn.Module):
    """A network whose gradient is the batch: the loss is their product."""

    def __init__(self, x0, dtype):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(x0, dtype=getattr(torch, dtype)))

    def forward(self, gradient):
        return {"loss": (self.weight * gradient[0]).sum()}


class Paths(transformers.TrainerCallback):
    def __init__(self, model):
        self.model, self.path = model, []

    def on_step_end(self, *_, **__):
        self.path.append(self.model.weight.detach().tolist())


def by_trainer(run, dtype, x0, gradients, factors):
    """One batch a step, its gradient given; the rate is the schedule's own, so that nothing drops."""
    if any(factor != 1 for factor in factors):
        raise ValueError("the schedule is the Trainer's")
    model = Given(x0, dtype)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, use_cpu=True, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
            per_device_train_batch_size=1, num_train_epochs=1, remove_unused_columns=False, **run.settings,
        )  # fmt: skip
        data = [{"gradient": torch.tensor(each, dtype=model.weight.dtype)} for each in gradients]
        seen = Paths(model)
        trainer = Ordered(model=model, args=arguments, train_dataset=data, callbacks=[seen])
        trainer.remove_callback(transformers.trainer_callback.PrinterCallback)
        trainer.train()
    return seen.path


class Ordered(Trainer):
    """The batches in their order; a Trainer shuffles them."""

    def _get_train_sampler(self, *_):
        return torch.utils.data.SequentialSampler(self.train_dataset)


RUNS = [
    Run("Adafactor", Adafactor, {}, KINDS),
    Run("Adafactor rate", Adafactor, FIXED, KINDS),
    Run("Adafactor rate, scale_parameter False", Adafactor, {**FIXED, "scale_parameter": False}, KINDS),
    Run("Adafactor beta1", Adafactor, {**FIXED, "beta1": 0.9}, KINDS),
    Run("Adafactor decay", Adafactor, {**FIXED, "weight_decay": 0.1}, KINDS),
    Run("Adafactor warmup_init", Adafactor, {"warmup_init": True}, KINDS),
    Run("Trainer", TrainingArguments, {}),
    Run("Trainer constant, not clipped", TrainingArguments, {"lr_scheduler_type": "constant", "max_grad_norm": 0.0}),
    Run("Trainer decay, warm-up 4", TrainingArguments, {"weight_decay": 0.1, "warmup_steps": 4}),
    Run("Trainer cosine", TrainingArguments, {"lr_scheduler_type": "cosine"}),
    Run("Trainer sgd", TrainingArguments, {"optim": "sgd"}),
    Run("Trainer adafactor", TrainingArguments, {"optim": "adafactor"}),
    Run("Trainer adagrad", TrainingArguments, {"optim": "adagrad"}),
    Run("Trainer rmsprop", TrainingArguments, {"optim": "rmsprop"}),
]
OF_TRAINER = ("learning_rate", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm",
              "lr_scheduler_type", "warmup_steps", "optim")  # fmt: skip


def walk(run, dtype, x0, gradients, factors):
    by = by_trainer if run.make is TrainingArguments else plain_walk
    return by(run, dtype, x0, gradients, factors)


def of(run):
    if run.make is not TrainingArguments:
        return defaults(run)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(output_dir=folder, use_cpu=True)
    return {name: getattr(arguments, name) for name in OF_TRAINER}


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    record("transformers", ["transformers", "accelerate", "torch"], RUNS, walk, defaults=of)
