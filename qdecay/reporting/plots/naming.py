"""Names of models, states and actions in figures."""

from __future__ import annotations

from collections.abc import Sequence

from qdecay._support.one_line import escaped
from qdecay.model.info import ModelInfo
from qdecay.reporting.chapter import title_of

_FEW = 2  # at most so many tied actions are named


def titled(info: ModelInfo, text: str) -> str:
    """Return a title about a model, after the model's name in words if it has one."""
    return text if info.name is None else f"{escaped(title_of(info.name))}: {text}"


def state_name(info: ModelInfo, state: int) -> str:
    """Return a state's name, or its number."""
    return escaped(info.state_names[state]) if info.state_names else str(state)


def either(actions: Sequence[int], names: Sequence[str] | None, available: int = 0) -> str:
    """Return the names of actions that are all best, or their numbers; "any action" if they are all
    the available ones, and more than two."""
    if len(actions) > _FEW and len(actions) == available:
        return "any action"
    shown = [escaped(names[a]) if names else f"action {a}" for a in actions]
    return " or ".join(shown) or "nothing to do"
