"""A walk that processes share: what one process finds alone, whoever takes which segment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from fractions import Fraction
from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from qdecay import MDP, BudgetExceeded, ModelLine, PolicyRegions, as_mdp, policy_regions
from qdecay._support.deadline import Deadline
from qdecay._support.processes import Processes, WorkerDied
from qdecay.errors import InternalError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.proof.certificate import certificate
from qdecay.exact.proof.verify import verify
from qdecay.exact.solver import segments, shared_walk
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.segments import Segment, cuts, walked

Answers = Callable[[Future[Any], Callable[..., Any], tuple[Any, ...]], None]


def at_once(job: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    job.set_result(function(*arguments))


class Played:
    """Stands for `Processes`: `answers` decides what becomes of a submitted call, in order."""

    answers: Answers = staticmethod(at_once)

    def __init__(self, workers: int | None) -> None:
        self.workers = 1 if workers is None else workers

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        job: Future[Any] = Future()
        type(self).answers(job, function, arguments)
        return job

    def result(self, job: Future[Any]) -> Any:
        return job.result()

    def close(self) -> None:
        pass


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], None]:
    """Let the other processes be played, from the first event on."""

    def begin(answers: Answers = at_once) -> None:
        monkeypatch.setattr(shared_walk, "PATIENCE_SECONDS", -1.0)
        monkeypatch.setattr(shared_walk, "Processes", Played)
        monkeypatch.setattr(Played, "answers", staticmethod(answers))
        monkeypatch.setattr(segments, "_LEAST", 1)  # many segments also of small models

    return begin


def lake(**options: Any) -> MDP:
    return MDP.from_env(gym.make("FrozenLake-v1", **options))


def chain(rewards: list[Fraction]) -> MDP:
    """Choices between 1 now and more a step later: state s changes at 1 / rewards[s]."""
    rows: list[Any] = []
    for s, reward in enumerate(rewards):
        rows += [(s, 0, s, 1, 1, True), (s, 1, len(rewards) + s, 1, 0, False)]
        rows.append((len(rewards) + s, 0, s, 1, reward, True))
    return MDP.from_rows(rows, n_states=2 * len(rewards), n_actions=2)


def text(regions: PolicyRegions) -> str:
    return json.dumps(regions.to_json())


@cache
def alone(name: str) -> str:
    """What one process finds."""
    return text(policy_regions(MODELS[name]()))


MODELS = {
    "lake": lambda: lake(map_name="8x8"),
    "dry lake": lambda: lake(is_slippery=False),
    "homework A": lambda: as_mdp("qdecay/StayOrMove-v0"),
    "near zero and near one": lambda: chain(
        [1 + Fraction(1, 10**k) for k in range(1, 12)] + [Fraction(10**k) for k in range(1, 6)]
    ),
    "at dyadic numbers": lambda: chain([Fraction(2**k, 2**k - 1) for k in range(1, 12)]),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("workers", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_the_document_is_that_of_one_process(
    play: Callable[[], None], name: str, workers: int
) -> None:
    assert alone(name)
    play()
    assert text(policy_regions(MODELS[name](), workers=workers)) == alone(name)


def test_most_of_a_walk_is_left_to_processes_that_are_quicker(
    play: Callable[[Answers], None],
) -> None:
    """They take segments from the right; together these reach from a cut to 1."""
    ends: list[tuple[Fraction, Fraction]] = []

    def answers(job: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if function is walked:
            ends.append((arguments[1].gamma, arguments[2]))
        at_once(job, function, arguments)

    play(answers)
    found = policy_regions(lake(map_name="8x8"), workers=2)
    assert len(ends) >= 4
    assert [upper for _, upper in ends] == [1, *(lower for lower, _ in ends[:-1])]
    inside = [b for b in found.breakpoints if b.gamma > ends[-1][0]]
    assert len(inside) > len(found.breakpoints) / 2


def test_a_gamma_at_which_sets_change_or_touch_is_no_cut() -> None:
    """A at 1/2, and 1 + 0 + 4 g^2 against 4 g, which touch there; a tie for ever changes
    nothing."""
    touching = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 2, 1, 4, False)]
    touching += [(2, 0, 2, 1, -4, True)]
    tied = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (0, 2, 2, 1, 0, False)]
    tied += [(1, 0, 1, 1, 3, True), (2, 0, 2, 1, 3, True)]
    half = Fraction(1, 2)
    for mdp, is_cut in (
        (as_mdp("qdecay/StayOrMove-v0"), False),
        (MDP.from_rows(touching, n_states=3, n_actions=2), False),
        (MDP.from_rows(tied, n_states=3, n_actions=3), True),
    ):
        cut = segments._cut_at(RationalModel(mdp), half, Deadline())
        assert (cut is not None) == is_cut
    assert cut is not None and cut.beginning.zero.tolist() == [False, True, True, True, True]


def test_the_last_segments_are_short_so_that_all_end_together() -> None:
    """Of 160 changes, one each, the last quarter is taken first, then a quarter of the rest."""
    chosen = segments._chosen([1] * 160, 2)
    sizes = np.diff([-1, *chosen]).tolist()[1:]
    assert sizes[-1] == 40 and sizes[-2] == 30 and min(sizes) == 10
    assert sizes == sorted(sizes)


@pytest.mark.slow
def test_a_process_that_has_died_is_done_without(play: Callable[[Answers], None]) -> None:
    mdp, expected = MODELS["lake"](), alone("lake")
    for death in (0, 1, 3):
        calls = iter(range(100))

        def answers(
            job: Future[Any],
            function: Callable[..., Any],
            arguments: tuple[Any, ...],
            calls: Any = calls,
            death: int = death,
        ) -> None:
            if next(calls) == death:
                job.set_exception(WorkerDied())
            else:
                at_once(job, function, arguments)

        play(answers)
        assert text(policy_regions(mdp, workers=4)) == expected


@pytest.mark.parametrize("left_ends", [False, True])
def test_out_of_time_all_is_proven_up_to_the_first_segment_that_has_not_ended(
    monkeypatch: pytest.MonkeyPatch, play: Callable[[Answers], None], left_ends: bool
) -> None:
    """The two right ones never end, and those left of them do, or do not."""
    begun: list[Fraction] = []

    def answers(job: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if function is walked:
            begun.append(arguments[1].gamma)
        if len(begun) == 0 or (len(begun) > 2 and left_ends):
            at_once(job, function, arguments)

    mdp = MODELS["lake"]()
    whole = policy_regions(mdp)
    play(answers)
    monkeypatch.setattr(shared_walk, "wait", lambda *arguments: None)  # until the time is up
    with pytest.raises(BudgetExceeded, match="proven up to gamma") as stopped:
        policy_regions(mdp, workers=4, max_seconds=10**6)
    best = stopped.value.best
    assert isinstance(best, PolicyRegions) and best.at_one is None
    assert best.proven_to == (begun[1] if left_ends else begun[2])
    count = sum(b.gamma < best.proven_to for b in whole.breakpoints)
    assert 0 < count < len(whole.breakpoints)
    assert [b.to_json() for b in best.breakpoints] == [
        b.to_json() for b in whole.breakpoints[:count]
    ]


def test_sides_that_contradict_each_other_are_an_error(play: Callable[[Answers], None]) -> None:
    def answers(job: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        found = function(*arguments)
        job.set_result(Segment(~found.first, found.events) if function is walked else found)

    play(answers)
    with pytest.raises(InternalError, match="different optimal actions at gamma = "):
        policy_regions(lake(map_name="8x8"), workers=2)


def test_errors_of_other_processes_are_raised_here(play: Callable[[Answers], None]) -> None:
    for failing in (cuts, walked):

        def answers(
            job: Future[Any],
            function: Callable[..., Any],
            arguments: tuple[Any, ...],
            failing: Any = failing,
        ) -> None:
            if function is failing and (failing is cuts or arguments[2] < 1):
                job.set_exception(MemoryError("too much"))
            else:
                at_once(job, function, arguments)

        play(answers)
        with pytest.raises(MemoryError, match="too much"):
            policy_regions(lake(map_name="8x8"), workers=2)


def test_a_short_search_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_walk, "PATIENCE_SECONDS", 1e9)
    monkeypatch.delattr(shared_walk, "Processes")
    assert len(policy_regions(lake(), workers=2).breakpoints) == 2


def test_its_certificate_is_proven(play: Callable[[], None]) -> None:
    """Policies that tie may differ from those of one process; the proof holds for either."""
    mdp = lake(is_slippery=True)
    play()
    found = policy_regions(mdp, workers=3)
    assert verify(certificate(mdp, found)).breakpoints == 2


def test_only_a_complete_search_of_a_model_is_shared() -> None:
    mdp = lake()
    with pytest.raises(TypeError, match="workers share a complete search of a model"):
        policy_regions(mdp, workers=2, max_breakpoints=1)
    wrong: Any = {"gamma": 1, "workers": 2}
    with pytest.raises(TypeError, match="workers share a complete search of a model"):
        policy_regions(ModelLine(mdp, mdp), **wrong)


def test_processes_find_the_same_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    mdp, expected, used = MODELS["lake"](), alone("lake"), list[int]()

    class Seen(Processes):
        def close(self, *, kill: bool = True) -> None:
            used.extend(self._executor._processes)
            super().close(kill=kill)

    class Patient(shared_walk.Others):
        def have_begun_before(self, x: AlgebraicNumber) -> bool:
            self._look.result(60)  # else this process is done before
            return super().have_begun_before(x)

    monkeypatch.setattr(shared_walk, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(shared_walk, "Processes", Seen)
    monkeypatch.setattr(shared_walk, "Others", Patient)
    assert text(policy_regions(mdp, workers=2)) == expected
    assert len(used) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(used[0], 0)
