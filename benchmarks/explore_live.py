"""From the mouse to new pixels in JupyterLab: `python benchmarks/explore_live.py [--out FILE]`.

A slider is dragged in a real JupyterLab, in Chromium: that of `ol.explore`, with five paths of 200 and of 1,000 steps,
and in the same run that of ipywidgets' interact, which builds the matplotlib figure anew.  Times go from the moment at
which the page gets the event of the mouse to the moment at which the new pixels are drawn: for ours when the canvas is,
for the peer when its new image is decoded.  Also: the size of the stored explorables of the course.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import nbformat
import spine
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN, MOVES, PATIENCE = "for-this-run-only", 60, 300_000
SETTINGS = {"notebook-extension/tracker": {"windowingMode": "none"},
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}  # fmt: skip
SETUP = """
import optlib as ol
f = ol.functions.quadratic(kappa=20, angle=30)
rules = [ol.GradientDescent, ol.Momentum, ol.AdaGrad, ol.RMSProp, ol.Adam]
"""
OURS = "# ours {0}\nol.explore(f, *[rule(lr=0.1) for rule in rules], start=(-4.0, 2.0), steps={0})"
PEER = """# peer {0}
import ipywidgets, matplotlib.pyplot as plt, numpy as np
X, Y = np.meshgrid(np.linspace(-5, 5, 400), np.linspace(-5, 5, 400))
Z = f.at(X, Y)
def draw(exponent):
    plt.figure(figsize=(6, 5))
    plt.contourf(X, Y, np.log(Z + 1e-3), 16)
    for rule in rules:
        plt.plot(*ol.minimize(f, rule(lr=10**exponent), start=(-4.0, 2.0), steps={0}).x.T, label=rule.__name__)
    plt.legend()
    plt.show()
ipywidgets.interact(draw, exponent=ipywidgets.FloatSlider(-1.0, min=-3.0, max=0.0, step=0.01));
"""
# The page notes when it gets a move of the mouse with the button down, and when new pixels are there.
WATCH_OURS = """(cell) => {
  const { player } = cell.querySelector(".optlib-explorable"), { draw } = player;
  window.times = [];
  let moved = null;
  addEventListener("pointermove", (event) => { if (event.buttons) moved = performance.now(); }, true);
  player.draw = function () {
    draw.call(this);
    player.map.pen.getImageData(0, 0, 1, 1);  // what is asked for has been drawn
    if (moved !== null) times.push(performance.now() - moved);
    moved = null;
  };
}"""
WATCH_PEER = """(cell) => {
  window.times = [];
  let moved = null;
  addEventListener("pointermove", (event) => { if (event.buttons) moved ??= performance.now(); }, true);
  const seen = new WeakSet(cell.querySelectorAll("img"));
  new MutationObserver(() => {
    for (const image of cell.querySelectorAll("img")) {
      if (seen.has(image)) continue;
      seen.add(image);
      image.decode().then(() => { if (moved !== null) times.push(performance.now() - moved); moved = null; }, () => {});
    }
  }).observe(cell, { childList: true, subtree: true });
}"""


def main():
    parser = spine.command_line(__doc__)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as play:
        times = in_the_lab(play, pathlib.Path(home))
    load, sizes = os.getloadavg()[0], stored_sizes()
    results = []
    for steps in (200, 1000):
        pair = {name: times[f"{name} {steps}"] for name in ("ours", "peer")}
        what = f"mouse to new pixels, 5 paths of {steps:,} steps"
        results.append(spine.result(what, "interact, figure built anew", pair, least_ratio=15.0))
    print(spine.table(results))
    p95 = {name: round(statistics.quantiles(t, n=20)[-1], 6) for name, t in times.items()}
    print("95th percentiles:", ", ".join(f"{name} {spine.seconds(t)}" for name, t in p95.items()), f"; load {load:.1f}")
    print("stored explorables:", ", ".join(f"{name} {size:,} bytes" for name, size in sizes.items()))
    record = {"command": "python benchmarks/explore_live.py --out data/benchmarks/explore_live.json", "load": load}
    spine.write(arguments.out, record | {"results": results, "p95_s": p95, "stored_bytes": sizes})


def in_the_lab(play, home):
    """Seconds of each cell: "ours 200", "peer 200" and so on."""
    names = [f"{name} {steps}" for steps in (200, 1000) for name in ("ours", "peer")]
    cells = [SETUP, *((OURS if name[0] == "o" else PEER).format(int(name[5:])) for name in names)]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, home / "notebook.ipynb")
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
               "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}  # fmt: skip
    environment = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}
    environment |= {"JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "lab"), "PYTHONPATH": str(ROOT)}  # as `make lab` does
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
               f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home}"]  # fmt: skip
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (told := list(home.glob("runtime/jpserver-*.json"))):
            time.sleep(0.2)
        address = f"{json.loads(told[0].read_text())['url']}lab/tree/notebook.ipynb?token={TOKEN}"
        options = {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox", "--disable-gpu"]}
        tab = play.chromium.launch(**options).new_page(viewport={"width": 1400, "height": 1000})
        tab.set_default_timeout(PATIENCE)
        tab.goto(address)
        tab.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        ran = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every((e) => /\\d/.test(e.textContent))"
        tab.wait_for_function(ran)
        return {name: dragged(tab, name) for name in names}
    finally:
        server.terminate()
        server.wait()


def dragged(tab, name):
    """Seconds from each move of the mouse to new pixels; each move waits until the last one is drawn."""
    cell = tab.locator(".jp-CodeCell", has_text=f"# {name}")
    ours = name.startswith("ours")
    slider = cell.get_by_role("slider", name="lr") if ours else cell.locator(".noUi-handle").first
    slider.wait_for()
    tab.wait_for_timeout(3000)  # until all is quiet: JupyterLab may draw an output anew
    slider.scroll_into_view_if_needed()
    cell.evaluate(WATCH_OURS if ours else WATCH_PEER)
    box = slider.bounding_box()
    x, y = box["x"] + box["width"] * (0.6 if ours else 0.5), box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    for move in range(1, MOVES + 1):
        before = tab.evaluate("times.length")
        tab.mouse.move(x - (move if ours else 0.8 * move), y)
        end = time.monotonic() + 2  # a move may be too small for another value
        while tab.evaluate("times.length") == before and time.monotonic() < end:
            tab.wait_for_timeout(5)
    tab.mouse.up()
    return [t / 1000 for t in tab.evaluate("times")][3:]


def stored_sizes():
    """Bytes of HTML of each explorable that the notebooks store, by notebook and cell."""
    sizes = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                html = output.get("data", {}).get("text/html", "")
                if "optlib-explorable" in html and "ol.explore" in cell.source:
                    sizes[f"{path.stem[:2]} {cell.id}"] = len(html.encode())
    return sizes


if __name__ == "__main__":
    main()
