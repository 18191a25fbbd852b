"""The benchmark: every rule trains a real network, tuned by the same means, from several seeds, with records to rerun.

>>> from optlib import benchmark
>>> results = benchmark.load("cpu")          # what comes with the course
>>> results.ranking()

On the command line: ``python -m optlib.benchmark --help``.
"""

from .protocol import Protocol, load_protocol
from .protocol import names as protocols
from .results import Results, load
from .runner import run
from .statistics import compare, verdict

__all__ = ["Protocol", "Results", "compare", "load", "load_protocol", "protocols", "run", "verdict"]
