"""What is optimal at gamma = 1: known answers, and brute force over all policies."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from brute_force import Policies, Sets, endless_model, recurrent_classes

from qdecay import MDP, blackwell, policy_regions, undiscounted
from qdecay.exact import undiscounted as module

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
PRIME = 2**31 - 1  # numbers are first told from 0 modulo this
QUICK, ALL = 300, 2100  # random models


def model(*rows: Any) -> MDP:
    """The model of rows (state, action, next state, p, reward, terminated)."""
    states = 1 + max(max(row[0], row[2]) for row in rows)
    return MDP.from_rows(rows, n_states=states, n_actions=1 + max(row[1] for row in rows), start=0)


# Rows; gain, value and optimal actions, by hand.
KNOWN = {
    "pays once": ([(0, 0, 0, 1, 3, True)], [0], [3], [(0,)]),
    "rests": ([(0, 0, 1, 1, 2, False)], [0, 0], [2, 0], [(0,), ()]),
    "circles rather than ends": (
        # Going round costs nothing and keeps the value for ever, but never cashes it.
        [(0, 0, 0, 1, 0, False), (0, 1, 0, 1, 1, True)],
        [0],
        [1],
        [(1,)],
    ),
    "pays and takes back": (
        # 1, -1, 1, -1, ... is worth 1 / (1 + gamma), which becomes 1/2 (Abel).
        [(0, 0, 1, 1, 1, False), (1, 0, 0, 1, -1, False), (0, 1, 0, 1, Fraction(1, 3), True)],
        [0, 0],
        [HALF, -HALF],
        [(0,), (0,)],
    ),
    "takes back on either of two ways": (
        [
            (0, 0, 1, 1, 1, False),
            (0, 1, 2, 1, 1, False),
            (1, 0, 0, 1, -1, False),
            (2, 0, 0, 1, -1, False),
        ],
        [0, 0, 0],
        [HALF, -HALF, -HALF],
        [(0, 1), (0,), (0,)],
    ),
    "takes back after three": (
        # 1, 0, -1, 1, 0, -1, ...: (1 - gamma^2) / (1 - gamma^3) becomes 2/3.
        [(0, 0, 1, 1, 1, False), (1, 0, 2, 1, 0, False), (2, 0, 0, 1, -1, False)],
        [0, 0, 0],
        [2 * THIRD, -THIRD, -THIRD],
        [(0,), (0,), (0,)],
    ),
    "gains here, loses there": (
        # The lottery's gain is 0 = (1 - 1) / 2, and its total 5 + (0 + 0) / 2.
        [
            (0, 0, 1, HALF, 5, False),
            (0, 0, 2, HALF, 5, False),
            (0, 1, 0, 1, 4, True),
            (1, 0, 1, 1, 1, False),
            (2, 0, 2, 1, -1, False),
        ],
        [0, 1, -1],
        [5, None, None],
        [(0,), (0,), (0,)],
    ),
    "what comes first does not count beside the gain": (
        # Both ways gain 1 for ever; the total is infinite, so the toll of the second is no matter.
        [(0, 0, 1, 1, 0, False), (0, 1, 1, 1, -9, False), (1, 0, 1, 1, 1, False)],
        [1, 1],
        [None, None],
        [(0, 1), (0,)],
    ),
    "never ends and costs": ([(0, 0, 0, 1, -1, False)], [-1], [None], [(0,)]),
    "a tie with itself": (
        [(0, 0, 0, HALF, 1, False), (0, 0, 0, HALF, 1, True), (0, 1, 0, 1, 2, True)],
        [0],
        [2],
        [(0, 1)],
    ),
    "less by a prime": (
        [(0, 0, 0, 1, PRIME + 1, True), (0, 1, 0, 1, 1, True)],
        [0],
        [PRIME + 1],
        [(0,)],
    ),
    "a total with a prime as its denominator": (
        [
            (0, 0, 0, Fraction(1, PRIME + 1), 1, False),
            (0, 0, 0, Fraction(PRIME, PRIME + 1), 1, True),
            (0, 1, 0, 1, 1, True),
        ],
        [0],
        [1 + Fraction(1, PRIME)],
        [(0,)],
    ),
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_answers(case: str) -> None:
    rows, gain, value, optimal = KNOWN[case]
    found, expected = undiscounted(model(*rows)), Policies(model(*rows)).at_one
    for answer in (found, expected):  # brute force has to know them too
        assert list(answer.gain) == gain
        assert list(answer.value) == value
        assert list(answer.optimal_actions) == optimal


def test_brute_force_knows_limits() -> None:
    """V(gamma) = g / (1 - gamma) + h + o(1): at 1 - 2^-40 the rest is below a millionth."""
    away = Fraction(1, 2**40)
    for seed in range(100):
        policies = Policies(endless_model(seed))
        for policy in list(policies.limits)[::7]:
            limits, values = policies.limits[policy], policies.discounted(policy, 1 - away)
            for value, gain, bias in zip(values, limits.gain, limits.bias, strict=True):
                assert abs(value - gain / away - bias) < Fraction(1, 10**6)


def disagreement(mdp: MDP) -> str:
    """What of an answer at gamma = 1 differs from brute force over all policies, or ""."""
    policies, regions = Policies(mdp), policy_regions(mdp)
    expected = policies.at_one
    for found in (undiscounted(mdp), regions.at_one):
        assert found is not None
        for what in ("gain", "value", "optimal_actions"):
            if getattr(found, what) != getattr(expected, what):
                return f"{what}: {getattr(found, what)}, by brute force {getattr(expected, what)}"
        limits = policies.limits[found.policy]
        if (limits.gain, limits.bias) != (expected.gain, policies.best_bias):
            return f"the policy {found.policy} gains {limits.gain}, with bias {limits.bias}"
    if not are_within(regions.regions[-1], expected.optimal_actions):
        return f"the last region's {regions.regions[-1]} are not within {expected.optimal_actions}"
    return ""


def are_within(sets: Sets, others: Sets) -> bool:
    return all(set(one) <= set(other) for one, other in zip(sets, others, strict=True))


def check(seed: int) -> None:
    mdp = endless_model(seed)
    wrong = disagreement(mdp)
    assert not wrong, f"seed {seed}: {wrong}\n" + "\n".join(map(str, mdp.rows()))


@pytest.mark.parametrize("first", range(0, QUICK, 100))
def test_all_policies_of_random_models(first: int) -> None:
    """Gain, total and optimal actions of the best of all policies; those near 1 are among them."""
    for seed in range(first, first + 100):
        check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(QUICK, ALL, 300))
def test_all_policies_of_many_random_models(first: int) -> None:
    for seed in range(first, first + 300):
        check(seed)


def test_it_does_not_matter_what_floats_propose(monkeypatch) -> None:
    """From the first action of every state, exact policy iteration finds the same."""
    monkeypatch.setattr(module, "proposed_policy", lambda model, gamma: model.first[:-1].copy())
    for seed in range(100):
        check(seed)


@pytest.mark.parametrize(
    "seeds", [range(100), pytest.param(range(100, 400), marks=pytest.mark.slow)]
)
def test_blackwell_optimal_actions_are_among_them(seeds: range) -> None:
    for seed in seeds:
        mdp = endless_model(seed)
        assert are_within(blackwell(mdp).optimal_actions, undiscounted(mdp).optimal_actions), seed


def features(mdp: MDP) -> set[str]:
    """What of a model makes its limits hard."""
    policies = Policies(mdp)
    at_one, found = policies.at_one, set()
    for policy in policies.within():
        p = [policies.pairs[s, a][1] for s, a in enumerate(policy)]
        classes = recurrent_classes(p)
        found |= {"several classes"} if len(classes) > 1 else set()
        found |= {"transient"} if sum(map(len, classes)) < mdp.n_states else set()
        for members in classes:
            paid = [policies.pairs[s, policy[s]][0] for s in members]
            if len(members) > 1 and all(len(p[s]) == 1 for s in members):
                found.add("periodic")
                found |= {"pays and takes back"} if any(paid) and not sum(paid) else set()
            found |= {"pays nothing"} if not any(paid) and policy[members[0]] is not None else set()
    for s, actions in enumerate(at_one.optimal_actions):
        found |= {"tie"} if len(actions) > 1 else set() if actions else {"no action"}
        following = {t for a in actions for t in policies.pairs[s, a][1]}
        if at_one.gain[s] == 0 and any(at_one.gain[t] for t in following):
            found.add("gains here, loses there")
    found |= {"ends"} if mdp.terminated.any() else set()
    found |= {"gains"} if max(at_one.gain) > 0 else set()
    return found | ({"loses"} if min(at_one.gain) < 0 else set())


HARD = {
    "several classes", "transient", "periodic", "pays and takes back", "pays nothing", "tie",
    "no action", "gains here, loses there", "ends", "gains", "loses",
}  # fmt: skip


def test_random_models_have_what_is_hard() -> None:
    """Each in at least every thirtieth model, already in the quick run."""
    found = [features(endless_model(seed)) for seed in range(QUICK)]
    counts = {what: sum(what in each for each in found) for what in HARD}
    assert min(counts.values()) >= QUICK / 30, counts
