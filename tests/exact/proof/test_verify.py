"""The checker of certificates alone: for each of its rules a forgery that only this rule refuses.

All certificates are written by hand. Most are of a choice between streams of rewards: with q = 1
and d = 1, the advantage of a stream over the best one is the difference of the two polynomials, so
that roots can be chosen at will.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from fractions import Fraction
from typing import Any

import pytest

from qdecay.exact.proof import signs
from qdecay.exact.proof.over_gamma import SCHEMA, read_model
from qdecay.exact.proof.signs import count_roots, quotient, require_memory, sign_at, without
from qdecay.exact.proof.verify import (
    BeyondChecker,
    CertificateError,
    Verification,
    verify,
)

Document = dict[str, Any]
ZERO, ONE = Fraction(0), Fraction(1)
HALF = [-1, 2]


def product(*factors: list[int]) -> list[int]:
    """The product of polynomials, constant term first."""
    result = [1]
    for factor in factors:
        terms = [0] * (len(result) + len(factor) - 1)
        for (i, x), (j, y) in itertools.product(enumerate(result), enumerate(factor)):
            terms[i + j] += x * y
        result = terms
    return result


def negative(p: list[int]) -> list[int]:
    return [-x for x in p]


def model(n_states: int, n_actions: int, transitions: list[Any]) -> Document:
    return {
        "schema": "qdecay.mdp/1",
        "n_states": n_states,
        "n_actions": n_actions,
        "transitions": transitions,
    }


def streams(*rewards: list[Any]) -> tuple[Document, int]:
    """A model in which action a of state 0 pays rewards[a] and then ends; its number of states."""
    transitions, states = [], 1
    for action, stream in enumerate(rewards):
        state = 0
        for k, reward in enumerate(stream):
            last = k == len(stream) - 1
            following = 0 if last else states
            transitions.append([state, 0 if state else action, following, 1, reward, last])
            if not last:
                state, states = states, states + 1
    return model(states, len(rewards), transitions), states


def certificate(
    rewards: list[list[Any]], at_zero: list[int], points: list[Any], inside: list[list[int]]
) -> Document:
    """A certificate that states sets of state 0: at zero, at points [f, place, set], inside."""
    document, states = streams(*rewards)
    rest = [[0]] * (states - 1)
    return {
        "schema": "qdecay.certificate/1",
        "model": document,
        "at_zero": [at_zero, *rest],
        "points": [[f, place, [actions, *rest]] for f, place, actions in points],
        "intervals": [[[actions, *rest], [1]] for actions in inside],
    }


def refused(document: Document, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason):
        verify(document)


# -- the sets


def test_a_true_breakpoint_and_what_is_forged_on_it() -> None:
    """2 x - 1 changes its sign at 1/2: each other set is refused, wherever it is stated."""
    now_or_later = [[0], HALF]
    points = [[HALF, [4, 4], [0, 1]]]
    verify(certificate(now_or_later, [0], points, [[0], [1]]))
    for wrong in ([1], [0, 1]):
        refused(certificate(now_or_later, wrong, points, [[0], [1]]), "left end")
    for wrong in ([0], [1]):
        forged = [[HALF, [4, 4], wrong]]
        refused(certificate(now_or_later, [0], forged, [[0], [1]]), "right end")
    refused(certificate(now_or_later, [0], points, [[0, 1], [1]]), "inside|left end")
    refused(certificate(now_or_later, [0], points, [[1], [1]]), "better than the set")
    refused(certificate(now_or_later, [0], points, [[0], [0]]), "better than the set")
    refused(certificate(now_or_later, [0], points, [[0], [0, 1]]), "better|inside")


def test_a_twin_must_be_in_every_set() -> None:
    """Two equal streams tie for all gamma; one alone is not the set, a third is not in it."""
    same = [[1], [1], [0]]
    verify(certificate(same, [0, 1], [], [[0, 1]]))
    for wrong in ([0], [1], [0, 1, 2]):
        refused(certificate(same, [0, 1], [], [wrong]), "the set inside is \\[0, 1\\]")
        refused(certificate(same, wrong, [], [[0, 1]]), "the set at its left end is \\[0, 1\\]")


def test_a_tie_at_zero_is_one_of_the_first_rewards() -> None:
    """-3 x and -6 x are 0 at 0 and below it after; the first is odd, the second even."""
    for slope in (-3, -6):
        verify(certificate([[0], [0, slope]], [0, 1], [], [[0]]))
        refused(certificate([[0], [0, slope]], [0], [], [[0]]), "left end")
    verify(certificate([[1], [0, 1]], [0], [], [[0]]))  # x - 1: no statement at 1
    verify(certificate([[1], [-1, 2]], [0], [], [[0]]))


@pytest.mark.parametrize("action", [1, 2, -1, True, "0", None, [0]])
def test_only_numbers_of_available_actions_are_actions(action: Any) -> None:
    """The second action of the second state is not there."""
    good = certificate([[0, 0], [-1]], [0], [], [[0]])
    verify(good)
    forged = copy.deepcopy(good)
    forged["at_zero"][1] = [action]
    refused(forged, "at_zero, state 1")
    forged = copy.deepcopy(good)
    forged["intervals"][0][0][1] = [action]
    refused(forged, "interval 0, state 1")


def test_sets_are_sorted_and_not_empty() -> None:
    same = [[1], [1]]
    verify(certificate(same, [0, 1], [], [[0, 1]]))
    for wrong in ([1, 0], [0, 0, 1], []):
        refused(certificate(same, wrong, [], [[0, 1]]), "not a sorted set of available actions")
        refused(certificate(same, [0, 1], [], [wrong]), "not a sorted set of available actions")


def test_a_state_without_actions_is_worth_nothing() -> None:
    """0 now, or on to where nothing can be done: were that worth anything, it would not tie."""
    transitions = [[0, 0, 0, 1, 0, True], [0, 1, 1, 1, 0, False]]
    document = {
        "schema": "qdecay.certificate/1",
        "model": model(2, 2, transitions),
        "at_zero": [[0, 1], []],
        "points": [],
        "intervals": [[[[0, 1], []], [1]]],
    }
    verify(document)
    document["at_zero"] = [[0, 1], [0]]
    refused(document, "at_zero, state 1: not a sorted set")


# -- the points


def two_points() -> Document:
    """Better from 1/2 to 5/8, and nowhere else."""
    c = product(negative(HALF), [-5, 8])
    points = [[HALF, [16, 6], [0, 1]], [[-5, 8], [20, 6], [0, 1]]]
    return certificate([[0], c], [0], points, [[0], [1], [0]])


def test_points_stand_in_order_and_apart() -> None:
    """Their intervals may not meet, let alone overlap or change places."""
    document = two_points()
    verify(document)
    for first, second in [([4, 4], [10, 5]), ([8, 5], [10, 5])]:
        document["points"][0][1], document["points"][1][1] = first, second
        verify(document)
    document["points"][0][1], document["points"][1][1] = [4, 3], [5, 4]
    refused(document, "point 1: not right of the one before")
    # Neighbours with one end in common, 9/16: 1/2 and 5/8 in (7/16, 9/16) and (9/16, 11/16).
    document["points"][0][1], document["points"][1][1] = [4, 4], [5, 4]
    refused(document, "point 1: not right of the one before")
    document = two_points()
    document["points"].reverse()
    refused(document, "point 1: not right of the one before")


def test_a_point_is_a_root_inside_its_interval() -> None:
    """3/4 is the end of (1/4, 3/4), and not in (1/2, 5/8) at all; 2 x^2 - 1 + ... has none."""
    document = certificate([[0], [-3, 4]], [0], [[[-3, 4], [12, 5], [0, 1]]], [[0], [1]])
    verify(document)
    for place in ([1, 2], [2, 3], [7, 4], [5, 4], [13, 4]):
        document["points"][0][1] = place
        refused(document, "point [01]: not (shown to lie in its interval|right of)")


def test_another_root_of_f_hides_nothing() -> None:
    """Better from 1/2 to 4/5, or from 1/5 to 1/2, and passed off as a touch at 1/2.

    Divided by an f with both roots the advantage is a constant; (1/4, 3/4) is so wide that the
    middles of the intervals beside it lie where the advantage is negative.
    """
    for other in ([-4, 5], [-1, 5]):
        c = negative(product(HALF, other))
        for f in (product(HALF, other), c):
            forged = certificate([[0], c], [0], [[f, [1, 2], [0, 1]]], [[0], [0]])
            refused(forged, "point 0: its polynomial has another root nearby")


def test_as_many_roots_as_points_share_the_polynomial() -> None:
    """f = (4 x - 1)(2 x - 1)(4 x - 3) for two points hides the third root, wherever it is."""
    factors = [[-1, 4], HALF, [-3, 4]]
    places = [[8, 6], [16, 6], [24, 6]]
    f = product(*factors)
    points = [[f, place, [0, 1]] for place in places]
    sets = [[0], [1], [0], [1]]
    verify(certificate([[0], f], [0], points, sets))
    for left_out in range(3):
        kept = [point for k, point in enumerate(points) if k != left_out]
        refused(certificate([[0], f], [0], kept, sets[:3]), "another root nearby|better|worse")
    middle = certificate([[0], f], [0], [points[0], points[2]], [[0], [1], [1]])
    refused(middle, "another root nearby")


def test_the_middle_lies_between_the_points() -> None:
    """Close points far from 0: beside them the sign is another one."""
    f, g = [-1001, 2000], [-1003, 2000]  # 0.5005 and 0.5015
    c = negative(product(f, g))
    points = [[f, [4100, 14], [0, 1]], [g, [4108, 14], [0, 1]]]
    verify(certificate([[0], c], [0], points, [[0], [1], [0]]))
    refused(certificate([[0], negative(c)], [0], points, [[0], [1], [0]]), "better than the set")


def test_a_region_or_touch_left_out_is_seen() -> None:
    """Two roots, or a double one, away from the middle; alone, and beside a stated point."""
    for hidden in (
        product([-1, 8], [-1, 4]),
        product([-1, 8], [-1, 8]),
        product([-4, 5], [-9, 10]),
    ):
        forged = certificate([[0], negative(hidden)], [0], [], [[0]])
        refused(forged, "not shown to be worse throughout")
        c = negative(product(hidden, HALF, HALF))
        forged = certificate([[0], c], [0], [[HALF, [16, 6], [0, 1]]], [[0], [0]])
        refused(forged, "better than the set|not shown to be worse throughout")


def test_a_region_within_the_interval_of_a_point_is_seen() -> None:
    """Better from 1/2 to 5/8 and from 3/8 to 1/2, both inside the interval around the point."""
    for other in ([-5, 8], [-3, 8]):
        c = negative(product(HALF, other))
        forged = certificate([[0], c], [0], [[HALF, [1, 2], [0, 1]]], [[0], [0]])
        refused(forged, "not shown to be worse throughout")


def test_where_nothing_changes_there_is_no_point() -> None:
    """A stream that always wins; with a twin, too. A touch is a change, for one point."""
    for rewards, best in ([[1], [0]], [0]), ([[1], [0], [1]], [0, 2]):
        cut = certificate(rewards, best, [[HALF, [16, 6], best]], [best, best])
        refused(cut, "point 0: nothing changes there")
    touch = negative(product(HALF, HALF))
    verify(certificate([[0], touch], [0], [[HALF, [16, 6], [0, 1]]], [[0], [0]]))
    third = [HALF, [16, 6], [0, 1]], [[-3, 4], [48, 7], [0]]
    refused(certificate([[0], touch], [0], list(third), [[0]] * 3), "point 1: nothing changes")


# -- the denominators


def loop(reward: Any, probability: Any, d: list[int]) -> Document:
    """One state with one action, which goes on with some probability: worth r / (1 - p gamma)."""
    rest = 1 - Fraction(probability)
    transitions = [[0, 0, 0, str(probability), reward, False]]
    if rest:
        transitions.append([0, 0, 0, str(rest), reward, True])
    return {
        "schema": "qdecay.certificate/1",
        "model": model(1, 1, transitions),
        "at_zero": [[0]],
        "points": [],
        "intervals": [[[[0]], d]],
    }


def test_d_is_positive_below_one_and_makes_the_values_polynomials() -> None:
    """With q = 3 and p = 2/3, d is 1 - 2 y times whatever is positive on (0, 1/3)."""
    for factor in ([1], [1, -3], [2], [5, 1], [1, -6, 9], [1, 0, 1], [1, -2]):
        verify(loop(1, Fraction(2, 3), product([1, -2], factor)))
    for factor in ([-1], [1, -4], [0, 1], [-1, 3], [1, -8, 16], [1, -8, 15], [-1, 6, -9]):
        refused(loop(1, Fraction(2, 3), product([1, -2], factor)), "d is not shown to be positive")
    for d in ([1], [1, -1], [1, -3], [1, 2], [3, -2]):
        refused(loop(1, Fraction(2, 3), d), "not a polynomial of degree")
    verify(loop(1, 1, [1, -1]))  # 0 at gamma = 1 only
    verify(loop(1, 1, [1, -2, 1]))
    refused(loop(1, 1, [1, -3, 2]), "d is not shown to be positive")


def test_d_is_needed_only_where_values_go_on() -> None:
    """A loop that pays nothing is worth 0: any positive d is right, and of any degree."""
    for d in ([1], [7], [1, 1], [1, -1, 0, 0, 1]):
        verify(loop(0, 1, d))
    refused(loop(0, 1, [1, -1, 0, -1]), "d is not shown to be positive")


def test_a_degree_beyond_the_limit_is_refused() -> None:
    """f and d of degree 2000 are read, of 2001 not; values of any degree need a d."""
    document = certificate([[0], HALF], [0], [[HALF, [16, 6], [0, 1]]], [[0], [1]])
    far = [1] + [0] * 1999 + [1]
    for place, rule in (
        (document["points"][0], "not shown to lie"),
        (document["intervals"][0], "not a polynomial of degree < 2000"),
    ):
        where = 0 if place is document["points"][0] else 1
        old = place[where]
        place[where] = far
        refused(document, rule)
        place[where] = [*far, 1]
        refused(document, "not a degree in 0..2000")
        place[where] = old
    verify(document)


@pytest.mark.parametrize("wrong", [[], [0], [1, 0], [1, -1, 0], [True], ["1"], [1.0], 1, None])
def test_polynomials_are_lists_of_integers_with_a_last_one(wrong: Any) -> None:
    document = certificate([[0], HALF], [0], [[HALF, [16, 6], [0, 1]]], [[0], [1]])
    document["points"][0][0] = wrong
    refused(document, "point 0: (not a degree|an entry is not an integer|not a list)")
    document["points"][0][0] = HALF
    document["intervals"][1][1] = wrong
    refused(document, "interval 1: (not a degree|an entry is not an integer|not a list)")


# -- limits: what is refused and what is not


def test_the_shortest_interval_and_the_longest_numbers() -> None:
    """10^5 bits each: 3/8 within 2^-99998 is a point, and one bit more is refused."""
    bits = 10**5
    centre = 3 * 2 ** (bits - 4)
    document = certificate([[0], [-3, 8]], [0], [[[-3, 8], [centre, bits], [0, 1]]], [[0], [1]])
    verify(document)
    document["points"][0][1] = [2 * centre, bits + 1]
    refused(document, "point 0: (the interval is too short|an entry is not an integer)")
    for size, reason in ((2**bits, "not shown to lie"), (2**bits + 1, "out of range")):
        document["points"][0][:2] = [[size, 1], [1, 2]]
        refused(document, reason)
        document["points"][0][:2] = [[-size, -1], [1, 2]]
        refused(document, reason)


@pytest.mark.parametrize("place", [[0, 1], [0, 0], [1, 0], [-1, 2], [1, -2], [1, 1]])
def test_intervals_lie_between_zero_and_one(place: list[int]) -> None:
    """Also an f with a root at 0 or 1 is no way out."""
    for f in (HALF, [0, 1], [-1, 1], product([0, 1], HALF)):
        document = certificate([[0], HALF], [0], [[f, place, [0, 1]]], [[0], [1]])
        refused(document, "out of range|not right of")


def test_as_many_states_and_actions_as_are_said() -> None:
    """100,000 of each are read; indices go from 0 to one less."""
    assert len(read_model(model(10**5, 1, [])).rows) == 10**5
    assert read_model(model(1, 10**5, [[0, 10**5 - 1, 0, 1, 1, True]])).rows[0].keys() == {99999}
    for wrong in (0, -1, 10**5 + 1, "1", True, None, 1.0):
        for sizes in ((wrong, 1), (1, wrong)):
            with pytest.raises(CertificateError, match="model: an entry is not an integer, or out"):
                read_model(model(*sizes, []))
    assert read_model(model(3, 2, [[2, 1, 2, 1, 1, False]])).rows[2] == {1: (1, [(2, 1)])}
    for wrong in ([3, 0, 0], [0, 2, 0], [0, 0, 3], [-1, 0, 0], [0, -1, 0], [0, 0, -1]):
        with pytest.raises(CertificateError, match="transition 0: an entry is not an integer"):
            read_model(model(3, 2, [[*wrong, 1, 1, False]]))


def test_a_model_in_integers() -> None:
    """Halves and thirds have the denominator 6; rewards 1/4 and 1/10 are 5 and 2 of 20."""
    transitions = [
        [0, 0, 0, "1/2", "1/4", False],
        [0, 0, 1, "1/2", "1/10", True],
        [1, 1, 0, "1/3", 1, False],
        [1, 1, 1, "2/3", -1, False],
    ]
    read = read_model(model(2, 2, transitions))
    assert read.q == 6
    reward = 3 * 5 + 3 * 2, 2 * 20 - 4 * 20
    assert read.rows == [{0: (reward[0], [(0, 3)])}, {1: (reward[1], [(0, 2), (1, 4)])}]


@pytest.mark.parametrize(
    ("transition", "reason"),
    [
        ([0, 0, 0, 0, 1, False], "a probability or flag"),
        ([0, 0, 0, -1, 1, False], "a probability or flag"),
        ([0, 0, 0, 1, 1, 0], "a probability or flag"),
        ([0, 0, 0, 1, 1, None], "a probability or flag"),
        ([0, 0, 0, "1/2", 1, False], "sum to 1"),
        ([0, 0, 0, 2, 1, False], "sum to 1"),
        ([0, 0, 0, 1, 1], "not 6 or 7 entries"),
        ([0, 0, 0, 1, 1, False, 1, 1], "not 6 or 7 entries"),
        ([0, 0, 0, 1, 1, False, False], "not an integer, or out of range"),
        ([0, 0, 0, 1, 1, False, 0], "not an integer, or out of range"),
        ([0, 0, 0, "1/0", 1, False], "not an integer"),
        ([0, 0, 0, 1, 1.0, False], "not an integer"),
        ([0, 0, 0, 1, True, False], "not an integer"),
        ([0, 0, 0, 1, "1_0", False], "not an integer"),
        ([0, 0, 0, 1, " 1", False], "not an integer"),
        ([0, 0, 0, 1, "1\n", False], "not an integer"),
        ([0, 0, 0, 1, None, False], "not an integer"),
        ((0, 0, 0, 1, 1, False), "not a list"),
    ],
)
def test_wrong_transitions_are_refused(transition: Any, reason: str) -> None:
    """A row alone, and one next to a good one."""
    with pytest.raises(CertificateError, match=reason):
        read_model(model(1, 1, [transition]))
    with pytest.raises(CertificateError, match=reason):
        read_model(model(2, 1, [[1, 0, 1, 1, 1, True], transition]))


def test_a_transition_of_several_steps_waits_in_states_after_the_model_s() -> None:
    """One for each target and remaining steps, numbered as they are needed; none at an end."""
    rows = [[0, 0, 1, "1/2", 6, False, 3], [0, 0, 1, "1/2", 0, False, 2]]
    rows += [[1, 0, 0, 1, 0, False, 2], [1, 1, 0, 1, 1, True, 9]]
    read = read_model(model(2, 2, rows))
    assert (read.q, read.states) == (2, 2)
    assert read.rows == [
        {0: (6, [(3, 1), (2, 1)])},
        {0: (0, [(4, 2)]), 1: (2, [])},
        {0: (0, [(1, 2)])},
        {0: (0, [(2, 2)])},
        {0: (0, [(0, 2)])},
    ]
    assert read.with_waiting([[0], [1]]) == [[0], [1], [0], [0], [0]]
    once = [[0, 0, 1, 1, 6, False, 1], [1, 0, 0, 1, 0, False]]
    assert read_model(model(2, 1, once)).rows == [{0: (6, [(1, 1)])}, {0: (0, [(0, 1)])}]


def test_as_many_steps_are_written_out_as_states_are_accepted() -> None:
    """A hundred thousand; no duration is longer than a million."""
    longest = read_model(model(1, 1, [[0, 0, 0, 1, 1, False, 10**5]]))
    assert len(longest.rows) == 10**5
    for duration in (10**5 + 1, 10**6):
        with pytest.raises(
            BeyondChecker, match="state 0, action 0: too many steps to check one by one"
        ):
            read_model(model(1, 1, [[0, 0, 0, 1, 1, False, duration]]))
    with pytest.raises(CertificateError, match="out of range") as caught:
        read_model(model(1, 1, [[0, 0, 0, 1, 1, False, 10**6 + 1]]))
    assert not isinstance(caught.value, BeyondChecker)


def test_a_certificate_with_a_duration_is_checked() -> None:
    """1 at once against 7 after three steps: 7 gamma^3 = 1, and for no other duration."""
    rows = [[0, 0, 0, 1, 1, True], [0, 1, 1, 1, 0, False, 3], [1, 0, 1, 1, 7, True]]
    stated = {
        "schema": SCHEMA,
        "model": model(2, 2, rows),
        "at_zero": [[0], [0]],
        "points": [[[-1, 0, 0, 7], [67, 8], [[0, 1], [0]]]],
        "intervals": [[[[0], [0]], [1]], [[[1], [0]], [1]]],
    }
    assert verify(stated) == Verification(states=2, regions=2, breakpoints=1, touches=0)
    for duration in (1, 2, 4):
        rows[1][6] = duration
        with pytest.raises(CertificateError):
            verify(stated)


def test_rewards_are_integers_or_text_of_up_to_4000_digits() -> None:
    """An integer of a parsed file may be as long as the file."""
    for reward in (10**5000, "9" * 4000, f"-1/{10**3999}", "-0"):
        assert len(read_model(model(1, 1, [[0, 0, 0, 1, reward, True]])).rows) == 1
    with pytest.raises(CertificateError, match="not an integer"):
        read_model(model(1, 1, [[0, 0, 0, 1, "9" * 4001, True]]))


def test_common_denominators_have_up_to_100000_bits() -> None:
    """Powers of 2, 3, .., 23 of up to 3900 digits, so that q has 99,999 bits and R has 1."""
    powers = [p ** int(3900 / math.log10(p)) for p in (3, 5, 7, 11, 13, 17, 19)]
    own = math.prod(powers)
    twos = 1
    while (own << twos).bit_length() < 99_999:
        twos += 1
    assert twos < 12_900, "the text of 2^twos has under 4000 digits"
    for extra, reason in ((0, "sum to 1"), (1, "the common denominators become too large")):
        rows = [[0, 0, 0, f"1/{p}", 1, True] for p in (*powers, 2 ** (twos + extra))]
        with pytest.raises(CertificateError, match=reason):
            read_model(model(1, 1, rows))
    rows = [[s, 0, s, 1, f"1/{p}", True] for s, p in enumerate((*powers, 2**twos))]
    assert read_model(model(8, 1, rows)).q == 1
    rows[-1][4] = f"1/{2 ** (twos + 1)}"
    with pytest.raises(CertificateError, match="the common denominators become too large"):
        read_model(model(8, 1, rows))


def test_512_mib_are_taken_for_one_table() -> None:
    """320 bits for each integer in a list, and those of the integer."""
    require_memory(1, 8 * 512 * 2**20 - 320)
    require_memory(2, 4 * 512 * 2**20 - 320)
    for numbers, bits in ((1, 8 * 512 * 2**20 - 319), (2, 4 * 512 * 2**20 - 319), (2**25, 0)):
        with pytest.raises(CertificateError, match="exceed what"):
            require_memory(numbers, bits)


def chain(length: int, probability: Any, d: list[int]) -> Document:
    """`length` states in a row, each of which goes on with a probability; 1 in each."""
    rest = 1 - Fraction(probability)
    transitions: list[Any] = []
    for s in range(length):
        last = s == length - 1
        transitions.append([s, 0, s if last else s + 1, str(probability), 1, last])
        if rest:
            transitions.append([s, 0, s, str(rest), 1, True])
    return {
        "schema": "qdecay.certificate/1",
        "model": model(length, 1, transitions),
        "at_zero": [[0]] * length,
        "points": [],
        "intervals": [[[[0]] * length, d]],
    }


@pytest.mark.parametrize(
    ("document", "needed"),
    [
        (chain(40, 1, [1]), 40 * 40 * 320),  # many states and powers
        (chain(40, 1, [10**1000]), 40 * 40 * 3000),  # long numbers
        (chain(3, f"1/{10**300}", [1] + [0] * 100 + [1]), 100 * 3 * 100 * 900),  # powers of q
        (chain(60, f"1/{10**20}", [1]), 60 * 60 * 60 * 60),  # powers of q, of the values
    ],
)
def test_tables_of_values_are_limited(
    document: Document, needed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four ways to a large table; a little less memory than that of its numbers is refused."""
    verify(document)
    monkeypatch.setattr(signs, "_MAX_BITS", needed)
    refused(document, "exceed what")


