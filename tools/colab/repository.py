"""Where the course is published, and the links that follow from it.

With an address, the notebooks' first cell fetches the course on Colab, and README, pages and Colab notebooks show a
link.  Without one (an empty text) there are no links; `make colab` still writes notebooks that bring the package along.

After a change of `REPOSITORY`:  ``python -m tools.colab.bootstrap``  and  ``make notebooks``.
"""

import re

REPOSITORY = ""  # "https://github.com/OWNER/NAME", or "" as long as the course is published nowhere

BRANCH = "main"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def checked(address):
    """The address as it is; Colab opens notebooks only from GitHub.

    Raises
    ------
    ValueError
        If it is neither empty nor of the form https://github.com/OWNER/NAME.
    """
    if address and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+(?<!\.git)", address):
        raise ValueError(f"REPOSITORY={address!r} must be https://github.com/OWNER/NAME, or empty")
    return address


def colab_link(stem, address=None):
    """The link that opens a notebook in Colab, or None if the course is not published."""
    address = checked(REPOSITORY if address is None else address)
    if not address:
        return None
    path = address.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{path}/blob/{BRANCH}/notebooks/{stem}.ipynb"
