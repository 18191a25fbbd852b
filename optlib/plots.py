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
from .pictures.noise import noise_ball, noisy_run
from .pictures.phases import phase_diagram
from .pictures.picture import Picture
from .pictures.runs import bands, progress, ranking
from .pictures.samples import histograms, images
from .pictures.slopes import secant
from .pictures.steps import look_ahead

__all__ = [
    "Picture", "averages", "bands", "basins", "contour", "contour3d", "curves", "first_steps", "four_views",
    "gradient_field", "heatmap", "histograms", "images", "line", "look_ahead", "loss", "noise_ball", "noisy_run",
    "phase_diagram", "progress", "ranking", "rates", "regions", "scatter", "secant", "surface",
]  # fmt: skip
