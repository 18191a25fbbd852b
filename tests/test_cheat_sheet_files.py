"""The cheat sheet in files: one page holds all rules, nothing overlaps, and the same sheet is the same file."""

import re
import subprocess
import sys
import zlib

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import optlib as ol
from optlib.course import formula, sheet
from test_cheat_sheet import Bare, Evil


@pytest.fixture(scope="module")
def whole():
    return ol.cheat_sheet()


@pytest.fixture(params=[Bare, Evil])
def odd(request):
    """A rule that a reader registers without the sections of the course, or with hostile ones."""
    ol.register(request.param)
    yield request.param
    del ol.OPTIMIZERS[request.param.__name__]


# --- files ------------------------------------------------------------------------------------------------------------


def strings_of(pdf):
    """The texts of a PDF's page, as they stand in its streams."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, flags=re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        for shown in re.findall(rb"\[(.*?)\]\s*TJ|(\((?:\\.|[^\\)])*\))\s*Tj", content, flags=re.DOTALL):
            letters = b"".join(re.findall(rb"\(((?:\\.|[^\\)])*)\)", shown[0] or shown[1]))
            found.append(letters.decode("latin-1").replace("\0", ""))
    return found


def test_the_pdf_is_one_page_with_every_name_as_text(whole, tmp_path):
    pdf = whole.save(tmp_path / "sheet.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    box = re.search(rb"/MediaBox\s*\[\s*([^\]]+)\]", pdf)[1].split()
    assert [round(float(side)) for side in box] == [0, 0, 842, 595]
    texts = strings_of(pdf)
    assert set(ol.OPTIMIZERS) <= set(texts)
    assert b"CreationDate" not in pdf


def test_the_same_sheet_is_the_same_file(tmp_path):
    for ending in ("pdf", "svg", "html", "png"):
        files = [ol.cheat_sheet(["Adam", "RAdam"]).save(tmp_path / f"{i}.{ending}").read_bytes() for i in range(2)]
        assert files[0] == files[1]
        assert len(files[0]) > 5_000
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted([".pdf", ".svg", ".html", ".png"] * 2)


def test_a_failed_write_leaves_the_old_file(whole, tmp_path, monkeypatch):
    for ending, broken in (("pdf", "_draw"), ("html", "html")):
        old = tmp_path / f"sheet.{ending}"
        old.write_text("old")

        def fail(*_):
            raise RuntimeError("disk full")

        monkeypatch.setattr(type(whole), broken, fail)
        with pytest.raises(RuntimeError, match="disk full"):
            whole.save(old)
        assert old.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["sheet.docx", "sheet", "sheet.pdf.txt"])
def test_other_endings_are_refused(whole, tmp_path, name):
    with pytest.raises(ValueError, match=rf"path='.*{name}' must end in \.html, \.pdf, \.png or \.svg"):
        whole.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path, capsys):
    from optlib.cheat_sheet import main

    outs = [str(tmp_path / "a.html"), str(tmp_path / "b.svg")]
    main(outs)
    assert capsys.readouterr().out.split() == outs
    for wrong in (["x.txt"], [str(tmp_path / "no" / "folder.html")], []):
        with pytest.raises(SystemExit) as stopped:
            main(wrong)
        assert stopped.value.code == 2
    assert "must end in" in capsys.readouterr().err


def test_the_module_can_be_run_without_warnings(tmp_path):
    out = str(tmp_path / "sheet.html")
    command = [sys.executable, "-W", "error", "-m", "optlib.cheat_sheet", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.stderr, done.returncode) == (out, "", 0)


def test_the_name_is_the_function_whichever_is_imported_first():
    code = "import {}; import optlib as ol; print(len(ol.cheat_sheet('Adam').entries), type(ol.cheat_sheet).__name__)"
    for first, kind in (("optlib", "function"), ("optlib.cheat_sheet", "_Called")):
        done = subprocess.run([sys.executable, "-c", code.format(first)], capture_output=True, text=True, timeout=120)
        assert done.stdout.split() == ["1", kind], done.stderr


# --- the page ---------------------------------------------------------------------------------------------------------


def boxes(figure):
    """What is written, with its box in points."""
    figure.set_dpi(500)  # boxes are rounded to pixels
    with sheet.drawing():
        renderer = FigureCanvasAgg(figure).get_renderer()
        scale = 72 / figure.dpi
        return [(text.get_text(), *(scale * v for v in text.get_window_extent(renderer).extents))
                for text in figure.axes[0].texts]  # fmt: skip


@pytest.mark.parametrize("rules", [None, ["Adam"], ["YellowFin", "GeneticAlgorithm", "RAdam"], [*ol.OPTIMIZERS] * 2])
def test_nothing_overlaps_and_nothing_leaves_the_page(rules):
    figure = ol.cheat_sheet(rules).figure()
    found = boxes(figure)
    width, height = figure.get_size_inches() * 72
    assert (round(width), round(height)) == (842, 595)
    for text, left, low, right, high in found:
        assert 8 <= left < right <= width - 8, text
        assert 8 <= low < high <= height - 8, text
    slack = 0.35  # points: an accent may reach into the white between two lines
    for i, (text, left, low, right, high) in enumerate(found):
        for other, left_2, low_2, right_2, high_2 in found[:i]:
            apart = max(left, left_2) >= min(right, right_2) - slack or max(low, low_2) >= min(high, high_2) - slack
            assert apart, (text, other)


def test_the_columns_do_not_touch():
    found = boxes(ol.cheat_sheet().figure())
    lefts = sorted(left for text, left, *_ in found if text in [name for name, _ in sheet.COLUMNS])
    assert len(lefts) == len(sheet.COLUMNS)
    for text, left, _, right, high in found:
        if high < 540:  # below the head
            following = [edge for edge in lefts if edge > left + 1]
            assert not following or right < following[0] - 2, text


def test_formulas_of_a_pdf_stand_on_the_line():
    """A line of text and of formulas: matplotlib's PDF raises each formula by up to a point, which is taken back."""
    for size in (6.3, 7.0, 7.6):
        for string in ("$x$", r"$\dfrac{a}{b}$", r"$\hat v_t$", "text $x_t$"):
            glyphs = formula.text_to_path.mathtext_parser.parse(string, 72, formula.font(size=size)).glyphs
            exact = formula.text_to_path.mathtext_parser.parse(string, 72, formula.font(size=1000)).glyphs
            assert glyphs[0][-1] - formula.rise(string, size) == pytest.approx(exact[0][-1] * size / 1000, abs=0.1)
        assert formula.rise("plain", size) == 0
    plain, pdf = (ol.cheat_sheet(["Adam"]).figure(pdf).axes[0].texts for pdf in (False, True))
    moved = [a.get_position()[1] - b.get_position()[1] for a, b in zip(pdf, plain, strict=True)]
    assert 0 < max(moved) < 1.1
    assert min(moved) > -0.1


