"""Pictures of environments: what they say is the table, and no text is cut off or covered."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import combinations
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import qdecay_envs
from qdecay_envs.screen import Canvas
from qdecay_envs.tabular import TabularEnv

MANY: list[tuple[str, dict[str, Any]]] = [
    ("NChain", {}),
    ("NChain", {"n": 40, "slip": 0, "large": "12345/7"}),
    ("RiverSwim", {}),
    ("RiverSwim", {"variant": "strehl_littman", "n": 30}),
    ("CombinationLock", {}),
    ("CombinationLock", {"code": [1, 0] * 20, "n_actions": 100, "consolation": 0}),
    ("DeepSea", {}),
    ("DeepSeaStochastic", {"size": 40}),
    ("DeepSea", {"size": 2, "mapping_seed": 1}),
    ("DelayMenu", {}),
    ("DelayMenu", {"menu": [[1, 0], [2, 1], [3000, 2], ["1/3", 40]]}),
    ("DiscountingChain", {}),
    ("StayOrMove", {}),
    ("LongDelay", {}),
    ("TwoStreams", {}),
    ("ConstantOrSparse", {}),
]


def made(name: str, mode: str, **options: Any) -> Any:
    return gym.make(f"qdecay/{name}-v0", render_mode=mode, **options).unwrapped


@pytest.mark.parametrize(("name", "options"), MANY)
def test_no_text_is_cut_off_or_covered(name: str, options: Any, monkeypatch: Any) -> None:
    """In the first, a middle and the last state; all of one size."""
    boxes: list[tuple[str, Any]] = []
    write = Canvas.write

    def recorded(
        canvas: Canvas, text: str, at: Any, size: int, *colour: Any, side: int = 0
    ) -> None:
        width, height = canvas.pygame.font.Font(None, size).size(text)
        left = at[0] - (width / 2, 0, width)[side]
        page = left >= 0 and left + width <= canvas.size[0]
        assert page and at[1] - height / 2 >= 0 and at[1] + height / 2 <= canvas.size[1], text
        boxes.append((text, (left, at[1] - height / 2, left + width, at[1] + height / 2)))
        write(canvas, text, at, size, *colour, side=side)

    monkeypatch.setattr(Canvas, "write", recorded)
    env = made(name, "rgb_array", **options)
    last = env.observation_space.n - 1
    shapes = set()
    for state in (0, last // 2, last):
        boxes.clear()
        shapes.add(env.draw(state, 1, -0.25).shape)
        assert any(str(state) == text or text == "+1" for text, _ in boxes)
        for (one, a), (two, b) in combinations([each for each in boxes if each[0]], 2):
            wide = min(a[2], b[2]) - max(a[0], b[0])
            high = min(a[3], b[3]) - max(a[1], b[1])
            assert wide <= 2 or high <= 4, (one, two)  # letters are lower than their line
    assert len(shapes) == 1


@pytest.mark.parametrize("variant", ["osband", "strehl_littman"])
def test_the_river_shows_its_table(variant: str) -> None:
    """The number on each arrow is the probability of swimming on; the words have the rewards."""
    env = made("RiverSwim", "ansi", variant=variant)
    line, *words = env.draw(1).splitlines()
    shown = [Fraction(text) for text in re.findall(r"-([\d/]+)->", line)]
    table = [[p for p, following, *_ in rows[1] if following == state + 1]
             for state, rows in enumerate(env.P_exact)]  # fmt: skip
    assert [[number] for number in shown] == table[:-1]
    pays = [max(reward for _, _, reward, _ in env.P_exact[s][a]) for s, a in ((0, 0), (5, 1))]
    assert words[1].endswith(f"in state 0 it stays and pays {pays[0]}")
    assert f"in state 5 it pays {pays[1]}" in words[0]
    assert ("where it stays" in words[0]) == (variant == "strehl_littman")
    assert "[1]" in line


def test_the_chain_and_the_lock_show_theirs() -> None:
    """Which action leads on, with what probability, and what pays."""
    chain = made("NChain", "ansi", n=3, slip="1/10", small="1/3", large=7).draw(2, 0, 7.0)
    assert chain.splitlines() == [
        "0 -forward 9/10-> 1 -forward 9/10-> [2]",
        "forward: to the next state; in state 2 it stays and pays 7",
        "backward: to state 0, pays 1/3",
        "each does what the other one does with probability 1/10",
        "forward, reward 7",
    ]
    sure = made("NChain", "ansi", n=3, slip=0).draw(0)
    assert "-forward-> 1" in sure and "probability" not in sure
    lock = made("CombinationLock", "ansi", code=[1, 0, 1], prize=5).draw(0)
    assert lock.splitlines()[:2] == [
        "[0] -action 1-> 1 -action 0-> 2 -action 1-> end",
        "the last one opens the lock and pays 5",
    ]


def test_the_sea_is_a_triangle_that_grows_darker() -> None:
    """One cell more in each row, on white; the treasure in the last corner is yellow."""
    env = made("DeepSea", "rgb_array", size=4)
    picture = env.draw(0)
    painted = (picture != 255).any(axis=2)
    rows = [36 + 46 * k for k in range(4)]
    widths = [int(painted[row].sum()) for row in rows]
    assert [round(width / 46) for width in widths] == [1, 2, 3, 4]
    left = int(np.flatnonzero(painted[rows[3]])[0]) + 6
    blues = [picture[row + 12, left].tolist() for row in rows[1:]]
    assert [sum(colour) for colour in blues] == sorted((sum(c) for c in blues), reverse=True)
    red, _, blue = picture[rows[3] + 12, left + 3 * 46].tolist()
    assert red > 200 > blue


def test_a_menu_is_in_words() -> None:
    """When each reward is paid, in the singular and in the plural."""
    menu = qdecay_envs.DelayMenuEnv([(1, 0), (2, 1), (3, 2)], render_mode="ansi")
    assert menu.action_names == ("1 now", "2 after 1 step", "3 after 2 steps")
    assert menu.draw(0).splitlines()[0] == "1 now: [0] -1-> end"


def test_an_environment_of_ones_own_is_a_line_of_states() -> None:
    """Without arrows, which only its author could put into words."""
    table = [[[(Fraction(1), 1, Fraction(0), False)]], [[(Fraction(1), 1, Fraction(1), True)]]]
    assert TabularEnv(table, render_mode="ansi").draw(1, 0, 1.0).splitlines() == [
        "0 [1]",
        "action 0, reward 1",
    ]
