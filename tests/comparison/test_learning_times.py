"""Learning times of homework D, by closed forms and by asking the same learner step by step."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plot_checks import faults

import qdecay
from qdecay import MDP, BudgetExceeded, Constant, Harmonic, Progress
from qdecay._support.deadline import Deadline
from qdecay.comparison.games import chain_of, random_walk_steps, reward_of
from qdecay.comparison.learning_times import EXPLORERS, LearningTime, learning_times
from qdecay.exact.algebra.number import isolate_roots
from qdecay.exact.break_even import stream_value
from qdecay.learning import ModelEnv, q_learning
from qdecay.learning.streams import streams
from qdecay.reporting.plots.draw import draw
from qdecay.reporting.plots.learning import save_learning_times

GAMMA = Fraction(9, 10)


@pytest.mark.parametrize("p", [Fraction(1, 2), Fraction(1, 20), Fraction(2, 3)])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_walk_has_its_closed_form(n: int, p: Fraction) -> None:
    """E_k = 1 + p E_(k+1) + (1 - p) E_0 with E_n = 0, solved exactly by substitution."""
    # E_k = a_k + b_k E_0, from k = n down to 0.
    a, b = Fraction(0), Fraction(0)
    for _ in range(n):
        a, b = 1 + p * a, p * b + 1 - p
    assert random_walk_steps(n, p) == a / (1 - b)
    if p == Fraction(1, 2):
        assert random_walk_steps(n, p) == 2 ** (n + 1) - 2


@pytest.mark.parametrize("game", ["forever", "once"])
@pytest.mark.parametrize("advantage", ["2", "1/2", "1"])
@pytest.mark.parametrize("delay", [1, 4])
def test_the_reward_gives_the_advantage(game: Any, advantage: str, delay: int) -> None:
    """The far stream with that R is worth `advantage` times the near one, exactly."""
    env = chain_of(game, delay, reward_of(game, delay, GAMMA, advantage))
    near, far = (
        stream_value(s, GAMMA, env.layout.ending) for s in (env.layout.near, env.layout.far)
    )
    assert far == Fraction(advantage) * near


@pytest.mark.parametrize(
    ("interrupts", "seconds", "end"),
    [
        (True, 9.0, KeyboardInterrupt),
        (True, 6.5, BudgetExceeded),  # as the limit of a command does
        (False, 6.5, BudgetExceeded),
    ],
)
def test_what_ends_a_run_early_hands_over_the_finished_rows(
    monkeypatch, interrupts: bool, seconds: float, end: type[BaseException]
) -> None:
    """Three agents a row: the first two rows are known when the seventh agent is."""
    options = {"delays": (1, 2, 3), "seeds": 3, "steps": 200, "explorers": ["optimistic"]}
    seen: list[Progress] = []

    def watch(event: Progress) -> None:
        seen.append(event)
        if event.done == 7 and interrupts:
            raise KeyboardInterrupt

    whole = learning_times(**options, progress=seen.append)
    assert seen == [Progress(k, 9, "trainings") for k in range(10)]
    monkeypatch.setattr(Deadline, "left", property(lambda self: seconds - seen[-1].done))
    with pytest.raises(end) as caught:
        learning_times(**options, progress=watch, max_seconds=9)
    assert caught.value.best == whole[:2]


@dataclass(frozen=True)
class Plain:
    """A Q-learner as a class writes it, watched after every step.

    It draws what the project's learners draw: one number to explore or not, one to pick an action
    at random or among those that tie.
    """

    env: ModelEnv
    limit: int | None
    gamma: float
    epsilon: float
    horizon: float | None
    initial: float

    def since(self, seed: int, state: int, right: set[int], budget: int) -> int | None:
        """Return the step after which the greedy actions of the state are right to the end."""
        world, bits = streams(seed)
        draw = np.random.Generator(bits).random
        q = [dict.fromkeys(actions, self.initial) for actions in self.env.actions]
        visits: Counter[tuple[int, int]] = Counter()
        found = 0 if right >= greedy(q[state]) else None
        (at, _), length = self.env.reset(seed=world), 0
        for step in range(1, budget + 1):
            among = list(q[at]) if draw() < self.epsilon else sorted(greedy(q[at]))
            action = among[int(draw() * len(among))] if len(among) > 1 else among[0]
            following, reward, ended, _, _ = self.env.step(action)
            visits[at, action] += 1
            n, h = visits[at, action], self.horizon
            alpha = 1.0 if h is None else h / (h + (n - 1))
            target = reward if ended else reward + self.gamma * max(q[following].values())
            q[at][action] += alpha * (target - q[at][action])
            length += 1
            at = following
            if ended or length == self.limit:
                (at, _), length = self.env.reset(), 0
            if not right >= greedy(q[state]):
                found = None
            elif found is None:
                found = step
        return found


def greedy(row: dict[int, float]) -> set[int]:
    """Return the actions with the largest value."""
    return {action for action, value in row.items() if value == max(row.values())}


@pytest.mark.parametrize("explorer", EXPLORERS)
@pytest.mark.parametrize(
    ("source", "state", "gamma", "right", "largest"),
    [
        ("FrozenLake-v1", 14, "9/10", {1}, 1.0),
        ("qdecay/RiverSwim-v0", 0, "9/10", {1}, 1 / (1 - 0.9)),
        ("qdecay/StayOrMove-v0", 0, "3/4", {1}, 4.0),
    ],
)
def test_a_plain_learner_takes_as_many_steps(
    explorer: str, source: str, state: int, gamma: str, right: set[int], largest: float
) -> None:
    """Written out in Python, it is right since the same step: noisy or not, truncated or not."""
    mdp, how, budget = qdecay.as_mdp(source), EXPLORERS[explorer], 3_000
    options: Any = {"state": state, "gammas": [gamma], "explorers": [explorer], "steps": budget}
    (row,) = learning_times(mdp, seeds=4, **options)
    assert row.best == tuple(mdp.action_name(action) for action in right)
    n, limit = mdp.n_states, {"FrozenLake-v1": 100}.get(source)
    plain = Plain(
        ModelEnv(mdp, start=np.full(n, 1 / n) if how.anywhere else state),
        limit or (1 if how.anywhere else None),
        float(Fraction(gamma)),
        how.epsilon,
        None if "Stay" in source else float(1 / (1 - Fraction(gamma))),
        largest if how.optimistic else 0.0,
    )
    times = [plain.since(seed, state, right, budget) for seed in range(4)]
    assert row.steps == tuple(times)


def test_the_steps_of_a_corridor_have_their_closed_form() -> None:
    """1 at once against 4 after three steps, learned at random with step size 1.

    Each walk brings the 4 one state back, so the third one's first step decides: after six steps of
    the two walks before, one more, and the stays in between, of which N precede the third walk. N
    is negative binomial: 3 on average with variance 6, and 0 with probability 1/8.
    """
    n = 600
    options: Any = {"gammas": ["3/4"], "explorers": ["random"], "seeds": n, "steps": 400}
    (row,) = learning_times("qdecay/StayOrMove-v0", **options)
    stays = [(steps or 0) - 7 for steps in row.steps]
    assert min(stays) == 0
    assert abs(sum(stays) / n - 3) < 4 * (6 / n) ** 0.5
    assert abs(stays.count(0) / n - 1 / 8) < 4 * (7 / 64 / n) ** 0.5


def test_optimism_is_disappointed_in_one_step_or_in_four() -> None:
    """From 4 each: staying first shows its 1; a walk first lowers moving to 3, and staying to 1."""
    options: Any = {"gammas": ["3/4"], "explorers": ["optimistic"], "seeds": 40, "steps": 400}
    (row,) = learning_times("qdecay/StayOrMove-v0", **options)
    assert set(row.steps) == {1, 4}


def loop(time_limit: int | None, goes: list[Any]) -> MDP:
    """Return a model with such rows and such a limit, which starts in state 0."""
    mdp = MDP.from_rows(goes, n_states=2, n_actions=2, start=0)
    return replace(mdp, time_limit=time_limit)


def test_a_time_limit_ends_no_value() -> None:
    """1 on every step is worth 10, also where each truncates the episode; leaving pays 3."""
    stay = loop(1, [(0, 0, 0, 1, 1, False), (0, 1, 1, 1, 3, True)])
    for row in learning_times(stay, seeds=5, steps=2_000):
        assert row.best == ("0",)
        assert row.high is not None


def test_a_time_limit_brings_an_agent_back() -> None:
    """Who walks into the trap would stay there for ever; after five steps the next try begins."""
    rows = [(0, 0, 1, 1, 0, False), (0, 1, 1, 1, 1, True), (1, 0, 1, 1, 0, False)]
    trap, endless = loop(5, rows), loop(None, rows)
    options: Any = {"explorers": ["random"], "seeds": 20, "steps": 2_000}
    assert None not in learning_times(trap, **options)[0].steps
    assert None in learning_times(endless, **options)[0].steps


def test_episodes_begin_in_the_state_that_is_watched() -> None:
    """Nothing leads from the start to state 1, where the choice is learned at once."""
    rows = [(0, 0, 0, 1, 0, False), (1, 0, 1, 1, 1, True), (1, 1, 1, 1, 0, True)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2, start=0, state_names=["here", "there"])
    for row in learning_times(mdp, state="there", explorers=["random"], steps=200):
        assert (row.state, row.best, row.title) == (1, ("0",), "state there")
        assert row.high is not None


def test_where_every_choice_is_best_no_step_is_needed() -> None:
    """There is no gap either."""
    rows = [(0, action, 1, 1, 1, True) for action in (0, 1)]
    (row,) = learning_times(loop(None, rows), explorers=["random"], seeds=2, steps=9)
    assert (row.steps, row.gap, row.break_evens()) == ((0, 0), None, ())


def test_the_gap_and_the_break_even_gammas_are_exact() -> None:
    """1 against 4 g^2: |1 - 4 g^2|, and 1/2."""
    gammas = ["1/4", "1/2", "3/4"]
    options: Any = {"gammas": gammas, "explorers": ["random"], "seeds": 1, "steps": 9}
    rows = learning_times("qdecay/StayOrMove-v0", **options)
    assert [row.gap for row in rows] == [abs(1 - 4 * Fraction(g) ** 2) for g in gammas]
    assert [row.best for row in rows] == [("stay",), ("stay", "move"), ("move",)]
    (half,) = rows[0].break_evens()
    assert half == Fraction(1, 2)


def test_breakpoints_of_other_states_are_not_among_them() -> None:
    """FrozenLake changes at two gammas; its start at the first one alone."""
    gap = qdecay.policy_regions("FrozenLake-v1").action_gap(0)
    assert [round(float(point), 6) for point in gap.breakpoints] == [0.808783, 0.978316]
    assert gap.changes == gap.breakpoints[:1]


def test_step_sizes_are_said_and_can_be_chosen() -> None:
    """1 where nothing is random, a mean that forgets the first targets elsewhere."""
    options: Any = {"explorers": ["random"], "seeds": 1, "steps": 9}
    usual = learning_times("FrozenLake-v1", gammas=["3/4"], **options)
    fixed = learning_times("FrozenLake-v1", step_size="1/10", **options)
    certain = learning_times("FrozenLake-v1", step_size=Harmonic(3), **options)
    (game,) = learning_times(delays=[2], **options)
    sizes = [row.body()["step_size"] for row in (*usual, *fixed, *certain, game)]
    assert sizes == ["harmonic:4", "0.1", "harmonic:3", "1"]


@pytest.mark.parametrize("explorer", EXPLORERS)
@pytest.mark.parametrize("game", ["forever", "once"])
def test_the_time_is_the_first_of_an_unbroken_run(explorer: str, game: Any) -> None:
    """Trainings of 1, 2, 3, ... steps with the same seed show since when the choice is right."""
    n, budget = 2, 120
    how, mdp = EXPLORERS[explorer], MDP.from_env(chain_of(game, n, reward_of(game, n, GAMMA, 2)))
    largest = float(mdp.reward.max()) / (1 - float(GAMMA) if game == "forever" else 1)
    options: Any = {"epsilon": how.epsilon, "step_size": 1.0, "seed": 1}
    options["initial_value"] = largest if how.optimistic else 0.0
    if how.anywhere:
        options |= {"start": [1 / mdp.n_states] * mdp.n_states, "max_episode_steps": 1}
    tables = [q_learning(mdp, float(GAMMA), steps=k + 1, **options).q[0] for k in range(budget)]
    wrong = [k + 1 for k, q in enumerate(tables) if q[1] <= q[0]]
    since = max(wrong, default=0) + 1
    cell: Any = {"game": game, "delays": [n], "explorers": [explorer], "seeds": 2}
    (row,) = learning_times(steps=budget, **cell)
    assert row.steps[1] == (None if since > budget else since)


def test_where_the_constant_reward_is_best_it_is_learnt_at_once() -> None:
    """Half the worth: every explorer finds the constant choice within a few visits."""
    for row in learning_times(delays=[4], advantage="1/2", seeds=3, steps=2_000):
        assert row.best == ("constant",)
        if row.explorer == "epsilon-greedy":
            assert row.high is not None and row.high < 100


def test_epsilon_greedy_from_zero_is_slow_and_optimism_is_not() -> None:
    """At n = 5 an epsilon-greedy agent needs 3.4 million steps on average; 3,000 are not enough."""
    assert random_walk_steps(5, Fraction(1, 20)) > 3_000_000
    names = ("epsilon-greedy", "optimistic", "random")
    slow, quick, random = learning_times(delays=[5], explorers=names, seeds=5, steps=3_000)
    assert slow.median is None
    assert quick.high is not None
    assert random.median is not None
    assert random.median > random_walk_steps(5, Fraction(1, 2))


def test_a_tie_is_right_whatever_is_chosen() -> None:
    """At the break-even gamma both choices are optimal, so the agent is right from the first."""
    (row,) = learning_times(delays=[3], advantage=1, explorers=["random"], seeds=2, steps=50)
    assert row.best == ("constant", "sparse")
    assert row.high == 0


@pytest.mark.parametrize(
    ("game", "polynomial"), [("once", [-1, 0, 0, 6]), ("forever", [-1, -1, -1, 5])]
)
def test_the_right_choice_changes_at_the_exact_gamma(game: Any, polynomial: list[int]) -> None:
    """For n = 4 and R = 6: 6 g**3 = 1, and 6 g**3 = 1 + g + g**2 + g**3."""
    options: Any = {"game": game, "delays": [4], "reward": 6, "seeds": 1, "steps": 1}
    (one,) = learning_times(gammas=["1/2"], explorers=["random"], **options)
    (gamma,) = isolate_roots(polynomial)
    assert one.break_evens() == (gamma,)
    sides = [Fraction(round(float(gamma) * 1000) + offset, 1000) for offset in (-1, 1)]
    left, right = learning_times(gammas=sides, explorers=["random"], **options)
    assert (left.best, right.best) == (("constant",), ("sparse",))


def row(steps: tuple[int | None, ...], gamma: Fraction = GAMMA, delay: int = 3) -> LearningTime:
    """Return a row with the given times."""
    reward = Fraction(7)
    return LearningTime(
        game="forever",
        delay=delay,
        reward=reward,
        state=0,
        gamma=gamma,
        best=("sparse",),
        explorer="random",
        step_size=Constant(1),
        steps=steps,
        budget=100,
    )


def test_late_agents_count_as_later_than_all_others() -> None:
    """None is beyond the budget: it can be the median and the highest, never forgotten."""
    assert (row((5, None, 1)).median, row((5, None, 1)).low, row((5, None, 1)).high) == (5, 1, None)
    assert row((None, None, 1)).median is None
    assert row((None,)).low is None
    assert json.loads(json.dumps(row((5, None, 1)).to_json()))["rows"][0]["steps"] == [5, None, 1]


@pytest.mark.parametrize("suffix", [".svg", pytest.param(".png", marks=pytest.mark.slow)])
def test_times_are_drawn(tmp_path: Path, suffix: str) -> None:
    """Over the delay and over gamma, with agents that were never right."""
    pytest.importorskip("matplotlib")
    by_delay = [row((5, 9), delay=2), row((None, 4), delay=3), row((None, None), delay=4)]
    by_gamma = [row((5, 9), gamma=Fraction(1, 2)), row((7, 8))]
    for number, rows in enumerate((by_delay, by_gamma)):
        path = tmp_path / f"times{number}{suffix}"
        save_learning_times(rows, path)
        assert path.stat().st_size > 1_000
        if suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            assert ("exact: " in text) == (rows is by_gamma)
            assert ("median &gt; 100" in text) == (rows is by_delay)
            ax = draw(rows)
            assert faults(ax.figure) == []
            (medians,) = [line for line in ax.get_lines() if line.get_label() == "random"]
            beyond = rows[0].budget * 1.5
            assert list(medians.get_ydata()) == [row.median or beyond for row in rows]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"game": "twice"}, ValueError, "game must be one of forever, once, got 'twice'"),
        ({"delays": [0]}, ValueError, "each of delays must be from 1 to 1,000, got 0"),
        ({"delays": [2.5]}, TypeError, "each of delays must be an integer, got 2.5"),
        ({"gammas": [0.9]}, TypeError, "each of gammas must be exact"),
        ({"gammas": [1]}, ValueError, r"each of gammas must be in \(0, 1\), got 1"),
        ({"advantage": float("nan")}, TypeError, "advantage must be exact"),
        ({"advantage": 0}, ValueError, "advantage must be > 0, got 0"),
        ({"advantage": 2, "reward": 4}, ValueError, "give advantage or reward, not both"),
        ({"reward": 1.5}, TypeError, "reward must be exact"),
        (
            {"explorers": ["lucky"]},
            ValueError,
            "each of explorers must be one of random, .* got 'lucky'",
        ),
        ({"seeds": 0}, ValueError, "seeds must be >= 1, got 0"),
        ({"steps": True}, TypeError, "steps must be an integer, got True"),
        ({"state": 0}, ValueError, "state belongs to a problem"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """Each is named with its value."""
    with pytest.raises(kind, match=words):
        learning_times(**{"delays": [1], "seeds": 1, "steps": 5, **arguments})


LOOP = MDP.from_rows([(0, 0, 0, 1, 1, False)], n_states=2, n_actions=1)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"game": "once"}, ValueError, "game belongs to the games: omit it, or the problem"),
        ({"delays": [2]}, ValueError, "delays belongs to the games"),
        ({"advantage": 2}, ValueError, "advantage belongs to the games"),
        ({"reward": 2}, ValueError, "reward belongs to the games"),
        ({}, ValueError, "the model has no start state: give state"),
        ({"state": 1}, ValueError, "state 1 has no actions to choose from"),
        ({"state": "attic"}, ValueError, "state must be a number from 0 to 1, got 'attic'"),
        ({"state": 0, "step_size": 0}, ValueError, "step_size"),
        ({"problem": qdecay.FloatMDP.from_mdp(LOOP)}, TypeError, "floats only"),
    ],
)
def test_bad_arguments_on_a_model_are_refused(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """Those of the games, and states where nothing is chosen."""
    with pytest.raises(kind, match=words):
        learning_times(**{"problem": LOOP, "seeds": 1, "steps": 5, **arguments})


def test_the_time_that_regions_take_counts() -> None:
    """They are cut off as trainings are, and the rows so far are none."""
    with pytest.raises(BudgetExceeded) as caught:
        learning_times("FrozenLake8x8-v1", max_seconds=1e-3)
    assert caught.value.best == []


def test_times_on_a_model_are_drawn(tmp_path: Path) -> None:
    """With the action gap, and the breakpoints that lie in the picture."""
    pytest.importorskip("matplotlib")
    options: Any = {"explorers": ["random"], "seeds": 2, "steps": 50}
    for name, gammas, words in (
        ("near", ["2/5", "1/2", "3/5"], "exact: 1/2 = 0.5"),
        ("far", ["9/10"], "exact action gap"),
    ):
        path = tmp_path / f"{name}.svg"
        save_learning_times(learning_times("qdecay/StayOrMove-v0", gammas=gammas, **options), path)
        text = path.read_text(encoding="utf-8")
        assert words in text
        assert "Stay or move, state 0" in text
        assert ("exact: 1/2 = 0.5" in text) == (name == "near")


def test_the_closed_form_refuses_what_it_does_not_cover() -> None:
    """No successes, and a probability of 0 or 1."""
    with pytest.raises(ValueError, match="successes must be >= 1, got 0"):
        random_walk_steps(0, Fraction(1, 2))
    for p in (Fraction(0), Fraction(1)):
        with pytest.raises(ValueError, match="probability must be in"):
            random_walk_steps(2, p)
