"""`explore` without a browser: a page is played, and cells set what it shows."""

import base64
import json

import numpy as np
import pytest

pytest.importorskip("ipywidgets")
from picture_cases import data_in, pixels

import optlib as ol
from optlib.live import page

F = ol.FUNCTIONS["rosenbrock"]


class Page:
    """What the page of an explorer does, without a browser: it writes to Python and reads the answers; see state.js."""

    def __init__(self, explorer):
        self.field, self.answers = explorer._bridge.children
        self.count = 0
        self.state = self.ask(catalog=True)["state"]

    def ask(self, **want):
        return self.tell({"state": getattr(self, "state", None), "want": want})

    def turn(self, **changes):
        self.state = self.state | changes
        return self.tell({"state": self.state})

    def tell(self, message):
        self.count += 1
        self.field.value = json.dumps(message | {"n": self.count})
        return self.heard()

    def heard(self):
        return json.loads(base64.b64decode(self.answers.value)) if self.answers.value else {}


@pytest.mark.parametrize("first", range(0, len(ol.OPTIMIZERS), 10))
def test_every_rule_can_be_explored_with_a_control_for_every_number(first):
    names = [*ol.OPTIMIZERS][first : first + 10]
    explorer = ol.explore(F, *names, steps=5)
    for name, path, rule in zip(names, explorer.paths, data_in(explorer.html())["rules"], strict=True):
        assert type(path.rule).__name__ == name
        hypers = ol.OPTIMIZERS[name].hypers.items()
        numbers = [n for n, about in hypers if about.slider or isinstance(about.default, bool)]
        assert [hyper["name"] for hyper in rule["hypers"]] == numbers, name


@pytest.mark.parametrize("name", [n for n, f in ol.FUNCTIONS.items() if f.dim in (1, 2)])
def test_every_function_can_be_explored(name, shown):
    ol.explore(ol.FUNCTIONS[name], ol.GradientDescent(lr=0.01), steps=3)._ipython_display_()
    assert pixels(base64.b64decode(shown[0]["image/png"])).std() > 5


def test_what_the_page_sets_is_what_python_has():
    rate = ol.schedules.WarmUp(5) * ol.schedules.Cosine(1e-3, steps=20)
    explorer = ol.explore(F, ol.Adam(lr=0.1), ol.GradientDescent(lr=rate), steps=30)
    page = Page(explorer)
    rules = {"Adam": page.state["rules"]["Adam"] | {"lr": 0.465, "beta1": 0.123}, "GradientDescent": {}}
    page.turn(rules=rules, steps=44, horizon=44, start=[0.7, 1], asked=[])
    names = {"ol": ol}
    exec(explorer.code.rsplit("\n", 1)[0], names)
    assert repr(names["paths"][0].rule) == repr(ol.Adam(lr=0.465, beta1=0.123))
    assert (names["paths"][0].steps, tuple(names["paths"][0].start)) == (44, (0.7, 1.0))
    for path, shown_path in zip(names["paths"], explorer.paths, strict=True):
        np.testing.assert_array_equal(path.x, shown_path.x)


def test_a_cell_sets_what_the_page_shows():
    explorer = ol.explore(F, ol.Adam(lr=0.1), steps=20)
    page, code = Page(explorer), explorer.code
    explorer.start, explorer.steps = (0.5, 2), 300
    explorer.turn("Momentum", lr=1e-3)
    answer = page.heard()
    state = answer["state"]
    assert (state["start"], state["steps"], state["horizon"]) == ([0.5, 2.0], 300, 300)
    assert (state["shown"], state["rules"]["Momentum"]) == (["Adam", "Momentum"], {"lr": 1e-3, "beta": 0.9})
    (record, source) = answer["rules"]["Momentum"]
    assert (record["label"], "update" in source) == ("Momentum", True)
    explorer.rules = ["Momentum"]
    assert page.heard()["state"]["shown"] == ["Momentum"]
    assert repr(explorer.rules) == repr([ol.Momentum(lr=1e-3)])
    explorer.f = "beale"
    assert page.heard()["functions"]["beale"][0]["title"] == "Beale"
    assert explorer.start == tuple(ol.FUNCTIONS["beale"].start)
    for rate in (1e-3, 1e-3 + 1e-9):  # of the same text
        explorer.turn("Momentum", lr=ol.schedules.Constant(rate))
        np.testing.assert_array_equal(explorer.paths[0].x, ol.minimize(explorer.f, ol.Momentum(lr=rate), steps=300).x)
    explorer.reset()
    assert explorer.code == code
    assert (page.heard()["state"]["shown"], page.heard()["state"]["steps"]) == (["Adam"], 20)


