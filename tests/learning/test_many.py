"""Many gammas from one stream: each is bit for bit what it would have learned alone."""

from __future__ import annotations

import platform
import time
from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from learners import line, random_model, two_states

from qdecay._support.progress import Progress
from qdecay.errors import BudgetExceeded
from qdecay.learning import (
    EpsilonGreedy,
    Polynomial,
    learned_thresholds,
    q_learning,
    q_learning_many,
    shared_streams,
)
from qdecay.learning.compiled import many as many_kernels
from qdecay.model.mdp import MDP
from qdecay.model.source import HOMEWORK
from qdecay_envs import ChainLayout

EXACT = [1 / 2, 1 / 3, 6 ** (-1 / 3), 110 ** (-1 / 99)]
GAMMAS = [0.3, 0.9, 0.0, 0.5, 0.99]
SETTINGS = {
    "constant": dict(step_size=0.3),
    "schedule": dict(step_size=Polynomial(0.8), initial_value=1.5),
    "truncated": dict(step_size=1.0, max_episode_steps=3),
    "several starts": dict(start=[0.25, 0.5, 0.25, 0, 0, 0]),
}


@pytest.mark.parametrize("arguments", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("n_actions", [2, 9])
def test_every_gamma_learns_what_it_would_learn_alone(arguments, n_actions):
    """Values and visits have the bits of `q_learning` under uniform behaviour.

    The model has several outcomes, unavailable actions and a state without any.
    """
    mdp = random_model(11, 6, n_actions)
    together = q_learning_many(mdp, GAMMAS, [3, 8], steps=5000, **arguments)
    assert together.q.shape == (5, 2, 6, n_actions)
    for g, gamma in enumerate(GAMMAS):
        for n, seed in enumerate([3, 8]):
            alone = q_learning(mdp, gamma, steps=5000, seed=seed, epsilon=1, **arguments)
            assert together.q[g, n].tobytes() == alone.q.tobytes()
            assert together.visits[n].tobytes() == alone.visits.tobytes()


@pytest.mark.parametrize("n_gammas", [1, 8, 9, 16, 17, 64])
def test_any_number_of_gammas_gives_the_same_bits(n_gammas):
    """Filling up to whole vectors leaves no mark."""
    mdp, gammas = random_model(11, 6, 2), np.linspace(0, 0.99, 64)
    whole = q_learning_many(mdp, gammas, [3], steps=2000).q
    part = q_learning_many(mdp, gammas[:n_gammas], [3], steps=2000).q
    assert part.shape[0] == n_gammas
    assert part.tobytes() == whole[:n_gammas].tobytes()


@pytest.mark.parametrize("gamma", [0.9, 0.45])
def test_greedy_behaviour_is_that_of_the_chosen_gamma(gamma):
    """Its own values and the visits are those of `q_learning`, in the list of gammas or not."""
    mdp = random_model(11, 6, 4)
    behaviour = EpsilonGreedy(gamma, 0.2)
    together = q_learning_many(mdp, [0.3, 0.9], [5], steps=5000, behaviour=behaviour)
    alone = q_learning(mdp, gamma, steps=5000, seed=5, epsilon=0.2)
    assert together.visits[0].tobytes() == alone.visits.tobytes()
    if gamma == 0.9:
        assert together.q[1, 0].tobytes() == alone.q.tobytes()


def test_a_policy_is_followed():
    """Actions are taken with its probabilities: chi-square(2) < 13.82 in each state, p = 0.001.

    One number decides an action: a policy that is certain, over a model that is, draws
    nothing that matters, and q is the closed form of its cycle.
    """
    rows = [(s, a, (s + a) % 3, 1, s - 2 * a, False) for s in range(3) for a in range(3)]
    mdp = MDP.from_rows(rows, n_states=3, n_actions=3, start=0)
    policy = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.125, 0.375, 0.5]])
    visits = q_learning_many(mdp, [0.7], [4], steps=30_000, behaviour=policy).visits[0]
    expected = policy * visits.sum(axis=1, keepdims=True)
    assert (((visits - expected) ** 2 / expected).sum(axis=1) < 13.82).all()

    certain = [[0, 1, 0]] * 3
    result = q_learning_many(mdp, [0.5], [4], steps=900, step_size=1, behaviour=certain)
    assert result.visits[0].tolist() == [[0, 300, 0]] * 3
    # v0 = -2 + v1/2, v1 = -1 + v2/2, v2 = v0/2, but an untried action is worth 0, which is more.
    assert result.q[0, 0, :, 1].tolist() == [-2, -1, 0]


