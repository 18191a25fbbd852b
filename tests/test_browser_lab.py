"""JupyterLab itself: notebook 01 is run up to its first explorable, sliders are dragged, pictures and Python follow."""

import asyncio
import json
import os
import runpy
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import accessibility
import nbformat
import numpy as np
import pytest

import optlib as ol

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build" / "artifacts"
test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pytestmark = test_browser.browser, test_browser.pytestmark
TOKEN = "for-this-test-only"
# Gray pictures that take some time.
TIMED = """
import io, time
from PIL import Image
def timed(gray, seconds):
    time.sleep(seconds)
    out = io.BytesIO()
    Image.new("L", (200, 100), gray).save(out, "PNG")
    return out.getvalue()
"""
BOARDS = {"quick": 0.02, "slow": 0.4}
# Explorers beside the code that Python has of them; a button sets them by a cell.
EXPLORERS = """
import html
import numpy as np
import ipywidgets as widgets
from IPython.display import display
def watched(explorer, act=lambda e: None):
    told, button = widgets.HTML(), widgets.Button(description="act")
    told.add_class("told")
    button.on_click(lambda _: act(explorer))
    explorer._bridge.children[0].observe(lambda _: setattr(told, "value", html.escape(explorer.code)), "value")
    display(told, button)
    return explorer
def act(e):
    e.start, e.steps = (0.5, 2), 70
    e.turn("Adam", lr=0.3)
A = np.array([[2.0, 0.5], [0.5, 1.0]])
bowl = ol.objective(lambda x, y: np.linalg.norm(A @ np.array([x, y])) ** 2, start=(2.0, 1.0))
"""
TWIN = """watched(ol.explore(ol.FUNCTIONS["rosenbrock"], ol.GradientDescent(lr=1e-3), steps=50), act)"""
KERNEL = """watched(ol.explore(bowl, ol.GradientDescent(lr=0.05), ol.SimulatedAnnealing, steps=50))"""
FIRST, SECOND, THIRD = "# the first twin", "# the second twin", "# by the kernel"
COUNTS = """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map((p) => p.textContent)"""


PATIENCE = 300  # seconds, for a busy machine


def until(condition, wait):
    """Whether ``condition`` comes true within the patience; ``wait`` is called between."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        wait()
    return False


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of the notebook in a JupyterLab of its own."""
    home = tmp_path_factory.mktemp("lab")
    write_notebook(home)
    with served(home) as address:
        yield address


def write_notebook(home):
    notebook = nbformat.read(ROOT / "notebooks" / "01_gradient_descent.ipynb", as_version=4)
    last = next(i for i, cell in enumerate(notebook.cells) if "ol.explore(square" in cell.source)
    # Without prose: to set its formulas takes JupyterLab seconds.
    notebook.cells = [cell for cell in notebook.cells[: last + 1] if cell.cell_type == "code"]
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
    board = "# {}\nol.sliders(lambda gray: timed(gray, {}), gray=(0, 250, 0))"
    notebook.cells += map(nbformat.v4.new_code_cell, [TIMED, *(board.format(*each) for each in BOARDS.items())])
    explorers = [f"{FIRST}\n{TWIN}", f"{SECOND}\n{TWIN}", f"{THIRD}\n{KERNEL}"]
    notebook.cells += map(nbformat.v4.new_code_cell, [EXPLORERS, *explorers])
    nbformat.write(notebook, home / "notebook.ipynb")


@contextmanager
def served(home):
    """JupyterLab as `make lab` sets it, on a folder with ``notebook.ipynb``; gives the address of that."""
    dirs = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython"}  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
               f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home}"]  # fmt: skip
    environment = {**os.environ, **{k: str(home / v) for k, v in dirs.items()}}
    environment["JUPYTER_CONFIG_PATH"] = str(ROOT / "tools" / "lab")  # as `make lab` does
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            found = lambda: list(home.glob("runtime/jpserver-*.json")) or server.poll() is not None
            until(found, lambda: time.sleep(0.2))
            assert server.poll() is None, (home / "log").read_text()
            (about,) = home.glob("runtime/jpserver-*.json")  # it took the first port that was free
            yield f"{json.loads(about.read_text())['url']}lab/tree/notebook.ipynb?token={TOKEN}"
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


