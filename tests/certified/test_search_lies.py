"""A search that concludes too much is caught, and one that is left without bounds stays true."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from brackets import assert_true
from brute_force import ending_model, garnet

from qdecay import MDP, BudgetExceeded, policy_regions
from qdecay._support.deadline import Deadline
from qdecay.certified import search
from qdecay.certified.regions import certified_policy_regions
from qdecay.certified.result import ONE_BREAKPOINT
from qdecay.certified.search import Search
from qdecay.certified.ties import Ties
from qdecay.certified.view import View
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.claims import Bound
from qdecay.exact.solver.first_window import FirstWindow
from qdecay.exact.solver.window import Window
from qdecay.model.rows import Row

UPDATE = Window.update
HALF, WIDTH, FINE = Fraction(1, 2), Fraction(1, 10**9), Fraction(1, 10**12)
SMALL = Fraction(1, 10**17)
FLAT = Fraction(1, 10**11)


def model(rows: list[Row]) -> MDP:
    """An MDP with as many states as its rows name, and two actions."""
    return MDP.from_rows(rows, n_states=1 + max(max(s, t) for s, _, t, *_ in rows), n_actions=2)


def two_choices(apart: Fraction) -> MDP:
    """So much now, or 1 a step later, in two states that do not know of each other."""
    rows: list[Row] = []
    for s, number in ((0, HALF), (2, HALF + apart)):
        rows += [(s, 0, s, 1, number, True), (s, 1, s + 1, 1, 0, False)]
        rows.append((s + 1, 0, s, 1, 1, True))
    return model(rows)


def touch() -> MDP:
    """1 + 4 g^2 against 4 g: equal at 1/2, and nowhere is the second better."""
    rows: list[Row] = [(0, 0, 1, 1, 1, False), (1, 0, 2, 1, 0, False), (2, 0, 2, 1, 4, True)]
    return model([*rows, (0, 1, 3, 1, 0, False), (3, 0, 3, 1, 4, True)])


def crossing(small: Fraction, sure: Fraction) -> MDP:
    """State 0: 1, or 1 + small (2 gamma - 1). State 1: go there, or to a state that pays `sure`."""
    rows: list[Row] = [(0, 0, 0, 1, 1, True), (0, 1, 2, 1, 1 - small, False)]
    rows += [(2, 0, 2, 1, 2 * small, True), (3, 0, 3, 1, sure, True)]
    return model([*rows, (1, 0, 0, 1, 0, False), (1, 1, 3, 1, 0, False)])


def rise_and_fall() -> MDP:
    """State 0 turns at 1/2; then state 2's second action is better for a moment.

    With d = gamma - 1/2 it is worth -1e-6 - 1000 d^2, and gamma d / 2 more where d > 0.
    """
    e, m = Fraction(1, 10**6), 1000
    rows: list[Row] = [(0, 0, 0, 1, HALF, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 1, True)]
    rows += [(2, 0, 2, 1, 0, True), (2, 1, 0, HALF, -e - Fraction(m, 4), False)]
    rows += [(2, 1, 3, HALF, -e - Fraction(m, 4), False), (3, 0, 4, 1, 2 * m - HALF, False)]
    return model([*rows, (4, 0, 4, 1, -2 * m, True)])


CASES: dict[str, tuple[MDP, Fraction]] = {
    "two choices": (two_choices(Fraction(1, 10**15)), WIDTH),
    "touch": (touch(), WIDTH),
    "tie above a near tie": (crossing(SMALL, Fraction(1)), WIDTH),
    "choice above a near tie": (crossing(FLAT, 1 + 3 * FLAT / 100), FINE),
    "rise and fall": (rise_and_fall(), Fraction(1, 8)),
}


def judged(case: str) -> None:
    """Check all claims about a case."""
    mdp, width = CASES[case]
    assert_true(certified_policy_regions(mdp, width=width), policy_regions(mdp))


@pytest.mark.parametrize("case", CASES)
def test_the_search_does_not_lie(case: str) -> None:
    """Each case is hard for another reason."""
    judged(case)


def no_most(self: Window, pairs: Any, lower: Fraction, upper: Fraction) -> Any:
    """Let advantages be 0 at most."""
    return Bound(np.full(len(pairs), -900.0), np.zeros(len(pairs), dtype=np.int64))


def zeros(self: Search) -> Any:
    """Let no tie depend on a near tie."""
    return np.zeros(self.model.n_pairs, dtype=np.bool_)


def none(self: View, pairs: Any, lower: Fraction, upper: Fraction) -> Any:
    """Let all pairs be negative."""
    return pairs[:0]


def true(*given: object) -> bool:
    """Let it be so."""
    return True


def all_zero(self: Ties, pairs: Any) -> Any:
    """Let all that floats do not tell apart be equal for ever."""
    return np.ones(len(pairs), dtype=np.bool_)


LIES: dict[str, tuple[object, str, object, str]] = {
    "ties do not depend on near ties": (Search, "_unsure", zeros, "tie above a near tie"),
    "near ties change no values": (Window, "most", no_most, "choice above a near tie"),
    "all roots are the same": (Ties, "share_a_root", true, "two choices"),
    "all rise together": (View, "rise_together", true, "two choices"),
    "all fall together": (Search, "_fall_together", true, "rise and fall"),
    "every bracket holds one": (search, "NOT_SEPARATED", ONE_BREAKPOINT, "touch"),
    "near ties are ties": (Ties, "identically_zero", all_zero, "tie above a near tie"),
    "all pairs are negative": (View, "not_negative", none, "rise and fall"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_caught(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the search then says of the case is not so."""
    where, name, other, case = LIES[lie]
    monkeypatch.setattr(where, name, other)
    with pytest.raises(AssertionError):
        judged(case)


