"""`explore`: turn every number of an optimizer and watch its path.

The picture and its controls are a page (`offline`): it computes the paths by itself, in a notebook as on the web.
Where a kernel runs, a `Bridge` leads back to it.  The page writes what is set; Python answers with what the page asked
for: other rules and functions, paths that only Python can compute, and settings that a cell has changed.
"""

import json

from ..pictures.picture import show_name
from ..pictures.tracks import sentences
from ..registry import FUNCTIONS, OPTIMIZERS
from . import browser_data, display, offline, page
from .painter import Painter
from .scene import scene
from .setting import setting

SMALL = (320, 250)  # pixels of the bands in the still picture where the page draws its own


def explore(f, *rules, start=None, steps=100, extent=None, **fixed):
    """Show paths of optimizers on a function, with a control for every number: an `Explorer`.

    The start is dragged in the picture, the number of steps in the curve of the values, the learning rate in the curve
    of what each rate reaches.  Where a kernel runs, other rules and functions of the course can be chosen.

    Parameters
    ----------
    f : Function
        Of one or two coordinates, from `FUNCTIONS` or made by `objective`.
    *rules : optimizer classes, instances or names
        Those that are compared at first; ``ol.Adam(lr=0.1)`` starts with this learning rate.
    start : d numbers, optional
        By default ``f.start``.
    steps : int from 1 to 100,000
    extent : ((x low, x high), (y low, y high)), or (low, high) for one coordinate, optional
        What is shown, by default the function's domain.
    **fixed
        Hyper-parameters that get this value and no control, ``eps=1e-8``.
    """
    return Explorer(setting(f, rules, start, steps, fixed), extent)


