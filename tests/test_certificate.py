"""Certificates of policy regions: what is proven passes, and nothing else does."""

from __future__ import annotations

import ast
import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from flint import fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman

from qdecay.errors import BudgetExceeded
from qdecay.exact import verify as checker
from qdecay.exact.algebraic import isolate_roots
from qdecay.exact.certificate import certificate, write_certificate
from qdecay.exact.regions import policy_regions
from qdecay.exact.verify import CertificateError, verify
from qdecay.exact.verify_form import read_model, read_point
from qdecay.exact.verify_signs import count_roots, is_square_free, quotient, vanishes
from qdecay.mdp import MDP
from qdecay_envs import ChainLayout

Document = dict[str, Any]
Path_ = tuple[str | int, ...]

PUTERMAN_BY_HAND: Document = {
    # Leave: V(0) = 10 - g / (1 - g). Share: V(0) = 5 + g V(0) / 2 + g V(1) / 2.
    "schema": "qdecay.certificate/1",
    "model": {
        "schema": "qdecay.mdp/1",
        "n_states": 2,
        "n_actions": 2,
        "start": 0,
        "transitions": [
            [0, 0, 0, "1/2", 5, False],
            [0, 0, 1, "1/2", 5, False],
            [0, 1, 1, 1, 10, False],
            [1, 0, 1, 1, -1, False],
        ],
    },
    "regions": {
        "schema": "qdecay.policy-regions/1",
        "source": "Puterman (2005), section 3.1",
        "n_states": 2,
        "n_actions": 2,
        "start": 0,
        "breakpoints": [
            {
                "polynomial": [-10, 11],
                "lower": "10/11",
                "upper": "10/11",
                "decimal": "0.9090909090909090909090909090909090909091",
                "closed_form": "10/11",
                "changes": {"0": {"left": [1], "at": [0, 1], "right": [0]}},
            }
        ],
        "regions": [{"optimal_actions": [[1], [0]]}, {"optimal_actions": [[0], [0]]}],
        "touches": [],
        "at_zero": {"optimal_actions": [[1], [0]]},
        "blackwell": {"breakpoint": 0, "touch": None},
    },
    "denominators": [[1, -1], [2, -3, 1]],
    "factors": [[-10, 11]],
}


def certified(mdp: MDP) -> Document:
    """The certificate of a model, as it comes back from a JSON file."""
    document: Document = json.loads(json.dumps(certificate(mdp, policy_regions(mdp), "test")))
    return document


def choice(ending: Any = "terminate", **streams: list[int]) -> MDP:
    """The model of one choice between streams."""
    return MDP.from_layout(ChainLayout(tuple((k, tuple(v)) for k, v in streams.items()), ending))


def surd_and_touch() -> MDP:
    """Three streams: the best left of (sqrt(5)-1)/2 pays at once, and one more touches at 1/2."""
    return choice(now=[1], golden=[0, 1, 1], touch=[0, 4, -4])


def test_a_certificate_written_by_hand_passes() -> None:
    """The two-state example of Puterman: the checker needs no solver."""
    verify(PUTERMAN_BY_HAND)


def test_the_writer_finds_what_the_hand_found() -> None:
    """The solver's certificate has the regions, denominators and factor worked out by hand."""
    document = certified(two_state_puterman())
    for key in ("model", "denominators", "factors"):
        assert document[key] == PUTERMAN_BY_HAND[key]
    assert document["regions"] == {**PUTERMAN_BY_HAND["regions"], "source": "test"}


