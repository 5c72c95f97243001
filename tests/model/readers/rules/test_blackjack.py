"""Blackjack by its rules: against the real environment, Sutton and Barto, and published tables."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from shell import run
from simulated import Played, misfits, start_misfit

import qdecay
from qdecay import MDP, FloatMDP, as_mdp, policy_regions
from qdecay.learning import ModelEnv

RULES: dict[str, dict[str, Any]] = {
    "Sutton and Barto": {"sab": True},
    "naturals pay more": {"sab": False, "natural": True},
    "naturals are any 21": {"sab": False},
}
EPISODES = 20_000
CARDS = ["ace", *map(str, range(2, 11))]


def state_of(env: Any, mdp: MDP) -> int:
    """The state of the cards on the table, read without the reader's arithmetic."""
    inner = env.unwrapped
    total, card, usable = inner._get_obs()
    kind = ", ace" if usable else ""
    if sorted(inner.player) == [1, 10] and (inner.sab or inner.natural):
        kind = ", natural"
    return mdp.state_names.index(f"{total}, dealer {'ace' if card == 1 else card}{kind}")


def play(rules: dict[str, Any], mdp: MDP, episodes: int) -> tuple[Counter[int], Counter[Played]]:
    """What the real environment does when actions are drawn, hits twice as often as sticks."""
    env = gym.make("Blackjack-v1", **rules)
    begun: Counter[int] = Counter()
    played: Counter[Played] = Counter()
    env.reset(seed=0)
    for hits in np.random.default_rng(0).random((episodes, 25)) < 2 / 3:
        env.reset()
        state, ended = state_of(env, mdp), False
        begun[state] += 1
        for action in map(int, hits):
            _, reward, ended, _, _ = env.step(action)
            following = state if ended else state_of(env, mdp)
            played[state, action, following, reward, ended] += 1
            if ended:
                break
            state = following
    return begun, played


@pytest.mark.slow
@pytest.mark.parametrize("case", RULES)
def test_the_real_environment_plays_as_the_model_says(case: str) -> None:
    """Every outcome is in the model, and frequencies fit, as well as those of the first hands."""
    mdp = as_mdp("Blackjack-v1", **RULES[case])
    begun, played = play(RULES[case], mdp, EPISODES)
    assert list(misfits(mdp, played)) == []
    assert start_misfit(mdp, begun) is None


def test_other_rules_do_not_fit() -> None:
    """What would happen if a reader mixed up the rules."""
    mdp = as_mdp("Blackjack-v1", **RULES["naturals pay more"])
    _, played = play(RULES["Sutton and Barto"], mdp, 3_000)
    assert list(misfits(mdp, played))


@pytest.mark.parametrize("case", RULES)
def test_states_are_the_hands_that_can_be_reached(case: str) -> None:
    """Hard 4 to 21 and soft 12 to 21 against ten cards, and a natural where it matters."""
    mdp = as_mdp("Blackjack-v1", **RULES[case])
    kinds = 28 + (case != "naturals are any 21")
    assert (mdp.n_states, mdp.n_actions, mdp.start) == (10 * kinds, 2, None)
    assert mdp.action_names == ("stick", "hit")
    assert sum(mdp.initial_states.values()) == 1
    assert mdp.available.all()
    natural = "21, dealer 10, ace" if kinds == 28 else "21, dealer 10, natural"
    # Ace and ten in either order, and a ten of the dealer's.
    assert mdp.initial_states[mdp.state_index(natural)] == 2 * Fraction(4, 169) * Fraction(4, 13)
    assert mdp.initial_states[mdp.state_index("12, dealer ace, ace")] == Fraction(1, 13**3)
    hard_21 = mdp.state_index("21, dealer 2")
    assert hard_21 not in mdp.initial_states


def chance(mdp: MDP, name: str, action: int, reward: float) -> Fraction:
    """The probability of a reward."""
    state = mdp.state_index(name)
    return sum(
        (p for s, a, _, p, r, _ in mdp.rows() if (s, a, r) == (state, action, reward)), Fraction(0)
    )


