"""The commands regions, blackwell and verify: output, files, exit codes, one-line errors."""

from __future__ import annotations

import itertools
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from errno import ENOSPC, EPERM
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from models import two_state_puterman
from shell import check_refused, run

from qdecay._support.deadline import Deadline
from qdecay._support.result import counted
from qdecay.exact.proof import certificate as writer
from qdecay.exact.proof import over_gamma
from qdecay.exact.proof import verify as checker
from qdecay.exact.regions import policy_regions
from qdecay_envs import ChainLayout


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Puterman's example as a file, with names."""
    mdp = two_state_puterman()
    path = tmp_path / "puterman.json"
    mdp.save(path)
    document = json.loads(path.read_text())
    names = {"state_names": ["home", "away"], "action_names": ["share", "leave"]}
    path.write_text(json.dumps({**document, **names}))
    return str(path)


@pytest.fixture
def touching(tmp_path: Path) -> str:
    """1 now, or 4 g - 4 g^2, which is as good at 1/2 alone."""
    path = tmp_path / "touch.json"
    ChainLayout.choice(now=[1], touch=[0, 4, -4]).save(path)
    return str(path)


def test_regions_prints_what_changes_where(capsys, monkeypatch, model: str) -> None:
    """The exact number, its decimals, and the actions left and right of it by name."""
    code, out, err = run(capsys, monkeypatch, "regions", model)
    assert (code, err) == (0, "")
    assert "2 states, 2 actions: 2 policy regions" in out
    row = next(line for line in out.splitlines() if "10/11" in line)
    assert row.split("home: ")[1].strip() == "leave -> share"
    assert row.startswith("0.9090909091 10/11")
    assert "the start, home, changes at 0.9090909091" in out


def test_digits_are_as_many_as_asked(capsys, monkeypatch, model: str) -> None:
    """30 digits, correctly rounded."""
    _, out, _ = run(capsys, monkeypatch, "regions", model, "--digits", "30")
    assert "0.909090909090909090909090909091 " in out


def test_states_prints_each_states_actions(capsys, monkeypatch, model: str) -> None:
    """One line for each interval on which a state's set is constant."""
    _, out, _ = run(capsys, monkeypatch, "regions", model, "--states")
    lines = [line.split() for line in out.splitlines()]
    assert ["home", "leave", "[0,", "0.9090909091)"] in lines
    assert ["share", "(0.9090909091,", "1)"] in lines
    assert ["share", "or", "leave", "1"] in lines  # away costs 1 for ever, either way
    assert ["away", "share", "[0,", "1]"] in lines


def test_states_show_what_is_optimal_at_a_point_only(capsys, monkeypatch, tmp_path: Path) -> None:
    """1; g + g^2, which is more from (sqrt(5) - 1) / 2 on; 4 g - 4 g^2, which is 1 at 1/2."""
    layout = ChainLayout.choice(now=[1], golden=[0, 1, 1], touch=[0, 4, -4])
    layout.save(tmp_path / "touch.json")
    _, out, _ = run(capsys, monkeypatch, "regions", str(tmp_path / "touch.json"), "--states")
    lines = [line.split() for line in out.splitlines()]
    first = lines.index(["0", "now", "[0,", "0.6180339887)"])
    assert lines[first + 1 : first + 3] == [
        ["golden", "(0.6180339887,", "1]"],
        ["now", "or", "touch", "0.5"],
    ]
    assert out.endswith(
        "\nat the gamma between two intervals the actions of both are optimal, and no others "
        "unless it has a line of its own\n"
    )


def time_up_at(monkeypatch: pytest.MonkeyPatch, last: float) -> Iterator[int]:
    """Let the time be up at that check, whatever the clock says; return their counter."""
    checks = itertools.count(1)

    def check(self: Deadline) -> None:
        if self.max_seconds is not None and next(checks) >= last:
            raise self.exceeded()

    monkeypatch.setattr(Deadline, "check", check)
    return checks


OVER = ["qdecay/AIMA4x3-v0", "--over", "living_reward=-2..0", "--gamma", "1"]
SEARCHES = [["FrozenLake-v1"], OVER, ["FrozenLake-v1", "--certified"]]


