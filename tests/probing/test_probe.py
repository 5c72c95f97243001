"""The probe's measurement: known discount curves come back, with intervals that hold the truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from faulty_agents import Hyperbolic
from hypothesis import given, settings
from hypothesis import strategies as st
from questions import asked, simulated

import qdecay
from qdecay.exact.break_even import break_even
from qdecay.model.soft import epsilon_soft
from qdecay.probing import AgentError, Setting, expected_trainings, tabular_agent
from qdecay.probing.question import SETTINGS, Question, stimulus_range
from qdecay.probing.staircase import LAPSE, Staircase

DELAYS = (1, 2, 4, 8, 16, 32)


@pytest.mark.parametrize("steps", [1, 8, 32])
@pytest.mark.parametrize("gamma", [0.3, 0.9, 0.999])
def test_a_sure_chooser_is_known_to_the_tolerance_in_the_stated_number(gamma, steps) -> None:
    """Without noise the interval holds the truth, is as narrow as asked, and costs as foretold."""
    truth = steps * math.log(gamma)
    staircase = asked(truth, 0, steps)
    known = staircase.posterior
    assert known.low <= truth <= known.high
    assert known.high - known.low <= 2 * 0.01 * steps
    foretold = expected_trainings([steps], 0, None, ["one-shot"], 0.01)
    assert abs(len(staircase.far) - foretold) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.1, 0.25])
def test_a_noisy_chooser_is_covered(width: float) -> None:
    """Of 40 intervals at 95 %, 34 or more hold the truth (fewer: 1 in 1000), and none is far off.

    Where intervals are only ever halved, a noisy chooser may look sure, at a wrong place: then the
    truth lies up to 11 standard errors off. In 40 tries 4 happen once in 400.
    """
    errors = []
    for seed in range(40):
        truth = 4 * math.log(0.5 + 0.012 * seed)
        known = asked(truth, width, 4, seed, most=40).posterior
        errors.append((known.median - truth) / ((known.high - known.low) / 3.92))
    assert sum(abs(error) <= 1.96 for error in errors) >= 34
    assert max(map(abs, errors)) < 3.9


def far_probability(x: float, threshold: float, width: float) -> float:
    """P(x), by hand."""
    return LAPSE / 2 + (1 - LAPSE) / (1 + math.exp(min((x - threshold) / width, 700)))


def test_the_likelihood_is_that_of_the_model_by_brute_force() -> None:
    """The product of P(x), averaged over the widths, by hand and as the staircase has it."""
    staircase = Staircase(2, *stimulus_range(2), 0.01)
    for x, far in ((-1.0, True), (-0.2, False), (-0.5, True), (0.4, False)):
        staircase = staircase.answered(x, far)
    widths = np.geomspace(0.01 * 2 / 8, 3.0, 12)
    total = 0.0
    for width in widths.tolist():
        product = 1.0
        for x, far in zip(staircase.asked, staircase.far, strict=True):
            p = far_probability(x, -0.4, width)
            product *= p if far else 1 - p
        total += product / len(widths)
    found = np.log(np.exp(staircase.log_likelihoods(np.array([-0.4]), widths)).mean())
    assert found == pytest.approx(math.log(total), abs=1e-9)


def test_the_next_question_says_the_most_about_the_threshold() -> None:
    """Brute force on a plain grid: no stimulus has more mutual information, by more than 1 %."""
    staircase = Staircase(3, *stimulus_range(3), 0.02)
    for x, far in ((-0.5, True), (-0.1, False), (-0.3, True)):
        staircase = staircase.answered(x, far)
    edges = np.linspace(staircase.low, staircase.high, 8_001)
    prior = np.diff(0.9 * np.minimum(np.exp(edges / 3), 1) + 0.1 * edges / np.ptp(edges))
    t, widths = (edges[1:] + edges[:-1]) / 2, np.geomspace(0.02 * 3 / 8, 3.0, 12)

    def far_chance(x: float) -> np.ndarray:
        z = np.clip((x - t[:, None]) / widths, -700, 700)
        return LAPSE / 2 + (1 - LAPSE) / (1 + np.exp(z))

    joint = np.repeat(prior[:, None], len(widths), axis=1)
    for x, far in zip(staircase.asked, staircase.far, strict=True):
        joint = joint * (far_chance(x) if far else 1 - far_chance(x))
    joint /= joint.sum()

    def uncertainty(p: np.ndarray) -> float:
        p = p[p > 0] / p.sum()
        return float(-(p * np.log(p)).sum())

    def information(x: float) -> float:
        far = (joint * far_chance(x)).sum(axis=1)
        near = (joint * (1 - far_chance(x))).sum(axis=1)
        left = far.sum() * uncertainty(far) + near.sum() * uncertainty(near)
        return uncertainty(joint.sum(axis=1)) - left

    best = max(information(x) for x in np.linspace(-2, 0.5, 101))
    assert information(staircase.next()) >= 0.99 * best


def test_what_is_carried_from_answer_to_answer_is_what_all_answers_give() -> None:
    """Asked between the answers or only at the end: the same posterior and question, to the bit."""
    rng = np.random.default_rng(3)
    staircase = Staircase(3, *stimulus_range(3), 0.01)
    for number in range(40):
        x = staircase.next()
        if number % 9 == 8:  # twice at one place, and at both ends
            x = (staircase.asked[-1], staircase.low, staircase.high)[number // 9 % 3]
        staircase = staircase.answered(x, bool(rng.random() < far_probability(x, -0.4, 0.1)))
        afresh = replace(staircase, asked=staircase.asked)
        for name in ("low", "median", "high"):
            assert getattr(staircase.posterior, name) == getattr(afresh.posterior, name)
        assert (staircase.posterior.log_evidence == afresh.posterior.log_evidence).all()
        assert staircase.next() == afresh.next()


@pytest.mark.parametrize(("answer", "side"), [(False, "near"), (True, "far")])
def test_who_always_takes_one_side_has_no_indifference_point(answer: bool, side: str) -> None:
    """The end of the range is asked twice, and then the staircase stops without a number."""
    staircase = Staircase(4, *stimulus_range(4), 0.01)
    while not staircase.done:
        staircase = staircase.answered(staircase.next(), answer)
    assert staircase.open
    assert staircase.always == side
    assert len(staircase.far) <= 10
    assert (staircase.high if answer else staircase.low) in staircase.asked


CURVES: dict[str, tuple[Callable[[int], float], dict[str, float]]] = {
    "exponential": (lambda n: n * math.log(0.951), {"gamma": 0.951}),
    "hyperbolic": (lambda n: -math.log(1 + 0.2 * n), {"k": 0.2}),
    "quasi-hyperbolic": (
        lambda n: math.log(0.7) + n * math.log(0.97),
        {"beta": 0.7, "delta": 0.97},
    ),
}


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("name", CURVES)
@pytest.mark.slow
def test_each_curve_is_recognised_and_its_parameters_are_found(name: str, noise: float) -> None:
    """Choosers of each family: it is the likeliest, and the intervals hold the truth."""
    log_discount, parameters = CURVES[name]
    profile = simulated(lambda p: log_discount(p.far), None, DELAYS, noise=noise)
    assert profile.curve.name == name
    for parameter in profile.curve.parameters:
        assert parameter.low <= parameters[parameter.symbol] <= parameter.high
    assert profile.curve.log_discount(8) == pytest.approx(
        log_discount(8), abs=0.2 if noise else 0.02
    )


def test_a_near_reward_that_is_delayed_too_hides_beta() -> None:
    """With m = 3, D(n) / D(3) of a quasi-hyperbolic agent is delta^(n - 3): exponential."""
    profile = simulated(lambda p: p.steps * math.log(0.9), None, (4, 6, 10, 20), near_delay=3)
    assert profile.curve.name == "exponential"
    low, _, high = profile.gamma
    assert low <= 0.9 <= high


def test_points_that_no_curve_passes_have_none() -> None:
    """An agent that waits longer for less lies on none of them."""
    profile = simulated(lambda p: -4.0 if p.far in (1, 4) else -1.0, 0.9, DELAYS)
    assert profile.curve is None
    assert profile.behaves_as_told is False


questions = st.builds(
    Question,
    st.sampled_from(list(SETTINGS.values())),
    st.integers(0, 3),
    st.integers(4, 9),
    st.floats(-5, -0.05),
    st.integers(0, 9),
    st.integers(0, 3),
)


@given(questions)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_law_of_every_setting_is_the_ratio_of_discounts(question: Question) -> None:
    """The exact break-even gamma of what is asked is (r / R)^(1 / (n - m)), in every setting."""
    (root,) = break_even(question.layout).roots
    gamma = math.exp(question.log_ratio / (question.delay - question.near_delay))
    assert float(root) == pytest.approx(gamma, rel=1e-10)
    names = question.layout.names
    assert names[question.far_action] == "far"
    assert question.env().action_space.n == 2


def test_each_side_is_far_once_in_every_two_questions() -> None:
    """Ten pairs: both actions in each, and neither always first."""
    sides = [Question(SETTINGS["one-shot"], 0, 4, -0.5, k, 0).far_action for k in range(20)]
    pairs = list(zip(sides[::2], sides[1::2], strict=True))
    assert set(pairs) == {(0, 1), (1, 0)}


def test_a_question_decides_its_seed_alone() -> None:
    """Equal questions have equal seeds, and changing anything changes the seed."""
    one = Question(SETTINGS["one-shot"], 0, 4, -0.5, 3, 0)
    others = [
        Question(SETTINGS["large"], 0, 4, -0.5, 3, 0),
        Question(SETTINGS["one-shot"], 1, 4, -0.5, 3, 0),
        Question(SETTINGS["one-shot"], 0, 5, -0.5, 3, 0),
        Question(SETTINGS["one-shot"], 0, 4, -0.25, 3, 0),
        Question(SETTINGS["one-shot"], 0, 4, -0.5, 4, 0),
        Question(SETTINGS["one-shot"], 0, 4, -0.5, 3, 1),
    ]
    assert one.seed == Question(SETTINGS["one-shot"], 0, 4, -0.5, 3, 0).seed
    assert len({q.seed for q in (one, *others)}) == 7


@pytest.mark.parametrize("gamma", [0.5, 0.9, pytest.param(0.99, marks=pytest.mark.slow)])
def test_q_learning_is_recovered_within_a_thousandth(gamma: float) -> None:
    """qdecay's own learner behaves as configured, and the curve is exponential."""
    agent = tabular_agent(qdecay.q_learning, gamma)
    profile = qdecay.probe(agent, (1, 2, 4, 8), settings=["one-shot"], gamma=gamma)
    assert profile.gamma is not None
    low, value, high = profile.gamma
    assert abs(value - gamma) <= 1e-3
    assert low <= gamma <= high
    assert profile.behaves_as_told
    assert profile.verdict.startswith("acts as gamma = ")
    assert profile.verdict.endswith(f", as configured ({gamma:g})")
    assert abs(profile.trainings - profile.expected_trainings) <= 20


