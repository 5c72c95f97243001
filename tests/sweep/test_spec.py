"""Specs: what they stand for, and one line naming file and key for whatever is wrong in them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qdecay import MDP
from qdecay.errors import InputError
from qdecay.sweep import Spec, Sweep
from qdecay.sweep.cells import plan
from qdecay.sweep.toml import parse
from qdecay_envs import ChainLayout

GOOD = {
    "schema": '"qdecay.sweep/1"',
    "sources": '[{ source = "qdecay/StayOrMove-v0" }]',
    "gammas": '[0.4, "3/5"]',
    "learners": '[{ name = "q_learning", episodes = 10 }]',
    "seeds": "2",
}


def spec(**changed: str | None) -> Spec:
    entries = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    return Spec.parse("\n".join(f"{key} = {value}" for key, value in entries.items()), name="s")


def test_every_list_is_an_axis() -> None:
    """3 delays x 2 rewards, 2 learners x 2 epsilons, 2 gammas, 3 seeds: 144 different trainings."""
    cells = plan(
        spec(
            sources='[{ delay = [1, 2, 3], reward = [5, "6"] }]',
            learners='[{ name = ["sarsa", "q_learning"], epsilon = [0.1, "1/2"], episodes = 9 }]',
            seeds="[4, 0, 9]",
        )
    )
    assert len(cells) == 3 * 2 * 2 * 2 * 2 * 3
    assert len({cell.key for cell in cells}) == len(cells)
    assert [cell.number for cell in cells] == list(range(len(cells)))
    assert {cell.gamma for cell in cells} == {Fraction(2, 5), Fraction(3, 5)}


def test_the_key_is_what_the_training_depends_on() -> None:
    """The order of lists and the name of the model change numbers, never keys."""
    forward = plan(spec(gammas="[0.4, 0.6]", seeds="[0, 1]"))
    backward = plan(spec(gammas="[0.60, '2/5']", seeds="[1, 0]"))
    assert {c.key for c in forward} == {c.key for c in backward}
    assert forward.digest != backward.digest
    other = plan(spec(learners='[{ name = "q_learning", episodes = 11 }]'))
    assert not {c.key for c in forward} & {c.key for c in other}
    entropy = int(forward.cell(0).key, 16)
    assert np.random.SeedSequence(entropy).entropy == entropy


def test_a_time_limit_of_the_model_is_no_part_of_a_key(tmp_path: Path) -> None:
    """Trainings have their own: a file with a limit is the cell that it was without."""
    mdp = MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    keys = []
    for limit in (None, 9):
        MDP.of(replace(mdp.rows(), time_limit=limit)).save(tmp_path / "m.json")
        cells = plan(spec(sources=f'[{{ source = "{tmp_path}/m.json" }}]'))
        keys.append([cell.key for cell in cells])
    assert keys[0] == keys[1]


def test_around_break_even_surrounds_the_exact_gamma() -> None:
    """C bottom: 110^(-1/99), irrational; k/count of the way on each side, nothing on it."""
    text = '{ around = "break-even", count = 4, spread = 0.5 }'
    cells = plan(spec(sources='[{ source = "qdecay/LongDelay-v0" }]', gammas=text, seeds="1"))
    gammas = [cell.gamma for cell in cells]
    assert len(gammas) == 8 and gammas == sorted(gammas)
    below = [gamma for gamma in gammas if 110 * gamma**99 < 1]
    assert len(below) == 4
    exact = 110 ** (-1 / 99)
    assert float(gammas[0]) == pytest.approx(exact / 2, abs=1e-11)
    assert float(gammas[-1]) == pytest.approx(exact + (1 - exact) / 2, abs=1e-11)


WRONG = [
    ({"schema": '"qdecay.mdp/1"'}, "not a sweep spec"),
    ({"schema": None}, "not a sweep spec"),
    ({"sources": None}, '"sources" is missing'),
    ({"sources": "[]"}, "sources: the list is empty"),
    ({"sources": "3"}, "sources[0]: must be a table"),
    ({"sources": "[{}]"}, "sources[0]: write source"),
    ({"sources": '[{ source = "a", colour = 1 }]'}, "sources[0].colour: unknown key"),
    ({"sources": '[{ source = ["a", "a"] }]'}, "sources[0].source: 'a' is listed twice"),
    ({"sources": "[{ delay = 0, reward = 6 }]"}, "sources[0].delay: must be >= 1"),
    ({"sources": "[{ delay = 1 }]"}, '"reward" is missing'),
    ({"sources": "[{ delay = 1, reward = -inf }]"}, "-inf is not a finite number"),
    ({"sources": '[{ source = "a", options = { x = 1979-05-27 } }]'}, "dates and times"),
    ({"gammas": "[]"}, "gammas: the list is empty"),
    ({"gammas": "[1.5]"}, "gammas: must be in [0, 1]"),
    ({"gammas": '["0.5", "1/2"]'}, "gammas: '1/2' is listed twice"),
    ({"gammas": '{ around = "zero" }'}, "gammas.around: must be one of break-even"),
    ({"gammas": '{ around = "break-even", spread = 1 }'}, "gammas.spread: must be in (0, 1)"),
    ({"gammas": '{ around = "break-even", count = 0 }'}, "gammas.count: must be >= 1"),
    ({"learners": '[{ name = "dqn", episodes = 9 }]'}, "learners[0].name: must be one of"),
    ({"learners": '[{ name = "sarsa" }]'}, "nothing ends a training"),
    ({"learners": '[{ name = "sarsa", steps = true }]'}, "learners[0].steps: must be a whole"),
    ({"learners": '[{ name = "sarsa", steps = 9, epsilon = 2 }]'}, "epsilon: must be in [0, 1]"),
    ({"learners": '[{ name = "sarsa", steps = 9, step_size = 0 }]'}, "step_size: must be > 0"),
    ({"learners": '[{ name = "n_step_sarsa", steps = 9 }]'}, '"n" is missing'),
    ({"seeds": "0"}, "seeds: must be >= 1"),
    ({"seeds": "[-1]"}, "seeds: must be >= 0"),
    ({"extra": "1"}, "extra: unknown key"),
    ({"seeds": "1 1"}, "not TOML"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_what_is_wrong_is_told_in_one_line(changed: dict[str, str | None], message: str) -> None:
    """The message names the spec and the key, and has no line break."""
    with pytest.raises(InputError) as reported:
        spec(**changed)
    assert str(reported.value).startswith("s: ")
    assert message in str(reported.value)
    assert "\n" not in str(reported.value)


IMPOSSIBLE = [
    (
        {"sources": '[{ source = "qdecay/NoSuch-v0" }]'},
        "sources[0]: qdecay/NoSuch-v0: neither a file",
    ),
    ({"sources": "[{ delay = 1, near_delay = 1, reward = 6 }]"}, "delay must be > near_delay"),
    (
        {"sources": '[{ source = "qdecay/StayOrMove-v0", options = { reward_noise = 0.5 } }]'},
        "reward noise is not part of a model",
    ),
    (
        {"sources": '[{ source = "qdecay/StayOrMove-v0" }, { source = "qdecay/StayOrMove-v0" }]'},
        "is already in the sweep",
    ),
    (
        {"sources": '[{ delay = 1, reward = 6, ending = "repeat" }]'},
        "may never end",
    ),
    (
        {
            "sources": '[{ delay = 1, reward = "1/2" }]',
            "gammas": '{ around = "break-even" }',
        },
        "has no break-even gamma",
    ),
    ({"sources": '[{ source = "qdecay/StayOrMove-v0", start = 7 }]'}, "start = 7"),
]


@pytest.mark.parametrize(("changed", "message"), IMPOSSIBLE)
def test_what_cannot_run_is_told_before_anything_runs(
    changed: dict[str, str | None], message: str
) -> None:
    """A source, a setting or a training that never ends is refused when cells are counted."""
    with pytest.raises(InputError) as reported:
        len(Sweep(spec(**changed)))
    assert message in str(reported.value)
    assert "\n" not in str(reported.value)


def test_a_path_starts_beside_the_spec(tmp_path: Path) -> None:
    """A layout file is found from the spec's folder, and a changed file is another sweep."""
    layout = tmp_path / "mine.json"
    text = '{"schema": "qdecay.layout/1", "near": ["a", [2]], "far": ["b", [0, %d]]}'
    toml = "\n".join(f"{k} = {v}" for k, v in GOOD.items() if k != "sources")
    (tmp_path / "s.toml").write_text(toml + '\nsources = [{ source = "mine.json" }]\n')
    digests = []
    for reward in (3, 4):
        layout.write_text(text % reward)
        digests.append(Sweep(tmp_path / "s.toml").plan.digest)
    assert digests[0] != digests[1]
    with pytest.raises(InputError, match=r"none\.toml: cannot be read"):
        Spec.load(tmp_path / "none.toml")


