"""Data: what is bundled is what it says, batches are fair and reproducible, nothing leaks from the validation part."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import python

import optlib as ol
from optlib.data import sets
from tools import make_digits as tool

ROOT = Path(__file__).resolve().parent.parent


def data(n=10, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return ol.data.Data(rng.standard_normal((n, d)), rng.integers(3, size=n))


# --- the digits ----------------------------------------------------------------------------------------------


def test_digits_are_what_they_say():
    digits = ol.data.digits()
    assert (digits.x.shape, digits.x.dtype) == ((1797, 64), np.float64)
    assert (digits.y.shape, digits.y.dtype) == ((1797,), np.int64)
    assert (digits.x.min(), digits.x.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(16 * digits.x, np.round(16 * digits.x))
    assert np.bincount(digits.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits.classes == 10
    assert repr(digits) == "<Data digits: 1,797 examples, 64 inputs, 10 classes, float64>"
    # The first row of scikit-learn's file, by hand: a zero.
    assert (16 * digits.x[0, :16]).tolist() == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    assert digits.y[:10].tolist() == list(range(10))


def test_penguins_and_the_loss_of_a_line_through_them():
    penguins = ol.data.penguins()
    assert (penguins.x[0].tolist(), penguins.y[0]) == ([39.1, 18.7, 181.0], 3.75)
    assert np.round([*penguins.x.mean(axis=0), penguins.y.mean()], 4).tolist() == [43.9219, 17.1512, 200.9152, 4.2018]
    for data, bias in ((penguins, True), (ol.data.standardize(penguins), False)):
        f = ol.data.squared_error(data, bias=bias)
        w = np.linspace(-0.02, 0.03, f.dim)
        x = np.column_stack([data.x, np.ones(len(data))])[:, : f.dim]
        assert f(w) == pytest.approx(np.mean((x @ w - data.y) ** 2) / 2)
        assert ol.numerical.check_gradient(f, w)
        assert (abs(f.grad(f.minima[0])) < 1e-9).all()
    assert ol.data.squared_error(penguins).names == ("w1", "w2", "w3", "b")
    assert ol.data.squared_error(ol.data.Data(penguins.x[:, :1], penguins.y)).names == ("w", "b")
    with pytest.raises(ValueError, match="an input is a combination of the others"):
        ol.data.squared_error(ol.data.Data(np.ones((3, 1)), np.arange(3.0)))


def test_digits_cannot_be_written_to():
    digits = ol.data.digits()
    for array in (digits.x, digits.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        digits.x = None


def test_contents_are_those_of_the_source():
    """Checksum of the numbers themselves, however they are packed; computed from scikit-learn's digits.csv.gz."""
    digits = ol.data.digits()
    table = np.column_stack([16 * digits.x, digits.y]).astype(np.uint8)
    expected = "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"
    assert hashlib.sha256(table.tobytes()).hexdigest() == expected


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sets.sprites, "FILES", tmp_path)
    for load, file in ((ol.data.digits, sets.DIGITS), (ol.data.penguins, sets.PENGUINS)):
        (tmp_path / file.name).write_bytes(bytes(file.size))
        with pytest.raises(OSError, match=rf"{file.name} is damaged: its SHA-256 .*reinstall the package"):
            load.__wrapped__()


def test_the_tool_finds_nothing_to_change(tmp_path):
    """The script takes a csv.gz of the known checksum only, and writes what is not there already."""
    wrong = tmp_path / "digits.csv.gz"
    wrong.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="expected " + tool.SOURCE_SHA256):
        tool.read(wrong)
    digits = ol.data.digits()
    images, labels = (16 * digits.x).astype(np.uint8).reshape(-1, 8, 8), digits.y.astype(np.uint8)
    assert tool.same(tool.RESULT, images, labels)
    assert not tool.same(tool.RESULT, images, labels[::-1])
    assert not tool.same(tmp_path / "none.npz", images, labels)


def test_the_installed_package_has_its_data(tmp_path):
    """Built as pip builds it, and used from elsewhere."""
    pytest.importorskip("setuptools")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "optlib", source / "optlib", ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "build_py", "-d", tmp_path / "lib"]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=120)
    code = "import optlib as ol; d = ol.data; print(ol.__file__); print(d.digits()); print(len(d.novel(False)[0]), "
    code += "len(d.fashion_mnist(False, full=False)[0]))"
    where, what, lengths = python(code, cwd=tmp_path, path=tmp_path / "lib").splitlines()
    assert lengths == "68477 1000"
    assert Path(where).is_relative_to(tmp_path / "lib")
    assert what == repr(ol.data.digits())


