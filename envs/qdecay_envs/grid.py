"""The grid world plays a `GridLayout`; its table is that of `grid_table`.

`qdecay_envs.grid_layout` explains what a step does, and when cells pay, end and jump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from qdecay_envs.grid_layout import ActsOn, GridLayout, Place
from qdecay_envs.grid_picture import GridScene
from qdecay_envs.grid_presets import PRESETS
from qdecay_envs.rational import RationalLike, written
from qdecay_envs.screen import Moment
from qdecay_envs.table import ExactRow, ExactTable, Outcome, lasting, mixture, sure
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.vector import TabularVectorEnv

ACTIONS = ("up", "right", "down", "left")
_MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


class GridWorldEnv(TabularEnv):
    """A grid world; see `qdecay_envs.grid_layout`.

    Observations are the cells that an agent can stand on, row by row from the top left; actions are
    up, right, down and left. In a grid without ends episodes never end: pass `max_episode_steps` to
    `gym.make`.

    Args:
        grid: a `GridLayout`, its `to_json()` document, the rows of a map, or the name of a preset
            (see `qdecay_envs.grid_presets`), such as "AIMA4x3".
        living_reward, noise, bump_reward, wind, acts_on: as for `GridLayout`; None means what the
            grid has.
        rewards: other rewards for characters of the grid's legend, such as {"r": -3}.
        render_mode: see `TabularEnv`.

    Attributes:
        grid: the layout with these numbers; `P_exact`, `P`, `start` and the others as in
            `TabularEnv`.

    Raises:
        TypeError: an argument is missing or has the wrong type.
        ValueError: an argument is outside its range, or a number has no float.

    >>> env = GridWorldEnv(["S  +1"], living_reward="-1/25")
    >>> state, info = env.reset()
    >>> [env.step(1)[:3] for _ in range(4)]
    [(1, -0.04, False), (2, -0.04, False), (3, -0.04, False), (3, 1.0, True)]
    """

    law = "any cell: two policies are level; polynomials, in general without a closed form"
    start: int

    def __init__(
        self,
        grid: GridLayout | Mapping[str, Any] | Sequence[str] | str | None = None,
        *,
        living_reward: RationalLike | None = None,
        noise: RationalLike | float | None = None,
        bump_reward: RationalLike | None = None,
        wind: Sequence[int] | None = None,
        acts_on: ActsOn | None = None,
        rewards: Mapping[str, RationalLike] | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.grid: GridLayout = _grid(grid).changed(
            rewards,
            living_reward=living_reward,
            noise=noise,
            bump_reward=bump_reward,
            wind=wind,
            acts_on=acts_on,
        )
        super().__init__(
            grid_table(self.grid),
            self.grid.start,
            state_names=self.grid.names,
            action_names=ACTIONS,
            render_mode=render_mode,
        )

    def _picture(self, moment: Moment) -> GridScene:
        return GridScene(self.grid, moment)


def grid_table(grid: GridLayout) -> ExactTable:
    """Return the dynamics, `table[s][a] = [(probability, next, reward, terminated), ...]`.

    Outcomes that agree in all but probability are merged; the chosen direction's comes first. A
    state in which the episode is over stays there with reward 0.
    """
    return [_rows(grid, state, place) for state, place in enumerate(grid.places)]


def _rows(grid: GridLayout, state: int, place: Place) -> list[ExactRow]:
    """Return the row of each action in a state."""
    cell = grid[place]
    assert cell is not None
    on_leaving = grid.acts_on == "leaving"
    if cell.end:
        pays = cell.reward if on_leaving and cell.reward is not None else Fraction(0)
        return [sure(state, pays, True) for _ in ACTIONS]
    if cell.to is not None:
        target = grid.states[grid.marked[cell.to]]
        return [sure(target, _own(grid, cell.reward), duration=cell.duration) for _ in ACTIONS]
    outcomes = [_outcome(grid, place, move) for move in _MOVES]
    ahead, sides = 1 - grid.noise, grid.noise / 2
    return [
        mixture(
            (ahead, outcomes[action]),
            (sides, outcomes[action - 1]),
            (sides, outcomes[(action + 1) % 4]),
        )
        for action in range(4)
    ]


def _outcome(grid: GridLayout, place: Place, move: Place) -> Outcome:
    """Return what a step in one direction from a free cell leads to."""
    landed, stopped = _walked(grid, place, move)
    on_leaving = grid.acts_on == "leaving"
    cell = grid[place if on_leaving else landed]
    assert cell is not None
    reward = _own(grid, cell.reward)
    if stopped and landed == place and grid.bump_reward is not None:
        reward = grid.bump_reward
    if on_leaving:
        return lasting((grid.states[landed], reward, False), cell.duration)
    target = landed if cell.to is None else grid.marked[cell.to]
    return lasting((grid.states[target], reward, cell.end), cell.duration)


def _walked(grid: GridLayout, place: Place, move: Place) -> tuple[Place, bool]:
    """Return where a step ends, and whether something stopped it."""
    row, column = place
    down = move[0] - (grid.wind[column] if grid.wind else 0)
    steps = [(0, move[1])] * abs(move[1])
    steps += [(1 if down > 0 else -1, 0)] * min(abs(down), grid.n_rows)
    stopped = False
    for step in steps:
        if grid.is_free(row + step[0], column + step[1]):
            row, column = row + step[0], column + step[1]
        else:
            stopped = True
    return (row, column), stopped


def _own(grid: GridLayout, reward: Fraction | None) -> Fraction:
    return grid.living_reward if reward is None else reward


def _grid(grid: Any) -> GridLayout:
    if isinstance(grid, GridLayout):
        return grid
    if isinstance(grid, Mapping):
        return GridLayout.from_json(dict(grid))
    if isinstance(grid, str):
        if grid in PRESETS:
            return PRESETS[grid]
        raise ValueError(f"grid must be one of {', '.join(PRESETS)}, got {written(grid)}")
    if isinstance(grid, Sequence) and not isinstance(grid, bytes):
        return GridLayout(grid)
    got = "none" if grid is None else f"{written(grid)}"
    example = 'grid=["...+1", ".#.-1", "S..."] or grid="AIMA4x3"'
    raise TypeError(
        f"grid must be a GridLayout, its document, a map or a name, got {got}: try {example}"
    )


GridWorldVectorEnv = partial(TabularVectorEnv, GridWorldEnv)
