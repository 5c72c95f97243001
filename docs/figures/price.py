"""What every gamma earns on FrozenLake 8x8 in its 200 steps, as `qdecay price --plot` draws it."""

from pathlib import Path

from qdecay import price
from qdecay.reporting.plots.price import save_price


def draw(path: Path) -> None:
    """Write the figure to `path`."""
    found = price("FrozenLake8x8-v1")
    save_price(found, path, [found.at(gamma) for gamma in ("0.9", "0.99")])