@pytest.mark.parametrize("name", ["large", "repeating", "time limit"])
def test_q_learning_is_recovered_in_every_setting(name: str) -> None:
    """A sound agent shows the same discount whatever surrounds the choice."""
    profile = qdecay.probe(
        tabular_agent(qdecay.q_learning, 0.9), (1, 3, 6), settings=[name], gamma=0.9
    )
    assert profile.behaves_as_told


def test_what_an_agent_was_told_does_not_change_what_is_found() -> None:
    """An agent that discounts by 0.8 and claims 0.9 is found out."""
    agent = tabular_agent(qdecay.q_learning, 0.8)
    profile = qdecay.probe(agent, (1, 2, 4), settings=["one-shot"], gamma=0.9)
    assert profile.behaves_as_told is False
    assert profile.gamma is not None
    assert profile.gamma[0] <= 0.8 <= profile.gamma[2]
    assert profile.verdict.endswith(", not as configured (0.9)")


@pytest.mark.slow
def test_an_average_of_many_discounts_is_hyperbolic() -> None:
    """The integral of u^(k n) du over [0, 1] is 1 / (1 + k n): k comes back."""
    profile = qdecay.probe(Hyperbolic(0.25), (1, 2, 4, 8), settings=["one-shot"])
    assert profile.curve is not None
    assert profile.curve.name == "hyperbolic"
    (k,) = profile.curve.parameters
    assert k.low <= 0.25 <= k.high


