"""Training libraries step with a rule of the course, and end where they do with torch's optimizer of the same rule."""

import accelerate
import ignite.engine
import ignite.handlers
import lightning
import pytest
import skorch
import skorch.callbacks
import timm
import timm.optim
import timm.scheduler
import torch
import transformers
from distributed_cases import PEERS, ours
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 4


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


def data():
    generator = torch.Generator().manual_seed(1)
    return TensorDataset(*(torch.randn(32, d, generator=generator) for d in (4, 3)))


def batches():
    return DataLoader(data(), batch_size=8)


def weights(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def with_lightning(make, folder, stop):
    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = network()

        def training_step(self, batch, number):
            x, y = batch
            return (self.net(x) - y).square().mean()

        def configure_optimizers(self):
            optimizer = make(self.parameters())
            warm = lr_scheduler.LambdaLR(optimizer, lambda k: min(1.0, k / 5))
            return [optimizer], [{"scheduler": warm, "interval": "step"}]

    def fit(epochs, checkpoint=None):
        trainer = lightning.Trainer(
            max_epochs=epochs, accelerator="cpu", default_root_dir=folder, enable_progress_bar=False,
            enable_model_summary=False, gradient_clip_val=1.0, logger=lightning.pytorch.loggers.CSVLogger(folder),
            callbacks=[lightning.pytorch.callbacks.LearningRateMonitor()], log_every_n_steps=1,
        )  # fmt: skip
        module = Module()
        trainer.fit(module, batches(), ckpt_path=checkpoint)
        trainer.save_checkpoint(f"{folder}/half.ckpt")
        return weights(module)

    if stop:
        fit(EPOCHS // 2)
    return fit(EPOCHS, f"{folder}/half.ckpt" if stop else None)


def with_accelerate(make, folder, stop):
    def begin():
        accelerate.state.AcceleratorState._reset_state(True)
        accelerate.state.GradientState._reset_state()
        accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
        net = network()
        optimizer = make(net.parameters())
        scheduler = lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 9)
        return accelerator, *accelerator.prepare(net, optimizer, batches(), scheduler)

    everything = begin()
    for epoch in range(EPOCHS):
        if stop and epoch == EPOCHS // 2:
            everything[0].save_state(folder)
            everything = begin()
            everything[0].load_state(folder)
        accelerator, net, optimizer, loader, scheduler = everything
        for x, y in loader:
            with accelerator.accumulate(net):
                accelerator.backward((net(x) - y).square().mean())
                accelerator.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
    return weights(net)


def with_trainer(make, folder, stop):
    """The Trainer of Hugging Face, with its own schedule: warm-up from 0, and linearly back to 0."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, x, labels):
            return {"loss": (self.net(x) - labels).square().mean()}

    class Stop(transformers.TrainerCallback):
        def on_epoch_end(self, args, state, control, **rest):
            control.should_training_stop = state.epoch >= EPOCHS // 2

    def fit(callbacks, resume):
        model = Model()
        arguments = transformers.TrainingArguments(
            folder, num_train_epochs=EPOCHS, per_device_train_batch_size=8, use_cpu=True, report_to=[], warmup_steps=3,
            save_strategy="epoch", disable_tqdm=True,
        )  # fmt: skip
        rows = [{"x": x, "labels": y} for x, y in data()]
        optimizers = make(model.parameters()), None
        trainer = transformers.Trainer(model, arguments, train_dataset=rows, optimizers=optimizers, callbacks=callbacks)
        trainer.train(resume_from_checkpoint=resume)
        return weights(model)

    if stop:
        fit([Stop()], False)
    return fit([], stop)


def with_timm(make, folder, stop):
    """A small vision transformer: rates that fall from layer to layer, and the decay of AdamW for matrices only."""
    decay = make(network().parameters()).defaults.get("weight_decay", 0.0)

    def begin():
        torch.manual_seed(0)
        net = timm.create_model("test_vit", num_classes=3).double()  # the keys' biases have gradients of rounding
        groups = timm.optim.param_groups_layer_decay(net, weight_decay=decay, layer_decay=0.5)
        optimizer = make(groups)
        return net, optimizer, timm.scheduler.CosineLRScheduler(optimizer, t_initial=6, warmup_t=2, warmup_lr_init=0.0)

    parts = begin()
    generator = torch.Generator().manual_seed(2)
    for k in range(4):
        if stop and k == 2:
            torch.save([part.state_dict() for part in parts], f"{folder}/timm.pt")
            parts = begin()
            for part, state in zip(parts, torch.load(f"{folder}/timm.pt"), strict=True):
                part.load_state_dict(state)
        net, optimizer, scheduler = parts
        optimizer.zero_grad()
        net(torch.randn(2, 3, 160, 160, generator=generator, dtype=torch.float64)).square().mean().backward()
        optimizer.step()
        scheduler.step(k + 1)
    assert len({group["lr"] for group in optimizer.param_groups}) > 2
    return weights(net)


def with_ignite(make, folder, stop):
    def begin():
        net = network()
        optimizer = make(net.parameters())
        engine = ignite.engine.create_supervised_trainer(net, optimizer, nn.MSELoss())
        rate = ignite.handlers.CosineAnnealingScheduler(optimizer, "lr", 0.05, 0.0, 16)
        engine.add_event_handler(ignite.engine.Events.ITERATION_STARTED, rate)
        return {"net": net, "optimizer": optimizer, "engine": engine, "rate": rate}

    parts = begin()
    if stop:
        saver = ignite.handlers.Checkpoint(parts, ignite.handlers.DiskSaver(folder, require_empty=False))
        parts["engine"].add_event_handler(ignite.engine.Events.EPOCH_COMPLETED(once=EPOCHS // 2), saver)
        parts["engine"].run(batches(), max_epochs=EPOCHS // 2)
        parts = begin()
        ignite.handlers.Checkpoint.load_objects(parts, torch.load(saver.last_checkpoint))
    parts["engine"].run(batches(), max_epochs=EPOCHS)
    return weights(parts["net"])


def with_skorch(make, folder, stop):
    """It always passes lr=, and more as optimizer__beta=; groups by the names of their parameters."""

    def begin():
        net = skorch.NeuralNetRegressor(
            network(), optimizer=make, lr=0.02, batch_size=8, train_split=None, verbose=0, max_epochs=EPOCHS // 2,
            optimizer__param_groups=[("2.*", {"lr": 0.1})],
            callbacks=[skorch.callbacks.LRScheduler(lr_scheduler.StepLR, step_size=1, gamma=0.9)],
        )  # fmt: skip
        return net.initialize()

    x, y = (each.numpy() for each in data().tensors)
    net = begin()
    files = {f"f_{name}": f"{folder}/{name}" for name in ("params", "optimizer", "history")}
    net.partial_fit(x, y)
    if stop:
        net.save_params(**files)
        net = begin()
        net.load_params(**files)
    net.partial_fit(x, y)
    assert [group["lr"] for group in net.optimizer_.param_groups][0] < 0.1
    return weights(net.module_)


CLIENTS = {each.__name__.removeprefix("with_"): each for each in (
    with_lightning, with_accelerate, with_trainer, with_timm, with_ignite, with_skorch
)}  # fmt: skip


def folder_of(path, name):
    folder = path / str(name)
    folder.mkdir()
    return str(folder)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_ends_where_it_does_with_torchs_optimizer(client, name, tmp_path):
    makes = {"ours": ours(name), "torch's": PEERS[name]}
    one, other = (CLIENTS[client](make, folder_of(tmp_path, who), False) for who, make in makes.items())
    print(f"{client} {name}: largest difference {(one - other).abs().max():.1e} of {other.abs().max():.1f}")
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["Momentum", "AdamW", "AggMo"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_goes_on_after_its_own_checkpoint(client, name, tmp_path):
    ends = [CLIENTS[client](ours(name), folder_of(tmp_path, stop), stop) for stop in (False, True)]
    torch.testing.assert_close(*ends, rtol=1e-6, atol=1e-7)
