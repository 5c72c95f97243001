"""The documentation is whole: every public name is in the reference, numbers in its text hold."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pytest

import qdecay
import qdecay_envs

REFERENCE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text(encoding="utf-8")
CHAPTER = (Path(__file__).parent.parent / "docs" / "which-gamma.md").read_text(encoding="utf-8")
SHOWN = [resolve_name(name) for name in re.findall(r"^::: (\S+)$", REFERENCE, re.MULTILINE)]


@pytest.mark.parametrize("package", [qdecay, qdecay_envs], ids=lambda package: package.__name__)
def test_every_public_name_is_in_the_reference(package) -> None:
    """Itself, or the module that it comes from; each has a docstring to be shown."""
    for name in package.__all__:
        thing = getattr(package, name)
        assert any(thing in (shown, getattr(shown, name, None)) for shown in SHOWN), name
        assert thing.__doc__, name


def steps_to_the_goal(mdp: qdecay.MDP, gamma: str) -> float:
    """The mean number of steps of those episodes that reach the goal, by following the chain."""
    policy = [best[0] for best in qdecay.optimal_actions(mdp, gamma)]
    p, r = np.zeros((mdp.n_states, mdp.n_states)), np.zeros(mdp.n_states)
    for s, a, t, chance, reward, terminated in mdp.rows():
        if a == policy[s]:
            p[s, t] += 0 if terminated else float(chance)
            r[s] += float(chance * reward)
    arrived, where = [], np.eye(mdp.n_states)[mdp.start or 0]
    for _ in range(5_000):
        arrived.append(where @ r)
        where = where @ p
    return float(np.arange(1, 5_001) @ arrived / sum(arrived))


def test_how_long_the_policies_of_the_chapter_take() -> None:
    """The numbers in the text of `which-gamma.md` that no block of it prints."""
    text = CHAPTER.replace("\n", " ")
    small, large = qdecay.as_mdp("FrozenLake-v1"), qdecay.as_mdp("FrozenLake8x8-v1")
    soon, late = (round(steps_to_the_goal(small, gamma)) for gamma in ("0.8", "0.99"))
    assert f"in {soon} steps on average instead of {late}" in text
    patient, hasty = (round(steps_to_the_goal(large, gamma)) for gamma in ("0.9999999", "0.9"))
    assert f"after {patient} steps on average ({hasty} for the policy of 0.9" in text
