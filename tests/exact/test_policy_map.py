"""Maps of gamma and a parameter: their areas, their lines, and the polynomials of their curves."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from brute_force import Policies

import qdecay
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.curve_polynomial import CurvePolynomial
from qdecay.exact.map_lines import MapLine, differ
from qdecay.exact.solver.line_advantage import MOST_STATES, LineAdvantages
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries

MODEL = qdecay.as_mdp("qdecay/StayOrMove-v0")
GAMMAS = [Fraction(k, 7) for k in range(1, 7)]
MANY = [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 60))]


def chain(delay: int) -> qdecay.ModelLine:
    """Take 1 now, or a reward after a number of steps: worth the same where gamma^delay x = 1."""

    def made(reward: Fraction) -> qdecay.MDP:
        last = delay - 1
        rows = [(0, 0, 0, 1, 1, True)]
        rows += [(s, 1, s + 1, 1, 0, False) for s in range(delay)]
        return qdecay.MDP.from_rows(
            [*rows, (last + 1, 1, 0, 1, reward, True)], n_states=delay + 1, n_actions=2, start=0
        )

    return qdecay.ModelLine.of(made, low=1, high=10)


def random_line(seed: int, n_states: int = 3) -> qdecay.ModelLine:
    """Two models with the same actions: rewards differ, in odd ones probabilities as well."""
    random = Random(seed)
    low, high = [], []
    for s in range(n_states):
        for a in range(2):
            weights = [random.randrange(3) for _ in range(n_states)] + [1]
            others = [random.randrange(3) for _ in range(n_states)] + [1]
            rewards = random.randrange(-4, 5), random.randrange(-4, 5)
            for rows, reward, shares in (
                (low, rewards[0], weights),
                (high, rewards[1], others if seed % 2 else weights),
            ):
                *going, ending = (Fraction(weight, sum(shares)) for weight in shares)
                rows += [(s, a, t, p, reward, False) for t, p in enumerate(going) if p]
                rows.append((s, a, s, ending, reward, True))
    ends = (qdecay.MDP.from_rows(r, n_states=n_states, n_actions=2, start=0) for r in (low, high))
    return qdecay.ModelLine(*ends)


def best_at_start(mdp: qdecay.MDP, gamma: Fraction) -> tuple[int, ...]:
    """The start's optimal actions, from the values of every policy."""
    policies = Policies(mdp)
    worth = [policies.discounted(policy, gamma) for policy in policies.within()]
    top = [max(values) for values in zip(*worth, strict=True)]
    q = {
        a: r + gamma * sum((p * top[t] for t, p in going.items()), Fraction(0))
        for (s, a), (r, going) in policies.pairs.items()
        if s == 0
    }
    return tuple(a for a in sorted(q) if q[a] == max(q.values()))


@pytest.mark.parametrize("delay", [1, 2, 5])
def test_the_curve_of_a_delay_is_the_law(delay: int) -> None:
    """1 against R after k steps: the one curve is gamma^k R = 1, from R = 1 at gamma = 1 on."""
    found = qdecay.policy_map(chain(delay))
    assert found.areas == ({0: (0,)}, {0: (1,)})
    [curve] = found.curves
    assert curve.polynomial == CurvePolynomial.of({(delay, 1): 1, (0, 0): -1})
    for line in found.lines[1:]:
        [gamma] = line.breakpoints
        reward = line.fixed
        law = [-reward.denominator, *[0] * (delay - 1), reward.numerator]
        assert gamma.sign_of(law) == 0
    assert found.lines[0].areas == (0,)  # R = 1 is never worth waiting for


@pytest.mark.parametrize("seed", MANY)
def test_areas_are_what_every_policy_says(seed: int) -> None:
    """On each line, at each of six gammas: the best of all policies."""
    line = random_line(seed)
    found = qdecay.policy_map(line, fineness="1/16")
    for each in found.lines:
        model = line.at(each.fixed)
        for gamma in GAMMAS:
            area = each.area_of(gamma)
            if area is not None:
                assert found.areas[area] == {0: best_at_start(model, gamma)}, (each.fixed, gamma)


@pytest.mark.parametrize("seed", MANY)
@pytest.mark.parametrize("of", ["start", "reached", "all"])
def test_lines_and_columns_agree_where_they_cross(seed: int, of: str) -> None:
    """The walk over gamma and the walk over the parameter: the same area, or both on a boundary."""
    found = qdecay.policy_map(random_line(seed), of=of, fineness="1/16")
    inner = found.lines[1:-1]
    for line in inner:
        for column in found.columns:
            across, up = line.area_of(column.fixed), column.area_of(line.fixed)
            if across is not None and up is not None:
                assert across == up, (line.fixed, column.fixed)


