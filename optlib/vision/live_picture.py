"""`LivePicture`: one output of a notebook cell, redrawn while a computation runs."""

import sys

from ..data.progress import where


class LivePicture:
    """A picture that is replaced in place by the next one; nothing is shown unless ``show``.

    While it grows it is SVG within HTML, which a browser swaps at once; an image would leave its place empty while it
    is decoded.  At the end it is the `Picture` itself.
    """

    def __init__(self, show):
        self.where = where() if show else None
        self.handle = None

    def draw(self, make):
        """Show the picture that ``make()`` returns; outside a notebook, print its description."""
        if self.where == "notebook":
            picture = make()
            self._put({"text/html": picture.inline_svg(), "text/plain": picture.description})
        elif self.where:
            print(make().description, file=sys.stderr, flush=True)

    def end(self, picture):
        """Show the last picture, which is stored with the notebook."""
        if self.where == "notebook":
            self._put(picture._repr_mimebundle_())

    def _put(self, bundle):
        if self.handle is None:
            from IPython.display import display

            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)
