"""Learning times of homework D, by closed forms and by asking the same learner step by step."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qdecay import BudgetExceeded, Progress
from qdecay._support.deadline import Deadline
from qdecay.comparison.learning_times import (
    EXPLORERS,
    LearningTime,
    _steps_until_right,
    _visits,
    chain_of,
    learning_times,
    random_walk_steps,
    reward_of,
)
from qdecay.exact.algebra.number import isolate_roots
from qdecay.exact.break_even import stream_value
from qdecay.learning import q_learning
from qdecay.report.plots.style import save_learning_times

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


@pytest.mark.parametrize("end", [KeyboardInterrupt, BudgetExceeded])
def test_what_ends_a_run_early_hands_over_the_finished_rows(monkeypatch, end) -> None:
    """Three agents a row: the first two rows are known when the seventh agent is."""
    options = {"delays": (1, 2, 3), "seeds": 3, "steps": 200, "explorers": ["optimistic"]}
    seen: list[Progress] = []

    def watch(event: Progress) -> None:
        seen.append(event)
        if event.done == 7 and end is KeyboardInterrupt:
            raise KeyboardInterrupt

    whole = learning_times(**options, progress=seen.append)
    assert seen == [Progress(k, 9, "trainings") for k in range(10)]
    monkeypatch.setattr(Deadline, "left", property(lambda self: 6.5 - seen[-1].done))
    with pytest.raises(end) as caught:
        learning_times(**options, progress=watch, max_seconds=9)
    assert caught.value.best == whole[:2]


@pytest.mark.parametrize("explorer", EXPLORERS)
@pytest.mark.parametrize("game", ["forever", "once"])
def test_the_time_is_the_first_of_an_unbroken_run(explorer: str, game: Any) -> None:
    """Trainings of 1, 2, 3, ... steps with the same seed show when the choice was right for good.

    The report comes at the visit's end, at most n steps after the value at the start changed.
    """
    n, budget, seed = 2, 120, 1
    env = chain_of(game, n, reward_of(game, n, GAMMA, 2))
    settings = EXPLORERS[explorer]
    largest = float(env.layout.far[-1]) / (1 - float(GAMMA) if game == "forever" else 1)
    right = []
    for steps in range(1, budget + 1):
        start = largest if settings.optimistic else 0.0
        options = {"epsilon": settings.epsilon, "step_size": 1.0, "initial_value": start}
        world = _visits(env, settings.anywhere)
        q = q_learning(world, float(GAMMA), steps=steps, seed=seed, **options).q[env.start]  # type: ignore[arg-type]
        right.append(bool(q[1] > q[0]))
    since = budget - next((i for i, ok in enumerate(reversed(right)) if not ok), budget) + 1
    found = _steps_until_right(env, float(GAMMA), frozenset([1]), explorer, budget, seed)
    if found is None:
        assert since > budget - n
    else:
        assert since <= found <= since + n


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
    assert row.high is not None and row.high <= 3


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
    return LearningTime("forever", gamma, delay, reward, ("sparse",), "random", steps, 100)


def test_late_agents_count_as_later_than_all_others() -> None:
    """None is beyond the budget: it can be the median and the highest, never forgotten."""
    assert (row((5, None, 1)).median, row((5, None, 1)).low, row((5, None, 1)).high) == (5, 1, None)
    assert row((None, None, 1)).median is None
    assert row((None,)).low is None
    assert json.loads(json.dumps(row((5, None, 1)).to_json()))["rows"][0]["steps"] == [5, None, 1]


@pytest.mark.parametrize("suffix", [".svg", ".png"])
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
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """Each is named with its value."""
    with pytest.raises(kind, match=words):
        learning_times(**{"delays": [1], "seeds": 1, "steps": 5, **arguments})


def test_the_closed_form_refuses_what_it_does_not_cover() -> None:
    """No successes, and a probability of 0 or 1."""
    with pytest.raises(ValueError, match="successes must be >= 1, got 0"):
        random_walk_steps(0, Fraction(1, 2))
    for p in (Fraction(0), Fraction(1)):
        with pytest.raises(ValueError, match="probability must be in"):
            random_walk_steps(2, p)


def test_an_episode_is_a_visit_of_the_start() -> None:
    """Coming back truncates and begins again at the start: nothing else is changed."""
    env = chain_of("forever", 3, Fraction(5))
    visits = _visits(env, anywhere=False)
    state, _ = visits.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(200):
        action = int(rng.integers(2))
        ((_, following, reward, terminated),) = env.P[state][action]
        answer = visits.step(action)
        assert answer[:4] == (following, reward, terminated, following == env.start)
        state = visits.reset()[0] if following == env.start else following
        assert state == following
