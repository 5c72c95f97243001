"""Layouts as exact rows: the dynamics of their environments, with rewards of any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qdecay.model.layouts import Layout
from qdecay.model.rows import ExactRow, ModelRows
from qdecay_envs.chain import ChainEnv
from qdecay_envs.dynamics import exact_table
from qdecay_envs.grid import ACTIONS, GridWorldEnv, grid_table
from qdecay_envs.grid_layout import GridLayout
from qdecay_envs.layout import ChainLayout
from qdecay_envs.table import ExactTable, duration_of


def rows_of_layout(layout: Layout, **options: Any) -> ModelRows:
    """Return the rows of a layout, with any rewards, floats or not.

    Args:
        layout: a chain's or a grid's.
        options: arguments of `ChainEnv` or `GridWorldEnv`.

    Raises:
        TypeError, ValueError: an option is not one of these, or outside its range.
    """
    if isinstance(layout, GridLayout):
        return _rows_of_grid(layout, **options)
    # Environments need float rewards, models do not: one without rewards checks the options.
    checked = ChainEnv(ChainLayout.choice(a=[0], b=[0]), **options)
    table = exact_table(layout, checked.slip, checked.escape)
    return ModelRows(
        _rows(table), len(table), len(table[0]), layout.start, action_names=layout.names
    )


def _rows_of_grid(layout: GridLayout, render_mode: str | None = None, **options: Any) -> ModelRows:
    GridWorldEnv(["S"], render_mode=render_mode)  # checks it
    grid = layout.changed(**options)
    table = grid_table(grid)
    return ModelRows(_rows(table), len(table), len(ACTIONS), grid.start, grid.names, ACTIONS)


def _rows(table: ExactTable) -> Iterator[ExactRow]:
    for s, rows in enumerate(table):
        for a, row in enumerate(rows):
            for outcome in row:
                p, t, r, ended = outcome[:4]
                yield s, a, t, p, r, ended, duration_of(outcome)
