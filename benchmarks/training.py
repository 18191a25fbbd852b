"""Training measured, everything in one run: `python benchmarks/training.py [--out data/benchmarks/training.json]`.

1. Images a second of each network of `optlib.vision` (forward, backward, Nesterov's rule) in float32 and bfloat16, with
   images contiguous and channels-last.  A combination that is three times slower than another with a few images is not
   tried with a whole batch: processors without units for bfloat16 emulate it.  The best combination is timed in two
   fresh processes, with glibc as it is and with `keep_memory`.
2. `fit` beside the published articles' way, and augmentation alone (`article.py`).
3. A step of Adam on ResNet-18's tensors, and of every rule on one of them, beside its peer's (`torch_steps.py`).

Rivals take turns, so that a busy machine slows all of them.  In part 1 the fastest step of each counts, as others only
ever slow it down; elsewhere medians.  Each goal is printed with what was found.  About five minutes on two cores;
``--quick`` tries everything in half a minute, on less, and its figures mean nothing.
"""

import argparse
import itertools
import json
import os
import shlex
import subprocess
import sys
import time

import spine
from spine import ol

BATCH, FEW = 128, 4
HOPELESS = 3
FAST, LEAST_RATE = "SpeedNet small", 3000  # images a second, with units for bfloat16


def main():
    parser = spine.command_line(__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each network of part 1 (default 6)")
    parser.add_argument("--quick", action="store_true", help="try everything once, on less")
    parser.add_argument("--networks", nargs="+", choices=[*networks()], default=[*networks()], metavar="NAME",
                        help=f"for part 1, some of {', '.join(networks())}")  # fmt: skip
    parser.add_argument("--alone", nargs=3, metavar=("PRECISION", "LAYOUT", "KEEP"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.seconds <= 0:
        parser.error("--seconds must be above 0")
    if arguments.alone:
        print(json.dumps(alone(arguments.networks[0], *arguments.alone, arguments.seconds)))
        return
    import torch

    began = time.perf_counter()
    found = quickly() if arguments.quick else thoroughly(arguments.networks, arguments.seconds)
    seconds = time.perf_counter() - began
    print(report(found), f"\n{seconds:.0f} s in all")
    record = {"command": shlex.join(["python", "benchmarks/training.py", *sys.argv[1:]]), "quick": arguments.quick}
    record |= {"batch": BATCH, "threads": torch.get_num_threads(), "seconds": round(seconds), **found}
    spine.write(arguments.out, record)


def thoroughly(names, seconds):
    import article
    import torch_steps

    found = {
        "networks": [measured(name, seconds) for name in names],
        "training": [article.training(name, count, 3) for name, count in (("SpeedNet small", 2560), ("ResNet20", 768))],
        "augmentation": article.augmentation(20_000, 5),
        "adam": torch_steps.adam(15),
        "rules": torch_steps.rules(5),
    }
    return found | {"goals": goals(found)}


def quickly():
    import article
    import torch_steps

    found = {
        "networks": [measured(FAST, 0.1)],
        "training": [article.training(FAST, 256, 1, together=True)],
        "augmentation": article.augmentation(2000, 1),
        "adam": torch_steps.adam(1, tensors=3),
        "rules": torch_steps.rules(1, shape=(8, 8), names=["Momentum", "Lion"]),
    }
    return found | {"goals": goals(found)}


def goals(found):
    """Each goal with its figure; one that this processor cannot meet says why."""
    import article
    import torch_steps

    made, steps = [], {each["network"]: each["images_per_second"] for each in found["networks"]}
    if FAST in steps:
        rates = steps[FAST]
        made.append(goal(f"images a second of {FAST}", max(rates.values()), f">= {LEAST_RATE}"))
        if not made[-1]["met"] and not has_units(rates):
            made[-1]["why"] = "not reachable without units for bfloat16: it is slower than float32 here"
    for each in found["training"]:
        made.append(goal(f"fit to the article's way, {each['network']}", each["ratio"], f">= {article.LEAST_TRAINING}"))
        if not made[-1]["met"] and each["network"] in steps:
            made[-1] |= bound_by_steps(each, steps[each["network"]])
    for who, ratio in found["augmentation"]["ratio"].items():
        made.append(goal(f"{who} to a DataLoader, augmentation alone", ratio, f">= {article.LEAST_AUGMENTATION}"))
    steps = itertools.chain(torch_steps.goals(found["adam"]), torch_steps.goals_of_rules(found["rules"]))
    return made + [goal(*each[:3]) | each[3] for each in steps]


def bound_by_steps(training, rates):
    """Why `fit` may be as fast as can be, and still not twice as fast: the network's own steps take the time."""
    import article

    theirs = max(rate for who, rate in training["images_per_second"].items() if who != "fit")
    ratio = max(rates.values()) / theirs
    if ratio >= article.LEAST_TRAINING or has_units(rates):
        return {}
    return {"why": f"not reachable without units for bfloat16: steps alone are {ratio:.2f} times as fast here"}


def goal(what, figure, limit):
    sign, number = limit.split()
    figure = round(figure, 2)
    met = figure >= float(number) if sign == ">=" else figure <= float(number)
    return {"what": what, "figure": figure, "goal": limit, "met": met}


def has_units(rates):
    """Whether bfloat16 pays: without units of its own it is emulated by float32, and slower."""
    best = dict.fromkeys(("float32", "bfloat16"), 0.0)
    for pair, rate in rates.items():
        kind = pair.split(",")[0]
        best[kind] = max(best[kind], rate)
    return best["bfloat16"] > best["float32"]


# --- images a second of the networks -------------------------------------------------------------------------


def networks():
    """Name -> function that makes the network."""
    from optlib import vision

    return {
        "SpeedNet small": lambda: vision.SpeedNet("small"),
        "SpeedNet large": lambda: vision.SpeedNet("large"),
        "ResNet20": vision.ResNet20,
        "ResNet18": vision.ResNet18,
        "VGG16": vision.VGG16,
    }


def stepper(name, layout):
    """A network in that layout, and a function that makes a step in a precision and returns images a second."""
    import torch

    from optlib.torch_driver import TorchOptimizer
    from optlib.vision import Normalize, precision

    generator = torch.Generator().manual_seed(spine.SEED)
    images = torch.randint(256, (BATCH, 32, 32, 3), dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, (BATCH,), generator=generator)
    memory, normalize = precision.LAYOUTS[layout], Normalize()
    model = networks()[name]().train().to(memory_format=memory)
    if hasattr(model, "initialize"):
        model.initialize(images)
    optimizer = TorchOptimizer([p for p in model.parameters() if p.requires_grad], ol.Nesterov(lr=1e-4))

    def step(kind, count=BATCH):
        start = time.perf_counter()
        x = normalize(images[:count]).contiguous(memory_format=memory)
        with precision.autocast("cpu", kind):
            scores = model(x)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(scores.float(), labels[:count]).backward()
        optimizer.step()
        return count / (time.perf_counter() - start)

    return model, step


def measured(name, seconds):
    from optlib.vision import count_parameters, keep_memory
    from optlib.vision.precision import LAYOUTS, PRECISIONS

    keep_memory()
    made = {layout: stepper(name, layout) for layout in LAYOUTS}
    step = lambda kind, layout, count=BATCH: made[layout][1](kind, count)
    pairs = list(itertools.product(PRECISIONS, LAYOUTS))
    rates = {pair: max(step(*pair, FEW) for _ in range(2)) for pair in pairs}
    whole = [pair for pair in pairs if rates[pair] * HOPELESS > max(rates.values())]
    rates |= dict.fromkeys(whole, 0.0)
    until = time.perf_counter() + seconds
    while not rates[whole[0]] or time.perf_counter() < until:
        rates |= {pair: max(rates[pair], step(*pair)) for pair in whole}
    best = max(whole, key=rates.get)
    kept, returned = (in_a_process(name, *best, keep, seconds / 4) for keep in ("yes", "no"))
    return {
        "network": name, "parameters": count_parameters(made["contiguous"][0]),
        "images_per_second": {", ".join(pair): round(rate, 1) for pair, rate in rates.items()},
        "with_few_images": [", ".join(pair) for pair in pairs if pair not in whole], "best": ", ".join(best),
        "memory_kept": round(kept, 1), "memory_given_back": round(returned, 1),
    }  # fmt: skip


def in_a_process(name, precision, layout, keep, seconds):
    """Images a second in a fresh process, which has not yet told glibc to keep memory."""
    command = [sys.executable, __file__, "--networks", name, "--seconds", str(seconds)]
    command += ["--alone", precision, layout, keep]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=clean).stdout)


def alone(name, precision, layout, keep, seconds):
    if keep == "yes":
        from optlib.vision import keep_memory

        keep_memory()
    _, step = stepper(name, layout)
    step(precision)  # the first takes longer
    until, best = time.perf_counter() + seconds, 0.0
    while not best or time.perf_counter() < until:
        best = max(best, step(precision))
    return best


# --- what is printed -----------------------------------------------------------------------------------------


def report(found):
    """All parts as tables, and the goals."""
    adam = found["adam"]
    ms = [("step of Adam", "ms"), *((name, f"{t:,.2f}") for name, t in adam["milliseconds"].items())]
    kinds = ("compiled", "plain", "torch", "pytorch-optimizer")
    shown = lambda each, kind: "-" if kind not in each else f"{each[kind]:,.2f}" if each[kind] else "not measured"
    rules = [(each["rule"], *(shown(each, kind) for kind in kinds)) for each in found["rules"]]
    rates = [each["images_per_second"] for each in found["training"]]
    training = [(each["network"], *(f"{rate:,.0f}" for rate in each["images_per_second"].values()))
                for each in found["training"]]  # fmt: skip
    alone = [(who, f"{rate:,.0f}") for who, rate in found["augmentation"]["images_per_second"].items()]
    return "\n\n".join([
        table(found["networks"]),
        "Images a second in training\n" + spine.columns([("network", *rates[0]), *training]),
        "Images a second of augmentation alone\n" + spine.columns(alone),
        f"{adam['tensors']} tensors, {adam['numbers']:,} numbers\n" + spine.columns(ms),
        "Milliseconds of a step on one tensor\n" + spine.columns([("rule", *kinds), *rules]),
        judged(found["goals"]),
    ])  # fmt: skip


def judged(goals):
    """The goals as a table, each with its figure."""
    rows = [(each["what"], f"{each['figure']:,.2f}", each["goal"], "yes" if each["met"] else each.get("why", "NO"))
            for each in goals]  # fmt: skip
    return spine.columns([("measured", "figure", "goal", "met"), *rows])


def table(results):
    pairs = list(results[0]["images_per_second"])
    rows = [("network", "parameters", *pairs, "keep_memory")]
    for r in results:
        found = [f"{r['images_per_second'][p]:,.0f}{'*' if p in r['with_few_images'] else ''}" for p in pairs]
        gain = r["memory_kept"] / r["memory_given_back"] - 1
        rows.append((r["network"], f"{r['parameters']:,}", *found, f"{gain:+.0%}"))
    return f"Images a second of a step, batches of {BATCH} (* of {FEW})\n{spine.columns(rows)}"


if __name__ == "__main__":
    main()
