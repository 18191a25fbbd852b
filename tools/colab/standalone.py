"""A notebook of the course as a single file for Colab that brings all it needs.

Outputs are left out.  They would make the file five times larger, Colab runs their scripts only in notebooks that it
trusts, and the course asks for a prediction before each picture appears.
"""

import copy
import re

import nbformat

from optlib.data.__main__ import SETS

from ..roles import is_check, is_prediction, tags
from . import package, repository

# JupyterLab's wording -> Colab's.
WORDING = {
    "click the three dots, or the bar at its left": "double-click its title",
    "click the three dots or the bar at their left": "double-click their titles",
    "*Kernel → Restart*": "*Runtime → Restart session*",
}
ABOUT = """\
*This copy is for Colab and brings the course's package along. Choose **Runtime → Run all**, or run cell by cell with
Shift-Enter, this next one first. Nothing that Colab has installed is changed.*"""
GPU = """

*It is made for a GPU: **Runtime → Change runtime type → T4 GPU**. Without one it runs as well, more slowly.*"""
FETCH = '''\
# All of {title}: {size}, once in each session. Every file is compared with its SHA-256.
from optlib.data.__main__ import main as get

assert get(["download", "{name}"]) == 0, "{title} could not be fetched; run this cell again, and it goes on"'''
# Sets of images, by their names for the command, and what in a notebook's code asks for them.
FETCHED = {"cifar10": r"\bcifar10\b", "fashion-mnist": r"\bfashion_mnist\b", "mnist": r"\bmnist\b"}
NOVEL = re.compile(r"\b(?:novel|tasks)\b")
TORCH = re.compile(r"^\s*(?:import|from) (?:torch|optlib\.(?:torch_driver|vision))\b", flags=re.M)
LINK = re.compile(r"\[([^\]]+)\]\((\w+)\.ipynb(#[^)]*)?\)")


def standalone(notebook, stem, address=None):
    """The Colab copy of a notebook.

    Parameters
    ----------
    notebook : nbformat notebook
        Stays as it is.
    stem : str
        Name of its file without the ending.
    address : str, optional
        Where the course is published, if not at `repository.REPOSITORY`; empty for nowhere.

    Returns
    -------
    nbformat notebook
    """
    address = repository.checked(repository.REPOSITORY if address is None else address)
    notebook = copy.deepcopy(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    gpu = notebook.metadata.get("accelerator") == "GPU" or bool(TORCH.search(code))
    for cell in notebook.cells:
        _adapt(cell, address)
    first = next((i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"), len(notebook.cells))
    brought = package.source(package.asked_for(code), bool(NOVEL.search(code)))
    notebook.cells[first:first] = [
        nbformat.v4.new_markdown_cell(ABOUT + GPU * gpu + _published(stem, address), id="about-colab"),
        _folded(nbformat.v4.new_code_cell(brought, id="package")),
    ]
    notebook.cells[first + 3 : first + 3] = [  # after the bootstrap cell
        nbformat.v4.new_code_cell(FETCH.format(name=name, title=SETS[name].title, size=SETS[name].megabytes), id=name)
        for name, used in FETCHED.items() if re.search(used, code)
    ]  # fmt: skip
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "nbconvert_exporter": "python"},
        "colab": {"name": f"{stem}.ipynb", "provenance": [], "toc_visible": True},
    } | ({"accelerator": "GPU"} if gpu else {}))  # fmt: skip
    return notebook


def _adapt(cell, address):
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
        if "solution" in tags(cell):
            cell.source = f"#@title Solution\n{cell.source}"
        elif is_check(cell) or is_prediction(cell):
            cell.source = f"#@title {'Checks' if is_check(cell) else 'Predict'}\n{cell.source}"
        if cell.source.startswith("#@title") or cell.metadata.get("jupyter", {}).get("source_hidden"):
            _folded(cell)
        return
    for here, there in WORDING.items():
        cell.source = cell.source.replace(here, there)
    cell.source = LINK.sub(lambda match: _link(match, address), cell.source)


def _link(match, address):
    link = repository.colab_link(match[2], address)
    return f"[{match[1]}]({link})" if link else match[1]  # notebooks uploaded to Colab cannot link to each other


def _published(stem, address):
    badge = f"[![Open in Colab]({repository.BADGE})]({repository.colab_link(stem, address)})"
    return f"\n\n{badge} *The newest version of this notebook; all of the course is at <{address}>.*" if address else ""


def _folded(cell):
    """Fold the code, on Colab behind its title, in JupyterLab behind three dots."""
    cell.metadata["cellView"] = "form"
    cell.metadata["jupyter"] = {"source_hidden": True}
    return cell
