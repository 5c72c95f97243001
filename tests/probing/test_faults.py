"""The diagnosis: every fault is found in an agent that has it, and a sound agent is not accused.

The predictions first: an agent that has the fault is trained just left and right of the point of
indifference that is predicted for it, and changes sides.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from faulty_agents import PARAMETERS, ReplayAgent, every_walk, faulty

import qdecay
from qdecay.exact.learning_curve import learning_curve
from qdecay.probing import tabular_agent
from qdecay.probing.agents import choose
from qdecay.probing.arrival import shares
from qdecay.probing.faults import FAULTS, as_configured
from qdecay.probing.question import SETTINGS, Place, Question, Setting
from qdecay.probing.windows import log_worth

BY_NAME = {fault.name: fault for fault in FAULTS}
PREDICT = {"as configured": as_configured} | {fault.name: fault.predict for fault in FAULTS}
ONE_SHOT = SETTINGS["one-shot"]
OTHERS = [
    Setting("often cut off", truncation="2/5", scale=3),
    Setting("repeating, cut off", repeats=True, truncation="1/5"),
]
DELAYS = [(0, 1), (0, 4), (2, 5)]


def agents(g: float) -> list[tuple[str, tuple[float, ...], ReplayAgent]]:
    """The name and the parameters of a fault, and an agent that has it."""
    sound = ReplayAgent(g)
    found = [
        (name, (), agent)
        for name, agent in faulty(g).items()
        if name in BY_NAME and not BY_NAME[name].symbols
    ]
    found += [
        ("truncation ends", (1.0, 0.0, 0.0), replace(sound, truncation_ends=True)),
        ("truncation ends", (1.0, 1.0, 1.0), replace(sound, from_reset=True)),
        ("truncation ends", (1.0, 0.0, 0.0), replace(sound, truncation_ends=True, n_step=3)),
        ("rewards normalised", (0.5,), replace(sound, normalises=True)),
        ("gamma never applied", (1.0,), replace(sound, applied=0)),
        ("gamma never applied", (0.0,), replace(sound, applied=0, truncation_ends=True)),
        ("average reward", (1.0,), replace(sound, averages=True)),
        ("average reward", (0.0,), replace(sound, averages=True, restarts=False)),
        ("as configured", (), replace(sound, n_step=3)),
    ]
    for n in (2, 3, 7):
        windows = replace(sound, n_step=n)
        found += [
            ("n-step discounted once", (n,), replace(windows, once=True)),
            ("truncation ends", (n, 0.0, 0.0), replace(windows, cut_factor=0.0)),
            ("truncation ends", (n, 1.0, 0.0), replace(windows, cut_factor=g**n)),
            ("frame skip", (n, 0.0), replace(sound, skip=n)),
            ("frame skip", (n, 1.0), replace(sound, skip=n, every_state=True)),
        ]
    return found


def advantage(agent: ReplayAgent, place: Place, x: float) -> float:
    """What the far branch is worth to a trained agent, less what the near one is."""
    question = Question(place.setting, place.near, place.far, x, 0, 0)
    layout = question.layout
    q = agent.learn(every_walk(question, agent), layout.n_states, 2)[layout.start]
    return float(q[question.far_action] - q[1 - question.far_action])


def check_predictions(g: float, name: str, parameters: tuple[float, ...], agent) -> None:
    for setting in (*SETTINGS.values(), *OTHERS):
        for near, far in DELAYS:
            place = Place(setting, near, far)
            t = PREDICT[name](place, g, parameters)
            low, high = (-15.0, 7.0) if math.isinf(t) else (t - 1e-4, t + 1e-4)
            assert t == -math.inf or advantage(agent, place, low) > 0, (place, t)
            assert t == math.inf or advantage(agent, place, high) < 0, (place, t)
            assert t > -math.inf or advantage(agent, place, low) < 0, (place, t)
            assert t < math.inf or advantage(agent, place, high) > 0, (place, t)


@pytest.mark.parametrize(("name", "parameters", "agent"), agents(0.9))
def test_a_trained_agent_changes_sides_where_predicted(name, parameters, agent) -> None:
    """In every setting, with all that chance does in it once, within 1e-4."""
    check_predictions(0.9, name, parameters, agent)


@pytest.mark.slow
@pytest.mark.parametrize("g", [0.5, 0.99])
def test_agents_of_other_discounts_change_sides_where_predicted(g) -> None:
    """The same where waiting costs much, and next to nothing."""
    for name, parameters, agent in agents(g):
        check_predictions(g, name, parameters, agent)


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
@pytest.mark.parametrize("name", [n for n in BY_NAME if n != "under-training"])
def test_agents_that_meet_chance_change_sides_near_the_prediction(name, setting) -> None:
    """A memory of random steps: no exact weights, and the policy as the probe reads it."""
    agent = replace(faulty(0.9)[name], steps=8_000)
    t = BY_NAME[name].predict(Place(setting, 0, 4), 0.9, PARAMETERS.get(name, ()))
    ends = [(t - 0.2, True), (t + 0.2, False)] if math.isfinite(t) else [(-15.0, False)]
    for x, far in ends:
        assert [choose(agent, Question(setting, 0, 4, x, i, 0)) for i in range(2)] == [far] * 2


def test_a_vector_environment_makes_the_memory_of_learning_through_autoreset() -> None:
    """Gymnasium's own vector environment gives the steps that the agent with the fault adds."""
    question = Question(ONE_SHOT, 0, 2, -1.0, 0, 0)
    envs = gym.vector.SyncVectorEnv([question.env])
    rows, policy = set(), np.random.default_rng(0)
    state, _ = envs.reset(seed=0)
    for _ in range(300):
        action = policy.integers(2, size=1)
        following, reward, terminated, truncated, _ = envs.step(action)
        row = (state.item(), action.item(), reward.item(), following.item(), terminated.item())
        rows.add(row)
        assert not truncated.any()
        state = following
    agent = ReplayAgent(0.9, resets=True)
    start = question.layout.start
    expected = {
        (w.state, w.action, w.reward, w.following, w.discount == 0)
        for episode in every_walk(question, agent)
        for w in agent._windows(episode, start)
    }
    assert rows == expected


