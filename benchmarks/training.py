"""Images a second in training: `python benchmarks/training.py [--out data/benchmarks/training.json]`.

Each network of `optlib.vision` makes training steps (forward, backward, Nesterov's rule) in float32 and bfloat16, with
images contiguous and channels-last.  The combinations take turns, so that a busy machine slows all of them, and the
fastest step of each counts.  A combination that is ten times slower than another with a few images is not tried with a
whole batch: processors without units for bfloat16 emulate it.  At last the best combination is timed in two fresh
processes, with glibc as it is and with `keep_memory`.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

import spine
from spine import ol

BATCH, FEW = 128, 8
HOPELESS = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, help="also write the result to this JSON file")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each network (default 10)")
    parser.add_argument("--networks", nargs="+", choices=[*networks()], default=[*networks()], metavar="NAME",
                        help=f"some of {', '.join(networks())}")  # fmt: skip
    parser.add_argument("--alone", nargs=3, metavar=("PRECISION", "LAYOUT", "KEEP"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.seconds <= 0:
        parser.error("--seconds must be above 0")
    if arguments.alone:
        print(json.dumps(alone(arguments.networks[0], *arguments.alone, arguments.seconds)))
        return
    import torch

    results = [measured(name, arguments.seconds) for name in arguments.networks]
    print(table(results))
    if arguments.out:
        command = "python benchmarks/training.py --out data/benchmarks/training.json"
        record = {**spine.circumstances(torch), "command": command, "seconds": arguments.seconds, "batch": BATCH}
        spine.write(arguments.out, {**record, "threads": torch.get_num_threads(), "results": results})
        print(f"written to {arguments.out}")


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


def stepper(name):
    """A function that makes a step with so many images in a precision and a layout, and returns images a second."""
    import torch

    from optlib.torch_driver import TorchOptimizer
    from optlib.vision import Normalize, precision

    generator = torch.Generator().manual_seed(spine.SEED)
    images = torch.randint(256, (BATCH, 32, 32, 3), dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, (BATCH,), generator=generator)
    model, normalize = networks()[name](), Normalize()
    if hasattr(model, "initialize"):
        model.initialize(images)
    optimizer = TorchOptimizer([p for p in model.parameters() if p.requires_grad], ol.Nesterov(lr=1e-4))

    def step(kind, layout, count=BATCH):
        memory = precision.LAYOUTS[layout]
        model.train().to(memory_format=memory)
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
    model, step = stepper(name)
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
        "network": name, "parameters": count_parameters(model),
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
    _, step = stepper(name)
    step(precision, layout)  # the first takes longer
    until, best = time.perf_counter() + seconds, 0.0
    while not best or time.perf_counter() < until:
        best = max(best, step(precision, layout))
    return best


def table(results):
    pairs = list(results[0]["images_per_second"])
    rows = [("network", "parameters", *(f"{pair}" for pair in pairs), "keep_memory")]
    for r in results:
        found = [f"{r['images_per_second'][p]:,.0f}{'*' if p in r['with_few_images'] else ''}" for p in pairs]
        gain = r["memory_kept"] / r["memory_given_back"] - 1
        rows.append((r["network"], f"{r['parameters']:,}", *found, f"{gain:+.0%}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"images a second, batches of {BATCH} (* of {FEW})", *lines])


if __name__ == "__main__":
    main()
