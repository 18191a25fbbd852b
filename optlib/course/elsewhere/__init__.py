"""One name, several rules: what other libraries really do, and a translator between them and the course.

`elsewhere` has the table for a rule, `translate` makes a rule of ours of another library's optimizer and code for that
library of a rule of ours, and `identify` finds out what a black box is.
"""

from .elsewhere import Elsewhere, elsewhere
from .identity import Identity, identify
from .translation import translate

__all__ = ["Elsewhere", "Identity", "elsewhere", "identify", "translate"]
