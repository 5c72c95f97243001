"""One model in every format of model checkers: the same model, with the answers that are known."""

from __future__ import annotations

import bz2
import gzip
import lzma
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brute_force import Policies
from model_files import ROBOT, TEXTS, TWO_DICE, Model, Rewards, packed, umb_members, write_texts
from shell import check_refused, run

from qdecay import MDP, FloatMDP, InputError, policy_regions, value_iteration

FORMATS = [*TEXTS, "umb", "umb of doubles"]


def written(model: Model, form: str, folder: Path) -> Path:
    """Write a model in a format; return the file that is loaded."""
    if form in TEXTS:
        return write_texts(TEXTS[form](model), folder)
    path = folder / "m.umb"
    path.write_bytes(packed(umb_members(model, "double" if "doubles" in form else "rational")))
    return path


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("structure", ROBOT.rewards)
def test_the_robot_is_the_same_in_every_format(tmp_path: Path, form: str, structure: str) -> None:
    """By each of its three reward structures; without a name they are listed."""
    path = written(ROBOT, form, tmp_path)
    mdp = MDP.load(path, reward=structure)
    assert replace(mdp, state_names=None) == ROBOT.by_hand(structure)
    assert mdp.state_name(5) == ("s=5" if form == "pexp" else "5")
    with pytest.raises(InputError, match="one reward structure is needed, and the file has 1 '"):
        MDP.load(path)


PACKINGS = {".gz": gzip, ".bz2": bz2, ".xz": lzma}


@pytest.mark.parametrize(("ending", "module"), PACKINGS.items())
@pytest.mark.parametrize("form", TEXTS)
def test_files_may_be_packed(tmp_path: Path, form: str, ending: str, module: Any) -> None:
    """Every one of them, or none but the one that is named."""
    path = write_texts(TEXTS[form](ROBOT), tmp_path)
    expected = MDP.load(path, reward="time")
    for others in ([path], [other for other in tmp_path.iterdir() if other != path]):
        for other in others:
            Path(f"{other}{ending}").write_bytes(module.compress(other.read_bytes()))
            other.unlink()
        assert MDP.load(f"{path}{ending}", reward="time") == expected


@pytest.mark.parametrize(
    ("ending", "change", "message"),
    [
        (".gz", lambda data: data[:20], "cannot be read: Compressed file ended before"),
        (".gz", lambda data: b"@type: MDP", "cannot be read: Not a gzipped file"),
        (".gz", lambda data: gzip.compress(bytes(1 << 25)), "larger than 16,777,216 bytes"),
        (".xz", lambda data: data[:20], "cannot be read: Compressed file ended before"),
        (".xz", lambda data: b"@type: MDP", "cannot be read: Input format not supported"),
        (".xz", lambda data: lzma.compress(bytes(1 << 25)), "larger than 16,777,216 bytes"),
        (".bz2", lambda data: data[:20], "cannot be read: Compressed file ended before"),
        (".bz2", lambda data: b"@type: MDP", "cannot be read: Invalid data stream"),
        (".bz2", lambda data: bz2.compress(bytes(1 << 25)), "larger than 16,777,216 bytes"),
    ],
)
def test_a_damaged_archive_is_named(tmp_path: Path, ending: str, change, message: str) -> None:
    """Also one that unpacks to more than is read."""
    path = tmp_path / f"m.drn{ending}"
    data = TEXTS["drn"](TWO_DICE)[".drn"].encode()
    path.write_bytes(change(PACKINGS[ending].compress(data)))
    with pytest.raises(InputError, match=f"^{path}: {message}[^\n]*$"):
        MDP.load(path)


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_packed_archive_is_to_be_unpacked(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match="unpack it first: .npz files are already packed"):
        MDP.load(tmp_path / f"m.npz{ending}")


@pytest.mark.parametrize("form", FORMATS)
def test_two_dice_take_as_many_flips_as_knuth_and_yao_say(tmp_path: Path, form: str) -> None:
    """11/3 a die, in whatever order they are thrown; and a sixth of the throws are sevens."""
    path = written(TWO_DICE, form, tmp_path)
    flips = policy_regions(MDP.load(path, reward="flips"))
    assert flips.at_one is not None
    assert flips.at_one.value[0] == Fraction(22, 3)
    sevens = policy_regions(MDP.load(path, reward="sevens"))
    assert sevens.at_one is not None
    assert sevens.at_one.gain[0] == Fraction(1, 6)  # a seven earns 1 a step


STORM = {"time": 1, "energy": Fraction(18, 5), "moves": Fraction(1, 2)}


@pytest.mark.parametrize("structure", ROBOT.rewards)
def test_the_robots_gains_are_those_of_its_policies(structure: str) -> None:
    """Of all of them, one by one; and what Storm 2.0 says of these files, R{...}max=? [LRA]."""
    mdp = ROBOT.by_hand(structure)
    at_one = policy_regions(mdp).at_one
    assert at_one is not None
    assert at_one.gain == Policies(mdp).at_one.gain
    assert at_one.gain[0] == STORM[structure]


