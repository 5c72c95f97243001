"""What a threshold costs, against closed forms, resampled models, and agents."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, norm

from qdecay import MDP, ChainLayout, as_mdp, epsilon_soft, policy_regions
from qdecay.comparison.forecast import gap_noise, interval_widths, threshold_noise
from qdecay.comparison.linear_theory import Doubts
from qdecay.learning import Harmonic, q_learning_many

AVERAGED = 4 / 3  # what averages over the last 3/4 have of the best variance
HALF = Fraction(1, 2)


def coin_or_wait(
    coin: int = 1, wait: int = 0, end: bool = True, later: Fraction = Fraction(2)
) -> MDP:
    """1 +- coin now, or `later` +- wait a step later: gamma = 1 / later.

    Without `end`, what is chosen is chosen for ever: (1 +- coin) / (1 - gamma) or
    gamma later / (1 - gamma).
    """
    rows = [(0, 0, 0, HALF, 1 + sign * coin, end) for sign in (-1, 1)]
    rows += [(0, 1, 1, 1, 0, False)]
    rows += [(1, 0, 1, HALF, later + sign * wait, end) for sign in (-1, 1)]
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0)


def random_model(seed: int, n_states: int = 5, n_actions: int = 3) -> MDP:
    """Rows of three outcomes with rewards of 0 to 9, of which some end."""
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(n_states):
        for a in range(n_actions):
            weights = rng.integers(1, 5, 3).tolist()
            reward = int(rng.integers(0, 10))
            for t, w in zip(rng.choice(n_states, 3, replace=False).tolist(), weights, strict=True):
                p = Fraction(w, sum(weights))
                rows.append((s, a, t, p, reward + t, bool(rng.random() < 0.2)))
    return MDP.from_rows(rows, n_states=n_states, n_actions=n_actions, start=0)


def uniform(mdp: MDP) -> np.ndarray:
    """The same chance for every state with actions."""
    acts = mdp.available.any(axis=1)
    return acts / acts.sum()


def flips(mdp: MDP, alone: bool = False):
    """Each exact breakpoint and state that changes sides there; `alone`, if no other state does."""
    regions = policy_regions(mdp)
    for i, point in enumerate(regions.breakpoints):
        for state in point.changes:
            left, right = (frozenset(regions.regions[j][state]) for j in (i, i + 1))
            if left - right and right - left and not (alone and len(point.changes) > 1):
                yield state, float(point.gamma), left, right, regions.action_gap(state).slopes(i)


def forecast(mdp: MDP, state: int, gamma: float, left, right, **options):
    """The noise with uniform behaviour."""
    return threshold_noise(mdp, state, gamma, left, right, starts=uniform(mdp), **options)


def test_noise_on_a_sure_and_a_late_reward_has_a_closed_form() -> None:
    """Visits 1/4, 1/4 and 1/2; D = 2 gamma - 1: its variance is 4 coin^2 + 2 (gamma wait)^2."""
    for coin, wait in ((1, 0), (0, 3), (2, 5)):
        noise = forecast(coin_or_wait(coin, wait), 0, 0.5, {0}, {1})
        variance = 4 * coin**2 + 2 * (wait / 2) ** 2
        assert noise.spread == pytest.approx(math.sqrt(AVERAGED * variance), rel=1e-12)
        assert noise.slopes == pytest.approx((2, 2), rel=1e-12)
        assert noise.sd(100) == pytest.approx(noise.spread / 2 / 10, rel=1e-12)
        assert (noise.pairs, noise.rarest, noise.size) == (3, 4, 2)


def test_of_actions_that_tie_one_is_in_the_gap() -> None:
    """Two coins alike, of visits 1/6 each: agents settle on one, and its noise counts whole."""
    rows = [*coin_or_wait().rows()]
    twins = [*rows, *((0, 2, *row[2:]) for row in rows if row[:2] == (0, 0))]
    noise = forecast(MDP.from_rows(twins, n_states=2, n_actions=3, start=0), 0, 0.5, {0, 2}, {1})
    assert noise.spread == pytest.approx(math.sqrt(AVERAGED * 6), rel=1e-12)
    assert noise.rarest == pytest.approx(6)


def test_noise_that_returns_counts_for_as_long_as_gamma_lets_it() -> None:
    """Staying sums 1 / (1 - gamma) of each error; D is (2 gamma - 1) / (1 - gamma) on the left."""
    noise = forecast(coin_or_wait(3, 0, end=False), 0, 0.5, {0}, {1})
    assert noise.spread == pytest.approx(math.sqrt(AVERAGED * 4 * 9) / (1 - 0.5), rel=1e-12)
    assert noise.slopes == pytest.approx((2 / (1 - 0.5), 2), rel=1e-12)
    assert noise.sd(1) == pytest.approx(math.sqrt(AVERAGED * 4 * 9) / 2, rel=1e-12)


def test_reward_noise_adds_its_variance_to_every_target() -> None:
    """On the coin, its rival and what follows: (4 + 4 + 2 / 4) sigma^2."""
    noise = forecast(coin_or_wait(0, 0), 0, 0.5, {0}, {1}, reward_noise=3)
    assert noise.spread == pytest.approx(math.sqrt(AVERAGED * (4 + 4 + 0.5) * 9), rel=1e-12)


def test_a_drawn_next_action_adds_its_variance() -> None:
    """Behind the wait, 4 or 0 half of the time each: gamma (4 - 2) off, on a pair of visits 1/4."""
    rows = [(0, 0, 0, 1, "1/2", True), (0, 1, 1, 1, 0, False)]
    rows += [(1, 0, 1, 1, 4, True), (1, 1, 1, 1, 0, True)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    share = Fraction(1, 2)  # worth 3/4 * 4 = 3 in the second state
    gamma = 1 / 6
    (flip,) = flips(epsilon_soft(mdp, share))
    assert flip[:2] == (0, pytest.approx(gamma))
    drawn = forecast(mdp, 0, gamma, {0}, {1}, epsilon=share, sampled=True)
    assert drawn.spread == pytest.approx(
        math.sqrt(AVERAGED * 4 * gamma**2 * (16 * 3 / 4 - 9)), rel=1e-12
    )
    assert forecast(mdp, 0, gamma, {0}, {1}, epsilon=share).spread == 0


@pytest.mark.parametrize("seed", range(4))
def test_resampled_models_spread_as_forecast(seed: int) -> None:
    """Thresholds of 400 models whose rows are means of 40,000 draws: what best averages know."""
    mdp, draws, models = random_model(seed), 40_000, 400
    state, gamma, left, right, _ = next(flips(mdp, alone=True))
    noise = forecast(mdp, state, gamma, left, right)
    expected = noise.sd(draws * noise.pairs) / math.sqrt(AVERAGED)
    grid = gamma + expected * np.linspace(-5, 5, 11)
    gaps = _resampled_gaps(mdp, state, grid, left, right, draws, models, seed)
    found = np.array([np.interp(0, gap, grid) for gap in gaps])
    low, high = chi2.ppf((0.0005, 0.9995), models - 1) / (models - 1)
    assert low <= (found.std(ddof=1) / expected) ** 2 <= high


def _resampled_gaps(mdp, state, grid, left, right, draws, models, seed):
    """D of each resampled model and gamma, by value iteration; shape (models, gammas)."""
    rng = np.random.default_rng(seed)
    n, a = mdp.n_states, mdp.n_actions
    pair = mdp.state * a + mdp.action
    p, r = np.zeros((models, n * a, n)), np.zeros((models, n * a))
    for i in range(n * a):
        rows = np.flatnonzero(pair == i)
        chance = mdp.probability[rows] / mdp.probability[rows].sum()
        share = rng.multinomial(draws, chance, models) / draws
        r[:, i] = share @ mdp.reward[rows]
        for row, part in zip(rows, share.T, strict=True):
            p[:, i, mdp.next_state[row]] += part * (not mdp.terminated[row])
    q = np.zeros((models, len(grid), n * a))
    for _ in range(math.ceil(math.log(1e-13) / math.log(grid.max()))):
        v = q.reshape(*q.shape[:2], n, a).max(axis=3)
        q = r[:, None] + grid[:, None] * (v @ np.moveaxis(p, 1, 2))
    own = q.reshape(*q.shape[:2], n, a)[:, :, state]
    return own[..., sorted(right - left)].max(axis=2) - own[..., sorted(left - right)].max(axis=2)


@pytest.mark.parametrize("tables", [1, 2])
def test_averaging_agents_spread_as_forecast(tables: int) -> None:
    """400 agents, averages over the last 3/4 of 4,000 steps; linear, as all ends after a choice."""
    mdp, steps, agents = coin_or_wait(1, 2), 4_000, 400
    noise = forecast(mdp, 0, 0.5, {0}, {1}, tables=tables)
    assert isinstance(noise.step_size, Harmonic)
    found = _averaged_gap(noise.step_size, steps, agents, tables) / 2  # by its slope
    low, high = chi2.ppf((0.0005, 0.9995), agents - 1) / (agents - 1)
    assert low <= (found.std(ddof=1) / noise.sd(steps)) ** 2 <= high


def _averaged_gap(step_size: Harmonic, steps: int, agents: int, tables: int) -> np.ndarray:
    """D at gamma = 1/2 of `coin_or_wait(1, 2)`, tables averaged, by a loop over steps."""
    rng = np.random.default_rng(1)
    each = np.arange(agents)
    q, visits = np.zeros((3, tables, agents)), np.zeros((3, tables, agents))
    total = np.zeros(agents)
    for step in range(steps):
        pair = rng.choice(3, agents, p=[0.25, 0.25, 0.5])  # coin, wait, and what is waited for
        table, sign = rng.integers(tables, size=agents), rng.choice([-1, 1], agents)
        target = np.choose(pair, [1 + sign, q[2, tables - 1 - table, each] / 2, 2 + 2 * sign])
        visits[pair, table, each] += 1
        alpha = step_size.horizon / (step_size.horizon + visits[pair, table, each] - 1)
        q[pair, table, each] += alpha * (target - q[pair, table, each])
        if step >= steps // 4:
            total += (q[1] - q[0]).mean(axis=0)
    return total / (steps - steps // 4)


def test_slopes_are_those_of_the_exact_action_gap() -> None:
    """On 30 random models, wherever a state changes alone; RiverSwim and NChain too."""
    seen = 0
    for mdp in (
        as_mdp("qdecay/RiverSwim-v0"),
        as_mdp("qdecay/NChain-v0"),
        *map(random_model, range(30)),
    ):
        for state, gamma, left, right, (before, after) in flips(mdp, alone=True):
            noise = forecast(mdp, state, gamma, left, right)
            assert noise.slopes == pytest.approx((-before, after), rel=1e-6)
            seen += 1
    assert seen > 20


def test_of_actions_that_tie_on_one_side_the_least_steep_counts() -> None:
    """1 now, 2 gamma, or a way that is worth 2 gamma once the others are, by half a way back.

    Left of 1/2 that way is worth gamma / 2 + 2 gamma - gamma^2: slope 3/2, less than 2.
    """
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    rows += [(0, 2, 0, HALF, 0, False), (0, 2, 2, HALF, 0, False)]
    rows += [(2, 0, 3, 1, 4, False), (3, 0, 3, 1, -2, True)]
    mdp = MDP.from_rows(rows, n_states=4, n_actions=3, start=0)
    (flip,) = flips(mdp)
    assert flip == (0, 0.5, {0}, {1, 2}, pytest.approx((-1.5, 2)))
    assert forecast(mdp, *flip[:4]).slopes == pytest.approx((1.5, 2), rel=1e-12)


@pytest.mark.parametrize("epsilon", ["1/10", "1/2"])
def test_epsilon_greedy_slopes_are_those_of_the_soft_model(epsilon: str) -> None:
    """Its actions are mixed, so that its gap is (1 - epsilon) of that of actions taken once."""
    for mdp in (as_mdp("qdecay/RiverSwim-v0"), as_mdp("qdecay/NChain-v0")):
        soft = epsilon_soft(mdp, epsilon)
        for state, gamma, left, right, (before, after) in flips(soft, alone=True):
            noise = forecast(mdp, state, gamma, left, right, epsilon=epsilon)
            greedy = 1 - float(Fraction(epsilon))
            assert greedy * np.array(noise.slopes) == pytest.approx([-before, after], rel=1e-9)


def test_the_unit_of_rewards_does_not_matter() -> None:
    """Sevenfold rewards: sevenfold gaps and slopes, the same thresholds and steps."""
    mdp = random_model(2)
    sevens = MDP.from_rows(
        [(*row[:4], 7 * row[4], row[5]) for row in mdp.rows()], n_states=5, n_actions=3, start=0
    )
    for state, gamma, left, right, _ in flips(mdp):
        one, other = (forecast(m, state, gamma, left, right) for m in (mdp, sevens))
        assert other.spread == pytest.approx(7 * one.spread, rel=1e-9)
        assert other.sd(1) == pytest.approx(one.sd(1), rel=1e-9)
        assert other.steps(0.02, 10) == pytest.approx(one.steps(0.02, 10), abs=1)


def test_visits_elsewhere_cost_steps() -> None:
    """Half of all steps in states that do not matter: twice the steps."""
    mdp = coin_or_wait(5, 0)
    rows = [*mdp.rows(), (2, 0, 3, 1, 1, False), (3, 0, 2, 1, 0, False)]
    wider = MDP.from_rows(rows, n_states=4, n_actions=2, start=0)
    one, other = (forecast(m, 0, 0.5, {0}, {1}) for m in (mdp, wider))
    assert other.steps(0.02, 10) == pytest.approx(2 * one.steps(0.02, 10), abs=1)


def test_two_tables_need_twice_the_steps_to_forget() -> None:
    """Each is updated half the time; averaged they vary as one does."""
    one, two = (forecast(coin_or_wait(), 0, 0.5, {0}, {1}, tables=n) for n in (1, 2))
    assert two.sd(1) == one.sd(1)
    assert two.least_steps(0.01) == pytest.approx(2 * one.least_steps(0.01), abs=1)


def test_where_nothing_varies_the_step_size_is_one() -> None:
    """Certain rows; and tenths of ways that are worth the same, in floats only nearly."""
    chain = MDP.from_layout(ChainLayout.choice(stay=["1/10"], move=[0, "7/10", "1/10"]))
    ways = range(1, 11)
    rows = [(0, 1, t, Fraction(1, 10), 0, False) for t in ways]
    rows += [(0, 0, 0, 1, "1/10", True)] + [(t, 0, t, 1, "7/10", True) for t in ways]
    tenths = MDP.from_rows(rows, n_states=11, n_actions=2, start=0)
    assert tenths.p[1] @ np.full(11, 0.7) != 0.7
    for mdp in (chain, tenths):
        for state, gamma, left, right, _ in flips(mdp):
            noise = forecast(mdp, state, gamma, left, right)
            assert (noise.spread, noise.noisy, noise.step_size) == (0, False, 1)


def test_what_varies_beside_the_threshold_only_is_noisy() -> None:
    """A slip exchanges what is chosen, which matters everywhere but at the breakpoint."""
    chain = MDP.from_layout(ChainLayout.choice(near=[1], far=[0, 0, 4]), slip="1/10")
    noise = forecast(chain, chain.start, 0.5, {0}, {1})
    assert (noise.spread, noise.noisy) == (0, True)
    assert noise.steps(0.02, 10) == noise.least_steps(0.02 / interval_widths(10))


def test_what_both_sides_lead_to_cancels_but_is_noisy() -> None:
    """The same coin after two steps: it moves both values, not their difference."""
    rows = [(0, 0, 1, 1, 1, False), (0, 1, 2, 1, 0, False)]
    rows += [(1, 0, 3, 1, 0, False), (2, 0, 3, 1, 3, False)]
    rows += [(3, 0, 3, HALF, reward, True) for reward in (0, 2)]
    noise = forecast(MDP.from_rows(rows, n_states=4, n_actions=2, start=0), 0, 1 / 3, {0}, {1})
    assert (noise.spread, noise.noisy) == (0, True)


def test_worse_actions_that_vary_are_noisy() -> None:
    """A coin that is never best does not move D, but a step size of 1 might believe in it."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    rows += [(1, 1, 1, HALF, reward, True) for reward in (-9, 9)]
    noise = forecast(MDP.from_rows(rows, n_states=2, n_actions=2, start=0), 0, 0.5, {0}, {1})
    assert (noise.spread, noise.noisy) == (0, True)