def test_long_denominators_in_many_transitions_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 numbers with a common denominator of 3000 digits each."""
    rows = [[s, 0, s, 1, f"1/{10**3000}" if s == 0 else 1, True] for s in range(200)]
    read_model(model(200, 1, rows))
    monkeypatch.setattr(signs, "_MAX_BITS", 100 * 3000 * 3)
    with pytest.raises(CertificateError, match="exceed what"):
        read_model(model(200, 1, rows))


# -- what is an object, a list, a number


def test_nothing_else_is_an_object_or_a_list() -> None:
    """In place of each part of a good certificate: a value of another kind."""
    good = two_points()

    class Other(dict):  # type: ignore[type-arg]
        """Like an object."""

    for key in good:
        smaller = {k: v for k, v in good.items() if k != key}
        refused(smaller, "not an object with the keys")
        refused({**smaller, "other": good[key]}, "not an object with the keys")
        for value in (None, 1, "x", (), {1: 2}, Other(good["model"])):
            refused({**good, key: value}, "not a list|not an object with|the schema must be")
    refused({**good, "more": 1}, "not an object with the keys")
    refused(Other(good), "not an object with the keys")  # type: ignore[arg-type]
    for value in ("qdecay.mdp/2", "", None):
        refused({**good, "schema": value}, "the schema must be")
        forged = {**good, "model": {**good["model"], "schema": value}}
        refused(forged, "model: the schema must be")
    for wrong in (good["intervals"][:-1], [*good["intervals"], good["intervals"][0]]):
        refused({**good, "intervals": wrong}, "intervals: not 3 entries")
    for k, part in enumerate(good["intervals"]):
        for wrong in (part[:1], [*part, 1], tuple(part)):
            forged = copy.deepcopy(good)
            forged["intervals"][k] = wrong
            refused(forged, f"interval {k}: not")
    for wrong in (good["points"][0][:2], [*good["points"][0], 1]):
        refused({**good, "points": [wrong, good["points"][1]]}, "point 0: not 3 entries")
    for wrong in ([1], [1, 2, 3], (16, 6), [True, 6], [16, True], ["16", 6], [16.0, 6]):
        forged = copy.deepcopy(good)
        forged["points"][0][1] = wrong
        refused(forged, "point 0: (not|an entry is not an integer)")


# -- the polynomials underneath


def value(p: list[int], x: Fraction) -> Fraction:
    """p(x), by the definition."""
    return sum((c * x**k for k, c in enumerate(p)), Fraction(0))


NUMBERS = random.Random(1)
ROOTS = sorted({Fraction(a, b) for b in range(1, 8) for a in range(-b, 2 * b + 1)})


def with_roots(roots: list[Fraction]) -> list[int]:
    return product(*([-x.numerator, x.denominator] for x in roots))


def test_signs_are_those_of_the_values() -> None:
    for _ in range(200):
        p = [NUMBERS.randint(-2, 2) for _ in range(NUMBERS.randint(1, 5))]
        x = NUMBERS.choice(ROOTS)
        exact = value(p, x)
        assert sign_at(p, x) == (exact > 0) - (exact < 0), (p, x)


def test_roots_that_were_put_in_are_counted() -> None:
    """Distinct rational roots and pairs of complex ones; ends are their own, 0 and 1 too."""
    for _ in range(300):
        roots = NUMBERS.sample(ROOTS, NUMBERS.randint(0, 5))
        a, b = sorted(NUMBERS.sample([x for x in ROOTS if 0 <= x <= 1], 2))
        pairs = [[NUMBERS.randint(1, 3), 0, 1]] * NUMBERS.randint(0, 1)
        p = product(with_roots(roots), *pairs, [NUMBERS.choice([-2, 3])])
        inside = sum(a < x < b for x in roots)
        assert count_roots(p, a, b, most=9) == inside, (roots, a, b)
        for most in range(inside):
            assert count_roots(p, a, b, most=most) > most
        assert count_roots(p, a, b, most=inside) == inside
        assert (count_roots(p, a, b) == 0) == (inside == 0)


def test_roots_at_zero_and_at_the_ends_are_not_inside() -> None:
    """x^2 (2 x - 1)(x - 1)^3."""
    p = product([0, 1], [0, 1], HALF, *[[-1, 1]] * 3)
    assert count_roots(p, ZERO, ONE, most=9) == 1
    assert count_roots(p, ZERO, Fraction(1, 2), most=9) == 0
    assert count_roots(p, Fraction(1, 2), ONE, most=9) == 0
    assert count_roots([1, -2, 1], ZERO, ONE) == 0


def test_roots_1e_60_apart_are_told_apart() -> None:
    """x^2 - 2/3 x + 1/9 less 10^-120 / 4."""
    p = [4 * 10**120 - 9, -24 * 10**120, 36 * 10**120]
    assert count_roots(p, ZERO, ONE, most=2) == 2
    assert count_roots([p[0] + 18, *p[1:]], ZERO, ONE, most=2) == 0


@pytest.mark.parametrize("other", [[1], [1] + [0] * 20 + [1]])
def test_a_double_root_that_halving_never_meets_is_not_looked_for_for_ever(
    other: list[int],
) -> None:
    """(3 x - 1)^2, also times x^21 + 1: roots that cannot be separated count as more than asked."""
    for most in range(3):
        assert count_roots(product([1, -6, 9], other), ZERO, ONE, most=most) == most + 1


def test_one_change_of_sign_is_one_root_however_high_the_degree() -> None:
    """(2/3)^(1/9000): halving would take a table of over 512 MiB; so would no root at all."""
    near = Fraction(2**60 - 1, 2**60)
    p = [-2] + [0] * 8999 + [3]
    assert count_roots(p, 1 - near, near) == 1
    assert count_roots([2, *p[1:]], 1 - near, near) == 0
    with pytest.raises(CertificateError, match="exceed what"):
        count_roots([2, -6, 3, *p[3:]], 1 - near, near, most=1)


def test_halving_takes_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A double root takes two bits more in each coefficient at each halving."""
    p = [1, -6, 9]
    assert count_roots(p, ZERO, ONE, most=1) == 2
    monkeypatch.setattr(signs, "_MAX_BITS", 3 * 1000)
    assert count_roots(HALF, ZERO, ONE) == 1
    with pytest.raises(CertificateError, match="exceed what"):
        count_roots(p, ZERO, ONE, most=1)


