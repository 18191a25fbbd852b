"""Make `math.woff2`, the font of the pages' formulas, from STIX Two Math in the wheel of ziamath.

    python -m pip install fonttools brotli
    python -m pip download ziamath --no-deps --dest /some/folder
    python tools/site/make_font.py /some/folder/ziamath-*.whl

The font is under the SIL Open Font License, which lies beside it.  It is refused unless its SHA-256 is the one below.
Kept are Latin, Greek, the mathematical alphabets and signs that courses use, and the parts of brackets and roots.
"""

import argparse
import copy
import hashlib
import io
import pathlib
import zipfile

from fontTools import subset
from fontTools.ttLib.tables import otTables

RESULT = pathlib.Path(__file__).with_name("math.woff2")
IN_WHEEL = "ziamath/fonts/STIXTwoMath-Regular.ttf"
SOURCE_SHA256 = "8f42cb183a85043a4dc3f8e41ac3821eb27bf178d68ace929ba439523622323c"
KEPT = [
    (0x20, 0x7E), (0xA0, 0xFF), (0x131, 0x131), (0x237, 0x237), (0x2C6, 0x2DD), (0x300, 0x338), (0x391, 0x3F5),
    (0x2010, 0x2027), (0x2030, 0x2037), (0x2057, 0x2063), (0x2100, 0x2138), (0x2190, 0x21D5), (0x2200, 0x22C6),
    (0x22EE, 0x22F1), (0x2308, 0x230B), (0x23B4, 0x23B5), (0x23DC, 0x23E1), (0x27E8, 0x27EB), (0x27F5, 0x27FC),
    (0x2A00, 0x2A02), (0x2A7D, 0x2A7E), (0x1D400, 0x1D467), (0x1D49C, 0x1D4CF), (0x1D538, 0x1D56B), (0x1D6A4, 0x1D71B),
]  # fmt: skip
HEIGHTS = (930, 1060, 1340, 1500, 1670, 2100, 2620)  # of root signs that the font has not, in its units


def fit_roots(font):
    """Give roots signs of more heights, all as wide as the smallest.

    The font's smallest is higher than a line, and the next half as high again: one around little hangs low.  Chromium
    reserves the width of the widest for every root, which leaves a gap after a small one.
    """
    glyphs, widths, math = font["glyf"], font["hmtx"], font["MATH"].table.MathVariants
    sign = font.getBestCmap()[0x221A]
    shapes = math.VertGlyphConstruction[math.VertGlyphCoverage.glyphs.index(sign)]
    shapes.MathGlyphVariantRecord, given = [], {r.AdvanceMeasurement: r for r in shapes.MathGlyphVariantRecord}
    width, shape = widths[sign][0], {height: copy.deepcopy(glyphs[r.VariantGlyph]) for height, r in given.items()}
    parts = [part.glyph for part in shapes.GlyphAssembly.PartRecords]
    for height in (*HEIGHTS, *given):
        like = min(given, key=lambda other: abs(other - height))
        name = sign if height == HEIGHTS[0] else f"{sign}.{height}"
        glyphs[name], widths[name] = copy.deepcopy(shape[like]), widths[given[like].VariantGlyph]
        glyphs[name].coordinates.scale((1, height / like))
        record = otTables.MathGlyphVariantRecord()
        record.VariantGlyph, record.AdvanceMeasurement = name, height
        shapes.MathGlyphVariantRecord.append(record)
        parts.append(name)
    shapes.MathGlyphVariantRecord.sort(key=lambda record: record.AdvanceMeasurement)
    for name in dict.fromkeys(parts):
        glyphs[name].coordinates.scale((width / widths[name][0], 1))
        glyphs[name].coordinates.toInt()
        glyphs[name].recalcBounds(glyphs)
        widths[name] = width, glyphs[name].xMin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=pathlib.Path)
    with zipfile.ZipFile(parser.parse_args().wheel) as wheel:
        source = wheel.read(IN_WHEEL)
    digest = hashlib.sha256(source).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"SHA-256 of {IN_WHEEL} is {digest}, expected {SOURCE_SHA256}")
    options = subset.Options(flavor="woff2", hinting=False, layout_features=["ssty", "dtls", "flac", "ccmp"],
                             name_IDs=[0, 1, 2, 13, 14])  # fmt: skip
    font = subset.load_font(io.BytesIO(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in KEPT for code in range(first, last + 1)])
    cutter.subset(font)
    fit_roots(font)
    subset.save_font(font, RESULT, options)
    print(f"{RESULT.name}: {RESULT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
