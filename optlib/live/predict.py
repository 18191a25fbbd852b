"""`predict`: a question that the reader answers before the answer shows, by a choice or by a sketch."""

import html
import re

import numpy as np

from ..checks import WrongType, choice, flag, vector
from ..pictures import theme
from ..pictures.picture import padded
from . import page, svg

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SCRIPTS = ("core.js", "predict.js")
SKETCH_SCRIPTS = ("core.js", "canvas.js", "predict.js", "freehand.js")
FOLDS = 'document.documentElement.dataset.predicts = "yes";'  # until the player runs, a page shows no answer
MOST_POINTS = 300  # of a curve that is sketched
STILL = (480, 280)  # pixels of its picture where no script runs
ROOM = 0.08  # of the height, above and below a curve: its ends should not give away its range


def predict(
    question, *choices, because, answer=None, sketch=None, xlabel="x", ylabel="y", logx=False, logy=False, ylim=None
):
    """Ask for a prediction: the reader chooses, or sketches a curve, and only then sees the answer.

    It needs no kernel; where no script runs, the answer is folded.  The choice is kept in the reader's browser.  In a
    notebook the outputs of the cells with the tag ``answer`` that follow are folded until then (``make notebooks``
    folds them, by the tag).

    Parameters
    ----------
    question : str
        Like all texts here, plain text; what stands between backticks is shown as code, between dollar signs as a
        formula where the notebook's own text has formulas.
    *choices : str
        At least two, unless a curve is to be sketched.
    because : str
        Why, in one or two sentences: shown with the answer.
    answer : str
        The right one of the choices.
    sketch : pair of 1-D arrays, in place of choices
        x, rising, and y of the true curve: the reader draws it on empty axes first, then it is drawn over the sketch.
    xlabel, ylabel, logx, logy : as in `plots.curves`
        The axes of a sketch.
    ylim : (low, high), optional
        Range of the y axis of a sketch, by default that of the curve and a little more.

    Raises
    ------
    TypeError, ValueError
        If there are not 2 to 26 different choices, or the answer is none of them; if the arrays of a sketch differ in
        length, are not finite, or not above 0 on a logarithmic axis.
    """
    texts = {"question": question, "because": because, **{f"choice {i}": each for i, each in enumerate(choices, 1)}}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise WrongType(f"predict: {name}={value!r} must be a sentence, as a str")
    if sketch is not None:
        if choices or answer is not None:
            raise TypeError("predict: a question has either choices with an answer or sketch=(x, y), not both")
        return Prediction(question, (), None, because, _curve(sketch, (xlabel, ylabel), (logx, logy), ylim))
    if not 2 <= len(set(choices)) == len(choices) <= len(LETTERS):
        raise ValueError(f"predict: choices={choices!r} must be 2 to 26 different ones, or give sketch=(x, y)")
    return Prediction(question, choices, choice("predict", "answer", answer, choices), because)


class Prediction:
    """A ``question``, its ``choices``, the right ``answer`` (None to a sketch) and ``because``, why; see `predict`."""

    def __init__(self, question, choices, answer, because, curve=None):
        self.question, self.choices, self.answer, self.because = question, choices, answer, because
        self._curve = curve

    def __repr__(self):
        rows = [f"  {letter}  {text}" for letter, text in zip(LETTERS, self.choices, strict=False)]
        return "\n".join([f"Predict. {self.question}", *rows])

    def html(self):
        """Question, choices and the folded answer as one piece of HTML, without any reference to the network."""
        key = page.mark(self.question, *self.choices, *([] if self._curve is None else [self._curve["points"]]))
        data, scripts, letter, curve = {"key": key}, SCRIPTS, "", ""
        if self._curve is None:
            data["right"] = self.choices.index(self.answer)
            letter = f"<strong>{LETTERS[data['right']]}.</strong> "
        else:
            data["curve"], scripts, curve = self._curve, SKETCH_SCRIPTS, _image(self._curve, self.question)
        choices = "".join(f"<li>{_marked(text)}</li>" for text in self.choices)
        static = (
            f"<p><strong>Predict.</strong> <span>{_marked(self.question)}</span></p>\n"
            + (f'<ol style="list-style-type:upper-alpha">{choices}</ol>\n' if choices else "")
            + f'<details class="answer"><summary>Answer</summary>{curve}'
            f"<p>{letter}<span>{_marked(self.because)}</span></p></details>\n"
        )
        name = "optlib-predict" if self._curve is None else "optlib-sketch"
        return page.player(name, static, data, scripts, FOLDS)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/plain": repr(self)}


def _curve(sketch, labels, logs, ylim):
    """The true curve of a sketch as plain data: both axes, and its points as shares of them."""
    if not isinstance(sketch, tuple | list) or len(sketch) != 2:
        raise WrongType(f"predict: sketch={sketch!r} must be a pair of arrays, (x, y)")
    x, y = (
        vector("predict", f"sketch[{i}]", values, "(0, inf)" if log else "(-inf, inf)", least=2)
        for i, (values, log) in enumerate(zip(sketch, logs, strict=True))
    )
    if len(x) != len(y):
        raise ValueError(f"predict: sketch has {len(x)} values of x and {len(y)} of y; they must be as many")
    if not (np.diff(x) > 0).all():
        raise ValueError(f"predict: sketch[0]={x!r} must rise: it is the x axis")
    across = svg.side(x[0], x[-1], flag("predict", "logx", logs[0]), str(labels[0]))
    up = svg.side(*_range(y, logs[1], ylim), flag("predict", "logy", logs[1]), str(labels[1]))
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    points = np.column_stack([svg.share(across, x[rows]), svg.share(up, y[rows])]).round(4)
    return {"x": across, "y": up, "points": points.tolist()}


def _image(curve, question):
    width, height = STILL
    places = [(width * u, height * (1 - v)) for u, v in curve["points"]]
    content = svg.inside(width, height, svg.line(places, theme.BLUE)) + svg.frame(width, height, curve["x"], curve["y"])
    return svg.image(width, height, content, f"The curve that was asked for: {question}")


def _range(y, log, ylim):
    """Ends of the y axis."""
    if ylim is not None:
        low, high = vector("predict", "ylim", ylim, "(0, inf)" if log else "(-inf, inf)", least=2, most=2)
        if not low < high:
            raise ValueError(f"predict: ylim={ylim!r} must be (low, high)")
        return low, high
    if log:
        return 10.0 ** np.floor(np.log10(y.min())), 10.0 ** np.ceil(np.log10(y.max()) + 1e-9)
    return padded(y.min(), y.max(), ROOM)


def _marked(text):
    """Text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
