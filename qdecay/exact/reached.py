"""Which states are reached from a start, under sets of actions."""

from __future__ import annotations

from collections.abc import Sequence

from qdecay.exact.solver.rational_model import RationalModel

_WAIT = (0,)  # the action of waiting states


class Reach:
    """Where the actions in a model's states lead."""

    def __init__(self, model: RationalModel) -> None:
        self._own = model.n_own
        owner = model.pair_state.tolist()
        self._moves: dict[tuple[int, int], tuple[int, ...]] = {
            (owner[pair], action): model.targets[pair]
            for pair, actions in enumerate(model.actions)
            for action in actions
        }

    def among(self, sets: Sequence[Sequence[int]], start: int) -> set[int]:
        """Return the states reached with positive probability by actions of the sets.

        This includes states that wait for the end of a transition of several steps.
        """
        reached, waiting = {start}, [start]
        while waiting:
            state = waiting.pop()
            for action in sets[state] if state < self._own else _WAIT:
                for target in self._moves[state, action]:
                    if target not in reached:
                        reached.add(target)
                        waiting.append(target)
        return reached
