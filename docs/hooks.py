"""Draws the figures of the documentation when it is built."""

from pathlib import Path

from figures import aima, bars, decay, phase, price, world


def on_pre_build(config: object) -> None:
    """Write the figures next to the pages that show them."""
    folder = Path(__file__).parent / "figures"
    aima.draw(folder / "aima.svg")
    bars.draw(folder / "bars.svg")
    decay.draw(folder / "decay.svg")
    phase.draw(folder / "phase.svg")
    price.draw(folder / "price.svg")
    world.draw(folder / "map.svg")
