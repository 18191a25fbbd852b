"""The live race of notebook 05 fills any budget; a test gives it less than a reader does, and the same cells."""

READERS, TESTS = "seconds=90)", "seconds=30)"


def shorter(source):
    """Source of a cell as a test runs it."""
    return source.replace(READERS, TESTS)