def aims_at(ratio: float, delay: int, epsilon: str, gamma: float) -> bool:
    """Whether the exact module finds a break-even gamma of the epsilon-soft model at `gamma`."""
    setting = Setting("escape", escape=True)
    question = Question(setting, 0, delay, ratio, 0, 0)
    mdp = qdecay.MDP.from_env(question.env())
    found = qdecay.policy_regions(epsilon_soft(mdp, epsilon))
    start = question.layout.start
    gammas = [float(point.gamma) for point in found.breakpoints if start in point.changes]
    return any(abs(math.log(g / gamma)) <= 0.01 for g in gammas)


@pytest.mark.parametrize("delay", [2, 4])
@pytest.mark.slow
def test_sarsa_aims_at_the_break_even_of_the_epsilon_soft_model(delay: int) -> None:
    """Where exploring costs the way back, Expected SARSA waits less than Q-learning, by as much as
    the exact module says."""
    setting = Setting("escape", escape=True)
    found = {}
    for learner, epsilon in ((qdecay.expected_sarsa, "1/5"), (qdecay.q_learning, "0")):
        agent = tabular_agent(learner, 0.9, epsilon=0.2, steps=1_000_000)
        (point,) = qdecay.probe(agent, (delay,), settings=[setting]).points
        assert point.log_discount is not None
        found[learner.name] = point.log_discount[1]
        assert aims_at(point.log_discount[1], delay, epsilon, 0.9)
    assert not aims_at(found["expected_sarsa"], delay, "0", 0.9)
    assert found["expected_sarsa"] < found["q_learning"] - 0.05


