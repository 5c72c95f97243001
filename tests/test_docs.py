"""The documentation is whole: every name, command and environment has a page, numbers hold."""

from __future__ import annotations

import doctest
import re
import sys
from functools import cache
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from shell import run

import qdecay
import qdecay_envs

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
sys.path.append(str(DOCS))
from generated import commands, reference, suite  # noqa: E402
from generated.pages import Page, expanded, first_line  # noqa: E402

CHAPTER = (DOCS / "which-gamma.md").read_text(encoding="utf-8")
LINES = (DOCS / "reward-design.md").read_text(encoding="utf-8")


@cache
def environments() -> list[Page]:
    """The pages of the suite, for which every environment is solved."""
    return suite.pages()


def test_every_public_name_has_a_page() -> None:
    """One of its own, also where file names know no capitals, and a line in the index."""
    made = {page.path: page for page in reference.pages()}
    assert len({path.lower() for path in made}) == len(made)
    shown = {match[1] for page in made.values() if (match := re.match("::: (.*)", page.text))}
    names = {f"qdecay.{name}" for name in qdecay.__all__} - {"qdecay.__version__"}
    assert shown == names
    index = made["reference/index.md"].text
    for name in reference.subjects()["exact"]:
        assert (
            f"[`{name}`](exact/{reference.page_of(name)}.md) | {first_line(getattr(qdecay, name))}"
            in index
        )
        assert first_line(getattr(qdecay, name))


def test_every_public_name_has_one_example() -> None:
    """In its docstring, or else beside it, for its page."""
    beside = reference.examples()
    for name in set(qdecay.__all__) - {"__version__"}:
        thing = getattr(qdecay, name)
        documented = name not in {"Schedule"} and (
            isinstance(thing, type) or hasattr(thing, "__qualname__")
        )
        within = documented and ">>> " in (thing.__doc__ or "")
        assert within != (name in beside), name
    assert set(beside) <= set(qdecay.__all__)


def test_names_of_the_environments_package_are_shown() -> None:
    """On a page of an environment, or on one written by hand."""
    by_hand = "".join(path.read_text() for path in (DOCS / "reference").glob("*.md"))
    shown = by_hand + "".join(page.text for page in environments())
    for name in set(qdecay_envs.__all__) - set(qdecay.__all__):
        thing = getattr(qdecay_envs, name)
        module = getattr(thing, "__module__", "qdecay_envs")
        assert name in shown or f"::: {module}\n" in shown, name


@pytest.mark.parametrize("name", [name for name, _ in commands.commands()])
def test_every_command_has_a_page_with_all_its_options(capsys, monkeypatch, name: str) -> None:
    """Those that its help lists."""
    code, out, _ = run(capsys, monkeypatch, *name.split(), "--help")
    assert code == 0
    (page,) = [page.text for page in commands.pages() if page.title == f"qdecay {name}"]
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", out, re.MULTILINE)) - {"--help"}
    assert options
    assert {option for option in options if f"{option}" not in page.split("## Options")[1]} == set()


def test_every_environment_has_a_page_with_gymnasiums_sections() -> None:
    made = {page.title: page.text for page in environments()}
    ids = {spec.name for spec in gym.registry.values() if spec.namespace == "qdecay"}
    assert set(made) == ids
    for text in made.values():
        sections = re.findall(r"^## (.*)", text, re.MULTILINE)
        assert sections == [
            "Description", "Actions", "Observations", "Rewards", "Start", "End",
            "Break-even gammas", "Arguments", "Versions",
        ]  # fmt: skip
    assert "| 10 | 2 |" in made["NChain"]  # forwards in the last state, and backwards by a slip
    assert "Nothing ends an episode" in made["NChain"]
    assert "Episodes start in state 1." in made["LeftOrRight"]


def test_pages_take_their_place_below_their_index() -> None:
    nav = [{"Home": "index.md"}, {"Look": [{"Names": "names/index.md"}]}]
    found = expanded(nav, {"names/index.md": [{"one": "names/one.md"}]})
    assert found == [
        {"Home": "index.md"},
        {"Look": [{"Names": ["names/index.md", {"one": "names/one.md"}]}]},
    ]


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
@pytest.mark.parametrize("name", ["which-gamma.md", "examples.md"])
def test_long_pages_print_what_they_show(name: str) -> None:
    """Their blocks take a while: those of other pages are run by default."""
    failed, tried = doctest.testfile(str(DOCS / name), module_relative=False)
    assert (failed, tried > 5) == (0, True)
