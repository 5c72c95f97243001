"""The four problems of the homework, as `qdecay plot --what regions` draws them."""

from pathlib import Path

import qdecay


def draw(path: Path) -> None:
    """Write the figure to `path`."""
    qdecay.plot(path=path, what=["regions"])
