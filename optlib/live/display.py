"""How an object with sliders shows itself: a stored picture for everywhere, and the sliders where a kernel runs.

Two outputs, because a front end picks one form of each output and cannot know whether a widget's kernel still
runs.  The first is HTML with a picture; its script, display.js, hides it as soon as the second, the widget, is alive.
"""

import IPython.display

from . import page

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def show(widget, name, body, png, text):
    """Put both outputs into the cell.

    Parameters
    ----------
    widget : ipywidgets.DOMWidget
        The sliders; they get the CSS class ``name``, by which the picture recognizes them.
    name : str
        See `page.mark`.
    body : str
        HTML for pages where no kernel runs.
    png : bytes
        The picture alone, for places that show no HTML.
    text : str
        One line of description, the same in every run.
    """
    widget.add_class(name)
    html = f'<figure data-live="{name}" style="margin:0">{body}</figure>\n{page.script("display.js")}'
    both(widget, html, png, text)


def both(widget, html, png, text):
    """Put HTML, and a picture for places that show none, into the cell, and after it a widget."""
    IPython.display.display({"text/html": html, "image/png": page.base64_text(png), "text/plain": text}, raw=True)
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    # The text is empty: pages without widgets would print it below the picture.
    IPython.display.display({WIDGET_VIEW: view, "text/plain": ""}, raw=True)
