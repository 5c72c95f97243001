"""Environments whose rules are fixed and documented, and which have no table that describes them.

Each module builds the exact model of one class of Gymnasium's toy text. A derived class may have
other rules, and is not read this way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gymnasium.envs.toy_text.blackjack import BlackjackEnv
from gymnasium.envs.toy_text.taxi import TaxiEnv

from qdecay.model.readers.rules.blackjack import rows_of_blackjack
from qdecay.model.readers.rules.fickle_taxi import rows_of_fickle_taxi
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows


def rules_of(env: Any) -> Callable[[Recovery], ModelRows] | None:
    """Return the reader of an unwrapped environment's rules; None if its table is complete."""
    if type(env) is BlackjackEnv:
        return partial(rows_of_blackjack, bool(env.natural), bool(env.sab))
    if type(env) is TaxiEnv and env.fickle_passenger:
        return partial(rows_of_fickle_taxi, env)
    return None
