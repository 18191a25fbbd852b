"""`explore`: turn every number of an optimizer and watch its path."""

import copy
import html

import ipywidgets as widgets

from ..pictures.picture import show_name
from ..pictures.tracks import sentences
from . import controls, live, offline, page, stage
from .painter import SIZE, painter
from .scene import scene
from .setting import Setting

ALL = "all rules"


def explore(f, *rules, start=None, steps=100, extent=None, dark=False, **fixed):
    """Show paths of optimizers on a function, with a slider for every number.

    Parameters
    ----------
    f : Function
        Of one or two coordinates, from `FUNCTIONS` or made by `objective`.
    *rules : optimizer classes or instances
        Those that are compared at first; ``ol.Adam(lr=0.1)`` starts with this learning rate.
    start : d numbers, optional
        By default ``f.start``.
    steps : int
    extent : ((x low, x high), (y low, y high)), or (low, high) for one coordinate, optional
        What is shown, by default the function's domain; the sliders of the start reach as far.
    dark : bool
        Draw for a dark page.
    **fixed
        Hyper-parameters that get this value and no slider, ``eps=1e-8``.

    Returns
    -------
    Explorer
        It shows itself at the end of a cell.  ``paths`` are the trajectories shown, ``code`` makes the picture
        again.
    """
    return Explorer(Setting(f, rules, start, steps, fixed), extent, dark)


