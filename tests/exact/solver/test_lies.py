"""A window that lies is caught: each radius left out, sign turned or allowance dropped is noticed.

`judged` compares what a window says, claim by claim, with exact elimination. It accepts windows as
they are; for each lie there is a model on which it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from exact_solves import advantages

from qdecay import MDP
from qdecay.exact.solver import bernstein, claims
from qdecay.exact.solver import window as windows
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.first_window import FirstWindow
from qdecay.exact.solver.linear import Inverse
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.window import Window
from qdecay.model.rows import Row

SEEDS = 4
PLACES = [(0.0, 0.5), (0.25, 0.25), (0.5, 0.0625), (0.875, 0.03125), (1 - 2.0**-12, 2.0**-13)]
Case = tuple[RationalModel, np.ndarray]


def mixed(seed: int) -> Case:
    """A few states of any kind, and the policy that takes each state's first action."""
    draw, rows = Random(seed), list[Row]()
    n = draw.randint(2, 5)
    for s in range(n):
        for a in range(2):
            targets = draw.sample(range(n), 2)
            weights = [draw.randint(1, 9) for _ in range(3)]
            ends = zip([*targets, s], weights, (False, False, True), strict=True)
            reward = Fraction(draw.randint(-9, 9), draw.randint(1, 7))
            rows += [(s, a, t, Fraction(w, sum(weights)), reward, end) for t, w, end in ends]
    model = RationalModel(MDP.from_rows(rows, n_states=n, n_actions=2))
    return model, model.first[:-1].copy()


def cancelling(seed: int) -> Case:
    """States worth exactly 0, as a lottery over two states makes them, beside tiny rewards.

    State 0 leads to 1, which leads to 2 and 3, whose rewards cancel; it could end for a little, of
    either sign. Only the radii of the values ahead say that floats do not know which.
    """
    draw = Random(seed)
    p, prize = Fraction(draw.randint(1, 98), 99), Fraction(draw.randint(1, 999), 997)
    little = draw.choice((-1, 1)) * Fraction(1, 10 ** draw.randint(17, 21))
    rows: list[Row] = [(0, 0, 1, 1, 0, False), (0, 1, 0, 1, little, True)]
    rows += [(1, 0, 2, p, 0, False), (1, 0, 3, 1 - p, 0, False), (2, 0, 2, 1, prize, True)]
    rows.append((3, 0, 3, 1, -prize * p / (1 - p), True))
    model = RationalModel(MDP.from_rows(rows, n_states=4, n_actions=2))
    return model, model.first[:-1].copy()


def faint(seed: int) -> Case:
    """2 p at once, and -1 with a probability p that no double holds: 2 p - gamma p > 0."""
    rare = Fraction(1, 2 ** (1074 + seed))
    rows: list[Row] = [(0, 0, 0, 1, 0, True), (0, 1, 1, rare, 2 * rare, False)]
    rows += [(0, 1, 0, 1 - rare, 2 * rare, True), (1, 0, 1, 1, -1, True)]
    model = RationalModel(MDP.from_rows(rows, n_states=2, n_actions=2))
    return model, model.first[:-1].copy()


def told(model: RationalModel, policy: np.ndarray, terms: int) -> Iterator[Window]:
    """The windows of a policy that there are."""
    for centre, half in PLACES:
        try:
            graph = PolicyGraph(model, policy)
            if centre == 0:
                yield FirstWindow(model, graph, half)
            else:
                yield Window(model, graph, centre, half, terms=terms)
        except NoBound:
            continue


def judged(window: Window, model: RationalModel, policy: np.ndarray) -> None:
    """Check bounds, signs and slopes at the window's edges, and as far as they are claimed."""
    pairs = np.arange(model.n_pairs)
    units = model.largest_by_component([abs(reward) for reward in model.rewards])

    def true(gamma: Fraction) -> list[Fraction]:
        exact = advantages(model, policy.tolist(), gamma)
        return [x / unit for x, unit in zip(exact, units, strict=True)]

    edges = [max(edge, Fraction(1, 2**40)) for edge in window.edges[::4]]
    exact = [true(gamma) for gamma in edges]
    for gamma, values in zip(edges, exact, strict=True):
        low, high = window.bounds_at(pairs, gamma)
        for below, value, above in zip(low.tolist(), values, high.tolist(), strict=True):
            if window.first:  # over a power of gamma, in units of its own: signs are the same
                assert (below <= 0 or value > 0) and (above >= 0 or value < 0)
            else:
                assert below <= value <= above
    if not window.first:
        most = np.exp2(window.most(pairs, edges[0], edges[-1]).level).tolist()
        assert all(max(own) <= top for own, top in zip(zip(*exact, strict=True), most, strict=True))
        for i in range(len(edges) - 1):
            slopes = window.slopes(pairs, edges[i], edges[i + 1]).tolist()
            rises = zip(exact[i], exact[i + 1], slopes, strict=True)
            assert all((after - before) * slope > 0 for before, after, slope in rises if slope)
    for box, last in enumerate(exact[1:]):
        negative = ~window.suspect[:, 4 * box : 4 * box + 4].any(axis=1)
        assert all(exact[box][p] < 0 and last[p] < 0 for p in np.flatnonzero(negative).tolist())
    open_still = np.flatnonzero(window.suspect.any(axis=1) & ~window.suspect[:, 3])
    for pair in open_still.tolist():
        for claim in (window.negative_on, lambda p, *ends: not window.suspects_on([p], *ends)[0]):
            assert true(farthest(claim, pair, window.edges[3], edges[-1]))[pair] < 0


