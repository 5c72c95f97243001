"""Certificates of policy regions: what is proven passes, and nothing else does."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from flint import fmpz_poly
from forging import ODD, Document, Path_, accepted, at, changed, leaves, mutations
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman

from qdecay.cli.verify import _proven
from qdecay.errors import BudgetExceeded, InputError
from qdecay.exact.algebra.number import isolate_roots
from qdecay.exact.proof import certificate as writer
from qdecay.exact.proof import over_gamma, signs
from qdecay.exact.proof import verify as checker
from qdecay.exact.proof.certificate import certificate, write_certificate
from qdecay.exact.proof.signs import count_roots, quotient
from qdecay.exact.proof.verify import BeyondChecker, CertificateError, Verification, verify
from qdecay.exact.regions import policy_regions
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.mdp import MDP
from qdecay_envs import ChainLayout, GridLayout

HALF = Fraction(1, 2)
PUTERMAN_BY_HAND: Document = {
    # Leave: V(0) = 10 - g / (1 - g). Share: V(0) = 5 + g V(0) / 2 + g V(1) / 2. In y = g / 2 the
    # denominators are 1 - 2 y = 1 - g and (1 - y)(1 - 2 y); 10/11 lies between 7/8 and 9/8, 465 and
    # 467 of 512.
    "schema": "qdecay.certificate/1",
    "model": {
        "schema": "qdecay.mdp/1",
        "n_states": 2,
        "n_actions": 2,
        "transitions": [
            [0, 0, 0, "1/2", 5, False],
            [0, 0, 1, "1/2", 5, False],
            [0, 1, 1, 1, 10, False],
            [1, 0, 1, 1, -1, False],
        ],
    },
    "at_zero": [[1], [0]],
    "points": [[[-10, 11], [233, 9], [[0, 1], [0]]]],
    "intervals": [[[[1], [0]], [1, -2]], [[[0], [0]], [1, -3, 2]]],
}


def certified(mdp: MDP) -> Document:
    """The certificate of a model, as it comes back from a JSON file."""
    document: Document = json.loads(json.dumps(certificate(mdp, policy_regions(mdp))))
    return document


def choice(ending: Any = "terminate", **streams: list[int]) -> MDP:
    """The model of one choice between streams."""
    return MDP.from_layout(ChainLayout(tuple((k, tuple(v)) for k, v in streams.items()), ending))


def ends(point: list[Any]) -> tuple[Fraction, Fraction]:
    """The interval of a point."""
    centre, bits = point[1]
    return Fraction(2 * centre - 1, 2**bits), Fraction(2 * centre + 1, 2**bits)


def test_a_certificate_is_of_the_dynamics_alone() -> None:
    """Counts of data, a random start and a time limit are no part of what is proven."""
    mdp = MDP.from_transitions([(0, 0, 1, 0, True), (0, 1, 0, 1, False), (1, 0, 4, 1, True)])
    more = MDP.of(replace(mdp.rows(), time_limit=9, initial_states={0: HALF, 1: HALF}))
    document = certified(more)
    assert accepted(document) and document == certified(MDP.of(replace(mdp.rows(), visits={})))


def surd_and_touch() -> MDP:
    """Three streams: the best left of (sqrt(5)-1)/2 pays at once, and one more touches at 1/2."""
    return choice(now=[1], golden=[0, 1, 1], touch=[0, 4, -4])


def test_a_certificate_written_by_hand_passes() -> None:
    """The two-state example of Puterman: the checker needs no solver."""
    verify(PUTERMAN_BY_HAND)


def test_the_writer_finds_what_the_hand_found() -> None:
    """The solver's certificate has the sets, denominators and factor worked out by hand."""
    document = certified(two_state_puterman())
    [[_, (centre, bits), _]] = document["points"]
    assert Fraction(2 * centre - 1, 2**bits) < Fraction(10, 11) < Fraction(2 * centre + 1, 2**bits)
    document["points"][0][1] = [233, 9]
    assert document == PUTERMAN_BY_HAND


