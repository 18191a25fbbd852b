"""JupyterLab itself: notebook 01 is run up to its first explorable, sliders are dragged, the pictures follow."""

import asyncio
import json
import os
import runpy
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

import optlib as ol

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build" / "artifacts"
test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pytestmark = test_browser.browser, test_browser.pytestmark
TOKEN = "for-this-test-only"
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells are on the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
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
    del notebook.cells[last + 1 :]
    board = "# {}\nol.sliders(lambda gray: timed(gray, {}), gray=(0, 250, 0))"
    notebook.cells += map(nbformat.v4.new_code_cell, [TIMED, *(board.format(*each) for each in BOARDS.items())])
    nbformat.write(notebook, home / "notebook.ipynb")


@contextmanager
def served(home):
    """JupyterLab as `make lab` sets it, on a folder with ``notebook.ipynb``; gives the address of that."""
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
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
    # The notebook comes with stored counts: they are cleared first, so that what is waited for is the run.
    tab.get_by_role("menuitem", name="Edit", exact=True).click()
    tab.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
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


def test_dragging_a_slider_changes_the_picture(tab):
    cell = tab.locator(".jp-CodeCell", has_text="ol.explore(square")
    handle = cell.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    picture = cell.locator(".widget-image, img.jupyter-widgets").first
    picture.wait_for()
    before = picture.screenshot()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 30, y, steps=6)
    tab.mouse.up()
    changed = until(lambda: picture.screenshot() != before, lambda: tab.wait_for_timeout(100))
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=ARTIFACTS / "lab_slider.png")
    assert changed


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
    # Faster than any picture: at the pace of frames a slow mouse may get a picture for each move.
    drag(tab, cell.locator(".noUi-handle").first, range(1, 91), frame=0)
    pictures = lambda: picture.evaluate("(image) => image.pictures")
    try:
        assert until(lambda: pictures() >= 2, lambda: tab.wait_for_timeout(20))
        assert pictures() < 90  # some values in between are left out
    finally:
        tab.mouse.up()
    wanted = int(cell.locator(".widget-readout").first.text_content())
    gray = """(image) => {
      const pen = new OffscreenCanvas(1, 1).getContext("2d");
      pen.drawImage(image, 0, 0, 1, 1);
      return pen.getImageData(0, 0, 1, 1).data[0];
    }"""
    assert until(lambda: picture.evaluate(gray) == wanted, lambda: tab.wait_for_timeout(100))


def test_a_click_on_the_live_picture_moves_the_start(tab):
    cell = tab.locator(".jp-CodeCell", has_text="ol.explore(square")
    picture = cell.locator("img.optlib-map, .optlib-map img").first
    picture.scroll_into_view_if_needed()
    box, before = picture.bounding_box(), picture.screenshot()
    readout = cell.locator(".widget-readout").last
    start = readout.text_content()
    tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    tab.mouse.up()
    ((low, high),) = ol.FUNCTIONS["theta_squared"].domain
    wanted = low + (high - low) * (0.4 * 600 - 60) / (600 - 60 - 14)
    at = lambda: float(readout.text_content().replace("−", "-"))
    arrived = until(lambda: abs(at() - wanted) < 0.02 * (high - low), lambda: tab.wait_for_timeout(100))
    assert arrived, f"the start went from {start} to {at()}, not to {wanted:.2f}"
    assert until(lambda: picture.screenshot() != before, lambda: tab.wait_for_timeout(100))


def test_the_stored_explorable_steps_aside_for_the_live_one(tab):
    cell = tab.locator(".jp-CodeCell", has_text="ol.explore(square")
    assert cell.locator(".noUi-handle").first.is_visible()
    assert not cell.locator(".optlib-explorable").first.is_visible()


def test_players_are_alive(tab):
    cell = tab.locator(".jp-CodeCell", has_text="ol.animate(square")
    host = cell.locator(".optlib-animation").first
    host.scroll_into_view_if_needed()
    host.get_by_role("slider", name="Step").focus()
    tab.keyboard.press("Home")
    assert host.evaluate("(host) => host.player.step") == 0
    tab.keyboard.press("ArrowRight")  # JupyterLab has its own use for arrow keys
    assert host.evaluate("(host) => host.player.step") == 1
