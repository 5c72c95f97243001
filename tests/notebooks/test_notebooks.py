"""Notebooks run from top to bottom in a kernel, and show what they promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from html_tree import parse

import qdecay

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytestmark = pytest.mark.notebook

EXAMPLES = Path(__file__).parents[2] / "examples"
STRICT = "import warnings\nwarnings.simplefilter('error')"


def ran(notebook: Any) -> list[Any]:
    """Run a notebook in a kernel of its own, warnings as errors; return its cells with code."""
    strict = nbformat.v4.new_code_cell(STRICT)
    notebook.cells.insert(0, strict)
    nbclient.NotebookClient(notebook, timeout=280, kernel_name="python3").execute()
    return [cell for cell in notebook.cells[1:] if cell.cell_type == "code"]


def shown(cell: Any, kind: str) -> str:
    """The one output of a cell, in one form."""
    [output] = cell.outputs
    return str(output.data[kind])


@pytest.fixture(scope="module")
def first_look() -> dict[str, Any]:
    """The cells of the first example, by their last line."""
    cells = ran(nbformat.read(EXAMPLES / "first_look.ipynb", as_version=4))
    return {cell.source.splitlines()[-1]: cell for cell in cells}


def test_every_cell_shows_its_result(first_look: dict[str, Any]) -> None:
    """As HTML, with the repr beside it; nothing is printed on standard error, nothing warns."""
    for source, cell in first_look.items():
        assert all(output.output_type != "stream" for output in cell.outputs), source
        if source != "import qdecay" and not source.endswith(";"):
            assert parse(shown(cell, "text/html")).all(
                "div" if "explore" not in source else "iframe"
            )
            assert "\n" not in shown(cell, "text/plain")


def test_what_is_shown_is_what_python_has(first_look: dict[str, Any]) -> None:
    """The same values, made here, have the same HTML: `tests/reporting/views` reads the numbers."""
    layout = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
    lake = qdecay.as_mdp("FrozenLake-v1")
    here = {
        "qdecay.policy_regions(layout)": qdecay.policy_regions(layout),
        "qdecay.compare(layout)": qdecay.compare(layout),
        'qdecay.price(lake, "steps:100")': qdecay.price(lake, "steps:100"),
        "qdecay.policy_regions(lake).explore()": qdecay.policy_regions(lake).explore(),
        "lake": lake,
    }
    for source, value in here.items():
        assert shown(first_look[source], "text/html") == value._repr_html_(), source
        assert shown(first_look[source], "text/plain") == repr(value), source


def test_a_figure_is_below_its_cell(first_look: dict[str, Any]) -> None:
    assert shown(first_look["qdecay.price(lake).plot();"], "image/png")


def test_an_example_is_kept_without_outputs() -> None:
    """They would go stale; who opens it runs it."""
    for path in EXAMPLES.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path


def test_a_bar_is_drawn_in_the_cell_and_removed() -> None:
    """Without a terminal and without widgets; a remark stays above it.

    Before the second event nothing tells how long the rest will take, so there is no bar yet.
    """
    cell = nbformat.v4.new_code_cell(
        "import time\n"
        "from qdecay._support.progress import Bar, Progress\n"
        "with Bar() as bar:\n"
        "    bar(Progress(1, 4, 'parts'))\n"
        "    time.sleep(2)\n"
        "    bar(Progress(2, 4, 'parts', 'half is done'))\n"
        "    time.sleep(1)\n"
    )
    [done] = ran(nbformat.v4.new_notebook(cells=[cell]))
    assert {output.name for output in done.outputs} == {"stderr"}
    text = "".join(output.text for output in done.outputs)
    assert re.search(r"\r1 of 4 parts, 00:0\d gone\r", text)
    assert "1 of 4 parts |" not in text and "\r2 of 4 parts |██████      | 50 %, " in text
    assert "\nhalf is done\n" in text or "\rhalf is done\n" in text
    assert text.rpartition("half is done")[2].endswith(" \r")  # the line is blank in the end


def test_a_figure_that_pyplot_does_not_know_is_shown() -> None:
    cell = nbformat.v4.new_code_cell("import qdecay\nqdecay.plot('qdecay/StayOrMove-v0')")
    [done] = ran(nbformat.v4.new_notebook(cells=[cell]))
    assert shown(done, "image/png")
