"""Families of rules: each makes, from the numbers and conventions of a library's optimizer, the plainest rule of ours.

A convention is a word or a switch; `AXES` lists, family by family, those that the matcher tries.
"""

from ... import optimizers as of
from ...schedules import WarmUp
from . import around, layers, others
from . import conventions as any_

# What a rule with conventions is where only these of its settings are not at their defaults.
PLAIN = {
    any_.AnyMomentum: [
        (of.GradientDescent, {"lr"}, {"beta": 0.0}), (of.Momentum, {"lr", "beta"}, {}),
        (of.Nesterov, {"lr", "beta"}, {"nesterov": True}),
    ],
    any_.AnyAdam: [
        (of.Adam, {"lr", "beta1", "beta2", "eps"}, {}),
        (of.AMSGrad, {"lr", "beta1", "beta2", "eps"}, {"largest": True}),
        (of.Nadam, {"lr", "beta1", "beta2", "eps", "psi"}, {}),
    ],
    any_.AnyRMSProp: [(of.RMSProp, {"lr", "beta2", "eps", "centered"}, {})],
    any_.AnyAdaGrad: [(of.AdaGrad, {"lr", "eps"}, {})],
    any_.AnyAdaMax: [(of.AdaMax, {"lr", "beta1", "beta2", "eps"}, {})],
    any_.AnyLaProp: [(of.LaProp, {"lr", "beta1", "beta2", "eps"}, {})],
    any_.AnyADOPT: [(of.ADOPT, {"lr", "beta1", "beta2", "eps"}, {})],
    any_.AnyAdEMAMix: [(of.AdEMAMix, {"lr", "beta1", "beta2", "beta3", "alpha", "eps"}, {})],
}  # fmt: skip


def plainest(cls, **settings):
    """A rule of class ``cls``, or the registered rule that it is with these settings."""
    hypers = cls.hypers
    given = {name: value for name, value in settings.items() if value is not None and (name in hypers or value)}
    unknown = given.keys() - hypers.keys()
    if unknown:
        raise TypeError(f"{cls.__name__} has no {sorted(unknown)[0]}")
    differ = {name: value for name, value in given.items() if value != hypers[name].default or name == "lr"}
    for plain, names, fixed in PLAIN.get(cls, ()):
        rest = {name: value for name, value in differ.items() if name not in fixed}
        if rest.keys() <= names and all(
            given.get(name, hypers[name].default) == value for name, value in fixed.items()
        ):
            return plain(**{name: given.get(name, hypers[name].default) for name in names - fixed.keys()
                            if name in plain.hypers})  # fmt: skip
    return cls(**differ)


def decayed(rule, weight_decay=0.0, decay="decoupled"):
    """A rule with weight decay: "l2" in the gradient, "decoupled" before the step, others as `AnyDecay`."""
    if not weight_decay or decay == "none":
        return rule
    if decay == "l2":
        return around.L2(rule, l2=weight_decay)
    if decay == "sinking":
        return around.Sinking(rule, amount=weight_decay)
    if decay in ("after", "divided", "relative"):
        return around.AnyDecay(rule, weight_decay=weight_decay, **{decay: True})
    if type(rule) is of.Adam and decay != "y" or type(rule) is of.Adam:
        return of.AdamW(**rule.settings(), weight_decay=weight_decay)
    if type(rule) is of.Lion:
        return of.Lion(**{**rule.settings(), "weight_decay": weight_decay})
    return of.WeightDecay(rule, weight_decay=weight_decay)


def momentum(
    lr, momentum=0.0, weight_decay=0.0, decay="l2", nesterov=False, dampening=0.0, average=False, **conventions
):
    """SGD with momentum; ``average`` takes the share 1 - momentum of each gradient."""
    if not momentum:
        conventions = {}
        nesterov, dampening = False, 0.0
    if not dampening and not average:
        conventions.pop("first_whole", None)
    rule = plainest(any_.AnyMomentum, lr=lr, beta=momentum, nesterov=nesterov,
                    dampening=momentum if average else dampening, **conventions)  # fmt: skip
    return decayed(rule, weight_decay, decay)


def adam(
    lr,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    decay="l2",
    place="eps",
    amsgrad=False,
    maximum="largest",
    raw_m=False,
    cls=any_.AnyAdam,
    **conventions,
):
    """Adam and its kin: ``place`` names epsilon's place, ``maximum`` what amsgrad takes it of."""
    if amsgrad:
        conventions[maximum] = True
    rule = plainest(cls, lr=lr, beta1=beta1, beta2=beta2, raw_m=raw_m, **{**conventions, place: eps})
    return decayed(rule, weight_decay, decay)


