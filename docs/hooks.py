"""Draws the figures of the documentation when it is built."""

from pathlib import Path

from figures import decay


def on_pre_build(config: object) -> None:
    """Write the figures beside the pages that show them."""
    decay.draw(Path(__file__).parent / "figures" / "decay.svg")