# --- linear regression ---------------------------------------------------------------------------------------


def test_linear_regression_has_a_known_answer():
    exact = ol.data.linear_regression(n=50, d=3, noise=0.0, seed=1)
    np.testing.assert_allclose((exact.x @ exact.truth["W"] + exact.truth["b"])[:, 0], exact.y, rtol=1e-14)
    for name, value in ol.data.least_squares(exact).items():
        np.testing.assert_allclose(value, exact.truth[name], rtol=1e-12)
    assert exact.classes is None
    again, other = (ol.data.linear_regression(n=50, d=3, noise=0.0, seed=s) for s in (1, 2))
    np.testing.assert_array_equal(again.x, exact.x)
    assert not np.array_equal(other.x, exact.x)


def test_noise_has_the_deviation_asked_for():
    noisy = ol.data.linear_regression(n=4000, d=2, noise=0.5, seed=3)
    residual = noisy.y - (noisy.x @ noisy.truth["W"] + noisy.truth["b"])[:, 0]
    assert residual.std() == pytest.approx(0.5, rel=4 / np.sqrt(2 * 4000))  # four standard errors
    fit = ol.data.least_squares(noisy)
    np.testing.assert_allclose(fit["W"], noisy.truth["W"], atol=4 * 0.5 / np.sqrt(4000))


# --- split and standardization -------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_split_deals_each_example_once(share):
    digits = ol.data.digits()
    train, validation = ol.data.split(digits, validation=share, seed=4)
    assert len(validation) == round(share * 1797)
    rows = np.concatenate([np.column_stack([part.x, part.y]) for part in (train, validation)])
    original = np.column_stack([digits.x, digits.y])
    order = lambda table: table[np.lexsort(table.T)]
    np.testing.assert_array_equal(order(rows), order(original))
    same, other = (ol.data.split(digits, share, seed=s)[1] for s in (4, 5))
    np.testing.assert_array_equal(same.x, validation.x)
    assert not np.array_equal(other.y, validation.y)


def test_standardization_by_the_training_part_alone():
    train, validation = ol.data.split(ol.data.digits(), seed=0)
    prepared, other = ol.data.standardize(train, validation)
    constant = train.x.std(axis=0) == 0
    assert 1 <= constant.sum() < 10
    np.testing.assert_allclose(prepared.x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(prepared.x.std(axis=0)[~constant], 1, rtol=1e-12)
    assert (prepared.x[:, constant] == 0).all()
    np.testing.assert_allclose(other.x[5], (validation.x[5] - train.x.mean(0)) / np.where(constant, 1, train.x.std(0)))
    # Another validation part changes nothing in the training part.
    changed = ol.data.Data(validation.x + 7.0, validation.y)
    np.testing.assert_array_equal(ol.data.standardize(train, changed)[0].x, prepared.x)
    np.testing.assert_array_equal(prepared.y, train.y)
    np.testing.assert_array_equal(ol.data.standardize(train).x, prepared.x)
    assert ol.data.standardize(train.astype(np.float32)).x.dtype == np.float32


def test_a_constant_input_is_no_division_by_zero():
    """Whatever rounding makes of its mean: 0.1 summed ten times is not 1."""
    x = np.column_stack([np.full(10, 0.1), np.arange(10.0), 1e200 * np.arange(10), 1e-200 * np.arange(10)])
    prepared = ol.data.Standardizer(ol.data.Data(x, np.arange(10)))
    assert prepared.scale[0] == 1.0
    np.testing.assert_allclose(prepared(ol.data.Data(x, np.arange(10))).x.std(axis=0), [0, 1, 1, 1])


# --- batches -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 10), (10, 1), (1, 1), (1438, 32)])
@pytest.mark.parametrize("last", ["keep", "weight"])
def test_each_example_exactly_once_an_epoch(n, size, last):
    batches = ol.data.batches(n, size, seed=3, epochs=3, last=last)
    assert len(batches) == len(list(batches)) == 3 * batches.per_epoch
    for k in range(3):
        epoch = batches.epoch(k)
        assert sorted(np.concatenate(epoch).tolist()) == list(range(n))
        assert [len(i) for i in epoch[:-1]] == [size] * (len(epoch) - 1)
        assert len(epoch[-1]) == (n % size or size)


def test_drop_leaves_out_the_smaller_batch():
    batches = ol.data.batches(10, 4, last="drop", epochs=50)
    assert [len(i) for i in batches] == [4] * 100
    assert all(len(np.unique(np.concatenate(batches.epoch(k)))) == 8 for k in range(50))
    assert set(np.concatenate(list(batches)).tolist()) == set(range(10)), "another epoch leaves out others"
    assert len(ol.data.batches(10, 5, last="drop")) == 2


@pytest.mark.parametrize(("n", "size"), [(10, 4), (10, 5), (1438, 32), (7, 7)])
def test_weighted_batches_have_the_mean_of_all(n, size):
    values = np.random.default_rng(0).standard_normal(n)
    batches = ol.data.batches(n, size, last="weight", epochs=2)
    means = [w * values[i].mean() for i, w in zip(batches.epoch(0), batches.weights, strict=False)]
    assert np.mean(means) == pytest.approx(values.mean(), rel=1e-12)
    assert batches.weights.shape == (len(batches),)
    plain = ol.data.batches(n, size, last="keep")
    assert plain.weights.tolist() == [1.0] * len(plain)
    if n % size:
        assert np.mean([values[i].mean() for i in plain]) != pytest.approx(values.mean(), rel=1e-6)


def test_with_replacement_draws_are_independent():
    batches = ol.data.batches(50, 10, replacement=True, epochs=400, seed=1)
    drawn = np.array(list(batches))
    assert drawn.shape == (2000, 10)
    counts = np.bincount(drawn.ravel(), minlength=50)
    expected = drawn.size / 50
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi2 - 49) < 4 * np.sqrt(2 * 49)  # four standard deviations of chi-square with 49 degrees of freedom
    # A batch of 10 of 50 has no repetition with probability prod(1 - i/50) = 0.3817.
    alone = np.mean([len(set(row)) == 10 for row in drawn.tolist()])
    p = np.prod(1 - np.arange(10) / 50)
    assert abs(alone - p) < 4 * np.sqrt(p * (1 - p) / 2000)


