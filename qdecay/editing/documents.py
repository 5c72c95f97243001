"""The documents to edit: their kinds, how they are read, and the ones to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qdecay._support.one_line import one_line
from qdecay.editing.places import place_of
from qdecay.editing.refusals import wrong
from qdecay.model.layouts import Layout
from qdecay.model.mdp import MDP
from qdecay.model.readers.files import MDP_SCHEMA, document_of, rows_of_document
from qdecay.model.readers.layout import rows_of_layout
from qdecay.model.source import HOMEWORK, Source
from qdecay_envs.grid_layout import SCHEMA as GRID_SCHEMA
from qdecay_envs.grid_layout import GridLayout
from qdecay_envs.grid_presets import PRESETS
from qdecay_envs.layout import SCHEMA as LAYOUT_SCHEMA
from qdecay_envs.layout import ChainLayout

SCHEMAS: Mapping[str, str] = {"chain": LAYOUT_SCHEMA, "grid": GRID_SCHEMA, "model": MDP_SCHEMA}
"""The kinds of documents, with the schema of each."""

_LAYOUTS: Mapping[str, type[Layout]] = {"chain": ChainLayout, "grid": GridLayout}
_HOMEWORK = ("A: stay or move", "B: left or right", "C: a short delay", "C: a long delay")
_GRIDS = {
    "AIMA4x3": "Russell and Norvig: the 4x3 world",
    "AIMA3x3": "Russell and Norvig: exercise 17.8",
    "DiscountGrid": "Berkeley: a near and a far exit",
    "BridgeGrid": "Berkeley: the bridge",
    "WindyGrid": "Sutton and Barto: the windy grid",
    "CliffGrid": "Sutton and Barto: the cliff",
    "CornersGrid": "Sutton and Barto: two corners",
    "JumpGrid": "Sutton and Barto: two jumps",
}
_NAME = Path("the model")
_SMALL_MODEL = {
    "schema": MDP_SCHEMA,
    "n_states": 3,
    "n_actions": 2,
    "start": 2,
    "state_names": ["rested", "tired", "worn out"],
    "action_names": ["rest", "work"],
    "transitions": [
        [0, 0, 0, 1, 1, False],
        [0, 1, 1, 1, 3, False],
        [1, 0, 0, "1/2", 0, False],
        [1, 0, 1, "1/2", 0, False],
        [1, 1, 2, 1, 3, False],
        [2, 0, 1, 1, 0, False],
        [2, 1, 2, 1, 1, False],
    ],
}


def kind_of(document: Any) -> str:
    """Return the kind of a document, by its schema.

    Raises:
        Refused: it is not an object, or has another schema.
    """
    schema = document.get("schema") if isinstance(document, dict) else None
    for kind, known in SCHEMAS.items():
        if schema == known:
            return kind
    known = ", ".join(map('"{}"'.format, SCHEMAS.values()))
    raise wrong(f'no document of the editor: "schema" must be one of {known}', "schema")


def read_problem(document: Any) -> Layout | MDP:
    """Return what a document describes.

    Raises:
        Refused: the reader does not accept it; the message is the reader's.
    """
    kind = kind_of(document)
    try:
        if kind == "model":
            return MDP.of(rows_of_document(document, _NAME))
        return _LAYOUTS[kind].from_json(document)
    except (TypeError, ValueError) as error:
        message = str(error).removeprefix(f"{_NAME}: ")
        raise wrong(one_line(message), place_of(kind, message, document)) from error


def as_model(problem: Layout | MDP) -> dict[str, Any]:
    """Return the qdecay.mdp/1 document of a problem."""
    return document_of(problem.rows() if isinstance(problem, MDP) else rows_of_layout(problem))


@cache
def presets() -> list[dict[str, Any]]:
    """Return the documents to begin with: the homework, the grids of textbooks, a small model."""
    chains = [(id_, title, _layout(id_)) for id_, title in zip(HOMEWORK, _HOMEWORK, strict=True)]
    grids = [(f"qdecay/{name}-v0", _GRIDS[name], grid) for name, grid in PRESETS.items()]
    return [
        *(_preset(id_, title, "chain", layout.to_json()) for id_, title, layout in chains),
        *(_preset(id_, title, "grid", grid.to_json()) for id_, title, grid in grids),
        _preset("small-model", "Work and rest", "model", _SMALL_MODEL),
    ]


def _preset(id_: str, title: str, kind: str, document: dict[str, Any]) -> dict[str, Any]:
    return {"id": id_, "title": title, "kind": kind, "document": document}


def _layout(env_id: str) -> ChainLayout:
    layout: ChainLayout = Source(env_id).env().unwrapped.layout
    return layout
