"""Tasks for optimizers: each a data set, a network, a loss, a metric with its direction, and two budgets.

>>> model, history = ol.tasks.train("novel", ol.Adam(lr=3e-3))
>>> ol.tasks.TASKS["novel"].metric.values(history.to_dict())

A task that is registered is thereby tested, listed, benchmarked and drawn.  Needs torch.
"""

from . import catalog  # noqa: F401  (it registers the tasks)
from .base import ACCURACY, NEGATIVE_ELBO, PERPLEXITY, TASKS, Metric, Task, register, train

__all__ = ["ACCURACY", "NEGATIVE_ELBO", "PERPLEXITY", "TASKS", "Metric", "Task", "register", "train"]
