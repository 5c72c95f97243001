"""One posterior: what is said of agents whose every choice is known, and never more than that."""

from __future__ import annotations

import math

import numpy as np
import pytest
from faulty_agents import PARAMETERS
from questions import patient, simulated

import qdecay
from qdecay.probing import BATTERY
from qdecay.probing.curves import CURVES
from qdecay.probing.faults import FAULTS
from qdecay.probing.likelihood import LAPSES
from qdecay.probing.posterior import BLIND, log_blind
from qdecay.probing.question import Place

BY_NAME = {fault.name: fault for fault in FAULTS}


def has(name: str, told: float = 0.8, parameters: tuple[float, ...] = ()):
    """Return the indifference points of an agent with that fault."""
    values = parameters or PARAMETERS.get(name, ())
    return lambda place: BY_NAME[name].predict(place, told, values)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.slow
def test_a_perfect_pattern_is_named(name: str) -> None:
    """An agent that is exactly what a fault predicts is accused of that fault, or of that fault and
    what predicts the same."""
    profile = simulated(has(name, 0.8, PARAMETERS.get(name, ())), 0.8)
    found = qdecay.diagnose(profile)
    assert name in (found.fault, *found.alternatives)
    assert profile.behaves_as_told is False
    assert sum(found.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.99])
def test_a_sound_agent_is_as_configured(gamma: float) -> None:
    """The first words are the verdict; no fault is in them."""
    profile = simulated(patient(gamma), gamma)
    assert profile.behaves_as_told is True
    assert qdecay.diagnose(profile).fault == "as configured"
    assert profile.verdict.startswith("acts as gamma = ")
    assert profile.verdict.endswith(f", as configured ({gamma:g})")


@pytest.mark.parametrize(
    ("told", "real"), [(0.95, 0.99), (0.9, 0.85), (0.9, 0.92), (0.99, 0.95), (0.9, 1.0), (0.9, 0.0)]
)
@pytest.mark.slow
def test_another_gamma_is_that_and_no_fault(told: float, real: float) -> None:
    """The most ordinary fault there is: no frame skip, no under-training."""
    profile = simulated(patient(real), told)
    found = qdecay.diagnose(profile)
    assert profile.behaves_as_told is False
    assert found.fault == "another gamma"
    same = {0.0: {"sign clipping"}, 1.0: {"gamma never applied"}}  # the very same choices
    assert BY_NAME.keys() & set(found.alternatives) <= same.get(real, set())
    low, _, high = profile.gamma
    assert low <= real <= high


def test_what_cannot_be_told_apart_is_told_as_both() -> None:
    """Gamma twice is 0.81 in every setting: no answer separates the two."""
    profile = simulated(patient(0.81), 0.9)
    found = qdecay.diagnose(profile)
    assert (found.fault, *found.alternatives) == ("gamma twice", "another gamma")
    assert "gamma is applied twice per step: discount each target only once; or another gamma" in (
        profile.verdict
    )
    assert "no choice up to this delay tells them apart" in profile.verdict


def test_settings_that_show_no_fault_leave_it_possible() -> None:
    """In one-shot choices clipping and cut episodes show nothing: it is as configured, and they are
    listed as what the answers do not exclude."""
    found = qdecay.diagnose(simulated(patient(0.8), 0.8, settings=("one-shot",)))
    assert found.fault == "as configured"
    assert {"truncation ends", "rewards clipped"} <= set(found.alternatives)


@pytest.mark.parametrize("noise", [0.0, pytest.param(0.1, marks=pytest.mark.slow), 0.2])
@pytest.mark.parametrize(
    "budget",
    [pytest.param(1, marks=pytest.mark.slow), 4, pytest.param(12, marks=pytest.mark.slow), 21],
)
@pytest.mark.slow
def test_a_short_budget_decides_nothing(noise: float, budget: int) -> None:
    """Neither acquitted nor accused, with what is missing."""
    for seed in range(5):
        profile = simulated(patient(0.9), 0.9, noise=noise, seed=seed, budget=budget)
        assert profile.behaves_as_told is None
        assert profile.verdict.startswith("undecided: ")
        assert "allow more trainings" in profile.verdict


@pytest.mark.parametrize("told", [0.0, 1.0])
@pytest.mark.slow
def test_the_ends_may_be_configured(told: float) -> None:
    """An agent that only looks at the next reward, and one that does not discount."""
    profile = simulated(patient(told), told)
    assert profile.behaves_as_told is True
    assert simulated(patient(0.7), told).behaves_as_told is False


def coin(rng: np.random.Generator):
    return lambda env, seed: lambda observation: int(rng.integers(2))


def always(action: int):
    return lambda env, seed: lambda observation: action


def takes(side: str):
    def train(env, seed):
        action = env.unwrapped.layout.names.index(side)
        return lambda observation: action

    return train


@pytest.mark.parametrize("settings", [["one-shot"], list(BATTERY)])
@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (coin(np.random.default_rng(0)), "choices do not depend on the offer: it takes"),
        (always(0), "do not depend on the offer: action 0 in"),
        (always(1), "do not depend on the offer: action 1 in"),
        (takes("far"), "always takes the far reward, however large the near one"),
    ],
)
def test_who_does_not_look_at_the_offer_is_known_soon(agent, words: str, settings) -> None:
    """After ten answers at each place, of thirty in the budget; no curve, no number."""
    profile = qdecay.probe(agent, gamma=0.9, settings=settings)
    assert profile.behaves_as_told is False
    assert profile.trainings <= 10 * len(profile.points)
    assert profile.gamma is None
    assert profile.curve is None
    assert profile.fits == ()
    assert qdecay.diagnose(profile).fault in BLIND
    assert words in profile.verdict