@pytest.fixture(scope="module")
def tab(lab, browser):
    """The notebook, run from top to bottom."""
    tab = browser.new_page(viewport={"width": 1500, "height": 1000})
    tab.set_default_timeout(1000 * PATIENCE)
    tab.goto(lab)
    tab.wait_for_selector(".jp-Notebook .jp-CodeCell")
    tab.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    tab.wait_for_function(f"() => ({COUNTS})().every((c) => !c || /\\d/.test(c))")
    yield tab
    tab.close()


def test_the_server_sends_messages_at_once(monkeypatch):
    handlers = pytest.importorskip("jupyter_server.services.kernels.websocket")
    calls = []

    class Handler:
        set_nodelay = staticmethod(calls.append)

        async def open(self, kernel_id):
            calls.append(kernel_id)

    monkeypatch.setattr(handlers, "KernelWebsocketHandler", Handler)
    contents = pytest.importorskip("jupyter_server.services.contents.manager").ContentsManager
    monkeypatch.setattr(contents, "mark_trusted_cells", contents.mark_trusted_cells)
    runpy.run_path(str(ROOT / "tools" / "lab" / "jupyter_server_config.py"))
    asyncio.run(Handler().open(kernel_id="a kernel"))
    assert calls == [True, "a kernel"]


def test_every_cell_ran(tab):
    for number, text in enumerate(tab.evaluate(COUNTS), start=1):
        assert text in (f"[{number}]:", "")  # folded solutions show no number
    assert tab.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert tab.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


def drag(tab, handle, distances, frame=16):
    """Drag the handle of a slider by so many pixels, in frames of so many ms, and leave the mouse button down."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    for distance in distances:
        tab.mouse.move(x + distance, y)
        tab.wait_for_timeout(frame)


# Count the pictures that the browser has loaded.
COUNT = """(image) => {
  image.pictures = 0;
  image.addEventListener("load", () => { image.pictures += 1; });
}"""

GRAY = """(image) => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.drawImage(image, 0, 0, 1, 1);
  return pen.getImageData(0, 0, 1, 1).data[0];
}"""


def test_the_first_sliders_of_the_course_follow_the_mouse(tab):
    host = tab.locator(".jp-CodeCell", has_text="ol.plots.secant").locator(".optlib-drawing").first
    slider, canvas = host.get_by_role("slider", name="h"), host.locator("canvas").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    pictures = set()
    try:
        for share in (0.6, 0.7, 0.8, 0.9):
            tab.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            pictures.add(canvas.evaluate("(canvas) => canvas.toDataURL()"))
    finally:
        tab.mouse.up()
    assert len(pictures) == 4


@pytest.mark.parametrize("name", BOARDS)
def test_a_picture_follows_the_mouse_and_ends_where_it_is_released(tab, name):
    cell = tab.locator(".jp-CodeCell", has_text=f"# {name}")
    picture = cell.locator(".widget-image, img.jupyter-widgets").first
    picture.evaluate(COUNT)
    # As fast as the mouse goes; on a busy machine that is slow, and a quick picture may follow each move.
    drag(tab, cell.locator(".noUi-handle").first, range(1, 91), frame=0)
    pictures = lambda: picture.evaluate("(image) => image.pictures")
    try:
        assert until(lambda: pictures() >= 2, lambda: tab.wait_for_timeout(20))
        assert pictures() < (90 if name == "slow" else 91)  # of a slow picture some values in between are left out
    finally:
        tab.mouse.up()
    wanted = int(cell.locator(".widget-readout").first.text_content())
    assert until(lambda: picture.evaluate(GRAY) == wanted, lambda: tab.wait_for_timeout(100))


class Explorer:
    """The explorable of a cell: its element, its object in the page, and what Python knows of it."""

    def __init__(self, tab, cell):
        self.tab, self.cell = tab, tab.locator(".jp-CodeCell", has_text=cell)
        self.host = self.cell.locator(".optlib-explorable").first
        self.host.scroll_into_view_if_needed()
        assert until(lambda: self.ask("Boolean(player?.catalog.rules)"), self.wait), "Python has not answered"

    def wait(self):
        self.tab.wait_for_timeout(50)

    def ask(self, code):
        return self.host.evaluate(f"(host) => {{ const player = host.player; return {code}; }}")

    def told(self):
        return self.cell.locator(".told .widget-html-content").text_content()

    def shown(self):
        return self.host.locator(".code").text_content()

    def agree(self):
        """Whether Python comes to know what the page shows."""
        return until(lambda: self.told().strip() == self.shown().strip(), self.wait)

    def drag(self, element, start, end, up=0.5):
        """Press at a fraction of an element's width, move to another, as fast as it goes, and let go."""
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        y = box["y"] + up * box["height"]
        self.tab.mouse.move(box["x"] + start * box["width"], y)
        self.tab.mouse.down()
        self.tab.mouse.move(box["x"] + end * box["width"], y, steps=40)
        self.tab.mouse.up()


