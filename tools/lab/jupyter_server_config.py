"""What `make lab` sets in Jupyter Server: a message goes to the browser at once, and a notebook opens as saved.

Jupyter Server (2.21) leaves Nagle's algorithm on: a small message waits until the browser has confirmed the one before,
which browsers put off for 40 ms.  A picture that takes 20 ms to draw would follow a slider half as often.

JupyterLab (4.6) writes the kernel's name and the version of Python into a notebook as soon as it has a kernel, and then
calls it changed.  The notebooks of the course name no version, so they get it when they are read.

By default it also leaves out cells until they are scrolled to, and unfolds those that run meanwhile: whoever runs all
cells would find answers open that no question had seen.  labconfig/ has all of them drawn at once.
"""

import functools

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.contents.manager import ContentsManager
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

plain_open, plain_mark = KernelWebsocketHandler.open, ContentsManager.mark_trusted_cells


@functools.wraps(plain_open)
async def open_at_once(self, **about):
    self.set_nodelay(True)
    await plain_open(self, **about)


@functools.wraps(plain_mark)
def mark_and_complete(self, notebook, path=""):
    plain_mark(self, notebook, path)  # first, by the signature of what is stored
    kernel = notebook.metadata.get("kernelspec", {})
    if kernel.get("name") == "python3":
        kernel["display_name"] = KernelSpecManager().get_kernel_spec("python3").display_name
        notebook.metadata["language_info"] = dict(IPythonKernel.language_info)


KernelWebsocketHandler.open = open_at_once
ContentsManager.mark_trusted_cells = mark_and_complete
