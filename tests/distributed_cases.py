"""Trainings in two processes, which `test_torch_distributed` starts: what each does, and what it hands back."""

import functools
import os
import pickle
import warnings

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint import state_dict as sharded
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

import optlib as ol
from optlib.torch_driver import TorchOptimizer

WORLD = 2
PEERS = {
    "Momentum": functools.partial(torch.optim.SGD, lr=0.05, momentum=0.9),
    "Adam": functools.partial(torch.optim.Adam, lr=0.05),
    "AdamW": functools.partial(torch.optim.AdamW, lr=0.05, weight_decay=0.1),
}
SAVED = "AdamW", "AggMo", "Nadam", "ScheduleFree"  # with a list of tensors and with numbers in their state
HYPERS = {"AdamW": {"weight_decay": 0.1}}


class Normed(ol.optimizers.Optimizer):
    """Sees a tensor: steps have the length lr."""

    sees = "tensor"
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def update(self, x, g):
        return x - self.lr * g / self.inner(g, g) ** 0.5


def ours(name):
    rule = Normed if name == "Normed" else ol.OPTIMIZERS[name]
    return functools.partial(TorchOptimizer, rule=rule(lr=0.05, **HYPERS.get(name, {})))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def batch(k):
    """Inputs and targets of step k: for each process a half."""
    generator = torch.Generator().manual_seed(k)
    return (torch.randn(8, d, generator=generator, dtype=torch.float64) for d in (4, 3))


def train(net, optimizer, first, last, rank=None):
    """Steps on the half of each batch that is this process's, or on all of it."""
    for k in range(first, last):
        x, y = batch(k) if rank is None else (each.chunk(WORLD)[rank] for each in batch(k))
        optimizer.zero_grad()
        (net(x) - y).square().mean().backward()
        optimizer.step()


def weights(net):
    full = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in net.parameters()]
    return torch.cat([p.detach().reshape(-1) for p in full])


def alone(make, steps=8):
    net = network()
    train(net, make(net.parameters()), 0, steps)
    return weights(net)


def ddp(rank, folder, make):
    net = DistributedDataParallel(network())
    train(net, make(net.parameters()), 0, 8, rank)
    return weights(net)


def zero(rank, folder, make):
    """Each process keeps half of the states; in the middle they are brought together, saved and loaded."""
    from torch.distributed.optim import ZeroRedundancyOptimizer  # warns: here, where warnings are no errors

    net = DistributedDataParallel(network())
    optimizer = ZeroRedundancyOptimizer(net.parameters(), make)
    train(net, optimizer, 0, 4, rank)
    optimizer.consolidate_state_dict(0)
    saved = [optimizer.state_dict()] if rank == 0 else [None]
    dist.broadcast_object_list(saved, 0)
    again = ZeroRedundancyOptimizer(net.parameters(), make)
    again.load_state_dict(saved[0])
    train(net, again, 4, 8, rank)
    return weights(net)


def sharded_network():
    net = network()
    for layer in (net[0], net[2], net):
        fully_shard(layer, mesh=init_device_mesh("cpu", (WORLD,)))
    return net


def fsdp(rank, folder, make):
    net = sharded_network()
    train(net, make(net.parameters()), 0, 8, rank)
    return weights(net)


def fsdp_saved(rank, folder, make, full):
    """As `fsdp`, but in the middle all is saved and loaded into a new network and a new optimizer."""
    net = sharded_network()
    optimizer = make(net.parameters())
    train(net, optimizer, 0, 4, rank)
    options = sharded.StateDictOptions(full_state_dict=full, broadcast_from_rank0=full)
    own = dict(zip(("model", "optimizer"), sharded.get_state_dict(net, optimizer, options=options), strict=True))
    if full:
        saved = [pickle.loads(pickle.dumps(own))]
        dist.broadcast_object_list(saved, 0)
    else:
        dcp.save(own, checkpoint_id=folder)
    net = sharded_network()
    optimizer = make(net.parameters())
    state = saved[0] if full else dict(zip(own, sharded.get_state_dict(net, optimizer), strict=True))
    if not full:
        dcp.load(state, checkpoint_id=folder)
    sharded.set_state_dict(
        net, optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"], options=options
    )
    train(net, optimizer, 4, 8, rank)
    return weights(net)


def gathered(rank, folder, make):
    """The state of a sharded training as one process saves it; it goes on alone."""
    net = sharded_network()
    optimizer = make(net.parameters())
    train(net, optimizer, 0, 4, rank)
    options = sharded.StateDictOptions(full_state_dict=True)
    model, state = sharded.get_state_dict(net, optimizer, options=options)
    if rank > 0:
        return "elsewhere"
    net = network()
    optimizer = make(net.parameters())
    sharded.set_state_dict(net, optimizer, model_state_dict=model, optim_state_dict=state, options=options)
    train(net, optimizer, 4, 8)
    return weights(net)


def refused(rank, folder):
    net, words = sharded_network(), []
    for rule in (ol.YellowFin(), ol.Shampoo(), ol.EMA(ol.SOAP())):
        try:
            TorchOptimizer(net.parameters(), rule)
        except ValueError as error:
            words.append(str(error))
    return words


def results(rank, folder):
    """name of a case -> what came out; an exception as its text."""
    cases = {"refused": refused}
    for name, peer in PEERS.items():
        for who, make in (("ours", ours(name)), ("torch", peer)):
            for case in (ddp, zero, fsdp):
                cases[f"{case.__name__} {name} {who}"] = functools.partial(case, make=make)
    for name in ("Normed", "Muon"):
        cases[f"fsdp {name} ours"] = functools.partial(fsdp, make=ours(name))
    for name in SAVED:
        make = ours(name)
        cases[f"fsdp {name} ours"] = functools.partial(fsdp, make=make)
        cases[f"gathered {name}"] = functools.partial(gathered, make=make)
        for full in (False, True):
            cases[f"saved {name} {full}"] = functools.partial(fsdp_saved, make=make, full=full)
    return {name: case(rank, f"{folder}/{name}") for name, case in cases.items()}


def work(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=WORLD)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        found = results(rank, folder)
    torch.save(found, f"{folder}/results-{rank}.pt")
    dist.barrier()
    os._exit(0)  # at a regular end a thread of torch's aborts the process now and then
