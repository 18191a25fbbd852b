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
module._times = lambda run, measure=module._times: measure(run) and (0.04, 0.01)  # seconds of a step, of a test
race = live_race(entrants, (images, labels), (test_images[::5], test_labels[::5]), seconds=8)""",
    "(images, labels), test, seconds=8)": "(images, labels), (test_images[::5], test_labels[::5]), seconds=5)",
    "race.snapshots, grid=11)": "race.snapshots, grid=7)",
    "np.linspace(0, 1, 15), [*ends.items()]": "np.linspace(0, 1, 5), [*ends.items()]",
    "(images[:300], labels[:300]), test,": "(images[:300], labels[:300]), (test_images[::5], test_labels[::5]),",
    "evaluate(model, (other, test_labels))": "evaluate(model, (other[::5], test_labels[::5]))",
}


def shorter(source):
    """Source of a cell as a test runs it."""
    for long, short in SHORTER.items():
        source = source.replace(long, short)
    return source
