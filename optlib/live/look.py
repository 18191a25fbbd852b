"""Colors of the moving pictures on light and on dark pages; the light ones are those of the theme."""

import dataclasses

import numpy as np

from ..pictures import theme

BANDS = 15  # colors for the bands between contour lines; a sixteenth marks pixels without a value


@dataclasses.dataclass(frozen=True)
class Look:
    """Hex colors of a page: paper, text, lines that stay behind, places without a value, and the landscape.

    The landscape is a tuple, from low values to high.
    """

    paper: str
    ink: str
    faint: str
    undefined: str
    landscape: tuple

    def path_color(self, style):
        """Hex color of a path; on dark paper the theme's colors are lightened and black turns to ink."""
        if self is LIGHT:
            return style["color"]
        return self.ink if style["color"] == theme.BLACK else theme.mix(style["color"], "#FFFFFF", 0.25)

    def band_colors(self):
        """Hex colors of the bands, and of no value: 16."""
        return [*(theme.shade(share, self.landscape) for share in np.linspace(0, 1, BANDS)), self.undefined]


LIGHT = Look(theme.PAPER, theme.INK, theme.FAINT, theme.UNDEFINED, theme.LANDSCAPE)
DARK = Look(
    "#15181D", "#E9ECF1", "#8A929E", "#2A2D33",
    ("#10202E", "#1B3142", "#294456", "#3A586A", "#4C6B7B", "#5E7C89"),
)
