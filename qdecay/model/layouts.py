"""Layouts: descriptions of environments, in Python or in a file, and the environment of each.

| layout | schema | environment |
| --- | --- | --- |
| `ChainLayout` | qdecay.layout | `qdecay/Chain-v0` |
| `GridLayout` | qdecay.grid | `qdecay/GridWorld-v0` |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qdecay_envs.chain import ChainEnv
from qdecay_envs.grid import GridWorldEnv
from qdecay_envs.grid_layout import GridLayout
from qdecay_envs.layout import ChainLayout

Layout = ChainLayout | GridLayout
LayoutEnv = ChainEnv | GridWorldEnv


@dataclass(frozen=True)
class LayoutKind:
    """A kind of layout.

    Attributes:
        layout: its class.
        env: the class of its environment.
        argument: the name of the environment's argument for it, also used in messages.
    """

    layout: type[Layout]
    env: type[LayoutEnv]
    argument: str


KINDS: Mapping[str, LayoutKind] = {
    "qdecay.layout": LayoutKind(ChainLayout, ChainEnv, "layout"),
    "qdecay.grid": LayoutKind(GridLayout, GridWorldEnv, "grid"),
}
"""The kinds by their schema without version."""


def kind_of(layout: Layout) -> LayoutKind:
    """Return the kind of a layout."""
    return next(kind for kind in KINDS.values() if isinstance(layout, kind.layout))


def kind_of_document(document: Any) -> LayoutKind | None:
    """Return the kind of layout of a parsed document; None if it is not a layout."""
    schema = document.get("schema") if isinstance(document, dict) else None
    return KINDS.get(schema.split("/")[0]) if isinstance(schema, str) else None


def env_of_layout(layout: Layout, **options: Any) -> LayoutEnv:
    """Return the environment of a layout; options are arguments of the environment."""
    return kind_of(layout).env(layout, **options)  # type: ignore[arg-type]  # its own
