"""Speed of the spine, everything in one run: `python benchmarks/spine.py [--out data/benchmarks/spine.json]`.

1. 1,000 Adam steps on Rosenbrock's function with the path recorded: `ol.minimize` against torch.optim.Adam + autograd.
2. 40,000 settings x 200 steps of Adam on a function of two coordinates: one batched `ol.minimize` against a loop of
   torch.optim.Adam over 20 of the settings, scaled to 40,000.
3. A step of 20 small tensors whose rate a torch scheduler changes each time: `TorchOptimizer`, uncompiled, against the
   same rule of torch.optim as it comes.
4. A rule for another library's optimizer, by `ol.translate`, against making an optimizer of torch.optim.
5. `import optlib` beyond NumPy's own import, in fresh interpreters.

Rivals take turns, so that a busy machine slows all of them; medians are compared.  In each turn a rival runs twice,
and the second run counts: a virtual machine that has taken idle memory back makes the first use of 200 MB cost more
than all the arithmetic.  The first run's median stands in the record as ``cold_median_s``.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import optlib as ol  # noqa: E402
from optlib.checks import replacing  # noqa: E402
from optlib.torch_driver import TorchOptimizer  # noqa: E402

SEED = 0
START, LR = (-1.2, 1.0), 0.01
GRID, GRID_STEPS, PEER_SETTINGS = 200, 200, 20


def main():
    parser = command_line(__doc__)
    parser.add_argument("--repeats", type=int, default=9, help="turns of each measurement (default 9)")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    torch.set_num_threads(1)  # tensors of two numbers: more threads only disturb
    parts = (path_of_adam, grid_of_adam, *map(scheduled_steps, SCHEDULED), translation, import_time)
    results = [part(arguments.repeats) for part in parts]
    print(table(results))
    write(arguments.out, {"repeats": arguments.repeats, "results": results})


# --- what is measured ----------------------------------------------------------------------------------------


def path_of_adam(repeats):
    f = ol.FUNCTIONS["rosenbrock"]
    ours, theirs = ol.minimize(f, ol.Adam(lr=LR), START, 1000).x, torch_path(LR, 0.9, 1000)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # the same work, or nothing is compared
    times = in_turns(
        repeats,
        ours=lambda: ol.minimize(f, ol.Adam(lr=LR), START, 1000),
        peer=lambda: torch_path(LR, 0.9, 1000),
    )
    return result(
        "1,000 Adam steps on rosenbrock, path recorded", "torch.optim.Adam + autograd", times, least_ratio=25.0
    )


def grid_of_adam(repeats):
    f = ol.FUNCTIONS["rosenbrock"]
    rates, betas = np.geomspace(1e-4, 1.0, GRID), np.linspace(0.0, 0.99, GRID)
    batch = ol.Adam(**ol.grid(lr=rates, beta1=betas))
    rng = np.random.default_rng(SEED)
    drawn = [tuple(pair) for pair in rng.integers(GRID, size=(PEER_SETTINGS, 2))]
    path = ol.minimize(f, batch, START, GRID_STEPS)
    i, j = min(drawn)  # a small learning rate: no chaos between the two
    np.testing.assert_allclose(path.x[:, i, j], torch_path(rates[i], betas[j], GRID_STEPS), rtol=1e-6)
    times = in_turns(
        repeats,
        ours=lambda: ol.minimize(f, batch, START, GRID_STEPS),
        peer=lambda: [torch_path(rates[i], betas[j], GRID_STEPS) for i, j in drawn],
    )
    scale = GRID**2 / PEER_SETTINGS
    for kind in ("peer", "peer cold"):
        times[kind] = [scale * t for t in times[kind]]
    return result(
        f"{GRID**2:,} settings x {GRID_STEPS} Adam steps on rosenbrock",
        f"torch loop over {PEER_SETTINGS} settings, scaled by {scale:,.0f}",
        times,
        most_seconds=0.16,
    )


# rule -> its counterpart, given parameters and learning rate
SCHEDULED = {
    "Adam": lambda params, lr: torch.optim.Adam(params, lr),
    "AdamW": lambda params, lr: torch.optim.AdamW(params, lr),
    "RMSProp": lambda params, lr: torch.optim.RMSprop(params, lr),
    "Momentum": lambda params, lr: torch.optim.SGD(params, lr, momentum=0.9),
}
SHAPES = [(16, 3, 3, 3), *[(16,)] * 3, (32, 16, 3, 3), *[(32,)] * 3, (32, 32, 3, 3), *[(32,)] * 3,
          (64, 32), (64,), (64, 64), (64,), (64, 64), (64,), (10, 64), (10,)]  # fmt: skip
STEPS = 100


def scheduled_steps(name):
    """What measures a hundred steps of a rule and of its counterpart, each with its rate from `LambdaLR`."""

    def stepper(make):
        params = parameters(SHAPES)
        optimizer = make(params, LR)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + t))

        def steps():
            for _ in range(STEPS):
                optimizer.step()
                scheduler.step()
            return params

        return steps

    def measure(repeats):
        rule, peer = ol.OPTIMIZERS[name], SCHEDULED[name]
        if name == "AdamW":  # torch decays by lr times 0.01 as well
            assert rule().weight_decay == 0.01
        ours, theirs = stepper(lambda params, lr: TorchOptimizer(params, rule(lr=lr))), stepper(peer)
        if name != "RMSProp":  # torch has another default for its beta2
            for p, q in zip(ours(), theirs(), strict=True):
                torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)  # the same work, or nothing is compared
        times = in_turns(repeats, ours=ours, peer=theirs)
        what = f"{STEPS} scheduled steps of {len(SHAPES)} tensors, {name}"
        return result(what, "torch.optim with the same scheduler", times, least_ratio=round(1 / 1.3, 2))

    return measure


def translation(repeats):
    """A hundred of them in each turn."""
    weights = [torch.zeros(2, requires_grad=True)]
    times = in_turns(
        repeats,
        ours=lambda: [ol.translate("keras", "AdamW", learning_rate=LR, epsilon=1e-6, clipnorm=1.0) for _ in range(100)],
        peer=lambda: [torch.optim.AdamW(weights, LR, eps=1e-6) for _ in range(100)],
    )
    return result("100 translations of Keras's AdamW", "making torch.optim.AdamW 100 times", times, most_seconds=0.1)


def import_time(repeats):
    after_numpy = "import numpy; t = time.perf_counter(); import optlib"
    numpy_alone = "t = time.perf_counter(); import numpy"

    def run(code):
        code = f"import time; {code}; print(time.perf_counter() - t)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        return float(done.stdout)

    run(after_numpy)  # writes the bytecode files
    times = {"ours": [], "peer": []}
    for _ in range(repeats):
        times["peer"].append(run(numpy_alone))
        times["ours"].append(run(after_numpy))
    return result("import optlib, NumPy being loaded", "import numpy", times, most_seconds=0.03)


def torch_path(lr, beta1, steps):
    """The same path by torch, recorded as a reader would: a copy of the point after every step."""
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    opt = torch.optim.Adam([x], lr=float(lr), betas=(float(beta1), 0.999))
    path = [x.detach().clone()]
    for _ in range(steps):
        opt.zero_grad()
        f = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        f.backward()
        opt.step()
        path.append(x.detach().clone())
    return torch.stack(path).numpy()


def parameters(shapes, dtype=torch.float32):
    """Parameters of these shapes with gradients, the same in each call."""
    generator = torch.Generator().manual_seed(SEED)
    made = [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in shapes]
    for p in made:
        p.grad = torch.randn(p.shape, generator=generator, dtype=dtype)
    return made


def in_turns(repeats, cold=True, **rivals):
    """Seconds of each run of each rival; ``cold``: each runs twice a turn, the first time as "NAME cold"."""
    kinds = (" cold", "") if cold else ("",)
    times = {name + kind: [] for name in rivals for kind in kinds}
    for _ in range(repeats):
        for name, run in rivals.items():
            for kind in kinds:
                start = time.perf_counter()
                run()
                times[name + kind].append(time.perf_counter() - start)
    return times


def medians(times):
    """Seconds of each rival, from those of `in_turns`."""
    return {name: statistics.median(samples) for name, samples in times.items() if not name.endswith(" cold")}


# --- what is reported ----------------------------------------------------------------------------------------


def result(what, peer, times, least_ratio=None, most_seconds=None):
    ours, theirs = spread(times, "ours"), spread(times, "peer")
    ratio = theirs["median_s"] / ours["median_s"]
    goal = f"ratio >= {least_ratio:g}" if least_ratio else f"<= {most_seconds:g} s"
    met = ratio >= least_ratio if least_ratio else ours["median_s"] <= most_seconds
    return {"what": what, "ours": ours, "peer": {"what": peer, **theirs}, "ratio": ratio, "goal": goal, "met": met}


def spread(times, name):
    samples, cold = times[name], times.get(f"{name} cold")
    summary = {"median_s": statistics.median(samples), "least_s": min(samples), "most_s": max(samples)}
    if cold:
        summary["cold_median_s"] = statistics.median(cold)
    return {**{key: round(s, 6) for key, s in summary.items()}, "samples_s": [round(s, 6) for s in samples]}


def table(results):
    rows = [("measured", "median", "least-most", "peer", "its median", "ratio", "goal", "met")]
    for r in results:
        ours, peer = r["ours"], r["peer"]
        rows.append((
            r["what"], seconds(ours["median_s"]), f"{seconds(ours['least_s'])}-{seconds(ours['most_s'])}", peer["what"],
            seconds(peer["median_s"]), f"{r['ratio']:,.1f}", r["goal"], "yes" if r["met"] else "NO",
        ))
    return columns(rows)


def columns(rows):
    """Rows of words as lines, each column as wide as its widest word."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def rounded(numbers, digits=1):
    """A dict of numbers as a record keeps it."""
    return {name: round(value, digits) for name, value in numbers.items()}


def seconds(s):
    return f"{s * 1000:.3g} ms" if s < 1 else f"{s:,.3g} s"


def circumstances():
    """What a reader needs to judge or repeat the numbers; nothing that names the machine."""
    from optlib.benchmark import circumstances as told

    return {
        "command": "python benchmarks/spine.py --out data/benchmarks/spine.json",
        "seed": SEED,
        **told.circumstances(),
        "code": told.code_hash(("**/*.py", "**/*.js", "**/*.css")),
    }


def command_line(doc):
    """A parser of arguments with those that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, help="also write the result to this JSON file")
    return parser


def write(path, record):
    """Write a record and its circumstances, and say so; without a path, do nothing."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps({**circumstances(), **record}, indent=2) + "\n")
        print(f"written to {path}")


if __name__ == "__main__":
    main()