def failing(where: type[Window], name: str, at: int) -> Callable[..., Any]:
    """A method of windows that finds no bounds when it is called for the `at`-th time."""
    original, calls = getattr(where, name), iter(range(10**9))

    def method(self: Window, *arguments: Any) -> Any:
        found = original(self, *arguments)
        if next(calls) == at:
            raise NoBound
        return found

    return method


@pytest.mark.parametrize("at", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, 9))])
@pytest.mark.parametrize(
    ("where", "name"), [(Window, "update"), (Window, "_solve"), (FirstWindow, "update")]
)
def test_where_bounds_are_missing_nothing_false_is_said(
    where: type[Window], name: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window is lost at any moment, in the midst of a change of policy too, and right of 0."""
    for mdp, width in (*CASES.values(), (ending_model(17), WIDTH), (ending_model(22), WIDTH)):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, failing(where, name, at))
            found = certified_policy_regions(mdp, width=width)
        assert_true(found, policy_regions(mdp))
        assert (found.stopped is None) == found.reaches_the_end


def out_of_memory(*_: Any) -> None:
    """Fail as numpy does."""
    raise MemoryError


@pytest.mark.parametrize(
    ("owner", "name", "value", "reason"),
    [
        (search, "_FEW", -1, "2 of 4 states were in doubt, and floats tell too little"),
        (search.Search, "_pass", out_of_memory, "the machine's memory was used up"),
        (search.Search, "_pass", failing(search.Search, "_pass", 0), None),
    ],
    ids=["doubts", "memory", "once"],
)
def test_an_early_end_says_why(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Any, reason: str | None
) -> None:
    """In the result, its repr, its words and its document."""
    mdp, width = CASES["tie above a near tie"]
    if name == "_FEW":
        monkeypatch.setattr(search, "_MOST_DOUBTFUL", 0)
    monkeypatch.setattr(owner, name, value)
    found = certified_policy_regions(mdp, width=width)
    assert_true(found, policy_regions(mdp))
    assert found.stopped == found.to_json()["stopped"] == reason
    assert (reason is None) == found.reaches_the_end
    for text in (repr(found), found.in_words()[-1]):
        assert reason is None or reason in text


@pytest.mark.slow
@pytest.mark.parametrize("at", range(8))
def test_nothing_is_said_beyond_a_window_that_takes_the_place_of_a_wider_one(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch that the old window cannot follow, in a model with many breakpoints."""
    lost, window_at = [False], search.window_at

    def update(self: Window, *arguments: Any) -> Any:
        lost[0] = next(calls) == at
        if lost[0]:
            raise NoBound
        return UPDATE(self, *arguments)

    def narrow(pairs: Any, graph: Any, x: Fraction, longest: Fraction, *limit: Any) -> Window:
        length = Fraction(1, 2**8) if lost[0] else longest
        lost[0] = False
        return window_at(pairs, graph, x, min(length, longest), *limit)

    for mdp in (MDP.from_env(gym.make("FrozenLake8x8-v1")), garnet(12, 0)):
        calls = iter(range(10**9))
        with monkeypatch.context() as patch:
            patch.setattr(Window, "update", update)
            patch.setattr(search, "window_at", narrow)
            found = certified_policy_regions(mdp)
        assert_true(found, policy_regions(mdp))


@pytest.mark.parametrize(
    "case",
    [
        "two choices",
        *(
            pytest.param(c, marks=pytest.mark.slow)
            for c in ("tie above a near tie", "rise and fall")
        ),
    ],
)
def test_a_search_cut_short_says_nothing_false(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever the time is up, also in the midst of a bracket."""
    mdp, width = CASES[case]
    exact, ends, limits = policy_regions(mdp), set[str | None](), set[float | None]()
    for most in itertools.count(0, 7):
        looks = itertools.count()

        def check(self: Deadline, most: int = most, looks: Iterator[int] = looks) -> None:
            if next(looks) >= most:
                raise self.exceeded()

        with monkeypatch.context() as patch:
            patch.setattr(Deadline, "check", check)
            try:
                certified_policy_regions(mdp, width=width, max_seconds=10**9)
            except BudgetExceeded as limit:
                limits.add(limit.max_seconds)
                if limit.best is not None:
                    assert_true(limit.best, exact)
                    ends.add(limit.best.stopped)
            else:
                break
    assert most > 50 and ends == {"time ran out"} and limits == {10**9}
