"""What the probe says of agents that were not made from its list, and whether that is right.

    python benchmarks/probe_blind.py [--gamma 0.9] [--only WORDS] [--out FILE]
    python benchmarks/probe_blind.py --deep [--seconds 120]

The agents and the truth about them stand in tests/blind_agents.py. A verdict is wrong if it calls a
sound agent unsound or the reverse, or names a fault, and only that, which the agent does not have;
it may be undecided. Quick agents are asked the whole battery at delays 1, 2, 4 and 8; deep ones the
choice made once, at tolerance 0.02, for some minutes each.
"""

from __future__ import annotations

import argparse
import collections
import platform
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1] / folder) for folder in ("tests", "envs", "")
]

from blind_agents import BLIND, BlindAgent  # noqa: E402

import qdecay  # noqa: E402
from qdecay.probing import BATTERY, diagnose  # noqa: E402

# By agent the names that are true of it, as a regular expression; others have none, or are sound.
TRUE_NAMES = {
    "Monte Carlo control": "trunca|cut",
    "REINFORCE": "trunca|cut",
    "REINFORCE without discount": "never applied|another gamma|trunca|cut",
    "random gamma each episode, Monte Carlo": "^hyperbolic$|mixture",
    "GAE without a critic": "another gamma|trunca|cut",
    "R-learning": "average reward",
    "signs of rewards": "sign|near",
    "square roots of rewards": "another gamma|gamma twice",
    "learning through autoreset steps": "autoreset",
    "standardised rewards": "normalised|standardised",
    "fixed horizon of 5 steps": "horizon",
    "options discounted once each": "never applied|another gamma|frame skip",
    "hyperbolic ensemble": "^hyperbolic$|mixture",
    "hyperbolic planner": "^hyperbolic$|mixture",
    "beta-delta chooser": "quasi",
    "textbook Q-learning, 200 episodes": "under-train",
    "a coin": "coin",
    "a coin at each look": "coin",
    "always action 0": "same action",
    "always action 1": "same action",
    "never updated": "same action",
    "always the nearer reward": "near|sign",
    "always the larger reward": "never applied|another gamma",
    "myopic": "near|another gamma|sign",
    "SB3 DQN, defaults": "near|another gamma|under-train",
    "actor-critic with GAE": "another gamma",
    "one-step actor-critic": "another gamma",
    "one-step actor-critic with gamma**t": "another gamma",
    "random gamma each episode, Q-learning": "another gamma",
}


@dataclass(frozen=True)
class Row:
    """One agent's line of the table."""

    agent: str
    judged: str
    said: str
    named: str
    trainings: int
    seconds: float

    def __str__(self) -> str:
        """Show the line in columns."""
        return (
            f"{self.agent[:38]:38} {self.judged:9} {self.trainings:5} {self.seconds:6.1f}  "
            f"{self.said} [{self.named}]"
        )


def probed(agent: BlindAgent, gamma: float, seed: int, seconds: float) -> Row:
    """Probe an agent and judge what was said."""
    settings = ("one-shot",) if agent.deep else BATTERY
    if gamma > 0.9:  # where nothing ends, values at 0.99 need longer than these train
        settings = tuple(setting for setting in settings if setting != "repeating")
    options: dict[str, Any] = {"tolerance": 0.02, "max_seconds": seconds} if agent.deep else {}
    options |= {"seed": seed, "settings": settings, "name": agent.name, "gamma": gamma}
    began = time.perf_counter()
    profile = qdecay.probe(agent.make(gamma), (1, 2, 4, 8), **options)
    diagnosis = diagnose(profile)
    names = [diagnosis.fault, *getattr(diagnosis, "alternatives", ())]
    judged = judge(agent, settings, profile.behaves_as_told, names)
    named = " or ".join(str(name) for name in names)
    spent = time.perf_counter() - began
    return Row(agent.name, judged, profile.verdict, named, profile.trainings, spent)


def judge(
    agent: BlindAgent, settings: tuple[str, ...], told: bool | None, names: list[str | None]
) -> str:
    """Return right, undecided or wrong."""
    if told not in agent.right(settings):
        return "wrong"
    stated = [name for name in names if name not in (None, "as configured", "none of these")]
    true = TRUE_NAMES.get(agent.name)
    if told is False and stated and not any(re.search(true or "$^", name) for name in stated):
        return "misnamed"
    return "undecided" if told is None else "right"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gamma", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the names of those to probe")
    parser.add_argument("--deep", action="store_true", help="the deep ones, instead of the others")
    parser.add_argument("--seconds", type=float, default=120.0, help="for each deep one")
    parser.add_argument("--out", type=Path, help="a file to add the rows to, as they come")
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    counts: collections.Counter[str] = collections.Counter()
    for agent in BLIND.values():
        if agent.deep != given.deep or given.only not in agent.name:
            continue
        row = probed(agent, given.gamma, given.seed, given.seconds)
        counts[row.judged] += 1
        print(row, flush=True)
        if given.out:
            with given.out.open("a", encoding="utf-8") as file:
                file.write(f"{row}\n")
    print(", ".join(f"{number} {judged}" for judged, number in counts.most_common()))


if __name__ == "__main__":
    main()
