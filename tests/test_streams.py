"""Random numbers behind stored results: only generator methods for which every NumPy since 2.0 draws the same numbers.

NumPy may change what a method draws from a seed, and 2.5 did so for binomial, multinomial and multivariate_normal.  A
stored output or a recorded run that rests on one of them could not be repeated.
"""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from optlib.data import seeds

ROOT = Path(__file__).resolve().parent.parent
COUNT = 100_000  # a method that differs only in rare cases still leaves the stream at another place

# Arguments, the first numbers, and the number that follows COUNT of them; equal in NumPy 2.0.2, 2.2.6, 2.4.6 and 2.5.5.
STREAMS = {
    "integers": ({"low": 1438}, [1223, 915, 735], 0.5685555214218937),
    "permutation": ({"x": COUNT}, [18836, 43996, 91795], 0.18347457313884374),
    "random": ({}, [0.6369616873214543, 0.2697867137638703, 0.04097352393619469], 0.6069953714589552),
    "standard_exponential": ({}, [0.6799319039689096, 1.0195971014658647, 0.019806662589055352], 0.8629089651760528),
    "standard_normal": ({}, [0.1257302210933933, -0.1321048632913019, 0.6404226504432821], 0.7334577835624351),
    "uniform": ({"low": -2.0, "high": 2.0}, [0.5478467492858172, -0.9208531449445188, -1.8361059042552212],
                0.6069953714589552),
}  # fmt: skip
# Methods of generators whose names are also those of other objects of the course.
AMBIGUOUS = {"beta", "choice", "f", "power"}


@pytest.mark.parametrize("method", STREAMS)
def test_numpy_draws_the_numbers_behind_the_stored_results(method):
    options, first, following = STREAMS[method]
    rng = np.random.default_rng(0)
    drawn = getattr(rng, method)(**options, **({} if method == "permutation" else {"size": COUNT}))
    np.testing.assert_allclose(drawn[:3], first, rtol=1e-15)
    assert rng.random() == following


def test_seeds_lead_to_the_same_streams():
    first = {purpose: seeds.generator("test", 3, purpose, 7).random() for purpose in seeds.PURPOSES}
    assert first == {"order": 0.9777154738934613, "start": 0.23445552251767776, "split": 0.9582020282726482,
                     "set": 0.1574229943158253}  # fmt: skip
    assert seeds.number_for(3, 7, 1) == 888946925548604815


def sources():
    """Place and code of all files and notebook cells whose numbers are stored."""
    for folder in ("optlib", "tools", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for i, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] == "code":
                yield f"{path.name} [{i}]", "".join(cell["source"])


def draws(code):
    """Methods of generators that are called in the code."""
    methods = {name for name in dir(np.random.Generator) if not name.startswith("_")}
    calls = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    called = {(ast.unparse(call.value), call.attr) for call in calls if isinstance(call, ast.Attribute)}
    mine = {(owner, name) for owner, name in called if name in methods and owner != "torch"}
    return {name for owner, name in mine if name not in AMBIGUOUS or "rng" in owner}


def test_calls_of_generators_are_seen():
    code = "np.random.default_rng(0).binomial(3, 0.5)\nrng.choice(3)\nself.rng.random(2)\nchecks.choice(1)\npath.f(x)\n"
    code += "torch.multinomial(p, 1)"
    assert draws(code) == {"binomial", "choice", "random"}


def test_only_these_methods_are_called():
    others = {place: methods for place, code in sources() if (methods := draws(code) - STREAMS.keys())}
    assert others == {}
