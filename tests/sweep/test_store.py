"""The store of a sweep: one run writes, whatever path it takes, and no loss goes untold."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from shell import full_disk, run
from sweeps import SMALL, command, rows_of, stored, sweep_of

from qdecay import InputError, Progress, QdecayWarning, Sweep
from qdecay.sweep import database
from qdecay.sweep import run as run_module
from qdecay.sweep import store as store_module
from qdecay.sweep.backends import InProcess
from qdecay.sweep.queue import Batch, Queue
from qdecay.sweep.store import Store
from qdecay.sweep.work import train

MANY = SMALL.replace("seeds = 3", "seeds = 300")  # 2,400 cells
BUSY = "another run is writing to it"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second is spent on waiting for a lock that is held."""
    monkeypatch.setattr(store_module, "_LOCK_MILLISECONDS", 20)


def fill(store: Store, sweep: Sweep, numbers: range, at_once: int = 1) -> None:
    """Store so many cells, in batches of a size."""
    queue = Queue(sweep.plan, bytearray(len(sweep)))
    for first in range(numbers.start, numbers.stop, at_once):
        batch = range(first, min(first + at_once, numbers.stop))
        store.add(train(queue.parts(Batch(batch))).rows)


@pytest.fixture
def nearly_done(tmp_path: Path) -> tuple[Sweep, Path, int]:
    """A sweep, its store with 2,000 of 2,400 rows, and a size that leaves the file no room.

    The log has room beside it: for all that is missing, but for no ten times as much.
    """
    sweep, path = sweep_of(MANY), tmp_path / "r.db"
    with Store(path, sweep.plan) as store:
        fill(store, sweep, range(2000), 2000)
    return sweep, path, path.stat().st_size + 100


# --- A disk that fills ---------------------------------------------------------------------------


def test_rows_that_stay_in_the_log_are_told(nearly_done) -> None:
    """All were stored, and the file alone has not all: an error names the second file.

    Both files together have them, and the same run, once there is room, makes them one.
    """
    sweep, path, size = nearly_done
    with full_disk(size), pytest.raises(InputError) as caught:  # noqa: PT012
        with Store(path, sweep.plan) as store:
            fill(store, sweep, range(2000, 2300), 300)
        pytest.fail("the store was closed without a word")
    assert f"its last rows are in {path}-wal and could not be moved" in str(caught.value)
    assert "\n" not in str(caught.value) and isinstance(caught.value.__cause__, sqlite3.Error)
    assert stored(path) == 2300
    alone = path.with_name("alone.db")
    shutil.copyfile(path, alone)
    with suppress(sqlite3.DatabaseError):  # cut off where the disk was full
        assert len(rows_of(alone)) < 2300
    assert sweep.run(path, backend="here").trained == 100
    assert [row[0] for row in rows_of(path)] == list(range(2400))
    assert not path.with_name("r.db-wal").exists()


def test_the_command_ends_with_2_where_rows_stay_in_the_log(
    capsys, monkeypatch, nearly_done
) -> None:
    """Though every cell was trained and stored."""
    _, path, size = nearly_done
    spec = path.with_name("spec.toml")
    spec.write_text(MANY)
    monkeypatch.setattr(run_module, "open_pool", lambda *_: InProcess())
    arguments = ("sweep", "run", str(spec), "-o", str(path))
    with full_disk(size):
        code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out, stored(path)) == (2, "", 2400)
    assert err.startswith(f"qdecay: {path}: its last rows are in {path}-wal")
    assert err.count("\n") == 1
    code, out, _ = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (0, f"{path}: 0 cells trained, 2,400 from before\n")
    assert sorted(f.name for f in path.parent.iterdir()) == ["r.db", "spec.toml"]


