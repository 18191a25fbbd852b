#!/usr/bin/env bash
# Library: Matplotlib 3.11.2, FuncAnimation(figure, function, frames=5), to_jshtml() and save().
# Guess:   the function is called once for each frame: a descent that takes a step in it shows step k + 1 in frame k.
# Happens: without init_func it is called with frame 0 twice, with blit=True four times; these pictures are not shown, but
#          the steps are taken. The first frame is step 4, the last is step 8 of 5; saved once more, the same animation goes
#          on at step 10. The docstring speaks of one drawing of the first item "before the first frame".
# Matters: the descent in the picture runs ahead of its label, and blit=True changes the numbers shown. An init_func that
#          only returns the artists cures it within one saving; a path worked out beforehand always does.
# Source:  https://github.com/matplotlib/matplotlib/issues/26759 (closed: the two calls, without blit)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'matplotlib==3.11.2' 'pillow==13.0.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import sys

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter


def watch(blit, outputs, with_init=False):
    """Frames the function is called with, and step and place of the descent in each picture of the last output."""
    figure, axes = plt.subplots()
    (dot,), calls, pictures = axes.plot([1.0], [1.0], "o"), [], {}

    def descend(frame):
        x = np.asarray(dot.get_xdata())
        x = x - 0.1 * 2 * x  # gradient descent on the square of x, from 1
        dot.set_data(x, x**2)
        calls.append(frame)
        pictures[frame] = (len(calls), round(float(x[0]), 3))  # a later call with this frame draws over it
        return (dot,)

    animation = FuncAnimation(figure, descend, 5, init_func=(lambda: (dot,)) if with_init else None, blit=blit)
    for output in outputs:
        animation.to_jshtml() if output == "jshtml" else animation.save(sys.argv[1], writer=PillowWriter(fps=5))
    plt.close(figure)
    return calls, [step for step, _ in pictures.values()], [place for _, place in pictures.values()]


print("Matplotlib", matplotlib.__version__)
print("guess: called with [0, 1, 2, 3, 4]; the pictures show steps [1, 2, 3, 4, 5]")
for blit, outputs, with_init, extra in (
    (True, ["jshtml"], False, 3), (True, ["gif"], False, 3), (False, ["jshtml"], False, 1), (False, ["gif"], False, 1),
    (True, ["jshtml"], True, 0), (True, ["jshtml", "gif"], False, 9),
):  # fmt: skip
    calls, steps, places = watch(blit, outputs, with_init)
    print(f"blit={blit}, {', then '.join(outputs)}{', init_func' if with_init else ''}: called with {calls};")
    print(f"    the pictures show steps {steps}, x = {places}")
    assert steps == [extra + n for n in range(1, 6)] and len(calls) == extra + 5
    assert places == [round(0.8**step, 3) for step in steps]
PY
"$folder/venv/bin/python" "$folder/check.py" "$folder/descent.gif"
