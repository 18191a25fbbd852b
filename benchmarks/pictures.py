"""Speed and size of the pictures, in one run: `python benchmarks/pictures.py [--out data/benchmarks/pictures.json]`.

1. Five paths of 100 frames as a page of HTML, and its size, against matplotlib's FuncAnimation.to_jshtml.
2. The same as an animated GIF, against FuncAnimation with PillowWriter.
3. A heat map of 200 x 200 settings x 200 steps: the values, and the values with their picture.

The peers of 1 and 2 take a quarter of a minute each and run once; ours run five times, and medians are compared.
"""

import pathlib
import tempfile
import time

import numpy as np
import spine
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from spine import ol

STEPS, FRAMES = 200, 100


def main():
    parser = spine.command_line(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each of our measurements (default 5)")
    arguments = parser.parse_args()

    film, sizes = animation(arguments.repeats)
    results = [film, gif(arguments.repeats), *heat_map(arguments.repeats)]
    print(spine.table(results))
    print("animation, size: ours {ours:,} bytes, peer {peer:,} bytes, {ratio:.0f} x smaller".format(**sizes))
    record = {"command": "python benchmarks/pictures.py --out data/benchmarks/pictures.json"}
    record |= {"repeats": arguments.repeats, "results": results, "animation_bytes": sizes}
    spine.write(arguments.out, record)


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