def rmsprop(lr, beta2=0.99, eps=1e-8, momentum=0.0, weight_decay=0.0, decay="l2", place="eps", **conventions):
    """RMSProp with momentum of the steps."""
    if not momentum:
        conventions = {name: value for name, value in conventions.items() if name not in ("inside", "nesterov")}
    rule = plainest(any_.AnyRMSProp, lr=lr, beta2=beta2, momentum=momentum, **{place: eps}, **conventions)
    return decayed(rule, weight_decay, decay)


def adagrad(lr, eps=0.0, start=0.0, weight_decay=0.0, decay="l2", place="eps", **conventions):
    rule = plainest(any_.AnyAdaGrad, lr=lr, start=start, **{place: eps}, **conventions)
    return decayed(rule, weight_decay, decay)


def adadelta(lr=1.0, beta2=0.9, eps=1e-6, weight_decay=0.0, decay="l2", uphill=False):
    rule = of.AdaDelta(lr=lr, rho=beta2, eps=eps)
    return decayed(around.Uphill(rule) if uphill else rule, weight_decay, decay)


def adamax(**given):
    return adam(**given, cls=any_.AnyAdaMax)


def radam(**given):
    """RAdam, whose epsilon is ours where it is added before the correction."""
    given = {"place": "eps_before", **given}
    if given["place"] == "eps_before" and not {"silent", "belief", "eps_hidden"} & {k for k, v in given.items() if v}:
        names = {"lr", "beta1", "beta2", "eps", "threshold"}
        rule = of.RAdam(**{name: value for name, value in given.items() if name in names})
        return decayed(rule, given.get("weight_decay", 0.0), given.get("decay", "l2"))
    return adam(**given, cls=any_.AnyRAdam)


def adabelief(eps_root=None, amsgrad=False, rectify=False, **given):
    """AdaBelief: its epsilon is added to the average of the deviations too."""
    eps = given.get("eps", 1e-16)
    if rectify:
        return radam(**given, belief=True, place="eps")
    sums = eps if eps_root is None else eps_root
    if sums == eps and not amsgrad and given.get("place", "eps") == "eps":
        names = {"lr", "beta1", "beta2", "eps"}
        rule = of.AdaBelief(**{name: value for name, value in given.items() if name in names})
        return decayed(rule, given.get("weight_decay", 0.0), given.get("decay", "l2"))
    return adam(**given, amsgrad=amsgrad, eps_sum=sums, cls=any_.AnyAdaBelief)


def laprop(**given):
    return adam(**given, cls=any_.AnyLaProp)


def adopt(**given):
    return adam(**given, cls=any_.AnyADOPT)


def qhadam(nu1=1.0, nu2=1.0, weight_decay=0.0, decay="l2", **given):
    return decayed(of.QHAdam(nu1=nu1, nu2=nu2, **given), weight_decay, decay)


def qhm(lr, momentum=0.0, nu=1.0, weight_decay=0.0, decay="l2"):
    return decayed(of.QHM(lr=lr, beta=momentum, nu=nu), weight_decay, decay)


def aggmo(lr, betas=(0.0, 0.9, 0.99), weight_decay=0.0, decay="l2"):
    return decayed(of.AggMo(lr=lr, betas=betas), weight_decay, decay)


def lion(lr, beta1=0.9, beta2=0.99, weight_decay=0.0, decay="decoupled"):
    return decayed(of.Lion(lr=lr, beta1=beta1, beta2=beta2), weight_decay, decay)


def restless_lion(weight_decay=0.0, **given):
    return decayed(others.RestlessLion(**given), weight_decay)


def ademamix(**given):
    return adam(**given, cls=any_.AnyAdEMAMix)


def adan(
    lr,
    beta1=0.98,
    beta2=0.92,
    beta3=0.99,
    eps=1e-8,
    weight_decay=0.0,
    decay="divided",
    place="eps",
    share=None,
    **conventions,
):
    if share is None and place == "eps" and decay in ("divided", "none"):
        return of.Adan(lr=lr, beta1=beta1, beta2=beta2, beta3=beta3, eps=eps, weight_decay=weight_decay)
    rule = any_.AnyAdan(lr=lr, beta1=beta1, beta2=beta2, beta3=beta3, **{place: eps}, **conventions,
                        change=beta2 if share is None else 1 - beta2)  # fmt: skip
    return decayed(rule, weight_decay, decay)


