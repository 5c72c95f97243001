"""What a learner that a class wrote returns, in every form, and what is refused."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import qdecay
from qdecay import MDP, InputError
from qdecay._support.user_code import UserCodeError
from qdecay.comparison.own_learner import greedy_choice, own_learner

VALUES = [[0.5, 2, 1], [3, -1, 0], [-2, -3, -1]]
BEST = (1, 0, 2)
ROWS = [(s, a, s, 1, 0, True) for s in range(3) for a in range(3)]
MODEL = MDP.from_rows(ROWS, n_states=3, n_actions=3, state_names=["hall", "attic", "yard"])
TABLE = np.array(VALUES)
PAIRS = {(s, a): VALUES[s][a] for s in range(3) for a in range(3)}


def default(make: Callable[[], Any], known: dict[Any, Any]) -> defaultdict[Any, Any]:
    """Return a defaultdict with these entries."""
    return defaultdict(make, known)


FORMS: dict[str, Any] = {
    "array": TABLE,
    "array of integers": (2 * TABLE).astype(int),
    "array of float32": TABLE.astype(np.float32),
    "matrix in Fortran's order": np.asfortranarray(TABLE),
    "list of lists": VALUES,
    "tuple of arrays": tuple(TABLE),
    "list of dicts": [dict(enumerate(row)) for row in VALUES],
    "dict of lists": dict(enumerate(VALUES)),
    "dict of arrays": dict(enumerate(TABLE)),
    "dict of dicts": {s: dict(enumerate(row)) for s, row in enumerate(VALUES)},
    "dict with numpy's keys": {np.int64(s): row for s, row in enumerate(VALUES)},
    "defaultdict of arrays": default(lambda: np.zeros(3), dict(enumerate(TABLE))),
    "dict of pairs": PAIRS,
    "dict of pairs with numpy's keys": {
        (np.int64(s), np.int64(a)): v for (s, a), v in PAIRS.items()
    },
    "dict of pairs with fractions": {key: Fraction(value) for key, value in PAIRS.items()},
    "defaultdict of pairs": default(float, PAIRS),
    "policy as an array": np.array(BEST),
    "policy as floats": np.array(BEST, dtype=float),
    "policy as a list": list(BEST),
    "policy as a dict": dict(enumerate(BEST)),
    "policy as a dict of numpy's": {s: np.int8(a) for s, a in enumerate(BEST)},
    "policy as a dict of arrays": {s: np.array(a) for s, a in enumerate(BEST)},
    "policy as probabilities": np.eye(3)[list(BEST)],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("state", range(3))
def test_the_greedy_action_is_read_in_every_form(form: str, state: int) -> None:
    """Values or policies: the action is the best one, and what was returned is left as it is."""
    answer = FORMS[form]
    size = len(answer)
    assert greedy_choice(answer, MODEL, state) == BEST[state]
    assert len(answer) == size


def test_of_equal_values_the_first_counts() -> None:
    """As numpy's argmax has it."""
    assert greedy_choice(np.zeros((3, 3)), MODEL, 1) == 0
    assert greedy_choice({1: [0, 2, 2]}, MODEL, 1) == 1


def test_what_a_defaultdict_would_say_counts() -> None:
    """Of a state or a pair that it has not seen; it does not grow by being read."""
    seen = default(lambda: [0, 5, 0], {0: [1, 0, 0]})
    assert greedy_choice(seen, MODEL, 2) == 1
    assert list(seen) == [0]
    assert greedy_choice(default(float, {(1, 0): -1.0, (1, 1): -2.0}), MODEL, 1) == 2


