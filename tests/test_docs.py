"""The documentation is whole: every public name is in the reference, numbers in its text hold."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from pkgutil import resolve_name

import gymnasium as gym
import numpy as np
import pytest

import qdecay
import qdecay_envs

REFERENCE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text(encoding="utf-8")
CHAPTER = (Path(__file__).parent.parent / "docs" / "which-gamma.md").read_text(encoding="utf-8")
LINES = (Path(__file__).parent.parent / "docs" / "break-even-in-any-number.md").read_text()
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


def over_living_reward(gamma: str, **options: str) -> qdecay.LineRegions:
    """The regions of the textbook's 4x3 world over its living reward."""
    line = qdecay.ModelLine.of(
        lambda r: gym.make("qdecay/AIMA4x3-v0", living_reward=r, **options), low=-2, high=0
    )
    return qdecay.policy_regions(line, gamma=gamma)


def test_what_is_said_of_the_textbooks_ranges() -> None:
    """The rewards of either edition, a smaller gamma, and the two policies for r = -0.04."""
    text = LINES.replace("\n", " ")
    exact = [point.value.closed_form() for point in over_living_reward("1").breakpoints]
    entering = over_living_reward("1", acts_on="entering")
    assert [point.value.closed_form() for point in entering.breakpoints] == exact
    assert all(str(value) in text for value in exact)
    later = [float(point.value) for point in over_living_reward("0.99").breakpoints]
    assert f"(at 0.99 they are {later[4]:.4f} and {later[7]:.4f})" in text
    world = qdecay.MDP.from_env(gym.make("qdecay/AIMA4x3-v0", living_reward="-0.04"))
    value, cell = qdecay.undiscounted(world).value, world.state_index("(3, 1)")
    worth = [
        sum(p * (r + (0 if end else value[t] or 0)) for s, b, t, p, r, end in world.rows()
            if (s, b) == (cell, a))
        for a in range(world.n_actions)
    ]  # fmt: skip
    left, up = (worth[(world.action_names or ()).index(name)] for name in ("left", "up"))
    assert f"going left is worth {float(left):.4f}" in text and left == max(worth)
    assert f"and going up {float(up):.4f}" in text


@pytest.mark.slow
def test_which_gamma_prints_what_it_shows() -> None:
    """Its blocks take a quarter of a minute: those of other pages are run by default."""
    page = Path(__file__).parent.parent / "docs" / "which-gamma.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried > 5) == (0, True)