def asgd(lr, lambd=1e-4, alpha=0.75, weight_decay=0.0, late=True):
    rule = (others.LateASGD if late else of.ASGD)(lr=lr, lambd=lambd, alpha=alpha)
    return decayed(rule, weight_decay, "l2")


def free(rule, beta, warmup=0, now=False, after=False):
    """ScheduleFree around a rule, with a warm-up of the rate in ``warmup`` steps."""
    rule = (around.FreeNow if now else around.FreeAfterZ if after else of.ScheduleFree)(rule, beta=beta)
    if warmup:
        rule.set("lr", WarmUp(warmup) * rule.given("lr"))
    return rule


def schedule_free_sgd(lr, momentum=0.9, weight_decay=0.0, warmup=0):
    return free(decayed(of.GradientDescent(lr=lr), weight_decay, "l2"), momentum, warmup=warmup)


def schedule_free_adam(
    lr,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    warmup=0,
    now=False,
    paper=False,
    rectified=False,
    after=False,
    **conventions,
):
    if paper:
        rule = any_.AnyAdam(lr=lr, beta1=0.0, beta2=beta2, eps=eps, raw_v=True)
    else:
        rule = adam(lr=lr, beta1=0.0, beta2=beta2, eps=eps, **conventions)
    rule = free(decayed(rule, weight_decay, "inside" if paper else "y"), beta1, warmup, now, after)
    if paper:
        rule.set("lr", around.Corrected(lr, 0.0, beta2))
    if rectified:
        rule.set("lr", around.Rectified(lr, beta2))
    return rule


def prodigy(
    lr=1.0, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, d0=1e-6, d_coef=1.0, decay="decoupled", correct=False
):
    """Prodigy; correction of its averages is that of its rate."""
    rule = of.Prodigy(lr=lr, beta1=beta1, beta2=beta2, eps=eps, d0=d0, d_coef=d_coef,
                      weight_decay=weight_decay if decay == "decoupled" else 0.0)  # fmt: skip
    if correct:
        rule.set("lr", around.Corrected(lr, beta1, beta2))
    return decayed(rule, weight_decay, "none" if decay == "decoupled" else decay)


def dadapt(lr=1.0, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, d0=1e-6, correct=False):
    rule = of.DAdaptAdam(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay, d0=d0)
    if correct:
        rule.set("lr", around.Corrected(lr, beta1, beta2))
    return rule


def mars(
    lr, beta1=0.95, beta2=0.99, gamma=0.025, eps=1e-8, weight_decay=0.0, first_zero=False, place="eps", **conventions
):
    if not first_zero:
        return of.MARS(lr=lr, beta1=beta1, beta2=beta2, gamma=gamma, eps=eps, weight_decay=weight_decay)
    rule = layers.AnyMARS(lr=lr, beta1=beta1, beta2=beta2, gamma=gamma, **{place: eps}, **conventions)
    return decayed(rule, weight_decay)


def shampoo(lr, eps=1e-6):
    return of.Shampoo(lr=lr, eps=eps)


def soap(**given):
    return of.SOAP(**given)


def capped_adam(lr, beta1=0.9, beta2=0.999, eps=1e-8, most=1.0, weight_decay=0.0):
    rule = around.Capped(adam(lr=lr, beta1=beta1, beta2=beta2, eps=eps), most=most, measure=beta1, measure2=beta2)
    return decayed(rule, weight_decay)


def capped_momentum(lr, momentum=0.9, most=0.02, weight_decay=0.0, nesterov=False):
    return around.Capped(momentum_of(lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov), most=most)


def one_square(**given):
    return adam(**given, cls=others.OneSquare)


def growth(**given):
    return others.RateByGrowth(**given)


def adamini(**given):
    return of.AdamMini(**given)


def stable(**given):
    return others.StableAdamW(**given)


def sparse_adam(**given):
    return adam(**given, cls=others.SparseAdam)


def fastai_rmsprop(lr, momentum=0.0, **given):
    """RMSProp of a momentum of gradients, which is a sum: Adam's average without a correction, its rate longer."""
    if not momentum:
        return rmsprop(lr=lr, **given)
    return adam(lr=lr / (1 - momentum), beta1=momentum, raw_m=True, raw_v=True, **given)


