"""Transitions of several steps: regions, the answers at gamma = 1, and proofs, by other routes."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest
from brute_force import Policies
from semi_markov import optimal, optimal_sets, random_rows, values, written_out

from qdecay import (
    MDP,
    CertificateError,
    ChainLayout,
    blackwell,
    is_breakpoint,
    optimal_actions,
    policy_regions,
    undiscounted,
    verify,
)
from qdecay.exact.proof.certificate import certificate
from qdecay.exact.proof.verify import BeyondChecker

N = 3


def model(seed: int) -> MDP:
    """A random model."""
    return MDP.from_rows(random_rows(seed), n_states=N, n_actions=2, start=0)


def later(reward: int, duration: int) -> MDP:
    """1 at once, or a reward after one transition of some steps."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False, duration), (1, 0, 1, 1, reward, True)]
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0)


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 15))]
)
def test_the_sets_are_those_of_all_policies(seed: int) -> None:
    """Around every breakpoint, between them, and at gammas of a grid."""
    rows, found = random_rows(seed), policy_regions(model(seed))
    gammas = [Fraction(k, 12) for k in range(12)]
    for point in (*found.breakpoints, *found.touches):
        low, high = point.gamma.enclosure(40)
        gammas += [low - Fraction(1, 2**40), high + Fraction(1, 2**40)]
    for gamma in gammas:
        assert found.optimal_actions(gamma) == optimal_sets(rows, N, gamma), gamma
        assert optimal_actions(model(seed), gamma) == optimal_sets(rows, N, gamma), gamma


@pytest.mark.parametrize("seed", range(8))
def test_values_and_gaps_are_those_of_all_policies(seed: int) -> None:
    """As functions of gamma, in the middle of every region."""
    rows, found = random_rows(seed), policy_regions(model(seed))
    ends = [Fraction(0), *(b.gamma.enclosure(30)[1] for b in found.breakpoints)]
    for i, end in enumerate(ends):
        gamma = end + Fraction(1, 2**20)
        if found.region_of(gamma) != i:
            continue
        best = optimal(rows, N, gamma)
        assert [found.value(s)[i](gamma) for s in range(N)] == best
        for s in range(N):
            q = [
                sum(p * (r + (0 if ends else gamma**d * best[t])) for _, _, t, p, r, ends, d in own)
                for own in ([row for row in rows if row[:2] == (s, a)] for a in (0, 1))
            ]
            behind = found.action_gap(s).behind[i]
            assert {a: f(gamma) for a, f in behind.items()} == {
                a: best[s] - q[a] for a in (0, 1) if q[a] < best[s]
            }


@pytest.mark.parametrize("seed", range(12))
def test_a_model_written_out_step_by_step_has_the_same_regions(seed: int) -> None:
    """To the letter: with a line of states for each row, not one for each target."""
    rows, n = written_out(random_rows(seed), N)
    long = policy_regions(MDP.from_rows(rows, n_states=n, n_actions=2, start=0))
    short = policy_regions(model(seed))
    for one, two in ((long.breakpoints, short.breakpoints), (long.touches, short.touches)):
        assert [b.gamma.coefficients for b in one] == [b.gamma.coefficients for b in two]
        assert [b.gamma for b in one] == [b.gamma for b in two]
        assert [b.changes for b in one] == [b.changes for b in two]
    assert [sets[:N] for sets in long.regions] == list(short.regions)
    assert [long.value(s) for s in range(N)] == [short.value(s) for s in range(N)]
    assert long.reached_breakpoints() == short.reached_breakpoints()
    assert long.blackwell_discount_factor == blackwell(model(seed)).discount_factor
    for point in short.breakpoints:
        assert is_breakpoint(model(seed), point.gamma)


@pytest.mark.parametrize("seed", range(12))
def test_at_gamma_one_waiting_counts(seed: int) -> None:
    """Gain per step and totals of all policies, of the model written out."""
    rows, n = written_out(random_rows(seed), N)
    known = Policies(MDP.from_rows(rows, n_states=n, n_actions=2)).at_one
    found = undiscounted(model(seed))
    assert found.gain == known.gain[:N]
    assert found.value == known.value[:N]
    assert found.optimal_actions == known.optimal_actions[:N]
    regions = policy_regions(model(seed))
    assert regions.at_one is not None
    assert regions.at_one.optimal_actions == found.optimal_actions
    assert len(found.policy) == N