@pytest.mark.parametrize("words", SEARCHES, ids=["gamma", "line", "certified"])
def test_what_is_proven_when_the_time_is_up_is_shown(capsys, monkeypatch, words: list[str]) -> None:
    """Exit code 3, in text and as a document: the beginning of what a whole search finds."""
    words = ["regions", *words, "--max-seconds", "1e9"]
    key = "brackets" if "--certified" in words else "breakpoints"
    noun = "bracket" if "--certified" in words else "point"
    checks = time_up_at(monkeypatch, math.inf)
    whole = json.loads(run(capsys, monkeypatch, *words, "--json")[1])
    last = 0.9 * next(checks)
    time_up_at(monkeypatch, last)
    code, out, err = run(capsys, monkeypatch, *words, "--json")
    document = json.loads(out)
    some = len(document[key])
    assert code == 3 and 0 < some <= len(whole[key]) and document[key] == whole[key][:some]
    assert Fraction(document["proven_to"]) < 1
    assert (err.startswith(f"qdecay: {words[1]}: stopped: the limit"), err.count("\n")) == (True, 1)
    assert f"; {counted(some, noun)} found, proven up to" in err
    time_up_at(monkeypatch, last)
    code, out, _ = run(capsys, monkeypatch, *words, "--states")
    assert code == 3
    assert "more may follow" in out or "where the search ended: time ran out" in out
    time_up_at(monkeypatch, 1)
    code, out, err = run(capsys, monkeypatch, *words, "--states")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_proof_of_a_part_is_not_written(capsys, monkeypatch, tmp_path: Path) -> None:
    """A certificate is of all regions; those found by then are shown."""
    proof = tmp_path / "proof.json"
    words = ["regions", "FrozenLake-v1", "--max-seconds", "1e9", "--certificate", str(proof)]
    time_up_at(monkeypatch, 20)
    code, out, err = run(capsys, monkeypatch, *words)
    assert (code, err.count("\n"), proof.exists()) == (3, 1, False)
    assert "proven up to gamma" in err and "more may follow" in out
    assert out.endswith(f"\n{proof}: not written: a certificate proves all regions\n")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (
            "qdecay/StayOrMove-v0",
            "best there at gamma = 0: stay; at gamma = 1: move, worth 4 in all",
        ),
        ("qdecay/NChain-v0", "at gamma = 1: forward, worth 2298/625 (3.677) per step"),
    ],
)
def test_what_is_best_at_0_and_at_1_is_printed(capsys, monkeypatch, source: str, line: str) -> None:
    """Homework A (i) and (ii): 4 against 1, and 1 against 0; a chain that never ends has a gain."""
    code, out, _ = run(capsys, monkeypatch, "regions", source)
    assert code == 0
    assert line in out


def test_a_touch_is_told_apart(capsys, monkeypatch, touching: str) -> None:
    """It adds an action at one point and changes no region."""
    code, out, _ = run(capsys, monkeypatch, "regions", touching)
    assert code == 0
    assert "1 policy region in" in out
    row = next(line for line in out.splitlines() if "touch)" in line)
    assert row.split() == ["0.5", "(a", "touch)", "1/2", "0:", "now,", "also", "touch", "there"]
    assert "the start, 0, changes at no gamma" in out


def test_json_is_the_document_of_the_library(capsys, monkeypatch, model: str) -> None:
    """Exactly policy_regions(...).to_json, and nothing else on standard output."""
    code, out, err = run(capsys, monkeypatch, "regions", model, "--json")
    assert (code, err) == (0, "")
    expected = policy_regions(two_state_puterman()).to_json(model)
    assert json.loads(out) == expected
    assert expected["schema"] == "qdecay.policy-regions/1"


def test_blackwell_prints_number_and_policy(capsys, monkeypatch, model: str) -> None:
    """Right of 10/11 sharing is optimal for good."""
    code, out, err = run(capsys, monkeypatch, "blackwell", model)
    assert (code, err) == (0, "")
    assert "Blackwell discount factor: 10/11 = 0.9090909091" in out
    assert [line.split() for line in out.splitlines()][-2:] == [
        ["home", "share"],
        ["away", "share"],
    ]


