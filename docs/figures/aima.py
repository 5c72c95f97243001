"""The optimal policies of Russell and Norvig's 4x3 world, over its living reward r, -2 < r < 0.

Below them the exact values of r where they change, and the ranges that two editions print.
"""

from fractions import Fraction
from pathlib import Path

import gymnasium as gym
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from qdecay import MDP, LineRegions, ModelLine, policy_regions
from qdecay.reporting import colours

BLUE, ORANGE = colours.FAR.light, colours.NEAR.light
STEPS = {"up": (0, 1), "right": (1, 0), "down": (0, -1), "left": (-1, 0)}
CELLS = [(column, row) for column in (1, 2, 3, 4) for row in (1, 2, 3)]
SIGNS = {(4, 3): "+1", (4, 2): "−1", (2, 2): ""}  # both ends, and the wall
BLANK = {"fc": "white", "ec": "none", "pad": 0.5}
PRINTED = {  # of both editions, in their text: see docs/break-even-in-any-number.md
    "4th edition": (("−2", "−1.6497"), ("−0.7311", "−0.4526"), ("−0.0850", "−0.0273"),
                    ("−0.0274", "0")),
    "3rd edition": (("−2", "−1.6284"), ("−0.4278", "−0.0850"), ("−0.0221", "0")),
}  # fmt: skip


def world(r: Fraction) -> MDP:
    """Return the world with a living reward."""
    return MDP.from_env(gym.make("qdecay/AIMA4x3-v0", living_reward=r))


def board(ax: Axes, found: LineRegions, number: int) -> None:
    """Draw the policy of a region; where it differs from the one before, in orange."""
    mdp, before = found.line.low, found.breakpoints[:number][-1:]
    changed = {mdp.state_name(s) for point in before for s in point.changes}
    for x, y in CELLS:
        colour = "#444444" if (x, y) == (2, 2) else "white"
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fc=colour, ec="#888888", lw=0.7))
        name = f"({x}, {y})"
        if (x, y) in SIGNS:
            ax.text(x, y, SIGNS[x, y], ha="center", va="center", fontsize=8)
            continue
        (action,) = found.regions[number][mdp.state_index(name)]
        dx, dy = STEPS[mdp.action_name(action)]
        tail, head = (x - 0.3 * dx, y - 0.3 * dy), (x + 0.32 * dx, y + 0.32 * dy)
        style = {"arrowstyle": "-|>", "lw": 1.6, "color": ORANGE if name in changed else BLUE}
        ax.annotate("", head, tail, arrowprops={**style, "shrinkA": 0, "shrinkB": 0})
    ax.set(xlim=(0.4, 4.6), ylim=(0.4, 3.6), aspect="equal")
    ax.axis("off")
    ends = ["−2", *(decimal(point.value.lower) for point in found.breakpoints), "0"]
    ax.set_title(f"{number + 1}:  {ends[number]} < r < {ends[number + 1]}", fontsize=8.5)


def decimal(value: Fraction) -> str:
    """Return a number to four places, as the book prints them."""
    return f"{float(value):.4f}".replace("-", "−")


def axis(ax: Axes, found: LineRegions) -> None:
    """Draw the regions along r, all equally wide, and below them the printed ranges."""
    values = [point.value.lower for point in found.breakpoints]
    ends = [-2.0, *map(float, values), 0.0]
    places = range(len(ends))
    for number, left in enumerate(places[:-1]):
        ax.barh(2, 1, left=left, height=0.6, color="#9FD3F0" if number % 2 else "#D5ECF8")
        ax.text(left + 0.5, 2, str(number + 1), ha="center", va="center", fontsize=8.5)
    for row, ranges in zip((1, 0), PRINTED.values(), strict=True):
        for left, right in ranges:
            low, high = np.interp(
                [float(end.replace("−", "-")) for end in (left, right)], ends, places
            )
            text = f"r < {right}" if left == "−2" else f"{left} < r < {right}"
            ax.barh(row, high - low, left=low, height=0.2, color="#888888", ec="white")
            ax.text(
                (low + high) / 2, row - 0.15, text, ha="center", va="top", fontsize=7.5, bbox=BLANK
            )
    ax.vlines(places[1:-1], -0.5, 2.3, color=ORANGE, lw=0.8, zorder=0)
    ax.set_xticks(places, ["−2", *(str(r).replace("-", "−") for r in values), "0"], fontsize=8)
    ax.tick_params(axis="x", labelrotation=30, top=True, bottom=False)
    ax.tick_params(axis="x", labeltop=True, labelbottom=False)
    for label in ax.get_xticklabels():
        label.set(ha="left", rotation_mode="anchor")
    ax.set_yticks([2, 1, 0], ["exact", *PRINTED], fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(-0.05, places[-1] + 0.6), ylim=(-0.6, 2.4))
    ax.spines[:].set_visible(False)


def draw(path: Path) -> None:
    """Write the figure to `path`."""
    found = policy_regions(ModelLine.of(world, low=-2, high=0), gamma=1)
    figure = Figure(figsize=(8.4, 8.8), layout="constrained")
    boards, below = figure.subfigures(2, 1, height_ratios=(6, 2.8))
    for number, ax in enumerate(boards.subplots(3, 3).flat):
        board(ax, found, number)
    axis(below.subplots(), found)
    figure.savefig(path)