@pytest.mark.parametrize(("first", "second"), [(1, 3), (2, 2), (5, 1)])
def test_the_gain_of_a_cycle_is_what_it_pays_by_the_steps_it_takes(first: int, second: int) -> None:
    """1 in one state and 7 in the other."""
    rows = [(0, 0, 1, 1, 1, False, first), (1, 0, 0, 1, 7, False, second)]
    found = undiscounted(MDP.from_rows(rows, n_states=2, n_actions=1))
    assert found.gain == (Fraction(8, first + second),) * 2


@pytest.mark.parametrize(("reward", "duration"), [(4, 2), (7, 3), (6, 1), (110, 99)])
def test_one_now_against_more_later_breaks_even_at_a_root(reward: int, duration: int) -> None:
    """Where 1 = R gamma^d."""
    (point,) = policy_regions(later(reward, duration)).breakpoints
    layout = ChainLayout.choice(stay=[1], move=[0] * duration + [reward])
    (only,) = policy_regions(MDP.from_layout(layout)).breakpoints
    assert point.gamma == only.gamma
    assert point.gamma.coefficients == only.gamma.coefficients
    assert point.gamma.sign_of([-1, *[0] * (duration - 1), reward]) == 0
    assert list(point.changes) == [0]


def test_results_show_the_models_own_states_only() -> None:
    """All that is listed by state has an entry for each of them."""
    mdp = later(7, 3)
    found = policy_regions(mdp)
    assert found.mdp is mdp
    for sets in (*found.regions, found.at_zero, found.optimal_actions(Fraction(1, 2))):
        assert len(sets) == 2
    assert found.at_one is not None
    assert len(found.at_one.gain) == len(found.at_one.value) == len(found.at_one.policy) == 2
    assert len(blackwell(mdp).optimal_actions) == 2
    with pytest.raises(ValueError, match="state must be from 0 to 1"):
        found.value(2)
    assert found.to_json()["n_states"] == 2


@pytest.mark.parametrize("seed", range(6))
def test_certificates_of_models_with_durations_are_proofs(seed: int) -> None:
    """The checker, which shares no code with the solver, writes them out by itself."""
    mdp = model(seed)
    found = policy_regions(mdp)
    proof = verify(certificate(mdp, found))
    assert proof.states == N
    assert (proof.regions, proof.breakpoints) == (len(found.regions), len(found.breakpoints))


@pytest.mark.parametrize("duration", [1, 2, 4, 10])
def test_a_certificate_of_another_duration_is_refused(duration: int) -> None:
    """What was proven for 3 steps does not hold for others."""
    mdp = later(7, 3)
    forged = copy.deepcopy(certificate(mdp, policy_regions(mdp)))
    verify(forged)
    assert forged["model"]["transitions"][1][6] == 3
    forged["model"]["transitions"][1][6] = duration
    with pytest.raises(CertificateError):
        verify(forged)


@pytest.mark.parametrize("duration", [0, -1, True, 2.0, "3", None, 10**7])
def test_a_certificate_without_a_duration_is_refused(duration: Any) -> None:
    """It is a whole number of steps."""
    mdp = later(7, 3)
    forged = certificate(mdp, policy_regions(mdp))
    forged["model"]["transitions"][1][6] = duration
    with pytest.raises(CertificateError, match="transition 1: an entry is not an integer"):
        verify(forged)


def test_a_certificate_of_too_many_steps_is_beyond_the_checker() -> None:
    """It writes them out one by one."""
    mdp = later(7, 3)
    forged = certificate(mdp, policy_regions(mdp))
    forged["model"]["transitions"][1][6] = 10**6
    with pytest.raises(BeyondChecker, match="state 0, action 1: too many steps"):
        verify(forged)


def test_the_second_route_knows_its_equation() -> None:
    """1 / (1 - g^3) for a loop of three steps that pays 1."""
    loop = [(0, 0, 0, Fraction(1), Fraction(1), False, 3)]
    half = Fraction(1, 2)
    assert values(loop, (0,), half) == [1 / (1 - half**3)]
