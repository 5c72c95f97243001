"""Every public function takes as its problem whatever `as_mdp` takes, and gives the same answer."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from matplotlib.figure import Figure

import qdecay
from qdecay.learning.tabular import TABULAR

ID = "qdecay/StayOrMove-v0"
LAYOUT = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
MODEL = qdecay.MDP.from_layout(LAYOUT)

CALLS: dict[str, dict[str, Any]] = {
    "as_mdp": {},
    "blackwell": {},
    "average_reward": {},
    "break_even": {},
    "certified_policy_regions": {},
    "compare": {"walks": 3},
    "distributed_values": {"gamma": 0.5, "launcher": (), "python": "no such program"},
    "epsilon_soft": {"epsilon": "1/2"},
    "evaluate_policy": {"policy": [0] * MODEL.n_states, "gamma": 0.5},
    "is_breakpoint": {"gamma": "1/2"},
    "learned_thresholds": {"gammas": [0.25, 0.75], "seeds": [1], "steps": 200},
    "learning_times": {"gammas": ["1/2"], "seeds": 2, "steps": 50},
    "learning_curve": {"alpha": "1/2", "walks": 3},
    "modified_policy_iteration": {"gamma": 0.5},
    "numeric_policy_regions": {"points": 20},
    "optimal_actions": {"gamma": "1/2"},
    "optimal_values": {"gamma": 0.5},
    "policy_iteration": {"gamma": 0.5},
    "plot": {"what": "regions"},
    "policy_regions": {},
    "price": {"judge": "1/3"},
    "report": {"exact_only": True},
    "resampled_breakpoints": {"resamples": 40},
    "resampled_price": {"resamples": 40},
    "undiscounted": {},
    "q_learning_many": {"gammas": [0.25, 0.75], "seeds": [1], "steps": 200},
    "value_iteration": {"gamma": 0.5},
    "value_over_gammas": {"gammas": [0.25, 0.5]},
    "write_certificate": {"regions": qdecay.policy_regions(MODEL), "path": "certificate.json"},
    **{name: {"gamma": 0.5, "steps": 200} for name in TABULAR},
}
HOMEWORK = {"compare", "learning_times", "plot", "report"}
OF_DATA = {"resampled_breakpoints", "resampled_price"}  # others have no counts
CHAINS_ONLY = {"compare", "learning_curve"}  # streams are compared there: a model has none


def answer(function: Callable[..., Any], problem: Any, arguments: dict[str, Any]) -> Any:
    """Return all that a call gives: its result, what it writes, or what it raises."""
    try:
        found = function(problem, **arguments)
    except RuntimeError as error:
        return str(error)
    except ValueError as error:
        assert function.__name__ in OF_DATA
        return str(error)
    if isinstance(found, qdecay.Comparison):
        return dataclasses.replace(found, source="")
    if isinstance(found, qdecay.LearningResult):  # of an environment no names and start are known
        return found.q.tobytes(), found.visits.tobytes(), found.returns.tobytes(), found.steps
    if isinstance(found, qdecay.BreakEven):
        return found.roots, found.switches, found.best, found.between
    if isinstance(found, qdecay.Page):  # so do its title and its documents
        return re.findall(r'"(?:decimal|closed_form|lower|upper)":"([^"]*)"', found.html)
    if isinstance(found, Figure):  # its title has the problem's name
        return [text.get_text() for ax in found.axes for text in ax.texts]
    return Path(arguments["path"]).read_text(encoding="utf-8") if "path" in arguments else found


def test_no_function_is_left_out() -> None:
    """What has a parameter `problem` stands above, and no parameter means one by another name."""
    for name in qdecay.__all__:
        found = getattr(qdecay, name)
        if callable(found) and not isinstance(found, type):
            parameters = inspect.signature(found).parameters
            assert ("problem" in parameters) == (name in CALLS), name
            assert not {"mdp", "env", "world", "layout", "model"} & set(parameters), name


@pytest.mark.parametrize("name", CALLS)
def test_a_problem_may_be_given_in_any_way(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id, an environment, wrapped or not, a layout, its file, a model and its file, a table."""
    monkeypatch.chdir(tmp_path)
    LAYOUT.save("layout.json")
    MODEL.save("model.json")
    env = gym.make(ID)
    problems = [LAYOUT, "layout.json", Path("layout.json"), ID, env, env.unwrapped]
    if name not in CHAINS_ONLY:
        table: Any = env.unwrapped
        held = SimpleNamespace(P=table.P, start=table.start, action_names=table.action_names)
        problems += [MODEL, "model.json", held]
    answers = [answer(getattr(qdecay, name), problem, CALLS[name]) for problem in problems]
    for problem, found in zip(problems, answers, strict=True):
        assert found == answers[0], f"{problem!r}"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("problem", [3, None, [1, 2], {"P": 1}])
def test_what_is_no_problem_is_told_in_one_line(name: str, problem: Any) -> None:
    """The message names what would be one; without a problem some take the homework."""
    if name in HOMEWORK and problem is None:
        return
    with pytest.raises(TypeError, match="^problem must be .*layout.*got ") as error:
        getattr(qdecay, name)(problem, **CALLS[name])
    assert "\n" not in str(error.value)


def test_an_environment_is_stepped_as_it_is() -> None:
    """Learners do not read a model of what has its own `step`; text is read as a model."""

    class Counted(gym.Wrapper[int, int, int, int]):
        steps = 0

        def step(self, action: int) -> Any:
            self.steps += 1
            return self.env.step(action)

    env = Counted(gym.make(ID))
    assert qdecay.sarsa(env, 0.5, steps=50).steps == env.steps == 50


def test_floats_are_read_as_they_are_where_floats_will_do() -> None:
    """A table without rationals that were meant is no exact model, but planning takes it."""
    env = gym.make("FrozenLake-v1")
    table = {s: dict(actions) for s, actions in env.unwrapped.P.items()}  # type: ignore[attr-defined]
    table[0][0] = [(0.123456789012345, 0, 0.0, False), (0.876543210987655, 4, 0.0, False)]
    env.unwrapped.P = table  # type: ignore[attr-defined]
    assert np.isfinite(qdecay.value_iteration(env, "9/10").v).all()


def test_compare_without_a_problem_is_the_homework() -> None:
    """The four rows of the command, in its order."""
    rows = qdecay.compare(walks=2, step_size="1/2")
    ids = ["StayOrMove", "LeftOrRight", "ShortDelay", "LongDelay"]
    assert [row.source for row in rows] == [f"qdecay/{name}-v0" for name in ids]
    assert [row.verdict for row in rows] == ["agree"] * 4
