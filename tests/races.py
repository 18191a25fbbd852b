"""What notebook 05 does for minutes, a test does for seconds, in the same cells.

The live race fills its budget of seconds, so a busy or a slow machine makes fewer steps, and less is learned.  In a
test its clock ticks whenever it is read: so many rounds and steps on every machine.  And fewer images are looked at.
"""

SHORTER = {
    "race = live_race(entrants, (images, labels), test, seconds=40)": """\
import itertools
import sys
import types

module, ticks = sys.modules["optlib.vision.live_race"], itertools.count()
module.time = types.SimpleNamespace(perf_counter=lambda: next(ticks))
module._times = lambda run: (0.04, 0.01)  # seconds of a step, of a test
race = live_race(entrants, (images, labels), (test_images[::5], test_labels[::5]), seconds=8, batch=64)""",
    "labels), test, seconds=8)": "labels), (test_images[::5], test_labels[::5]), seconds=5, batch=64)",
    "(images[:128], labels[:128]), race.snapshots, grid=11)": "(images[:64], labels[:64]), race.snapshots, grid=5)",
    "np.linspace(0, 1, 15), [*ends.items()]": "np.linspace(0, 1, 5), [*ends.items()]",
    "between(x[:128]), answers[:128])": "between(x[:32]), answers[:32])",
    "(images[:300], labels[:300]), test,": "(images[:300], labels[:300]), (test_images[::20], test_labels[::20]),",
    "x[:1000], answers[:1000], epochs=2)": "x[:800], answers[:800], epochs=2)",
    "(images[:1000], labels[:1000]), test,": "(images[:800], labels[:800]), (test_images[::2], test_labels[::2]),",
    "ol.data.batches(600, 100, seed=epoch)": "ol.data.batches(300, 100, seed=epoch)",
    "evaluate(model, (other, test_labels))": "evaluate(model, (other[::5], test_labels[::5]))",
}


def shorter(source):
    """Source of a cell as a test runs it."""
    for long, short in SHORTER.items():
        source = source.replace(long, short)
    return source
