"""The package keeps its order: imports run one way and in no circle, and it stays small.  The table: tools/house.py."""

import re
import shutil

import pytest

import optlib as ol
from tools import house, map

TESTS = house.PACKAGE.parent / "tests"
ENTRIES = 22
# A ratchet: these may only fall.  What is registered does not count (rules, functions, schedules, tasks and networks),
# nor do exercises, nor tests of rules and exercises: one more is no fault.  Aimed at are 1,500, 16,400 and 15,000; they
# were raised eight times, for notebooks 06 to 08, pages that compute, other libraries, and checks of wrong numbers.
HEART_LINES, PACKAGE_LINES, TEST_LINES = 2_536, 23_885, 22_764


def lines(paths):
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_imports_run_one_way_and_in_no_circle():
    assert house.faults() == []


def test_the_one_import_whose_name_is_only_known_later_is_that_of_an_executor():
    """`run --executor mpi4py.futures:MPIPoolExecutor` names a module outside of the package."""
    assert {row.source for row in house.imports(house.PACKAGE) if row.target is None} == {"optlib.benchmark.runner"}


def test_the_lazy_table_is_read():
    targets = {row.target for row in house.imports(house.PACKAGE) if row.source == "optlib" and row.lazy}
    assert targets == {f"optlib.{module}" for module in ol._LAZY.values()}


LAZY = """
_LAZY = {"fit": "vision.loop", "sum": "arrays"}
def __getattr__(name):
    return importlib.import_module(f"optlib.{_LAZY[name]}")
"""
FAULTS = [  # file, source to plant at its end, sentence that reports it
    ("minimize.py", "from .pictures import plots", "imports optlib.pictures.plots: heart may use no other room"),
    ("data/sets.py", "def f():\n    from ..vision.loop import fit", "imports optlib.vision.loop: data may use heart"),
    ("live/page.py", "f = lambda: __import__('optlib.course.cards')",
     "imports optlib.course.cards: live may use heart, pictures"),
    ("pictures/draw.py", "import optlib.vision.loop as loop", "imports optlib.vision.loop: pictures may use heart"),
    ("torch_driver/state.py", "import importlib\nimportlib.import_module('..vision.loop', __package__)",
     "imports optlib.vision.loop: torch_driver may use heart"),
    ("functions/bowls.py", "def f(name):\n    return importlib.import_module(f'optlib.pictures.{name}')",
     "imports optlib.pictures.runs: heart may use no other room"),
    ("schedules/__init__.py", LAZY, "imports optlib.vision.loop: heart may use no other room"),
    ("arrays.py", "from .registry import Hyper", "imports optlib.registry: registry does not lie below arrays"),
    ("optimizers/adam.py", "from .. import trajectory", "trajectory does not lie below optimizers"),
    ("__init__.py", "from .data import digits", "imports optlib.data: the package itself loads a wing only when"),
    ("__init__.py", "_LAZY = {'sets': 'data.stes'}", "imports optlib.data.stes: there is no such module"),
    ("training/plan.py", "import optlib as ol", "a room does not import the package that hands it out"),
    ("attic.py", "", "optlib.attic has no room"),
    ("attic/trunk.py", "from . import lid", "optlib.attic.trunk has no room"),
    ("attic/lid.py", "def f():\n    from . import trunk", "a circle: optlib.attic.lid <- optlib.attic.trunk <-"),
]  # fmt: skip


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    package = tmp_path_factory.mktemp("house") / "optlib"
    shutil.copytree(house.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    for file, source, _ in FAULTS:
        (package / file).parent.mkdir(exist_ok=True)
        with (package / file).open("a", encoding="utf-8") as end:
            end.write(f"\n{source}\n")
    return house.faults(package)


@pytest.mark.parametrize(("file", "source", "fault"), FAULTS)
def test_a_planted_fault_is_reported(planted, file, source, fault):
    module = f"optlib/{file}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert any(fault in sentence and module in sentence for sentence in planted)


def structure(svg):
    """The boxes and arrows of a map."""
    return sorted(re.findall(r'data-[^>]*?"(?= d=|>)', svg))


def test_the_map_shows_the_rooms_and_arrows_of_today():
    stored, drawn = map.OUT.read_text(encoding="utf-8"), map.draw()
    assert structure(stored) == structure(drawn), "run: make map"
    assert {f'data-room="{room}"' for room in house.ROOMS} < {*structure(stored)}
    assert 'data-from="vision" data-to="torch_driver"' in structure(stored)


def test_no_arrow_of_the_map_runs_through_a_box():
    svg = map.draw()
    boxes = [[float(number) for number in box] for box in re.findall(
        r'data-room="\w+">\n<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg)]  # fmt: skip
    paths = re.findall(r'd="M([\d.]+) ([\d.]+)V([\d.]+)(?:q\S+ \S+ \S+ 10h(\S+)q(\S+) \S+ \S+ 10V([\d.]+))?"', svg)
    assert len(paths) == len(map.arrows())
    assert len(boxes) == len(house.ROOMS) + sum(len(floor) for floor in house.HEART)
    for path in paths:
        x, y, turn, across, corner, end = (float(number or 0) for number in path)
        low, over = turn + 10, x + across + 2 * corner
        ways = [(x, y, x, turn), (min(x, over), low, max(x, over), low), (over, low, over, end)]
        for left, top, right, bottom in ways if end else ways[:1]:
            assert not [box for box in boxes if left < box[0] + box[2] and box[0] < right
                        and top < box[1] + box[3] and box[1] < bottom], path  # fmt: skip


def test_an_arrow_is_drawn_only_where_no_others_lead_along():
    """The benchmark imports the heart, data, vision and pictures as well; the tasks lead there."""
    assert [to for start, to in map.arrows() if start == "benchmark"] == ["tasks"]


def test_the_package_has_few_entries():
    entries = [path for path in house.PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= ENTRIES, sorted(path.name for path in entries)


def test_heart_package_and_tests_are_small():
    registered = {each.__module__ for each in [*ol.OPTIMIZERS.values(), *(f.formula for f in ol.FUNCTIONS.values())]}
    of_tasks = {each.__module__ for task in ol.tasks.TASKS.values() for each in (task.data, task.network)}
    registered |= {ol.schedules.__name__, *(name for name in of_tasks if house.room(name) == "tasks")}
    rest = {name: path for name, path in house.modules().items()
            if name not in registered and "course.exercises" not in name}  # fmt: skip
    assert lines(path for name, path in rest.items() if house.room(name) == "heart") < HEART_LINES
    assert lines(rest.values()) < PACKAGE_LINES
    assert lines(path for path in TESTS.glob("*.py") if not re.match("test_(rules|exercises)", path.name)) < TEST_LINES
