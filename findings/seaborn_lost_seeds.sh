#!/usr/bin/env bash
# Library: seaborn 0.13.2 with matplotlib 3.11.2 and pandas 3.1.1, lineplot over several seeds, some of which diverge.
# Guess:   a mean over numbers one of which is infinite is infinite: the line leaves the picture where the first seed
#          diverges, as that of pandas' groupby does, or there is a warning. A median bears some infinite ones and counts
#          them as the largest.
# Happens: infinite numbers are dropped like missing ones, each for its step, before anything is computed: from there on the
#          line is the mean, or the median, of the seeds that are left. pointplot and barplot do the same.
# Matters: the curve falls when a seed diverges. Of five seeds three of which blow up, the line rises to 1e34 and comes down
#          to .11, the mean of the two that are left, in a narrow band: at its end the worst setting looks like the best. And
#          where the picture ends at a loss of 1, as it often does, the climb is not even seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'seaborn==0.13.2' 'matplotlib==3.11.2' 'pandas==3.1.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns

matplotlib.use("Agg")
from matplotlib import pyplot as plt

# Losses in float32 of five seeds: two stand still, at .1 and .12, three grow by a factor at each step.
rows = []
for seed, (start, factor) in enumerate(((0.1, 1), (0.12, 1), (0.1, 1e4), (0.1, 1e5), (0.1, 1e6))):
    with np.errstate(over="ignore"):
        rows += [(step, seed, np.float32(start) * np.float32(factor) ** np.float32(step)) for step in range(12)]
data = pd.DataFrame(rows, columns=["step", "seed", "loss"])


def line(plot=sns.lineplot, **settings):
    figure, axes = plt.subplots()
    plot(data, x="step", y="loss", ax=axes, **settings)
    values = [bar.get_height() for bar in axes.patches] if axes.patches else axes.lines[0].get_ydata()
    plt.close(figure)
    return np.asarray(values, dtype=float)


print("seaborn", sns.__version__, "pandas", pd.__version__)
lost = data[np.isinf(data.loss)].groupby("seed").step.min()
by_pandas = {name: getattr(data.groupby("step").loss, name)().to_numpy(float) for name in ("mean", "median")}
print("seeds that become infinite at step", lost.to_dict())
assert list(lost.index) == [2, 3, 4]
for name in ("mean", "median"):
    seen = line(estimator=name, errorbar=None)
    print(name, "by pandas ", by_pandas[name])
    print(name, "by lineplot", seen)
    assert np.isinf(by_pandas[name][-1]) and np.isfinite(seen).all() and np.isclose(seen[-1], 0.11)
    assert seen.max() > 1e25 and np.allclose(seen[lost.max():], 0.11)
    for plot in (sns.pointplot, sns.barplot):
        assert np.allclose(line(plot, estimator=name, errorbar=None), seen)

figure, axes = plt.subplots()
sns.lineplot(data, x="step", y="loss", errorbar="sd", ax=axes)
band = axes.collections[0].get_paths()[0].vertices
last = band[band[:, 0] == 11, 1]
print("band of the standard deviation at the last step:", last.min(), last.max())
assert 0.09 < last.min() < last.max() < 0.13
PY
MPLCONFIGDIR="$folder/mpl" "$folder/venv/bin/python" -W ignore "$folder/check.py"