def test_intervals_with_long_ends_take_no_more_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three ways to long coefficients: a high degree, long ends, long coefficients."""
    a, b = Fraction(1, 2**50), Fraction(2**50 - 1, 2**50)
    monkeypatch.setattr(signs, "_MAX_BITS", 20_000)
    assert count_roots([1, -(2**60), 1], a, b) == 0  # the roots are about 2^-60 and 2^60
    for p in (
        [1, -(2**60), *[0] * 30, 1],
        [2**9000, -(2**9060), 2**9000],
        [1, -(2**7000), 1],
    ):
        with pytest.raises(CertificateError, match="exceed what"):
            count_roots(p, a, b)
    for p in ([1, -8, 15], [2, -12, 15]):  # all roots are below 4/5
        assert count_roots(p, Fraction(4, 5), b) == 0
        with pytest.raises(CertificateError, match="exceed what"):
            count_roots(p, Fraction(4, 5), 1 - Fraction(1, 3**2500))


def test_quotients_are_those_of_products() -> None:
    for _ in range(200):
        p, q = (
            [NUMBERS.randint(-4, 4) for _ in range(NUMBERS.randint(0, 4))]
            + [NUMBERS.choice([-3, 1, 2])]
            for _ in range(2)
        )
        whole = product(p, q)
        assert quotient(whole, q) == p
        if len(q) > 1:
            assert quotient([whole[0] + 1, *whole[1:]], q) is None
    assert quotient([1, 2], [1, 0, 1]) is None
    assert quotient([1, 1], [2, 2]) is None


def test_factors_are_divided_out_as_often_as_they_are_there() -> None:
    for often in range(4):
        assert without(product([5, 1], *[HALF] * often), HALF) == [5, 1]


def test_a_halving_is_charged_for_what_it_makes(monkeypatch) -> None:
    """(4 x - 1) (4 x - 3) makes 16 x^2 - 32 x + 12 and 16 x^2 - 4: six numbers, up to 5 bits."""
    charged: list[tuple[int, int]] = []
    monkeypatch.setattr(signs, "require_memory", lambda *made: charged.append(made))
    assert count_roots([3, -16, 16], ZERO, ONE, most=9) == 2
    assert charged[-1] == (6, 5)