def test_threads_and_pieces_leave_no_mark(monkeypatch):
    """Each stream is its own: neither how many run at once nor how often they pause matters."""
    mdp, seeds = random_model(11, 6, 2), range(5)
    runs = [q_learning_many(mdp, GAMMAS, seeds, steps=3000, threads=n).q for n in (1, 4)]
    monkeypatch.setattr(shared_streams, "_UPDATES_AT_ONCE", 7)
    runs.append(q_learning_many(mdp, GAMMAS, seeds, steps=3000).q)
    assert runs[0].tobytes() == runs[1].tobytes() == runs[2].tobytes()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86 instructions")
def test_the_update_uses_vector_instructions(monkeypatch):
    """The compiled loop takes maxima and products of several gammas in one instruction."""
    import numba

    options = dict(error_model="numpy", nogil=True, _nrt=False)
    monkeypatch.setattr(many_kernels, "compiled", numba.njit(**options))  # not from the disk
    monkeypatch.setattr(many_kernels, "_kernel", (kernel := many_kernels._kernel.__wrapped__))
    compiled = []
    monkeypatch.setattr(
        many_kernels, "_kernel", lambda *a: compiled.append(kernel(*a)) or compiled[-1]
    )
    q_learning_many(line(4), np.linspace(0, 0.9, 64), [1], steps=10)
    (assembly,) = compiled[0].inspect_asm().values()
    assert "maxpd" in assembly
    assert "mulpd" in assembly


# Thresholds


@pytest.mark.parametrize(("env_id", "exact"), list(zip(HOMEWORK, EXACT, strict=True)))
def test_the_homework_thresholds_come_from_one_stream(env_id, exact):
    """One stream per problem, replayed, finds the break-even gamma to 1e-6."""
    mdp = MDP.from_env(gym.make(env_id))
    gammas = np.linspace(0.01, 0.99, 64)
    (flip,) = learned_thresholds(mdp, gammas, [1], steps=40_000, step_size=1.0)
    assert (flip.left, flip.right, flip.seeds, len(flip.gammas)) == (0, 1, 1, 1)
    assert abs(flip.median - exact) < 1e-6


def noisy_choice():
    """Wait, and win 3 or 5 with equal chances in the next step, or take 3: even at 3/4."""
    half = Fraction(1, 2)
    rows = [(0, 0, 0, 1, 3, True), (0, 1, 1, 1, 0, False)]
    rows += [(1, a, 1, half, r, True) for a in (0, 1) for r in (3, 5)]
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0)


def test_noisy_thresholds_are_where_single_agents_flip():
    """Each seed's agents choose otherwise just left and right of its threshold, trained alone."""
    arguments = dict(steps=3000, step_size=Polynomial(0.9))
    seeds = [1, 2, 3, 4, 5]
    (flip,) = learned_thresholds(noisy_choice(), [0.3, 0.6, 0.9], seeds, width=1e-9, **arguments)
    assert (flip.left, flip.right, flip.seeds) == (0, 1, 5)
    assert flip.low < flip.median < flip.high
    assert 0.7 < flip.low < flip.high < 0.8
    flipped = []
    for gamma in flip.gammas:
        for seed in seeds:
            left, right = (
                q_learning(noisy_choice(), gamma + side, seed=seed, epsilon=1, **arguments).policy[
                    0
                ]
                for side in (-1e-9, 1e-9)
            )
            flipped.append((left, right))
    assert flipped.count((0, 1)) == 5


def test_flips_of_a_grid_lie_between_its_gammas():
    """The result itself says where its greedy actions change, to half a step of the grid."""
    result = q_learning_many(noisy_choice(), [0.9, 0.3, 0.6], [1, 2], steps=3000)
    (flip,) = result.flips(0)
    assert flip.gammas == (0.75, 0.75)
    assert result.flips(1) == () or result.flips(1)[0].left != result.flips(1)[0].right
    assert result.policy[:, :, 0].tolist() == [[1, 1], [0, 0], [0, 0]]


