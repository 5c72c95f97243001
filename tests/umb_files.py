"""A UMB file as `umbi` writes it, through its old interface or its new one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import umbi

BRANCHES = [  # state, action, next state, probability, reward
    (0, "share", 0, "1/2", 5),
    (0, "share", 1, "1/2", 5),
    (0, "leave", 1, "1", 10),
    (1, "share", 1, "1", -1),
]
NAMES = ["share", "leave"]


def write_system(path: Path, number: Callable[[Any], Any]) -> None:
    """Write Puterman's example, with rewards of branches; numbers are fractions or floats."""
    new = hasattr(umbi.ats, "SimpleAts")
    ats = umbi.ats.SimpleAts() if new else umbi.ats.ExplicitAts()
    ats.num_players, ats.num_choice_actions, ats.choice_action_to_name = 1, len(NAMES), NAMES
    branches: dict[tuple[int, str], list[tuple[int, Any]]] = {}
    for state, name, target, p, _ in BRANCHES:
        branches.setdefault((state, name), []).append((target, number(Fraction(p))))
    rewards = [number(reward) for *_, reward in BRANCHES]
    if new:
        ats.num_states, ats.initial_states = 2, [0]
        make = ats.new_choice if hasattr(ats, "new_choice") else ats.new_state_choice
        for (state, name), successors in branches.items():
            choice = make(state=state)
            ats.choice_to_choice_action[choice] = NAMES.index(name)
            for target, p in successors:
                ats.new_choice_branch(choice=choice, target=target, prob=p)
        ats.new_reward_annotation(name="r").branch_values = rewards
    else:
        for _ in range(2):
            ats.add_state()
        ats.state_to_player = [0, 0]
        for (state, name), successors in branches.items():
            choice = ats.add_state_choice(state)
            choice.action = NAMES.index(name)
            for target, p in successors:
                choice.add_branch(target, p)
        ats.set_initial_states([0])
        ats.add_reward_annotation("r").set_branch_values(rewards)
    umbi.ats.write(ats, path)
