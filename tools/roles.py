"""What the cells of a notebook are for, by their tags and first lines.  Needs nothing but a notebook."""


def tags(cell):
    return cell.metadata.get("tags", [])


def is_check(cell):
    """Whether the cell asserts the numbers of a section: readers may unfold its code, lectures leave it out."""
    return cell.cell_type == "code" and "hide-input" in tags(cell) and cell.source.startswith("# Checks")


def is_prediction(cell):
    """Whether the cell only asks a question by `ol.predict`: its code, which has the answer, is shown nowhere."""
    return cell.cell_type == "code" and cell.source.startswith("ol.predict(")
