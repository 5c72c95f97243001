"""What a result keeps from its model, for display."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Self

import numpy as np

from qdecay._support.one_line import one_line
from qdecay._support.result import Result, plain
from qdecay.model.base import FiniteMDP


@dataclass(frozen=True)
class ModelInfo:
    """The names of a model and its parts.

    Attributes:
        name: what it was read from, an id or a path, or None; ignored when results are compared.
        start: the start state, or None if the model has none.
        state_names, action_names: display names, or None.
    """

    name: str | None = field(default=None, compare=False)
    start: int | None = None
    state_names: tuple[str, ...] | None = None
    action_names: tuple[str, ...] | None = None

    @classmethod
    def of(cls, mdp: FiniteMDP, start: Any = None) -> Self:
        """Return the names of a model, with another start if one is given: a state, or several."""
        first = mdp.start if start is None else None
        if isinstance(start, Integral | str):
            first = mdp.state_index(start, "start")  # type: ignore[arg-type]  # checked there
        return cls(mdp.name, first, mdp.state_names, mdp.action_names)

    @classmethod
    def of_env(
        cls,
        env: Any,
        state_names: tuple[str, ...] | None = None,
        action_names: tuple[str, ...] | None = None,
    ) -> Self:
        """Return the names of an environment, with these for states and actions."""
        name = None if env.spec is None else env.spec.id
        return cls(name, None, state_names, action_names)


UNNAMED = ModelInfo()


@dataclass(frozen=True, eq=False, repr=False)
class ModelResult(Result):
    """A result about a model, with the model's names.

    Attributes:
        info: the model's name and start, and the names of its states and actions.
    """

    info: ModelInfo = field(default=UNNAMED, repr=False, kw_only=True)

    @property
    def name(self) -> str | None:
        """What the model was read from, such as an id or a path, or None."""
        return self.info.name

    @property
    def state_names(self) -> tuple[str, ...] | None:
        """The names of the model's states, or None."""
        return self.info.state_names

    @property
    def action_names(self) -> tuple[str, ...] | None:
        """The names of the model's actions, or None."""
        return self.info.action_names

    def to_json(self, source: str | None = None) -> dict[str, Any]:
        """Return the result as a JSON document; `docs/formats.md` describes it.

        Args:
            source: a name for the model; None means its own.
        """
        document = super().to_json()
        return document if source is None else {**document, "source": source}

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        names = {"state_names": plain(self.state_names), "action_names": plain(self.action_names)}
        return {"source": self.name, "start": self.info.start, **super().body(), **names}

    def _states(self, states: Iterable[int]) -> list[Any]:
        """Names of states, or their numbers if they have none."""
        names = self.state_names
        return [names[state] if names else state for state in states]

    def _actions(self, actions: Iterable[int]) -> list[Any]:
        """Names of actions, or their numbers if they have none."""
        names = self.action_names
        return [names[action] if names else action for action in actions]

    def _titled(self, text: str) -> str:
        """A text about the model, after the model's name if it has one."""
        return f"{one_line(self.name)}: {text}" if self.name else text


def action_sets(flags: Any) -> list[list[int]]:
    """Return the flagged actions of every state, flags (S, A), as they are written in documents."""
    return [np.flatnonzero(row).tolist() for row in flags]
