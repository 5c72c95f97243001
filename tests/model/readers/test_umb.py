"""Models in UMB: written by umbi or as the specification has it, and files that mean harm."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_files import Model, Rewards, packed, umb_members
from shell import check_refused

from qdecay import MDP, FloatMDP, InputError

PUTERMAN = Model(
    (
        (("share", {0: "1/2", 1: "1/2"}), ("leave", {1: 1})),
        (("share", {1: 1}),),
    ),
    {"r": Rewards({}, {(0, 0): 5, (0, 1): 10, (1, 0): -1})},
)
VALUES = "annotations/rewards/r0/{}/values.bin"
Members = dict[str, bytes]


def written(folder: Path, members: Members, mode: str = "gz") -> Path:
    """Write a file of some members."""
    path = folder / "model.umb"
    path.write_bytes(packed(members, mode))
    return path


def indexed(change: Callable[[dict[str, Any]], Any], members: Members | None = None) -> Members:
    """Return the members of a file whose index is changed."""
    members = members or umb_members(PUTERMAN)
    index = json.loads(members["index.json"])
    change(index)
    return {**members, "index.json": json.dumps(index).encode()}


def system(**entries: Any) -> Members:
    """Return the members with other entries of the transition system."""
    return indexed(lambda index: index["transition-system"].update(entries))


def rewards(**entries: Any) -> Members:
    """Return the members with other entries of the rewards."""
    return indexed(lambda index: index["annotations"]["rewards"]["r0"].update(entries))


@pytest.mark.parametrize("mode", ["", "gz", "xz"])
def test_archives_may_be_packed(tmp_path: Path, mode: str) -> None:
    """As the specification has it; folders and other members are passed over."""
    members = {**umb_members(PUTERMAN), "valuations/states/valuations.bin": b"123"}
    assert MDP.load(written(tmp_path, members, mode)) == PUTERMAN.by_hand("r")


def test_rewards_of_states_choices_and_branches_add_up(tmp_path: Path) -> None:
    """Each step earns all three; a state without choices earns its own for ever."""
    resting = Model((PUTERMAN.choices[0], ()), {"r": Rewards({0: "1/3", 1: 7}, {(0, 1): 20})})
    members = umb_members(resting)
    members[VALUES.format("branches")] = np.array([[100, 1], [200, 1], [300, 1]], "<i8").tobytes()
    third = Fraction(1, 3)
    rows = [
        (0, 0, 0, "1/2", 100 + third, False),
        (0, 0, 1, "1/2", 200 + third, False),
        (0, 1, 1, 1, 320 + third, False),
        (1, 0, 1, 1, 7, False),
    ]
    expected = MDP.from_rows(rows, n_states=2, n_actions=2)
    assert set(MDP.load(written(tmp_path, members)).rows()) == set(expected.rows())


def test_thirds_that_were_printed_as_floats_are_thirds(tmp_path: Path) -> None:
    """What was mapped is on the model."""
    thirds = Model(
        ((("a", dict.fromkeys(range(3), "1/3")),), *[(("a", {0: 1}),)] * 2), PUTERMAN.rewards
    )
    mdp = MDP.load(written(tmp_path, umb_members(thirds, "double")))
    assert mdp.exact_probability[:3] == (Fraction(1, 3),) * 3
    assert mdp.recovered[1 / 3] == Fraction(1, 3)


def test_rationals_may_be_long(tmp_path: Path) -> None:
    """Of 256 bits: numerator and denominator of 128 each, the first with a sign."""
    values = [Fraction(-(2**100), 3**60), Fraction(0), Fraction(5)]
    data = b"".join(
        value.numerator.to_bytes(16, "little", signed=True)
        + value.denominator.to_bytes(16, "little")
        for value in values
    )
    members = rewards(type={"type": "rational", "size": 256})
    members[VALUES.format("choices")] = data
    del members[VALUES.format("states")]
    mdp = MDP.load(written(tmp_path, members))
    assert set(mdp.exact_reward) == set(values)


def test_what_is_missing_has_the_value_that_the_specification_says(tmp_path: Path) -> None:
    """One choice in each state, one branch of each, actions without names, no initial state."""
    chain = Model(((("a", {1: 1}),), (("a", {0: 1}),)), {"r": Rewards({0: 1})})
    members = umb_members(chain)
    for name in (
        "state-to-choices.bin",
        "choice-to-branches.bin",
        "actions/choices/values.bin",
        "actions/choices/string-mapping.bin",
        "actions/choices/strings.bin",
        "state-is-initial.bin",
        VALUES.format("choices"),
    ):
        del members[name]
    mdp = MDP.load(written(tmp_path, members))
    rows = [(0, 0, 1, 1, 1, False), (1, 0, 0, 1, 0, False)]
    assert mdp == MDP.from_rows(rows, n_states=2, n_actions=1, action_names=["0"])
    del members["branch-to-probability.bin"]
    members = indexed(lambda i: i["transition-system"].pop("branch-probability-type"), members)
    assert MDP.load(written(tmp_path, members)) == mdp


def test_choices_without_actions_have_numbers(tmp_path: Path) -> None:
    """From 0 on in each state."""
    members = {n: data for n, data in umb_members(PUTERMAN).items() if not n.startswith("actions")}
    members = indexed(lambda i: i["transition-system"].update({"#choice-actions": 0}), members)
    mdp = MDP.load(written(tmp_path, members))
    assert list(mdp.rows()) == list(PUTERMAN.by_hand("r").rows())
    assert mdp.action_names is None


def test_several_initial_states_are_no_start(tmp_path: Path) -> None:
    """Bits of the first byte, from the lowest on."""
    for bits, start in ((1, 0), (2, 1), (3, None), (0, None)):
        members = {**umb_members(PUTERMAN), "state-is-initial.bin": bits.to_bytes(8, "little")}
        assert MDP.load(written(tmp_path, members)).start == start


def test_of_several_rewards_one_is_named(tmp_path: Path) -> None:
    """By alias, identifier or number; none is preferred, and the aliases are listed."""
    two = Model(PUTERMAN.choices, {"coins": PUTERMAN.rewards["r"], "steps": Rewards({0: 1, 1: 1})})
    path = written(tmp_path, umb_members(two))
    with pytest.raises(InputError, match="one reward structure is needed, .* has 1 'coins', 2 'st"):
        MDP.load(path)
    for name in ("coins", "r0", "1", 1):
        assert MDP.from_umb(path, name) == two.by_hand("coins")
    assert MDP.from_umb(path, reward="steps") == two.by_hand("steps")
    assert set(FloatMDP.from_umb(path, "r1").reward) == {1.0}
    with pytest.raises(InputError, match="there are no rewards 'x'; the file has 1 'coins', 2 'st"):
        MDP.from_umb(path, "x")


INTERVAL = {"type": "double-interval", "size": 128}
BITS = {"type": "bool", "size": 1}
WRONG: list[tuple[Members, str]] = [
    (system(time="stochastic"), "the model is a decision process in continuous time (CTMDP)"),
    (system(time="stochastic", **{"#players": 0}), "a Markov chain in continuous time (CTMC)"),
    (system(time="urgent-stochastic"), "the model is a Markov automaton, in continuous time (MA)"),
    (system(time="dense"), "time must be discrete, got 'dense'"),
    (system(**{"#players": 2}), "the model is a turn-based stochastic game (TSG)"),
    (system(**{"#observations": 2}), "the model is a partially observable model (POMDP)"),
    (system(**{"branch-probability-type": INTERVAL}), "a decision process with intervals of"),
    (system(**{"branch-probability-type": BITS}), "must hold numbers, got the type 'bool'"),
    (system(**{"branch-probability-type": 7}), "a type must be an object, got 7"),
    (system(**{"#states": 10**9}), "#states must be a whole number up to 250,000, got 1000000000"),
    (system(**{"#states": 3}), "state-to-choices.bin must have 32 bytes, got 24"),
    (system(**{"#choices": True}), "#choices must be a whole number up to 250,000, got True"),
    (system(**{"#branches": 5}), "choice-to-branches.bin must not decrease, from 0 to 5"),
    (system(**{"#choice-actions": 1}), "actions/choices/values.bin must have numbers below 1, got"),
    (rewards(type=INTERVAL), "the rewards 'r0' are intervals"),
    (rewards(**{"probability-type": BITS}), "the rewards 'r0' are random, and cannot be read"),
    (rewards(type={"type": "rational", "size": 64}), "must be a multiple of 128, got 64"),
    (indexed(lambda index: index.pop("annotations")), "has no rewards"),
    (indexed(lambda index: index.update({"format-version": 2})), "version 2 of UMB cannot be read"),
    (indexed(lambda index: index.pop("transition-system")), "transition-system must be an object"),
    (indexed(lambda index: index.update({"annotations": []})), "annotations must be an object"),
]
BROKEN = {
    "state-to-choices.bin": (np.array([0, 3, 2], "<u8"), "must not decrease, from 0 to 3"),
    "choice-to-branches.bin": (np.array([0, 4, 4, 4], "<u8"), "choice 1 of state 0 leads nowhere"),
    "branch-to-target.bin": (np.array([0, 1, 2, 1], "<u8"), "must have numbers below 2, got 2"),
    "branch-to-probability.bin": (np.zeros(8, "<i8"), "number 0 of .* has a zero denominator"),
    "actions/choices/string-mapping.bin": (np.array([0, 99, 10], "<u8"), "must have numbers below"),
    "actions/choices/strings.bin": (np.full(10, 255, "u1"), "not UTF-8|decode"),
    "index.json": (np.zeros(0, "u1"), "not a UMB file"),
}  # fmt: skip


@pytest.mark.parametrize("kind", [MDP, FloatMDP])
@pytest.mark.parametrize(("members", "message"), WRONG)
def test_what_is_no_mdp_with_rewards_is_refused(
    tmp_path: Path, kind, members: Members, message: str
) -> None:
    """The message names the file and what is wrong with it."""
    message = message if kind is MDP else message.replace("250,000", "1,500,000")
    with pytest.raises(InputError, match=".") as error:
        kind.load(written(tmp_path, members))
    assert "model.umb: " in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize("name", BROKEN)
def test_members_that_do_not_fit_are_named(tmp_path: Path, name: str) -> None:
    """None is believed; one that is missing is named as well, where it must not be."""
    array, message = BROKEN[name]
    members = {**umb_members(PUTERMAN), name: array.tobytes()}
    with pytest.raises(InputError, match=message):
        MDP.load(written(tmp_path, members))
    needed = name not in ("actions/choices/string-mapping.bin", "branch-to-target.bin")
    if needed:
        del members[name]
        with pytest.raises(InputError, match=f"the member {name} is missing"):
            MDP.load(written(tmp_path, members))


def test_floats_that_are_none_are_refused(tmp_path: Path) -> None:
    """In floats as well."""
    members = umb_members(PUTERMAN, "double")
    members[VALUES.format("states")] = np.array([0, np.nan]).tobytes()
    for kind in (MDP, FloatMDP):
        with pytest.raises(InputError, match="number 1 of .*states/values.bin must be finite"):
            kind.load(written(tmp_path, members))


@pytest.mark.slow
def test_other_files_are_refused_in_one_line(capsys, monkeypatch, tmp_path: Path) -> None:
    """No archive, an archive of something else, one cut short, and ones that unpack to a lot."""
    whole = packed(umb_members(PUTERMAN))
    (tmp_path / "text.umb").write_text("no archive")
    (tmp_path / "cut.umb").write_bytes(whole[: len(whole) // 2])
    for name, size, mode in (
        ("other.umb", 1, "gz"),
        ("bomb.umb", 1 << 26, "gz"),
        ("xz.umb", 1 << 26, "xz"),
    ):
        (tmp_path / name).write_bytes(packed({"zeros": bytes(size)}, mode))
    with tarfile.open(tmp_path / "many.umb", "w:gz") as archive:
        for number in range(20_000):
            archive.addfile(tarfile.TarInfo(str(number)))
    for name, message in (
        ("text.umb", "not a UMB file"),
        ("cut.umb", "not a UMB file"),
        ("other.umb", "not a UMB file: the member index.json is missing"),
        ("bomb.umb", "unpacks to more than 32 MiB"),
        ("xz.umb", "unpacks to more than 32 MiB"),
        ("many.umb", "has more than 10,000 members"),
        ("none.umb", "cannot be read: No such file"),
    ):
        check_refused(capsys, monkeypatch, tmp_path, ["regions", name], f"{name}: {message}")


@pytest.mark.parametrize("number", [Fraction, float])
def test_files_of_umbi_are_read(tmp_path: Path, number) -> None:
    """Of its old and its new interface: rewards of branches, and the names of actions."""
    umb_files = pytest.importorskip("umb_files", exc_type=ImportError)
    path = tmp_path / "model.umb"
    umb_files.write_system(path, number)
    mdp = MDP.load(path)
    assert set(mdp.rows()) == set(PUTERMAN.by_hand("r").rows())
    assert (mdp.start, mdp.action_names) == (0, ("share", "leave"))
