"""Claims of others, each beside what its test found: a notebook collects them and shows the table at its end."""

import numbers

import numpy as np

from .. import checks
from ..pictures import theme
from ..pictures.table import Table

COLUMNS = {
    "claim": "claim", "source": "who says so", "section": "tested in section", "found": "found", "verdict": "verdict",
}  # fmt: skip
WIDTHS = (34, 14, 10, 34, 14)  # characters, in the text form
ASKED = {
    "claim": "say what is claimed",
    "source": "say who claims it",
    "section": "say where in the notebook it is tested",
    "found": "say what the test gave, in numbers, such as f'{value:.3g} after {steps} steps'",
    "verdict": "leave it out for 'holds' or 'does not hold'",
}
VERDICTS = {True: "holds", False: "does not hold", None: "undecided"}
COLORS = {VERDICTS[True]: theme.GREEN, VERDICTS[False]: theme.VERMILLION, VERDICTS[None]: theme.FAINT}
OWN_VERDICT = theme.ORANGE


class Claims:
    """What others say, tested: one row for each claim, shown as a table.

    >>> claims = Claims()
    >>> claims.add("GD with rate 1 diverges on x^2", source="a tutorial", section="2", found="|x| stays 2", holds=False)
    claim: GD with rate 1 diverges on x^2 -> does not hold: |x| stays 2

    Attributes
    ----------
    rows : list of dict
        In the order of the tests, with keys claim, source, section, found, verdict (all str) and holds (bool or None).
    """

    def __init__(self):
        self.rows = []

    def add(self, claim, *, source, section, found, holds, verdict=None):
        """Enter the claim with what its test found, and print one line.

        A claim that is there already, from the same source, is replaced where it stands, so that a cell may run
        twice.

        Parameters
        ----------
        claim, source : str
            What is said, and who says so.
        section : str or int
            Where in the notebook it is tested.
        found : str
            What the test gave, with its numbers rounded.
        holds : bool or None
            The test itself, such as ``steps < 100``; None where it does not decide, and ``found`` says what would.
        verdict : str, optional
            Stands in the place of "holds" or "does not hold", such as "holds only at its untuned rates".

        Another kind of ``holds`` or of a text is a TypeError, an empty text a ValueError.
        """
        holds = None if holds is None else checks.flag("add", "holds", holds)
        section = str(section) if type(section) is int else section
        verdict = VERDICTS[holds] if verdict is None else verdict
        row = {"claim": claim, "source": source, "section": section, "found": found, "verdict": verdict}
        row = {name: _nonempty(name, text) for name, text in row.items()} | {"holds": holds}
        same = (i for i, old in enumerate(self.rows) if all(old[key] == row[key] for key in ("claim", "source")))
        place = next(same, len(self.rows))
        self.rows[place : place + 1] = [row]
        print(f"claim: {row['claim']} -> {row['verdict']}: {row['found']}")

    @staticmethod
    def note(what, values, form=".3g"):
        """Print the numbers of a check in one line: ``note("best rates", {"Adam": 0.01})``.

        Parameters
        ----------
        what : str
        values : dict of numbers, truth values, or sequences of these
            A key that is a number stands behind its value: "0.5 at 2".
        form : str
            Of the numbers, as `format` takes it.
        """
        cells = ((key, " ".join(_word(value, form) for value in np.atleast_1d(each))) for key, each in values.items())
        rows = (f"{each} at {key:.3g}" if isinstance(key, numbers.Real) else f"{key}: {each}" for key, each in cells)
        print(f"{what}: {'; '.join(rows)}")

    def html(self):
        """The table as one HTML element."""
        return self._table().html() if self.rows else f"<p>{self._caption()}</p>"

    def markdown(self):
        """The table in Markdown."""
        return self._table().markdown() if self.rows else self._caption()

    def _table(self):
        cells = [[row[key] for key in COLUMNS] for row in self.rows]
        colors = [COLORS.get(row["verdict"], OWN_VERDICT) for row in self.rows]
        return Table(self._caption(), list(COLUMNS.values()), cells, "<" * len(COLUMNS), WIDTHS, colors)

    def _caption(self):
        if not self.rows:
            return "No claim has been tested yet."
        verdicts = [row["verdict"] for row in self.rows]
        n = len(verdicts)
        held, refuted, undecided = (verdicts.count(VERDICTS[holds]) for holds in (True, False, None))
        own = n - held - refuted - undecided
        counts = [
            f"{held} hold{'s' * (held == 1)}" * (held > 0),
            f"{refuted} do{'es' * (refuted == 1)} not{' hold' * (not held)}" * (refuted > 0),
            f"{undecided} undecided" * (undecided > 0),
            f"{own} with a verdict of {'its' if own == 1 else 'their'} own" * (own > 0),
        ]
        return f"{n} claim{'s' * (n > 1)} tested: {', '.join(filter(None, counts))}."

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/markdown": self.markdown(), "text/plain": repr(self)}

    def __repr__(self):
        return self._table().text("rows") if self.rows else self._caption()

    def __len__(self):
        return len(self.rows)


def _word(value, form):
    words = {True: "yes", False: "no", None: VERDICTS[None]}
    return words[value] if value is None or isinstance(value, (bool, np.bool_)) else format(value, form)


def _nonempty(name, text):
    if not isinstance(text, str):
        raise TypeError(f"add: {name}={text!r} must be a text; {ASKED[name]}")
    if not text.strip():
        raise ValueError(f"add: {name} is empty; {ASKED[name]}")
    return " ".join(text.split())