def test_no_flip_is_no_threshold():
    """One action in every state never changes."""
    mdp = MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1, start=0)
    assert learned_thresholds(mdp, [0.1, 0.9], [0, 1], steps=10) == ()


# Watching and stopping


def test_an_interrupt_stops_all_streams(monkeypatch):
    """Ctrl-C reaches the waiting main thread; the streams stop at their next pause, all told."""
    monkeypatch.setattr(shared_streams, "_UPDATES_AT_ONCE", 1000)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(shared_streams, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"stopped after [\d,]+ of 4,000,000,000,000 steps"):
        q_learning_many(line(5), [0.5], range(4), steps=10**12)


def test_progress_counts_the_steps_of_all_streams():
    """From none to all of them."""
    seen: list[Progress] = []
    q_learning_many(line(5), [0.5], range(4), steps=100_000, progress=seen.append)
    assert seen[0] == Progress(0, 400_000, "steps")
    assert seen[-1] == Progress(400_000, 400_000, "steps")


def test_time_that_is_up_ends_all_streams():
    """Of thresholds those of the rounds that ended are handed over, where one has."""
    with pytest.raises(
        BudgetExceeded,
        match=r"0\.05 s was reached.*; [\d,]+ of 4,000,000,000,000 steps are",
    ):
        q_learning_many(line(5), [0.5], range(4), steps=10**12, max_seconds=0.05)

    def slow(event: Progress) -> None:
        rounds.append(event) if event.done == 0 else None
        time.sleep(0.2 * (len(rounds) == 2))

    model = MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    options = {"gammas": [0.3, 0.45, 0.7], "seeds": [1, 2], "steps": 2000, "step_size": 1.0}
    rounds: list[Progress] = []
    with pytest.raises(BudgetExceeded) as caught:
        learned_thresholds(model, **options, max_seconds=1e-9)
    assert caught.value.best is None
    whole = learned_thresholds(model, **options)
    with pytest.raises(BudgetExceeded) as caught:
        learned_thresholds(model, **options, max_seconds=0.1, progress=slow)
    [flip], [known] = caught.value.best, whole
    assert flip.median == (0.45 + 0.7) / 2
    assert 0.45 < known.median < 0.7


# Bad input


@pytest.mark.parametrize(
    ("error", "says", "arguments"),
    [
        (ValueError, "gammas must not be empty", {"gammas": []}),
        (ValueError, "each of gammas must be", {"gammas": [0.5, 1.01]}),
        (ValueError, "each of gammas must be", {"gammas": [float("nan")]}),
        (ValueError, "gamma = 1 needs an end", {"gammas": [0.5, 1]}),
        (ValueError, "seeds must not be empty", {"seeds": []}),
        (ValueError, "seeds must differ", {"seeds": [1, 1]}),
        (ValueError, "each of seeds must be >= 0", {"seeds": [-1]}),
        (TypeError, "each of seeds must be an integer", {"seeds": [0.5]}),
        (ValueError, "steps", {"steps": 0}),
        (ValueError, "threads", {"threads": 0}),
        (ValueError, "behaviour must be", {"behaviour": "greedy"}),
        (ValueError, "shape \\(2, 2\\)", {"behaviour": [0.5, 0.5]}),
        (ValueError, "each of behaviour must be >= 0", {"behaviour": [[2, -1], [1, 0]]}),
        (ValueError, "action 1 in state 1", {"behaviour": [[0.5, 0.5], [0.5, 0.5]]}),
        (ValueError, "state 0's probabilities sum to 0.75", {"behaviour": [[0.5, 0.25], [1, 0]]}),
        (ValueError, "max_episode_steps", {"max_episode_steps": 0}),
        (ValueError, "step_size", {"step_size": 0}),
        (TypeError, "problem must be", {"problem": 3}),
        (TypeError, "gammas must be a list, got 0.5", {"gammas": 0.5}),
        (TypeError, "seeds must be a list, got 7", {"seeds": 7}),
    ],
)
@pytest.mark.parametrize("function", [q_learning_many, learned_thresholds])
def test_bad_arguments_are_named(function, error, says, arguments):
    """The message names the argument at fault."""
    settings = {
        "problem": two_states(start=0),
        "gammas": [0.5, 0.6],
        "seeds": [1],
        "steps": 10,
    } | arguments
    with pytest.raises(error, match=says):
        function(**settings)