def test_the_dealer_goes_bust_as_often_as_published() -> None:
    """For an infinite deck and a dealer who stands on soft 17 (a question on math.se, 4564310)."""
    for case in RULES.values():
        mdp = as_mdp("Blackjack-v1", **case)
        found = [float(chance(mdp, f"12, dealer {card}", 0, 1)) for card in (10, 9, 8, 7)]
        assert found == pytest.approx([0.2121, 0.2284, 0.2447, 0.2623], abs=5e-5)


def test_naturals_win_what_each_rule_says() -> None:
    """Against an ace, the dealer has a natural too with probability 4/13."""
    name = "21, dealer ace, natural"
    book = as_mdp("Blackjack-v1", **RULES["Sutton and Barto"])
    assert chance(book, name, 0, 1) == Fraction(9, 13)
    assert chance(book, name, 0, 0) == Fraction(4, 13)
    more = as_mdp("Blackjack-v1", **RULES["naturals pay more"])
    any_21 = chance(book, "21, dealer ace, ace", 0, 0)
    assert any_21 > Fraction(4, 13)  # of more cards too
    assert chance(more, name, 0, 0) == any_21
    assert chance(more, name, 0, 1.5) == 1 - any_21
    assert chance(more, name, 0, 1) == 0
    plain = as_mdp("Blackjack-v1", **RULES["naturals are any 21"])
    assert chance(plain, "21, dealer ace, ace", 0, 0) == any_21
    both = as_mdp("Blackjack-v1", sab=True, natural=True)
    assert both == book  # natural is ignored


# Sutton and Barto (2018), figure 5.2: the least sum at which the player sticks, by the dealer's
# card from the ace on. The notch at the ace is theirs, and not Thorp's.
STICKS_FROM = {"": [17, 13, 13, 12, 12, 12, 17, 17, 17, 17], ", ace": [19, *[18] * 7, 19, 19]}


def test_the_best_policy_is_that_of_sutton_and_barto() -> None:
    regions = policy_regions("Blackjack-v1")
    assert regions.at_one is not None
    best = dict(zip(regions.state_names, regions.at_one.optimal_actions, strict=True))
    for kind, least in STICKS_FROM.items():
        for card, from_sum in zip(CARDS, least, strict=True):
            for total in range(12 if kind else 11, 22):
                name = f"{total}, dealer {card}{kind}"
                assert best[name] == ((0,) if total >= from_sum else (1,)), name


# Optimal values at gamma = 1 against 2 to 9, by dynamic programming (rhalbersma/doctrina on
# GitHub), where naturals pay 3/2: hands from which none can come, and cards with which the dealer
# has none.
PUBLISHED = {
    4: [-0.1149, -0.0826, -0.0494, -0.0124, 0.0111, -0.0883, -0.1593, -0.2407],
    6: [-0.1408, -0.1073, -0.0729, -0.0349, -0.013, -0.1519, -0.2172, -0.2926],
    8: [-0.0218, 0.008, 0.0388, 0.0708, 0.115, 0.0822, -0.0599, -0.2102],
    10: [0.1825, 0.2061, 0.2305, 0.2563, 0.2878, 0.2569, 0.198, 0.1165],
}


def test_values_are_those_that_were_published() -> None:
    regions = policy_regions(as_mdp("Blackjack-v1", **RULES["naturals pay more"]))
    assert regions.at_one is not None
    value = dict(zip(regions.state_names, regions.at_one.value, strict=True))
    for total, row in PUBLISHED.items():
        found = [float(value[f"{total}, dealer {card}"]) for card in range(2, 10)]
        assert found == pytest.approx(row, abs=5.1e-5)


@pytest.mark.slow
def test_the_price_is_what_the_real_environment_pays() -> None:
    """The policy that is best at gamma = 1 and the one that is best at 0 play 10,000 games."""
    mdp = as_mdp("Blackjack-v1")
    price = qdecay.price(mdp)
    regions = price.policy_regions
    assert regions.at_one is not None
    env = gym.make("Blackjack-v1")
    for region, actions in ((-1, regions.at_one.optimal_actions), (0, regions.regions[0])):
        env.reset(seed=1)
        paid = []
        for _ in range(10_000):
            env.reset()
            ended = False
            while not ended:
                _, reward, ended, _, _ = env.step(min(actions[state_of(env, mdp)]))
            paid.append(reward)
        expected = price.regions[region].worst.value
        assert abs(np.mean(paid) - expected) < 4 * np.std(paid) / len(paid) ** 0.5