def test_the_checker_needs_the_standard_library_only() -> None:
    """Its three modules import nothing of the solver and nothing that must be installed."""
    names = set()
    for file in Path(checker.__file__).parent.glob("verify*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    own = {name for name in names if name.startswith("qdecay")}
    assert own <= {"qdecay.exact.verify_form", "qdecay.exact.verify_signs"}
    assert {name.split(".")[0] for name in names - own} <= sys.stdlib_module_names


HOMEWORK = {
    "A": {"stay": [1], "move": [0, 0, 4]},
    "B": {"left": [0, 1], "right": [0, 0, 3]},
    "C top": {"stay": [1], "move": [0, 0, 0, 6]},
}


@pytest.mark.parametrize("ending", ["terminate", "repeat", "absorb"])
@pytest.mark.parametrize("problem", HOMEWORK)
def test_homework_is_certified(problem: str, ending: str) -> None:
    """Rational, radical and degree-3 breakpoints, with values that end and that do not."""
    document = certified(choice(ending, **HOMEWORK[problem]))
    verify(document)
    assert len(document["regions"]["breakpoints"]) == 1


def test_frozen_lake_is_certified() -> None:
    """Degree 8, holes that tie on every action, and 16 states."""
    document = certified(MDP.from_env(gym.make("FrozenLake-v1")))
    verify(document)
    assert [len(f) - 1 for f in document["factors"]] == [3, 8]


@pytest.mark.slow
def test_frozen_lake_8x8_is_certified() -> None:
    """25 breakpoints of degree up to 49."""
    document = certified(MDP.from_env(gym.make("FrozenLake-v1", map_name="8x8")))
    verify(document)
    assert len(document["regions"]["breakpoints"]) == 25


def test_breakpoints_1e_21_apart_are_certified() -> None:
    """x^40 - 2 (10 x - 1)^2 has two roots near 1/10 that no float tells apart."""
    far = [-2, 40, -200] + [0] * 37 + [1]
    document = certified(choice(now=[0], far=far))
    verify(document)
    decimals = [Fraction(b["decimal"]) for b in document["regions"]["breakpoints"]]
    assert len(decimals) == 2
    assert 0 < decimals[1] - decimals[0] < Fraction(2, 10**21)


@pytest.mark.parametrize("ending", ["terminate", "repeat", "absorb"])
def test_long_chains_are_certified(ending: str) -> None:
    """60 steps of waiting: values of degree 60 whose least denominator has degree 0, 1 or 60."""
    document = certified(choice(ending, stay=[1], move=[0] * 60 + [99]))
    verify(document)
    degrees = {"terminate": [0, 0], "repeat": [1, 61], "absorb": [1, 1]}
    assert [len(d) - 1 for d in document["denominators"]] == degrees[ending]


def test_surds_and_touches_are_certified() -> None:
    """The closed form (sqrt(5)-1)/2 is proven, and a third action that ties at 1/2 alone."""
    document = certified(surd_and_touch())
    verify(document)
    regions = document["regions"]
    assert [b["closed_form"] for b in regions["breakpoints"]] == ["(sqrt(5)-1)/2"]
    assert [t["closed_form"] for t in regions["touches"]] == ["1/2"]


def test_conjugate_breakpoints_are_certified() -> None:
    """Both roots of one irreducible polynomial are breakpoints: 10 x^2 - 10 x + 2."""
    document = certified(choice(now=[0], far=[-2, 10, -10]))
    verify(document)
    assert document["factors"] == [[1, -5, 5], [1, -5, 5]]


@given(mdps())
@settings(deadline=None, derandomize=True, max_examples=40)
def test_random_models_are_certified(mdp: MDP) -> None:
    """Whatever the solver finds on random models, the checker proves."""
    verify(certified(mdp))


@given(mdps(ends=True))
@settings(deadline=None, derandomize=True, max_examples=15)
def test_random_models_that_end_are_certified(mdp: MDP) -> None:
    """The same where D does not vanish at 1."""
    verify(certified(mdp))


def test_a_state_without_actions_is_certified() -> None:
    """It has the empty set and the value 0."""
    mdp = MDP.from_rows([(0, 0, 1, 1, 3, False)], n_states=2, n_actions=1)
    document = certified(mdp)
    verify(document)
    assert document["regions"]["regions"] == [{"optimal_actions": [[0], []]}]


def test_incomplete_regions_get_no_certificate(tmp_path: Path) -> None:
    """A budget that ran out leaves regions that are not proven up to 1."""
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    with pytest.raises(BudgetExceeded) as caught:
        policy_regions(mdp, max_breakpoints=1)
    with pytest.raises(ValueError, match="incomplete"):
        write_certificate(mdp, caught.value.best, tmp_path / "no.json")
    assert not list(tmp_path.iterdir())


# -- mutations


def leaves(node: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every number, text, flag and null of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path, node


def lists(node: Any, path: Path_ = ()) -> Iterator[tuple[Path_, list[Any]]]:
    """Every list of a document."""
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        if isinstance(node, list):
            yield path, node
        for key, value in pairs:
            yield from lists(value, (*path, key))


def at(document: Document, path: Path_) -> Any:
    """The node at a path."""
    node: Any = document
    for key in path:
        node = node[key]
    return node


def changed(document: Document, path: Path_, value: Any) -> Document:
    """A copy with another value at a path."""
    result = copy.deepcopy(document)
    at(result, path[:-1])[path[-1]] = value
    return result


def nudged(value: Any) -> list[Any]:
    """Slightly wrong values for a leaf."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 1]
    if value is None:
        return [0]
    try:
        number = Fraction(value)
    except ValueError:
        return [value + "1", value.replace("5", "7").replace("3", "7") + " "]
    shift = Fraction(1, 10**39) if "." in value else Fraction(1, 2)
    return [str(number + shift), str(number - shift), None]


def mutations(document: Document) -> Iterator[tuple[Path_, Document]]:
    """Every document that differs in one number, text or flag, or in one entry of a list."""
    for path, value in leaves(document):
        for other in nudged(value):
            yield path, changed(document, path, other)
    for path, entries in lists(document):
        for index in range(len(entries)):
            yield path, changed(document, path, entries[:index] + entries[index + 1 :])
            yield path, changed(document, path, [*entries[: index + 1], *entries[index:]])
        yield path, changed(document, path, [*entries, 0])
        yield path, changed(document, path, [*entries, 1])
        if entries[::-1] != entries:
            yield path, changed(document, path, entries[::-1])


def accepted(document: Any) -> bool:
    """Whether the checker accepts; any exception but its own fails the test."""
    reason = None
    try:
        verify(document)
    except CertificateError as error:
        reason = str(error)
    assert reason is None or (reason and "\n" not in reason)
    return reason is None


SMALL = {
    "Puterman": lambda: PUTERMAN_BY_HAND,
    "surd and touch": lambda: certified(surd_and_touch()),
    "radical": lambda: certified(choice(now=[1], far=[0, 0, 0, 6])),
    "conjugates": lambda: certified(choice(now=[0], far=[-2, 10, -10])),
}


def says_the_same(original: Document, path: Path_, mutation: Document) -> bool:
    """Whether a mutation proves as much as the original, by a route other than the checker.

    The source and the names are labels, and a closed form need not be stated. An interval may be
    wider, if it isolates the same root. D may be any positive multiple of the least one. A
    mutated model must have the very regions that are stated, according to the solver: a
    terminated transition goes nowhere, for example.
    """
    new = at(mutation, path)
    if path == ("model", "schema"):
        return False
    if path == ("regions", "source"):
        return isinstance(new, str)
    if {"state_names", "action_names"} & {*path}:
        return new is None or isinstance(new, str) or path[-2:] == ("model", "action_names")
    if path[-1] == "closed_form":
        return new is None and at(original, (*path[:-1], "lower")) != at(
            original, (*path[:-1], "upper")
        )
    if path[-1] in ("lower", "upper") and isinstance(new, str | int):
        return is_wider(at(original, path[:-1]), at(mutation, path[:-1]))
    if path[0] == "denominators" and path[1:]:
        d, least = (fmpz_poly(at(document, path[:2])) for document in (mutation, original))
        ratio, rest = divmod(d, least)
        normal = at(mutation, path[:2])[-1:] != [0]
        return normal and rest == 0 and ratio[0] > 0 and isolate_roots(ratio) == []
    return path[0] == "model" and is_as_stated(mutation["model"], mutation["regions"])


def is_wider(old: Document, new: Document) -> bool:
    """Whether an interval holds the old one and isolates the same root."""
    lower, upper = Fraction(new["lower"]), Fraction(new["upper"])
    wider = lower <= Fraction(old["lower"]) and Fraction(old["upper"]) <= upper
    return (
        wider
        and 0 <= lower < upper <= 1
        and len(isolate_roots(new["polynomial"], lower, upper)) == 1
    )


def is_as_stated(model: Document, stated: Document) -> bool:
    """Whether the solver finds the stated regions in a model."""
    data = {key: value for key, value in model.items() if key != "schema"}
    found = policy_regions(MDP.from_rows(data.pop("transitions"), **data)).to_json("")
    keys = ("polynomial", "decimal", "changes")
    return all(
        [[b[k] for k in keys] for b in found[key]] == [[b[k] for k in keys] for b in stated[key]]
        for key in ("breakpoints", "touches")
    ) and all(found[key] == stated[key] for key in ("regions", "at_zero", "start", "n_actions"))


@pytest.mark.parametrize("name", SMALL)
def test_no_mutation_passes_unless_it_says_the_same(name: str) -> None:
    """Each number, text and flag changed, each entry of a list dropped, doubled or reordered."""
    document = SMALL[name]()
    count = 0
    for path, mutation in mutations(document):
        if accepted(mutation):
            assert says_the_same(document, path, mutation), (path, at(mutation, path))
        elif path[0] != "model":  # there, the hints of the old model need not fit the new one
            assert not says_the_same(document, path, mutation), (path, at(mutation, path))
        count += 1
    assert count > 300


ODD = [None, True, -1, 10**30, 1.5, float("nan"), "x", "9" * 5000, "1/0", [], [[]], {}, {"a": 1}]


@pytest.mark.parametrize("name", ["Puterman", "surd and touch"])
def test_nonsense_anywhere_is_rejected_in_one_line(name: str) -> None:
    """Any node replaced by a value of another kind: refused by name, never a crash."""
    document = SMALL[name]()
    paths = {path[:k] for path, _ in leaves(document) for k in range(1, len(path) + 1)}
    for path in sorted(paths, key=str):
        for value in ODD:
            mutation = changed(document, path, value)
            if accepted(mutation) and at(document, path) is not value:
                assert says_the_same(document, path, mutation), (path, value)
    for value in ODD:
        assert not accepted(value)


def test_missing_and_unknown_keys_are_rejected() -> None:
    """No object of the document takes fewer or more keys than documented."""
    paths = {p[:k] for p, _ in leaves(PUTERMAN_BY_HAND) for k in range(len(p))}
    for path in paths:
        node = at(PUTERMAN_BY_HAND, path)
        if isinstance(node, dict):
            for smaller in ({k: v for k, v in node.items() if k != key} for key in node):
                other = changed(PUTERMAN_BY_HAND, path, smaller) if path else smaller
                assert not accepted(other) or path[-1:] == ("model",)
            larger = {**node, "more": 1}
            assert not accepted(changed(PUTERMAN_BY_HAND, path, larger) if path else larger)


def test_the_reason_names_the_place() -> None:
    """A rejection says in which region, state and action something does not hold."""
    wrong = changed(PUTERMAN_BY_HAND, ("model", "transitions", 2, 4), 9)
    with pytest.raises(CertificateError, match="region 0, state 0|state 0, action 0"):
        verify(wrong)


def shifted(document: Document, gamma: Fraction) -> Document:
    """The breakpoint of Puterman's certificate moved, consistently in every field."""
    text = "0." + str(round(gamma * 10**40)).rjust(40, "0")
    entry = {
        **document["regions"]["breakpoints"][0],
        "polynomial": [-gamma.numerator, gamma.denominator],
        "lower": str(gamma),
        "upper": str(gamma),
        "decimal": text,
        "closed_form": str(gamma),
    }
    moved = changed(document, ("regions", "breakpoints", 0), entry)
    moved["factors"] = [[-gamma.numerator, gamma.denominator]]
    return moved


@pytest.mark.parametrize("shift", [Fraction(-1, 10**30), Fraction(1, 10**30)])
def test_a_breakpoint_moved_by_1e_30_is_rejected(shift: Fraction) -> None:
    """Even where all its fields agree with each other."""
    assert accepted(shifted(PUTERMAN_BY_HAND, Fraction(10, 11)))
    assert not accepted(shifted(PUTERMAN_BY_HAND, Fraction(10, 11) + shift))


def test_a_breakpoint_left_out_is_rejected() -> None:
    """One region less, everything else consistent: the sets do not hold all the way to 1."""
    short = copy.deepcopy(PUTERMAN_BY_HAND)
    short["regions"]["breakpoints"], short["factors"] = [], []
    short["regions"]["blackwell"]["breakpoint"] = None
    for keep in (0, 1):
        document = copy.deepcopy(short)
        document["regions"]["regions"] = [PUTERMAN_BY_HAND["regions"]["regions"][keep]]
        document["denominators"] = [PUTERMAN_BY_HAND["denominators"][keep]]
        assert not accepted(document)


def test_a_touch_left_out_is_rejected() -> None:
    """A double root inside a region is no sign change, and is seen all the same."""
    document = certified(surd_and_touch())
    assert accepted(document)
    document["regions"]["touches"] = []
    document["factors"].pop()
    assert not accepted(document)


def claim(regions: list[int], denominators: list[list[int]]) -> Document:
    """A certificate for 0 now (action 0) or 1 a step later (1), which is better for all gamma.

    It states one action for each region; the regions meet at 1/2.
    """
    document = certified(choice(now=[0], far=[0, 1]))
    stated = document["regions"]
    rest = stated["regions"][0]["optimal_actions"][1:]
    stated["regions"] = [{"optimal_actions": [[action], *rest]} for action in regions]
    half = {"polynomial": [-1, 2], "lower": "1/2", "upper": "1/2", "decimal": "0.5"}
    sides = {"left": [regions[0]], "at": [0, 1], "right": [regions[-1]]}
    point = {**half, "closed_form": "1/2", "changes": {"0": sides}}
    stated["breakpoints"] = [point] * (len(regions) - 1)
    stated["blackwell"]["breakpoint"] = len(regions) - 2 if len(regions) > 1 else None
    document["factors"] = [[-1, 2]] * (len(regions) - 1)
    return {**document, "denominators": denominators}


def test_the_worst_action_is_rejected() -> None:
    """Whatever the sign of D: not with D > 0, D < 0, or a D that changes its sign at 1/2."""
    assert accepted(claim([1], [[1]]))
    assert not accepted(claim([0], [[1]]))
    assert not accepted(claim([0], [[-1]]))
    assert not accepted(claim([1, 0], [[1, -2], [1, -2]]))


def test_a_breakpoint_where_no_set_changes_is_rejected() -> None:
    """Two equal regions are one, even where an action ties at their end alone."""
    document = certified(choice(now=[1], touch=[0, 4, -4]))
    stated = document["regions"]
    stated["breakpoints"], stated["touches"] = stated["touches"], []
    stated["regions"] *= 2
    stated["blackwell"] = {"breakpoint": 0, "touch": None}
    assert not accepted({**document, "denominators": document["denominators"] * 2})


@pytest.mark.parametrize("factor", [-1, 2])
def test_a_polynomial_that_is_not_normalised_is_rejected(factor: int) -> None:
    """Primitive with a positive leading coefficient: its multiples have the root, not the form."""
    path = ("regions", "breakpoints", 0, "polynomial")
    assert not accepted(changed(PUTERMAN_BY_HAND, path, [-10 * factor, 11 * factor]))
    assert not accepted(changed(PUTERMAN_BY_HAND, ("factors", 0), [-20, 22]))


def test_a_polynomial_that_is_not_square_free_is_rejected() -> None:
    """(11 x - 10)^2 has the root and the factor, not the form."""
    path = ("regions", "breakpoints", 0, "polynomial")
    assert not accepted(changed(PUTERMAN_BY_HAND, path, [100, -220, 121]))


def test_an_interval_that_holds_three_roots_is_rejected() -> None:
    """256 x^3 - 288 x^2 + 92 x - 7 has three roots in (0, 1): that tells none of them."""
    document = certified(choice(now=[0], far=[-7, 92, -288, 256]))
    assert len(document["regions"]["breakpoints"]) == 3
    for index in range(3):
        wide = copy.deepcopy(document)
        wide["regions"]["breakpoints"][index].update(lower="0", upper="1")
        assert not accepted(wide)


def test_a_change_that_is_none_is_rejected() -> None:
    """`changes` names only states whose set differs at the point or right of it."""
    same = {"left": [0], "at": [0], "right": [0]}
    path = ("regions", "breakpoints", 0, "changes")
    changes = at(PUTERMAN_BY_HAND, path)
    assert not accepted(changed(PUTERMAN_BY_HAND, path, {**changes, "1": same}))


def test_a_degree_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model alone may have values of high degree: the checker says so and stops."""
    document = certified(choice(now=[1], far=[0, 0, 0, 6]))
    assert accepted(document)
    monkeypatch.setattr(checker, "MAX_DEGREE", 2)
    with pytest.raises(CertificateError, match="degree"):
        verify(document)


HOSTILE: list[tuple[str, Callable[[Document], object]]] = [
    ("equal breakpoints", lambda d: [d["regions"][k].append(d["regions"][k][0]) for k in
        ("breakpoints", "regions")] + [d[k].append(d[k][0]) for k in ("factors", "denominators")]),
    ("high degree", lambda d: d["denominators"][0].extend([0] * 5_000 + [1])),
    ("many states", lambda d: d["model"].update(n_states=10**7)),
    ("long interval", lambda d: d["regions"]["breakpoints"][0].update(
        polynomial=[-10, 11], lower=f"{10**3990}/{10**3990 + 1}", upper="1")),
    ("long numbers", lambda d: d["model"]["transitions"].extend(
        [0, 0, 0, f"1/{10**3999 + k}", 0, False] for k in range(200))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_hostile_documents_are_rejected_quickly(name: str, spoil: Any) -> None:
    """Sizes that would take for ever or fill the memory are refused, not tried."""
    document = copy.deepcopy(PUTERMAN_BY_HAND)
    spoil(document)
    began = time.process_time()
    assert not accepted(document)
    assert time.process_time() - began < 5


# -- the polynomials underneath


def test_roots_are_counted() -> None:
    """(x - 1/4)(x - 1/2)(x - 3/4)(x^2 + 1), by hand; ends do not count, a double root may."""
    p = [-3, 22, -51, 54, -48, 32]
    zero, one = Fraction(0), Fraction(1)
    assert count_roots(p, zero, one, most=5) == 3
    assert count_roots(p, Fraction(1, 4), Fraction(3, 4), most=5) == 1
    assert count_roots(p, Fraction(1, 4), Fraction(1, 4), most=5) == 0
    assert vanishes(p, Fraction(3, 4), one)
    assert not vanishes(p, Fraction(4, 5), one)
    assert vanishes([1, -6, 9], zero, one)  # (1 - 3 x)^2


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=7).filter(lambda p: p[-1] != 0))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_counts_agree_with_flint(p: list[int]) -> None:
    """Where the polynomial is shown to be square-free, the count is the solver's own."""
    lower, upper = Fraction(1, 7), Fraction(6, 7)
    assert is_square_free(p) == (fmpz_poly(p).gcd(fmpz_poly(p).derivative()).degree() == 0)
    if is_square_free(p):
        assert count_roots(p, lower, upper, most=9) == len(isolate_roots(p, lower, upper))


@given(*[st.lists(st.integers(-9, 9), min_size=1, max_size=5).filter(lambda p: p[-1] != 0)] * 2)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_quotients_are_exact(p: list[int], q: list[int]) -> None:
    """p q / q is p; (p q + 1) / q is none for a q of positive degree."""
    product = [int(c) for c in (fmpz_poly(p) * fmpz_poly(q)).coeffs()]
    assert quotient(product, q) == p
    if len(q) > 1:
        assert quotient([product[0] + 1, *product[1:]], q) is None


ONE_STATE: Document = {
    "schema": "qdecay.mdp/1",
    "n_states": 1,
    "n_actions": 2,
    "transitions": [[0, 0, 0, 1, 0, False], [0, 1, 0, 1, 0, False]],
}


def told(document: Document, factor: list[int]) -> bool:
    """Whether the checker takes the number of a breakpoint or touch as stated."""
    changes = {"0": {"left": [0], "at": [0, 1], "right": [0]}}
    try:
        read_point({**document, "changes": changes}, factor, read_model(ONE_STATE), "p", False)
    except CertificateError:
        return False
    return True


@given(st.lists(st.integers(-12, 12), min_size=2, max_size=5).filter(lambda p: p[-1] != 0))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_numbers_are_told_exactly(p: list[int]) -> None:
    """The solver's root, decimal and closed form pass; those of its neighbours and mirror fail."""
    roots = isolate_roots(p)
    for root in roots:
        document, factor = root.to_json(), list(root.coefficients)
        assert told(document, factor)
        mirror = isolate_roots([int(c) for c in fmpz_poly(p)(fmpz_poly([1, -1])).coeffs()])
        for other in {*roots, *mirror} - {root}:
            wrong = other.to_json()
            assert not told({**document, "decimal": wrong["decimal"]}, factor)
            if wrong["closed_form"] is not None:
                assert not told({**document, "closed_form": wrong["closed_form"]}, factor)
            interval = {key: wrong[key] for key in ("lower", "upper")}
            assert not told({**document, **interval}, factor)


def test_the_factor_must_have_the_root() -> None:
    """(2 x^2 - 1)(3 x^2 - 1): of its two factors only one vanishes at 2^(-1/2)."""
    (root,) = isolate_roots([-1, 0, 2])
    document = {**root.to_json(), "polynomial": [1, 0, -5, 0, 6], "closed_form": None}
    assert told(document, [-1, 0, 2])
    assert told(document, [1, 0, -5, 0, 6])
    lower, upper = root.enclosure(200)  # so short that the decimal needs no factor
    document |= {"lower": str(lower), "upper": str(upper)}
    assert told(document, [-1, 0, 2])
    assert not told(document, [-1, 0, 3])
    assert not told(document, [-1, 0, 4])


def test_a_rational_must_be_the_root() -> None:
    """9/10 in the interval, the decimal and the closed form; 10/11 in the polynomial."""
    nine = {"lower": "9/10", "upper": "9/10", "decimal": "0.9", "closed_form": "9/10"}
    assert told({"polynomial": [-9, 10], **nine}, [-9, 10])
    assert not told({"polynomial": [-10, 11], **nine}, [-10, 11])