def test_blackwell_of_a_touch_and_of_nothing(capsys, monkeypatch, touching: str) -> None:
    """The last touch counts; a model with neither breakpoint nor touch has 0."""
    assert "factor: 1/2 = 0.5" in run(capsys, monkeypatch, "blackwell", touching)[1]
    assert "factor: 0\n" in run(capsys, monkeypatch, "blackwell", "CliffWalking-v1")[1]


def test_keyword_arguments_reach_the_environment(capsys, monkeypatch) -> None:
    """A lake that is not slippery has no breakpoint: every path is as short as it can be."""
    arguments = ("regions", "FrozenLake-v1", "-k", "is_slippery=false", "--json")
    document = json.loads(run(capsys, monkeypatch, *arguments)[1])
    assert document["breakpoints"] == []


def test_many_changes_are_summed_up(capsys, monkeypatch, tmp_path: Path) -> None:
    """Six states that change at one gamma: four are shown and two counted."""
    rows = [[s, 0, s, 1, 1, True] for s in range(6)]
    rows += [[s, 1, 6, 1, 0, False] for s in range(6)] + [[6, 0, 6, 1, 2, True]]
    document = {"schema": "qdecay.mdp/1", "n_states": 7, "n_actions": 2, "transitions": rows}
    path = tmp_path / "six.json"
    path.write_text(json.dumps(document))
    _, out, _ = run(capsys, monkeypatch, "regions", str(path))
    assert "3: 0 -> 1" in out
    assert "4: 0 -> 1" not in out
    assert "and 2 more states" in out
    assert "the start" not in out


# -- certificates


@pytest.fixture
def proof(capsys, monkeypatch, model: str, tmp_path: Path) -> Path:
    """A certificate written by the command."""
    path = tmp_path / "proof.json"
    assert run(capsys, monkeypatch, "regions", model, "--certificate", str(path))[0] == 0
    return path


def test_a_certificate_is_written_and_proven(capsys, monkeypatch, model: str, proof: Path) -> None:
    """What --certificate writes, verify proves."""
    code, out, err = run(capsys, monkeypatch, "verify", str(proof))
    assert (code, err) == (0, "")
    assert out == f"{proof}: proven: 2 regions, 1 breakpoint, 0 touches of 2 states\n"


def test_what_is_written_as_a_proof_has_been_checked(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """The last line says what is proven; the JSON document is the same with and without."""
    path = tmp_path / "proof.json"
    arguments = ("regions", model, "--certificate", str(path))
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, err) == (0, "")
    assert out.endswith(f"\n{path}: proven: 2 regions, 1 breakpoint, 0 touches of 2 states\n")
    plain = run(capsys, monkeypatch, "regions", model, "--json")
    assert run(capsys, monkeypatch, *arguments, "--force", "--json") == plain
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("proof")] == [
        path.name
    ]