def test_a_drag_ends_in_python_where_it_ends_in_the_page_in_the_cell_of_its_own(tab):
    one, other = Explorer(tab, FIRST), Explorer(tab, SECOND)
    before = other.shown()
    one.drag(one.host.get_by_role("slider", name="lr"), 0.1, 0.5)
    lr = one.ask("player.settings[0].lr")
    assert lr > 1e-3
    assert f"lr={lr!r}" in one.shown()
    assert one.agree()
    one.drag(one.host.locator("canvas.map"), 0.3, 0.6)
    assert one.ask("player.start[0]") > 0
    assert one.agree()
    one.drag(one.host.locator("canvas.curve").first, 0.9, 0.5)
    assert one.ask("player.step") < 30
    assert one.agree()
    one.drag(one.host.locator("canvas.curve").nth(1), 0.5, 0.2)
    assert one.ask("player.settings[0].lr") < lr
    assert one.agree()
    assert other.shown() == before
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=ARTIFACTS / "lab_explorer.png")


def test_a_cell_sets_what_is_shown_and_other_rules_and_functions_come_from_python(tab):
    explorer = Explorer(tab, SECOND)
    explorer.cell.get_by_role("button", name="act").click()
    assert until(lambda: explorer.ask("player.shown.length") == 2, explorer.wait)
    assert explorer.ask("[player.start, player.step, player.settings[1].lr]") == [[0.5, 2], 70, 0.3]
    path = ol.minimize(ol.FUNCTIONS["rosenbrock"], ol.Adam(lr=0.3), (0.5, 2), 70)
    assert explorer.ask("player.tracks[1].reached") == pytest.approx(path.f[-1], rel=1e-6)
    explorer.host.get_by_role("combobox", name="function").select_option("himmelblau")
    assert until(lambda: "himmelblau" in explorer.shown(), explorer.wait)
    explorer.host.get_by_role("combobox", name="add a rule").select_option("Nadam")
    assert until(lambda: "Nadam" in explorer.shown(), explorer.wait)
    assert explorer.agree()
    explorer.host.get_by_role("checkbox", name="GradientDescent").uncheck()
    assert "GradientDescent" not in explorer.shown()
    assert explorer.agree()
    explorer.host.get_by_role("button", name="reset").click()
    assert "rosenbrock" in explorer.shown()
    assert explorer.agree()


