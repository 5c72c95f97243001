"""The 4x3 world of Russell and Norvig over gamma and the living reward, as `qdecay plot` has it."""

from functools import partial
from pathlib import Path

from qdecay import ModelLine, as_mdp, policy_map
from qdecay.reporting.plots.figure import Panel, save_panels
from qdecay.reporting.plots.map import draw_map

HEIGHT = 3.6  # inches


def draw(path: Path) -> None:
    """Write the figure to `path`."""
    world = ModelLine.of(
        lambda living_reward: as_mdp("qdecay/AIMA4x3-v0", living_reward=living_reward),
        low="-0.1",
        high="0.02",
    )
    found = policy_map(world, start=world.low.state_index("(2, 1)"))
    picture = partial(draw_map, found, title="The 4x3 world: best in (2, 1)")
    save_panels([[Panel(picture, HEIGHT)]], path)