@pytest.mark.parametrize(("act", "error", "message"), [
    (lambda e: setattr(e, "start", (1, 2, 3)), ValueError, r"start=\(1, 2, 3\)"),
    (lambda e: setattr(e, "start", (0, np.nan)), ValueError, "start="),
    (lambda e: setattr(e, "steps", 0), ValueError, "steps=0"),
    (lambda e: setattr(e, "f", "beal"), ValueError, "f='beal' must be one of rosenbrock, sphere"),
    (lambda e: setattr(e, "f", "theta_squared"), ValueError, "f='theta_squared'"),
    (lambda e: setattr(e, "rules", ["Adm"]), KeyError, "did you mean 'Adam'"),
    (lambda e: setattr(e, "rules", "Adam"), TypeError, "rules='Adam'"),
    (lambda e: setattr(e, "rules", []), TypeError, r"rules=\[\]"),
    (lambda e: e.turn("Adam", lr=-1), ValueError, "lr=-1"), (lambda e: e.turn("Adam", rate=1), TypeError, "rate"),
    (lambda e: e.turn("Adam", lr=np.array([[0.1], [0.2]])), ValueError, "explore: each rule has one setting"),
])  # fmt: skip
def test_what_a_cell_may_not_set_is_named_and_nothing_changes(act, error, message):
    explorer = ol.explore(F, ol.Adam(lr=0.1), steps=20)
    page, code = Page(explorer), explorer.code
    before = page.heard()
    with pytest.raises(error, match=message):
        act(explorer)
    assert explorer.code == code
    assert page.heard() == before


def test_a_page_that_is_opened_again_hears_what_is_set():
    explorer = ol.explore(F, ol.Adam(lr=0.1), steps=20, beta1=0.8)
    explorer.start = (0.5, 2)
    explorer.f = "beale"
    explorer.turn("Nadam", lr=0.02)
    page = Page(explorer)
    assert (page.state["rules"]["Nadam"]["lr"], explorer.rules[1].beta1) == (0.02, 0.8)
    assert {"beale"} == {*page.heard()["functions"]}
    assert {"Nadam"} == {*page.heard()["rules"]}


def test_functions_and_rules_come_when_they_are_asked_for():
    f = ol.objective(lambda x, y: x**2 + 3 * y**2, name="mine", start=(2.0, 2.0))
    explorer = ol.explore(f, ol.GradientDescent(lr=0.1), steps=9)
    page = Page(explorer)
    catalog = page.heard()["catalog"]
    assert catalog["rules"] == list(ol.OPTIMIZERS)
    assert catalog["functions"] == ["mine", *(name for name, f in ol.FUNCTIONS.items() if f.dim == 2)]
    page.state["asked"] = []
    (data, source) = page.ask(functions="himmelblau")["functions"]["himmelblau"]
    assert (data["start"], "slopes" in source) == (list(ol.FUNCTIONS["himmelblau"].start), True)
    colors = [data_in(explorer.html())["rules"][0]["colors"]]
    for name in ("Momentum", "Nesterov", "Adam", "Nadam", "AMSGrad"):
        record, source = page.ask(rules=name)["rules"][name]
        colors.append(record["colors"])
        assert ("init" in source, record["call"]) == (True, f"ol.{name}")
    assert len({*map(str, colors)}) == len(colors), "no two rules share a color"
    rules = page.state["rules"] | {"Nadam": {"lr": 0.01}}
    page.turn(f="himmelblau", start=[1, 1], shown=["GradientDescent", "Nadam"], rules=rules)
    assert [type(path.rule).__name__ for path in explorer.paths] == ["GradientDescent", "Nadam"]
    assert explorer.paths[0].function is ol.FUNCTIONS["himmelblau"]
    page.turn(f="mine")
    assert explorer.paths[0].function is f