def test_what_no_page_can_compute_follows_by_way_of_python(tab):
    explorer = Explorer(tab, THIRD)
    ends = "player.tracks.map((track) => track.reached)"
    assert until(lambda: None not in explorer.ask(ends), explorer.wait)
    before = explorer.ask(ends)
    explorer.drag(explorer.host.locator("canvas.map"), 0.6, 0.4, up=0.3)
    assert explorer.agree()
    assert until(lambda: explorer.ask(ends) != before, explorer.wait)
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    bowl = ol.objective(lambda x, y: np.linalg.norm(A @ np.array([x, y])) ** 2, start=(2.0, 1.0))
    wanted = ol.minimize(bowl, ol.GradientDescent(lr=0.05), explorer.ask("player.start"), 50).f[-1]
    assert until(lambda: explorer.ask(ends)[0] == pytest.approx(wanted, rel=1e-5), explorer.wait)


@pytest.mark.parametrize("sidebar", [True, False])
def test_picture_and_slider_are_in_sight_together_in_a_small_window(tab, sidebar):
    """A window of 1280 x 720 at 150 %."""
    explorer = Explorer(tab, FIRST)
    side = tab.locator(".jp-SideBar.jp-mod-left .lm-TabBar-tab").first
    try:
        tab.set_viewport_size({"width": 853, "height": 480})
        if not sidebar:
            side.click()
        slider, last = (explorer.host.get_by_role("slider", name=name) for name in ("lr", "steps"))
        assert until(lambda: explorer.host.bounding_box()["width"] < 800, explorer.wait)
        assert slider.bounding_box()["width"] >= 220
        last.evaluate("(element) => element.scrollIntoView({ block: 'end' })")
        notebook = tab.locator(".jp-WindowedPanel-outer").first.bounding_box()

        def seen():
            picture = explorer.host.locator("canvas.map").bounding_box()
            boxes = [picture, slider.bounding_box(), last.bounding_box()]
            return all(notebook["y"] - 2 <= box["y"] <= notebook["y"] + notebook["height"] - box["height"] + 2
                       for box in boxes)  # fmt: skip

        assert until(seen, explorer.wait)
    finally:
        if not sidebar:
            side.click()
        tab.set_viewport_size({"width": 1500, "height": 1000})


def test_no_serious_accessibility_violation(tab):
    pytest.importorskip("axe_playwright_python")
    Explorer(tab, FIRST)
    assert accessibility.run(tab, {"include": [[".optlib-explorable"]]}) == {}


def test_players_are_alive(tab):
    cell = tab.locator(".jp-CodeCell", has_text="ol.animate(square")
    host = cell.locator(".optlib-animation").first
    host.scroll_into_view_if_needed()
    host.get_by_role("slider", name="Step").focus()
    tab.keyboard.press("Home")
    assert host.evaluate("(host) => host.player.step") == 0
    tab.keyboard.press("ArrowRight")  # JupyterLab has its own use for arrow keys
    assert host.evaluate("(host) => host.player.step") == 1


def test_reopened_without_a_kernel_explorers_are_alive_and_nothing_tells_of_widgets(lab, tab):
    """The last test: it ends the kernel."""
    wait = lambda: tab.wait_for_timeout(100)
    tab.locator(".jp-CodeCell").first.click()
    tab.keyboard.press("Control+s")
    assert until(lambda: not tab.locator(".jp-mod-dirty").count(), wait)
    tab.get_by_role("menuitem", name="Kernel", exact=True).click()
    tab.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    tab.goto("about:blank")
    tab.goto(lab)
    cell = tab.locator(".jp-CodeCell", has_text=FIRST)
    host = cell.locator(".optlib-explorable").first
    host.scroll_into_view_if_needed()
    assert until(lambda: host.evaluate("(host) => Boolean(host.player?.map.look)"), wait)
    assert not host.evaluate("(host) => host.player.bridge.open")
    before = host.locator(".code").text_content()
    host.get_by_role("slider", name="lr").press("ArrowRight")
    assert host.locator(".code").text_content() != before
    error = cell.locator(".jp-OutputArea-child").filter(has_text="model not found").last
    error.wait_for(state="attached")  # that of the bridge, after those of the button and the text of this test
    assert until(lambda: not error.is_visible(), wait)
    still = tab.locator(".jp-CodeCell", has_text=THIRD).locator(".optlib-explorable").first
    still.get_by_text("This picture moves only where Python runs").wait_for()