def test_a_window_that_is_discounted_properly_is_worth_what_one_step_is() -> None:
    """Uncut, and where every step discounts by g whichever way it is bootstrapped."""
    for distance in (0, 1, 5, 9_999):
        whole = log_worth(distance, 4, 0.9, 0.9, 0.9**4)
        assert whole == pytest.approx(distance * math.log(0.9), rel=1e-12)
        assert log_worth(distance, 1, 0.9, 0.9, 0.9, 0.7) == pytest.approx(whole, rel=1e-12)


def test_far_ahead_the_recursion_goes_on_as_it_does_step_by_step() -> None:
    """The recursion of the module's docstring, in as many digits as it takes."""
    n, q, g = 5, Fraction(4, 5), Fraction(9, 10)
    worth: list[Fraction] = []
    for d in range(400):
        cuts = sum((1 - q) * q ** (i - 1) * g * worth[d - i] for i in range(1, min(d, n - 1) + 1))
        worth.append(cuts + ((q * g) ** d if d < n else q ** (n - 1) * g * worth[d - n]))
    for d in (0, 3, 5, 17, 399):
        assert log_worth(d, n, 0.9, 0.9, 0.9, 0.8) == pytest.approx(
            math.log(worth[d].numerator) - math.log(worth[d].denominator), abs=1e-9
        )


PLACES = [(0, 1), (0, 2), (1, 2), (2, 5), (16, 32), (31, 32), (0, 10_000), (9_999, 10_000)]


