"""Lightning as a caller: what its Trainer does between the gradient and torch's optimizer."""

import logging

import lightning
import torch

from ..common import Run, record

RUNS = [
    Run("AdamW", torch.optim.AdamW),
    Run("SGD momentum", torch.optim.SGD, {"lr": 0.001, "momentum": 0.9}),
    Run("SGD gradient_clip_val", torch.optim.SGD, {"lr": 0.001}, extra={"gradient_clip_val": 1.0}),
    Run("SGD gradient_clip by value", torch.optim.SGD, {"lr": 0.001},
        extra={"gradient_clip_val": 0.5, "gradient_clip_algorithm": "value"}),
    Run("SGD accumulate 2", torch.optim.SGD, {"lr": 0.001}, extra={"accumulate_grad_batches": 2},
        note="the mean of two gradients each second batch"),
    Run("SGD cosine of the epoch", torch.optim.SGD, {"lr": 0.001}, extra={"schedule": "epoch"},
        note="CosineAnnealingLR(T_max=12), one epoch of 12 batches"),
    Run("SGD cosine of the step", torch.optim.SGD, {"lr": 0.001}, extra={"schedule": "step"},
        note="CosineAnnealingLR(T_max=12)"),
]  # fmt: skip


class Given(lightning.LightningModule):
    """A network whose gradient is the batch."""

    def __init__(self, run, dtype, x0):
        super().__init__()
        self.run, self.path = run, []
        self.weight = torch.nn.Parameter(torch.tensor(x0, dtype=getattr(torch, dtype)))

    def training_step(self, batch):
        return (self.weight * batch[0]).sum()

    def configure_optimizers(self):
        optimizer = self.run.make(self.parameters(), **self.run.settings)
        if (interval := self.run.extra.get("schedule")) is None:
            return optimizer
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12)
        return [optimizer], [{"scheduler": schedule, "interval": interval}]

    def on_train_batch_end(self, *_):
        self.path.append(self.weight.detach().tolist())


def walk(run, dtype, x0, gradients, factors):
    module = Given(run, dtype, x0)
    lower = Lower([run.lr * factor for factor in factors]) if any(factor != 1 for factor in factors) else None
    options = {name: value for name, value in run.extra.items() if name != "schedule"}
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", callbacks=[lower] if lower else [], **options, **quiet
    )
    trainer.fit(module, torch.utils.data.DataLoader([torch.tensor(g, dtype=module.weight.dtype) for g in gradients]))
    return module.path


class Lower(lightning.Callback):
    """The rate of each batch, as a callback sets it."""

    def __init__(self, rates):
        self.rates = rates

    def on_train_batch_start(self, trainer, module, batch, index):
        if self.rates[index] != self.rates[0]:
            for group in trainer.optimizers[0].param_groups:
                group["lr"] = self.rates[index]


if __name__ == "__main__":
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    record("lightning", ["lightning", "torch"], RUNS, walk)