def test_the_noise_of_the_gap_at_any_gamma() -> None:
    """At the breakpoint that of the threshold; elsewhere the same closed form."""
    mdp = coin_or_wait(1, 3)
    at = [gap_noise(mdp, 0, gamma, {0}, {1}, starts=uniform(mdp)) for gamma in (0.2, 0.5, 0.9)]
    expected = [math.sqrt(AVERAGED * (4 + 2 * (3 * gamma) ** 2)) for gamma in (0.2, 0.5, 0.9)]
    assert at == pytest.approx(expected, rel=1e-12)
    assert at[1] == pytest.approx(forecast(mdp, 0, 0.5, {0}, {1}).spread, rel=1e-12)


@pytest.mark.parametrize(("seeds", "rank"), [(6, 1), (10, 2), (20, 6), (40, 14)])
def test_expected_widths_of_intervals(seeds: int, rank: int) -> None:
    """Twice the expected order statistic, by integration; within 1.5 % of Blom's."""
    ways = math.factorial(seeds) / math.factorial(rank - 1) / math.factorial(seeds - rank)
    mean, _ = quad(
        lambda z: z * ways * norm.cdf(z) ** (seeds - rank) * norm.sf(z) ** (rank - 1) * norm.pdf(z),
        -9,
        9,
    )
    assert interval_widths(seeds) == pytest.approx(2 * mean, rel=0.015)


