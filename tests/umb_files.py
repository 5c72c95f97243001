"""UMB files as tests make them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

umbi = pytest.importorskip("umbi")


BRANCHES = [  # state, action, next state, probability, reward
    (0, "share", 0, "1/2", 5),
    (0, "share", 1, "1/2", 5),
    (0, "leave", 1, "1", 10),
    (1, "share", 1, "1", -1),
]


def system(branches=BRANCHES, *, n_states: int = 2, number=Fraction, start: tuple[int, ...] = (0,)):
    """Return the transition system of such branches, without rewards."""
    ats = umbi.ats.ExplicitAts()
    names = list(dict.fromkeys(name for _, name, *_ in branches))
    ats.num_players, ats.num_choice_actions, ats.choice_action_to_name = 1, len(names), names
    choices: dict[tuple[int, str], Any] = {}
    for _ in range(n_states):
        ats.add_state()
    ats.state_to_player = [0] * n_states
    for state, name, target, p, _ in branches:
        if (state, name) not in choices:
            choices[state, name] = ats.add_state_choice(state)
            choices[state, name].action = names.index(name)
        choices[state, name].add_branch(target, number(Fraction(p)))
    ats.set_initial_states(start)
    return ats