@pytest.mark.parametrize("form", FORMATS)
def test_floats_are_those_of_the_exact_model(tmp_path: Path, form: str) -> None:
    """Each format is read in floats as well, without the fractions in between."""
    path = written(ROBOT, form, tmp_path)
    exact, floats = (kind.load(path, reward="energy") for kind in (MDP, FloatMDP))
    assert isinstance(floats, FloatMDP)
    assert (floats.p != exact.p).nnz == 0
    np.testing.assert_allclose(floats.r, exact.r, rtol=1e-15)
    shown = (floats.start, floats.action_names, floats.name, floats.n_transitions)
    assert shown == (exact.start, exact.action_names, exact.name, exact.n_transitions)
    found, expected = (value_iteration(mdp, 0.9, tol=1e-12).v for mdp in (floats, exact))
    np.testing.assert_allclose(found, expected, atol=1e-11)


UNSHORT = Model(
    ((("a", {0: "0.70710678118654757", 1: "0.29289321881345243"}),), (("a", {1: 1}),)),
    {"r": Rewards({0: "0.57735026918962573"})},
)


@pytest.mark.parametrize("form", FORMATS)
def test_floats_need_no_fraction(tmp_path: Path, form: str) -> None:
    """Roots have none: exactly they are refused with the remedies, and read as they are."""
    if form == "umb":
        pytest.skip("rationals")
    path = written(UNSHORT, form, tmp_path)
    with pytest.raises(InputError, match="neither a short decimal nor a small fraction"):
        MDP.load(path)
    floats = FloatMDP.load(path)
    assert floats.p[0, 0] == 0.70710678118654757
    assert floats.r[0, 0] == 0.57735026918962573
    binary = MDP.load(path, numbers="binary")
    assert binary.exact_reward[0] == Fraction(0.57735026918962573)
    assert sum(p for s, _, _, p, _, _ in binary.rows() if s == 0) == 1


def test_rounded_rows_are_normalised_on_request(tmp_path: Path) -> None:
    """Storm prints six digits."""
    thirds = Model(
        ((("a", {0: "0.333333", 1: "0.666666"}),), (("a", {1: 1}),)), {"r": Rewards({0: 1})}
    )
    path = written(thirds, "storm", tmp_path)
    for kind in (MDP, FloatMDP):
        with pytest.raises(InputError, match="--normalise"):
            kind.load(path)
        assert kind.load(path, normalise=True).scaled[0, 0] == pytest.approx(0.999999)


def test_costs_are_negated_in_every_reader(tmp_path: Path) -> None:
    """The same as for arrays."""
    path = written(ROBOT, "prism", tmp_path)
    for kind in (MDP, FloatMDP):
        assert set(kind.load(path, reward="time", minimise=True).reward) == {-1}


def test_files_without_structures_take_no_name(tmp_path: Path) -> None:
    """JSON and arrays have one reward each."""
    ROBOT.by_hand("time").save(tmp_path / "m.json")
    FloatMDP.from_mdp(ROBOT.by_hand("time")).save(tmp_path / "m.npz")
    for kind in (MDP, FloatMDP):
        for name in ("m.json", "m.npz"):
            with pytest.raises(InputError, match="has no reward structures: omit the name 'time'"):
                kind.load(tmp_path / name, reward="time")


def test_commands_take_the_name_of_a_structure(capsys, monkeypatch, tmp_path: Path) -> None:
    """`--reward` of every command with a SOURCE; `--numeric` reads floats as they are."""
    path = str(written(ROBOT, "drn", tmp_path))
    code, out, _ = run(capsys, monkeypatch, "regions", path, "--reward", "energy")
    assert code == 0
    assert "worth 18/5 per step" in out
    check_refused(capsys, monkeypatch, tmp_path, ["regions", path], "has 1 'time', 2 'energy', 3")
    unshort = [str(written(UNSHORT, "storm", tmp_path)), "--json"]
    check_refused(capsys, monkeypatch, tmp_path, ["regions", *unshort], "m.tra:2: word 4 is 0.7071")
    assert run(capsys, monkeypatch, "regions", "--numeric", *unshort)[0] == 0


@pytest.mark.parametrize("named", [True, False])
def test_state_action_pairs_are_read_in_floats(named: bool) -> None:
    """With indices and without; numbers need no rational."""
    r = np.array([[2**-0.5, -np.inf], [3.0, 4.0]])
    q = np.array([[[0.3, 0.7], [0.0, 0.0]], [[1.0, 0.0], [0.1, 0.9]]])
    arguments: tuple = (r, q)
    if named:
        states, actions = np.nonzero(np.isfinite(r))
        arguments = (r[states, actions], q[states, actions], states, actions)
    floats = FloatMDP.from_state_action_pairs(*arguments, start=1)
    assert floats.start == 1
    assert np.array_equal(floats.available, np.isfinite(r))
    assert floats.r[0, 0] == r[0, 0]
    assert floats.p.toarray()[[0, 2, 3]].tolist() == [[0.3, 0.7], [1.0, 0.0], [0.1, 0.9]]
