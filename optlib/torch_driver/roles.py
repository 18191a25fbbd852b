"""Which parameters of a model are what: hidden matrices for the rules that see matrices, and the rest."""

import torch

from ..optimizers import AdamW, WeightDecay
from ..optimizers.around import name_outside
from ..schedules.base import Combined


def hidden_matrices(model, rest=None):
    """Split the parameters of a model for a rule that sees matrices, such as Muon, and one for all others.

    >>> hidden, others = hidden_matrices(model)
    >>> TorchOptimizer([{"params": hidden}, {"params": others, "rule": ol.AdamW(lr=1e-3)}], ol.Muon(lr=0.02))

    Hidden matrices are weights of linear layers and kernels of convolutions, and whatever else has two axes or more
    with more than one row and column.  The rest are vectors (biases, gains of norms), embeddings, which are tables of
    rows, and the last layer, whose rows belong to classes or words.

    Parameters
    ----------
    model : torch.nn.Module
    rest : iterable of str, optional
        Names of modules or parameters whose parameters belong to the rest in place of the last layer's:
        ``["head", "pos_embed"]``; Muon's authors would name the first layer, too.  The last layer is the last one whose
        weight has two axes or more, in the order of ``model.modules()``, in which they were assigned; where that is
        another one than the network's last, name it.

    Returns
    -------
    (hidden, others) : two lists of parameters, together ``list(model.parameters())``
        A weight that an embedding or the last layer shares with another layer belongs to the others.

    Raises
    ------
    TypeError, ValueError
        If the model is no module, or has no module or parameter of a name in ``rest``.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"hidden_matrices: model={model!r} must be a torch.nn.Module")
    layers = [layer for layer in model.modules() if any(p.ndim >= 2 for p in layer.parameters(recurse=False))]
    apart = [layer for layer in layers if isinstance(layer, (torch.nn.Embedding, torch.nn.EmbeddingBag))]
    apart = [p for layer in apart for p in layer.parameters(recurse=False)]
    if rest is None:
        apart += [p for layer in layers[-1:] for p in layer.parameters(recurse=False)]
    elif isinstance(rest, str) or not hasattr(rest, "__iter__"):
        raise TypeError(f"hidden_matrices: rest={rest!r} must be a list of names, such as ['head']")
    else:
        apart += [p for name in rest for p in _named(model, name)]
    kept = {id(p) for p in apart}
    hidden = [p for p in model.parameters() if p.ndim >= 2 and p.numel() > len(p) > 1 and id(p) not in kept]
    taken = {id(p) for p in hidden}
    return hidden, [p for p in model.parameters() if id(p) not in taken]


def trained(model):
    """The parameters that an optimizer may change."""
    return [p for p in model.parameters() if p.requires_grad]


def learned_matrices(model):
    """The hidden matrices that are learned: SpeedNet's first layer is not."""
    return [p for p in hidden_matrices(model)[0] if p.requires_grad]


def groups_for(model, rule):
    """What is learned of a model, as groups: beside a rule that sees matrices, AdamW steps all but the hidden ones.

    AdamW's learning rate is to its default as the rule's is to the rule's; around it is what is around the rule.
    ValueError for a model without hidden matrices.
    """
    groups = [{"params": trained(model)}]
    if rule.sees != "matrix":
        return groups
    others, hidden = hand_over(groups, model, _beside(type(rule), rule.settings()))
    if not hidden["params"]:
        name, alone = type(model).__name__, "so AdamW alone would train it"
        raise ValueError(f"{type(rule).__name__} steps hidden matrices, and model={name} learns none, {alone}")
    return [hidden, others]


def hand_over(groups, model, rule):
    """All but the hidden matrices that are learned handed over to another rule: these become the last group."""
    hidden = learned_matrices(model)
    kept = {id(p) for p in hidden}
    others = [group | {"params": [p for p in group["params"] if id(p) not in kept], "rule": rule} for group in groups]
    return [*others, {"params": hidden}]


def _beside(cls, settings, decay=AdamW.hypers["weight_decay"].default):
    """AdamW in the place of a rule of class ``cls`` with these settings, inside of what the rule is inside of."""
    if wrapper := getattr(cls, "wrapper", None):
        own = wrapper.own[0]
        inner = {name: settings[name_outside(name, own)] for name in cls.wrapped.hypers}
        beside = _beside(cls.wrapped, inner, 0.0 if wrapper is WeightDecay else decay)
        return wrapper(beside, **{name: settings[name] for name in own})
    if "lr" not in cls.hypers:
        return AdamW(weight_decay=decay)
    lr, ratio = settings["lr"], AdamW.hypers["lr"].default / cls.hypers["lr"].default
    return AdamW(lr=Combined(lr, ratio, "*") if callable(lr) else lr * ratio, weight_decay=decay)


def _named(model, name):
    modules, parameters = dict(model.named_modules()), dict(model.named_parameters(remove_duplicate=False))
    if name in parameters:
        return [parameters[name]]
    if name not in modules:
        known = ", ".join(filter(None, [*modules, *parameters]))
        unknown = f"rest names {name!r}, but the model has no module or parameter of that name"
        raise ValueError(f"hidden_matrices: {unknown}; it has {known}")
    return [*modules[name].parameters()]
