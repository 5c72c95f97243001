"""Small files that grow: read, or refused in one line; never over a GiB or a few seconds."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fuzzing import MDP as DOCUMENT
from fuzzing import is_well_told
from growing import GROWN, hand_over
from shell import run

from qdecay._support.deadline import Deadline, time_limit
from qdecay.errors import BudgetExceeded, InputError
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.mdp import MDP
from qdecay.model.readers.limits import MAX_PAIRS, MAX_RECOVERED, MAX_TRANSITIONS
from qdecay.model.recover import _MAX_DENOMINATOR, _nearest
from qdecay.probing.agents import Answer
from qdecay.probing.identity import Identity
from qdecay.probing.question import SETTINGS, Question
from qdecay.probing.trials import AnswerFile
from qdecay.sweep.toml import parse

QUICK = ["npz: u8", "npz: members", "npz: no axis", "json: states", "tra: newlines"]


def check(name: str, folder: Path) -> None:
    """The limit of time is four times what is meant: others may keep the machine busy."""
    met = hand_over(name, folder, seconds=20)
    assert is_well_told(met.code, met.err), met
    assert met.memory < 1024, met


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.slow
def test_a_small_file_does_not_grow(tmp_path: Path, name: str) -> None:
    check(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in GROWN if name not in QUICK])
def test_no_file_grows(tmp_path: Path, name: str) -> None:
    check(name, tmp_path)


def mdp_file(path: Path, n_states: int, n_actions: int, rows: list[list[object]]) -> Path:
    document = {"schema": "qdecay.mdp/1", "n_states": n_states, "n_actions": n_actions}
    path.write_text(json.dumps({**document, "transitions": rows}))
    return path


@pytest.mark.parametrize(
    ("n_states", "n_actions"), [(MAX_TRANSITIONS + 1, 1), (MAX_PAIRS // 2 + 1, 2), (3, MAX_PAIRS)]
)
def test_states_and_actions_are_counted_before_tables_are_made(
    tmp_path: Path, n_states: int, n_actions: int
) -> None:
    path = mdp_file(tmp_path / "m.json", n_states, n_actions, [])
    with pytest.raises(InputError, match=r"m\.json: has .* are read exactly; .*--numeric"):
        MDP.load(path)


def test_as_many_states_as_are_allowed_are_read(tmp_path: Path) -> None:
    path = mdp_file(tmp_path / "m.json", MAX_TRANSITIONS, 1, [[0, 0, 0, 1, 1, True]])
    assert MDP.load(path).n_states == MAX_TRANSITIONS


def test_more_floats_than_are_recovered_are_read_as_floats(tmp_path: Path) -> None:
    """The message says how."""
    n = MAX_RECOVERED + 1
    path = tmp_path / "m.npz"
    np.savez(
        path,
        P_data=np.ones(n),
        P_indices=np.zeros(n, np.int32),
        P_indptr=np.arange(n + 1),
        R=np.zeros((1, n)),
    )
    with pytest.raises(InputError, match=r"250,001 transitions.*--numeric"):
        MDP.load(path)
    assert FloatMDP.load(path).p.nnz == n


@pytest.mark.parametrize("kind", ["u1", "i8", "f2", "f4", "f8", "g"])
def test_a_dense_and_a_sparse_file_of_any_real_type_are_read(tmp_path: Path, kind: str) -> None:
    dense, part = tmp_path / "d.npz", tmp_path / "s.npz"
    np.savez(dense, P=np.eye(2, dtype=kind)[None], R=np.arange(2).astype(kind))
    np.savez(part, P_data=np.ones(2, kind), P_indices=[0, 1], P_indptr=[0, 1, 2],
             R=np.arange(2).astype(kind)[:, None])  # fmt: skip
    for path in (dense, part):
        assert MDP.load(path).exact_reward == (0, 1)
        assert FloatMDP.load(path).r.tolist() == [[0], [1]]


def test_a_sum_of_long_denominators_is_refused() -> None:
    """Of 4,000 digits each, some hundred of them make numbers that take hours."""
    rows = [(0, 0, 0, Fraction(1, 10**3990 + i), i, True) for i in range(99)]
    with pytest.raises(ValueError, match="state 0, action 0: the common denominator"):
        MDP.from_rows(rows, n_states=1, n_actions=1)


def test_a_recovered_fraction_is_that_of_the_standard_library() -> None:
    """`Fraction.limit_denominator`, whose integers are done by hand for speed."""
    chance = np.random.default_rng(0)
    floats = [*chance.uniform(-9, 9, 2000), *10.0 ** chance.uniform(-300, 9, 500)]
    floats += [n / d for n, d in chance.integers(1, 20_000, (2000, 2)).tolist()]
    for x in map(float, floats):
        expected = Fraction(x).limit_denominator(_MAX_DENOMINATOR)
        assert Fraction(*_nearest(*x.as_integer_ratio())) == expected


def test_a_key_of_many_dots_is_refused() -> None:
    """tomllib keeps each of its beginnings: of half a million dots that takes terabytes."""
    with pytest.raises(InputError, match=r"s\.toml: not TOML: .* more than 50 dots"):
        parse("a" + ".a" * 99 + " = 1", "s.toml")
    numbers = parse(f"a = [{', '.join(['0.5'] * 999)}]", "s.toml")
    assert numbers.take("a") == [Fraction(1, 2)] * 999


def test_a_model_too_large_to_be_read_is_not_written(tmp_path: Path) -> None:
    rows = [(0, action, 0, 1, 0, False) for action in (0, MAX_PAIRS)]
    with pytest.raises(InputError, match=f"at most .* {MAX_PAIRS:,} pairs are read"):
        MDP.from_rows(rows, n_states=1, n_actions=MAX_PAIRS + 1).save(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


def test_long_lines_of_a_store_are_no_answers(tmp_path: Path) -> None:
    path, identity = tmp_path / "a.jsonl", Identity(None, {}, None)
    asked = Question(SETTINGS["one-shot"], 0, 1, -0.5, 1, 0)
    AnswerFile(path, "a", identity).put(asked, Answer(True))
    far, near = path.read_text(), json.dumps({"question": asked.key, "far": False})
    path.write_text(f"{far}{near[:-1]}{' ' * 70_000}}}\n")  # of the same question, later
    assert AnswerFile(path, "a", identity).get(asked) == Answer(True)
    path.write_text(f"{far}{near}\n")
    assert AnswerFile(path, "a", identity).get(asked) == Answer(False)
    path.write_text(far + "\n" * 250_000)
    with pytest.raises(InputError, match="more than 250,000 lines"):
        AnswerFile(path, "a", identity)


def test_reading_counts_towards_the_limit_of_time(capsys, monkeypatch, tmp_path: Path) -> None:
    """The reader asks no deadline; it is interrupted."""
    monkeypatch.chdir(tmp_path)
    Path("m.json").write_text(json.dumps(DOCUMENT))

    def slowly(*_: object) -> None:
        while True:
            time.sleep(0.01)

    monkeypatch.setattr("qdecay.model.readers.files.rows_of_document", slowly)
    for command in ("regions", "blackwell"):
        code, out, err = run(capsys, monkeypatch, command, "m.json", "--max-seconds", "0.1")
        assert (code, out) == (2, "")
        assert err.startswith("qdecay: m.json: stopped: the limit of 0.1 s was reached")
        assert is_well_told(code, err)


def test_a_deadline_made_inside_a_limit_counts_from_its_start() -> None:
    with time_limit(60):
        time.sleep(0.05)
        assert Deadline(1).spent >= 0.05
    begun = time.monotonic()
    assert Deadline(1).spent <= time.monotonic() - begun


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.default_int_handler])
def test_a_limit_of_time_ends_also_what_swallows_the_first_interrupt(before) -> None:
    """And where Ctrl-C is ignored, as in the background of a script."""

    def stubborn() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(60)
        time.sleep(60)

    previous = signal.signal(signal.SIGINT, before)
    try:
        with pytest.raises(BudgetExceeded, match=r"of 0\.05 s"), time_limit(0.05):
            stubborn()
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_limit_of_time_that_is_up_at_its_end_leaves_nothing_behind() -> None:
    """Whenever it comes: the work is done, or the time is up, and Ctrl-C is as before."""
    before, ends = signal.getsignal(signal.SIGINT), Counter[str]()
    for number in range(400):
        seconds = 1e-6 * (1 + number)
        try:
            with time_limit(seconds):
                until = time.perf_counter() + 2e-4
                while time.perf_counter() < until:
                    pass
                Deadline(seconds).check()
            ends["done"] += 1
        except BudgetExceeded:
            ends["up"] += 1
        assert signal.getsignal(signal.SIGINT) is before
    assert ends["up"]


def test_ctrl_c_within_a_limit_of_time_is_ctrl_c() -> None:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), time_limit(60):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_limit_of_time_in_another_thread_only_counts() -> None:
    """Only the main thread can be interrupted."""
    found: list[float] = []

    def work() -> None:
        with time_limit(0.01):
            time.sleep(0.05)
            found.append(Deadline(0.01).spent)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0] >= 0.05


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_no_limit_of_no_time(capsys, monkeypatch, seconds: str) -> None:
    code, _, err = run(capsys, monkeypatch, "regions", "x.json", "--max-seconds", seconds)
    assert code == 2 and "--max-seconds must be > 0" in err


def test_a_limit_of_endless_time_is_none() -> None:
    with time_limit(float("inf")):
        pass
