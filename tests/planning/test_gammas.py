"""Values along a grid of gammas against exact policy regions."""

from __future__ import annotations

from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman

from qdecay import MDP, BudgetExceeded, NotConverged, Progress, policy_regions
from qdecay._support import memory
from qdecay._support.deadline import Deadline
from qdecay.planning import gammas, policy_iteration, value_over_gammas
from qdecay.planning.compiled.along import weighted
from qdecay.planning.total import iteration


def regions_of(mdp: MDP) -> tuple[np.ndarray, np.ndarray]:
    """The exact breakpoints as floats, and the optimal actions of each region, (R, S, A)."""
    document = policy_regions(mdp).to_json("test")
    points = np.array([float(point["decimal"]) for point in document["breakpoints"]])
    sets = np.zeros((len(points) + 1, mdp.n_states, mdp.n_actions), dtype=bool)
    for i, region in enumerate(document["regions"]):
        for s, actions in enumerate(region["optimal_actions"]):
            sets[i, s, actions] = True
    return points, sets


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "FrozenLake8x8-v1"])
def test_frozen_lakes_policies_are_those_of_algebra(env_id: str) -> None:
    """At 1000 gammas every greedy set is the exact one, and it changes where algebra says.

    Far from the goal of the larger lake values are below 1e-35 at the smallest gammas.
    """
    mdp = MDP.from_env(gym.make(env_id))
    grid = np.linspace(0.005, 0.9995, 1000)
    points, sets = regions_of(mdp)
    found = value_over_gammas(mdp, grid)
    exact = sets[np.searchsorted(points, grid)] & mdp.available
    assert (found.greedy == exact).all()
    crossed = np.unique(np.searchsorted(grid, points)) - 1
    assert found.changes.tolist() == [i for i in crossed.tolist() if 0 <= i < len(grid) - 1]
    chosen = np.take_along_axis(exact, found.policies[:, :, None], axis=2)[:, :, 0]
    assert chosen.all()
    changed = (found.policies[1:] != found.policies[:-1]).any(axis=1)
    assert set(np.flatnonzero(changed)) == set(found.changes)


def test_what_rounding_hides_is_a_tie_and_no_change() -> None:
    """Near gamma = 0 values that differ by less than rounding keep every optimal action."""
    mdp = MDP.from_env(gym.make("CliffWalkingSlippery-v1"))
    grid = np.linspace(0.001, 0.9, 60)
    found = value_over_gammas(mdp, grid)
    points, sets = regions_of(mdp)
    exact = sets[np.searchsorted(points, grid)]
    assert (found.greedy | ~exact).all()
    for i in found.changes:
        assert ((grid[i] < points) & (points < grid[i + 1])).any()


def test_far_states_are_told_apart() -> None:
    """600 steps from the only reward, where values are 1e-200, going more surely is better.

    A walk whose step succeeds with p is worth (gamma p / (1 - gamma (1 - p)))^distance, which
    rises with p.
    """
    n, sure, likely = 600, Fraction(9, 10), Fraction(4, 5)
    rows = [
        row
        for s in range(n)
        for a, p in enumerate((likely, sure))
        for row in (
            (s, a, min(s + 1, n - 1), p, int(s == n - 1), s == n - 1),
            (s, a, s, 1 - p, 0, False),
        )
    ]
    mdp = MDP.from_rows(rows, n_states=n, n_actions=2)
    grid = [0.45, 0.455, 0.46, 0.9, 0.95]
    found = value_over_gammas(mdp, grid)
    for gamma, v, greedy in zip(grid, found.values, found.greedy, strict=True):
        factor = gamma * 0.9 / (1 - gamma * 0.1)
        assert np.allclose(v, factor ** np.arange(n, 0, -1) / gamma, rtol=1e-9, atol=0)
        assert (greedy == [False, True]).all()
    assert found.values[0, 0] < 1e-200


@settings(deadline=None, derandomize=True, max_examples=40)
@given(mdp=mdps(), seed=st.integers(0, 100))
def test_every_state_has_its_own_bound(mdp: MDP, seed: int) -> None:
    """However wrong v is, |v - v*| <= y (residual + rounding) / (1 - rho) in every state."""
    gamma, random = 0.8, np.random.default_rng(seed)
    y = random.uniform(0.9, 1.1, mdp.n_states)
    work = iteration(mdp, gamma, random.normal(size=mdp.n_states))
    work.prove()
    table = work.table
    rho, residual, rounding = weighted(table.model, gamma, work.values, y, table.slack)
    assert rho < 1
    best = policy_iteration(mdp, gamma, tol=1e-9)
    bound = y * (residual + rounding) / (1 - rho)
    assert (np.abs(work.values.v - best.v) <= bound + best.error).all()