def test_reproducible_by_seed_and_by_epoch():
    batches = ol.data.batches(100, 7, seed=5, epochs=4)
    one, two = list(batches), list(ol.data.batches(data(100), 7, seed=5, epochs=4))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    # The third epoch without the two before it; and again.
    alone = ol.data.batches(100, 7, seed=5).epoch(2)
    for a, b in zip(alone, one[2 * batches.per_epoch :], strict=False):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(batches.order(0), batches.order(1))
    assert not np.array_equal(batches.order(0), ol.data.batches(100, 7, seed=6).order(0))
    orders = {tuple(ol.data.batches(100, 7, seed=s).order(k)) for s in range(20) for k in range(20)}
    assert len(orders) == 400


def test_each_purpose_has_a_stream_of_its_own():
    """Else the first weights would tell the order of the examples."""
    from optlib.data import seeds

    drawn = {p: seeds.generator("test", 0, p).standard_normal(500) for p in seeds.PURPOSES}
    drawn["epoch 0"] = seeds.generator("test", 0, "order", 0).standard_normal(500)
    drawn["epoch 1"] = seeds.generator("test", 0, "order", 1).standard_normal(500)
    correlations = np.corrcoef(list(drawn.values())) - np.eye(len(drawn))
    assert np.abs(correlations).max() < 4 / np.sqrt(500)