@pytest.mark.parametrize("value", ["1e309", "-1e400", f"{10**400}"])
def test_a_number_beyond_the_floats_is_refused(value: str) -> None:
    """The largest float is a start value; what rounds to infinity is none."""
    text = """
        schema = "qdecay.sweep/1"
        sources = [{ source = "qdecay/StayOrMove-v0" }]
        gammas = ["0.4"]
        learners = [{ name = "q_learning", episodes = 1, initial_value = "VALUE" }]
        seeds = 1
    """
    assert len(Sweep(Spec.parse(text.replace("VALUE", "1.7e308"))).plan) == 1
    with pytest.raises(InputError, match="too large for a float"):
        Spec.parse(text.replace("VALUE", value))


def test_decimals_of_toml_may_have_underscores() -> None:
    """As TOML allows them: 1_0.2_5 is 41/4."""
    assert parse("x = 1_0.2_5", "s.toml").take("x") == Fraction(41, 4)


@pytest.mark.parametrize("size", ["1e400", "1e-400"])
def test_a_model_whose_rewards_have_no_floats_is_refused_before_anything_runs(
    tmp_path: Path, size: str
) -> None:
    """From an MDP file and from a layout, with the place in the spec."""
    mdp = MDP.from_rows([(0, 0, 0, 1, size, True)], n_states=1, n_actions=1, start=0)
    mdp.save(tmp_path / "mdp.json")
    ChainLayout.choice(stay=[size], move=[0, size]).save(tmp_path / "layout.json")
    for name in ("mdp.json", "layout.json"):
        given = spec(sources=f"[{{ source = '{tmp_path / name}' }}]")
        with pytest.raises(InputError, match=r"sources\[0\]: .* too (large|small) for floats"):
            plan(given)
