"""JupyterLab itself: notebook 01 is run, a slider is dragged with the mouse, and the picture follows."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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
COUNTS = """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map((p) => p.textContent)"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab of its own over copies of the notebooks."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    port = free_port()
    dirs = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTERLAB_SETTINGS_DIR": "settings",
            "IPYTHONDIR": "ipython", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
               f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home}"]  # fmt: skip
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **{k: str(home / v) for k, v in dirs.items()}}
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, home / "log")
            yield f"http://127.0.0.1:{port}/lab/tree/notebooks/{{}}?token={TOKEN}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(url, server, log):
    for _ in range(120):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def tab(lab, browser):
    """Notebook 01, run from top to bottom."""
    tab = browser.new_page(viewport={"width": 1500, "height": 1000})
    tab.goto(lab.format("01_gradient_descent.ipynb"))
    tab.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    tab.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=60_000)
    # The notebook comes with stored counts: they are cleared first, so that what is waited for is the run.
    tab.get_by_role("menuitem", name="Edit", exact=True).click()
    tab.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    tab.wait_for_function(f"() => ({COUNTS})().every((c) => !c || /\\d/.test(c))", timeout=90_000)
    yield tab
    tab.close()


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
    tab.wait_for_timeout(800)
    after = picture.screenshot()
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=ARTIFACTS / "lab_slider.png")
    assert after != before


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
    # A busy machine takes its time; what counts is where the start comes to rest.
    for _ in range(100):
        tab.wait_for_timeout(100)
        if abs(float(readout.text_content().replace("−", "-")) - wanted) < 0.02 * (high - low):
            break
    else:
        pytest.fail(f"the start went from {start} to {readout.text_content()}, not to {wanted:.2f}")
    assert picture.screenshot() != before


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
