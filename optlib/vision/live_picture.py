"""`LivePicture`: one output of a notebook's cell that is drawn anew while a computation runs."""

import sys

from .progress import where


class LivePicture:
    """A picture that is replaced by the next one in its place.

    While it grows it is drawn as SVG within HTML, which a browser swaps in one go: an image would have to be decoded
    first, and its place would be empty for a moment.  What stays at the end is the `Picture` itself.

    Parameters
    ----------
    show : bool
        False: nothing is ever shown.
    """

    def __init__(self, show):
        self.where = where() if show else None
        self.handle = None

    def draw(self, make):
        """Show the picture that ``make()`` gives; where there is no notebook, its description."""
        if self.where == "notebook":
            picture = make()
            self._put({"text/html": picture.inline_svg(), "text/plain": picture.description})
        elif self.where:
            print(make().description, file=sys.stderr, flush=True)

    def end(self, picture):
        """The last picture, which is also what is stored with the notebook."""
        if self.where == "notebook":
            self._put(picture._repr_mimebundle_())

    def _put(self, bundle):
        if self.handle is None:
            from IPython.display import display

            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)
