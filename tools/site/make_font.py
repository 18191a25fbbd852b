"""Make `math.woff2`, the font of the pages' formulas, from STIX Two Math in the wheel of ziamath.

    python -m pip install fonttools brotli
    python -m pip download ziamath --no-deps --dest /some/folder
    python tools/site/make_font.py /some/folder/ziamath-*.whl

The font is under the SIL Open Font License, which lies beside it.  It is refused unless its SHA-256 is the one below.
Kept are Latin, Greek, the mathematical alphabets and signs that courses use, and the parts of brackets and roots.
"""

import argparse
import hashlib
import io
import pathlib
import zipfile

from fontTools import subset

RESULT = pathlib.Path(__file__).with_name("math.woff2")
IN_WHEEL = "ziamath/fonts/STIXTwoMath-Regular.ttf"
SOURCE_SHA256 = "8f42cb183a85043a4dc3f8e41ac3821eb27bf178d68ace929ba439523622323c"
KEPT = [
    (0x20, 0x7E), (0xA0, 0xFF), (0x131, 0x131), (0x237, 0x237), (0x2C6, 0x2DD), (0x300, 0x338), (0x391, 0x3F5),
    (0x2010, 0x2027), (0x2030, 0x2037), (0x2057, 0x2063), (0x2100, 0x2138), (0x2190, 0x21D5), (0x2200, 0x22C6),
    (0x22EE, 0x22F1), (0x2308, 0x230B), (0x23B4, 0x23B5), (0x23DC, 0x23E1), (0x27E8, 0x27EB), (0x27F5, 0x27FC),
    (0x2A00, 0x2A02), (0x2A7D, 0x2A7E), (0x1D400, 0x1D467), (0x1D49C, 0x1D4CF), (0x1D538, 0x1D56B), (0x1D6A4, 0x1D71B),
]  # fmt: skip


def narrow_roots(font):
    """Make tall root signs as wide as the smallest.

    Chromium reserves the width of the font's widest sign for every root, which leaves a gap after a small one.
    """
    variants, widths = font["MATH"].table.MathVariants, font["hmtx"]
    sign = font.getBestCmap()[0x221A]
    shapes = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(sign)]
    names = [record.VariantGlyph for record in shapes.MathGlyphVariantRecord]
    names += [record.glyph for record in shapes.GlyphAssembly.PartRecords]
    width = widths[sign][0]
    for name in dict.fromkeys(names):
        factor, glyph = width / widths[name][0], font["glyf"][name]
        glyph.coordinates.scale((factor, 1))
        glyph.coordinates.toInt()
        glyph.recalcBounds(font["glyf"])
        widths[name] = width, glyph.xMin


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
    narrow_roots(font)
    subset.save_font(font, RESULT, options)
    print(f"{RESULT.name}: {RESULT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