def test_letters_are_as_large_as_paper_needs():
    sizes = [text.get_fontsize() for text in ol.cheat_sheet().figure().axes[0].texts]
    assert min(sizes) > 5.5
    assert sorted(sizes)[len(sizes) // 2] > 6.5
    few = [text.get_fontsize() for text in ol.cheat_sheet(["Adam", "AdamW"]).figure().axes[0].texts]
    assert max(few) <= 13


# --- rules of readers -----------------------------------------------------------------------------------------------


def test_any_rule_that_is_registered_gets_a_row(odd, tmp_path):
    made = ol.cheat_sheet()
    assert made.entries[-1].name == odd.__name__
    for ending in ("html", "pdf", "svg"):
        assert ol.cheat_sheet(["Adam", odd]).save(tmp_path / f"sheet.{ending}").stat().st_size > 10_000
    assert odd.__name__ in strings_of((tmp_path / "sheet.pdf").read_bytes())
    assert odd.__name__ in made.html()
    row = made.markdown().splitlines()[-1]
    assert row.startswith(f"| **{odd.__name__}**<br>")
    assert row.count("|") == 4


def test_what_is_missing_is_a_dash_on_the_page():
    assert [text for text, *_ in boxes(ol.cheat_sheet([Bare]).figure())].count("–") == 5