def test_an_action_that_is_not_available_is_never_best() -> None:
    """Whatever its value; it needs none, and a policy may not choose it."""
    rows = [(0, 0, 0, 1, 0, True), (0, 2, 0, 1, 0, True)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=3)
    for answer in ([[1, np.nan, 0]], [[1, 9, 0]], {(0, 0): 1, (0, 2): 0}, {0: {0: 1, 2: 0}}):
        assert greedy_choice(answer, mdp, 0) == 0
    with pytest.raises(InputError, match="its answer is 1, none of the actions 0, 2"):
        greedy_choice([1], mdp, 0)


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": (None, "is None"),
    "a number": (3, "is 3"),
    "text": ("move", "is 'move'"),
    "a function": (len, "is <built-in function len>"),
    "no dimension": (np.array(2), "is array(2)"),
    "a set": ({1, 2, 3}, "is {1, 2, 3}"),
    "values and more": ((TABLE, [1.0]), "has 2 entries for 3 states"),
    "too few states": (TABLE[:2], "has 2 entries for 3 states"),
    "too few actions": (TABLE[:, :2], "is 2 values for 3 actions"),
    "three dimensions": (np.zeros((3, 3, 3)), "values action 0 at array([0., 0., 0.])"),
    "ragged rows": ([[1, 2, 3], [1], [1, 2, 3]], "is 1 value for 3 actions"),
    "an empty dict": ({}, "has no entry 1"),
    "an empty defaultdict": (defaultdict(float), "has no entry 1"),
    "a state that is missing": ({0: [1, 2, 3]}, "has no entry 1"),
    "a pair that is missing": ({(1, 0): 1.0, (1, 1): 2.0}, "has no entry (1, 2)"),
    "an action that is missing": ({1: {0: 1.0, 2: 2.0}}, "has no entry 1"),
    "nan": (np.full((3, 3), np.nan), "values action 0 at nan"),
    "what overflowed": ([VALUES[0], [1, np.inf, 0], VALUES[2]], "values action 1 at inf"),
    "text for a value": ({1: ["a", "b", "c"]}, "values action 0 at 'a'"),
    "no value": ({1: [None, 1, 2]}, "values action 0 at None"),
    "an unknown action": ([0, 3, 0], "is 3, none of the actions 0, 1, 2"),
    "a negative action": ([0, -1, 0], "is -1, none of the actions 0, 1, 2"),
    "half an action": ([0, 0.5, 0], "is 0.5, none of the actions 0, 1, 2"),
    "a flag": ({1: True}, "is True, none of the actions 0, 1, 2"),
    "a name": ({1: "left"}, "is 'left', none of the actions 0, 1, 2"),
    "no action": ({1: None}, "is None for 3 actions"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_neither_values_nor_policy_is_told_in_one_line(case: str) -> None:
    """It names the function, the state and what was found there, and says what to return."""
    answer, words = WRONG[case]
    with pytest.raises(InputError) as error:
        greedy_choice(answer, MODEL, 1, "homework:train")
    message = str(error.value)
    assert message.startswith(f"homework:train: in state attic its answer {words}: return values")
    assert "an array of shape (3, 3)" in message
    assert "\n" not in message


CODE = """
def train(env, gamma, seed):
    return [[gamma, seed]]

def forgets(env, gamma):
    pass

def fails(env, gamma, seed):
    return 1 / 0

class Agent:
    def __init__(self, env, gamma, seed):
        self.q = None

table = [1, 2]
"""


@pytest.fixture
def homework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module in the working folder."""
    name = f"homework_{re.sub('[^a-z0-9]', '_', tmp_path.name)}"
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return name


def test_a_learner_is_found_by_its_name(homework: str) -> None:
    """Module and function, in the working folder; it goes by the name that was typed."""
    learner = own_learner(f"{homework}:train")
    assert learner(None, 0.25, 3) == [[0.25, 3]]
    assert learner.__name__ == f"{homework}:train"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("forgets", "must be a function of (env, gamma, seed): too many positional arguments"),
        ("table", "is not a function of (env, gamma, seed)"),
        ("trian", "has no attribute 'trian'"),
        ("", "names no function of (env, gamma, seed)"),
    ],
)
def test_what_is_no_learner_is_refused_beforehand(homework: str, name: str, words: str) -> None:
    """With the name that was typed, before anything is trained."""
    with pytest.raises(InputError, match=re.escape(words)) as error:
        own_learner(f"{homework}:{name}")
    assert str(error.value).startswith(f"{homework}:{name}: ")


def test_a_learner_that_raises_is_shown_with_its_own_lines(homework: str) -> None:
    """The error names the function, and the traceback begins in the module."""
    with pytest.raises(UserCodeError, match="fails: it raised ZeroDivisionError") as error:
        own_learner(f"{homework}:fails")(None, 0.5, 0)
    assert "return 1 / 0" in error.value.shown
    assert "own_learner.py" not in error.value.shown


@pytest.mark.parametrize("action", [0, 1])
def test_agents_that_always_choose_alike_do_not_flip(action: int) -> None:
    """They are said not to, rather than to flip where the search ends."""
    row = qdecay.compare("qdecay/StayOrMove-v0", learner=lambda *_: [action] * 3)
    assert row.verdict == "disagree"
    assert row.reasons == ("10 of 10 agents do not flip from 0.01 to 0.99",)


def test_no_module_is_no_learner() -> None:
    """One line says so."""
    with pytest.raises(InputError, match="^no_such_module:train: No module named"):
        own_learner("no_such_module:train")


def test_a_class_counts_as_a_function_whose_object_must_be_an_answer(homework: str) -> None:
    """It can be called, but what it makes is neither values nor policy."""
    agent = own_learner(f"{homework}:Agent")(qdecay.as_mdp("qdecay/StayOrMove-v0"), 0.5, 0)
    with pytest.raises(InputError, match="its answer is <homework.*Agent object"):
        greedy_choice(agent, MODEL, 0)


def test_torch_computes_in_one_thread_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a learner trains, as when it is probed; afterwards all is as it was."""
    threads, seen = [8], set[int]()
    torch = ModuleType("torch")
    torch.get_num_threads = lambda: threads[-1]  # type: ignore[attr-defined]
    torch.set_num_threads = threads.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)

    def train(env: Any, gamma: float, seed: int) -> list[int]:
        seen.add(threads[-1])
        return [int(gamma > 1 / 2), 1, 1]

    qdecay.compare("qdecay/StayOrMove-v0", learner=train)
    assert seen == {1} and threads[-1] == 8