def forge(monkeypatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Let the writer of certificates err."""
    right = writer.certificate

    def wrong(*arguments: Any, **options: Any) -> dict[str, Any]:
        document = right(*arguments, **options)
        change(document)
        return document

    monkeypatch.setattr(writer, "certificate", wrong)


def interrupted(document: Any) -> None:
    """Stand in for a check that Ctrl-C ends."""
    raise KeyboardInterrupt


def test_a_proof_that_is_refused_is_a_fault_to_report(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """A breakpoint left out: one line, exit code 1, and FILE is as it was."""
    path = tmp_path / "proof.json"
    path.write_text("mine")
    forge(monkeypatch, lambda document: [document[k].pop() for k in ("points", "intervals")])
    arguments = ("regions", model, "--certificate", str(path), "--force")
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"qdecay: {path}: the checker refuses this proof: interval 0")
    assert err.count("\n") == 1
    assert "a bug in qdecay, please report it with the proof, saved as" in err
    assert "python-flint" in err
    assert path.read_text() == "mine"
    (kept,) = tmp_path.glob("refused-*.json")
    assert f"saved as {kept}, " in err
    assert run(capsys, monkeypatch, "verify", str(kept))[0] == 1


def test_a_refused_proof_that_cannot_be_kept_is_told(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """The disk may be full by then: the line says so, and nothing is left."""

    def full(*_: object, **__: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    forge(monkeypatch, lambda document: [document[k].pop() for k in ("points", "intervals")])
    path, folder = tmp_path / "new" / "proof.json", tmp_path / "new"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "mkstemp", full)
    code, _, err = run(capsys, monkeypatch, "regions", model, "--certificate", str(path))
    assert (code, err.count("\n")) == (1, 1)
    assert "(the proof could not be saved: No space left on device)" in err
    assert not list(folder.iterdir())


@pytest.mark.parametrize("end", ["proven", "refused", "interrupted"])
def test_a_file_of_the_user_beside_a_certificate_is_kept(
    capsys, monkeypatch, model: str, tmp_path: Path, end: str
) -> None:
    """Whatever its name: of the files that were there, each is as it was."""
    path = tmp_path / "proof.json"
    other = tmp_path / "proof.json.unchecked"
    other.write_text("mine")
    if end == "refused":
        forge(monkeypatch, lambda document: [document[k].pop() for k in ("points", "intervals")])
    elif end == "interrupted":
        monkeypatch.setattr(checker, "verify", interrupted)
    code = run(capsys, monkeypatch, "regions", model, "--certificate", str(path))[0]
    assert code == {"proven": 0, "refused": 1, "interrupted": 130}[end]
    assert other.read_text() == "mine"
    assert path.exists() == (end == "proven")


@pytest.mark.parametrize("check", [[], ["--no-check"]])
@pytest.mark.parametrize("there", [False, True])
def test_a_certificate_is_written_through_a_link(
    capsys, monkeypatch, model: str, tmp_path: Path, check: list[str], there: bool
) -> None:
    """As every other output: the link stays; where it leads nowhere, the file is a new one."""
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    link.symlink_to(target)
    if there:
        target.write_text("old")
    words = ["regions", model, "--certificate", str(link), *check]
    assert run(capsys, monkeypatch, *words)[0] == (2 if there else 0)
    assert not there or run(capsys, monkeypatch, *words, "--force")[0] == 0
    assert link.is_symlink()
    assert run(capsys, monkeypatch, "verify", str(target))[0] == 0


def test_a_certificate_that_cannot_take_its_place_names_the_file(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """Such as one that must not be changed; nothing is left beside it."""

    def refuse(self: Path, target: object) -> None:
        raise PermissionError(EPERM, "Operation not permitted", str(self))

    path = tmp_path / "proof.json"
    path.write_text("mine")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(Path, "replace", refuse)
    words = ["regions", model, "--certificate", str(path), "--force"]
    code, _, err = run(capsys, monkeypatch, *words)
    assert (code, err) == (2, f"qdecay: {path}: cannot be written: Operation not permitted\n")
    assert sorted(tmp_path.iterdir()) == before


def test_no_check_writes_what_it_is_told_to(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """The same fault is then found by verify, and the output says that nothing was checked."""
    path = tmp_path / "proof.json"
    forge(monkeypatch, lambda document: [document[k].pop() for k in ("points", "intervals")])
    arguments = ("regions", model, "--certificate", str(path), "--no-check")
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, err) == (0, "")
    assert out.endswith(f"{path}: not checked; run `qdecay verify` to check it\n")
    assert run(capsys, monkeypatch, "verify", str(path))[0] == 1


def test_a_proof_beyond_the_checker_is_no_fault(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """What the checker cannot take on is not written as a proof: one line, exit code 2."""
    monkeypatch.setattr(over_gamma, "MAX_DEGREE", 0)
    arguments = ["regions", model, "--certificate", "proof.json"]
    check_refused(capsys, monkeypatch, tmp_path, arguments, "--no-check writes it unchecked")


def test_an_interrupted_check_leaves_no_file(
    capsys, monkeypatch, model: str, tmp_path: Path
) -> None:
    """Neither FILE nor a draft of it."""
    monkeypatch.setattr(checker, "verify", interrupted)
    before = sorted(tmp_path.iterdir())
    path = tmp_path / "proof.json"
    assert run(capsys, monkeypatch, "regions", model, "--certificate", str(path))[0] == 130
    assert sorted(tmp_path.iterdir()) == before


def test_a_changed_certificate_exits_with_1(capsys, monkeypatch, proof: Path) -> None:
    """One action changed: rejected in one line that says where."""
    document = json.loads(proof.read_text())
    document["intervals"][1][0][0] = [1]
    proof.write_text(json.dumps(document))
    code, out, err = run(capsys, monkeypatch, "verify", str(proof))
    assert (code, err) == (1, "")
    assert out.startswith(f"{proof}: rejected: interval 1, state 0")
    assert out.count("\n") == 1
    code, out, err = run(capsys, monkeypatch, "verify", str(proof), "--json")
    document = json.loads(out)
    assert (code, err, document["proven"]) == (1, "", False)
    assert document["reason"].startswith("interval 1, state 0")


def test_an_existing_file_is_kept(capsys, monkeypatch, model: str, proof: Path) -> None:
    """Unless --force says otherwise."""
    proof.write_text("mine")
    arguments = ("regions", model, "--certificate", str(proof))
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (2, "")
    assert "already exists (use --force to overwrite)" in err
    assert proof.read_text() == "mine"
    assert run(capsys, monkeypatch, *arguments, "--force", "--json")[0] == 0
    assert run(capsys, monkeypatch, "verify", str(proof))[0] == 0


WRONG: list[tuple[list[str], str]] = [
    (["regions"], "Missing argument"),
    (["regions", "nope"], "nope: neither a file nor a registered Gymnasium id"),
    (["regions", "CartPole-v1"], "CartPole-v1: CartPoleEnv has no table"),
    (["regions", "none.json"], "none.json: cannot be read"),
    (["regions", "none.tra"], "none.tra: cannot be read"),
    (["regions", "FrozenLake-v1", "-k", "map_name=9x9"], "with -k map_name=9x9"),
    (["regions", "FrozenLake-v1", "--digits", "0"], "--digits"),
    (["regions", "FrozenLake-v1", "--max-seconds", "0"], "--max-seconds must be > 0, got 0"),
    (["regions", "FrozenLake-v1", "--max-seconds", "nan"], "--max-seconds must be > 0, got nan"),
    (["regions", "FrozenLake-v1", "--max-seconds", "1e-9"], "stopped: the limit"),
    (["regions", "FrozenLake-v1", "--certificate", "no/p.json"], "the folder no does not exist"),
    (["regions", "FrozenLake-v1", "--certificate", ".", "--force"], "is a folder"),
    (["regions", "FrozenLake-v1", "--force"], "--force requires --certificate"),
    (["regions", "FrozenLake-v1", "--no-check"], "--no-check requires --certificate"),
    (["regions", "FrozenLake-v1", "--workers", "0"], "--workers"),
    (["regions", "FrozenLake-v1", "--workers", "2", "--first", "1"], "cannot be combined"),
    (["regions", "FrozenLake-v1", "--workers", "2", "--numeric"], "cannot be combined"),
    (["blackwell", "nope"], "nope: neither a file"),
    (["blackwell", "FrozenLake-v1", "--max-seconds", "1e-9"], "stopped: the limit"),
    (["verify", "none.json"], "none.json: cannot be read"),
    (["verify"], "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_line(capsys, monkeypatch, tmp_path, arguments, message: str) -> None:
    """Wrong input is reported in one line."""
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


NO_CERTIFICATES: list[Any] = [b"{", b"[]", b"\xff", b'{"schema": "qdecay.mdp/1"}', b"[" * 100_000]


@pytest.mark.parametrize("data", NO_CERTIFICATES, ids=range(len(NO_CERTIFICATES)))
def test_a_file_that_is_no_certificate_exits_with_2(
    capsys, monkeypatch, tmp_path: Path, data: bytes
) -> None:
    """Broken JSON, other JSON, no text: an input that is wrong, not a proof that fails."""
    path = tmp_path / "file.json"
    path.write_bytes(data)
    code, out, err = run(capsys, monkeypatch, "verify", str(path))
    assert (code, out) == (2, "")
    assert err.startswith(f"qdecay: {path}: ")
    assert err.count("\n") == 1


def test_an_empty_certificate_is_rejected(capsys, monkeypatch, tmp_path: Path) -> None:
    """The right schema and nothing in it: exit code 1."""
    path = tmp_path / "file.json"
    path.write_text('{"schema": "qdecay.certificate/1"}')
    code, out, _ = run(capsys, monkeypatch, "verify", str(path))
    assert code == 1
    assert "rejected" in out


SIZES = ["1e400", "1e-400", "1e-310"]  # the last is a float without all its digits


def model_and_layout(folder: Path, size: str) -> list[str]:
    """`size` now, or 4 times as much two steps later: as a model and as a layout, 1 = 4 g^2."""
    reward, model, layout = Fraction(size), folder / "model.json", folder / "layout.json"
    rows = [[0, 0, 1, 1, str(reward), True], [0, 1, 1, 1, 0, False]]
    rows += [[1, 0, 2, 1, 0, False], [2, 0, 2, 1, str(4 * reward), True]]
    about = {"schema": "qdecay.mdp/1", "n_states": 3, "n_actions": 2, "start": 0}
    model.write_text(json.dumps({**about, "transitions": rows}))
    ChainLayout.choice(stay=[reward], move=[0, 0, 4 * reward]).save(layout)
    return [str(model), str(layout)]


@pytest.mark.parametrize("size", SIZES)
def test_rewards_beyond_floats_are_exact(capsys, monkeypatch, tmp_path: Path, size: str) -> None:
    """They decide where exact numbers do: the breakpoint of 1 = 4 g^2 depends on no unit."""
    for source in model_and_layout(tmp_path, size):
        for command in ("regions", "blackwell"):
            code, out, err = run(capsys, monkeypatch, command, source)
            assert (code, err) == (0, "")
            assert "changes at 0.5\n" in out or command == "blackwell"
            assert max(map(len, out.splitlines())) < 100


def test_a_breakpoint_of_400_digits_is_not_printed_whole(
    capsys, monkeypatch, tmp_path: Path
) -> None:
    """5 on every step, or 1e400 on every step from the next one on: 5 = 1e400 g."""
    path = tmp_path / "enormous.json"
    rows = [[0, 0, 0, 1, 5, False], [0, 1, 1, 1, 0, False], [1, 0, 1, 1, "1e400", False]]
    about = {"schema": "qdecay.mdp/1", "n_states": 2, "n_actions": 2, "start": 0}
    path.write_text(json.dumps({**about, "transitions": rows}))
    code, out, err = run(capsys, monkeypatch, "regions", str(path))
    assert (code, err) == (0, "")
    assert "changes at 5e-400" in out
    assert "5e-400 5e-400" in out  # a rational is written as one, however long
    assert max(map(len, out.splitlines())) < 100


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "words",
    [
        ["regions", "--numeric"],
        ["plot", "-o", "new.svg"],
        ["report", "-o", "new.html"],
        ["compare"],
    ],
)
def test_rewards_beyond_floats_are_refused_where_floats_are_needed(
    capsys, monkeypatch, tmp_path: Path, size: str, words: list[str]
) -> None:
    """In one line with the file and which way to go, for a model and for a layout."""
    command, *options = words
    wanted = "too large for floats" if size == "1e400" else "too small for floats"
    model, layout = model_and_layout(tmp_path, size)
    for source in [layout] if command == "compare" else [model, layout]:
        check_refused(capsys, monkeypatch, tmp_path, [command, source, *options], wanted)
        assert run(capsys, monkeypatch, command, source, *options)[2].startswith(
            f"qdecay: {source}: "
        )


def test_long_names_are_shortened_in_tables_alone(capsys, monkeypatch, tmp_path: Path) -> None:
    """Sixty letters become forty with both ends; JSON has them whole, and so have names that would
    be alike."""
    ends = [f"{'h' * 30}{'x' * 20}{'t' * 9}{n}" for n in "12"]
    path = tmp_path / "long.json"
    document = {**two_state_puterman().to_json(), "action_names": ends}
    path.write_text(json.dumps(document))
    _, out, _ = run(capsys, monkeypatch, "regions", str(path))
    assert f"{'h' * 27}…xx{'t' * 9}1" in out and "h" * 28 not in out
    _, out, _ = run(capsys, monkeypatch, "regions", str(path), "--json")
    assert "…" not in out
    alike = [f"{'h' * 30}{n}{'t' * 30}" for n in "12"]
    path.write_text(json.dumps({**document, "action_names": alike}))
    _, out, _ = run(capsys, monkeypatch, "regions", str(path))
    assert all(name in out for name in alike)
