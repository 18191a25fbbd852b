"""Speed of the digits race: `python benchmarks/minibatch.py [--out data/benchmarks/minibatch.json]`.

Every rule that trains a network, at 7 learning rates (its default times 10^-3 ... 10^3), from 10 seeds: an MLP of 64,
32 and 10 units on the handwritten digits, batch 32, float32, loss and accuracy on all examples after each epoch.
`ol.train_many` against three plain loops over one run of each rule at its default rate, scaled to all runs:

1. `ol.train`, the package's plain loop, which checks every gradient;
2. the same formulas in a loop without any check, with the same look at all examples after each epoch;
3. torch: the same network with autograd and torch.optim.Adam, on one thread, for as many runs, without that look.

First the numbers are compared: in float64 the losses of the first 50 steps are those of the plain loop to 1e-9.  Then
the rivals take turns, so that a busy machine slows all of them; medians are compared.
"""


import numpy as np
import spine
from spine import ol

BATCH, SEEDS, POWERS = 32, 10, np.arange(-3, 4)
NETWORK = ol.networks.MLP([64, 32, 10])
TRAIN, VALIDATION = ol.data.split(ol.data.digits(), seed=0)
STEPS_AN_EPOCH = len(ol.data.batches(TRAIN, BATCH))
COMPARED = {"steps": 50, "tolerance": 1e-9}


def main():
    parser = spine.command_line(__doc__)
    parser.add_argument("--epochs", type=int, default=10, help="length of a run (default 10)")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each rival (default 3)")
    arguments = parser.parse_args()
    if min(arguments.epochs, arguments.repeats) < 1:
        parser.error("--epochs and --repeats must be at least 1")
    import torch

    torch.set_num_threads(1)  # batches of 32: more threads only disturb
    rules = trainable(arguments.epochs)
    error = largest_error(rules)
    results, table = race(rules, arguments.epochs, arguments.repeats)
    print(f"\nfirst {COMPARED['steps']} steps against the plain loop: largest relative error {error:.1e}\n")
    print("\n".join(f"{r['rule']:17}{r['seconds']:7.2f} s  lr {r['lr']:<8.2g} accuracy {r['accuracy']:.4f} "
                    f"+- {r['deviation']:.4f}  {r['diverged']:2d} diverged" for r in table))  # fmt: skip
    print("\n" + spine.table(results))
    spine.write(arguments.out, {
        "command": "python benchmarks/minibatch.py --out data/benchmarks/minibatch.json",
        "epochs": arguments.epochs, "repeats": arguments.repeats, "largest_relative_error": error,
        "results": results, "rules": table,
    })  # fmt: skip


def trainable(epochs):
    """An instance of each rule that reads nothing but the gradient; Demon fades over the whole run."""
    steps = {"steps": epochs * STEPS_AN_EPOCH}
    rules = [cls for cls in ol.OPTIMIZERS.values() if cls.reads == ("gradient",)]
    return [cls(**(steps if "steps" in cls.hypers else {})) for cls in rules]


def largest_error(rules):
    """Of all losses of one run of each rule, compared with the plain loop in float64; stops if it is too large."""
    worst = 0.0
    for rule in rules:
        rates = rule.lr * np.array([0.1, 1.0])
        many = ol.train_many(NETWORK, rule, TRAIN, seeds=[0, 1], settings={"lr": rates}, steps=COMPARED["steps"])
        one = ol.train(NETWORK, rule, TRAIN, seed=1, steps=COMPARED["steps"])
        worst = max(worst, float(np.abs(many.losses[:, 1, 1] / one.losses - 1).max()))
    assert worst <= COMPARED["tolerance"], f"the numbers differ by {worst}: nothing is compared"
    return worst


# --- the rivals ----------------------------------------------------------------------------------------------


def race(rules, epochs, repeats):
    how = {"batch": BATCH, "epochs": epochs, "validation": VALIDATION, "dtype": np.float32}
    latest = {}

    def together():
        for rule in rules:
            settings = {"lr": rule.lr * 10.0**POWERS}
            latest[type(rule).__name__] = ol.train_many(
                NETWORK, rule, TRAIN, seeds=range(SEEDS), settings=settings, **how
            )

    rivals = {
        "ours": together,
        "train": lambda: [ol.train(NETWORK, rule, TRAIN, **how) for rule in rules],
        "unchecked": lambda: [unchecked_run(rule, epochs) for rule in rules],
        "torch": lambda: [torch_run(epochs) for _ in rules],
    }
    times = spine.in_turns(repeats, cold=False, **rivals)
    runs = SEEDS * len(POWERS)
    for name in ("train", "unchecked", "torch"):
        times[name] = [runs * t for t in times[name]]
    steps = epochs * STEPS_AN_EPOCH
    what = f"{len(rules)} rules x {len(POWERS)} rates x {SEEDS} seeds, {steps} steps each"
    scaled = f"{len(rules)} runs, scaled by {runs}"
    results = [
        spine.result(what, f"{peer}, {scaled}", {"ours": times["ours"], "peer": times[name]}, **goal)
        for name, peer, goal in (
            ("train", "ol.train", {"least_ratio": 5.0}),
            ("unchecked", "plain loop without checks", {"least_ratio": 5.0}),
            ("torch", "torch.optim.Adam + autograd", {"most_seconds": 20.0}),
        )
    ]
    return results, [row(name, record) for name, record in latest.items()]


def unchecked_run(rule, epochs):
    """The loop as one writes it for oneself.  YellowFin steps array by array here: as quick."""
    train, validation = TRAIN.astype(np.float32), VALIDATION.astype(np.float32)
    params = NETWORK.init(0, np.float32)
    own = {name: rule.fresh() for name in params}
    batches = ol.data.batches(train, BATCH, seed=0)
    for k in range(epochs):
        for i in batches.epoch(k):
            _, grads = NETWORK.backward(params, train.x[i], train.y[i])
            params = {name: own[name].advance(value, grads[name]) for name, value in params.items()}
        NETWORK.evaluate(params, train), NETWORK.evaluate(params, validation)


def torch_run(epochs):
    """The same network and batches as most people write it."""
    import torch

    x, y = torch.tensor(TRAIN.x, dtype=torch.float32), torch.tensor(TRAIN.y)
    network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))
    opt, criterion = torch.optim.Adam(network.parameters(), lr=1e-3), torch.nn.CrossEntropyLoss()
    for i in ol.data.batches(TRAIN, BATCH, seed=0, epochs=epochs):
        i = torch.from_numpy(i)
        opt.zero_grad()
        criterion(network(x[i]), y[i]).backward()
        opt.step()


def row(name, record):
    """The rate that is best on the validation part after the last step, and what it reaches."""
    best = record.best("validation_accuracy")
    at = record.validation_accuracy[-1][:, record.settings["lr"].tolist().index(best["lr"])]
    return {
        "rule": name, "seconds": round(record.seconds, 3), **best, "accuracy": round(float(at.mean()), 4),
        "deviation": round(float(at.std(ddof=1)), 4), "diverged": int(record.diverged.sum()),
    }  # fmt: skip


if __name__ == "__main__":
    main()