def test_a_batch_and_a_close_that_fail_are_one_error(nearly_done) -> None:
    """What ended the run, then where the last rows are; what is stored is kept."""
    sweep, path, size = nearly_done
    with full_disk(size), pytest.raises(InputError) as caught:  # noqa: PT012
        with Store(path, sweep.plan) as store:
            fill(store, sweep, range(2000, 2200), 100)
            fill(store, sweep, range(2200, 2400))
        pytest.fail("the log had room for all")
    first = caught.value.__cause__
    assert isinstance(first, InputError) and str(first).endswith("disk I/O error")
    assert str(caught.value).startswith(f"{first}; {path}: its last rows are in {path}-wal")
    kept = stored(path)
    assert 2200 <= kept < 2400
    assert sweep.run(path, backend="here").trained == 2400 - kept


def test_a_close_that_fails_is_a_note_on_any_other_error(capsys, monkeypatch, nearly_done) -> None:
    """Ctrl-C stays Ctrl-C, and exit code 130; the place of the rows is still reported."""
    _, path, size = nearly_done

    def stop(store: Store, rows: object) -> None:
        add(store, rows)
        raise KeyboardInterrupt

    add: Callable[..., None] = Store.add
    monkeypatch.setattr(Store, "add", stop)
    monkeypatch.setattr(Queue, "next", lambda self, workers: Batch(range(2000, 2200)))
    monkeypatch.setattr(run_module, "open_pool", lambda *_: InProcess())
    spec = path.with_name("spec.toml")
    spec.write_text(MANY)
    with full_disk(size):
        code, _, err = run(capsys, monkeypatch, "sweep", "run", str(spec), "-o", str(path))
    assert code == 130
    assert err.startswith(f"{path}: its last rows are in {path}-wal and could not be moved")
    assert err.endswith("\nqdecay: interrupted\n")
    assert stored(path) == 2000 + 200


def test_a_full_disk_is_told_and_what_is_stored_is_kept(tmp_path: Path) -> None:
    """A limit on the pages of the file stands for the disk."""
    sweep, path = sweep_of(MANY), tmp_path / "r.db"
    with Store(path, sweep.plan) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(InputError, match="the disk is full"):
            fill(store, sweep, range(2400), 50)
    kept = len(rows_of(path))
    assert 0 < kept == store.done.count(1)
    assert sweep.run(path, backend="here").trained == len(sweep) - kept


def test_a_reader_that_keeps_the_log_is_told(tmp_path: Path) -> None:
    """No error: the rows are there, in both files; the next run makes them one."""
    sweep, path = sweep_of(SMALL), tmp_path / "r.db"
    with closing(sqlite3.connect(path)) as reader:

        def read(event: Progress) -> None:
            if not reader.in_transaction:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM results").fetchone()

        with pytest.warns(QdecayWarning) as seen:
            sweep.run(path, backend="here", progress=read)
        assert sorted(f.name for f in tmp_path.iterdir()) == ["r.db", "r.db-shm", "r.db-wal"]
    [warning] = seen
    assert f"its last rows are in {path}-wal: keep both" in str(warning.message)
    sweep.run(path, backend="here")
    assert [f.name for f in tmp_path.iterdir()] == ["r.db"]
    assert len(rows_of(path)) == 24