def rprop(lr, shorter=0.5, longer=1.2, least=1e-6, most=50.0, late=False):
    return others.Rprop(lr=lr, shorter=shorter, longer=longer, least=least, most=most, late=late)


def sign(lr, momentum=0.0, weight_decay=0.0, decay="decoupled"):
    return decayed(others.SignMomentum(lr=lr, beta=momentum), weight_decay, decay)


def lamb(**given):
    """LAMB, whose decay is part of the ratio unless said otherwise."""
    decay, weight_decay = given.pop("decay", "inside"), given.pop("weight_decay", 0.0)
    inside = weight_decay if decay == "inside" else 0.0
    conventions = given.keys() - {"lr", "beta1", "beta2", "eps", "place"}
    if given.get("place", "eps") == "eps" and not conventions:
        given.pop("place", None)
        rule = of.LAMB(**given, weight_decay=inside)
    else:
        rule = adam(**given, cls=layers.AnyLAMB)
        if inside:
            rule.set("weight_decay", inside)
    return decayed(rule, 0.0 if decay == "inside" else weight_decay, decay)


def lars(
    lr, momentum=0.9, weight_decay=0.0, trust_coefficient=1e-3, eps=0.0, decay="inside", average=False, **conventions
):
    inside = weight_decay if decay == "inside" else 0.0
    given = dict(lr=lr, beta=momentum, weight_decay=inside, trust_coefficient=trust_coefficient)
    if average:
        conventions["dampening"] = momentum
    conventions = {name: value for name, value in {**conventions, "eps": eps}.items() if value}
    rule = layers.AnyLARS(**given, **conventions) if conventions else of.LARS(**given)
    return decayed(rule, 0.0 if decay == "inside" else weight_decay, decay)


def adafactor(lr, weight_decay=0.0, decay="inside", **given):
    inside = weight_decay if decay == "inside" else 0.0
    given = {name: value for name, value in given.items() if value}
    if not inside and given.keys() <= {"c", "d", "eps1", "eps2"}:
        return decayed(of.Adafactor(lr=lr, **given), weight_decay, decay)
    rule = layers.AnyAdafactor(lr=lr, weight_decay=inside, **given)
    return decayed(rule, 0.0 if decay == "inside" else weight_decay, decay)


def muon(
    lr, momentum=0.95, weight_decay=0.0, eps=1e-7, ns_steps=5, decay="decoupled", rms=None, place="eps", **conventions
):
    """Muon; ``rms`` is the factor of the root of the longer side, None takes that of the course."""
    if rms is not None:
        conventions |= {"factor": rms}
    conventions = {name: value for name, value in conventions.items() if value != layers.AnyMuon.hypers[name].default}
    given = dict(lr=lr, beta=momentum, ns_steps=ns_steps)
    if (
        decay == "decoupled"
        and place == "eps"
        and conventions.keys() <= {"nesterov", "factor"}
        and conventions.get("factor", 0.2) == 0.2
    ):
        match = bool(conventions.pop("factor", 0))
        return of.Muon(**given, eps=eps, match_rms=match, **conventions,
                       weight_decay=weight_decay)  # fmt: skip
    if decay != "decoupled" and place == "eps" and conventions.keys() <= {"nesterov"}:
        return decayed(of.Muon(**given, eps=eps, **conventions), weight_decay, decay)
    rule = layers.AnyMuon(**given, **{"eps": 0.0, place: eps}, **conventions)
    return decayed(rule, weight_decay, decay)


def lookahead(rule, k=5, alpha=0.5):
    return of.Lookahead(rule, k=k, alpha=alpha)


momentum_of = momentum


def _of_adam(cls):
    return lambda **given: adam(**given, cls=cls)


def _of(cls):
    def make(weight_decay=0.0, decay="l2", **given):
        return decayed(cls(**given), weight_decay, decay)

    return make


FAMILIES = {
    name: make for name, make in list(globals().items())
    if getattr(make, "__module__", None) == __name__ and not name.startswith("_")
    and name not in ("plainest", "decayed", "free", "momentum_of")
}  # fmt: skip
FAMILIES |= {
    cls.__name__.lower(): _of_adam(cls) for cls in (others.Yogi, others.AdaBound, others.DiffGrad, others.AdaMod)
}
FAMILIES |= {cls.__name__.lower(): _of(cls) for cls in (
    others.MADGRAD, others.Ftrl, others.SM3, others.SimplifiedAdEMAMix, others.NovoGrad, others.Fromage,
    others.LastMean,
)}  # fmt: skip
