"""Rules around a rule: each takes another as its first argument and changes what it is given or what it gives.

>>> ol.Lookahead(ol.Adam(lr=0.1), k=5)
>>> ol.EMA(ol.ClipNorm(ol.Momentum(lr=0.1), max_norm=1.0))

Such a rule is of a class that inherits from both, so that ``super().update`` is the step of the rule inside.  There is
one counter ``t``, one set of hyper-parameters and one state, which all that knows rules can read, change and save.
"""

import dis
import functools
import inspect
import re
from typing import ClassVar

from ..arrays import like, maximum, minimum, ones_like, sign, where, zeros_like
from ..registry import hyper, register
from ..words import short, stands_out
from .base import Optimizer, as_rule
from .descent import GradientDescent
from .kinds import is_ours


class Around(Optimizer):
    """Base of rules that take a rule: ``Lookahead(rule, k=5)``.

    Parameters
    ----------
    rule : Optimizer or its class
        It is copied, without its steps; by default gradient descent.
    **hypers
        Hyper-parameters of both.  Where both have one of a name, it is the outer one's, and the inner one's has
        ``rule_`` before it: ``ScheduleFree(ol.Muon(beta=0.95), beta=0.9)`` has beta = 0.9 and rule_beta = 0.95.

    A class of its own says what it ``sees`` by itself and in ``reads`` what it is given beyond what the rule reads; a
    rule made of two sees the more demanding of both.  Its `init` and `update` call those of the rule by ``super()``.

    Class attributes
    ----------------
    needs : tuple of str
        "gradient" or "lr": what the rule inside must read or have; "point": it must start from the point it is given;
        "end": it must be judged where it ends, not at an average of its path.
    path_of_its_own : bool
        Whether a rule, around another or not, goes on from a point that it remembers, not from the one it is given.

    Raises
    ------
    TypeError
        For a rule without what is needed, for the same class twice, where both keep something under one name (they are
        one object: the m of one would be that of the other), and where one of two sees matrices and the other a group
        of them, which no driver can hand over together.  Where one sees a tensor and the other a group, drivers take
        the rule for a single tensor only.
    """

    sees = "number"
    reads = ()
    needs: ClassVar[tuple] = ()
    # A default of `path_of_its_own` here would hide that of a rule inside.
    wrapper: ClassVar[type | None] = None  # of a class that is made of two: these
    wrapped: ClassVar[type | None] = None
    mixed: ClassVar[bool] = False  # of such a class: whether one of the two sees a tensor and the other a group
    own: ClassVar[tuple] = ()  # of a class that somebody has written: its own hyper-parameters, sees and reads
    shares: ClassVar[tuple] = ()  # names of what the rule inside keeps, and a wrapper means to read and write
    update_around_sam: ClassVar[object] = None  # takes the place of `update` around what reads a gradient function
    brief: ClassVar[bool] = False  # whether it is shown without what is at its default

    def __new__(cls, *rule, **hypers):
        if rule or cls.wrapped is None:
            cls = _composed(cls.wrapper or cls, type(cls._given(rule[0])) if rule else GradientDescent)
        return super().__new__(cls)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "wrapped" in vars(cls):
            cls.__init__ = _with_rule(cls.__init__)
        else:  # a class that somebody has written: it is shown and checked as it would be by default
            cls.own = cls.hypers, cls.sees, vars(cls).get("reads", ())
            default = _composed(cls, GradientDescent)
            cls.hypers, cls.sees, cls.reads = default.hypers, default.sees, default.reads
            cls.elementwise = default.elementwise

    @classmethod
    def _given(cls, rule):
        try:
            return as_rule(cls.__name__, rule)
        except TypeError as error:
            raise TypeError(f"{error}; hyper-parameters have names: {', '.join(cls.hypers)}") from None

    def __reduce__(self):
        return _blank, (_recipe(type(self)),), vars(self).copy()

    def __repr__(self):
        return _text(type(self), self.settings())


