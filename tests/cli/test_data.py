"""Data in the shell: `qdecay regions` and `qdecay price` of transitions, with --resamples."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from models import COLUMNS
from shell import check_refused, run

import qdecay
from qdecay import MDP
from qdecay.exact import resampled

LOTTERY = [
    *[(0, 0, 1, 0, True)] * 8,
    *[(0, 0, 0, 0, True)] * 12,
    *[(0, 1, 0, 1, False), *[(1, 1, 0, 1, False)] * 6, (1, 1, 2, 1, True)] * 7,
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the steps above, in episodes that begin in 0."""
    monkeypatch.chdir(tmp_path)
    lines = [",".join((*COLUMNS, "truncated"))]
    lines += [",".join(map(str, (*row, False))) for row in LOTTERY]
    Path("data.csv").write_text("\n".join(lines))
    bare = [line.rpartition(",")[0] for line in lines]
    Path("bare.csv").write_text("\n".join([*bare, "1,0,0,1,true"]))  # every pair is seen
    return tmp_path


def test_regions_of_data_have_intervals(data: Path, capsys, monkeypatch) -> None:
    """Each of the start's gammas, with the share of resamples and what changes; a note on gaps."""
    code, out, err = run(capsys, monkeypatch, "regions", "data.csv", "--resamples", "40")
    mdp = MDP.load("data.csv")
    found = qdecay.resampled_breakpoints(mdp, resamples=40)
    low, high = found.breakpoints[0].interval or (0, 0)
    assert code == 0
    assert err == (
        "qdecay: data.csv: 1 pair of state and action never seen, of 4: unavailable\n"
        "qdecay: data.csv: probabilities are shares of 76 recorded transitions, 7 to 49 for a pair "
        "of state and action: exact for the data, estimates for the world\n"
    )
    gamma = f"{float(found.breakpoints[0].gamma):.10f}"
    words = f"{gamma} {low:.2f} to {high:.2f} 100 % 0 -> 1".split()
    assert words in [line.split() for line in out.splitlines()]
    _, out, _ = run(capsys, monkeypatch, "regions", "data.csv", "--resamples", "40", "--json")
    document = json.loads(out)
    body = json.loads(json.dumps(found.to_json()))
    assert document.pop("resampled") == {name: body[name] for name in KEYS}
    assert document == json.loads(json.dumps(qdecay.policy_regions(mdp).to_json("data.csv")))


KEYS = ("state", "breakpoints", "resamples", "seed", "how")


def test_prices_of_data_have_intervals(data: Path, capsys, monkeypatch) -> None:
    """Of each region and each gamma asked for, and of the optimum."""
    arguments = ("price", "data.csv", "--gamma", "0.1", "--resamples", "40")
    code, out, _ = run(capsys, monkeypatch, *arguments)
    found = qdecay.resampled_price(MDP.load("data.csv"), gammas=["1/10"], resamples=40)
    low, high = found.regions[0].worst or (0, 0)
    assert code == 0
    assert out.count(f"{low:.2f} to {high:.2f}") == 2
    assert "over 40 resamples the best policy of each earns 2\n" in out
    _, out, _ = run(capsys, monkeypatch, *arguments, "--json")
    body = json.loads(json.dumps(found.to_json()))
    names = ("optimum", "regions", "gammas", "share", "resamples", "seed", "how")
    assert json.loads(out)["resampled"] == {name: body[name] for name in names}


REFUSED = [
    (["regions", "FrozenLake-v1", "--resamples", "40"], "FrozenLake-v1: the model has no counts"),
    (["price", "FrozenLake-v1", "--resamples", "40"], "FrozenLake-v1: the model has no counts"),
    (["regions", "data.csv", "--resamples", "9"], "--resamples"),
    (["regions", "data.csv", "--resamples", "40", "--numeric"], "--numeric cannot be combined"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_has_no_intervals_is_refused(
    data: Path, capsys, monkeypatch, arguments: list[str], message: str
) -> None:
    check_refused(capsys, monkeypatch, data, arguments, message)


@pytest.mark.parametrize("command", ["regions", "price"])
def test_intervals_need_a_start(data: Path, capsys, monkeypatch, command: str) -> None:
    """The note on the data stands before the error."""
    code, out, err = run(capsys, monkeypatch, command, "bare.csv", "--resamples", "40")
    note, error = err.splitlines()
    assert (code, out) == (2, "") and "bare.csv: probabilities are shares of 77" in note
    assert error.startswith("qdecay: bare.csv: the model has no start state")


def test_regions_are_shown_where_the_time_runs_out_for_intervals(
    data: Path, capsys, monkeypatch
) -> None:
    """Exit code 3, in text and as a document; neither names a method that gives no intervals."""
    whole = [run(capsys, monkeypatch, "regions", "data.csv", *more) for more in ([], ["--json"])]
    late = partial(qdecay.policy_regions, max_seconds=1e-9)
    monkeypatch.setattr(resampled, "policy_regions", lambda mdp, **_: late(mdp))
    words = ("regions", "data.csv", "--resamples", "40", "--max-seconds", "1e9")
    for more, (_, alone, _) in zip(([], ["--json"]), whole, strict=True):
        code, out, err = run(capsys, monkeypatch, *words, *more)
        assert (code, out) == (3, alone)
        assert err.splitlines()[-1].startswith("qdecay: data.csv: stopped")
        assert err.endswith("; the regions are complete, without intervals; raise --max-seconds\n")