class Explorer:
    """A picture of paths and its controls; see `explore`."""

    def __init__(self, setting, extent, dark):
        self.setting, self.extent, self.dark = setting, extent, dark
        self.first = copy.deepcopy(setting.rules), list(setting.chosen), list(setting.start), setting.steps, setting.f
        self._busy = False
        self._stored = self._render()
        self._opening = copy.copy(setting)  # what the page shows without a kernel, whatever is turned later
        self._opening.rules, self._opening.chosen = copy.deepcopy(setting.rules), list(setting.chosen)
        self._html = None
        setting.offer_all()
        self._build()
        self._show()

    # --- what a reader may ask for -----------------------------------------------------------------------

    @property
    def paths(self):
        """The trajectories that are shown."""
        return self.setting.paths()

    @property
    def code(self):
        """Lines of Python that draw the same picture."""
        return self.setting.code()

    def __repr__(self):
        return f"<explore {self._stored[1]}>"

    def reset(self):
        """Set everything as it was at first."""
        rules, chosen, start, steps, f = self.first
        setting = self.setting
        setting.f, setting.start, setting.steps, setting.chosen = f, list(start), steps, list(chosen)
        setting.rules = copy.deepcopy(rules)
        setting.offer_all()
        self._busy = True
        try:
            self.function.value = f.name
            self.choice.value = tuple(chosen)
            self.count.value = steps
            for name, by_hyper in self.hypers.items():
                for hyper, control in by_hyper.items():
                    control.value = setting.rules[name][1][hyper]
            self._fit_start()
            self._turn_to(self.tuned.value)
        finally:
            self._busy = False
        self._show()

    # --- the picture -------------------------------------------------------------------------------------

    def _scene(self):
        f = self.setting.f
        return scene(f, self.extent if f is self.first[-1] else None, who="explore")

    def _render(self):
        """PNG, title, and a sentence on each path; the reason instead where there is no path."""
        brush = painter(self._scene(), dark=self.dark)
        try:
            found = self.setting.tracks()
        except ValueError as error:  # the function has no value at this start
            name = show_name(self.setting.f)
            return brush.png([], name), name, [str(error)]
        title = self.setting.title(found)
        return brush.png(found, title), title, sentences(found)

    def _show(self):
        png, _, said = self._render()
        self.picture.value = png
        self.status.value = '<div role="status">' + "<br>".join(map(html.escape, said)) + "</div>"
        self.line.value = _code_line(self.setting.code())

    # --- the controls ------------------------------------------------------------------------------------

    def _build(self):
        setting = self.setting
        width, height = SIZE
        self.picture = widgets.Image(format="png", width=width, height=height)
        self.picture.layout = widgets.Layout(max_width="100%", flex="0 1 auto", object_fit="contain")
        self.picture.add_class("optlib-map")
        # Core widgets tell nothing of clicks.  A script beside them (live.js) writes into this hidden field instead.
        self.pointed = widgets.Text(layout=widgets.Layout(display="none"))
        self.pointed.add_class("optlib-pointed")
        self.status, self.line = widgets.HTML(), widgets.HTML()
        self.function = controls.choice("function", setting.f.name, list(setting.functions()))
        self.choice = controls.several("rules", setting.chosen, list(setting.rules))
        self.tuned = controls.choice("sliders of", _tunable(setting.chosen)[0], _tunable(setting.chosen))
        self.count = controls.integer("steps", setting.steps, 1, max(500, 2 * setting.steps))
        named = zip("xy", setting.start, strict=False)
        self.starts = [controls.number(f"start {x}", v, v - 1, v + 1) for x, v in named]
        self.panel = widgets.VBox()
        self.hypers = {}
        self._fit_start()
        self._turn_to(self.tuned.value)
        self.function.observe(self._function_chosen, "value")
        self.choice.observe(self._rules_chosen, "value")
        self.tuned.observe(lambda change: change.new and self._turn_to(change.new), "value")
        self.count.observe(self._number_changed, "value")
        for control in self.starts:
            control.observe(self._number_changed, "value")
        self.pointed.observe(self._start_pointed_at, "value")
        buttons = widgets.HBox([controls.button("reset", self.reset), self.pointed])
        side = [self.function, self.choice, self.tuned, self.panel, self.count, *self.starts, buttons]
        board = widgets.HBox([self.picture, widgets.VBox(side)], layout=widgets.Layout(flex_flow="row wrap"))
        self.widget = widgets.VBox([board, self.status, self.line])

    def _turn_to(self, name):
        """Show the sliders of one rule; they are made when they are first asked for."""
        if name == ALL:
            self.panel.children = tuple(self._shared_controls().values())
            return
        if name not in self.hypers:
            cls, values = self.setting.rules[name]
            made = {n: controls.for_hyper(n, values[n], about) for n, about in cls.hypers.items()}
            made = {n: c for n, c in made.items() if c is not None and n not in self.setting.fixed}
            for hyper, control in made.items():
                control.observe(lambda _, name=name, hyper=hyper: self._hyper_changed(name, hyper), "value")
            self.hypers[name] = made
        self.panel.children = tuple(self.hypers[name].values())

    def _shared_controls(self):
        """Sliders that set a hyper-parameter of all chosen rules at once, for those that all of them have."""
        chosen = [self.setting.rules[name] for name in self.setting.chosen]
        first, values = chosen[0]
        shared = [h for h in first.hypers if all(h in cls.hypers for cls, _ in chosen) and h not in self.setting.fixed]
        made = {h: controls.for_hyper(h, values[h], first.hypers[h]) for h in shared}
        made = {h: control for h, control in made.items() if control is not None}
        for hyper, control in made.items():
            control.observe(lambda _, hyper=hyper, control=control: self._all_changed(hyper, control), "value")
        return made

    def _fit_start(self):
        """Give the sliders of the start the range of the function that is shown."""
        view = self._scene()
        sides = (view.x, view.y)[: len(self.starts)]
        busy, self._busy = self._busy, True
        for control, (low, high), value in zip(self.starts, sides, self.setting.start, strict=True):
            low, high = min(float(low), value), max(float(high), value)
            control.min, control.max = min(low, control.min), max(high, control.max)  # never empty in between
            control.value = value
            control.min, control.max = low, high
            decimals = controls.decimals_of(low, high, value)
            control.step, control.readout_format = 10.0**-decimals, f".{decimals}f"
        self._busy = busy

    # --- what happens when one of them is turned ---------------------------------------------------------

    def _hyper_changed(self, name, hyper):
        if not self._busy:
            values = self.setting.rules[name][1]
            before, values[hyper] = values[hyper], controls.read(self.hypers[name][hyper], values[hyper])
            if values[hyper] != before:
                self._show()

    def _all_changed(self, hyper, control):
        now = self.setting.rules[self.setting.chosen[0]][1][hyper]
        value = controls.read(control, now)
        if self._busy or value == now:
            return
        self._busy = True
        for name in self.setting.chosen:
            self.setting.rules[name][1][hyper] = value
            if name in self.hypers:
                self.hypers[name][hyper].value = value
        self._busy = False
        self._show()

    def _number_changed(self, _):
        if not self._busy:
            self.setting.steps = self.count.value
            before = self.setting.start
            self.setting.start = [controls.read(*pair) for pair in zip(self.starts, before, strict=True)]
            self._show()

    def _start_pointed_at(self, change):
        """Move the start to a place of the picture, told as "across down" in fractions of it."""
        try:
            across, down = map(float, change.new.split())
        except ValueError:
            return
        place = painter(self._scene(), dark=self.dark).place_at(across, down)
        if place is None:
            return
        busy, self._busy = self._busy, True
        for control, value in zip(self.starts, place, strict=False):  # of one coordinate only the first counts
            control.value = round(value / control.step) * control.step
        self._busy = busy
        self._number_changed(None)

    def _function_chosen(self, change):
        if not self._busy:
            own = self.first[-1]
            self.setting.choose_function(own if change.new == own.name else self.setting.functions()[change.new])
            self._fit_start()
            self._show()

    def _rules_chosen(self, change):
        names = list(change.new)
        if names and not self._busy:
            self.setting.chosen = names
            self._show()
        if names:
            self.tuned.options = _tunable(names)
            self._turn_to(self.tuned.value)

    # --- in a notebook -----------------------------------------------------------------------------------

    def html(self):
        """What stands where no kernel runs: sliders over paths computed ahead, or a picture if there are none."""
        png, _, said = self._stored
        description = " ".join([f"{show_name(self.first[-1])}.", *said])
        try:
            view = scene(self._opening.f, self.extent, who="explore")
            picture = stage.still_image(view, self._opening.tracks(), description)
        except ValueError:  # no value at the start
            return page.still(png, description)
        return offline.html(self._opening, view, picture)

    def _ipython_display_(self):
        if self._html is None:
            self._html = self.html()
        live.show(self.widget, page.mark(self._html), self._html, self._stored[0], repr(self))


def _tunable(names):
    """Whose sliders can be shown: all rules together, where there are several, and each."""
    return [ALL, *names] if len(names) > 1 else list(names)


def _code_line(code):
    """Code to be copied: one click selects all of it."""
    return (
        '<pre aria-label="code that draws this picture" style="user-select:all;white-space:pre-wrap;'
        f'padding:6px;line-height:1.4;border:1px solid #8888">{html.escape(code)}</pre>'
    )