@settings(deadline=None, derandomize=True, max_examples=40)
@given(mdp=mdps())
def test_a_grid_gives_what_single_gammas_give(mdp: MDP) -> None:
    """Warm starts change nothing: each entry is within the bounds of a direct solution."""
    grid = np.linspace(0, 0.99, 34)
    found = value_over_gammas(mdp, grid[::-1])
    assert (found.gammas == grid).all()
    for gamma, v, error in zip(grid, found.values, found.errors, strict=True):
        single = policy_iteration(mdp, float(gamma), tol=1e-6)
        assert np.abs(v - single.v).max() <= error + single.error
        assert error <= 1e-9


def test_one_gamma_and_gamma_one() -> None:
    """A grid may be one number, and reach 1, here where every policy ends."""
    mdp = MDP.from_rows(
        [(0, 0, 0, "1/2", 1, False), (0, 0, 0, "1/2", 1, True)], n_states=1, n_actions=1
    )
    assert value_over_gammas(mdp, 0.5).values == pytest.approx(4 / 3)
    found = value_over_gammas(mdp, [0.5, 1], tol=1e-9)
    assert found.values[1] == pytest.approx(2)


BAD = [
    ({"gammas": []}, "gammas must be a list of numbers"),
    ({"gammas": [0.5, float("nan")]}, "gammas must be in"),
    ({"gammas": [-0.1, 0.5]}, "gammas must be in"),
    ({"gammas": [[0.5]]}, "gammas must be a list of numbers"),
    ({"gammas": [0.5, 1.0]}, "lose for ever"),
    ({"gammas": [0.5], "tol": -1.0}, "tol must be"),
    ({"gammas": [0.5], "max_sweeps": 0}, "max_sweeps must be"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_refused(arguments: dict, message: str) -> None:
    """Values outside their range are named."""
    with pytest.raises(ValueError, match=message):
        value_over_gammas(two_state_puterman(), **arguments)


def test_an_answer_that_cannot_fit_is_told_before_any_work(monkeypatch) -> None:
    """10 gammas of 2 states and 2 actions take 10 * 2 * (8 + 2) bytes; 199 are too few."""
    monkeypatch.setattr(memory, "physical", lambda: 199)
    with pytest.raises(MemoryError, match="10 gammas of 2 states and 2 actions need"):
        value_over_gammas(two_state_puterman(), np.linspace(0, 0.9, 10))
    monkeypatch.setattr(memory, "physical", lambda: 200)
    assert len(value_over_gammas(two_state_puterman(), np.linspace(0, 0.9, 10)).values) == 10


def test_running_out_of_budget_keeps_what_is_known() -> None:
    """The first gammas are solved; at the others the error says that nothing is known."""
    with pytest.raises(NotConverged, match=r"sweeps ran out at gamma = 0\.9999") as error:
        value_over_gammas(two_state_puterman(), [0.0, 0.9999], tol=1e-6, max_sweeps=3)
    best = error.value.best
    assert best.values[0].tolist() == [10, -1]
    assert best.errors[0] <= 1e-6 < best.errors[1]
    with pytest.raises(NotConverged, match="rounding allows no error below"):
        value_over_gammas(two_state_puterman(), [0.5, 0.9], tol=1e-30)


def test_a_limit_of_time_keeps_what_is_known(monkeypatch) -> None:
    """As many gammas as were solved when it was up; progress and limits change no answer."""
    lake, grid, seen = MDP.from_env(gym.make("FrozenLake-v1")), np.linspace(0, 0.99, 9), []
    whole = value_over_gammas(lake, grid, progress=seen.append)
    assert seen == [Progress(0, 9, "gammas"), Progress(9, 9, "gammas")]
    monkeypatch.setattr(gammas, "_PAIRS_AT_ONCE", 3 * 64)
    again = value_over_gammas(lake, grid, progress=seen.append, max_seconds=1e9)
    assert [event.done for event in seen[2:]] == [0, 3, 6, 9]
    for name in ("values", "greedy", "errors"):
        assert getattr(again, name).tobytes() == getattr(whole, name).tobytes()
    monkeypatch.setattr(Deadline, "left", property(lambda self: 5 - seen[-1].done))
    with pytest.raises(BudgetExceeded, match=r"; 6 of 9 gammas are solved$") as caught:
        value_over_gammas(lake, grid, progress=seen.append, max_seconds=9)
    best = caught.value.best
    assert best.values[:6].tobytes() == whole.values[:6].tobytes()
    assert np.isinf(best.errors).tolist() == [False] * 6 + [True] * 3