@pytest.mark.slow
def test_always_the_near_reward_is_a_gamma_of_0_too() -> None:
    """All that chooses so is said; where 0 is configured that is what it should do."""
    profile = qdecay.probe(takes("near"), gamma=0.9)
    assert profile.trainings <= 80
    assert profile.gamma == (0.0, 0.0, 0.0)
    assert profile.verdict.startswith("acts as gamma = 0, not as configured (0.9); or ")
    assert set(qdecay.diagnose(profile).alternatives) == {"sign clipping", "always near"}
    assert qdecay.probe(takes("near"), gamma=0).behaves_as_told is True


def test_evidence_of_not_looking_is_a_closed_form() -> None:
    """By hand for 3 far of 5, 4 times action 1: integrals of q^k (1 - q)^(n - k)."""
    profile = simulated(patient(0.9), 0.9, (2,), settings=("one-shot",), budget=5)
    (point,) = profile.points
    far, one = sum(point.staircase.far), sum(point.actions)
    found = log_blind(profile.points)
    q = (np.arange(200_000) + 0.5) / 200_000

    def mean(k: int) -> float:
        return float((q**k * (1 - q) ** (5 - k)).mean())

    assert found["a coin"] == pytest.approx(math.log((0.5**5 + mean(far)) / 2), abs=1e-6)
    assert found["a side"] == pytest.approx(math.log(mean(one)), abs=1e-6)

    rates = np.append(LAPSES, 0.02) / 2

    def stuck(k: int) -> np.ndarray:
        return rates**k * (1 - rates) ** (5 - k)

    assert found["always near"] == pytest.approx(math.log(stuck(far).mean()))
    assert found["always far"] == pytest.approx(math.log(stuck(5 - far).mean()))
    both = (stuck(one).mean() + stuck(5 - one).mean()) / 2
    assert found["always the same action"] == pytest.approx(math.log(both))


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("lapses", [0.1, pytest.param(0.2, marks=pytest.mark.slow)])
def test_lapses_accuse_nobody(gamma: float, lapses: float) -> None:
    """An agent that acts at random now and then, and is sure otherwise, is as configured."""
    for seed in range(2):
        rng = np.random.default_rng(seed)

        def threshold(place: Place, rng: np.random.Generator = rng) -> float:
            lapsed = rng.random() < lapses
            return math.copysign(math.inf, rng.random() - 0.5) if lapsed else patient(gamma)(place)

        profile = simulated(threshold, gamma, (2, 8), seed=seed)
        assert profile.behaves_as_told is not False
        low, _, high = profile.gamma
        assert low <= gamma <= high


def hyperbola(place: Place) -> float:
    return math.log(1 + 0.3 * place.near) - math.log(1 + 0.3 * place.far)


def test_a_curve_is_named_at_odds_of_ten() -> None:
    """1 / (1 + 0.3 n) over six delays is no gamma; over two near ones it may be one."""
    profile = simulated(hyperbola, None, (1, 2, 4, 8, 16, 32))
    assert profile.curve.name == "hyperbolic"
    (k,) = profile.curve.parameters
    assert k.low <= 0.3 <= k.high
    assert "hyperbolic" in profile.verdict
    short = simulated(hyperbola, None, (1, 2), noise=0.2)
    assert short.curve.name == "exponential"


@pytest.mark.slow
def test_deciding_asks_where_the_explanations_differ() -> None:
    """An agent that clips rewards shows it where they are large; at the delay asked about there,
    another gamma would do the same, and it asks at a place that was not planned."""
    agent = has("rewards clipped", 0.9)
    short = {"delays": (8,), "settings": ("large",)}
    left, told = (
        simulated(agent, 0.9, **short, until=until, budget=150) for until in ("measured", "decided")
    )
    assert qdecay.diagnose(left).alternatives
    assert qdecay.diagnose(told).fault == "rewards clipped"
    assert qdecay.diagnose(told).alternatives == ()
    assert len(told.points) > len(left.points) == 1


@pytest.mark.slow
def test_nothing_is_asked_once_it_is_decided() -> None:
    """A sound agent costs a fraction of what it costs to measure every point."""
    asked = [simulated(patient(0.9), 0.9, until=until) for until in ("decided", "measured")]
    assert asked[0].behaves_as_told is asked[1].behaves_as_told is True
    assert asked[0].trainings < asked[1].trainings / 2


@pytest.mark.slow
def test_all_that_is_said_agrees() -> None:
    """Verdict, diagnosis and the answer in three values come from one posterior: whatever agent."""
    faulty = [has(name, 0.9, PARAMETERS.get(name, ())) for name in BY_NAME]
    agents = [*map(patient, (0.5, 0.85, 0.9)), *faulty, hyperbola]
    for agent in agents:
        for budget in (5, 40, 90):
            profile = simulated(agent, 0.9, (2, 8), noise=0.1, budget=budget)
            found = qdecay.diagnose(profile)
            assert found.behaves_as_told is profile.behaves_as_told
            assert found.text == profile.verdict
            assert (profile.behaves_as_told is None) == profile.verdict.startswith("undecided")
            assert (profile.behaves_as_told is False) == ("not as configured" in profile.verdict)
            if profile.behaves_as_told:
                assert max(found.probabilities, key=found.probabilities.get) == "as configured"
            if profile.behaves_as_told is False:
                assert found.probabilities["as configured"] <= 0.02


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_curves_that_include_the_exponential_are_no_better_for_one(curve) -> None:
    """An exponential's answers are explained by each, as well as it can, but not ten times
    better."""
    profile = simulated(patient(0.9), None)
    fits = {fit.name: fit.log_evidence for fit in profile.fits}
    assert fits[curve.name] < fits["exponential"] + math.log(10)
    assert profile.curve.name == "exponential"
