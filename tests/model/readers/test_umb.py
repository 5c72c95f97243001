"""Models in UMB, written by umbi itself, against the same models written by hand."""

from __future__ import annotations

import io
import tarfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from shell import check_refused
from umb_files import BRANCHES, system, umbi

from qdecay import MDP, InputError

REWARDS = "annotations/rewards/r/states/values.bin"


def written(ats, folder: Path) -> Path:
    path = folder / "model.umb"
    umbi.ats.write(ats, path)
    return path


def by_hand(rows, **options: Any) -> MDP:
    return MDP.from_rows([(*row, False) for row in rows], **options)


PUTERMAN = by_hand(
    [(0, 0, 0, "1/2", 5), (0, 0, 1, "1/2", 5), (0, 1, 1, 1, 10), (1, 0, 1, 1, -1)],
    n_states=2,
    n_actions=2,
)


@pytest.mark.parametrize("number", [Fraction, float])
def test_rewards_of_branches_and_the_names_of_actions_are_read(tmp_path: Path, number) -> None:
    """Puterman's example, with rationals and with floats."""
    ats = system(number=number)
    ats.add_reward_annotation("r").set_branch_values([number(r) for *_, r in BRANCHES])
    mdp = MDP.load(written(ats, tmp_path))
    assert set(mdp.rows()) == set(PUTERMAN.rows())
    assert (mdp.start, mdp.action_names) == (0, ("share", "leave"))


def test_rewards_of_states_choices_and_branches_add_up(tmp_path: Path) -> None:
    """Each step earns all three; a state without choices earns its own for ever."""
    ats = system(BRANCHES[:3])
    annotation = ats.add_reward_annotation("r")
    annotation.set_state_values([Fraction(1, 3), Fraction(7)])
    annotation.set_choice_values([Fraction(10), Fraction(20)])
    annotation.set_branch_values([Fraction(100), Fraction(200), Fraction(300)])
    third = Fraction(1, 3)
    expected = by_hand(
        [
            (0, 0, 0, "1/2", 110 + third),
            (0, 0, 1, "1/2", 210 + third),
            (0, 1, 1, 1, 320 + third),
            (1, 0, 1, 1, 7),
        ],
        n_states=2,
        n_actions=2,
    )
    assert set(MDP.load(written(ats, tmp_path)).rows()) == set(expected.rows())


def test_thirds_that_were_printed_as_floats_are_thirds(tmp_path: Path) -> None:
    """What was mapped is on the model."""
    ats = system([(0, "go", t, "1/3", 0) for t in range(3)], n_states=3, number=float)
    ats.add_reward_annotation("r").set_state_values([0.1, 0.0, 2.0])
    mdp = MDP.load(written(ats, tmp_path))
    assert set(mdp.exact_probability) == {Fraction(1, 3), Fraction(1)}
    assert mdp.recovered[1 / 3] == Fraction(1, 3)
    assert Fraction(1, 10) in mdp.exact_reward


def test_of_several_rewards_one_is_named(tmp_path: Path) -> None:
    """None is preferred, and the names are listed."""
    ats = system(start=(0, 1))
    for factor, name in ((1, "coins"), (2, "steps")):
        annotation = ats.add_reward_annotation(name)
        annotation.set_branch_values([Fraction(factor * r) for *_, r in BRANCHES])
    path = written(ats, tmp_path)
    with pytest.raises(InputError, match="one reward structure is needed; the file has 'coins', "):
        MDP.load(path)
    assert set(MDP.from_umb(path, "coins").rows()) == set(PUTERMAN.rows())
    assert MDP.from_umb(path, "steps").start is None
    with pytest.raises(InputError, match="no rewards 'x'; the file has 'coins', 'steps'"):
        MDP.from_umb(path, "x")


def stochastic(ats) -> None:
    ats.time = umbi.ats.TimeType.STOCHASTIC
    ats.state_to_exit_rate = [Fraction(1)] * 2
    ats.add_reward_annotation("r").set_state_values([Fraction(1)] * 2)


def two_players(ats) -> None:
    ats.num_players, ats.state_to_player, ats.player_to_name = 2, [0, 1], ["me", "you"]
    ats.add_reward_annotation("r").set_state_values([Fraction(1)] * 2)


WRONG = [
    (stochastic, "the time must be discrete, got stochastic"),
    (two_players, "at most 1 player is supported, got 2"),
    (lambda ats: None, "one reward structure is needed; the file has none"),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG)
def test_what_is_no_mdp_with_rewards_is_refused(tmp_path: Path, spoil, message: str) -> None:
    """The message names the file and what is wrong with it."""
    ats = system()
    spoil(ats)
    with pytest.raises(InputError, match=f"model.umb: {message}"):
        MDP.load(written(ats, tmp_path))


def test_other_files_are_refused_in_one_line(capsys, monkeypatch, tmp_path: Path) -> None:
    """No archive, an archive of something else, one cut short, and one that unpacks to a lot."""
    ats = system()
    ats.add_reward_annotation("r").set_state_values([Fraction(1)] * 2)
    whole = written(ats, tmp_path).read_bytes()
    (tmp_path / "model.umb").unlink()
    (tmp_path / "text.umb").write_text("no archive")
    (tmp_path / "cut.umb").write_bytes(whole[: len(whole) // 2])
    for name, size in (("other.umb", 1), ("bomb.umb", 65 << 20)):
        with tarfile.open(tmp_path / name, "w:gz") as archive:
            member = tarfile.TarInfo("zeros")
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
    for name, message in (
        ("text.umb", "not a UMB file"),
        ("cut.umb", "not a UMB file"),
        ("other.umb", "not a UMB file"),
        ("bomb.umb", "unpacks to more than 8 MiB"),
        ("none.umb", "cannot be read: No such file"),
    ):
        check_refused(capsys, monkeypatch, tmp_path, ["regions", name], f"{name}: {message}")


def repacked(path: Path, changed: dict[str, bytes], old: bytes = b"", new: bytes = b"") -> Path:
    """Put other members into a file, and another text in place of the last `old` of its index."""
    with tarfile.open(path) as archive:
        members = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    assert set(changed) <= set(members)
    before, after = members["index.json"].rsplit(old, 1) if old else (members["index.json"], b"")
    with tarfile.open(path, "w:gz") as archive:
        for name, data in {**members, "index.json": before + new + after, **changed}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def test_what_would_grow_in_memory_is_refused(tmp_path: Path) -> None:
    """Of 6 MiB of bits umbi makes 400 MB, and of the number of states a list of that length.

    Rewards are bits where the index says that they are, however it is spelt.
    """
    bits = bytes(6 << 20)
    rational, boolean = b'{"type": "rational", "size": 128}', b'{"type": "bo\\u006fl", "size": 1}'
    cases = (
        ({"state-is-initial.bin": bits}, b"", b"", "unpacks to more than 4 MiB"),
        ({REWARDS: bits}, rational, boolean, "unpacks to more than 4 MiB"),
        ({}, b'"#states": 2', b'"#states": 1000000000', "#states is 1000000000"),
    )
    for changed, old, new, message in cases:
        ats = system()
        ats.add_reward_annotation("r").set_state_values([Fraction(1)] * 2)
        with pytest.raises(InputError, match=message):
            MDP.load(repacked(written(ats, tmp_path), changed, old, new))