@pytest.mark.parametrize("values", [(1.5, 0.1), (0.5, -0.1), (0.5, float("nan"))])
def test_greedy_behaviour_refuses_what_is_no_rate(values):
    """Both numbers lie in [0, 1]."""
    with pytest.raises(ValueError, match="must be"):
        EpsilonGreedy(*values)


def test_one_gamma_has_no_neighbour_to_flip_to():
    """No threshold could be found, which is not the same as none being there."""
    with pytest.raises(ValueError, match="gammas must contain two or more"):
        learned_thresholds(two_states(start=0), [0.5, 0.5], [1], steps=10)


def test_the_start_that_is_given_is_looked_at():
    """Also if the model has its own, or none; several need a choice."""
    arguments = dict(seeds=[1], steps=4000, step_size=Polynomial(0.9))
    gammas, mdp = [0.1, 0.4, 0.9], noisy_choice()
    for start, flips in ((0, 1), (1, 0)):  # state 1 has a tie, and no choice
        given = learned_thresholds(mdp, gammas, start=start, **arguments)
        named = learned_thresholds(mdp, gammas, start=start, state=start, **arguments)
        assert [flip.gammas for flip in given] == [flip.gammas for flip in named]
        assert len(given) == flips
    with pytest.raises(ValueError, match="give state"):
        learned_thresholds(mdp, gammas, start=[0.5, 0.5], **arguments)


def test_a_state_that_is_no_name_is_refused():
    """By what it should have been."""
    with pytest.raises(ValueError, match="state must be a number from 0 to 1, got 'left'"):
        learned_thresholds(two_states(start=0), [0.1, 0.9], [1], steps=10, state="left")


@pytest.mark.parametrize("arguments", [{"state": 2}, {"width": 0}, {"width": float("nan")}])
def test_thresholds_refuse_what_is_no_state_or_width(arguments):
    """Also a width that floats could not split."""
    with pytest.raises(ValueError, match=next(iter(arguments))):
        learned_thresholds(two_states(start=0), [0.1, 0.9], [1], steps=10, **arguments)


def test_what_cannot_fit_in_memory_is_refused_before_it_is_asked_for():
    """The message holds the estimate: 1e5 gammas and 1e5 seeds of 100 states are terabytes."""
    with pytest.raises(MemoryError, match=r"1000 gammas and 1000000 seeds .* GiB, and the machine"):
        q_learning_many(line(100), np.linspace(0, 0.9, 1000), range(10**6), steps=1)


def test_a_value_that_outgrows_the_floats_is_an_error():
    """gamma = 1 is refused where rewards never end; close to it they may still be too large."""
    rows = [(0, 0, 0, 1, 10**308, False), (0, 1, 0, 1, 0, True)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=2, start=0)
    with pytest.raises(OverflowError, match="outgrew"):
        q_learning_many(mdp, [0.5, 1.0], [1], steps=100, step_size=1)


def test_a_value_that_outgrows_the_floats_at_once_is_an_error():
    """Also at the only visit of a pair."""
    mdp = MDP.from_rows([(0, 0, 0, 1, 10**308, False)], n_states=1, n_actions=1, start=0)
    with pytest.raises(OverflowError, match="by step 1 a value outgrew"):
        q_learning_many(mdp, [0.99], [1], steps=1, step_size=1, initial_value=1.7e308)


def test_one_step_is_enough_to_look_for_thresholds():
    """After one step nothing has flipped; no step at all is refused."""
    mdp = random_model(11, 6, 2)
    assert len(learned_thresholds(mdp, [0.3, 0.9], [1], steps=1)) in (0, 1)
    with pytest.raises(ValueError, match="steps must be >= 1, got 0"):
        learned_thresholds(mdp, [0.3, 0.9], [1], steps=0)


def test_the_median_of_a_flip_is_that_of_its_gammas():
    """Five streams that each flip somewhere: the third of them in order."""
    flips = q_learning_many(random_model(11, 6, 2), EXACT, range(5), steps=300, step_size=0.5)
    found = [flip for state in range(6) for flip in flips.flips(state)]
    assert found
    for flip in found:
        assert flip.median == pytest.approx(float(np.median(flip.gammas)))
