"""Sweeps: what a spec stands for, rows that depend on nothing else, and stores that survive."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from shell import check_refused, run
from sweeps import GAMMAS, HEAD, LEARNERS, LONG, SMALL, SOURCES, command, rows_of, stored, sweep_of

from qdecay import BudgetExceeded, ChainLayout, InputError, Progress, Sweep, q_learning
from qdecay._support.processes import Processes, WorkerDied
from qdecay.model.mdp import MDP
from qdecay.sweep import run as run_module
from qdecay.sweep.backends import InProcess
from qdecay.sweep.export import export
from qdecay.sweep.work import Outcome, Part

WRONG = [
    ("", 'write schema = "qdecay.sweep/1"'),
    ("schema = ", "not TOML"),
    (HEAD + GAMMAS + LEARNERS, 'the key "sources" is missing'),
    (SMALL + "colour = 1\n", "unknown key"),
    (SMALL.replace("0.4", "1.4"), "gammas: must be in [0, 1]"),
    (SMALL.replace("0.4", "nan"), "nan is not a finite number"),
    (SMALL.replace("0.4", '"4/6"'), "is listed twice"),
    (SMALL.replace("delay = [2, 4]", "delay = []"), "the list is empty"),
    (SMALL.replace("delay = [2, 4]", "delay = [0, 4]"), "delay: must be >= 1"),
    (SMALL.replace("[2, 4]", "10_000_000_000_000"), "delay must be below 100,000"),
    (SMALL.replace("reward = 6", "prize = 6"), 'the key "reward" is missing'),
    (SMALL.replace("delay = [2, 4], reward = 6", 'source = "nope"'), "sources[0]: nope"),
    (SMALL.replace("q_learning", "dqn"), "name: must be one of q_learning"),
    (SMALL.replace("episodes = 100", "walks = 1"), "unknown key"),
    (SMALL.replace(", episodes = 100", ""), "give steps or episodes"),
    (SMALL.replace("epsilon = [0.1, 0.5]", "step_size = 0"), "nothing would be learned"),
    (SMALL.replace("epsilon = [0.1, 0.5]", "epsilon = [0, 0.5]"), "may never end"),
    (SMALL.replace("seeds = 3", "seeds = 0"), "seeds: must be >= 1"),
    (SMALL.replace(GAMMAS, 'gammas = { around = "noon" }\n'), "must be one of break-even"),
    (SMALL.replace(SOURCES, "sources = [1]\n"), "must be a table"),
    (SMALL.replace(SOURCES, SOURCES.replace("}]", "}, { delay = 2, reward = 6 }]")), "already"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_wrong_specs_are_one_line(capsys, monkeypatch, tmp_path, text: str, message: str) -> None:
    """Exit code 2, the file and what is wrong in it, before anything is made."""
    (tmp_path / "spec.toml").write_text(text)
    arguments = ["sweep", "run", "spec.toml", "-o", "results.db"]
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "run", "none.toml", "--dry-run"], "none.toml: cannot be read"),
        (["sweep", "run", "spec.toml"], "-o is missing"),
        (
            ["sweep", "run", "spec.toml", "--dry-run", "-o", "x.db"],
            "--dry-run cannot be combined with -o",
        ),
        (["sweep", "run", "spec.toml", "-o", "x.db", "--workers", "0"], "--workers"),
        (["sweep", "run", "spec.toml", "-o", "no/x.db"], "the folder no does not exist"),
    ],
)
def test_wrong_usage_is_one_line(capsys, monkeypatch, tmp_path, arguments, message: str) -> None:
    """Errors are reported before anything runs."""
    (tmp_path / "spec.toml").write_text(SMALL)
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


def test_the_cells_are_all_combinations_in_order() -> None:
    """2 delays x 2 epsilons, in each gammas outermost; seeds from 0."""
    plan = sweep_of(SMALL).plan
    cells = list(plan)
    assert len(plan) == len(cells) == 2 * 2 * 2 * 3
    assert [cell.number for cell in cells] == list(range(24))
    pairs = [(gamma, seed) for gamma in (Fraction(2, 5), Fraction(2, 3)) for seed in range(3)]
    assert [(cell.gamma, cell.seed) for cell in cells] == pairs * 4
    settings = [(g.model.parameters["delay"], g.learner.settings["epsilon"]) for g in plan.groups]
    assert settings == [(2, "1/10"), (2, "1/2"), (4, "1/10"), (4, "1/2")]
    assert len({cell.key for cell in cells}) == 24


def test_keys_depend_on_content_alone() -> None:
    """Another order, another spelling and more cells beside them: the same keys."""
    turned = SMALL.replace("[2, 4]", "[4, 3, 2]").replace('[0.4, "2/3"]', '["4/6", 0.1, "0.40"]')
    keys, more = ({cell.key for cell in sweep_of(text).plan} for text in (SMALL, turned))
    assert keys < more
    for other in (
        SMALL.replace("reward = 6", "reward = 7"),
        SMALL.replace("episodes = 100", "episodes = 101"),
        SMALL.replace("q_learning", "sarsa"),
        SMALL.replace("reward = 6", "reward = 6, start = 1"),
    ):
        assert not keys & {cell.key for cell in sweep_of(other).plan}


def test_gammas_around_the_break_even() -> None:
    """6 g^2 = 1 at 1/sqrt(6) and 6 g^4 = 1 at 6^(-1/4): half the spread and the whole of it."""
    text = SMALL.replace(GAMMAS, 'gammas = { around = "break-even", count = 2, spread = 0.2 }\n')
    plan = sweep_of(text).plan
    for group in plan.groups:
        g = 6 ** (-1 / group.model.parameters["delay"])
        wanted = [0.8 * g, 0.9 * g, g + 0.1 * (1 - g), g + 0.2 * (1 - g)]
        assert [float(gamma) for gamma in group.gammas] == pytest.approx(wanted, abs=1e-11)


def test_rows_are_what_the_learner_returns(tmp_path: Path) -> None:
    """A training by hand with the seed of the cell's key, compared bit for bit."""
    sweep = sweep_of(SMALL)
    sweep.run(tmp_path / "r.db", backend="here")
    near, far = ("near", [1]), ("far", [0, 0, 6])
    mdp = MDP.from_layout(ChainLayout((near, far)))
    for number in (0, 5):
        cell = sweep.plan.cell(number)
        row = rows_of(tmp_path / "r.db")[number]
        result = q_learning(
            mdp, float(cell.gamma), epsilon=0.1, step_size=0.1, episodes=100, seed=int(cell.key, 16)
        )
        values = result.q[mdp.start]
        assert row[:2] == (number, cell.key)
        assert row[6:] == (
            int(result.policy[mdp.start]),
            float(max(values)),
            float(max(values) - min(values)),
            result.steps,
            100,
            None,
        )


