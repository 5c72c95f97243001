"""Transitions of several steps in planning: the values of all policies, by exact elimination."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from semi_markov import ACTIONS, optimal, optimal_sets, policies, random_rows, values

from qdecay import (
    MDP,
    FiniteMDP,
    FloatMDP,
    NotConverged,
    average_reward,
    evaluate_policy,
    modified_policy_iteration,
    numeric_policy_regions,
    optimal_values,
    policy_iteration,
    policy_regions,
    undiscounted,
    value_iteration,
    value_over_gammas,
)

N = 3
SOLVERS: list[tuple[Any, dict[str, Any]]] = [
    (value_iteration, {"method": method})
    for method in ("auto", "synchronous", "gauss_seidel", "prioritized")
]
SOLVERS += [(modified_policy_iteration, {}), (optimal_values, {}), (policy_iteration, {})]


def model(seed: int, kind: type[FiniteMDP] = MDP) -> Any:
    """A random model, exact or of floats."""
    mdp = MDP.from_rows(random_rows(seed), n_states=N, n_actions=ACTIONS, start=0)
    return mdp if kind is MDP else FloatMDP.from_mdp(mdp)


@pytest.mark.parametrize("kind", [MDP, FloatMDP])
@pytest.mark.parametrize(("solve", "options"), SOLVERS)
def test_every_method_finds_the_values_of_all_policies(
    solve: Any, options: dict[str, Any], kind: type[FiniteMDP]
) -> None:
    """Also from initial values, with as many entries as the model has states."""
    for seed in range(2):
        for gamma in (Fraction(0), Fraction(1, 2), Fraction(9, 10)):
            best = optimal(random_rows(seed), N, gamma)
            for initial in (None, [1.0, 2.0, 3.0]):
                found = solve(model(seed, kind), gamma, initial=initial, **options)
                assert found.v.shape == (N,)
                assert found.q.shape == found.greedy.shape == (N, ACTIONS)
                assert found.policy.shape == (N,)
                wanted = np.array([float(v) for v in best])
                assert np.abs(found.v - wanted).max() <= found.error + 1e-12 <= 2e-8
                sets = optimal_sets(random_rows(seed), N, gamma)
                assert all(found.greedy[s, a] for s in range(N) for a in sets[s])


@pytest.mark.parametrize("method", ["direct", "krylov"])
def test_a_policy_is_evaluated(method: Any) -> None:
    """Deterministic and mixed ones."""
    for seed in range(4):
        for policy in policies(N):
            found = evaluate_policy(model(seed), list(policy), "1/2", method=method)
            expected = [float(v) for v in values(random_rows(seed), policy, Fraction(1, 2))]
            np.testing.assert_allclose(found.v, expected, atol=1e-8)
    half = np.full((N, ACTIONS), 0.5)
    rows = [(s, 0, t, p / 2, *rest) for s, _, t, p, *rest in random_rows(1)]
    mixed = values(rows, (0,) * N, Fraction(1, 2))  # type: ignore[arg-type]
    found = evaluate_policy(model(1), half, "1/2", method=method)
    np.testing.assert_allclose(found.v, [float(v) for v in mixed], atol=1e-8)


def test_at_gamma_one_waiting_pays_nothing_and_takes_time() -> None:
    """Totals and gains are the exact ones."""
    totals = 0
    for seed in (0, 1, 2, 3, 6, 17, 23):
        exact = undiscounted(model(seed))
        found = average_reward(model(seed))
        assert found.gain.shape == found.bias.shape == found.policy.shape == (N,)
        np.testing.assert_allclose(found.gain, [float(g) for g in exact.gain], atol=1e-8)
        if any(exact.gain):
            with pytest.raises(ValueError, match="gamma = 1 needs totals, but in states? [0-2]"):
                value_iteration(model(seed), 1)
            continue
        totals += 1
        expected = [float(v) for v in exact.value if v is not None]
        for solve in (value_iteration, optimal_values):
            np.testing.assert_allclose(solve(model(seed), 1).v, expected, atol=1e-7)
        from_above = value_iteration(model(seed), 1, initial=[9.0, 9.0, 9.0])
        np.testing.assert_allclose(from_above.v, expected, atol=1e-7)
        policy = [actions[0] for actions in exact.optimal_actions]
        worth = evaluate_policy(model(seed), policy, 1)
        assert worth.v.shape == (N,)
    assert totals >= 3


def test_the_states_that_gain_for_ever_are_the_models_own() -> None:
    """Waiting states are not named."""
    rows = [(0, 0, 0, 1, 1, False, 9)]
    loop = MDP.from_rows(rows, n_states=1, n_actions=1, state_names=["here"])
    with pytest.raises(ValueError, match=r"but in state here a policy can gain for ever: "):
        value_iteration(loop, 1)
    assert average_reward(loop).gain.tolist() == pytest.approx([1 / 9])


def test_a_grid_of_gammas_shows_the_models_own_states() -> None:
    """With 1, where totals exist; and where the search ends early."""
    seed = next(s for s in range(99) if not any(undiscounted(model(s)).gain))
    found = value_over_gammas(model(seed), [0, "1/2", 1])
    assert found.values.shape == (3, N)
    assert found.greedy.shape == (3, N, ACTIONS)
    expected = [float(v) for v in optimal(random_rows(seed), N, Fraction(1, 2))]
    np.testing.assert_allclose(found.values[1], expected, atol=1e-9)
    total = [float(v or 0) for v in undiscounted(model(seed)).value]
    np.testing.assert_allclose(found.values[2], total, atol=1e-9)
    with pytest.raises(NotConverged) as caught:
        value_over_gammas(model(seed), [0.5, 0.999], max_sweeps=1)
    best: Any = caught.value.best
    assert best.values.shape == (2, N)


@pytest.mark.parametrize("seed", [1, 4])
def test_numeric_regions_bracket_the_exact_breakpoints(seed: int) -> None:
    """Of the model's own states."""
    exact = policy_regions(model(seed))
    found = numeric_policy_regions(model(seed), points=60)
    for change in found.changes:
        points = [b for b in exact.breakpoints if change.lower <= float(b.gamma) <= change.upper]
        assert points
        assert set(change.changes) <= {s for b in points for s in b.changes} <= set(range(N))
