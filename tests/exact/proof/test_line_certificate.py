"""Certificates of model lines: what is proven passes, and nothing else does."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import gymnasium as gym
import pytest
from brute_force import Policies
from flint import fmpz_poly
from forging import ODD, Document, Path_, accepted, at, changed, leaves, mutations
from model_lines import aima, random_line

from qdecay import (
    MDP,
    BudgetExceeded,
    CertificateError,
    ModelLine,
    Verification,
    policy_regions,
    verify,
    write_certificate,
)
from qdecay.exact.algebra.number import isolate_roots
from qdecay.exact.proof.certificate import certificate
from qdecay.exact.proof.signs import BeyondChecker

HALF = Fraction(1, 2)
QUICK, ALL = 40, 400  # random lines


def rows_document(*rows: list[Any], states: int = 1) -> Document:
    """The document of a model of one or two actions."""
    sizes = {"n_states": states, "n_actions": 2}
    return {"schema": "qdecay.mdp/1", **sizes, "transitions": [list(row) for row in rows]}


END = [0, 0, 0, 1, 1, True]  # 1, and done
BY_HAND: Document = {
    # Action 0 pays 1 and ends; action 1 pays 3/4, and 3/4 again as long as it goes on, with x.
    # At gamma = 1/2 it is worth (3/4) / (1 - x / 2) = 3 / (4 - 2 x): as much as 1 at x = 1/2, which
    # lies between 7/16 and 9/16.
    "schema": "qdecay.line-certificate/1",
    "low": rows_document(END, [0, 1, 0, 1, "3/4", True]),
    "high": rows_document(END, [0, 1, 0, 1, "3/4", False]),
    "gamma": "1/2",
    "at_low": [[0]],
    "at_high": [[1]],
    "points": [[[-1, 2], [4, 4], [[0, 1]]]],
    "intervals": [[[[0]], [1], [[1]]], [[[1]], [4, -2], [[3]]]],
}
WAGE: Document = {
    # Two states: home pays 1 and ends, or leads to work, which pays 3 x; then two steps later,
    # 3 x / 4 = 1 has no solution in (0, 1) but 8 x - 2 in its place does: x = 3/4.
    "schema": "qdecay.line-certificate/1",
    "low": rows_document(END, [0, 1, 1, 1, 0, False], [1, 0, 1, 1, -4, True], states=2),
    "high": rows_document(END, [0, 1, 1, 1, 0, False], [1, 0, 1, 1, 4, True], states=2),
    "gamma": "1/2",
    "at_low": [[0], [0]],
    "at_high": [[1], [0]],
    "points": [[[-3, 4], [6, 4], [[0, 1], [0]]]],
    "intervals": [[[[0], [0]], [1], [[1], [-4, 8]]], [[[1], [0]], [1], [[-2, 4], [-4, 8]]]],
}


WAIT: Document = {
    # At gamma = 1: wait for nothing, or end with x. h = x and w = 0; waiting has c = 0 and e = -x:
    # it never cashes the prize. At x = 0 there is none, and both are optimal.
    "schema": "qdecay.line-certificate/1",
    "low": rows_document([0, 0, 0, 1, 0, False], [0, 1, 0, 1, 0, True]),
    "high": rows_document([0, 0, 0, 1, 0, False], [0, 1, 0, 1, 1, True]),
    "gamma": "1",
    "at_low": [[[0, 1]], [1], [[]], [[]]],
    "at_high": [[[1]], [1], [[1]], [[]]],
    "points": [],
    "intervals": [[[[1]], [1], [[0, 1]], [[]]]],
}


def certified(line: ModelLine, gamma: Any) -> Document:
    """The certificate of a line, as it comes back from a JSON file."""
    found = policy_regions(line, gamma=gamma)
    document: Document = json.loads(json.dumps(certificate(line, found)))
    return document


def line_of(document: Document) -> ModelLine:
    """The line that a certificate is about."""
    ends = []
    for end in ("low", "high"):
        data = {key: value for key, value in document[end].items() if key != "schema"}
        ends.append(MDP.from_rows(data.pop("transitions"), **data))
    return ModelLine(*ends)


def solvable(seed: int) -> tuple[ModelLine, Fraction]:
    """A random line, at its gamma if there are regions, else below 1."""
    line, gamma = random_line(seed)
    try:
        policy_regions(line, gamma=gamma)
    except ValueError:  # something is gained or lost for ever
        gamma = Fraction(3, 4)
    return line, gamma


@cache
def touching() -> Document:
    """4 gamma x (1 - x) in two steps, or gamma at once: as much at 1/2, less elsewhere."""
    low = [[0, 0, 0, 1, 0, True], [0, 1, 0, 1, "1/3", True], [1, 0, 1, 1, 4, True]]
    high = [[0, 0, 1, 1, 0, False], [0, 1, 0, 1, "1/3", True], [1, 0, 1, 1, 0, True]]
    document = {"low": rows_document(*low, states=2), "high": rows_document(*high, states=2)}
    return certified(line_of(document), "1/3")


@cache
def conjugates() -> Document:
    """1/5 at once lies below 2 x (1 - x) / 2 between the roots of 5 x^2 - 5 x + 1."""
    low = [[0, 0, 0, 1, 0, True], [0, 1, 0, 1, "1/5", True], [1, 0, 1, 1, 2, True]]
    high = [[0, 0, 1, 1, 0, False], [0, 1, 0, 1, "1/5", True], [1, 0, 1, 1, 0, True]]
    document = {"low": rows_document(*low, states=2), "high": rows_document(*high, states=2)}
    return certified(line_of(document), HALF)


def idle_rows(two_x: Any) -> Document:
    """State 0: 1 and done, or 2 x and to state 1. State 1: rest, or pay 2 x and go to state 0."""
    return rows_document(
        END,
        [0, 1, 1, 1, two_x, False],
        [1, 0, 1, 1, 0, False],
        [1, 1, 0, 1, -two_x, False],
        states=2,
    )


@cache
def idle() -> Document:
    """At gamma = 1 both states change at 1/2, where going round and round ties, too."""
    return certified(line_of({"low": idle_rows(0), "high": idle_rows(2)}), 1)


SMALL: dict[str, Callable[[], Document]] = {
    "by hand": lambda: BY_HAND,
    "wage": lambda: WAGE,
    "touch": touching,
    "conjugates": conjugates,
    "wait": lambda: WAIT,
    "idle": idle,
    "several steps": lambda: certified(stop_or_go_round(3, 1), 1),
}


# -- what is proven


@pytest.mark.parametrize("document", [BY_HAND, WAGE])
def test_certificates_written_by_hand_pass(document: Document) -> None:
    states = document["low"]["n_states"]
    assert verify(document) == Verification(states, 2, 1, 0, "1/2")


@pytest.mark.parametrize("document", [BY_HAND, WAGE])
def test_the_writer_finds_what_the_hand_found(document: Document) -> None:
    written = certified(line_of(document), HALF)
    written["points"][0][1] = document["points"][0][1]
    assert written == document


@pytest.mark.parametrize("name", ["touch", "conjugates"])
def test_touches_and_conjugate_roots_are_certified(name: str) -> None:
    document = SMALL[name]()
    found = verify(document)
    if name == "touch":
        assert (found.breakpoints, found.touches) == (0, 1)
    else:
        assert [f for f, *_ in document["points"]] == [[1, -5, 5]] * 2


@pytest.mark.parametrize(
    "seeds", [range(QUICK), pytest.param(range(QUICK, ALL), marks=pytest.mark.slow)]
)
def test_random_lines_are_certified(seeds: range) -> None:
    """Every breakpoint and touch that the walk finds, and no other, is proven."""
    points = 0
    for seed in seeds:
        line, gamma = solvable(seed)
        found = policy_regions(line, gamma=gamma)
        proven = verify(json.loads(json.dumps(certificate(line, found))))
        counts = len(found.regions), len(found.breakpoints), len(found.touches)
        assert proven == Verification(line.low.n_states, *counts, str(gamma)), seed
        points += len(found.breakpoints) + len(found.touches)
    assert points > len(seeds) / 4


@pytest.mark.parametrize("gamma", [Fraction(9, 10), Fraction(99, 100), Fraction(1)])
def test_the_4x3_world_is_certified(gamma: Fraction, tmp_path: Path) -> None:
    line = ModelLine.of(aima, low=-2, high=0)
    found = policy_regions(line, gamma=gamma)
    write_certificate(line, found, tmp_path / "proof.json")
    assert verify(tmp_path / "proof.json").breakpoints == len(found.breakpoints)


def test_frozen_lake_over_its_success_rate_is_certified() -> None:
    """11 states whose rows move, and breakpoints of high degree."""
    document = certified(lake(), "9/10")
    assert verify(document).breakpoints == len(document["points"]) > 0
    assert max(len(f) for f, *_ in document["points"]) > 4


def lake() -> ModelLine:
    """FrozenLake, from always slipping to never."""

    def made(rate: Fraction) -> MDP:
        return MDP.from_env(gym.make("FrozenLake-v1", success_rate=float(rate)))

    return ModelLine.of(made, low=0, high=1)


def test_steps_that_take_longer_are_certified() -> None:
    """V(t, k) = gamma^k V(t): 1 at once, or 3 after two steps with x: 3 x / 4 = 1 at 4/3; 2 x - 1
    after three, and so on; the durations differ between the ends."""
    low = [END, [0, 1, 1, 1, 0, False, 3], [1, 0, 1, 1, 6, True]]
    high = [END, [0, 1, 1, 1, 0, False, 2], [1, 0, 1, 1, 6, True]]
    # Worth 6 (1 - x) / 8 + 6 x / 4 = 3/4 + 3 x / 4: as much as 1 at x = 1/3.
    line = line_of({"low": rows_document(*low, states=2), "high": rows_document(*high, states=2)})
    document = certified(line, HALF)
    verify(document)
    assert [f for f, *_ in document["points"]] == [[-1, 3]]
    assert all(len(n) == 2 for _, _, n in document["intervals"])


def test_a_line_that_changes_nothing_is_certified() -> None:
    model = aima(Fraction(-1, 25))
    assert verify(certified(ModelLine(model, model), "9/10")).regions == 1


def test_a_state_without_actions_is_worth_nothing() -> None:
    line = ModelLine(
        *(MDP.from_rows([(0, 0, 1, 1, r, False)], n_states=2, n_actions=1) for r in (1, 2))
    )
    document = certified(line, HALF)
    verify(document)
    assert document["at_low"] == [[0], []]
    for forged in ([1], [0, 1]):
        assert not accepted(changed(document, ("intervals", 0, 2, 1), forged))


# -- at gamma = 1


def test_waiting_for_nothing_is_told_from_ending() -> None:
    assert verify(WAIT) == Verification(1, 1, 0, 0, "1")
    assert certified(line_of(WAIT), 1) == WAIT
    for sets in ([[0]], [[0, 1]]):
        assert not accepted(changed(WAIT, ("intervals", 0, 0), sets))


def test_breakpoints_and_touches_are_counted() -> None:
    """4 x (1 - x) touches 1 at 1/2, and 4 x / 3 crosses it at 3/4; 1/2 is crossed twice."""
    low = [[0, 0, 0, 1, 0, True], [0, 1, 0, 1, 1, True], [0, 2, 0, 1, 0, True]]
    high = [[0, 0, 1, 1, 0, False], [0, 1, 0, 1, 1, True], [0, 2, 0, 1, "4/3", True]]
    ends = {
        name: {**rows_document(*rows, [1, 0, 1, 1, paid, True], states=2), "n_actions": 3}
        for name, rows, paid in (("low", low, 4), ("high", high, 0))
    }
    assert verify(certified(line_of(ends), 1)) == Verification(2, 2, 1, 1, "1")
    for end in ends.values():
        end["transitions"][1:3] = [[0, 1, 0, 1, "1/2", True], [0, 2, 0, 1, 0, True]]
    assert verify(certified(line_of(ends), 1)) == Verification(2, 3, 2, 0, "1")


def test_a_point_left_out_at_gamma_one_is_rejected() -> None:
    """A touch at 1/3, 9 x (2/3 - x) = 1, that half way tells nothing of; and any other point."""
    low = [[0, 0, 0, 1, 0, True], [0, 1, 0, 1, 1, True], [1, 0, 1, 1, 6, True]]
    high = [[0, 0, 1, 1, 0, False], [0, 1, 0, 1, 1, True], [1, 0, 1, 1, -3, True]]
    ends = {"low": rows_document(*low, states=2), "high": rows_document(*high, states=2)}
    documents = [certified(line_of(ends), 1), idle()]
    assert verify(documents[0]).touches == 1
    documents += [certified(*solvable(seed)) for seed in (17, 101, 122, 125)]
    for document in documents:
        assert document["gamma"] == "1"
        for gone in range(len(document["points"])):
            for kept in (0, 1):
                shorter = copy.deepcopy(document)
                del shorter["points"][gone], shorter["intervals"][gone + kept]
                assert not accepted(shorter)


def test_values_that_are_right_at_a_point_only_tell_nothing_beside_it() -> None:
    """1 against 1 + x: N = 30 x - 9 is 1 at 1/3, and 2 1/4 in the middle of its interval."""
    low, high = (rows_document(END, [0, 1, 0, 1, wage, True]) for wage in (1, 2))
    document = certified(line_of({"low": low, "high": high}), 1)
    assert document["points"] == []
    document["intervals"] *= 2
    place = [[-1, 3], [3, 4]]
    told = {**document, "points": [[*place, [[1]], [1], [[1, 1]], [[]]]]}
    assert verify(told) == Verification(1, 1, 0, 0, "1")  # a point where nothing changes
    forged = {**document, "points": [[*place, [[0]], [1], [[-9, 30]], [[]]]]}
    with pytest.raises(CertificateError, match="action 1: its sign is not shown at the point"):
        verify(forged)


def test_ending_at_a_price_is_not_better_than_resting() -> None:
    """h = -1 solves h = r + P h for both; resting has e = 1: its average of h is not 0."""
    rows = rows_document([0, 0, 0, 1, 0, False], [0, 1, 0, 1, -1, True])
    document = certified(line_of({"low": rows, "high": rows}), 1)
    assert document["intervals"] == [[[[0]], [1], [[]], [[]]]]
    for w in ([], [1], [-1]):
        forged = {**document, "intervals": [[[[1]], [1], [[-1]], [w]]]}
        assert not accepted(forged)
    with pytest.raises(CertificateError, match="action 0: it is better than the set in the long"):
        verify({**document, "intervals": [[[[1]], [1], [[-1]], [[]]]]})


def test_where_an_end_gains_for_ever_nothing_is_stated() -> None:
    """A loop that ends with 1 - x, and pays 1: worth 1 / (1 - x)."""
    low = rows_document([0, 0, 0, 1, 1, True], [0, 1, 0, 1, 2, True])
    high = rows_document([0, 0, 0, 1, 1, False], [0, 1, 0, 1, 2, True])
    document = certified(line_of({"low": low, "high": high}), 1)
    verify(document)
    assert (document["at_low"][0], document["at_high"]) == ([[1]], None)
    assert [f for f, *_ in document["points"]] == [[-1, 2]]
    for d in ([1], [-1, 1]):
        assert not accepted({**document, "at_high": [[[0]], d, [[1]], [[]]]})


@pytest.mark.parametrize("shift", [1, -1])
def test_values_moved_by_a_constant_are_rejected(shift: int) -> None:
    """h + 1 solves h = r + P h as well where nothing ends: what averages to 0 is told by w."""
    toggle = [[0, 0, 1, 1, 1, False], [1, 0, 0, 1, -1, False]]
    ends = {end: rows_document(*toggle, states=2) for end in ("low", "high")}
    document = certified(line_of(ends), 1)
    assert accepted(document)
    _, d, n, w = document["intervals"][0]
    moved = [[own[0] + shift * d[0]] for own in n]
    assert moved != n
    for more in ([[]] * 2, w, [[1], [-1]], [[5], []]):
        assert not accepted(changed(document, ("intervals", 0, 2), moved) | {"intervals": [
            [document["intervals"][0][0], d, moved, more]]})  # fmt: skip


@pytest.mark.parametrize("seed", [101, 125])
def test_points_where_only_a_third_term_decides_change_nothing(seed: int) -> None:
    """Two ways of one total that take other times: no policy is best in w on the whole interval."""
    line, gamma = solvable(seed)
    document = certified(line, gamma)
    assert (verify(document).breakpoints, verify(document).touches) == (0, 0)
    assert len(document["points"]) > 0


# -- at gamma = 1, of transitions that take several steps


def stop_or_go_round(steps: int, back: int) -> ModelLine:
    """End with x; or be paid 1, and -1 after some steps, and so on, for ever."""
    low, high = (
        rows_document(
            [0, 0, 1, 1, 1, False, steps], [0, 1, 0, 1, x, True], [1, 0, 0, 1, -1, False, back],
            states=2,
        )
        for x in (0, 1)
    )  # fmt: skip
    return line_of({"low": low, "high": high})


@pytest.mark.parametrize(("steps", "back"), [(3, 1), (1, 1), (2, 5)])
def test_what_is_owned_for_a_part_of_the_time(steps: int, back: int) -> None:
    """The total is 1 for some steps and 0 for the others: worth their share of the time."""
    document = certified(stop_or_go_round(steps, back), 1)
    assert verify(document) == Verification(2, 2, 1, 0, "1")
    share = Fraction(steps, steps + back)
    root = [-share.numerator, share.denominator]
    assert [polynomial for polynomial, *_ in document["points"]] == [root]
    for end in ("low", "high"):
        assert not accepted(changed(document, (end, "transitions", 0), [0, 0, 1, 1, 1, False, 4]))


def slowed(seed: int) -> tuple[ModelLine, ModelLine]:
    """A random line of which transitions take up to 3 steps, and the same written out."""
    line, random = random_line(seed)[0], Random(seed)
    taken = {kind: random.choice((1, 1, 2, 3)) for kind in itertools.product(range(8), repeat=3)}
    ends, n = ([], []), line.low.n_states
    waits = {key: k for k, key in enumerate(itertools.product(range(n), (2, 1)), n)}
    for mdp in (line.low, line.high):
        short: list[Any] = []
        long: list[Any] = [(k, 0, waits.get((t, left - 1), t), 1, 0, False)
                           for (t, left), k in waits.items()]  # fmt: skip
        for s, a, t, p, r, ended in mdp.rows():
            steps = 1 if ended else taken[s, a, t]
            short.append((s, a, t, p, r, ended, steps))
            long.append((s, a, waits.get((t, steps - 1), t), p, r, ended))
        for end, rows, more in zip(ends, (short, long), (0, len(waits)), strict=True):
            end.append(MDP.from_rows(rows, n_states=n + more, n_actions=mdp.n_actions, start=0))
    return ModelLine(*ends[0]), ModelLine(*ends[1])


@pytest.mark.parametrize("seeds", [range(20), pytest.param(range(20, 150), marks=pytest.mark.slow)])
def test_random_lines_of_several_steps_are_certified(seeds: range) -> None:
    """As found where every step is written out, and no other set passes."""
    proven = points = 0
    for seed in seeds:
        short, long = slowed(seed)
        try:
            found = policy_regions(short, gamma=1)
        except ValueError:  # something is gained or lost for ever
            continue
        n, other = short.low.n_states, policy_regions(long, gamma=1)
        assert [sets[:n] for sets in other.regions] == list(found.regions)
        assert [b.value for b in other.breakpoints] == [b.value for b in found.breakpoints]
        document = json.loads(json.dumps(certificate(short, found)))
        counts = len(found.regions), len(found.breakpoints), len(found.touches)
        assert verify(document) == Verification(n, *counts, "1"), seed
        proven, points = proven + 1, points + len(document["points"])
        for i, (sets, *_) in enumerate(document["intervals"]):
            for s, actions in enumerate(sets):
                for forged in (actions[1:], [a for a in range(3) if a not in actions]):
                    assert not accepted(changed(document, ("intervals", i, 0, s), forged)) or (
                        forged == actions
                    ), (seed, i, s)
    assert proven > len(seeds) / 4 and points > len(seeds) / 8


# -- who gets none


@pytest.mark.parametrize("gamma", ["3/2", 2, "-1/2", 0.5, None])
def test_gamma_is_from_0_to_1(gamma: Any) -> None:
    """Even where it does not matter: everything ends at once."""
    ends = {end: rows_document(END, [0, 1, 0, 1, 2, True]) for end in ("low", "high")}
    document = certified(line_of(ends), HALF)
    assert accepted(document)
    assert accepted({**document, "gamma": 0})
    assert not accepted({**document, "gamma": gamma})


def test_incomplete_regions_get_no_certificate() -> None:
    line = ModelLine.of(aima, low=-2, high=0)
    with pytest.raises(BudgetExceeded) as stop:
        policy_regions(line, gamma="9/10", max_breakpoints=2)
    with pytest.raises(ValueError, match="incomplete: a certificate needs them up to living = 0"):
        certificate(line, stop.value.best)


def test_regions_of_something_else_get_no_certificate() -> None:
    line, other = (ModelLine.of(aima, low=low, high=0) for low in (-2, -1))
    found = policy_regions(line, gamma="9/10")
    with pytest.raises(ValueError, match="these regions are of another line"):
        certificate(other, found)
    with pytest.raises(TypeError, match="regions must be those of the model"):
        certificate(line.low, found)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="regions must be those of the line"):
        certificate(line, policy_regions(line.low))  # type: ignore[call-overload]


# -- forgeries


def says_the_same(original: Document, path: Path_, mutation: Document) -> bool:
    """Whether a mutation proves as much as the original, by another route than the checker.

    d and N may have a common factor that is positive. A line of mutated models, or at another
    gamma, must have the very points and sets that are stated, according to the solver.
    """
    if original["gamma"] == "1" and path[0] not in ("low", "high", "gamma"):
        # Whatever hints prove it, it is as true as the original; and null states nothing.
        ends = [(claims(document)[:2]) for document in (original, mutation)]
        fewer = all(two in (one, None) for one, two in zip(*ends, strict=True))
        return fewer and claims(mutation)[2:] == claims(original)[2:]
    if path[0] == "intervals" and len(path) > 3 and path[2] in (1, 2):
        return same_values(at(original, path[:2]), at(mutation, path[:2]))
    return path[0] in ("low", "high", "gamma") and is_as_stated(mutation)


def same_values(original: Any, mutation: Any) -> bool:
    """Whether N / d are the same, with d > 0 on [0, 1] and all in the normal form."""
    (_, d, n), (_, e, m) = original, mutation
    if any(p and not p[-1] for p in (e, *m)) or not e or len(n) != len(m):
        return False
    equal = all(
        fmpz_poly(a) * fmpz_poly(e) == fmpz_poly(b) * fmpz_poly(d)
        for a, b in zip(n, m, strict=True)
    )
    return equal and e[0] > 0 and sum(e) > 0 and isolate_roots(e) == []


def is_as_stated(document: Document) -> bool:
    """Whether the solver finds the stated points and sets on the line."""
    try:
        found = certified(line_of(document), document["gamma"])
    except (ValueError, TypeError):
        return False
    return claims(found) == claims(document)


def claims(document: Document) -> Any:
    """What a certificate states, without its hints; minimal polynomials tell the points."""
    ends = [document["at_low"], document["at_high"]]
    if document["gamma"] == "1":
        ends = [None if end is None else end[0] for end in ends]
    points = [(entry[0], entry[2]) for entry in document["points"]]
    return *ends, points, [entry[0] for entry in document["intervals"]]


@pytest.mark.parametrize("name", SMALL)
def test_no_mutation_passes_unless_it_says_the_same(name: str) -> None:
    """Each number, text and flag changed, each entry of a list dropped, doubled or reordered."""
    document = SMALL[name]()
    count = 0
    for path, mutation in mutations(document):
        if accepted(mutation):
            assert says_the_same(document, path, mutation), (path, at(mutation, path))
        elif path[0] not in ("low", "high", "gamma") and document["gamma"] != "1":
            # Elsewhere old hints need not fit.
            assert not says_the_same(document, path, mutation), (path, at(mutation, path))
        count += 1
    assert count > (150 if name == "wait" else 300)


@pytest.mark.parametrize("name", ["by hand", "wage", "wait", "idle"])
def test_nonsense_anywhere_is_rejected_in_one_line(name: str) -> None:
    """Any node replaced by a value of another kind: refused by name, never a crash."""
    document = SMALL[name]()
    paths = {path[:k] for path, _ in leaves(document) for k in range(1, len(path) + 1)}
    for path in sorted(paths, key=str):
        for value in ODD:
            mutation = changed(document, path, value)
            if accepted(mutation) and at(document, path) is not value:
                assert says_the_same(document, path, mutation), (path, value)


def test_missing_and_unknown_keys_are_rejected() -> None:
    for key in BY_HAND:
        assert not accepted({k: v for k, v in BY_HAND.items() if k != key})
    assert not accepted({**BY_HAND, "more": 1})


def test_a_certificate_of_the_other_kind_is_rejected() -> None:
    for schema in ("qdecay.certificate/1", "qdecay.line-certificate/2", "", None):
        assert not accepted({**BY_HAND, "schema": schema})


def test_a_point_or_a_region_left_out_is_rejected() -> None:
    for document in (BY_HAND, touching(), conjugates()):
        for gone in range(len(document["points"])):
            for kept in (0, 1):
                shorter = copy.deepcopy(document)
                del shorter["points"][gone], shorter["intervals"][gone + kept]
                assert not accepted(shorter)


@pytest.mark.parametrize("shift", [Fraction(-1, 10**30), Fraction(1, 10**30)])
def test_a_breakpoint_moved_by_1e_30_is_rejected(shift: Fraction) -> None:
    x = HALF + shift
    assert not accepted(changed(BY_HAND, ("points", 0, 0), [-x.numerator, x.denominator]))


def test_the_worst_action_is_rejected_whatever_the_sign_of_d() -> None:
    """Or a d with a root inside, at an end, or negative throughout."""
    for d, n in (([-1], [-1]), ([1, -2], [1, -2]), ([0, 1], [0, 1]), ([1, -1], [1, -1]),
                 ([1, -4, 4], [1, -4, 4])):  # fmt: skip
        assert not accepted(changed(BY_HAND, ("intervals", 0), [[[0]], d, [n]]))
        assert not accepted(changed(BY_HAND, ("intervals", 0), [[[1]], d, [n]]))
    double = changed(BY_HAND, ("intervals", 0), [[[0]], [2, 1], [[2, 1]]])  # positive: 2 + x
    assert accepted(double)


def test_values_of_another_policy_are_rejected() -> None:
    """Those of the other action, for the sets of this one."""
    first, second = BY_HAND["intervals"]
    swapped = [[first[0], *second[1:]], [second[0], *first[1:]]]
    assert not accepted({**BY_HAND, "intervals": swapped})
    assert not accepted({**BY_HAND, "intervals": [second, first]})


@pytest.mark.parametrize(("end", "sets"), [("at_low", [[1]]), ("at_low", [[0, 1]]),
                                           ("at_high", [[0]]), ("at_high", [[0, 1]])])  # fmt: skip
def test_sets_forged_at_an_end_are_rejected(end: str, sets: Any) -> None:
    assert not accepted({**BY_HAND, end: sets})


def test_a_tie_at_an_end_is_proven_and_cannot_be_left_out() -> None:
    """Paid 1, or 1 + x: as much at the low end."""
    ends = [rows_document(END, [0, 1, 0, 1, wage, True]) for wage in (1, 2)]
    document = certified(line_of({"low": ends[0], "high": ends[1]}), HALF)
    assert (document["at_low"], document["at_high"]) == ([[0, 1]], [[1]])
    assert accepted(document)
    for forged in ([[0]], [[1]]):
        assert not accepted({**document, "at_low": forged})
    back = certified(line_of({"low": ends[1], "high": ends[0]}), HALF)
    assert accepted(back)
    assert not accepted({**back, "at_high": [[0]]})


def test_models_of_other_shapes_are_rejected() -> None:
    with pytest.raises(CertificateError, match="low, high: other available actions"):
        verify(changed(BY_HAND, ("high", "transitions"), [END]))
    for size in ("n_states", "n_actions"):
        with pytest.raises(CertificateError, match="low, high: other numbers of states or actions"):
            verify(changed(BY_HAND, ("high", size), 3))
    with pytest.raises(CertificateError, match="high: transition 1: a probability"):
        verify(changed(BY_HAND, ("high", "transitions", 1, 3), "-1/2"))
    with pytest.raises(CertificateError, match="low: state 0, action 1: the probabilities do not"):
        verify(changed(BY_HAND, ("low", "transitions", 1, 3), "1/2"))


def test_the_reason_names_the_place() -> None:
    with pytest.raises(CertificateError, match="interval 1, state 0, action 0: it is better"):
        verify(changed(BY_HAND, ("intervals", 1), [[[1]], [4, -2], [[2]]]))
    document = changed(changed(BY_HAND, ("low", "transitions"), []), ("high", "transitions"), [])
    document |= {"at_low": [[]], "at_high": [[]], "points": []}
    with pytest.raises(CertificateError, match="interval 0, state 0: it has no action"):
        verify({**document, "intervals": [[[[]], [1], [[1]]]]})


HOSTILE: list[tuple[str, Callable[[Document], object]]] = [
    ("too many steps", lambda d: d["low"]["transitions"].__setitem__(
        1, [0, 1, 0, 1, 0, False, 10**6])),
    ("degree", lambda d: d["intervals"][0][1].extend([0] * 5_000 + [1])),
    ("degree", lambda d: d["intervals"][0][2][0].extend([0] * 5_000 + [1])),
    ("out of range", lambda d: d["intervals"][0][2][0].append(10**40_000)),
    ("too short", lambda d: d["points"][0][1].__setitem__(1, 10**9)),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "spoil"), HOSTILE)
def test_hostile_documents_are_refused(reason: str, spoil: Any) -> None:
    document = copy.deepcopy(BY_HAND)
    spoil(document)
    with pytest.raises(CertificateError, match=reason) as refusal:
        verify(document)
    beyond = reason != "out of range"
    assert refusal.type is (BeyondChecker if beyond else CertificateError)


@pytest.mark.parametrize("seed", range(40))
def test_sets_of_random_lines_forged_anywhere_are_rejected(seed: int) -> None:
    """One action more, one less, or another, in a set of an interval, a point, or an end."""
    line, gamma = solvable(seed)
    document = certified(line, gamma)
    available = Policies(line.low).available
    known = [end for end in ("at_low", "at_high") if document[end] is not None]
    places: list[Path_] = [(end, 0) if gamma == 1 else (end,) for end in known]
    places += [("points", i, 2) for i in range(len(document["points"]))]
    places += [("intervals", i, 0) for i in range(len(document["intervals"]))]
    for place in places:
        for s, actions in enumerate(at(document, place)):
            for other in available[s]:
                forged = sorted({*actions} ^ {other})
                if forged:
                    assert not accepted(changed(document, (*place, s), forged)), (place, s)