def test_a_training_that_overflows_is_a_row_with_its_error(tmp_path: Path) -> None:
    """At 0.9 the far reward, repeated, is worth more than a float holds; at 0.1 it is not."""
    text = (
        HEAD + 'sources = [{ delay = 2, reward = 8e307, ending = "repeat" }]\ngammas = [0.1, 0.9]\n'
        'learners = [{ name = "sarsa", step_size = 1, steps = 2000 }]\nseeds = 2\n'
    )
    sweep = sweep_of(text)
    sweep.run(tmp_path / "r.db", backend="here")
    rows = rows_of(tmp_path / "r.db")
    assert [row[11] is None for row in rows] == [True, True, False, False]
    for row in rows[2:]:
        group, cell = sweep.plan.groups[0], sweep.plan.cell(row[0])
        arguments = group.learner.arguments(group.model.mdp, group.model.start)
        with pytest.raises(OverflowError) as caught:
            group.learner.learner()(group.model.mdp, 0.9, seed=int(cell.key, 16), **arguments)
        assert row[6:] == (None, None, None, None, None, str(caught.value))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> list[tuple[Any, ...]]:
    """The rows of LONG, trained in this process without a break."""
    store = tmp_path_factory.mktemp("undisturbed") / "results.db"
    assert sweep_of(LONG).run(store, backend="here").trained == 200
    return rows_of(store)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.slow
def test_the_number_of_workers_changes_no_bit(tmp_path: Path, undisturbed, workers: int) -> None:
    """Processes of loky, one and two of them, against this very process."""
    seen: list[Progress] = []
    sweep_of(LONG).run(tmp_path / "r.db", workers=workers, progress=seen.append)
    assert rows_of(tmp_path / "r.db") == undisturbed
    assert seen[0] == Progress(0, 200, "cells") and seen[-1] == Progress(200, 200, "cells")
    assert [event.done for event in seen] == sorted(event.done for event in seen)


