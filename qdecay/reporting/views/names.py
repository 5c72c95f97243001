"""The names of a result's states and actions, and the board on which they lie.

A model remembers the id that it was read from, but not what it looks like. If that id names a world
with a board, the world is made once more; the board is used only if its model is equal. A result
that keeps only names is shown on the registered board, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from qdecay._support.one_line import escaped
from qdecay.model.base import FiniteMDP
from qdecay.model.info import ModelInfo
from qdecay.model.mdp import MDP
from qdecay.reporting.boards import Board, board_of
from qdecay.reporting.chapter import title_of
from qdecay.reporting.held import registered
from qdecay.reporting.views.coordinates import board_of_model, board_of_names


@dataclass(frozen=True)
class Names:
    """Names of a model's states and actions.

    Attributes:
        id: what the model was read from, or "".
        start: its start state, or None.
        states: names, or None if states only have numbers.
        actions: names, or None likewise.
        n_actions: how many actions there are, or None if the result does not say.
        board: the board of the states, or None.
        is_registered: whether that is the board of the id as registered, while this model may
            differ.
    """

    id: str = ""
    start: int | None = None
    states: Sequence[str] | None = None
    actions: Sequence[str] | None = None
    n_actions: int | None = None
    board: Board | None = None
    is_registered: bool = False

    @classmethod
    def of(cls, model: FiniteMDP, start: int | None = None) -> Names:
        """Return the names of a model; another start may be given."""
        known = cls.of_info(ModelInfo.of(model, start))
        board = _board_of(model)
        return replace(known, n_actions=model.n_actions, board=board, is_registered=False)

    @classmethod
    def of_info(cls, info: ModelInfo) -> Names:
        """Return the names that a result kept from its model, with action names from its world."""
        known = None if info.name is None else _world(info.name)
        board = None if known is None else known[0]
        actions = info.action_names or (None if board is None else board.actions)
        own = board_of_names(info.state_names, info.action_names)
        return cls(
            "" if info.name is None else escaped(info.name),
            info.start,
            info.state_names,
            actions,
            None if actions is None else len(actions),
            own or board,
            own is None and board is not None,
        )

    @property
    def title(self) -> str:
        """The model's id in words, or ""."""
        return title_of(self.id) if self.id else ""

    def state(self, state: int) -> str:
        """Return "state 3", or a state's own name."""
        return f"state {state}" if self.states is None else escaped(self.states[state])

    def state_cell(self, state: int) -> str:
        """Return the entry of a state in a column of states."""
        return str(state) if self.states is None else escaped(self.states[state])

    def action(self, action: int) -> str:
        """Return "action 1", or an action's own name."""
        return f"action {action}" if self.actions is None else escaped(self.actions[action])

    def either(self, actions: Sequence[int]) -> str:
        """Return "left or right", "any action", or a text that there is none."""
        if self.n_actions and len(actions) == self.n_actions > 2:
            return "any action"
        return " or ".join(map(self.action, actions)) or "no action"


def _board_of(model: FiniteMDP) -> Board | None:
    if not isinstance(model, MDP):
        return None
    known = None if model.name is None else _world(model.name)
    return known[0] if known is not None and known[1] == model else board_of_model(model)


@cache
def _world(name: str) -> tuple[Board, MDP] | None:
    """The board and the model of a registered id; None if it has none."""
    source = registered(name)
    world = None if source is None else source.world()
    if source is None or world is None or isinstance(world, MDP):
        return None
    board = board_of(world)
    return None if board is None else (board, source.mdp())