@pytest.mark.parametrize("seeds", [range(5), pytest.param(range(5, 60), marks=pytest.mark.slow)])
def test_named_curves_hold_the_breakpoints_of_further_lines(seeds: range) -> None:
    """Halfway between two of its points on lines, a curve has a breakpoint, to the letter."""
    checked = 0
    for seed in seeds:
        line = random_line(seed)
        found = qdecay.policy_map(line)
        values = [each.fixed for each in found.lines]
        for curve in found.curves:
            on = {value for value in values if any(v == value for _, v in curve.points)}
            for low, high in [(a, b) for a, b in pairwise(values) if {a, b} <= on][::5]:
                middle = (low + high) / 2
                there = qdecay.policy_regions(line.at(middle))
                numbers = [there.breakpoints[i].gamma for i in there.start_breakpoints()]
                assert curve.polynomial is not None
                p = curve.polynomial.at(middle)
                assert any(gamma.sign_of(p) == 0 for gamma in numbers), (seed, curve, middle)
                checked += 1
    assert checked > len(seeds)


@pytest.mark.parametrize("seed", range(20))
def test_numerators_are_those_of_one_model(seed: int) -> None:
    """At a value, the polynomial of an advantage is a multiple of the series' own numerator."""
    random, line = Random(seed), random_line(seed, n_states=4)
    value = Fraction(random.randrange(1, 9), 9)
    model = RationalModel(line.at(value))
    actions = [random.randrange(2) for _ in range(4)]
    pairs = {
        (int(model.pair_state[p]), a): p for p in range(model.n_pairs) for a in model.actions[p]
    }
    policy = dict(enumerate(actions))
    series = PolicySeries(model, np.array([pairs[item] for item in policy.items()]))
    for s in range(4):
        expected = series.numerator(pairs[s, 1 - actions[s]])
        numerator = LineAdvantages(line).numerator(policy, (s, 1 - actions[s]))
        if expected.degree() < 0:
            assert numerator is None or numerator.at(value).degree() < 0
        else:
            assert numerator is not None
            assert numerator.at(value) % expected == 0


def aima(living: Fraction) -> qdecay.MDP:
    """The 4x3 world of Russell and Norvig: 0.8 ahead, 0.1 to each side, ends of +1 and -1."""
    plan = ["...+", ".#.-", "s..."]
    cells = [(r, c) for r in range(3) for c in range(4) if plan[r][c] != "#"]
    moves, chances = ((-1, 0), (0, 1), (1, 0), (0, -1)), {0: "8/10", 1: "1/10", 3: "1/10"}
    rows = []
    for s, (r, c) in enumerate(cells):
        if plan[r][c] not in "+-":
            for a in range(4):
                for turn, p in chances.items():
                    dr, dc = moves[(a + turn) % 4]
                    t = (r + dr, c + dc) if (r + dr, c + dc) in cells else (r, c)
                    ends = {"+": 1, "-": -1}.get(plan[t[0]][t[1]])
                    reward = living + (ends or 0)
                    rows.append((s, a, cells.index(t), p, reward, ends is not None))
    return qdecay.MDP.from_rows(rows, n_states=11, n_actions=4, start=cells.index((2, 0)))


def test_curves_of_the_textbook_world_end_in_its_known_breakpoints() -> None:
    """At gamma = 1, two of the living rewards at which its policy changes are known exactly."""
    line = qdecay.ModelLine.of(aima, low="-1/10", high="1/100")
    found = qdecay.policy_map(line, of="all", fineness="1/32", columns=0)
    named = [curve.polynomial for curve in found.curves if curve.polynomial is not None]
    ends = set()
    for polynomial in named:
        assert polynomial.degrees[1] == 1  # only rewards move
        slope, rest = (sum(c for c, _, j in polynomial.terms if j == k) for k in (1, 0))
        ends.add(Fraction(-rest, slope))
    assert {Fraction(-20736, 243985), Fraction(-32, 1445), Fraction(0)} <= ends
    assert found.is_fine
    [alive] = [polynomial for polynomial in named if polynomial.degrees == (1, 1)]
    assert alive.written("r") == "gamma r + gamma - 1"  # r for ever is worth +1 at once


def test_columns_find_what_lies_between_two_lines() -> None:
    """x (17/16 - x) against a little less than its top: a stripe that no first line meets."""

    def made(x: Fraction) -> qdecay.MDP:
        top = Fraction(17, 16)
        rows = [(0, 0, 1, x / 2, 0, False), (0, 0, 1, 1 - x / 2, 0, True)]
        rows += [(0, 1, 2, "1/2", 0, False), (0, 1, 2, "1/2", 0, True)]
        rows += [(1, 0, 1, 1, top - x, True), (2, 0, 2, 1, Fraction(2888, 10240), True)]
        return qdecay.MDP.from_rows(rows, n_states=3, n_actions=2, start=0)

    line = qdecay.ModelLine.of(made, low=0, high=1)
    assert len(qdecay.policy_map(line, columns=0).areas) == 1
    found = qdecay.policy_map(line)
    assert found.areas == ({0: (1,)}, {0: (0,)})
    [curve] = found.curves
    assert curve.polynomial is not None
    assert curve.polynomial.degrees == (0, 2)
    assert found.nearest("17/32").areas == (1,)