def test_what_is_proven_is_counted_from_a_document_or_its_file(tmp_path: Path) -> None:
    """A touch is no breakpoint; what can not be read is no certificate."""
    model = surd_and_touch()
    write_certificate(model, policy_regions(model), tmp_path / "proof.json")
    found = verify(tmp_path / "proof.json")
    assert found == verify(str(tmp_path / "proof.json")) == verify(certified(model))
    counts = {"states": model.n_states, "regions": 2, "breakpoints": 1, "touches": 1}
    assert found == Verification(**counts)
    assert found.to_json() == {
        "schema": "qdecay.verification/1",
        "proven": True,
        **counts,
        "gamma": None,
    }
    (tmp_path / "proof.json").write_text("{")
    with pytest.raises(ValueError, match=r"proof\.json: not JSON: "):
        verify(tmp_path / "proof.json")


UNREADABLE = {
    "missing": (lambda path: None, "cannot be read: No such file or directory"),
    "folder": (Path.mkdir, "is a folder; name a file"),
    "pipe": (os.mkfifo, "is a pipe or a device; name a file"),
    "deep": (lambda path: path.write_text("[" * 10**5), "cannot be read: maximum recursion depth"),
    "bytes": (lambda path: path.write_bytes(b"\xff"), "cannot be read: 'utf-8' codec can't decode"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_path_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    """As by every reader: a ValueError, in one line that begins with the path."""
    path = tmp_path / "proof.json"
    make, reason = UNREADABLE[kind]
    make(path)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: {reason}[^\n]*$"):
        verify(path)


def test_a_name_with_a_nul_character_is_refused_with_the_name(tmp_path: Path) -> None:
    """The system's own message has no name."""
    model, path = two_state_puterman(), tmp_path / "a\0b.json"
    for call in (
        lambda: model.save(path),
        lambda: ChainLayout.choice(near=[1], far=[0, 0, 4]).save(path),
        lambda: FloatMDP.from_mdp(model).save(path.with_suffix(".npz")),
        lambda: write_certificate(model, policy_regions(model), path),
    ):
        with pytest.raises(ValueError, match="a\0b.*: cannot be written: embedded null byte$"):
            call()


@pytest.mark.parametrize("given", [3, None, b"proof.json", [1]])
def test_what_is_no_certificate_and_no_path_is_refused(given: Any) -> None:
    """The message says what the argument may be."""
    with pytest.raises(CertificateError, match="certificate must be a path or a parsed file, got "):
        verify(given)


def test_a_path_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    """The regions of another model would be refused by the work."""
    model, other = surd_and_touch(), two_state_puterman()
    with pytest.raises(InputError, match="the folder .* does not exist"):
        write_certificate(other, policy_regions(model), tmp_path / "new" / "proof.json")
    for problem in (other, ChainLayout.choice(near=[1], far=[0, 0, 4])):
        with pytest.raises(ValueError, match=r"proof\.json: cannot be written: No such file"):
            problem.save(tmp_path / "new" / "proof.json")
    with pytest.raises(ValueError, match=r"m\.npz: cannot be written: No such file"):
        FloatMDP.from_mdp(other).save(tmp_path / "new" / "m.npz")


@pytest.mark.parametrize("name", ["m.npz", "m.json.gz", "m.csv", "m.tra", "m.bar", "m", "m.json~"])
def test_a_file_of_another_ending_is_not_written(tmp_path: Path, name: str) -> None:
    """Its ending would select another reader, or none."""
    model, path = two_state_puterman(), tmp_path / name
    grid, chain = GridLayout(["S.", ".+1"]), ChainLayout.choice(near=[1], far=[0, 0, 4])
    for save in (model.save, chain.save, grid.save):
        with pytest.raises(ValueError, match=rf"{re.escape(name)}: the name must end in \.json$"):
            save(path)
    with pytest.raises(InputError, match=r": the name must end in \.json$"):
        write_certificate(surd_and_touch(), policy_regions(model), path)  # before any work
    if name != "m.npz":
        with pytest.raises(ValueError, match=rf"{re.escape(name)}: the name must end in \.npz: "):
            FloatMDP.from_mdp(model).save(path)
    assert not any(tmp_path.iterdir())


def test_a_certificate_may_be_larger_than_other_documents(tmp_path: Path, monkeypatch) -> None:
    """Its limit is what the command that checks it reads."""
    model = surd_and_touch()
    for size, fits in ((2**24 + 1, True), (2**26, False)):
        long = {"schema": "qdecay.certificate/1", "padding": "x" * size}
        monkeypatch.setattr(writer, "certificate", lambda *_, long=long, **__: long)
        with nullcontext() if fits else pytest.raises(ValueError, match="the limit is 67,108,864"):
            write_certificate(model, policy_regions(model), tmp_path / "proof.json")
    with pytest.raises(CertificateError, match="not an object with the keys"):
        _proven(tmp_path / "proof.json")


def test_the_checker_needs_the_standard_library_only(tmp_path: Path) -> None:
    """Its folder runs alone, without anything that is installed."""
    shutil.copytree(Path(checker.__file__).parent, tmp_path / "proof")
    (tmp_path / "ten.json").write_text(json.dumps(PUTERMAN_BY_HAND))
    code = "from proof.verify import verify; print(verify('ten.json'))"
    python = [sys.executable, "-E", "-S", "-c", code]
    found = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True, check=False)
    expected = "Verification(states=2, regions=2, breakpoints=1, touches=0, gamma=None)\n"
    assert (found.stdout, found.stderr) == (expected, "")


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
    assert len(document["points"]) == 1


def test_frozen_lake_is_certified() -> None:
    """Degree 8, holes that tie on every action, and 16 states."""
    document = certified(MDP.from_env(gym.make("FrozenLake-v1")))
    verify(document)
    assert [len(f) - 1 for f, *_ in document["points"]] == [3, 8]


@pytest.mark.slow
def test_frozen_lake_8x8_is_certified() -> None:
    """25 breakpoints of degree up to 49."""
    document = certified(MDP.from_env(gym.make("FrozenLake-v1", map_name="8x8")))
    verify(document)
    assert len(document["points"]) == 25


def test_breakpoints_1e_21_apart_are_certified() -> None:
    """x^40 - 2 (10 x - 1)^2 has two roots near 1/10 that no float tells apart."""
    far = [-2, 40, -200] + [0] * 37 + [1]
    document = certified(choice(now=[0], far=far))
    verify(document)
    (left, _), (right, _) = (ends(point) for point in document["points"])
    assert 0 < right - left < Fraction(2, 10**21)


@pytest.mark.parametrize("ending", ["terminate", "repeat", "absorb"])
def test_long_chains_are_certified(ending: str) -> None:
    """60 steps of waiting: values of degree 60 whose least denominator has degree 0, 1 or 60."""
    document = certified(choice(ending, stay=[1], move=[0] * 60 + [99]))
    verify(document)
    degrees = {"terminate": [0, 0], "repeat": [1, 61], "absorb": [1, 1]}
    assert [len(d) - 1 for _, d in document["intervals"]] == degrees[ending]


def test_surds_and_touches_are_certified() -> None:
    """(sqrt(5)-1)/2, a root of x^2 + x - 1, and a third action that ties at 1/2 alone."""
    document = certified(surd_and_touch())
    verify(document)
    assert [f for f, *_ in document["points"]] == [[-1, 2], [-1, 1, 1]]
    sets = [interval[0][0] for interval in document["intervals"]]
    assert (sets, document["points"][0][2][0]) == ([[0], [0], [1]], [0, 2])


def test_conjugate_breakpoints_are_certified() -> None:
    """Both roots of one irreducible polynomial are breakpoints: 10 x^2 - 10 x + 2."""
    document = certified(choice(now=[0], far=[-2, 10, -10]))
    verify(document)
    assert [f for f, *_ in document["points"]] == [[1, -5, 5], [1, -5, 5]]


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
    assert document["intervals"][0][0] == document["at_zero"] == [[0], []]


def test_incomplete_regions_get_no_certificate(tmp_path: Path) -> None:
    """A budget that ran out leaves regions that are not proven up to 1."""
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    with pytest.raises(BudgetExceeded) as caught:
        policy_regions(mdp, max_breakpoints=1)
    with pytest.raises(ValueError, match="incomplete"):
        write_certificate(mdp, caught.value.best, tmp_path / "no.json")
    assert not list(tmp_path.iterdir())


def test_regions_of_another_model_get_no_certificate(tmp_path: Path) -> None:
    """Not even of one with as many states and actions."""
    lake, ice = (MDP.from_env(gym.make("FrozenLake-v1", is_slippery=s)) for s in (True, False))
    with pytest.raises(ValueError, match="these regions are of another model"):
        write_certificate(ice, policy_regions(lake), tmp_path / "no.json")
    assert not list(tmp_path.iterdir())


# -- mutations


SMALL = {
    "Puterman": lambda: PUTERMAN_BY_HAND,
    "surd and touch": lambda: certified(surd_and_touch()),
    "radical": lambda: certified(choice(now=[1], far=[0, 0, 0, 6])),
    "conjugates": lambda: certified(choice(now=[0], far=[-2, 10, -10])),
}


def says_the_same(original: Document, path: Path_, mutation: Document) -> bool:
    """Whether a mutation proves as much as the original, by a route other than the checker.

    d may be any positive multiple of the least one. A mutated model must have the very points
    and sets that are stated, according to the solver: a terminated transition goes nowhere, for
    example.
    """
    if path == ("model", "schema"):
        return False
    if path[0] == "intervals" and path[2:3] == (1,):
        d, least = (fmpz_poly(at(document, path[:3])) for document in (mutation, original))
        ratio, rest = divmod(d, least)
        normal = at(mutation, path[:3])[-1:] != [0]
        return normal and rest == 0 and ratio[0] > 0 and isolate_roots(ratio) == []
    return path[0] == "model" and is_as_stated(mutation)


def is_as_stated(document: Document) -> bool:
    """Whether the solver finds the stated points and sets in the model."""
    data = {key: value for key, value in document["model"].items() if key != "schema"}
    found = certified(MDP.from_rows(data.pop("transitions"), **data))
    return all(claims(found)[i] == claims(document)[i] for i in range(3))


def claims(document: Document) -> tuple[Any, Any, Any]:
    """What a certificate states, without its hints; minimal polynomials tell the points."""
    points = [(f, sets) for f, _, sets in document["points"]]
    return document["at_zero"], points, [sets for sets, _ in document["intervals"]]


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
        assert isinstance(value, str) or not accepted(value)  # text is the path of a file


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


@pytest.mark.parametrize("shift", [Fraction(-1, 10**30), Fraction(1, 10**30)])
def test_a_breakpoint_moved_by_1e_30_is_rejected(shift: Fraction) -> None:
    """Even within its interval."""
    gamma = Fraction(10, 11) + shift
    path = ("points", 0, 0)
    assert not accepted(changed(PUTERMAN_BY_HAND, path, [-gamma.numerator, gamma.denominator]))


def test_a_breakpoint_left_out_is_rejected() -> None:
    """One region less, everything else consistent: the sets do not hold all the way to 1."""
    for keep in (0, 1):
        document = {**PUTERMAN_BY_HAND, "points": []}
        assert not accepted({**document, "intervals": [PUTERMAN_BY_HAND["intervals"][keep]]})


def test_a_touch_left_out_is_rejected() -> None:
    """A double root inside a region is no sign change, and is seen all the same."""
    document = certified(surd_and_touch())
    assert accepted(document)
    del document["points"][0], document["intervals"][0]
    assert not accepted(document)


def test_a_breakpoint_hidden_in_the_polynomial_of_another_is_rejected() -> None:
    """Dividing by the polynomial of both would leave nothing that changes its sign."""
    document = certified(choice(now=[0], far=[-2, 11, -12]))  # (3 x - 2)(1 - 4 x)
    assert [f for f, *_ in document["points"]] == [[-1, 4], [-2, 3]]
    document["points"][0][0] = [2, -11, 12]
    assert not accepted(document)
    del document["points"][1], document["intervals"][2]
    assert not accepted(document)


def test_ties_forged_by_a_root_of_d_are_rejected() -> None:
    """d = 2 x - 1 in all advantages: every action would tie at 1/2; squared, d has one sign."""
    document = claim([1], [[1]])
    rest = document["at_zero"][1:]
    document["points"] = [[[-1, 2], [4, 4], [[0, 1], *rest]]]
    sets = document["intervals"][0][0]
    for d in ([-1, 2], [1, -2], [1, -4, 4]):
        assert not accepted({**document, "intervals": [[sets, d]] * 2})


def test_a_region_hidden_in_the_interval_of_a_point_is_rejected() -> None:
    """-(3 x - 1)(3 x - 2): what is best from 1/3 to 2/3 would pass as a touch within (1/4, 3/4)."""
    document = certified(choice(now=[0], far=[-2, 9, -9]))
    assert len(document["points"]) == 2
    document["points"] = [changed(document, ("points", 0, 1), [1, 2])["points"][0]]
    assert not accepted({**document, "intervals": [document["intervals"][0]] * 2})


def test_ties_forged_at_zero_are_rejected() -> None:
    """d = x makes every advantage 0 at gamma = 0."""
    document = claim([1], [[0, 1]])
    document["at_zero"] = [[0, 1], *document["at_zero"][1:]]
    assert accepted({**document, "intervals": claim([1], [[1]])["intervals"]})  # 0 now, 0 now
    later = certified(choice(now=[0], far=[1]))
    assert accepted(later)
    later["at_zero"] = [[0, 1], *later["at_zero"][1:]]
    later["intervals"][0][1] = [0, 1]
    assert not accepted(later)


def test_a_root_at_the_end_of_its_interval_is_rejected() -> None:
    """3/4 lies in the open interval that is stated, not at its end."""
    document = certified(choice(now=[3], far=[0, 4]))
    assert [f for f, *_ in document["points"]] == [[-3, 4]]
    assert not accepted(changed(document, ("points", 0, 1), [1, 2]))


def claim(actions: list[int], denominators: list[list[int]]) -> Document:
    """A certificate for 0 now (action 0) or 1 a step later (1), which is better for all gamma.

    It states one action for each interval; two of them meet at 1/2.
    """
    document = certified(choice(now=[0], far=[0, 1]))
    rest = document["intervals"][0][0][1:]
    pairs = zip(actions, denominators, strict=True)
    document["intervals"] = [[[[action], *rest], d] for action, d in pairs]
    document["points"] = [[[-1, 2], [4, 4], [[0, 1], *rest]]] * (len(actions) - 1)
    return document


def test_the_worst_action_is_rejected() -> None:
    """Whatever the sign of D: not with D > 0, D < 0, or a D that changes its sign at 1/2."""
    assert accepted(claim([1], [[1]]))
    assert not accepted(claim([0], [[1]]))
    assert not accepted(claim([0], [[-1]]))
    assert not accepted(claim([1, 0], [[1, -2], [1, -2]]))


def test_a_point_where_nothing_changes_is_rejected() -> None:
    """A region cut in two at 1/2, where its sets hold too."""
    document = certified(choice(now=[1], far=[0, 0, 1]))
    assert accepted(document)
    sets = document["at_zero"]
    document["points"] = [[[-1, 2], [4, 4], sets]]
    assert not accepted({**document, "intervals": document["intervals"] * 2})


def test_an_interval_that_holds_three_roots_is_rejected() -> None:
    """256 x^3 - 288 x^2 + 92 x - 7 has three roots in (0, 1): (1/4, 3/4) tells none of them."""
    document = certified(choice(now=[0], far=[-7, 92, -288, 256]))
    assert len(document["points"]) == 3
    for index in range(3):
        assert not accepted(changed(document, ("points", index, 1), [1, 2]))


@pytest.mark.parametrize("interval", [[1, 1], [2, 2], [1, 2], [8, 4], [10**40, 133], [0, 9]])
def test_an_interval_without_the_root_is_rejected(interval: list[int]) -> None:
    """10/11 has to lie inside, and the interval inside (0, 1)."""
    assert not accepted(changed(PUTERMAN_BY_HAND, ("points", 0, 1), interval))


def test_negative_probabilities_are_rejected() -> None:
    """3/2 and -1/2 sum to 1, and prove nothing."""
    wrong = changed(PUTERMAN_BY_HAND, ("model", "transitions", 0, 3), "3/2")
    wrong["model"]["transitions"][1][3] = "-1/2"
    with pytest.raises(CertificateError, match="transition 1: a probability"):
        verify(wrong)


def test_a_degree_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model alone may have values of high degree: the checker says so and stops."""
    document = certified(choice(now=[1], far=[0, 0, 0, 6]))
    assert accepted(document)
    monkeypatch.setattr(over_gamma, "MAX_DEGREE", 2)
    with pytest.raises(BeyondChecker, match="degree"):
        verify(document)


@pytest.mark.parametrize(("limit", "kind"), [(2, BeyondChecker), (3, CertificateError)])
def test_a_wrong_d_is_told_apart_from_a_model_too_large(
    monkeypatch: pytest.MonkeyPatch, limit: int, kind: type[CertificateError]
) -> None:
    """Values of 2 states have degree < 2 times d: 3 powers of gamma show that 1 is no d."""
    document = changed(PUTERMAN_BY_HAND, ("intervals", 0, 1), [1])
    monkeypatch.setattr(over_gamma, "MAX_DEGREE", limit)
    with pytest.raises(CertificateError, match="degree") as refusal:
        verify(document)
    assert refusal.type is kind


LONG = [f"1/{10**3999 + k}" for k in range(200)]
HOSTILE: list[tuple[str, Callable[[Document], object]]] = [
    ("not right of", lambda d: [d[k].append(d[k][0]) for k in ("points", "intervals")]),
    ("degree", lambda d: d["intervals"][0][1].extend([0] * 5_000 + [1])),
    ("out of range", lambda d: d["model"].update(n_states=10**7)),
    ("too short", lambda d: d["points"][0][1].__setitem__(1, 10**9)),
    ("out of range", lambda d: d["points"][0][0].append(10**40_000)),
    ("too large", lambda d: d["model"]["transitions"].extend([0, 0, 0, p, 0, False] for p in LONG)),
    ("too large", lambda d: d["model"]["transitions"].extend([0, 0, 0, 1, r, False] for r in LONG)),
    ("exceed what", lambda d: [d["intervals"][0][1].extend([0] * 1_500 + [1]),
        *(d["model"]["transitions"][k].__setitem__(3, p) for k, p in
          enumerate([f"1/{10**3990}", f"{10**3990 - 1}/{10**3990}"]))]),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "spoil"), HOSTILE)
def test_hostile_documents_are_refused(reason: str, spoil: Any) -> None:
    """Sizes that would take for ever or fill the memory are refused, not tried."""
    document = copy.deepcopy(PUTERMAN_BY_HAND)
    spoil(document)
    with pytest.raises(CertificateError, match=reason) as refusal:
        verify(document)
    beyond = reason in ("degree", "too short", "too large", "exceed what")
    assert refusal.type is (BeyondChecker if beyond else CertificateError)


def test_a_table_too_large_for_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 states in a row, each worth one more power of gamma: 40,000 coefficients."""
    rows: list[Any] = [(s, 0, min(s + 1, 199), 1, 1, s == 199) for s in range(200)]
    document = certified(MDP.from_rows(rows, n_states=200, n_actions=1))
    assert accepted(document)
    monkeypatch.setattr(signs, "_MAX_BITS", 2**22)
    with pytest.raises(CertificateError, match="exceed what"):
        verify(document)


# -- the polynomials underneath


def test_roots_are_counted() -> None:
    """(x - 1/4)(x - 1/2)(x - 3/4)(x^2 + 1), by hand; ends do not count, a double root may."""
    p = [-3, 22, -51, 54, -48, 32]
    zero, one = Fraction(0), Fraction(1)
    assert count_roots(p, zero, one, most=5) == 3
    assert count_roots(p, Fraction(1, 4), Fraction(3, 4), most=5) == 1
    assert count_roots(p, Fraction(3, 4), one, most=5) == 0
    assert count_roots([-1, 0, 2], zero, one, most=5) == 1  # one positive root, 2^(-1/2)
    assert count_roots([-1, 0, 2], Fraction(3, 4), one, most=5) == 0
    assert count_roots([0, -1, 0, 2], zero, one, most=5) == 1
    assert count_roots([1, 0, 2], zero, one, most=5) == 0
    assert count_roots([1, -6, 9], zero, one, most=1) == 2  # (1 - 3 x)^2: not told apart
    assert count_roots([1, -4, 4], zero, one, most=1) == 1  # (1 - 2 x)^2, met by halving


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=7).filter(lambda p: p[-1] != 0))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_counts_agree_with_flint(p: list[int]) -> None:
    """Of a square-free polynomial, the count is the solver's own."""
    lower, upper = Fraction(1, 7), Fraction(6, 7)
    if fmpz_poly(p).gcd(fmpz_poly(p).derivative()).degree() == 0:
        assert count_roots(p, lower, upper, most=9) == len(isolate_roots(p, lower, upper))


@given(*[st.lists(st.integers(-9, 9), min_size=1, max_size=5).filter(lambda p: p[-1] != 0)] * 2)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_quotients_are_exact(p: list[int], q: list[int]) -> None:
    """p q / q is p; (p q + 1) / q is none for a q of positive degree."""
    product = [int(c) for c in (fmpz_poly(p) * fmpz_poly(q)).coeffs()]
    assert quotient(product, q) == p
    if len(q) > 1:
        assert quotient([product[0] + 1, *product[1:]], q) is None
