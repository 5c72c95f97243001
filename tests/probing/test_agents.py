"""Agents as people have them: how their policies answer and what they are called."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import qdecay
from qdecay.probing import AgentError, sb3_agent, tabular_agent
from qdecay.probing.agents import choose
from qdecay.probing.question import SETTINGS, Question

QUESTION = Question(SETTINGS["one-shot"], 0, 2, -0.5, 0, 0)


class Tensor:
    """A tensor as torch has it: no array before it is detached and on the CPU."""

    def __init__(self, value: float, ready: int = 0) -> None:
        self._value, self._ready = value, ready

    def detach(self) -> Tensor:
        """Return it without its gradient."""
        return Tensor(self._value, self._ready + 1)

    def cpu(self) -> Tensor:
        """Return a copy on the CPU."""
        return Tensor(self._value, self._ready + 1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return it as an array, if that is possible."""
        if self._ready < 2:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return np.array(self._value, dtype)


ANSWERS = {
    "number": lambda a: a,
    "bool": bool,
    "numpy bool": np.bool_,
    "numpy number": np.int8,
    "no dimension": np.array,
    "batch of one": lambda a: np.array([a]),
    "list": lambda a: [a],
    "action and state": lambda a: (a, None),
    "action and log_prob": lambda a: (np.array([a]), -0.7, {"entropy": 0.1}),
    "tensor": Tensor,
    "tensor and log_prob": lambda a: (Tensor(a), Tensor(-0.7)),
}
"""One action, in every form in which policies give it."""


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("action", [0, 1])
def test_an_action_is_read_in_every_form(form: str, action: int) -> None:
    """It is the far one or it is not."""
    answer = ANSWERS[form](action)
    assert choose(lambda env, seed: lambda o: answer, QUESTION) == (action == QUESTION.far_action)


@pytest.mark.parametrize("grad", [False, True])
def test_a_tensor_of_torch_is_read(grad: bool) -> None:
    """Also one that requires a gradient."""
    torch = pytest.importorskip("torch")
    answer = torch.tensor([1.0], requires_grad=grad)
    assert choose(lambda env, seed: lambda o: answer, QUESTION) == (QUESTION.far_action == 1)


@pytest.mark.parametrize(
    "answer",
    [np.array([0, 1]), [1.0, 0.0], (0.5, 0), (), [], None, {"action": 1}, Tensor(math.nan)],
)
def test_what_is_not_one_action_is_an_error(answer: Any) -> None:
    """A value for each action may be meant for anything: it is not guessed."""
    with pytest.raises(AgentError, match=r"^the agent chose .*, which is not action 0 or 1 \(one"):
        choose(lambda env, seed: lambda o: answer, QUESTION)


def test_agents_of_qdecay_are_called_after_their_algorithm(monkeypatch) -> None:
    """In the profile of an agent that nobody named."""
    agent = tabular_agent(qdecay.q_learning, 0.9)
    profile = qdecay.probe(agent, (2,), settings=["one-shot"], trainings=1)
    assert profile.agent == "q_learning" and "(q_learning: " in repr(profile)
    monkeypatch.setattr("qdecay.probing.agents.require", lambda *_: None)
    assert sb3_agent("DQN", 0.9).__name__ == "DQN"  # type: ignore[attr-defined]


@pytest.mark.parametrize("learner", [None, "q_learning", lambda env, gamma: None])
def test_what_is_no_learner_is_refused(learner: Any) -> None:
    """Before anything is trained."""
    with pytest.raises(
        TypeError, match="^learner must be a learner such as qdecay.q_learning, got"
    ):
        tabular_agent(learner, 0.9)
