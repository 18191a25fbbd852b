"""Draw the map of the package to docs/map.svg: its folders as boxes, its imports as arrows.

    python -m tools.map

An arrow is left out where others lead to the same place.  The same sources give the same bytes.
"""

import ast
import html
from pathlib import Path

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from optlib.checks import replacing

from . import house

OUT = Path(__file__).resolve().parents[1] / "docs" / "map.svg"
ABOUT = (
    ("How optlib is built", 21, 700),
    ("An arrow leads from a folder to one that it imports. A folder may also use what lies further along its arrows. "
     "Nothing points up, and nothing runs in a circle.", 12.5, 400),
    ("In the heart, a file imports only what stands further left.", 12.5, 400),
)  # fmt: skip
COLUMNS = {
    "training": 0, "data": 0,
    "benchmark": 1, "tasks": 1, "vision": 1, "torch_driver": 1,
    "course": 2, "live": 2, "pictures": 2,
}  # fmt: skip
GREEN, BLUE, VIOLET = ("#eef7ee", "#2f7a3e"), ("#edf4fc", "#1f64a8"), ("#f5f0fb", "#6d45a0")
COLORS = {  # the paper of a box, its border and name
    "heart": ("#fdf1ef", "#b3372c"), "data": GREEN, "training": GREEN,
    "torch_driver": BLUE, "vision": BLUE, "tasks": BLUE, "pictures": VIOLET, "live": VIOLET,
    "course": ("#fdf5e6", "#8a5a0a"), "benchmark": ("#f0f2f4", "#46505c"),
}  # fmt: skip
INK, FAINT = "#24292f", "#57606a"

# Pixels.  GAP is between columns, RISE between floors; an arrow to another column leaves a box ASIDE of its center.
WIDTH, MARGIN, PAD, GAP, RISE, ASIDE, LEADING = 900, 22, 16, 30, 44, 62, 17
BOX = (WIDTH - 2 * MARGIN - 2 * GAP) / 3  # the width of a box
CHIP = (WIDTH - 2 * MARGIN - 2 * PAD) / len(house.HEART)  # of a column of the heart


def arrows(package=house.PACKAGE):
    """The arrows between rooms as sorted pairs (from, to), without those that others together lead along."""
    pairs = {(house.room(row.source), house.room(row.target)) for row in house.imports(package) if row.target}
    direct = {name: {to for start, to in pairs if start == name} & house.ROOMS.keys() - {name} for name in house.ROOMS}

    def reached(name):
        return direct[name].union(*map(reached, direct[name]))

    return sorted((name, to) for name, targets in direct.items() for to in targets.difference(*map(reached, targets)))


def floor(name):
    """The floor of a room: one above the highest that it builds on."""
    return 1 + max(map(floor, house.ROOMS[name])) if house.ROOMS[name] else 0


def purpose(name, package):
    """The first line of a room's docstring; of the package's for the heart."""
    path = package / ("" if name == "heart" else name) / "__init__.py"
    line = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).partition("\n")[0]
    return " ".join(line.replace("`", "").split())


def lines(paths):
    """``1,234 lines``."""
    return f"{sum(len(path.read_text(encoding='utf-8').splitlines()) for path in paths):,} lines"


def size(paths):
    """``3 files, 1,234 lines``."""
    return f"{len(paths)} files, {lines(paths)}"


def width(words, points):
    """The width of a text in DejaVu Sans, which is wider than the fonts that most readers have."""
    font = FontProperties(family="DejaVu Sans", size=points)
    return text_to_path.get_text_width_height_descent(words, font, ismath=False)[0]


