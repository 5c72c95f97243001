"""A user's own learner: a function of an environment, a gamma and a seed.

It may return any of the usual forms. For S states, A actions and 0-based indices of both:

| returned | is |
| --- | --- |
| an array (S, A), or a list of S rows | values |
| a dict, or a list of S, of rows or of dicts from action to value | values |
| a dict from (state, action) to value | values |
| an array (S,), a list of S, or a dict from state to action | a policy |

A row holds A numbers. In a `defaultdict`, missing states and pairs have the default.
"""

from __future__ import annotations

import inspect
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np

from qdecay._support.one_line import one_line
from qdecay._support.result import counted
from qdecay._support.user_code import import_user_function, user_code
from qdecay.errors import InputError
from qdecay.model.base import FiniteMDP
from qdecay_envs.rational import written

_TAKES = "(env, gamma, seed)"


@dataclass(frozen=True)
class NamedLearner:
    """A function that was named as `module:function`; its errors are shown with its own lines."""

    function: Callable[[Any, float, int], Any]
    __name__: str

    def __call__(self, env: Any, gamma: float, seed: int) -> Any:
        """Train an agent and return what the function returns."""
        with user_code(f"{self.__name__}: it"):
            return self.function(env, gamma, seed)


def own_learner(text: str) -> NamedLearner:
    """Return the learner that the user named.

    Args:
        text: `module:function`; the module is imported from the working folder too.

    Raises:
        InputError: there is no such function, or it cannot be called with three arguments.
    """
    function = import_user_function(text, _TAKES)
    try:
        inspect.signature(function).bind(None, 0.5, 0)
    except TypeError as error:
        raise InputError(f"{text}: must be a function of {_TAKES}: {error}") from error
    except ValueError:  # its signature is unknown
        pass
    return NamedLearner(function, text)


def greedy_choice(
    answer: Any, mdp: FiniteMDP, state: int, name: str = "the learner's function"
) -> int:
    """Return the action that an agent takes in a state, the first of equally good ones.

    >>> from qdecay import as_mdp
    >>> mdp = as_mdp("qdecay/StayOrMove-v0")
    >>> [greedy_choice(found, mdp, 0) for found in ({0: [1, 3]}, {(0, 0): 2, (0, 1): 1}, [1, 0, 0])]
    [1, 0, 1]

    Args:
        answer: what the function returned; see above.
        mdp: the model.
        state: the state.
        name: of the function, for messages.

    Raises:
        InputError: the answer has none of these forms, no entry for the state, a value that is not
            a finite number, or an action that is not available there.
    """
    able = np.flatnonzero(mdp.available[state]).tolist()
    at = f"in state {mdp.state_name(state)}"
    try:
        entry = _entry(answer, mdp.n_states, state, able)
        if np.isscalar(entry) or (isinstance(entry, np.ndarray) and entry.ndim == 0):
            return _action(entry, able)
        row = _row(entry, mdp.n_actions, able)
        return max(able, key=lambda action: row[action])
    except _Wrong as wrong:
        n, m = mdp.n_states, mdp.n_actions
        raise InputError(
            one_line(
                f"{name}: {at} its answer {wrong}: return values, an array of shape ({n}, {m}) or "
                f"a dict from states or from (state, action), or a policy, an action for each state"
            )
        ) from None


class _Wrong(Exception):
    """What is wrong with an answer in the state; continues "its answer"."""


def _entry(answer: Any, n_states: int, state: int, able: list[int]) -> Any:
    """Return what an answer says about a state: an action, or a value for each."""
    if isinstance(answer, Mapping):
        if any(isinstance(key, tuple) for key in answer):
            return {action: _of(answer, (state, action)) for action in able}
        return _of(answer, state)
    size = _size(answer)
    if size is None:
        raise _Wrong(f"is {written(answer)}")
    if size != n_states:
        raise _Wrong(f"has {size:,} entries for {n_states:,} states")
    return answer[state]


def _of(answer: Mapping[Any, Any], key: Any) -> Any:
    """Return an entry of a mapping, without adding one to a `defaultdict`."""
    if key in answer:
        return answer[key]
    if isinstance(answer, defaultdict) and answer and answer.default_factory is not None:
        return answer.default_factory()
    raise _Wrong(f"has no entry {key}")


def _size(values: Any) -> int | None:
    """How many entries a list or an array has; None if it is neither."""
    if isinstance(values, str | bytes) or not hasattr(values, "__getitem__"):
        return None
    return len(values) if isinstance(values, Sized) and np.iterable(values) else None


def _action(entry: Any, able: list[int]) -> int:
    if isinstance(entry, str | bytes | bool | np.bool_) or entry not in able:
        raise _Wrong(f"is {written(entry)}, none of the actions {', '.join(map(str, able))}")
    return int(entry)


def _row(entry: Any, n_actions: int, able: list[int]) -> dict[int, float]:
    """The values of the available actions."""
    if isinstance(entry, Mapping):
        return {action: _value(_of(entry, action), action) for action in able}
    size = _size(entry)
    if size != n_actions:
        found = written(entry) if size is None else counted(size, "value")
        raise _Wrong(f"is {found} for {n_actions:,} actions")
    return {action: _value(entry[action], action) for action in able}


def _value(value: Any, action: int) -> float:
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _Wrong(f"values action {action} at {written(value)}")
    return number
