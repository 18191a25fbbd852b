"""What a cell shows where no kernel runs: slides, handouts and web pages read its outputs by the same rule."""

import re

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
FORMS = ("text/html", "text/markdown", "image/png", "image/jpeg", "text/plain")  # the richest first
LIVES = re.compile(r'class="optlib-(?:animation|explorable)')


def shown(cell):
    """The richest form of each output, as pairs of its kind and the bundle of all forms; what is printed is "stream".

    Widgets are left out: without a kernel they are dead, and a picture or a player stands before each.

    Raises
    ------
    ValueError
        If the cell ended in an error.
    """
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append(("stream", {"stream": output.text}))
        elif output.output_type == "error":
            raise ValueError(f"a cell ends in {output.ename}; execute the notebook first: make notebooks")
        elif WIDGET_VIEW not in output.data:
            found.append((next(form for form in FORMS if form in output.data), output.data))
    return found


def misses_sliders(cell):
    """Whether the cell has sliders in the notebook that nothing here stands in for."""
    widgets = any(WIDGET_VIEW in output.get("data", {}) for output in cell.outputs)
    return widgets and not any(kind == "text/html" and LIVES.search(data[kind]) for kind, data in shown(cell))
