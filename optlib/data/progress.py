"""Progress of downloads and training runs: a tqdm bar in terminals and notebooks, plain lines in a file."""

import contextlib
import sys
import warnings


def where():
    """What shows the output: "notebook", "terminal" or "file"."""
    ipython = sys.modules.get("IPython")
    if hasattr(ipython and ipython.get_ipython(), "kernel"):
        return "notebook"
    return "terminal" if sys.stderr.isatty() else "file"


def progress_bar(total, desc, initial=0, **options):
    """A context with ``update(n)``: a tqdm bar, in a file a line each tenth; ``options`` are tqdm's."""
    if where() == "file":
        return contextlib.nullcontext(Tenths(total, desc, initial))
    return _tqdm()(total=total, desc=desc, initial=initial, unit_scale=True, **options)


def say(text):
    """Print a line above the bar: to stderr, but in a notebook to stdout, where it does not look like an error."""
    write = print if where() == "file" else _tqdm().write  # where no bar is, tqdm need not be imported amid a download
    write(text, file=sys.stdout if where() == "notebook" else sys.stderr)


class Tenths:
    """Stands in for a bar where nothing can be redrawn."""

    def __init__(self, total, desc, n):
        self.total, self.desc, self.n = total, desc, n

    def update(self, n):
        before, self.n = 10 * self.n // self.total, self.n + n
        if 10 * self.n // self.total > before:
            say(f"{self.desc}: {100 * self.n // self.total} %")


def _tqdm():
    if where() != "notebook":
        from tqdm import tqdm  # `tqdm.auto` takes a terminal for a notebook once anything has imported ipykernel
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tqdm warns where ipywidgets is missing; the bar is then one of text
            from tqdm.auto import tqdm
    return tqdm


def megabytes(size):
    """A number of bytes as text: ``"170.1 MB"``."""
    return f"{size / 1e6:,.1f} MB"