def test_what_a_page_cannot_compute_python_does():
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    f = ol.objective(lambda x, y: np.linalg.norm(A @ np.array([x, y])) ** 2, start=(2.0, 1.0))
    explorer = ol.explore(f, ol.GradientDescent(lr=0.05), ol.SimulatedAnnealing(), steps=700)
    page = Page(explorer)
    paths = page.turn(start=[1, 0.5], asked=["GradientDescent", "SimulatedAnnealing"])["paths"]
    for path, own in zip(explorer.paths, paths.values(), strict=True):
        np.testing.assert_allclose(own["points"][-1], path.x[-1], rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(own["values"], path.f[[*range(0, 700, own["stride"]), 700]], rtol=1e-6)


def test_what_the_page_says_wrongly_changes_nothing():
    explorer = ol.explore(F, ol.GradientDescent(lr=1e-3), steps=9)
    page, first = Page(explorer), explorer.code
    for wrong in ({"start": [None, 1]}, {"steps": 1e9}, {"f": "nowhere"}, {"shown": ["Adm"]},
                  {"rules": {"GradientDescent": {"lr": -1}}}):  # fmt: skip
        assert page.tell({"state": page.state | {"asked": []} | wrong})["error"]
        assert explorer.code == first
    before = page.heard()
    for nonsense in ("here", "", "3", "[1]", "{}"):
        page.field.value = nonsense
        assert explorer.code == first
        assert page.heard() == before


def test_a_start_without_a_value_is_reported():
    f = ol.objective(lambda x, y: np.log(x) + y**2, name="half", start=(1.0, 1.0), domain=((-1, 2), (-1, 2)))
    explorer = ol.explore(f, ol.GradientDescent(lr=0.1), steps=5)
    with pytest.raises(ValueError, match="not finite"):
        explorer.start = (-0.5, 1)
    assert explorer.start == (1.0, 1.0)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ol.explore("rosenbrock", ol.Adam), TypeError, "f='rosenbrock'"),
    (lambda: ol.explore(F), TypeError, "at least one optimizer"),
    (lambda: ol.explore(F, 3), TypeError, "rule=3"),
    (lambda: ol.explore(F, ol.Adam, gamma=1), TypeError, "gamma=1"),
    (lambda: ol.explore(F, ol.Adam, lr=-1), ValueError, "lr=-1"),
    (lambda: ol.explore(F, ol.Adam, lr=np.array([[0.1], [0.2]])), ValueError, "explore: each rule has one setting"),
    (lambda: ol.explore(F, ol.Adam, start=(1, 2, 3)), ValueError, "start="),
    (lambda: ol.explore(F, ol.Adam, steps=0), ValueError, "steps=0"),
    (lambda: ol.explore(F, ol.Adam, steps=1.5), TypeError, "steps=1.5"),
    (lambda: ol.explore(F, ol.Adam, extent=((1, 0), (0, 1))), ValueError, "extent="),
    (lambda: ol.explore(F.in_dim(3), ol.Adam), ValueError, "3 coordinates"),
])  # fmt: skip
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_output_is_the_same_in_every_run_but_for_the_name_of_the_bridge(shown):
    for _ in range(2):
        ol.explore(F, ol.Adam(lr=0.1), steps=20)._ipython_display_()
    first, view, second, other = shown
    ids = [each["application/vnd.jupyter.widget-view+json"]["model_id"] for each in (view, other)]
    assert ids[0] != ids[1], "two cells of equal content each have their own"
    assert first["text/html"].replace(ids[0], ids[1]) == second["text/html"] != first["text/html"]
    assert first["text/plain"] == "<explore Rosenbrock, Adam, lr 0.1, 20 steps from (-1.2, 1)>"
    assert set(view) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert "20 steps" in first["text/html"].split('alt="')[1].split('"')[0]


def test_names_cannot_break_out_of_the_html(shown):
    f = ol.objective(lambda x, y: x**2 + y**2, name='</figure><script>alert("1")</script>')
    ol.explore(f, ol.GradientDescent(lr=0.1), steps=3)._ipython_display_()
    assert "<script>alert" not in shown[0]["text/html"]
    assert "</figure><script" not in shown[0]["text/html"]


def test_json_cannot_end_its_element():
    text = page.escaped_json({"name": "</script><!--&\u2028"})
    assert not set("<>&\u2028") & set(text)


@pytest.mark.parametrize("start", [(1e6, -1e9), (1e100, 1e100)])
def test_a_start_far_outside_of_the_picture(start):
    explorer = ol.explore(ol.FUNCTIONS["sphere"], ol.GradientDescent(lr=0.1), start=start, steps=5)
    assert explorer.start == start
    assert explorer.paths[0].x[0].tolist() == list(start)
    assert data_in(explorer.html())["start"] == list(start)
