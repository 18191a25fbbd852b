"""`explore`: turn every number of an optimizer and watch its path."""

import contextlib
import html

import ipywidgets as widgets

from ..pictures.picture import show_name
from ..pictures.tracks import sentences
from . import browser_data, controls, display, offline, page, translate
from .painter import SIZE, painter
from .scene import scene
from .setting import setting

ALL = "all rules"


def explore(f, *rules, start=None, steps=100, extent=None, dark=False, **fixed):
    """Show paths of optimizers on a function, with a slider for every number.

    Parameters
    ----------
    f : Function
        Of one or two coordinates, from `FUNCTIONS` or made by `objective`.
    *rules : optimizer classes, instances or names
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
    return Explorer(setting(f, rules, start, steps, fixed), extent, dark)


class Explorer:
    """A picture of paths and its controls; see `explore`."""

    def __init__(self, setting, extent, dark):
        self.extent, self.dark = extent, dark
        # `first` stays: what the page shows without a kernel, and after a reset, whatever is turned later.
        self.setting = self.first = setting.with_all_rules()
        self._busy = False  # while controls are set from Python, their observers do nothing
        self._stored = self._render()
        self._html = None
        self._build()
        self._show(self.first)

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
        self.setting = first = self.first
        with self._controls_set_from_python():
            self.function.value = first.f.name
            self.choice.value = first.chosen
            self.count.value = first.steps
            for name, by_hyper in self.hypers.items():
                for hyper, control in by_hyper.items():
                    control.value = first.rules[name][1][hyper]
            self._fit_start()
            self._turn_to(self.tuned.value)
        self._show(first)

    # --- the picture -------------------------------------------------------------------------------------

    def _scene(self):
        f = self.setting.f
        return scene(f, self.extent if f is self.first.f else None, who="explore")

    def _render(self):
        """PNG, title, and a sentence on each path; the reason instead where there is no path."""
        brush = painter(self._scene(), dark=self.dark)
        try:
            tracks = self.setting.tracks()
        except ValueError as error:  # the function has no value at this start
            name = show_name(self.setting.f)
            return brush.png([], name), name, [str(error)]
        title = self.setting.title(tracks)
        return brush.png(tracks, title), title, sentences(tracks)

    def _show(self, setting):
        """Make this the setting and draw it."""
        self.setting = setting
        png, _, words = self._render()
        self.picture.value = png
        self.status.value = '<div role="status">' + "<br>".join(map(html.escape, words)) + "</div>"
        self.line.value = _code_line(setting.code())

    # --- the controls ------------------------------------------------------------------------------------

    def _build(self):
        setting = self.setting
        width, height = SIZE
        self.picture = widgets.Image(format="png", width=width, height=height)
        self.picture.layout = widgets.Layout(max_width="100%", flex="0 1 auto", object_fit="contain")
        self.picture.add_class("optlib-map")
        # Core widgets do not report clicks.  A script beside them (display.js) writes into this hidden field instead.
        self.pointed = widgets.Text(layout=widgets.Layout(display="none"))
        self.pointed.add_class("optlib-pointed")
        self.status, self.line = widgets.HTML(), widgets.HTML()
        self.function = controls.choice("function", setting.f.name, list(setting.functions()))
        self.choice = controls.several("rules", setting.chosen, list(setting.rules))
        self.tuned = controls.choice("sliders of", _tunable(setting.chosen)[0], _tunable(setting.chosen))
        self.count = controls.integer("steps", setting.steps, 1, max(500, 2 * setting.steps))
        named = zip("xy", setting.start, strict=False)
        self.starts = [controls.number(f"start {x}", v, v - max(1.0, abs(v)), v + max(1.0, abs(v))) for x, v in named]
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
        """Show the sliders of one rule, made at the first request."""
        if name == ALL:
            self.panel.children = tuple(self._shared_controls().values())
            return
        if name not in self.hypers:
            cls, values = self.setting.rules[name]
            self.hypers[name] = self._hyper_controls(cls, values, cls.hypers)
            for hyper, control in self.hypers[name].items():
                control.observe(lambda _, name=name, hyper=hyper: self._hyper_changed(name, hyper), "value")
        self.panel.children = tuple(self.hypers[name].values())

    def _shared_controls(self):
        """Sliders that set a hyper-parameter of all chosen rules at once, for those that all of them have."""
        chosen = [self.setting.rules[name] for name in self.setting.chosen]
        first, values = chosen[0]
        shared = self._hyper_controls(first, values, [h for h in first.hypers if all(h in c.hypers for c, _ in chosen)])
        for hyper, control in shared.items():
            control.observe(lambda _, hyper=hyper, control=control: self._all_changed(hyper, control), "value")
        return shared

    def _hyper_controls(self, cls, values, names):
        """A control for each of these hyper-parameters that has a range and is not fixed."""
        names = [name for name in names if name not in self.setting.fixed]
        by_name = {name: controls.for_hyper(name, values[name], cls.hypers[name]) for name in names}
        return {name: control for name, control in by_name.items() if control is not None}

    def _fit_start(self):
        """Give the sliders of the start the range of the function that is shown."""
        view = self._scene()
        sides = (view.x, view.y)[: len(self.starts)]
        with self._controls_set_from_python():
            for control, (low, high), value in zip(self.starts, sides, self.setting.start, strict=True):
                low, high = min(float(low), value), max(float(high), value)
                control.min, control.max = min(low, control.min), max(high, control.max)  # never empty in between
                control.value = value
                control.min, control.max = low, high
                decimals = controls.decimals_of(low, high, value)
                control.step, control.readout_format = 10.0**-decimals, f".{decimals}f"

    @contextlib.contextmanager
    def _controls_set_from_python(self):
        busy, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = busy

    # --- what happens when one of them is turned ---------------------------------------------------------

    def _hyper_changed(self, name, hyper):
        now = self.setting.rules[name][1][hyper]
        value = controls.read(self.hypers[name][hyper], now)
        if not self._busy and value != now:
            self._show(self.setting.turned([name], **{hyper: value}))

    def _all_changed(self, hyper, control):
        now = self.setting.rules[self.setting.chosen[0]][1][hyper]
        value = controls.read(control, now)
        if self._busy or value == now:
            return
        with self._controls_set_from_python():
            for name in set(self.setting.chosen) & set(self.hypers):
                self.hypers[name][hyper].value = value
        self._show(self.setting.turned(self.setting.chosen, **{hyper: value}))

    def _number_changed(self, _):
        if not self._busy:
            start = tuple(map(controls.read, self.starts, self.setting.start))
            self._show(self.setting.changed(steps=self.count.value, start=start))

    def _start_pointed_at(self, change):
        """Move the start to a place of the picture, given as "across down" in fractions of it."""
        try:
            across, down = map(float, change.new.split())
        except ValueError:
            return
        place = painter(self._scene(), dark=self.dark).place_at(across, down)
        if place is None:
            return
        with self._controls_set_from_python():
            for control, value in zip(self.starts, place, strict=False):  # of one coordinate only the first counts
                control.value = round(value / control.step) * control.step
        self._number_changed(None)

    def _function_chosen(self, change):
        if not self._busy:
            own = self.first.f
            f = own if change.new == own.name else self.first.functions()[change.new]
            self.setting = self.setting.changed(f=f, start=tuple(f.start))
            self._fit_start()
            self._show(self.setting)

    def _rules_chosen(self, change):
        names = change.new
        if names and not self._busy:
            self._show(self.setting.changed(chosen=names))
        if names:
            self.tuned.options = _tunable(names)
            self._turn_to(self.tuned.value)

    # --- in a notebook -----------------------------------------------------------------------------------

    def html(self):
        """What a page without a kernel shows: sliders over paths computed ahead, or a picture if there are none."""
        png, _, words = self._stored
        description = " ".join([f"{show_name(self.first.f)}.", *words])
        try:
            view = scene(self.first.f, self.extent, who="explore")
            picture = browser_data.still_image(view, self.first.tracks(), description)
        except ValueError:  # no value at the start
            return page.still(png, description)
        try:
            return offline.html(self.first, view, picture)
        except translate.Untranslatable as reason:
            return page.still(png, description) + offline.note(reason)

    def _ipython_display_(self):
        if self._html is None:
            self._html = self.html()
        display.show(self.widget, page.mark(self._html), self._html, self._stored[0], repr(self))


def _tunable(names):
    """Choices of the list "sliders of": all rules together, where there are several, and each."""
    return [ALL, *names] if len(names) > 1 else list(names)


def _code_line(code):
    """Code to be copied: one click selects all of it."""
    return (
        '<pre aria-label="code that draws this picture" style="user-select:all;white-space:pre-wrap;'
        f'padding:6px;line-height:1.4;border:1px solid #8888">{html.escape(code)}</pre>'
    )
