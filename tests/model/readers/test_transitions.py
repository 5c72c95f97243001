"""Data as a model: counts become exact fractions, and what was never seen is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from models import WALK, columns

from qdecay import MDP, FloatMDP, as_mdp, epsilon_soft, policy_regions
from qdecay.model.rows import ModelRows


def by_hand(rows: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], Fraction]:
    """Count in plain Python."""
    tried = Counter((s, a) for s, a, *_ in rows)
    seen = Counter((s, a, t, end, Fraction(str(r))) for s, a, r, t, end in rows)
    return {key: Fraction(n, tried[key[:2]]) for key, n in sorted(seen.items())}


def as_dict(mdp: MDP) -> dict[tuple[Any, ...], Fraction]:
    return {(s, a, t, end, r): p for s, a, t, p, r, end in mdp.rows()}


def polars_frame(rows: list[tuple[Any, ...]]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns(rows), strict=False)


def arrow_table(rows: list[tuple[Any, ...]]) -> Any:
    return pytest.importorskip("pyarrow").table(columns(rows))


FORMS: dict[str, Callable[[list[tuple[Any, ...]]], Any]] = {
    "tuples": lambda rows: rows,
    "a generator": lambda rows: (list(row) for row in rows),
    "lists by name": columns,
    "arrays by name": lambda rows: {key: np.array(v) for key, v in columns(rows).items()},
    "an array of numbers": lambda rows: np.array(rows, dtype=float),
    "records": lambda rows: pd.DataFrame(columns(rows)).to_records(index=False),
    "pandas": lambda rows: pd.DataFrame(columns(rows)),
    "pandas, nullable": lambda rows: pd.DataFrame(columns(rows)).convert_dtypes(),
    "polars": polars_frame,
    "pyarrow": arrow_table,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [MDP, FloatMDP])
def test_counts_become_shares_in_every_form(form: str, kind: Any) -> None:
    """count / visits of each (state, action, next state, terminated, reward), and nothing else."""
    made = kind.from_transitions(FORMS[form](WALK), start=0)
    exact = MDP.from_rows(
        [(s, a, t, p, r, end) for (s, a, t, end, r), p in by_hand(WALK).items()],
        n_states=4,
        n_actions=2,
        start=0,
    )
    assert made == (exact if kind is MDP else FloatMDP.from_mdp(exact))
    assert made.visits == {(0, 0): 3, (0, 1): 3, (1, 1): 4}
    if isinstance(made, MDP):
        assert as_dict(made) == by_hand(WALK)
        assert made.counts.tolist() == [1, 2, 2, 1, 2, 1, 1]


def test_a_large_table_is_counted_as_by_hand() -> None:
    """Random rows of several rewards per transition, against a Counter."""
    rng = np.random.default_rng(5)
    draws = [rng.integers(n, size=4000).tolist() for n in (7, 3, 4, 7, 2)]
    rows = [(s, a, r / 4, t, bool(end)) for s, a, r, t, end in zip(*draws, strict=True)]
    made = MDP.from_transitions(rows)
    assert as_dict(made) == by_hand(rows)
    assert made.counts.sum() == 4000
    assert made.visits == Counter(sorted((s, a) for s, a, *_ in rows))


def test_an_empirical_model_is_solved_by_hand() -> None:
    """2/3 at once, or g (1/2 of a tenth ...): the break-even gamma of the counted numbers.

    At once: 2/3. Waiting: 0, then with 2/3 state 1, which pays 3/20 on average and leads back with
    3/4, or with 1/3 state 2, where nothing was done. Nothing beats 2/3 at once.
    """
    regions = policy_regions(MDP.from_transitions(WALK, start=0))
    assert regions.breakpoints == () and regions.regions[0][0] == (0,)
    pays = [(s, a, 7 if (s, a) == (1, 1) else r, t, end) for s, a, r, t, end in WALK]
    found = policy_regions(MDP.from_transitions(pays, start=0))
    (only,) = found.start_breakpoints()
    # Just left of it, v(0) = 2/3: waiting is worth g 2/3 (7 + g 3/4 2/3); equal to 2/3 at a root of
    # 7 g + g^2/2 - 1.
    gamma = found.breakpoints[only].gamma
    assert gamma.coefficients == (-2, 14, 1)


# -- labels


def test_text_and_tuples_are_numbered_in_order_and_named() -> None:
    """Sorted; a start may be given as in the data."""
    places = {0: (1, 0), 1: (0, 1), 2: (0, 0), 3: (1, 1)}
    moves = ["take", "go on"]
    rows = [(places[s], moves[a], r, places[t], end) for s, a, r, t, end in WALK]
    made = MDP.from_transitions(rows, start=(1, 0))
    assert made.state_names == ("(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)")
    assert made.action_names == ("go on", "take")
    assert made.start == 2 and made.visits == {(1, 0): 4, (2, 0): 3, (2, 1): 3}
    table = {
        key: np.array(value) if key != "action" else value for key, value in columns(rows).items()
    }
    assert table["state"].shape == (10, 2)
    assert MDP.from_transitions(table, start="(1, 0)") == made
    text = [(str(s), a, r, str(t), end) for s, a, r, t, end in rows]
    assert MDP.from_transitions(text, start="(1, 0)") == made
    observed = [(np.array(s), a, r, np.array(t), end) for s, a, r, t, end in rows]
    assert MDP.from_transitions(observed, start=np.array([1, 0])) == made


def test_labels_that_cannot_be_compared_are_numbered_as_they_appear() -> None:
    rows = [("b", 0, 1, (3,), False), ((3,), 0, 1, "a", True)]
    assert MDP.from_transitions(rows).state_names == ("b", "(3,)", "a")


@pytest.mark.parametrize("state", [[0, 1, 0], [0.0, 1.0, 0.0], ["0", 1, np.int64(0)]])
def test_numbers_among_names_are_one_label_in_both_columns(state: list[Any]) -> None:
    """As pandas reads states 0 and 1 where an episode ends in "end"."""
    after, ends = ["1", "end", 1], [False, True, False]
    table = {"state": state, "action": [0, 0, 1], "reward": [0, 5, 1], "next_state": after}
    made = MDP.from_transitions({**table, "terminated": ends}, start=1)
    assert made.state_names == ("0", "1", "end") and made.start == 1
    assert made.next_state.tolist() == [1, 1, 2]
    assert MDP.from_transitions({**table, "terminated": ends}, start="1") == made


@pytest.mark.parametrize("far", [300_000, 10**9, 2**70])
def test_numbers_with_large_gaps_are_names(far: int) -> None:
    """In the order of the numbers; none of those between them is a state, nor an action."""
    rows = [(far, 0, 2, 7, True), (7, far, 1, far, False), (7, 0, 2, 0, True)]
    made = MDP.from_transitions(rows, start=far)
    assert made.state_names == ("0", "7", str(far)) and made.action_names == ("0", str(far))
    assert made.start == 2 and made.next_state.tolist() == [0, 2, 1]
    if far < 2**63:
        assert made.remarks[:2] == (
            f"3 states of the numbers 0 to {far:,}: these are taken as names "
            "(n_states= keeps them as numbers)",
            f"2 actions of the numbers 0 to {far:,}: these are taken as names "
            "(n_actions= keeps them as numbers)",
        )


def test_numbers_without_large_gaps_are_numbers() -> None:
    """One in ten, or a thousand; or any if it is said how many there are."""
    last = 10_000
    rows = [(s, 0, 1, last, False) for s in range(0, last, 10)]
    assert MDP.from_transitions(rows).n_states == last + 1
    assert MDP.from_transitions(rows[1:]).n_states == 1000
    assert MDP.from_transitions([(999, 0, 1, 0, True)]).n_states == 1000
    assert MDP.from_transitions(rows[1:], n_states=last + 5).n_states == last + 5


# -- what data does not say


def test_what_was_never_seen_is_listed() -> None:
    """State 1 never took action 0; state 2 was entered and left unknown; 3 only at the end."""
    made = MDP.from_transitions(WALK)
    assert made.unseen == ((1, 0),)
    assert made.assumed_absorbing == (2,)
    assert made.remarks == (
        "1 pair of state and action never seen, of 4: unavailable",
        "1 state entered and never acted in, taken as absorbing with reward 0: 2",
    )
    more = MDP.from_transitions(WALK, n_states=9, n_actions=3)
    assert (more.n_states, more.n_actions) == (9, 3)
    assert more.unseen == ((0, 2), (1, 0), (1, 2))


def test_other_models_have_no_counts() -> None:
    """Known probabilities are not estimates, nor are those made of estimates."""
    known = as_mdp("qdecay/StayOrMove-v0")
    assert known.unseen == known.assumed_absorbing == () and not known.visits
    for model in (known, epsilon_soft(MDP.from_transitions(WALK), "1/2")):
        with pytest.raises(ValueError, match="has no counts: .*MDP.from_transitions counts data"):
            _ = model.counts
        with pytest.raises(ValueError, match="has no counts"):
            model.resample(0)


def test_other_columns_are_left_out_and_said() -> None:
    made = MDP.from_transitions({**columns(WALK), "time": [0] * 10, "info": [None] * 10})
    assert made == MDP.from_transitions(WALK)
    assert made.remarks[-1] == "2 columns not read: 'time', 'info'"


# -- where episodes begin

ENDS = [True, True, True, False, False, True, False, False, False, True]  # or are cut off


def test_episodes_say_where_they_begin() -> None:
    """By their numbers, in any order of the episodes; or by what ends them."""
    rows = [WALK[k] for k in (0, 1, 3, 6, 2, 5, 9, 7, 4)]
    table = columns(rows)
    assert MDP.from_transitions(table).starts == {}
    table["episode"] = [9, 8, 7, 7, 7, 4, 4, 1, 1]
    begins = {0: Fraction(4, 5), 1: Fraction(1, 5)}
    made = MDP.from_transitions(table)
    assert made.start is None and made.starts == begins
    assert MDP.from_transitions(table, start=1).starts == {1: 1}
    table["truncated"] = [False] * 8 + [True]
    order = [5, 7, 0, 2, 1, 8, 3, 6, 4]  # episodes may be interleaved
    mixed = {name: [column[k] for k in order] for name, column in table.items()}
    assert MDP.from_transitions(mixed).starts == begins
    del table["episode"]
    assert MDP.from_transitions(table).starts == begins
    table["truncated"] = [False] * 3 + [True] + [False] * 4 + [True]
    assert MDP.from_transitions(table).starts == {0: Fraction(5, 6), 1: Fraction(1, 6)}


BROKEN = [
    # An end, and then another row; out of order; ended by `truncated`; without episodes.
    ([("b", "x", 1, "a", True), ("a", "x", 1, "b", False)], {"episode": [1, 1]}, "a", "ends it"),
    ([("a", "x", 1, "b", False)] * 2, {"episode": [1, 1]}, "a", "leads to b"),
    (
        [("a", "x", 1, "b", False), ("b", "x", 1, "a", True)],
        {"episode": [1, 1], "truncated": [True, False]},
        "b",
        "ends it",
    ),
    ([("a", "x", 1, "b", False)] * 2, {"truncated": [False, True]}, "a", "leads to b"),
]


@pytest.mark.parametrize(("rows", "more", "state", "does"), BROKEN)
def test_episodes_that_contradict_themselves_do_not_say_where_they_begin(
    rows: list[tuple[Any, ...]], more: dict[str, list[Any]], state: str, does: str
) -> None:
    table = {**columns(rows), **more}
    made = MDP.from_transitions(table)
    assert made.start is None and made.starts == {}
    assert made.remarks[0] == (
        "1 row of an episode not following the one before, first transition 1: it is in "
        f"{state}, and transition 0 {does}; so the starts of episodes are not taken from the data"
    )
    assert MDP.from_transitions(table, start="a").start == 0


# -- other draws


@pytest.mark.parametrize("how", ["multinomial", "dirichlet"])
def test_a_resample_is_a_model_of_the_same_shape(how: Any) -> None:
    """The same pairs; the same seed the same model; certain ones stay certain."""
    made = MDP.from_transitions([*WALK, (2, 0, 5, 3, True)], start=0)
    drawn = made.resample(3, how=how)
    assert drawn == made.resample(3, how=how) != made.resample(4, how=how)
    assert (drawn.available == made.available).all() and drawn.start == 0
    assert drawn.exact_r[2, 0] == 5
    assert set(as_dict(drawn)) <= set(as_dict(made))
    assert drawn.visits == (made.visits if how == "multinomial" else {})


@pytest.mark.parametrize("how", ["multinomial", "dirichlet"])
def test_resamples_spread_as_their_law_says(how: Any) -> None:
    """Of p = 1/4 seen in 80 tries: mean p, variance p (1 - p) / n, or / (n + 1)."""
    rows = [(0, 0, 1, 0, True)] * 20 + [(0, 0, 0, 0, True)] * 60
    made = MDP.from_transitions(rows)
    drawn = np.array([float(made.resample(seed, how=how).exact_r[0, 0]) for seed in range(2000)])
    sd = (0.25 * 0.75 / (80 + (how == "dirichlet"))) ** 0.5
    assert abs(drawn.mean() - 0.25) < 4 * sd / 2000**0.5
    assert abs(drawn.std() / sd - 1) < 4 / 4000**0.5


def test_drawn_probabilities_are_multiples_of_one_unit() -> None:
    """Of 2^-22, and no transition vanishes, however rare."""
    rare = Fraction(1, 10**6)
    rows = [(0, 0, 0, 1 - rare, 0, False), (0, 0, 0, rare, 1, True)]
    made = MDP.of(ModelRows(rows, 1, 1, visits={(0, 0): 10**6}))
    for seed in range(50):
        shares = made.resample(seed, how="dirichlet").exact_probability
        assert len(shares) == 2 and all(2**22 % p.denominator == 0 for p in shares)


# -- what is refused

BAD: list[tuple[Any, str]] = [
    (3, "data must be rows"),
    ("data.csv", "data must be rows"),
    ([], "data has no transitions"),
    ([(0, 0, 1, 0)], "transition 0 must have 5 entries .*, got 4"),
    ([7], "transition 0 must be a list or a tuple, got 7"),
    (
        [(0, 0, 1, 0, True), (0, -1, 1, 0, True)],
        "transition 1: action must be >= 0, got -1: give text",
    ),
    ([(0.5, 0, 1, 0, True)], "transition 0: state must be a whole number or a label"),
    ([(None, 0, 1, 0, True)], "transition 0: state is missing \\(None\\): fill it in"),
    ([({}, 0, 1, 0, True)], "transition 0: state must be a whole number, text or a tuple"),
    ([("a", 0, 1, float("nan"), False)], "transition 0: next_state is missing"),
    ([("a", 0, 1, "a", True), ("a", 0, 1, None, 0)], "transition 1: next_state is missing"),
    ([(0, 0, 1, 0, "True")], "terminated must be true or false, got text 'True': convert it to"),
    ([(0, 0, 1, 0, 2)], "transition 0: terminated must be true or false, got 2"),
    ([(0, 0, "x", 0, True)], "transition 0: reward"),
    ([(0, 0, None, 0, True)], "transition 0: reward is missing"),
    ([(0, 0, [1], 0, True)], "transition 0: reward must be a number"),
    ([(0, 0, float("nan"), 0, True)], "transition 0: reward is missing \\(nan\\)"),
    ([(0, 0, Decimal("nan"), 0, True)], "transition 0: reward must be finite"),
    ([(0, 0, float("inf"), 0, True)], "transition 0: reward must be finite"),
    ([(0, 0, 1, -1, True)], "transition 0: next_state must be >= 0, got -1"),
    ([(0, 0, 1, 0.5, True)], "transition 0: next_state must be a whole number or a label"),
    (pd.DataFrame(columns(WALK)).assign(terminated=pd.NA), "transition 0: terminated is missing"),
    (
        pd.DataFrame(columns(WALK)).assign(episode=[*range(9), None]),
        "transition 9: episode is missing",
    ),
    (pd.DataFrame(columns(WALK)).assign(state=pd.NaT), "transition 0: state is missing"),
    ([(0, 0, 2**-0.5, 0, True)], "transition 0: reward is 0.707"),
    (
        {**columns(WALK), "reward": np.ma.masked_equal([*range(8), 0, 9], 9)},
        "transition 9: reward is missing \\(nan\\): fill it in",
    ),
    (np.ma.masked_equal([[0, 0, 1, 2, 0], [2, 7, 1, 0, 0]], 7), "transition 1: action is missing"),
    ({"state": [0]}, "the column action is missing: transitions have state, action, reward"),
    (
        pd.concat([pd.DataFrame(columns(WALK)), pd.DataFrame({"state": [1] * 10})], axis=1),
        "the column state appears twice: leave one out or rename it",
    ),
    ({**columns(WALK), "action": [0]}, "action has 1 entries, and state 10"),
    ({**columns(WALK), "reward": np.zeros((10, 2))}, "reward must have one entry per transition"),
    ({**columns(WALK), "state": 0}, "state must have an entry for each transition, got 0"),
]


@pytest.mark.parametrize("none", [None, float("nan"), pd.NA])
@pytest.mark.parametrize("name", [int, "s{}".format])
@pytest.mark.parametrize("form", [list, pd.DataFrame])
def test_an_end_needs_no_next_state(form: Any, name: Any, none: Any) -> None:
    """Whatever stands there in its place: nothing follows."""
    names = ("state", "action", "reward", "next_state", "terminated")
    given = [(name(s), a, r, none if end else name(t), end) for s, a, r, t, end in WALK]
    stays = [(name(s), a, r, name(s) if end else name(t), end) for s, a, r, t, end in WALK]
    assert any(end for *_, end in WALK)
    data = given if form is list else pd.DataFrame(given, columns=names)
    assert MDP.from_transitions(data) == MDP.from_transitions(stays)


@pytest.mark.parametrize(("data", "message"), BAD)
def test_what_is_no_data_is_told_in_one_line(data: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message) as error:
        MDP.from_transitions(data)
    assert "\n" not in str(error.value)


def test_sizes_and_starts_are_checked() -> None:
    """There is no state 3 of three, and names count themselves."""
    with pytest.raises(ValueError, match=r"transition 9: next_state must be in 0..2, got 3"):
        MDP.from_transitions(WALK, n_states=3)
    with pytest.raises(ValueError, match="n_states is for numbered states: .* 2 states, got 3"):
        MDP.from_transitions([("a", 0, 1, "b", True)], n_states=3)
    with pytest.raises(ValueError, match="state must be a name, such as a, b, .*got 'c'"):
        MDP.from_transitions([("a", 0, 1, "b", True)], start="c")
    with pytest.raises(ValueError, match="start: state must be from 0 to 3, got 7"):
        MDP.from_transitions(WALK, start=7)
    with pytest.raises(ValueError, match="how must be one of multinomial, dirichlet"):
        MDP.from_transitions(WALK).resample(0, how="jackknife")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seed must be >= 0"):
        MDP.from_transitions(WALK).resample(-1)


def test_a_query_of_polars_is_told_to_be_run() -> None:
    query = pytest.importorskip("polars").DataFrame(columns(WALK), strict=False).lazy()
    with pytest.raises(TypeError, match=r"has not been run: give data.collect\(\)"):
        MDP.from_transitions(query)


def test_decimals_are_exact() -> None:
    """As databases have them, with more digits than floats."""
    paid = "0.1234567890123456789"
    made = MDP.from_transitions([(0, 0, Decimal(paid), 0, True)])
    assert made.exact_reward == (Fraction(paid),)


def test_rewards_are_read_as_everywhere() -> None:
    """As binary fractions, as costs."""
    row = [(0, 0, 0.1, 0, True)]
    assert MDP.from_transitions(row).exact_reward == (Fraction(1, 10),)
    assert MDP.from_transitions(row, numbers="binary").exact_reward == (Fraction(0.1),)
    assert MDP.from_transitions(row, minimise=True).exact_reward == (Fraction(-1, 10),)
    assert FloatMDP.from_transitions(row, minimise=True).r.tolist() == [[-0.1]]
