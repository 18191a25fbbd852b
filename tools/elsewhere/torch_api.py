"""One walk for every library whose optimizers are those of torch: a list of weights, `step`, `param_groups`."""

import torch

from .common import signature


def walk(run, dtype, x0, gradients, factors):
    """`extra`: "closure" for rules that ask for the loss themselves; "sparse" for gradients without their zeros;
    "evaluate" for rules whose weights of training are not those that one is meant to use; "wrap" for a rule around it.
    """
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.tensor(x0, dtype=getattr(torch, dtype)))
    optimizer = built(run, weight)
    training = getattr(optimizer, "train", lambda: None)
    training()
    for gradient, factor in zip(gradients, factors, strict=True):
        gradient = torch.tensor(gradient, dtype=weight.dtype)
        if factor != 1:
            for group in optimizer.param_groups:
                if isinstance(group["lr"], torch.Tensor):
                    group["lr"].fill_(run.lr * factor)
                else:
                    group["lr"] = run.lr * factor
        if "closure" in run.extra:

            def closure(gradient=gradient):
                optimizer.zero_grad()
                loss = (weight * gradient).sum()
                loss.backward()
                return loss

            optimizer.step(closure)
        else:
            weight.grad = gradient.to_sparse() if "sparse" in run.extra else gradient
            optimizer.step()
        if "evaluate" in run.extra:
            optimizer.eval()
            yield weight.detach().tolist()
            optimizer.train()
        else:
            yield weight.detach().tolist()


def built(run, weight):
    group = run.extra.get("group")  # settings that a library wants beside the weights and not as arguments
    optimizer = run.make([weight] if group is None else [{"params": [weight], **group}], **run.settings)
    return run.extra["wrap"](optimizer) if "wrap" in run.extra else optimizer


def defaults(run):
    """Those of an optimizer made without settings, or of the signature where one is required."""
    try:
        optimizer = run.make([torch.nn.Parameter(torch.zeros(2, 2))])
        return {name: value for name, value in optimizer.defaults.items() if name != "params"}
    except Exception:
        return signature(run.make)