@pytest.mark.parametrize("g", [0.0, 1e-9, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.slow
def test_every_fault_predicts_something_everywhere(name, g) -> None:
    """A number or an infinity in every setting, at both ends of gamma and at any delay."""
    fault = BY_NAME[name]
    others = [Setting("e", escape=True, truncation="1/2"), Setting("s", truncation="99/100")]
    for setting in (*SETTINGS.values(), *OTHERS, *others):
        for near, far in PLACES:
            for parameters in fault.grid[:: 1 + len(fault.grid) // 10]:
                t = fault.predict(Place(setting, near, far), g, parameters)
                assert isinstance(t, float) and not math.isnan(t), (setting, near, far, parameters)


def test_under_training_never_makes_more_patient() -> None:
    """Nor does longer training make less patient."""
    predict = BY_NAME["under-training"].predict
    for setting in (*SETTINGS.values(), *OTHERS):
        for near, far in PLACES:
            place = Place(setting, near, far)
            for alpha in (0.05, 0.5, 1.0):
                for actions in (1.0, 2.0):
                    curve = [
                        predict(place, 0.9, (alpha, steps, math.inf, actions))
                        for steps in (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
                    ]
                    assert curve == sorted(curve)
                    assert curve[-1] <= as_configured(place, 0.9)


@pytest.mark.parametrize("goes_on", [1.0, 0.9])
def test_what_has_arrived_is_what_the_updates_bring_on_average(goes_on) -> None:
    """Expected values, walk by walk: a state's is replaced at its rate by the next one's before."""
    alpha, walks, far = 0.2, 40, 5
    rates = [alpha] + [alpha * (1 + alpha**0.75) / 2 * goes_on**j for j in range(1, far + 1)]
    for near in (0, 2, 4):
        expected = []
        for distance in (near, far):
            values = [0.0] * (distance + 1) + [1.0]
            for _ in range(walks):
                for j in range(distance + 1):
                    values[j] += rates[j] * (values[j + 1] - values[j])
            expected.append(values[0])
        assert shares(near, far, alpha, walks, goes_on, actions=2) == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize("setting", [s for n, s in SETTINGS.items() if n != "large"])
@pytest.mark.parametrize(("alpha", "steps"), [(0.05, 2_000), (0.2, 600), (0.2, 200), (0.5, 150)])
def test_under_trained_tables_change_sides_where_predicted(alpha, steps, setting) -> None:
    """The median of 100 trainings, within a tenth of what training costs, and 0.1."""
    agent = tabular_agent(qdecay.q_learning, 0.9, step_size=alpha, steps=steps)
    for near, far in DELAYS:
        place = Place(setting, near, far)
        t = BY_NAME["under-training"].predict(place, 0.9, (alpha, steps, math.inf, 2.0))
        missing = as_configured(place, 0.9) - t
        within = 0.1 + 0.15 * missing
        for x, more in ((t - within, True), (t + within, False)):
            answers = [choose(agent, Question(setting, near, far, x, i, 1)) for i in range(100)]
            assert (np.mean(answers) > 0.5) == more, (place, t, x, np.mean(answers))


def test_under_training_is_predicted_as_the_exact_learning_curve_does() -> None:
    """The exact module's share of a reward that has arrived gives the same indifference point."""
    question = Question(ONE_SHOT, 0, 4, math.log(0.25), 1, 0)
    curve = learning_curve(question.layout, "1/5", walks=30)
    near, far = (curve.arrived[1 - question.far_action][0], curve.arrived[question.far_action][4])
    for parameters in ((0.2, math.inf, 60.0, 1.0), (0.2, 30.0 * (2 + 5), math.inf, 1.0)):
        predicted = BY_NAME["under-training"].predict(Place(ONE_SHOT, 0, 4), 0.8, parameters)
        assert predicted == pytest.approx(math.log(0.8**4 * far / near), rel=1e-9)


def fixed_point(streams, g: float, shift: float) -> float:
    """The value of a stream of rewards, each less `shift`."""
    return sum(g**k * (r - shift) for k, r in enumerate(streams))


@pytest.mark.parametrize("q", [0.2, 0.5, 0.9])
def test_normalised_rewards_are_level_where_predicted(q: float) -> None:
    """At the predicted ratio both streams, less the mean reward of the mix, are worth the same."""
    g, m, n = 0.8, 1, 3
    ratio = math.exp(BY_NAME["rewards normalised"].predict(Place(ONE_SHOT, m, n), g, (q,)))
    near, far = [0, ratio, 0], [0, 0, 0, 1]
    mean = (q * ratio + (1 - q)) / (q * len(near) + (1 - q) * len(far))
    assert fixed_point(near, g, mean) == pytest.approx(fixed_point(far, g, mean), abs=1e-12)


def test_every_fault_has_an_agent() -> None:
    """And every agent a fault; the slow test below trains them."""
    assert set(faulty(0.9)) == {*BY_NAME, "as configured"}


@pytest.mark.slow
@pytest.mark.parametrize("name", PREDICT)
def test_every_faulty_agent_is_told_from_every_other(name: str) -> None:
    """Trained agents, default budget: the fault they have is the fault that is named."""
    profile = qdecay.probe(faulty(0.9)[name], gamma=0.9, seed=7)
    found = qdecay.diagnose(profile)
    assert name in (found.fault, *found.alternatives)


@pytest.mark.slow
def test_a_trained_agent_that_ends_where_it_is_cut_off_is_found() -> None:
    """The same in short: fewer delays, one fault."""
    agent = faulty(0.8)["truncation ends"]
    profile = qdecay.probe(agent, (1, 2, 4), gamma=0.8)
    diagnosis = qdecay.diagnose(profile)
    assert diagnosis.fault == "truncation ends"
    assert "where an episode is cut off it does not bootstrap" in diagnosis.text
    assert diagnosis.to_json()["fault"] == "truncation ends"
