"""Grid worlds of textbooks and courses, as published.

`AIMA4x3`: S. Russell and P. Norvig, Artificial Intelligence: A Modern Approach, 3rd edition, 2010,
section 17.1, figure 17.1: R(s) = -0.04 in the nine cells that are not ends. In the 4th edition, of
2020, a step into an end pays the end's reward and nothing else: that is `acts_on="entering"`.

`AIMA3x3`: the 3rd edition, exercise 17.8, figure 17.14(a): -1 a step, and a cell with the reward r,
of which the exercise takes 100 (-100 as published online), -3, 0 and 3: `rewards={"r": 3}`.
Discount factor 0.99. The book names no start: it is (1, 1).

`DiscountGrid`, `BridgeGrid`: UC Berkeley, CS 188, project 3 on reinforcement learning, the grids of
these names. Discount factor 0.9 and noise 0.2 unless a question changes them.

`WindyGrid`: R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018,
example 6.5.

`CliffGrid`: example 6.6 there. Unlike in Gymnasium's, the cliff is not a state: the agent never
stands on it.

`CornersGrid`: example 4.1 there, figure 4.1; each of the two corners that are ends is a state. The
book names no start: it is (4, 4), as far as possible from both.

`JumpGrid`: example 3.5 there, figure 3.2: A jumps to A' (here a) and B to B' (b), and bumping costs
1. Discount factor 0.9. The book names no start: it is (1, 1).
"""

from __future__ import annotations

from collections.abc import Mapping

from qdecay_envs.grid_layout import GridLayout

_END = {"end": True}

PRESETS: Mapping[str, GridLayout] = {
    "AIMA4x3": GridLayout(("   +1", " # -1", "S   "), living_reward="-1/25", noise="1/5"),
    "AIMA3x3": GridLayout(
        ("r +10", "   ", "S  "),
        {"r": {"reward": -3}},
        living_reward=-1,
        noise="1/5",
    ),
    "DiscountGrid": GridLayout(
        ("     ", " #   ", " #+1#+10", "S    ", "-10-10-10-10-10"), noise="1/5"
    ),
    "BridgeGrid": GridLayout(
        ("#-100-100-100-100-100#", "+1S    +10", "#-100-100-100-100-100#"), noise="1/5"
    ),
    "WindyGrid": GridLayout(
        (" " * 10, " " * 10, " " * 10, "S      G  ", " " * 10, " " * 10, " " * 10),
        {"G": _END},
        living_reward=-1,
        wind=(0, 0, 0, 1, 1, 1, 2, 2, 1, 0),
        acts_on="entering",
    ),
    "CliffGrid": GridLayout(
        (" " * 12, " " * 12, " " * 12, f"S{'C' * 10}G"),
        {"C": {"reward": -100, "to": "S"}, "G": _END},
        living_reward=-1,
        acts_on="entering",
    ),
    "CornersGrid": GridLayout(
        ("T  S", "    ", "    ", "   T"), {"T": _END}, living_reward=-1, acts_on="entering"
    ),
    "JumpGrid": GridLayout(
        (" A B ", "     ", "   b ", "     ", "Sa   "),
        {
            "A": {"reward": 10, "to": "a"},
            "B": {"reward": 5, "to": "b"},
            "a": {},
            "b": {},
        },
        bump_reward=-1,
    ),
}
"""The grids by name; each is registered as `qdecay/NAME-v0`."""
