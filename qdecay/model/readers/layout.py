"""Chains as exact rows: the dynamics of `qdecay_envs.chain.ChainEnv`, with rewards of any size."""

from __future__ import annotations

from typing import Any

from qdecay.model.readers.loose_table import LooseTable
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows
from qdecay_envs.chain import ChainEnv
from qdecay_envs.dynamics import exact_table
from qdecay_envs.layout import ChainLayout


def rows_of_layout(layout: ChainLayout, **options: Any) -> ModelRows:
    """Return the rows of a layout, with any rewards, floats or not; options as `ChainEnv` takes.

    Raises:
        TypeError, ValueError: an option is not one of `ChainEnv`'s, or outside its range.
    """
    # An environment needs floats and a model does not, so one without rewards checks the options.
    checked = ChainEnv(ChainLayout.choice(a=[0], b=[0]), **options)
    return ModelRows(
        LooseTable(exact_table(layout, checked.slip, checked.escape)).rows(Recovery()),
        layout.n_states,
        len(layout.branches),
        layout.start,
        action_names=layout.names,
    )
