"""Speed and size of the pictures, in one run: `python benchmarks/pictures.py [--out data/benchmarks/pictures.json]`.

1. A slider message to a real kernel until the new picture has come back, against ipywidgets' interact that builds the
   matplotlib figure anew: five paths of 200 steps.
2. Five paths of 100 frames as a page of HTML, and its size, against matplotlib's FuncAnimation.to_jshtml.
3. The same as an animated GIF, against FuncAnimation with PillowWriter.
4. A heat map of 200 x 200 settings x 200 steps: the values, and the values with their picture.

The peers of 2 and 3 take a quarter of a minute each and run once; ours run five times, and medians are compared.
"""

import argparse
import pathlib
import statistics
import tempfile
import time

import numpy as np
import spine
from jupyter_client.manager import start_new_kernel
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from spine import ol

STEPS, FRAMES, MESSAGES = 200, 100, 60
SETUP = """
import optlib as ol
f = ol.functions.quadratic(kappa=20, angle=30)
rules = [ol.GradientDescent, ol.Momentum, ol.AdaGrad, ol.RMSProp, ol.Adam]
"""
OURS = SETUP + """
shown = ol.explore(f, *[rule(lr=0.1) for rule in rules], start=(-4.0, 2.0), steps=200)
print(shown.panel.children[0].model_id, shown.picture.model_id)
"""
PEER = SETUP + """
import ipywidgets, matplotlib.pyplot as plt, numpy as np
from IPython import get_ipython
get_ipython().run_line_magic("matplotlib", "inline")
X, Y = np.meshgrid(np.linspace(-5, 5, 400), np.linspace(-5, 5, 400))
Z = f.at(X, Y)
def draw(exponent):
    plt.figure(figsize=(6, 5))
    plt.contourf(X, Y, np.log(Z + 1e-3), 16)
    for rule in rules:
        plt.plot(*ol.minimize(f, rule(lr=10**exponent), start=(-4.0, 2.0), steps=200).x.T, label=rule.__name__)
    plt.legend()
    plt.show()
slider = ipywidgets.FloatSlider(-1.0, min=-3.0, max=0.0, step=0.01)
shown = ipywidgets.interactive(draw, exponent=slider)
display(shown)
print(slider.model_id, shown.out.model_id)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, help="also write the result to this JSON file")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each of our measurements (default 5)")
    arguments = parser.parse_args()

    sliders, p95 = slider_in_a_kernel()
    film, sizes = animation(arguments.repeats)
    results = [sliders, film, gif(arguments.repeats), *heat_map(arguments.repeats)]
    print(spine.table(results))
    print(f"slider, 95th percentile: ours {spine.seconds(p95['ours'])}, peer {spine.seconds(p95['peer'])}")
    print("animation, size: ours {ours:,} bytes, peer {peer:,} bytes, {ratio:.0f} x smaller".format(**sizes))
    if arguments.out:
        command = "python benchmarks/pictures.py --out data/benchmarks/pictures.json"
        record = {**spine.circumstances(), "command": command, "repeats": arguments.repeats, "results": results}
        spine.write(arguments.out, {**record, "slider_p95_s": p95, "animation_bytes": sizes})
        print(f"written to {arguments.out}")


def slider_in_a_kernel():
    # Our slider is logarithmic and sends the learning rate itself, the peer's sends its exponent.
    times = {"ours": kernel_times(OURS, lambda e: 10**e), "peer": kernel_times(PEER, lambda e: e)}
    p95 = {name: round(statistics.quantiles(t, n=20)[-1], 6) for name, t in times.items()}
    what = "slider message to new picture, 5 paths of 200 steps"
    return spine.result(what, "interact, figure built anew", times, least_ratio=10.0), p95


def kernel_times(code, scale):
    """Seconds from sending a new value of the slider to the arrival of the new picture, many times."""
    manager, client = start_new_kernel(kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=40"])
    try:
        messages = []
        client.execute_interactive(code, timeout=120, output_hook=messages.append)
        printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream").split()
        slider, picture = printed[-2:]
        return [send(client, slider, picture, value) for value in values(scale)][5:]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def values(scale):
    """Positions of the slider, all different."""
    return [scale(-2.5 + 2.0 * i / MESSAGES) for i in range(MESSAGES + 5)]


def send(client, slider, picture, value):
    """Seconds until the new picture has come; wait for the kernel to become idle, but do not count that."""
    state = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    message = client.session.msg("comm_msg", {"comm_id": slider, "data": state})
    arrived = None
    start = time.perf_counter()
    client.shell_channel.send(message)
    while True:
        answer = client.get_iopub_msg(timeout=30)
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if arrived is None and is_picture(answer, picture):
            arrived = time.perf_counter() - start
        if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
            assert arrived is not None, "the kernel sent no new picture"
            return arrived


def is_picture(answer, picture):
    """Whether a message brings a PNG: as the value of our image widget, or as the output that interact shows."""
    content = answer["content"]
    if answer["msg_type"] == "comm_msg":
        return content["comm_id"] == picture and bool(answer["buffers"])
    return answer["msg_type"] == "display_data" and "image/png" in content["data"]


def function_and_paths():
    f = ol.functions.quadratic(kappa=20, angle=30)
    rules = [ol.GradientDescent, ol.Momentum, ol.AdaGrad, ol.RMSProp, ol.Adam]
    return f, *(ol.minimize(f, rule(lr=0.1), start=(-4.0, 2.0), steps=FRAMES - 1) for rule in rules)


def func_animation():
    """The same film as matplotlib makes it: contours drawn once, lines that grow."""
    f, *trajectories = function_and_paths()
    figure = Figure(figsize=(6, 5), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    X, Y = np.meshgrid(np.linspace(-5, 5, 400), np.linspace(-5, 5, 400))
    axes.contourf(X, Y, np.log(f.at(X, Y) + 1e-3), 16)
    lines = [axes.plot([], [], label=type(path.rule).__name__)[0] for path in trajectories]
    axes.legend()

    def frame(step):
        for line, path in zip(lines, trajectories, strict=True):
            line.set_data(*path.x[: step + 1].T)
        return lines

    return FuncAnimation(figure, frame, frames=FRAMES)


def animation(repeats):
    ours, html = timed(repeats, lambda: ol.animate(*function_and_paths()).html())
    peer, theirs = timed(1, lambda: func_animation().to_jshtml())
    sizes = {"ours": len(html.encode()), "peer": len(theirs.encode())}
    sizes["ratio"] = sizes["peer"] / sizes["ours"]
    what = f"{FRAMES} frames of 5 paths to HTML"
    return spine.result(what, "FuncAnimation.to_jshtml", {"ours": ours, "peer": peer}, least_ratio=50.0), sizes


def gif(repeats):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        ours, _ = timed(repeats, lambda: ol.animate(*function_and_paths()).save(folder / "ours.gif", frames=FRAMES))
        peer, _ = timed(1, lambda: func_animation().save(folder / "peer.gif", writer=PillowWriter(fps=20)))
    return spine.result("the same as animated GIF", "PillowWriter", {"ours": ours, "peer": peer}, most_seconds=1.0)


def heat_map(repeats):
    f, drawn = ol.FUNCTIONS["rosenbrock"], 100
    rates, betas = ol.heatmap(f, ol.Adam, y="beta1", n=10, steps=1).xs, [0.0, 0.9]
    peer, _ = timed(1, lambda: [spine.torch_path(float(rates[i % 10]), betas[i % 2], STEPS) for i in range(drawn)])
    peer = [t * 200 * 200 / drawn for t in peer]
    values, _ = timed(repeats, lambda: ol.heatmap(f, ol.Adam, y="beta1", steps=STEPS))
    with_picture, _ = timed(repeats, lambda: ol.heatmap(f, ol.Adam, y="beta1", steps=STEPS).picture.png())
    name = f"torch loop over {drawn} settings, scaled"
    return [
        spine.result("heat map, 40,000 settings x 200 steps", name, {"ours": values, "peer": peer}, most_seconds=0.5),
        spine.result("the same with its picture", name, {"ours": with_picture, "peer": peer}, most_seconds=1.0),
    ]


def timed(repeats, run):
    """Seconds of each run, and what the last one returned."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return seconds, result


if __name__ == "__main__":
    main()
