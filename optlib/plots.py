"""Every static picture of the course, by name: ``ol.plots.contour(f, path)``.

Each function returns a `Picture`, which shows itself in a notebook, describes itself in words, and saves to a
file.  pyplot is not involved and the reader's matplotlib settings are left alone.
"""

from .pictures.arrows import first_steps, gradient_field
from .pictures.averages import averages
from .pictures.basins import basins
from .pictures.charts import curves, loss, rates
from .pictures.landscape import contour, contour3d, four_views, line, scatter, surface
from .pictures.maps import heatmap, regions
from .pictures.phases import phase_diagram
from .pictures.picture import Picture
from .pictures.slopes import secant
from .pictures.steps import look_ahead

__all__ = [
    "Picture", "averages", "basins", "contour", "contour3d", "curves", "first_steps", "four_views", "gradient_field",
    "heatmap", "line", "look_ahead", "loss", "phase_diagram", "rates", "regions", "scatter", "secant", "surface",
]  # fmt: skip