@functools.cache
def _composed(wrapper, inner):
    """The class of a rule around another."""
    _refuse(wrapper, inner)
    name, (hypers, sees, reads) = wrapper.__name__, wrapper.own
    update = wrapper.update
    if "gradient_function" in inner.reads:
        update = wrapper.update_around_sam or update
    both = [each for each in inner.hypers if name_outside(each, hypers) != each]
    return type(
        name if inner is GradientDescent else f"{name}({inner.__name__})",
        (wrapper, _renamed(inner, both) if both else inner),
        {
            "__doc__": wrapper.__doc__,
            "update": update,  # so that its card shows it
            "__module__": wrapper.__module__ if is_ours(inner) else inner.__module__,
            "sees": max(sees, inner.sees, key=("number", None, "tensor", "matrix", "group").index),
            "mixed": getattr(inner, "mixed", False) or {sees, inner.sees} == {"tensor", "group"},
            "reads": (*inner.reads, *reads),
            "wrapper": wrapper,
            "wrapped": inner,
        },
    )


def _refuse(wrapper, inner):
    """Raise TypeError for a rule that cannot be inside of this one."""
    name, who = wrapper.__name__, f"{wrapper.__name__}: rule={inner.__name__}"
    hypers, sees, _ = wrapper.own
    if issubclass(inner, wrapper):
        raise TypeError(f"{who} has a {name} in it already; only one is allowed")
    if "gradient" in wrapper.needs and "gradient" not in inner.reads:
        raise TypeError(f"{who} reads no gradient, which {name} needs")
    if "lr" in wrapper.needs and "lr" not in inner.hypers:
        raise TypeError(f"{who} has no learning rate lr, which {name} needs")
    if "point" in wrapper.needs and has_path_of_its_own(inner):
        lost = f"goes on from a path of its own, on which {name} has no effect"
        raise TypeError(f"{who} {lost}; put {name} inside of ScheduleFree, not around it")
    if "end" in wrapper.needs and has_another_evaluation_point(inner):
        average = f"is evaluated at an average of its own path, from which {name} leads away"
        raise TypeError(f"{who} {average}; put {name} inside of what averages, not around it")
    if {sees, inner.sees} == {"matrix", "group"}:
        raise TypeError(
            f"{name} sees a {sees} and {inner.__name__} a {inner.sees}; a rule is given either each matrix by itself "
            "or all tensors of a group as one vector"
        )
    mine, its = names_of(wrapper), names_of(inner)
    shared = (mine | hypers.keys()) & (its | inner.hypers.keys()) - (hypers.keys() & inner.hypers.keys() - mine - its)
    one = lambda name: getattr(wrapper, name, 0) is getattr(inner, name, 1)  # by a parent of both
    shared = sorted(name for name in shared - {*wrapper.shares} if not one(name))
    if shared and not (is_ours(wrapper) and is_ours(inner)):
        raise TypeError(
            f"{name}: both {name} and rule={inner.__name__} keep self.{shared[0]}, which would be one and the same; "
            f"give it another name in one of them, or where that is meant, write shares = ({shared[0]!r},) in {name}"
        )