def test_a_run_whose_time_is_up_keeps_what_is_stored(tmp_path: Path, undisturbed) -> None:
    """The error says how far it came; the next run goes on to the same rows."""

    def slow(event: Progress) -> None:
        time.sleep(0.5 * (event.done > 0))

    store, sweep = tmp_path / "r.db", sweep_of(LONG)
    message = (
        r"^stopped: the limit of 0\.5 s was reached.*; [\d,]+ of 200 cells are stored; "
        r"run it again to go on$"
    )
    with pytest.raises(BudgetExceeded, match=message) as caught:
        sweep.run(store, backend="here", max_seconds=0.5, progress=slow)
    best = caught.value.best
    assert 0 < best.trained == len(rows_of(store)) < best.cells == 200
    assert (best.before, best.left) == (0, 200 - best.trained)
    assert repr(best).endswith(f"none missing, {best.left} left)")
    assert sweep.run(store, backend="here", max_seconds=600).trained == 200 - best.trained
    assert rows_of(store) == undisturbed


def test_the_shell_says_what_is_stored_when_the_time_is_up(
    capsys, monkeypatch, tmp_path: Path
) -> None:
    """Exit code 3, and the same command goes on."""
    (tmp_path / "spec.toml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    words = ("sweep", "run", "spec.toml", "-o", "r.db", "--backend", "here")
    check_refused(capsys, monkeypatch, tmp_path, [*words, "--max-seconds", "0"], "must be > 0")
    code, out, err = run(capsys, monkeypatch, *words, "--max-seconds", "1e-9")
    assert (code, out) == (3, "r.db: 0 cells trained\n")
    assert err.endswith(" cells are stored; run it again to go on\n") and err.count("\n") == 1
    assert run(capsys, monkeypatch, *words, "--max-seconds", "600")[0] == 0


@pytest.mark.slow
def test_a_worker_that_dies_has_its_cells_run_again(
    tmp_path: Path, monkeypatch, undisturbed
) -> None:
    """One of two processes is killed after the first batch; the rows are the same."""
    pool, killed = Processes(2), []

    def kill_one(event: Progress) -> None:
        if event.done and not killed:
            killed.append(next(iter(pool._executor._processes)))
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(run_module, "open_pool", lambda *_: pool)
    sweep = sweep_of(LONG)
    finished = sweep.run(tmp_path / "r.db", progress=kill_one)
    assert killed and finished.fatal == ()
    assert rows_of(tmp_path / "r.db") == undisturbed


class Mortal(InProcess):
    """Workers that cell 7 kills."""

    def submit(self, function: Any, batch: Sequence[Part]) -> Future[Outcome]:
        if not any(7 in part.numbers for part in batch):
            return super().submit(function, batch)
        future: Future[Outcome] = Future()
        future.set_exception(WorkerDied())
        return future


def test_a_cell_that_kills_every_worker_is_set_aside(capsys, tmp_path: Path, monkeypatch) -> None:
    """The other 23 are stored; the command names it and ends with 1."""
    (tmp_path / "spec.toml").write_text(SMALL)
    monkeypatch.setattr(run_module, "open_pool", lambda *_: Mortal())
    store = tmp_path / "r.db"
    code, out, _ = run(
        capsys, monkeypatch, "sweep", "run", str(tmp_path / "spec.toml"), "-o", str(store)
    )
    assert code == 1
    assert "23 cells trained\n1 cell missing, which crashed every worker: 7\n" in out
    assert [row[0] for row in rows_of(store)] == [n for n in range(24) if n != 7]


def killed_and_resumed(folder: Path, seeds: int, moments: Sequence[int]) -> list[tuple[Any, ...]]:
    """SIGKILL the whole process group each time so many rows are stored; then finish."""
    spec, store = folder / "spec.toml", folder / "results.db"
    spec.write_text(LONG.replace("seeds = 25", f"seeds = {seeds}"))
    for moment in moments:
        before = stored(store)
        with command("sweep", "run", str(spec), "-o", str(store), "--workers", "2") as process:
            while stored(store) < moment and process.poll() is None:
                time.sleep(0.002)
            os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert before <= stored(store) < 8 * seeds
    before = stored(store)
    finished = Sweep(spec).run(store, backend="here")
    assert finished.trained == 8 * seeds - before < 8 * seeds
    return rows_of(store)


def test_a_killed_sweep_goes_on_to_the_same_rows(tmp_path: Path, undisturbed) -> None:
    """kill -9 at one seeded moment; the same command finishes the rest."""
    moment = random.Random(8).randrange(20, 100)
    assert killed_and_resumed(tmp_path, 25, [moment]) == undisturbed


@pytest.mark.slow
def test_ten_kills_in_a_sweep_of_2000_cells(tmp_path: Path) -> None:
    """Ten seeded moments of one store, against a run that nothing disturbed."""
    sweep_of(LONG.replace("seeds = 25", "seeds = 250")).run(tmp_path / "whole.db", backend="here")
    moments = sorted(random.Random(9).sample(range(1, 1500), 10))
    rows = killed_and_resumed(tmp_path, 250, moments)
    assert len(rows) == 2000
    assert rows == rows_of(tmp_path / "whole.db")


CHANGES = {
    "newer": ("PRAGMA user_version = 2", "has schema version 2"),
    "gamma": ("UPDATE results SET gamma = '1/3' WHERE cell = 5", "cell 5 is not a cell"),
    "model": ("UPDATE results SET model = 1 WHERE cell = 3", "cell 3 is not a cell"),
    "number": ("UPDATE results SET cell = -1 WHERE cell = 9", "cell -1 is not a cell"),
    "models": ("UPDATE models SET start = start + 1 WHERE model = 1", "its models are not"),
    "learners": ("DELETE FROM learners WHERE learner = 0", "its learners are not"),
    "trigger": (
        "CREATE TRIGGER sqlitex AFTER INSERT ON runs BEGIN DELETE FROM results; END",
        "its tables are not those of a sweep",
    ),
}
"""A change of a store, and the message for it."""


def foreign(path: Path, kind: str) -> str:
    """Make a file that is not a store of SMALL; return the expected message."""
    if kind == "text":
        path.write_text("my notes\n" * 200)
        return "not a sweep store: name a new file"
    if kind in ("database", "database in WAL mode"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE mine (x)")
            if kind == "database in WAL mode":
                connection.execute("PRAGMA journal_mode = WAL")
        return "is a database, but not a sweep store: name a new file"
    if kind == "another sweep":
        sweep_of(SMALL.replace("seeds = 3", "seeds = 2")).run(path, backend="here")
        return "contains another sweep, of 16 cells"
    sweep_of(SMALL).run(path, backend="here")
    if kind in CHANGES:
        change, message = CHANGES[kind]
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(change)
        return message
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return "is damaged"


@pytest.mark.parametrize(
    "kind",
    ["text", "database", "database in WAL mode", "another sweep", "cut off", *CHANGES],
)
def test_a_file_that_is_no_store_of_this_sweep_is_left_alone(tmp_path: Path, kind: str) -> None:
    """It is reported in one line, and nothing changes, neither in the file nor next to it."""
    path = tmp_path / "r.db"
    message = foreign(path, kind)
    before = {beside: beside.read_bytes() for beside in tmp_path.iterdir()}
    with pytest.raises(InputError, match=message) as caught:
        sweep_of(SMALL).run(path, backend="here")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert {beside: beside.read_bytes() for beside in tmp_path.iterdir()} == before


def test_a_finished_store_is_one_file_that_reading_adds_nothing_to(tmp_path: Path) -> None:
    """So that it can be copied, and read where nothing can be written."""
    sweep, path = sweep_of(SMALL), tmp_path / "r.db"
    sweep.run(path, backend="here")
    assert export(path, tmp_path / "x.csv") == 24
    assert sorted(f.name for f in tmp_path.iterdir()) == ["r.db", "x.csv"]


def test_the_store_holds_the_spec_and_the_versions(tmp_path: Path) -> None:
    """Beside the results, for whoever finds the file."""
    sweep_of(SMALL).run(tmp_path / "r.db", backend="here")
    with closing(sqlite3.connect(tmp_path / "r.db")) as connection:
        about = dict(connection.execute("SELECT name, value FROM sweep"))
        (versions,) = connection.execute("SELECT versions FROM runs").fetchone()
    assert about["spec"] == SMALL and about["cells"] == "24"
    assert '"numpy":' in versions and '"qdecay":' in versions


def test_a_dry_run_counts_and_guesses(capsys, monkeypatch, tmp_path: Path) -> None:
    """The cells, the models and learners, a guess of the time; no file is made."""
    (tmp_path / "spec.toml").write_text(SMALL)
    code, out, err = run(
        capsys, monkeypatch, "sweep", "run", str(tmp_path / "spec.toml"), "--dry-run"
    )
    assert (code, err) == (0, "")
    assert out.startswith("24 cells: 2 models, 2 learners, 3 seeds; about ")
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]