def farthest(claims: Callable[..., bool], pair: int, start: Fraction, end: Fraction) -> Fraction:
    """The number up to which a pair is said to be negative from `start` on, as close as may be.

    What is said of a long interval leaves room; so it is asked again from where that ends.
    """
    for _ in range(3):
        reached, upper = start, end
        for _ in range(48):
            middle = (reached + upper) / 2
            reached, upper = (middle, upper) if claims(pair, start, middle) else (reached, middle)
        start = reached
    return start


KINDS = {kind.__name__: kind for kind in (mixed, cancelling, faint)}
KINDS["other cancelling"] = lambda seed: cancelling(seed + 9)


def judge_all(kind: str, terms: int, seeds: int) -> None:
    """Judge all windows of some models of a kind."""
    for seed in range(seeds):
        model, policy = KINDS[kind](seed)
        for window in told(model, policy, terms):
            judged(window, model, policy)


@pytest.mark.parametrize("terms", [windows.ORDER, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_windows_do_not_lie(kind: str, terms: int) -> None:
    """What they say is true of all these models."""
    judge_all(kind, terms, SEEDS)


def changed(name: str, change: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Let a method of windows return what `change` makes of its window, result and arguments."""
    original = getattr(Window, name)

    def other(self: Window, *arguments: Any) -> Any:
        return change(self, original(self, *arguments), *arguments)

    return lambda patch: patch.setattr(Window, name, other)


def without(*names: str) -> Callable[[pytest.MonkeyPatch], None]:
    """Let arrays of bounds be 0 after they were found."""

    def emptied(window: Window, result: None, *arguments: Any) -> None:
        for name in names:
            getattr(window, name)[:] = 0

    return changed("_solve", emptied)


def scaled(**factors: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Let parts of what bounds advantages be multiplied."""
    return changed(
        "_expansion",
        lambda window, found, *_: found._replace(
            **{name: getattr(found, name) * factor for name, factor in factors.items()}
        ),
    )


def no_tiny(patch: pytest.MonkeyPatch) -> None:
    """Let nothing be added for numbers below the normal range."""
    for module in (windows, claims):
        patch.setattr(module, "TINY", 0.0)


def no_rounding(patch: pytest.MonkeyPatch) -> None:
    """Let floats be taken for exact."""
    for module in (windows, claims, bernstein):
        patch.setattr(module, "U", 0.0)


def half_solved(patch: pytest.MonkeyPatch) -> None:
    """Let solutions be half of what they are."""
    solver = Inverse.solver
    patch.setattr(Inverse, "solver", lambda *matrix: lambda *right: 0.5 * solver(*matrix)(*right))


def nothing_required(patch: pytest.MonkeyPatch) -> None:
    """Let solutions be half of what they are, and none be checked."""
    half_solved(patch)
    patch.setattr(Window, "_require", lambda *given: None)


LIES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, int]] = {
    "values are exact": (without("_y", "_z"), "cancelling", windows.ORDER),
    "y is left out": (without("_y"), "cancelling", windows.ORDER),
    "z is left out": (without("_z"), "mixed", 2),
    "nothing is left over": (
        changed("_residual", lambda window, found, *_: 0 * found), "cancelling", windows.ORDER,
    ),
    "the rest is left out": (scaled(rest=0), "mixed", 2),
    "later terms are left out": (scaled(rest=[1, 0]), "mixed", 2),
    "rounding is left out of the rest": (scaled(rest=[0, 1]), "cancelling", windows.ORDER),
    "slopes of the rest are left out": (scaled(slope=0), "mixed", 2),
    "radii are taken off": (scaled(rest=-1, slope=-1), "mixed", windows.ORDER),
    "lower bounds have no radius": (
        changed("bounds_at", lambda window, found, *_: (found[0] / 2 + found[1] / 2, found[1])),
        "mixed", windows.ORDER,
    ),
    "nothing underflows": (no_tiny, "faint", windows.ORDER),
    "nothing is rounded": (no_rounding, "cancelling", windows.ORDER),
    "nothing is required": (nothing_required, "mixed", 2),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_caught(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge refuses what it accepts of an honest window."""
    tell, kind, terms = LIES[lie]
    tell(monkeypatch)
    with pytest.raises(AssertionError):
        judge_all(kind, terms, SEEDS)


def test_a_solver_need_not_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solutions are checked: with wrong ones there is no window, or a true one."""
    half_solved(monkeypatch)
    judge_all("mixed", windows.ORDER, 1)
