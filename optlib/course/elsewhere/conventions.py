"""From the words of a row of names.json to a rule.

A row says which rule an optimizer is and with what conventions, such as ``Adam place=before decay=decoupled``.  A word
is a hyper-parameter of that rule, or one of `CONVENTIONS`, which gives the rule with that convention.
"""

import functools
import inspect

import numpy as np

from ... import checks, schedules
from ... import optimizers as of
from ...optimizers.base import Optimizer
from . import around, others, variants
from .corrections import AfterCorrection, BeforeCorrection, Corrected, LateCorrection, Rectified, Summed, Uncorrected

RULES = of.OPTIMIZERS | {
    name: cls for module in (variants, others) for name, cls in vars(module).items()
    if isinstance(cls, type) and issubclass(cls, Optimizer) and cls.__module__ == module.__name__ and cls.hypers
}  # fmt: skip
ALIASES = {"momentum": "beta", "beta2": "rho"}  # words that some rules have by another name


def build(name, **words):
    """The rule of a name with conventions.  None, 0 and False are no convention; an unknown word is a TypeError."""
    cls = RULES[name]
    words = {ALIASES[word] if word not in cls.hypers and ALIASES.get(word) in cls.hypers else word: value
             for word, value in words.items() if value is not None}  # fmt: skip
    hypers = cls.hypers.keys() - {"weight_decay"}
    active = [word for word, value in words.items() if callable(value) or np.any(value)]
    unknown = next((word for word in active if word not in words_of(name)), None)
    if unknown:
        raise TypeError(f"{name} has no {unknown}")
    if cls is of.Momentum and "beta" not in active:
        cls, active = of.GradientDescent, {*active} - {"nesterov", "dampening"}
    settings = {"weight_decay": 0.0} | {word: value for word, value in words.items() if word in hypers}
    rule = cls(**{word: value for word, value in settings.items() if word in cls.hypers})
    for word, convention in CONVENTIONS.items():
        if word in active and word not in hypers:
            options = {option: words[option] for option in MORE[word] if option in words}
            rule = convention(rule, words[word], **options)
    return rule


@functools.cache
def words_of(name):
    """All words that may be said of a rule."""
    words = {*RULES[name].hypers, *CONVENTIONS, *(word for more in MORE.values() for word in more)}
    return words | {word for word, alias in ALIASES.items() if alias in words}


def times(rule, **factors):
    """The rule with hyper-parameters that are multiplied by numbers or schedules."""
    for name, factor in factors.items():
        rule.set(name, rule.given(name) * factor)
    return rule


def times_rate(rule, factor, inverse):
    """The rule with its learning rate multiplied, but not that of a decoupled weight decay."""
    return times(rule, lr=factor, **({"weight_decay": inverse} if "weight_decay" in rule.hypers else {}))


def instead(rule, **classes):
    """The rule as another class, given by the name of its own."""
    if type(rule).__name__ not in classes:
        raise TypeError(f"{type(rule).__name__} is not known with that convention; known: {', '.join(classes)}")
    return classes[type(rule).__name__](**rule.settings())


def look_ahead(rule, how):
    """Nesterov's momentum for Adam; "corrected" is that of Nadam where it does not grow."""
    if how == "corrected":
        rule = instead(rule, Adam=of.Nadam)
        rule.set("psi", 1e6)
        return rule
    return instead(rule, Adam=variants.LookAheadAdam)


def place_of_epsilon(rule, place):
    """Beside the root, before or after its correction; "inside" of the root, or its "floor"."""
    if place in ("before", "after"):
        return times(rule, eps=(BeforeCorrection if place == "before" else AfterCorrection)(beta2=rule.beta2))
    eps = rule.given("eps")
    rule.set("eps", 0.0)
    return around.Root(rule, **{f"eps_{place}": eps})


def one_epsilon(rule, eps):
    if eps != rule.eps:
        raise TypeError(f"{type(rule).__name__} has one epsilon, not both {eps:g} and {rule.eps:g}")
    return rule


def decayed(rule, weight_decay, decay=None):
    """``decay`` is l2, decoupled, own, relative (to the first rate) or sinking; a row without it takes 0."""
    if decay is None:
        raise TypeError(f"weight_decay={weight_decay!r} must be 0: no path with one was recorded")
    if decay == "l2":
        return around.L2(rule, l2=weight_decay)
    if decay == "sinking":
        return around.Sinking(rule, amount=weight_decay)
    weight_decay = weight_decay / rule.lr if decay == "relative" else weight_decay
    if type(rule) is of.Adam:
        return of.AdamW(**rule.settings(), weight_decay=weight_decay)
    if decay == "decoupled" or isinstance(rule, around.Around):
        return of.WeightDecay(rule, weight_decay=weight_decay)
    rule.set("weight_decay", weight_decay)
    return rule


def capped(rule, most):
    """The step of Adam is measured before its correction."""
    betas = {"measure1": rule.beta1, "measure2": rule.beta2} if isinstance(rule, of.Adam) else {}
    return around.Capped(rule, most=most, **betas)


def averaged(rule, share):
    """An average in place of a sum, with momentum's share (True) or another."""
    if "beta" not in rule.hypers:
        return rule
    kept = rule.beta if share is True else share
    return times_rate(rule, 1 - kept, 1 / (1 - kept))


