"""The rows of a store as CSV and Parquet: every cell once, each as a training made by hand."""

from __future__ import annotations

import csv
import sqlite3
from fractions import Fraction
from pathlib import Path

import pytest

import qdecay
from qdecay.errors import InputError
from qdecay.sweep import Spec, Sweep
from qdecay.sweep.export import export

SPEC = """
schema = "qdecay.sweep/1"
sources = [{ delay = [1, 2], reward = 4, near_reward = ["1/2", 1] }]
gammas = ["1/3", 0.75]
learners = [{ name = "q_learning", epsilon = ["1/2", 0.25], step_size = 1, episodes = 50 }]
seeds = [3, 5]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "results.db"
    Sweep(Spec.parse(SPEC)).run(path, backend="here")
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_cell_once_with_what_the_learner_says(store: Path, tmp_path: Path) -> None:
    """Each row repeats the training that its own columns describe, to the last bit."""
    assert export(store, tmp_path / "x.csv") == 2 * 2 * 2 * 2 * 2
    rows = read(tmp_path / "x.csv")
    assert [int(row["cell"]) for row in rows] == list(range(32))
    axes = ("source_delay", "source_near_reward", "learner_epsilon", "gamma", "seed")
    assert len({tuple(row[name] for name in axes) for row in rows}) == 32
    for row in rows:
        far = [0] * int(row["source_delay"]) + [4]
        layout = qdecay.ChainLayout.choice(near=[Fraction(row["source_near_reward"])], far=far)
        result = qdecay.q_learning(
            qdecay.MDP.from_layout(layout),
            float(Fraction(row["gamma_exact"])),
            seed=int(row["key"], 16),
            episodes=50,
            step_size=1.0,
            epsilon=float(row["learner_epsilon"]),
        )
        assert int(row["action"]) == result.policy[layout.start]
        assert float(row["value"]) == result.q[layout.start].max()
        assert int(row["steps"]) == result.steps
        assert float(row["gamma"]) == float(Fraction(row["gamma_exact"]))


def test_parquet_holds_what_csv_does(store: Path, tmp_path: Path) -> None:
    """The same columns and values, read by pyarrow itself."""
    parquet = pytest.importorskip("pyarrow.parquet")
    assert export(store, tmp_path / "x.parquet") == export(store, tmp_path / "x.csv")
    typed = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    written = [{k: "" if v is None else str(v) for k, v in row.items()} for row in typed]
    assert written == read(tmp_path / "x.csv")


def test_other_libraries_read_both(store: Path, tmp_path: Path) -> None:
    """Pandas, polars and duckdb see the same sum of steps as the store."""
    pandas, polars, duckdb = (pytest.importorskip(n) for n in ("pandas", "polars", "duckdb"))
    pytest.importorskip("pyarrow")
    csv_file, parquet_file = tmp_path / "x.csv", tmp_path / "x.parquet"
    export(store, csv_file)
    export(store, parquet_file)
    connection = sqlite3.connect(store)
    (steps,) = connection.execute("SELECT sum(steps) FROM results").fetchone()
    connection.close()
    assert pandas.read_csv(csv_file)["steps"].sum() == steps
    assert pandas.read_parquet(parquet_file)["steps"].sum() == steps
    assert polars.read_csv(csv_file)["steps"].sum() == steps
    assert polars.read_parquet(parquet_file)["steps"].sum() == steps
    for path in (csv_file, parquet_file):
        assert duckdb.sql(f"SELECT sum(steps) FROM '{path}'").fetchall() == [(steps,)]


def test_what_is_no_store_is_told(store: Path, tmp_path: Path) -> None:
    """A missing file, a text, a foreign database, the store itself, a wrong ending."""
    foreign, text = tmp_path / "foreign.db", tmp_path / "text.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    text.write_text("hello, this is no database\n" * 50)
    for path, message in (
        (tmp_path / "none.db", "no such file"),
        (text, "not a sweep store: name the file that `qdecay sweep run -o` wrote$"),
        (foreign, "not a sweep store: name the file that `qdecay sweep run -o` wrote$"),
    ):
        with pytest.raises(InputError, match=message):
            export(path, tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"must end in \.csv, \.parquet"):
        export(store, tmp_path / "x.xlsx")
    assert not (tmp_path / "x.csv").exists()


def test_a_damaged_row_is_told(store: Path, tmp_path: Path) -> None:
    """A value of another type than its column's ends the export, and no file is left."""
    copy = tmp_path / "copy.db"
    copy.write_bytes(store.read_bytes())
    connection = sqlite3.connect(copy)
    connection.execute("UPDATE results SET steps = 'many' WHERE cell = 7")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="damaged at cell 7"):
        export(copy, tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