def test_neighbours_that_differ_are_close() -> None:
    """Down to the stated distance, and no further."""
    line = random_line(3)
    for fineness in (Fraction(1, 32), Fraction(1, 128)):
        found = qdecay.policy_map(line, of="all", fineness=fineness)
        gaps = [b.fixed - a.fixed for a, b in pairwise(found.lines)]
        assert found.is_fine
        assert min(gaps) > fineness / 2
        assert all(
            b.fixed - a.fixed <= fineness for a, b in pairwise(found.lines) if a.areas != b.areas
        )


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("1/2", "1/2", False),
        ("1/2", "9/16", False),
        ("1/2", "5/8", True),  # far
        ("99/100", "98/100", False),
        ("999/1000", "99/100", True),  # ten times as close to 1
    ],
)
def test_a_boundary_that_moves_far_needs_lines_between(one: str, two: str, expected: bool) -> None:
    """Over a sixteenth of gamma's axis, or to half of the distance to 1."""
    lines = [
        MapLine(
            Fraction(0), (qdecay.AlgebraicNumber.of(gamma),), (0, 1), qdecay.policy_regions(MODEL)
        )
        for gamma in (one, two)
    ]
    assert differ(*lines) == expected


def test_a_part_of_gamma_has_the_boundaries_inside() -> None:
    """From 1/2 to 4/5, gamma^2 x = 1 runs from x = 4 down to 25/16."""
    found = qdecay.policy_map(chain(2), gammas=("1/2", "4/5"))
    assert {len(line.breakpoints) for line in found.lines} == {0, 1}
    assert found.nearest(1).areas == (0,)
    assert found.nearest(10).areas == (1,)
    assert [len(c.breakpoints) for c in found.columns] == [1] * 7
    assert all(1 / Fraction(c.fixed) ** 2 == c.breakpoints[0].lower for c in found.columns)


def test_a_large_model_has_points_only() -> None:
    """Beyond the stated number of states no polynomial is computed, and no column."""
    found = qdecay.policy_map(chain(MOST_STATES + 4))
    assert found.columns == ()
    assert [curve.polynomial for curve in found.curves] == [None]
    assert len(found.curves[0].points) == len(found.lines) - 1


def test_a_transition_of_several_steps_has_their_power() -> None:
    """Three steps to a state that pays x, or stays two more: gamma^3 x + gamma^2 = 2."""

    def made(x: Fraction) -> qdecay.MDP:
        rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False, 3)]
        rows += [(1, 0, 1, "1/2", 0, False, 2), (1, 0, 1, "1/2", x, True)]
        return qdecay.MDP.from_rows(rows, n_states=2, n_actions=2, start=0)

    for of in ("start", "reached"):
        [curve] = qdecay.policy_map(qdecay.ModelLine.of(made, low=1, high=6), of=of).curves
        assert curve.polynomial == CurvePolynomial.of({(3, 1): 1, (2, 0): 1, (0, 0): -2})


def test_time_that_runs_out_leaves_the_lines_found() -> None:
    """The exception carries them, and says that the map is not fine."""
    events = []
    line = qdecay.ModelLine.of(aima, low=-2, high="1/10")
    with pytest.raises(BudgetExceeded, match="of the map found") as caught:
        qdecay.policy_map(
            line, of="all", fineness="1/100000", max_seconds=1, progress=events.append
        )
    best = caught.value.best
    assert best is None or (best.curves == () and len(best.lines) > 1)
    assert caught.value.max_seconds == 1
    assert events[0].done == 0
    assert all(event.text == "lines" for event in events)


def test_what_is_wrong_is_said() -> None:
    """Areas of a start need one, gammas are a pair in order, and a model is no line."""
    line = chain(1)
    aimless = qdecay.ModelLine(
        *(
            qdecay.MDP.from_rows(list(end.rows()), n_states=2, n_actions=2)
            for end in (line.low, line.high)
        )
    )
    assert qdecay.policy_map(aimless, fineness=1).of == "all"
    assert qdecay.policy_map(aimless, start=0, fineness=1).of == "start"
    with pytest.raises(ValueError, match='of="reached" needs a start state'):
        qdecay.policy_map(aimless, of="reached")
    with pytest.raises(ValueError, match="gammas must be low < high, got 1/2 and 1/3"):
        qdecay.policy_map(line, gammas=("1/2", "1/3"))
    with pytest.raises(TypeError, match="gammas must be a pair"):
        qdecay.policy_map(line, gammas=0.5)
    with pytest.raises(TypeError, match="line must be a ModelLine"):
        qdecay.policy_map(line.low)


def test_documents_and_tables_agree() -> None:
    """Points of the lines are in both; a curve lists its terms."""
    found = qdecay.policy_map(chain(2))
    document = found.to_json()
    assert document["schema"] == "qdecay.policy-map/1"
    assert document["curves"][0]["polynomial"] == [[1, 2, 1], [-1, 0, 0]]
    assert document["lines"][-1]["breakpoints"][0]["closed_form"] == "10^(-1/2)"
    assert document["columns"][0]["gamma"] == "1/8"
    frame = found.to_frame()
    assert len(frame) == sum(len(line["breakpoints"]) for line in document["lines"])
    assert frame["gamma"].iloc[-1] == float(found.lines[-1].breakpoints[0])