def wrapped(words, points, wide):
    """The text in lines that fit."""
    rows = [""]
    for word in words.split():
        longer = f"{rows[-1]} {word}".lstrip()
        if width(longer, points) <= wide:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def text(x, y, words, points=12.5, color=INK, weight=400, anchor="start"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{points}" fill="{color}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{html.escape(words)}</text>')  # fmt: skip


def rectangle(x, y, wide, high, paper, border, round=10):
    return (f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="{round}" fill="{paper}" '
            f'stroke="{border}" stroke-width="1.5"/>')  # fmt: skip


def arrow(start, to, path):
    return (f'<path data-from="{start}" data-to="{to}" d="{path}" fill="none" stroke="{FAINT}" stroke-width="1.8" '
            'marker-end="url(#head)"/>')  # fmt: skip


class Plan:
    """Where everything stands."""

    def __init__(self, package):
        self.package = package
        self.files = {
            name: [path for module, path in house.modules(package).items() if house.room(module) == name]
            for name in house.ROOMS
        }
        self.purposes = {name: wrapped(purpose(name, package), 12.5, BOX - 2 * PAD) for name in COLUMNS}
        self.high = 66 + LEADING * max(map(len, self.purposes.values()))  # of a box
        self.ground = MARGIN + max(map(floor, COLUMNS)) * (self.high + RISE)  # the upper edge of the heart

    def corner(self, name):
        """The upper left corner of a box."""
        return MARGIN + COLUMNS[name] * (BOX + GAP), self.ground - floor(name) * (self.high + RISE)

    def room(self, name):
        """A box with name, purpose and size."""
        x, y = self.corner(name)
        yield f'<g data-room="{name}">'
        yield rectangle(x, y, BOX, self.high, *COLORS[name])
        yield text(x + PAD, y + 27, name, 17, COLORS[name][1], 700)
        for row, line in enumerate(self.purposes[name], 1):
            yield text(x + PAD, y + 30 + LEADING * row, line)
        yield text(x + PAD, y + self.high - 13, size(self.files[name]), 11.5, FAINT)
        yield "</g>"

    def route(self, start, to):
        """The path of an arrow: straight down, or down, across just above the floor where it ends, and down again."""
        x, y = self.corner(start)
        x, y, end, columns = x + BOX / 2, y + self.high, self.ground, 0
        if to != "heart":
            end, columns = self.corner(to)[1], COLUMNS[to] - COLUMNS[start]
        if not columns:
            return f"M{x:g} {y:g}V{end - 2:g}"
        side = 1 if columns > 0 else -1
        x, across = x + side * ASIDE, columns * (BOX + GAP) - 2 * side * ASIDE
        turn = 10 * side
        return (f"M{x:g} {y:g}V{end - RISE / 2 - 10:g}q0 10 {turn} 10h{across - 2 * turn:g}q{turn} 0 {turn} 10"
                f"V{end - 2:g}")  # fmt: skip

    def heart(self):
        """The wide box at the bottom with the modules of the heart, of which each uses what stands left of it."""
        paper, border = COLORS["heart"]
        rows, y = max(map(len, house.HEART)), self.ground
        self.bottom = y + 58 + rows * 50
        yield '<g data-room="heart">'
        yield rectangle(MARGIN, y, WIDTH - 2 * MARGIN, self.bottom - y, paper, border)
        yield text(MARGIN + PAD, y + 27, "the heart", 17, border, 700)
        yield text(MARGIN + PAD + 100, y + 27, purpose("heart", self.package))
        yield text(WIDTH - MARGIN - PAD, y + 27, size(self.files["heart"]), 11.5, FAINT, anchor="end")
        for column, names in enumerate(house.HEART):
            x = MARGIN + PAD + column * CHIP
            for row, name in enumerate(names):
                top = y + 46 + (rows - len(names)) * 25 + row * 50
                home = {self.package / name, self.package / f"{name}.py"}  # a folder or a file
                files = [path for path in self.files["heart"] if home & {path, path.parent}]
                yield f'<g data-room="{name}">'
                yield rectangle(x + 11, top, CHIP - 22, 42, "#ffffff", border, 7)
                yield text(x + CHIP / 2, top + 18, name, 13, INK, 600, "middle")
                yield text(x + CHIP / 2, top + 34, lines(files), 11, FAINT, anchor="middle")
                yield "</g>"
            if column:
                middle = y + 42 + rows * 25
                yield arrow(names[0], house.HEART[column - 1][0], f"M{x + 10:g} {middle:g}H{x - 9:g}")
        yield "</g>"


def draw(package=house.PACKAGE):
    """The map as SVG."""
    plan, pairs = Plan(package), arrows(package)
    elements = [element for name in COLUMNS for element in plan.room(name)]
    elements += plan.heart()
    elements += [arrow(start, to, plan.route(start, to)) for start, to in pairs]
    y = MARGIN + 6
    for words, points, weight in ABOUT:
        for line in wrapped(words, points, BOX):
            y += points * 1.36
            elements.append(text(MARGIN + 2, y, line, points, INK, weight))
        y += 8
    high = plan.bottom + MARGIN
    words = "; ".join(f"{start} imports {to}" for start, to in pairs)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{high:g}" viewBox="0 0 {WIDTH} {high:g}" '
        """role="img" font-family="-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif">""",
        f"<title>{ABOUT[0][0]}</title>", f"<desc>{words}.</desc>",
        '<marker id="head" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="6.5" markerHeight="6.5" orient="auto">'
        f'<path d="M0 0.8L9.5 5L0 9.2L2.4 5Z" fill="{FAINT}"/></marker>',
        rectangle(1, 1, WIDTH - 2, high - 2, "#ffffff", "#d0d7de", 12), *elements, "</svg>", "",
    ])  # fmt: skip


def main():
    svg = draw()
    with replacing(OUT) as part:
        part.write_text(svg, encoding="utf-8", newline="\n")
    print(f"{OUT.relative_to(OUT.parents[1])}: {len(house.ROOMS)} rooms, {len(arrows())} arrows")


if __name__ == "__main__":
    main()
