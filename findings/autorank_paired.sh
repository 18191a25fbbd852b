#!/usr/bin/env bash
# Library: autorank 1.3.0 with SciPy 1.17.1 and statsmodels 0.15.0, autorank(data) of paired results, a column for each optimizer.
# Guess:   for two columns that are not normal, Wilcoxon's test as SciPy computes it, which calls 5 % of equal pairs different
#          at alpha=.05. For three that are normal, what belongs to paired data to the end, at the alpha that was asked for.
# Happens: with two, the test is one-sided, and the side is chosen after looking: the column with the larger median is tested
#          for being greater. As a rule p is half of SciPy's, and of equal optimizers 9 % are found different (SciPy: 4 %).
#          With three, the first test is paired, and the test that says which differ, Tukey's, is not: where one optimizer is
#          behind on 20 problems of 20 (p = 1e-16 by a paired t-test) all intervals overlap. And Tukey's test is always made at
#          .05: the intervals for alpha .5 and .001 are one and the same.
# Matters: two optimizers are "significantly different" twice as often as stated; of three, the differences found are those
#          that show above the spread of the problems, at a level other than the reported one. The description promises that
#          all results together keep to alpha.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'numpy==2.4.6' 'scipy==1.17.1' 'pandas==3.0.6' 'statsmodels==0.15.0' 'matplotlib==3.11.2' 'baycomp==1.0.3' 'autorank==1.3.0'
cat > "$folder/check.py" <<'PY'
import contextlib
import io
from importlib.metadata import version

import matplotlib
import numpy as np
import pandas as pd
from scipy import stats

matplotlib.use("Agg")
from autorank import autorank  # noqa: E402


def ranked(data, **settings):
    with contextlib.redirect_stdout(io.StringIO()):
        return autorank(data, order="ascending", **settings)


print("autorank", version("autorank"), "scipy", version("scipy"), "statsmodels", version("statsmodels"))
draw, found, number = np.random.default_rng(0), {"autorank": 0, "scipy": 0}, 0
while number < 1000:
    losses = pd.DataFrame(draw.exponential(size=(20, 2)), columns=["sgd", "adam"])
    result, two_sided = ranked(losses), stats.wilcoxon(losses.sgd, losses.adam).pvalue
    if result.omnibus != "wilcoxon":  # a sample that happens to look normal
        continue
    number += 1
    found["autorank"] += int(result.pvalue < 0.05)
    found["scipy"] += int(two_sided < 0.05)
    if number <= 3:
        swapped = ranked(losses[["adam", "sgd"]]).pvalue
        print(f"p-value of autorank {result.pvalue:.4f}, columns swapped {swapped:.4f}, of scipy.stats.wilcoxon {two_sided:.4f}")
        assert swapped == result.pvalue
    better, worse = losses.median().sort_values().index
    assert result.pvalue == stats.wilcoxon(losses[worse], losses[better], alternative="greater").pvalue
print(f"of {number} pairs of equal optimizers found different at .05: {found}")
assert found["autorank"] > 0.075 * number and found["scipy"] < 0.055 * number

draw = np.random.default_rng(0)
problems = draw.normal(size=(20, 1))
losses = pd.DataFrame(problems + [0, 0.1, 0.2] + 0.03 * draw.normal(size=(20, 3)), columns=["adam", "sgd", "lion"])
behind, paired = int((losses.lion > losses.adam).sum()), stats.ttest_rel(losses.lion, losses.adam).pvalue
seen = {}
for alpha in (0.5, 0.05, 0.001):
    result = ranked(losses, alpha=alpha)
    low, high = (result.rankdf[name].astype(float) for name in ("ci_lower", "ci_upper"))
    seen[alpha] = [*low, *high]
    print(f"alpha={alpha}: {result.omnibus} p={result.pvalue:.1g}, {result.posthoc}, intervals",
          [f"{name} {low[name]:.2f} to {high[name]:.2f}" for name in result.rankdf.index])
    assert result.omnibus == "anova" and result.posthoc == "tukeyhsd" and result.pvalue < 1e-10
    assert low.max() < high.min()
print(f"lion is behind adam on {behind} of 20 problems, paired t-test p={paired:.1g}")
assert behind == 20 and paired < 1e-12 and seen[0.5] == seen[0.05] == seen[0.001]
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