def names_of(cls):
    """The names to which the class of a rule, around another or not, gives a meaning of its own, or an attribute."""
    classes = [each for each in cls.__mro__ if each not in (Around, Optimizer, object)]
    own = {name: value for each in classes for name, value in vars(each).items() if not name.startswith("__")}
    codes = [inspect.unwrap(value).__code__ for value in own.values() if inspect.isfunction(value)]
    kept = {step.argval for code in codes for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"}
    return own.keys() - {*dir(Around), *cls.hypers} | kept


def refuse_mixed(who, rule, tensors):
    """Raise TypeError for several tensors where one part of a rule sees them as one vector and another each of them."""
    if tensors > 1 and getattr(rule, "mixed", False):
        raise TypeError(
            f"{who}: a part of rule={type(rule).__name__} sees the {tensors} tensors of a group as one vector, and "
            "another part each of them by itself; no driver hands over both. Take one of the two parts alone, or step "
            "each tensor by an optimizer or in a group of its own"
        )


def has_path_of_its_own(cls):
    """Whether a class of rules steps from where it has come to itself, so that a point moved between steps is lost."""
    return getattr(cls, "path_of_its_own", False)


def has_another_evaluation_point(cls):
    """Whether a class of rules is judged at another point than it has come to, such as the average of its path."""
    return cls.evaluated is not Optimizer.evaluated


def _renamed(inner, names):
    """The rule inside, with other names for hyper-parameters that the rule around it has too."""

    def under_its_names(method):
        def call(self, *given):
            outer = {name: getattr(self, name) for name in names}
            vars(self).update({name: getattr(self, f"rule_{name}") for name in names})
            try:
                return getattr(super(cls, self), method)(*given)
            finally:
                vars(self).update(outer)

        return call

    fields = {f"rule_{name}": hyper(**vars(inner.hypers[name])) for name in names}
    methods = {method: under_its_names(method) for method in ("init", "update")}
    kept = {name: getattr(inner, name) for name in ("sees", "wrapper", "wrapped", "__module__") if hasattr(inner, name)}
    written = {"__annotations__": dict.fromkeys(fields, object), **fields, **methods, **kept}
    cls = type(inner.__name__, (inner,), written)  # by which `call` finds what is inside
    return cls


def _with_rule(init):
    """Wrap the generated ``__init__`` so that the hyper-parameters of a rule that is given are taken over."""

    @functools.wraps(init)
    def __init__(self, *args, **given):
        if args:
            settings, own = self._given(args[0]).settings(), self.wrapper.own[0]
            given = {name_outside(name, own): value for name, value in settings.items()} | given
        init(self, *args[1:], **given)

    return __init__


def name_outside(name, own):
    """How a hyper-parameter of the rule inside is named outside; of three rules two may have made way already."""
    return f"rule_{name}" if re.sub("^(rule_)+", "", name) in own else name


def _text(cls, settings):
    wrapped, parts = getattr(cls, "wrapped", None), []
    names, own = cls.hypers, cls.wrapper if wrapped else cls
    if wrapped:
        names = cls.wrapper.own[0]
        parts = [_text(wrapped, {name: settings[name_outside(name, names)] for name in wrapped.hypers})]
    brief = getattr(own, "brief", False)
    parts += [f"{name}={short(settings[name])}" for name in names
              if not brief or stands_out(own.hypers, name, settings[name])]  # fmt: skip
    return f"{own.__name__}({', '.join(parts)})"


def _recipe(cls):
    """A class made of two as what pickle can name: the class around and the recipe of the one inside."""
    wrapped = getattr(cls, "wrapped", None)
    return (cls.wrapper, _recipe(wrapped)) if wrapped else cls


def _class_of(recipe):
    return _composed(recipe[0], _class_of(recipe[1])) if isinstance(recipe, tuple) else recipe


def _blank(recipe):
    """An object of a class made of two whose attributes follow: for pickle and copy."""
    return object.__new__(_class_of(recipe))


@register
class ClipNorm(Around):
    r"""Scale the gradient down where it is longer than a bound, and step with it.

    Formula:
        $$\tilde g_t = g_t \min\Bigl(1, \frac{c}{\lVert g_t \rVert}\Bigr)$$
        $$x_t = \text{rule}(x_{t-1}, \tilde g_t)$$

    Source:
        R. Pascanu, T. Mikolov, Y. Bengio (2013), On the difficulty of training recurrent neural networks, ICML,
        arXiv:1211.5063, algorithm 1.

    Convention:
        The norm is Euclidean, of all gradients of a parameter group together.  Around SAM it clips the gradient at the
        point, inside SAM the one at the second point.

    Elsewhere:
        The same rule: optax sgd clip_by_global_norm, timm lamb.  Each tensor by itself; epsilon is added before the
        correction: keras Adam(clipnorm=1.0).  Each tensor by itself: keras SGD(clipnorm=1.0).  In full:
        ``ol.elsewhere("ClipNorm")``.

        torch's clip_grad_norm_ divides by the norm + 1e-6, so that what it clips is shorter by 1e-6 / norm; it writes
        into the gradients, and takes those of all groups together.

    Memory:
        0 numbers per parameter beyond those of the rule.

    When:
        Gradients that are a hundred times longer now and then, as in recurrent networks and transformers.
    """

    sees = "group"
    needs = ("gradient",)
    max_norm: float = hyper(1.0, "c", "(0, inf)", slider=(1e-2, 1e2), log=True, doc="longest gradient that passes")

    def update(self, x, g, *others):
        norm = self.inner(g, g) ** 0.5
        bound = like(self.max_norm, norm)
        return super().update(x, g * (bound / maximum(norm, bound)), *others)


@register
class ClipValue(Around):
    r"""Cut each number of the gradient off at a bound, and step with it.

    Formula:
        $$\tilde g_t = \min(\max(g_t, -c), c)$$
        $$x_t = \text{rule}(x_{t-1}, \tilde g_t)$$

    Source:
        T. Mikolov (2012), Statistical language models based on neural networks, PhD thesis, Brno University of
        Technology, section 3.2.2.

    Convention:
        Each number by itself, so that a gradient that is cut points elsewhere; `ClipNorm` keeps its direction.

    Elsewhere:
        The same rule: keras SGD(clipvalue=0.5), optax sgd clip.  In full: ``ol.elsewhere("ClipValue")``.

        torch's clip_grad_value_ is the same rule.  All cut an infinite number like any other.

    Memory:
        0 numbers per parameter beyond those of the rule.

    When:
        Where single numbers of the gradient jump, and their direction is of no use then.
    """

    sees = "number"
    needs = ("gradient",)
    max_value: float = hyper(1.0, "c", "(0, inf)", slider=(1e-2, 1e2), log=True, doc="largest number that passes")

    def update(self, x, g, *others):
        bound = like(self.max_value, g)
        return super().update(x, minimum(maximum(g, -bound), bound), *others)


@register
class WeightDecay(Around):
    r"""Pull the weights towards 0 beside the step of any rule: weight decay that its averages do not see.

    Formula:
        $$x_t = \text{rule}\bigl((1 - \eta \lambda)\, x_{t-1},\; g_t\bigr)$$

    Source:
        I. Loshchilov, F. Hutter (2019), Decoupled weight decay regularization, ICLR, arXiv:1711.05101.

    Convention:
        The decay is scaled by the learning rate and comes before the step, as in our AdamW and torch's; the gradient is
        that of the point before the decay.  The paper scales it by the schedule alone, not by the learning rate.

    Elsewhere:
        The same rule: torch AdamW(amsgrad=True), keras SGD(weight_decay=0.1), optax adamaxw, timm
        sgdw(weight_decay=0.1), fastai SGD(mom=0.9, wd=0.1) and 1 more.  Changes weigh 1 - beta2, where beta2 was meant:
        optax adan(weight_decay=0.1).  Its momentum does not grow: optax nadamw.  Looks ahead; epsilon is added after
        the correction: fastai ranger.  1 more differs otherwise: ``ol.elsewhere("WeightDecay")``.

        Around Adam it is torch's AdamW.  The weight_decay of torch's SGD and Adam is another rule: it adds weight_decay
        x to the gradient.

    Memory:
        0 numbers per parameter beyond those of the rule.

    When:
        Wherever a network is trained for long: with normalization layers it sets how fast the weights turn.
    """

    sees = "number"
    needs = ("lr", "point")
    weight_decay: float = hyper(
        0.01, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull towards 0, scaled by lr"
    )

    def update(self, x, *seen):
        return super().update(x * (1 - self.lr * self.weight_decay), *seen)

    def update_around_sam(self, x, *seen):
        *others, gradient_function = seen
        decayed = x * (1 - self.lr * self.weight_decay)
        # SAM's second gradient, too, is one near the point before the decay.
        return super().update(decayed, *others, lambda y: gradient_function(y + (x - decayed)))


@register
class Cautious(Around):
    r"""Take only those parts of a step that go against the present gradient.

    Formula:
        $$u_t = x_{t-1} - \text{rule}(x_{t-1}, g_t)$$
        $$\phi_t = [\,u_t\, g_t > 0\,]$$
        $$x_t = x_{t-1} - \frac{n}{1 + \sum_i \phi_{t,i}}\; \phi_t\, u_t$$

    Source:
        K. Liang, L. Chen, B. Liu, Q. Liu (2024), Cautious optimizers: improving training with one line of code,
        arXiv:2411.16085, algorithm 1 (n is how many numbers the tensor has).

    Convention:
        The paper's normalization: the step that is left is made longer by n / (1 + number of parts taken), so that a
        step of which all is taken is shortened by n / (n + 1).  The mask is taken of all that the rule does, a weight
        decay of its own included; the paper decays apart: ``WeightDecay(Cautious(Adam()))``.  Rules that are evaluated
        at an average (`ASGD`, `EMA`, `Lookahead`) go around it; inside they would average points that are never
        reached, and are refused.

    Elsewhere:
        The same rule: pytorch-optimizer Lion(cautious=True).  In full: ``ol.elsewhere("Cautious")``.

        timm divides the mask by its mean, which is at least 1e-3: longer by the factor 1 + 1 / (number of parts taken),
        5 % where 20 are.

    Memory:
        0 numbers per parameter beyond those of the rule.

    When:
        Around rules with momentum, whose steps go uphill for a while after each turn of the path.
    """

    sees = "tensor"
    needs = ("gradient", "point", "end")

    def update(self, x, g, *others):
        u = x - super().update(x, g, *others)
        taken = where(sign(u) * sign(g) > 0, ones_like(x), zeros_like(x))
        ones = ones_like(x)
        return x - u * taken * (self.inner(ones, ones) / (1 + self.inner(taken, taken)))


@register
class SAM(Around):
    r"""Step with the gradient of a point a little uphill: what is left are minima that are flat around.

    Formula:
        $$e_t = \rho\, \frac{g_t}{\lVert g_t \rVert}$$
        $$x_t = \text{rule}\bigl(x_{t-1},\; \nabla f(x_{t-1} + e_t)\bigr)$$

    Source:
        P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur (2021), Sharpness-aware minimization for efficiently improving
        generalization, ICLR, arXiv:2010.01412, algorithm 1.

    Convention:
        The norm is Euclidean, of all gradients of a parameter group together; where it is 0 so is e.  With torch the
        step takes a closure, which computes the loss and its gradients anew, and calls it twice.

    Elsewhere:
        Not among the recorded runs of other libraries.

        pytorch-optimizer adds 1e-12 to the norm, which it computes in float32: 2e-8 off with weights of float64.  In
        optax two updates make a step, or one with opaque_mode.

    Memory:
        0 numbers per parameter beyond those of the rule.

    When:
        Training with few data, where flat minima do better on new ones.  A step costs two gradients.
    """

    sees = "group"
    reads = ("gradient_function",)
    needs = ("gradient",)
    rho: float = hyper(0.05, r"\rho", "[0, inf)", slider=(1e-3, 1.0), log=True, doc="how far uphill the gradient is")

    def uphill(self, x, g):
        """The point whose gradient the step takes."""
        norm = self.inner(g, g) ** 0.5
        return x + self.rho * g / where(norm > 0, norm, ones_like(norm))

    def update(self, x, g, *others):
        *others, gradient_function = others
        return super().update(x, gradient_function(self.uphill(x, g)), *others)