def test_epsilon_soft_mixes_every_action_with_the_uniform_one() -> None:
    """By hand: with epsilon 1/2 and two actions, a half plus a quarter is one's own."""
    layout = qdecay.ChainLayout.choice(stay=[1], move=[0, 4])
    soft = epsilon_soft(qdecay.MDP.from_layout(layout), "1/2")
    assert soft.exact_r[0, 0] == Fraction(3, 4)
    assert soft.exact_r[0, 1] == Fraction(1, 4)
    with pytest.raises(TypeError, match="epsilon must be exact"):
        epsilon_soft(soft, 0.5)
    with pytest.raises(ValueError, match=r"epsilon must be in \[0, 1\]"):
        epsilon_soft(soft, 2)


def always(action: int):
    return lambda env, seed: lambda observation: action


def raises(env, seed):
    raise ZeroDivisionError("no rewards")


BAD_AGENTS = [
    (raises, "the agent raised ZeroDivisionError"),
    (lambda env, seed: lambda o: 1 / 0, "the agent raised ZeroDivisionError"),
    (lambda env, seed: None, "must return a policy"),
    (always(2), "chose 2, which is not action 0 or 1"),
    (always(-1), "chose -1"),
    (always(math.nan), "chose nan"),
    (always(0.5), "chose 0.5"),
    (always([0, 1]), r"chose \[0, 1\]"),
    (always("left"), "chose 'left'"),
]


@pytest.mark.parametrize(("train", "message"), BAD_AGENTS)
def test_an_agent_that_cannot_choose_is_named(train, message: str) -> None:
    """What is wrong, and at which question."""
    with pytest.raises(AgentError, match=message) as caught:
        qdecay.probe(train, (2,), settings=["one-shot"])
    assert "one-shot" in str(caught.value)
    assert "against 1 after 2" in str(caught.value)


AGENT = always(0)
BAD = [
    (dict(delays=()), ValueError, "delays must not be empty"),
    (dict(delays=(1, 1)), ValueError, "delays must differ"),
    (dict(delays=(0,)), ValueError, "each of delays must be from 1 to 10,000, got 0"),
    (dict(delays=(2.0,)), TypeError, "each of delays must be an integer, got 2.0"),
    (dict(delays=(2,), near_delay=2), ValueError, "each of delays must be from 3"),
    (dict(near_delay=-1), ValueError, "near_delay must be from 0"),
    (dict(gamma=1.5), ValueError, r"gamma must be in \[0, 1\]"),
    (dict(gamma=math.nan), ValueError, r"gamma must be in \[0, 1\]"),
    (dict(settings=[]), ValueError, "at least one setting"),
    (dict(settings=["outside"]), ValueError, "'outside' is not one of one-shot"),
    (dict(settings=["large", "large"]), ValueError, "appears twice"),
    (dict(tolerance=0), ValueError, "tolerance must be in"),
    (dict(tolerance=math.nan), ValueError, "tolerance must be in"),
    (dict(trainings=0), ValueError, "trainings must be >= 1"),
    (dict(max_seconds=0), ValueError, "max_seconds must be > 0"),
    (dict(seed=-1), ValueError, "seed must be >= 0"),
    (dict(workers=0), ValueError, "workers must be >= 1"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_bad_arguments_are_refused(arguments, error: type[Exception], message: str) -> None:
    """Every argument out of its range is named."""
    with pytest.raises(error, match=message):
        qdecay.probe(AGENT, **arguments)


def test_what_is_no_function_is_refused() -> None:
    """A policy in place of a trainer."""
    with pytest.raises(TypeError, match="train must be a function"):
        qdecay.probe(3)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_assertion_passes_and_fails_with_the_curve() -> None:
    """For other people's test suites: the message shows the verdict and every delay."""
    agent = tabular_agent(qdecay.q_learning, 0.9)
    qdecay.assert_effective_discount(agent, 0.9, delays=(1, 4))
    with pytest.raises(AssertionError) as caught:
        qdecay.assert_effective_discount(agent, 0.95, delays=(1, 4))
    message = str(caught.value)
    assert "acts as gamma = 0." in message
    assert "not as configured (0.95)" in message
    assert message.count("at delay") == 2
    with pytest.raises(AssertionError, match="undecided: .* allow more trainings"):
        qdecay.assert_effective_discount(agent, 0.9, delays=(1, 4), trainings=8)
    with pytest.raises(AssertionError, match="always takes the near reward"):
        qdecay.assert_effective_discount(
            lambda env, seed: lambda o: env.unwrapped.layout.names.index("near"), 0.9, delays=(2,)
        )
