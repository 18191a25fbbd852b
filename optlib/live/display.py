"""How an object with sliders shows itself: a stored picture for everywhere, and the sliders where a kernel runs.

Two outputs, because a front end picks one form of each output and cannot know whether a widget's kernel still
runs.  The first is HTML with a picture; its script, display.js, hides it as soon as the second, the widget, is alive.
"""

import json

import IPython.display
import ipywidgets as widgets

from ..pictures.picture import base64_text, bundle

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def both(widget, html, png, text):
    """Put HTML, and a picture for places that show none, into the cell, and after it a widget.

    ``text`` is one line of description, the same in every run.
    """
    IPython.display.display(bundle(html, png, text), raw=True)
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    # The text is empty: pages without widgets would print it below the picture.
    IPython.display.display({WIDGET_VIEW: view, "text/plain": ""}, raw=True)


class Bridge(widgets.HBox):
    """Two hidden widgets, a text field and HTML, by which a page talks to Python; see ``player/bridge.js``.

    ``hear`` gets the JSON that the page writes; ``name`` is the CSS class by which the page finds them.
    """

    def __init__(self, hear):
        heard, self.answer = widgets.Text(), widgets.HTML()
        super().__init__([heard, self.answer], layout=widgets.Layout(display="none"))
        self.name = f"optlib-bridge-{self.model_id}"
        self.add_class(self.name)
        self.answer.add_class("optlib-answer")
        heard.observe(lambda change: hear(change.new), "value")

    def say(self, answer):
        """Answer with plain data, which the page reads as base64 of JSON."""
        self.answer.value = base64_text(json.dumps(answer).encode())
