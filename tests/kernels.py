"""Kernels that talk through files.

Over TCP a kernel is told five free ports, and opens them a moment later.  Two processes that start kernels at once may
have been told the same one; then a kernel dies ("Address already in use"), and with it all cells of its notebook.
"""

import itertools
import os
import tempfile

from jupyter_client import KernelManager

FOLDER = tempfile.TemporaryDirectory(prefix="kernels-")  # one for each process; removed when it ends
NUMBER = itertools.count()


def apart():
    """Settings for a `KernelManager` whose kernel shares no address with any other."""
    if os.name != "posix":
        return {}
    return {"transport": "ipc", "ip": os.path.join(FOLDER.name, str(next(NUMBER)))}


def kernel_manager(**options):
    return KernelManager(**options, **apart())