def uncorrected(rule, which):
    """Of both averages, or of that of squares alone, "v"."""
    beta1 = 0.0 if which == "v" else rule.beta1
    beta2 = 0.0 if isinstance(rule, of.AdaMax) else rule.beta2
    if np.any(beta2):
        times(rule, eps=BeforeCorrection(beta2))
    return times_rate(rule, Uncorrected(beta1, beta2), Corrected(beta1, beta2))


def scheduled(rule, schedule, climb=0, steps=None):
    """``climb`` is ignored by "constant"; ``steps`` are all of the training, those of the climb too."""
    if schedule == "constant" or schedule == "constant_with_warmup" and not climb:
        return rule
    who, factor = f"lr_scheduler_type={schedule!r}", schedules.Constant(1.0)
    climb = checks.integer(who, "warmup_steps", climb)
    if fall := {"linear": schedules.LinearToZero, "cosine": schedules.Cosine}.get(schedule):
        if steps is None:
            raise KeyError("max_steps")
        factor = fall(1.0, steps=max(checks.integer(who, "max_steps", steps, least=1) - climb, 1))
    return times(rule, lr=schedules.Polynomial(0.0, climb, end=1.0).then(factor, after=climb) if climb else factor)


def with_slow_weights(rule, k, slow=0.5, first=0):
    if first:
        return around.LateLookahead(rule, k=k, alpha=slow, first=first)
    return of.Lookahead(rule, k=k, alpha=slow)


CONVENTIONS = {  # word -> function of a rule, the value of the word, and perhaps other words; from the inside out
    # another rule of the family
    "amsgrad": lambda rule, on, maximum="": instead(
        rule, AdaBelief=variants.LargestAdaBelief, Adam=variants.CorrectedAMSGrad if maximum else of.AMSGrad),
    "nesterov": lambda rule, on: instead(rule, Momentum=of.Nesterov),
    "ahead": look_ahead,
    "rectify": lambda rule, on: instead(rule, AdaBelief=variants.RectifiedAdaBelief),
    "silent": lambda rule, on: instead(rule, RAdam=variants.SilentRAdam),
    "sparse": lambda rule, on: instead(rule, Adam=variants.SparseAdam),
    # where epsilon stands and squares start; of Muon's sum only epsilon tells
    "sum": lambda rule, on: times(rule, eps=1 - rule.beta) if isinstance(rule, of.Muon)
    else times(rule, lr=Summed(rule.beta1)),
    "place": place_of_epsilon,
    "eps_inside": lambda rule, eps: around.Root(rule, eps_inside=eps),
    "eps_hidden": lambda rule, eps: around.Root(rule, eps_hidden=eps),
    "eps_sum": one_epsilon,
    "start": lambda rule, start: around.Start(rule, start=start),
    # what is remembered
    "momentum": lambda rule, momentum, inside=False, looks_ahead=False: around.StepMomentum(
        rule, momentum=momentum, inside=inside, nesterov=looks_ahead),
    "mean": lambda rule, beta, mean_inside=False: around.StepMean(rule, beta=beta, inside=mean_inside),
    "step_average": lambda rule, share: around.StepMomentum(times(rule, lr=1 - share), momentum=share),
    "moving": lambda rule, on: instead(rule, Momentum=of.Momentum, Nesterov=of.Nesterov),  # else the library raises
    "dampening": lambda rule, share: around.Dampened(instead(rule, Momentum=of.Momentum), dampening=share),
    "inside": lambda rule, on: around.RateInside(rule) if isinstance(rule, of.Momentum | of.Nesterov) else rule,
    # the step, and weight decay
    "gradient_sign": lambda rule, on: around.GradientSign(rule),
    "sign_of_zero": lambda rule, on: around.SignOfZero(rule),
    "cautious": lambda rule, how: of.Cautious(rule) if how == "paper" else around.MeanCautious(rule),
    "cap": capped,
    "weight_decay": decayed,
    # the learning rate
    "average": averaged,
    "uncorrected": uncorrected,
    "late": lambda rule, on: times_rate(rule, LateCorrection(rule.beta1), Uncorrected(rule.beta1)),
    "corrected": lambda rule, on: times(rule, lr=Corrected(getattr(rule, "beta1", 0.0), rule.beta2)),
    "rectified": lambda rule, on: times(rule, lr=Rectified(rule.beta2)),
    # the rate has no part in Prodigy's estimate: the same where it is 1
    "guarded": lambda rule, on: rule if np.all(rule.given("lr") == 1) else instead(rule, **{"a rate of 1": None}),
    "fall": lambda rule, rate: times(rule, lr=schedules.InverseTime(1.0, rate=rate)),
    "warmup": lambda rule, steps: times(rule, lr=schedules.WarmUp(steps)),
    "schedule": scheduled,
    # around all
    "free": lambda rule, how, free_beta=0.9: {
        "present": around.PresentRateFree, "forgetful": around.ForgetfulFree, True: of.ScheduleFree,
    }[how](rule, beta=free_beta),
    "clip": lambda rule, most, margin=0.0: around.MarginClip(rule, max_norm=most, margin=margin) if margin
    else of.ClipNorm(rule, max_norm=most),
    "clip_each": lambda rule, most: around.ClipEach(rule, max_norm=most),
    "cut": lambda rule, most: of.ClipValue(rule, max_value=most),
    "uphill": lambda rule, on: around.Uphill(rule),
    "k": with_slow_weights,
    "n_mean": lambda rule, n: around.Accumulate(rule, n=n),
}  # fmt: skip
MORE = {word: list(inspect.signature(convention).parameters)[2:] for word, convention in CONVENTIONS.items()}
