"""Explorers and sliders in Notebook 7 and in Voila: `make test-frontends`.

The server and its kernels run in an environment of their own, build/notebook7-venv; the browser is driven from .venv.
JupyterLab itself: tests/test_browser_lab.py.
"""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
import test_browser_lab as lab

import optlib as ol

ROOT = Path(__file__).resolve().parents[2]
browser = lab.browser
CELLS = ("import optlib as ol", lab.EXPLORERS, lab.TWIN, lab.KERNEL, lab.TIMED,
         "ol.sliders(lambda gray: timed(gray, 0.05), gray=(0, 250, 0))")  # fmt: skip
FRONTENDS = {"notebook 7": "notebooks/notebook.ipynb", "voila": "voila/render/notebook.ipynb"}  # pages of the server


@contextlib.contextmanager
def served(home):
    """A server on a folder; gives its address."""
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
               "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
               "IPYTHONDIR": "ipython"}  # fmt: skip
    about = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}, "PYTHONPATH": str(ROOT)}
    command = [ROOT / "build" / "notebook7-venv" / "bin" / "python", "-m", "notebook", "--no-browser", "--allow-root",
               f"--IdentityProvider.token={lab.TOKEN}", f"--ServerApp.root_dir={home}"]  # fmt: skip
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=about)
        try:
            told = lambda: list(home.glob("runtime/jpserver-*.json")) or server.poll() is not None
            lab.until(told, lambda: time.sleep(0.2))
            assert server.poll() is None, (home / "log").read_text()
            (about,) = home.glob("runtime/jpserver-*.json")
            yield json.loads(about.read_text())["url"]
        finally:
            server.terminate()
            server.wait(timeout=lab.PATIENCE)


@pytest.fixture(scope="module", params=FRONTENDS)
def tab(request, browser, tmp_path_factory):
    """The notebook in a front end, with all cells run."""
    home = tmp_path_factory.mktemp("frontend")
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, home / "notebook.ipynb")
    with served(home) as address:
        tab = browser.new_page(viewport={"width": 1400, "height": 1000})
        tab.set_default_timeout(1000 * lab.PATIENCE)
        tab.goto(f"{address}{FRONTENDS[request.param]}?token={lab.TOKEN}", wait_until="commit")
        if request.param == "notebook 7":
            tab.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", state="attached")
            asked = lambda: tab.evaluate(lab.COUNTS)[0].strip() != "[ ]:"
            assert lab.until(asked, lambda: run_all(tab)), "no cell was run"
        tab.locator(".widget-image, img.jupyter-widgets").first.wait_for()  # the last cell's: nothing moves any more
        yield tab
        tab.close()


def run_all(tab):
    """Too early, it does nothing: the menu is there before the kernel."""
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    tab.wait_for_timeout(2000)


class Explorer(lab.Explorer):
    """That of an output, counted from the first: Voila shows no cells."""

    def __init__(self, tab, i):
        self.tab, self.i = tab, i
        self.host = tab.locator(".optlib-explorable").nth(i)
        self.host.scroll_into_view_if_needed()
        assert lab.until(lambda: self.ask("Boolean(player?.catalog.rules)"), self.wait), "Python has not answered"

    def told(self):
        return self.tab.locator(".told .widget-html-content").nth(self.i).text_content()


def test_a_drag_ends_in_python_where_it_ends_in_the_page(tab):
    explorer = Explorer(tab, 0)
    explorer.drag(explorer.host.get_by_role("slider", name="lr"), 0.1, 0.5)
    assert explorer.ask("player.settings[0].lr") > 1e-3
    assert explorer.agree()
    explorer.drag(explorer.host.locator("canvas.map"), 0.3, 0.6)
    assert explorer.ask("player.start[0]") > 0
    assert explorer.agree()


def test_a_cell_sets_what_is_shown_and_other_rules_come_from_python(tab):
    explorer = Explorer(tab, 0)
    tab.get_by_role("button", name="act").first.click()
    assert lab.until(lambda: explorer.ask("player.shown.length") == 2, explorer.wait)
    path = ol.minimize(ol.FUNCTIONS["rosenbrock"], ol.Adam(lr=0.3), (0.5, 2), 70)
    assert explorer.ask("player.tracks[1].reached") == pytest.approx(path.f[-1], rel=1e-6)
    explorer.host.get_by_role("combobox", name="add a rule").select_option("Nadam")
    assert lab.until(lambda: "Nadam" in explorer.shown(), explorer.wait)
    assert explorer.agree()


def test_what_no_page_can_compute_follows_by_way_of_python(tab):
    explorer = Explorer(tab, 1)
    ends = "player.tracks.map((track) => track.reached)"
    assert lab.until(lambda: None not in explorer.ask(ends), explorer.wait)
    before = explorer.ask(ends)
    explorer.drag(explorer.host.locator("canvas.map"), 0.6, 0.4, up=0.3)
    assert explorer.agree()
    assert lab.until(lambda: explorer.ask(ends) != before, explorer.wait)


def test_a_picture_follows_the_mouse_and_ends_where_it_is_released(tab):
    picture = tab.locator(".widget-image, img.jupyter-widgets").first
    picture.evaluate(lab.COUNT)
    lab.drag(tab, tab.locator(".noUi-handle").first, range(1, 91), frame=0)
    wait = lambda: tab.wait_for_timeout(50)
    try:
        assert lab.until(lambda: picture.evaluate("(image) => image.pictures") >= 2, wait)
    finally:
        tab.mouse.up()
    wanted = int(tab.locator(".widget-readout").first.text_content())
    assert wanted > 0
    assert lab.until(lambda: picture.evaluate(lab.GRAY) == wanted, wait)


def test_no_hidden_bridge_is_seen(tab):
    assert not tab.locator("[class*='optlib-bridge']").first.is_visible()