# --- One run writes ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["the same", "symbolic link", "link to its folder", "relative"])
def test_a_second_run_on_a_store_is_refused(monkeypatch, tmp_path: Path, way: str) -> None:
    """In this process, by whatever path; readers are let in, and afterwards the second one is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    sweep, path = sweep_of(SMALL), folder / "r.db"
    other = {
        "the same": path,
        "symbolic link": tmp_path / "link.db",
        "link to its folder": tmp_path / "beside" / "r.db",
        "relative": Path("../folder/r.db"),
    }[way]
    (tmp_path / "link.db").symlink_to(path)
    (tmp_path / "beside").symlink_to(folder)
    monkeypatch.chdir(folder)
    with Store(path, sweep.plan) as store:
        fill(store, sweep, range(3))
        with pytest.raises(InputError, match=BUSY):
            Store(other, sweep.plan)
        fill(store, sweep, range(3, 5))
        assert stored(path) == stored(other.absolute()) == 5
    with Store(other, sweep.plan) as store:
        assert store.done.count(1) == 5
        with pytest.raises(InputError, match=BUSY):
            Store(path, sweep.plan)
    assert [f.name for f in folder.iterdir()] == ["r.db"]


def test_another_process_is_refused(tmp_path: Path) -> None:
    """By the command, through a symbolic link, while this process holds the store."""
    (tmp_path / "spec.toml").write_text(SMALL)
    path, link = tmp_path / "r.db", tmp_path / "link.db"
    link.symlink_to(path)
    with Store(path, sweep_of(SMALL).plan):
        with command("sweep", "run", str(tmp_path / "spec.toml"), "-o", str(link)) as process:
            out, err = process.communicate()
        assert (process.returncode, out) == (2, "")
        assert err == f"qdecay: {link}: {BUSY}: wait for it, or stop it\n"


@pytest.mark.parametrize("other", ["hard link", "mounted alone"])
def test_a_file_whose_log_would_have_another_name_is_refused(
    monkeypatch, tmp_path: Path, other: str
) -> None:
    """Its rows would be missing under the other name, and two runs could write to it."""
    sweep, path = sweep_of(SMALL), tmp_path / "my r.db"
    sweep.run(path, backend="here")
    if other == "hard link":
        (tmp_path / "other.db").hardlink_to(path)
        message = "has 2 names"
    else:
        mounts, name = tmp_path / "mountinfo", str(path).replace(" ", "\\040")
        mounts.write_text(
            f"36 35 98:0 / / rw - ext4 /dev/root rw\n37 36 98:0 /x {name} rw - ext4\n"
        )
        monkeypatch.setattr(database, "_MOUNTS", mounts)
        message = "is mounted without its folder"
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}
    for name in ["other.db"] * (other == "hard link") + [path.name]:
        with pytest.raises(InputError, match=message):
            sweep.run(tmp_path / name, backend="here")
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == before


def test_a_run_that_came_between_two_batches_is_noticed(monkeypatch, tmp_path: Path) -> None:
    """The lock is free for an instant after each batch: the rows of the batch are kept."""
    sweep, path = sweep_of(SMALL), tmp_path / "r.db"
    hold = Store._begin_next

    def late(store: Store) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO runs (started, versions) VALUES ('now', '{}')")
        hold(store)

    with Store(path, sweep.plan) as store:
        fill(store, sweep, range(3))
        monkeypatch.setattr(Store, "_begin_next", late)
        with pytest.raises(InputError, match="another run has taken it over"):
            fill(store, sweep, range(3, 9))
    assert len(rows_of(path)) == 4


def moved(path: Path, other: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def deleted(path: Path, other: Path) -> None:
    path.unlink()


def replaced(path: Path, other: Path) -> None:
    other.replace(path)  # as mv does


def overwritten(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)  # as cp does: the file stays, and its content goes


@pytest.mark.parametrize("when", ["before a batch", "at the end"])
@pytest.mark.parametrize("way", [moved, deleted, replaced, overwritten])
@pytest.mark.parametrize("copy", ["of another sweep", "of this one, as it was before"])
def test_a_store_that_goes_away_is_noticed(tmp_path: Path, way, copy: str, when: str) -> None:
    """What comes then is not stored where nobody looks; one that was moved has all its rows."""
    sweep, path, other = sweep_of(MANY), tmp_path / "r.db", tmp_path / "other.db"
    if copy == "of another sweep":  # a larger one; the other copies are smaller
        second = sweep_of(MANY.replace("reward = 6", "reward = 7"))
        with Store(other, second.plan) as store:
            fill(store, second, range(800), 800)
    else:
        with Store(other, sweep.plan):
            pass
    with Store(path, sweep.plan) as store:
        fill(store, sweep, range(400), 400)
    more = range(405, 410 if when == "before a batch" else 405)
    message = "now may be damaged" if way is overwritten else "moved, deleted or replaced"
    with pytest.raises(InputError, match=message), Store(path, sweep.plan) as store:  # noqa: PT012
        fill(store, sweep, range(400, 405))
        way(path, other)
        fill(store, sweep, more)
        assert not more, "the batch was stored"
    if way is moved:
        assert len(rows_of(tmp_path / "elsewhere.db")) == 405