def dealt(cards: tuple[int, ...]) -> Counter[int]:
    """The chance of each last sum of a dealer with these cards, 0 above 21."""
    hard = sum(cards)
    total = hard + 10 if 1 in cards and hard <= 11 else hard
    if total >= 17:
        return Counter({0 if total > 21 else total: Fraction(1)})  # type: ignore[dict-item]
    found: Counter[int] = Counter()
    for card in [*range(1, 10), 10, 10, 10, 10]:
        for last, chance in dealt((*cards, card)).items():
            found[last] += chance / 13  # type: ignore[assignment]
    return found


def sixteen() -> Fraction:
    """The gamma at which 16 against a ten sticks or hits alike, where nobody hits again.

    Sticking wins if the dealer goes above 21; hitting loses with 8 cards of 13, or sticks later.
    """
    last: Any = dealt((10,))

    def stuck(total: int) -> Fraction:
        return sum(
            (p if total > one else -p if total < one else 0 for one, p in last.items()), Fraction(0)
        )

    later = sum((stuck(16 + card) for card in range(1, 6)), Fraction(0)) / 13
    return (stuck(16) + Fraction(8, 13)) / later


def test_commands_take_it(capsys, monkeypatch) -> None:
    """With its arguments; the last breakpoint is where 16 hits against a ten."""
    options = ("-k", "natural=true", "-k", "sab=false", "--json")
    code, out, err = run(capsys, monkeypatch, "regions", "Blackjack-v1", *options)
    document = json.loads(out)
    assert (code, err, document["n_states"], document["start"]) == (0, "", 290, None)
    last = document["breakpoints"][-1]
    changed = as_mdp("Blackjack-v1", natural=True, sab=False).state_index("16, dealer 10")
    assert (list(last["changes"]), last["closed_form"]) == ([str(changed)], str(sixteen()))
    code, out, _ = run(capsys, monkeypatch, "price", "Blackjack-v1", *options)
    document = json.loads(out)
    assert (code, document["judge"]) == (0, {"kind": "total"})
    assert float(document["free_from"]) == pytest.approx(float(last["decimal"]), abs=1e-9)
    code, _, err = run(capsys, monkeypatch, "compare", "Blackjack-v1")
    assert (code, "give state (in the shell --state)" in err) == (2, True)


def test_learners_on_the_model_begin_as_the_game_does() -> None:
    """With the hands that are dealt, without being told."""
    mdp = as_mdp("Blackjack-v1")
    env = ModelEnv(mdp)
    env.reset(seed=0)
    assert start_misfit(mdp, Counter(env.reset()[0] for _ in range(20_000))) is None


def test_every_door_reads_it() -> None:
    """By id, as an object, in floats, wrapped by what only watches; other wrappers are refused."""
    env = gym.make("Blackjack-v1", natural=True, sab=False, max_episode_steps=9)
    mdp = MDP.from_env(env)
    assert mdp == as_mdp("Blackjack-v1", natural=True, sab=False)
    assert (mdp.name, mdp.time_limit) == ("Blackjack-v1", 9)
    floats = FloatMDP.from_env(env)
    assert np.allclose(floats.r, mdp.r, atol=1e-15)
    assert np.allclose(floats.p.toarray(), mdp.p.toarray(), atol=1e-15)
    assert floats.initial_states == mdp.initial_states
    assert MDP.from_env(env, minimise=True).exact_r[0, 0] == -mdp.exact_r[0, 0]
    changed = gym.wrappers.TransformReward(env, lambda r: r)
    with pytest.raises(ValueError, match="TransformReward changes rewards"):
        as_mdp(changed)

    class Other(type(env.unwrapped)):  # type: ignore[misc]
        """May play by other rules."""

    with pytest.raises(ValueError, match="Other has no table"):
        as_mdp(Other())