def test_numpys_global_state_is_neither_read_nor_changed():
    def run():
        train, validation = ol.data.split(ol.data.digits(), seed=1)
        regression = ol.data.linear_regression(seed=1)
        return [train.y, regression.y, *ol.data.batches(train, 32, seed=1), *ol.data.batches(9, 2, replacement=True)]

    np.random.seed(1)  # noqa: NPY002
    before, first = np.random.get_state()[1].copy(), run()  # noqa: NPY002
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    for a, b in zip(first, run(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_batches_say_what_they_are():
    expected = "<Batches: 10 examples in 3 batches of 4 (last: 2), 1 epoch, seed 0>"
    assert repr(ol.data.batches(10, 4)) == expected
    assert "(dropped: 2)" in repr(ol.data.batches(10, 4, last="drop"))
    assert "with replacement" in repr(ol.data.batches(10, 5, replacement=True))


# --- what is refused -----------------------------------------------------------------------------------------

NAN = np.array([[1.0, 2.0], [np.nan, 3.0]])
BAD = {
    "batch 0": (lambda: ol.data.batches(10, 0), ValueError, r"batches: size=0 must be an integer from 1 to 10"),
    "batch > n": (lambda: ol.data.batches(10, 11), ValueError, r"batches: size=11 must be an integer from 1 to 10"),
    "batch 2.0": (lambda: ol.data.batches(10, 2.0), TypeError, r"batches: size=2.0 must be an integer"),
    "batch True": (lambda: ol.data.batches(10, True), TypeError, r"batches: size=True must be an integer"),
    "no examples": (lambda: ol.data.batches(0, 1), ValueError, r"batches: data=0 must be an integer of at least 1"),
    "array": (lambda: ol.data.batches(np.ones(3), 1), TypeError, r"batches: data is a ndarray; it must be ol.data"),
    "seed": (lambda: ol.data.batches(10, 2, seed=-1), ValueError, r"batches: seed=-1 must be an integer of at least 0"),
    "no seed": (lambda: ol.data.batches(10, 2, seed=None), TypeError, r"batches: seed=None must be an integer"),
    "epochs": (lambda: ol.data.batches(10, 2, epochs=-1), ValueError, r"batches: epochs=-1 .* at least 0"),
    "last": (lambda: ol.data.batches(10, 2, last="cut"), ValueError, r"last='cut' must be 'keep', 'drop' or 'weight'"),
    "replacement": (lambda: ol.data.batches(10, 2, replacement=1), TypeError, r"replacement=1 must be True or False"),
    "epoch": (lambda: ol.data.batches(10, 2).epoch(-1), ValueError, r"k=-1 must be an integer of at least 0"),
    "nan": (lambda: ol.data.Data(NAN, [0, 1]), ValueError, r"x contains NaN or infinity, 1 in all.*x\[1, 0\]"),
    "inf": (lambda: ol.data.Data(np.ones((2, 1)), [0.0, np.inf]), ValueError, r"y contains NaN or infinity.*y\[1\]"),
    "narrow": (lambda: ol.data.Data(np.float32([[1]]), [1e39]), ValueError, r"y contains .*y\[0\]; .* of float32"),
    "label": (lambda: ol.data.Data(np.ones((2, 1)), [0, -1]), ValueError, r"the label -1; labels are integers from 0"),
    "lengths": (lambda: ol.data.Data(np.ones((3, 1)), [0, 1]), ValueError, r"y has shape \(2,\).*\(3,\)"),
    "flat": (lambda: ol.data.Data(np.ones(3), [0, 1, 2]), ValueError, r"x has shape \(3,\); it must be \(n, d\)"),
    "empty": (lambda: ol.data.Data(np.ones((0, 3)), []), ValueError, r"x has shape \(0, 3\)"),
    "masked": (lambda: ol.data.Data(np.ma.masked_equal([[1]], 1), [0]), TypeError, r"x has masked entries; it must"),
    "ragged": (lambda: ol.data.Data([[1.0], [1.0, 2.0]], [0, 1]), ValueError, r"rows of different lengths"),
    "text": (lambda: ol.data.Data([["a"]], [0]), TypeError, r"x has dtype <U1; it must hold real numbers"),
    "share": (lambda: ol.data.split(data(), 1.0), ValueError, r"validation=1.0 must be a number in \(0, 1\)"),
    "share nan": (lambda: ol.data.split(data(), float("nan")), ValueError, r"validation=nan must be"),
    "too few": (lambda: ol.data.split(data(), 0.01), ValueError, r"validation=0.01 of 10 examples leaves one part"),
    "tuple": (lambda: ol.data.split((NAN, NAN)), TypeError, r"split: data is a tuple; it must be ol.data.Data"),
    "scale": (lambda: ol.data.standardize(data(), NAN), TypeError, r"data is a ndarray; it must be ol.data.Data"),
    "dtype": (lambda: data().astype(np.float16), TypeError, r"Data.astype: dtype=.*float16.* must be np.float32 or np"),
    "inputs": (lambda: ol.data.standardize(data(d=3), data(d=2)), ValueError, r"2 inputs, but the training part has 3"),
    "n": (lambda: ol.data.linear_regression(n=0), ValueError, r"n=0 must be an integer of at least 1"),
    "d": (lambda: ol.data.linear_regression(d=1.5), TypeError, r"d=1.5 must be an integer"),
    "noise": (lambda: ol.data.linear_regression(noise=-1), ValueError, r"noise=-1 must be a number in \[0, inf\)"),
}


@pytest.mark.parametrize(("call", "error", "says"), BAD.values(), ids=BAD)
def test_refused_naming_argument_value_and_what_is_allowed(call, error, says):
    with pytest.raises(error, match=says):
        call()
