"""Every static picture of the course, by name: ``ol.plots.contour(f, path)``.

Each function returns a `Picture`, which shows itself in a notebook, describes itself in words, and saves to a
file.  pyplot is not involved and the reader's matplotlib settings are left alone.
"""

from .arrows import first_steps, gradient_field
from .averages import averages
from .basins import basins
from .charts import curves, loss, rates
from .graph import graph
from .landscape import contour, line, scatter, surface
from .look_ahead import look_ahead
from .maps import heatmap
from .noise import noisy_run
from .noise_floor import noise_floor
from .phases import phase_diagram
from .picture import Picture
from .reddi import reddi
from .run import run
from .runs import bands, dashboard, progress, ranking
from .samples import histograms, images
from .secant import secant
from .spectrum import spectrum, steepest
from .valley import valley

__all__ = [
    "Picture", "averages", "bands", "basins", "contour", "curves", "dashboard", "first_steps", "gradient_field",
    "graph", "heatmap", "histograms", "images", "line", "look_ahead", "loss", "noise_floor", "noisy_run",
    "phase_diagram", "progress", "ranking", "rates", "reddi", "run", "scatter", "secant", "spectrum",
    "steepest", "surface", "valley",
]  # fmt: skip