class Explorer:
    """A picture of paths and its controls; see `explore`.

    A cell may read what is set in the picture, and set it: ``explorer.start = (1, 2)``, ``explorer.steps = 50``,
    ``explorer.f = "beale"``, ``explorer.rules = ["Adam", "Momentum"]``, ``explorer.turn("Adam", lr=0.3)``,
    ``explorer.reset()``.
    """

    def __init__(self, setting, extent):
        # `first` stays: what a page shows without a kernel, and after a reset, whatever is turned later.
        self._setting = self._first = setting
        self._horizon = setting.steps  # up to here the page runs, beyond the steps that it shows
        self._known = setting.with_rules(setting.chosen)  # all rules that the page has
        self._view = scene(setting.f, extent, who="explore")
        self._stored = self._render()
        self._bridge = display.Bridge(self._hear)

    # --- what is set -------------------------------------------------------------------------------------

    @property
    def paths(self):
        """The trajectories that are shown, a list of `Trajectory`, as `minimize` computes them."""
        return self._setting.paths()

    @property
    def code(self):
        """Lines of Python that draw the same picture."""
        return self._setting.code()

    @property
    def f(self):
        """The `Function`; to be set to the name of one of the course with as many coordinates."""
        return self._setting.f

    @f.setter
    def f(self, name):
        f = self._function(name)
        self._set(self._setting.changed(f=f, start=tuple(f.start)))

    @property
    def start(self):
        """Where the paths begin, d numbers."""
        return self._setting.start

    @start.setter
    def start(self, start):
        self._set(self._setting.with_start(start))

    @property
    def steps(self):
        """How many steps are shown, from 1 to 100,000."""
        return self._setting.steps

    @steps.setter
    def steps(self, steps):
        self._set(self._setting.with_steps(steps))

    @property
    def rules(self):
        """The rules that are shown, as instances with their settings; to be set to their names."""
        return [self._setting.rule(name) for name in self._setting.chosen]

    @rules.setter
    def rules(self, names):
        if isinstance(names, str) or not names:
            raise TypeError(f'explore: rules={names!r} must be a list of names, such as ["Adam", "Momentum"]')
        self._set(self._setting.with_rules(names))

    def turn(self, rule, **values):
        """Set hyper-parameters of a rule that is known by its name: ``turn("Adam", lr=0.3)``."""
        self._set(self._setting.with_rules(dict.fromkeys((*self._setting.chosen, rule))).turned([rule], **values))

    def reset(self):
        """Set everything as it was at first."""
        self._horizon = self._first.steps
        self._set(self._first.changed(rules=self._setting.rules | self._first.rules))

    def __repr__(self):
        return f"<explore {self._stored[1]}>"

    # --- the bridge --------------------------------------------------------------------------------------

    def _set(self, setting):
        """Take a setting from a cell, and show it in the page."""
        setting.paths()  # refuses a start without a value
        self._setting = setting
        self._bridge.say(self._all())

    def _hear(self, text):
        """Do and answer what the page asks for; see `player/state.js`."""
        try:
            message = json.loads(text)
            number, state, want = message["n"], message["state"], message.get("want", {})
        except (ValueError, TypeError, KeyError):  # not by the page
            return
        answer = {"n": number} | ({"want": want} if want else {})
        try:
            answer |= self._all() if state is None else self._take(state)
            if "catalog" in want:
                answer["catalog"] = {"rules": list(OPTIMIZERS), "functions": self._function_names()}
            if "functions" in want:
                f = self._function(want["functions"])
                answer["functions"] = {want["functions"]: offline.function_piece(f)}
            if "rules" in want:
                answer["rules"] = self._pieces([want["rules"]])
        except (ValueError, TypeError, KeyError) as error:
            answer["error"] = str(error)
        self._bridge.say(answer)

    def _all(self):
        """The whole setting for the page, with what it may not know of it."""
        now = self._setting
        numbers = lambda rule: {h: getattr(rule, h) for h in rule.hypers if offline.has_control(rule, h)}
        state = {
            "f": now.f.name, "start": now.start, "steps": now.steps, "horizon": max(now.steps, self._horizon),
            "rules": {name: numbers(now.rule(name)) for name in now.chosen}, "shown": now.chosen,
        }  # fmt: skip
        functions = {} if now.f is self._first.f else {now.f.name: offline.function_piece(now.f)}
        asked = [name for name in now.chosen if offline.translated(now.f)[1] or offline.translated(now.rule(name))[1]]
        added = [name for name in now.chosen if name not in self._first.chosen]
        return {"state": state, "functions": functions, "rules": self._pieces(added), "paths": self._paths(asked)}

    def _take(self, state):
        """Set what the page says; the paths that it asked for."""
        f, now = self._function(state["f"]), self._setting
        setting = now.changed(f=f).with_start(state["start"]).with_steps(state["steps"]).with_rules(state["shown"])
        for name in setting.chosen:
            setting = setting.turned([name], **state["rules"][name])
        self._horizon, self._setting = max(state["horizon"], setting.steps), setting
        return {"paths": self._paths(state["asked"])} if state["asked"] else {}

    def _paths(self, names):
        return {name: offline.path_data(self._setting.with_steps(self._horizon).path(name)) for name in names}

    def _pieces(self, names):
        """Data and program of rules, each in a color that no other of the page has."""
        pieces = {}
        for name in names:
            self._known = self._known.with_rules(dict.fromkeys((*self._known.chosen, name)))
            source, _ = offline.translated(self._known.rule(name))
            pieces[name] = [offline.rule_data(self._known, name), source]
        return pieces

    def _function_names(self):
        own, dim = self._first.f.name, self._first.f.dim
        return list(dict.fromkeys([own, *(name for name, f in FUNCTIONS.items() if f.dim == dim)]))

    def _function(self, name):
        own = self._first.f
        if name in (own, own.name):
            return own
        if name not in self._function_names():
            raise ValueError(f"explore: f={name!r} must be one of {', '.join(self._function_names())}")
        return FUNCTIONS[name]

    # --- in a notebook -----------------------------------------------------------------------------------

    def _render(self):
        """PNG, title, a sentence on each path and the paths; the reason and none of them where there is no path."""
        first, tracks = self._first, []
        try:
            tracks = first.tracks()
            title, words = first.title(tracks), sentences(tracks)
        except ValueError as error:  # the function has no value at this start
            title, words = show_name(first.f), [str(error)]
        return Painter(self._view, tracks).at(title=title).png(optimize=True), title, words, tracks

    def html(self, bridge=""):
        """The page around a still picture, for places without scripts; ``bridge`` is the name of its widgets."""
        png, _, words, tracks = self._stored
        description = " ".join([f"{show_name(self._first.f)}.", *words])
        if not tracks:  # no value at the start
            return page.still(png, description)
        size = SMALL if offline.translated(self._first.f)[1] is None else browser_data.MAP_SIZE
        picture = browser_data.still_image(self._view, tracks, description, size)
        return offline.html(self._first, self._view, picture, bridge=bridge)

    def _ipython_display_(self):
        display.both(self._bridge, self.html(self._bridge.name), self._stored[0], repr(self))