def test_steps_give_the_width_that_was_asked() -> None:
    """Far from forgotten values' reach: sd * expected width at these steps."""
    noise = forecast(coin_or_wait(50, 0), 0, 0.5, {0}, {1})
    steps = noise.steps(0.02, 10)
    assert steps > noise.least_steps(0.02 / interval_widths(10))
    assert noise.sd(steps) * interval_widths(10) == pytest.approx(0.02, rel=1e-4)


@pytest.mark.parametrize("sd", [0.01, 0.0001])
def test_initial_values_are_forgotten_after_the_least_steps(sd: float) -> None:
    """The slowest error, (1 - alpha (1 - gamma)) a visit, averaged over the last 3/4.

    Of an initial error of all values: a quarter of sd, times the slope.
    """
    mdp, gamma = coin_or_wait(1, 0, end=False, later=Fraction(100, 99)), 0.99
    noise = forecast(mdp, 0, gamma, {0}, {1})
    assert isinstance(noise.step_size, Harmonic)
    visits = math.ceil(noise.least_steps(sd) / noise.rarest)
    n = np.arange(1, visits + 1)
    kept = np.cumprod(1 - noise.step_size.horizon / (noise.step_size.horizon + n - 1) * (1 - gamma))
    left = kept[visits // 4 :].mean() * 2 * noise.size / min(noise.slopes)
    assert 0.22 * sd <= left <= 0.25 * sd


def test_certain_values_are_learned_after_the_least_steps() -> None:
    """Step size 1: errors are gamma^hops, 100 agents' mean is what is asked for, on one loop."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 1, False)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    ((state, gamma, left, right, _),) = flips(mdp)
    noise = forecast(mdp, state, gamma, left, right)
    steps = noise.least_steps(1e-6)
    q = q_learning_many(
        mdp,
        [gamma],
        range(100),
        steps=steps,
        start=uniform(mdp),
        max_episode_steps=1,
        step_size=1.0,
    ).q[0, :, 0]
    error = abs((q[:, 1] - q[:, 0]).mean()) / noise.slopes[0]
    assert error <= 1e-6 / 4


def test_nothing_to_tell() -> None:
    """A set within the other: no action takes another's place."""
    for left, right in (({0}, {0, 1}), ({0, 1}, {1}), ({0}, {0})):
        assert forecast(coin_or_wait(), 0, 0.5, left, right) is None
    assert gap_noise(coin_or_wait(), 0, 0.5, {0}, {0, 1}, starts=[0.5, 0.5]) == 0


def test_crossing_without_a_slope_is_beyond_linear_theory() -> None:
    """6 gamma - 12 gamma^2 + 8 gamma^3 - 1 is (2 gamma - 1)^3."""
    mdp = MDP.from_layout(ChainLayout.choice(near=[1], far=[0, 6, -12, 8]))
    (flip,) = flips(mdp)
    assert flip[:4] == (mdp.start, 0.5, {0}, {1})
    assert forecast(mdp, *flip[:4]) is None
    assert forecast(mdp, *flip[:4], reward_noise=1) is None


BAD = {
    "gamma = 0.4 is no breakpoint of state 0: its actions [0, 1] differ by 0.2": {"gamma": 0.4},
    "the wrong way round": {"left": {1}, "right": {0}},
    "action 1 is not available in state 1": {"state": 1},
    "starts must be 2 probabilities that sum to 1": {"starts": [0.5, 0.4]},
    "starts never leads to a pair whose noise counts": {"starts": [0.0, 1.0]},
    "gamma must be in [0, 1), got 1": {"gamma": 1},
    "state must be from 0 to 1, got 2": {"state": 2},
    "epsilon must be in [0, 1), got 1": {"epsilon": 1},
    "reward_noise must be >= 0, got -1": {"reward_noise": -1},
    "tables must be >= 1, got 0": {"tables": 0},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_arguments(message: str) -> None:
    """One line that says what is wrong."""
    options = {"state": 0, "gamma": 0.5, "left": {0}, "right": {1}, "starts": [0.5, 0.5]}
    with pytest.raises(ValueError, match=re.escape(message)):
        threshold_noise(coin_or_wait(), **{**options, **BAD[message]})


def test_fewer_than_six_seeds_have_no_interval() -> None:
    """Of five the whole range misses the median in 1 of 16 cases."""
    with pytest.raises(ValueError, match="seeds must be >= 6, got 5"):
        forecast(coin_or_wait(), 0, 0.5, {0}, {1}).steps(0.02, 5)


def test_a_hidden_best_action_shifts_by_what_is_lost_where_noise_chooses() -> None:
    """E max(0, Z sd - gap), by quadrature; it counts as often as the state is reached."""
    for gap, noise, steps in ((0.5, 3.0, 10), (0.1, 1.0, 1), (2.0, 5.0, 40)):
        sd = noise / math.sqrt(steps)
        lost, _ = quad(lambda z, sd=sd, gap=gap: norm.pdf(z) * (z * sd - gap), gap / sd, np.inf)
        doubts = Doubts(np.array([0.7]), np.array([gap]), np.array([noise]))
        assert doubts.shift(steps) == pytest.approx(0.7 * lost, rel=1e-6)


def test_the_doubts_of_a_model_are_those_of_its_later_choices() -> None:
    """A ticket of 1 in 2 now, or a step to a choice between a sure 2/3 and 100 with chance 1/200.

    The later lead is 2/3 - 1/2, of the variance 199/4 in the visits of one pair of four; the first
    choice sees it gamma times. Rare prizes hide the sure one for longer than D alone is noisy.
    """
    half, rare = Fraction(1, 2), Fraction(1, 200)
    rows = [
        (0, 0, 0, half, 1, True),
        (0, 0, 0, half, 0, True),
        (0, 1, 1, 1, 0, False),
        (1, 0, 1, 1, "2/3", True),
        (1, 1, 1, rare, 100, True),
        (1, 1, 1, 1 - rare, 0, True),
    ]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    found = threshold_noise(mdp, 0, 3 / 4, [0], [1], starts=[0.5, 0.5])
    assert found.doubts.counts == pytest.approx([3 / 4])
    assert found.doubts.gaps == pytest.approx([2 / 3 - 1 / 2])
    assert found.doubts.noises == pytest.approx([math.sqrt(4 * 199 / 4)])
    alone = replace(found, doubts=None)
    for width in (0.3, 0.1):
        steps, allowed = found.steps(width, 10), width / interval_widths(10) * 2 / 3 / 4
        assert steps > alone.steps(width, 10)
        assert found.doubts.shift(steps) <= allowed < found.doubts.shift(steps - 1)
