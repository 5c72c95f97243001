"""The command `qdecay price`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from shell import run

import qdecay
from qdecay.pricing import learned


def test_each_region_is_priced(capsys, monkeypatch) -> None:
    """FrozenLake 4x4 by its total: exact numbers, losses, the best region, the answer in words."""
    code, out, err = run(capsys, monkeypatch, "price", "FrozenLake-v1", "--judge", "total")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["0", "to", "0.8087833", "0.4507042", "32/71", "45.27", "%"] in lines
    assert ["0.8087833", "to", "0.9783165", "0.7804878", "32/41", "5.226", "%"] in lines
    assert ["0.9783165", "to", "1", "0.8235294", "14/17", "0", "%", "best"] in lines
    assert out.splitlines()[-1] == (
        "gamma between 0.9783165 and 1 loses nothing: 0.8235 in all; gamma = 0.99 gives 0.8235."
    )


@pytest.mark.parametrize(
    ("max_loss", "line"),
    [
        ("0.01", "near gamma = 1 more than 1 % is lost"),
        ("0.035", "gamma between 0.9935021 and 1 loses at most 3.5 %"),
    ],
)
def test_how_much_is_lost_at_most(capsys, monkeypatch, max_loss: str, line: str) -> None:
    """8x8 in 200 steps: 4.04 % left of 0.9935020, 3.02 % near 1 (0.885654 of 0.913220)."""
    arguments = ("price", "FrozenLake8x8-v1", "--max-loss", max_loss)
    _, out, _ = run(capsys, monkeypatch, *arguments)
    assert line in out.splitlines()


def test_picked_gammas_are_shown(capsys, monkeypatch) -> None:
    """Also a breakpoint, where ties may be broken in the worst or in the best way."""
    arguments = ("price", "qdecay/StayOrMove-v0", "--gamma", "0.25, 1/2")
    _, out, _ = run(capsys, monkeypatch, *arguments)
    lines = [line.split() for line in out.splitlines()]
    assert ["0.25", "1", "1", "75", "%"] in lines
    assert ["0.5", "1", "to", "4", "75", "%"] in lines
    assert out.rstrip().endswith("gamma = 0.25 gives 1; gamma = 0.5 gives 1 to 4.")


def test_json_is_the_document_of_the_library(capsys, monkeypatch) -> None:
    """Nothing else on standard output; picked and learned are added."""
    _, out, _ = run(capsys, monkeypatch, "price", "FrozenLake-v1", "--json")
    price = qdecay.price("FrozenLake-v1")
    assert json.loads(out) == json.loads(json.dumps(price.to_json()))
    arguments = ("--gamma", "0.9", "--learn", "--seeds", "2", "--steps", "1000")
    _, out, _ = run(capsys, monkeypatch, "price", "FrozenLake-v1", "--json", *arguments)
    document = json.loads(out)
    learned = qdecay.learned_price(price, ["0.9"], seeds=2, steps=1000)
    assert document["gammas"] == [price.at("0.9").body()]
    assert document["learned"] == json.loads(json.dumps(learned.body()))


def test_agents_are_put_beside(capsys, monkeypatch) -> None:
    """What the gamma allows, the median and the range, lost to the gamma and to training."""
    arguments = ("--learn", "--seeds", "3", "--steps", "5000")
    _, out, _ = run(capsys, monkeypatch, "price", "qdecay/StayOrMove-v0", *arguments)
    rows = [line.split() for line in out.splitlines()]
    assert ["0.2", "1", "1", "1", "to", "1", "3.00", "0.00"] in rows
    assert ["0.8", "4", "4", "4", "to", "4", "0.00", "0.00"] in rows


def test_it_starts_where_one_says(capsys, monkeypatch, tmp_path: Path) -> None:
    """By number or by name; a model without a start asks for one."""
    rows = [(0, 0, 0, 1, 5, True), (1, 0, 1, 1, 7, True)]
    names = ["here", "state there"]
    model = qdecay.MDP.from_rows(rows, n_states=2, n_actions=1, state_names=names)
    path = str(tmp_path / "two.json")
    model.save(path)
    for state in ("state there", "1"):
        _, out, _ = run(capsys, monkeypatch, "price", path, "--state", state)
        assert "from state there the best policy earns 7 in all" in out
    code, out, err = run(capsys, monkeypatch, "price", path)
    assert (code, out) == (2, "")
    assert err == f"qdecay: {path}: the model has no start state: give --state\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--judge", "sum"], "judge must be total, average, steps:T or a discount factor"),
        (
            ["--judge", "steps:0"],
            "judge steps:T takes a whole number T from 1 to 1,000,000, got 'steps:0'",
        ),
        (["--gamma", "0.9,"], 'gamma must be a number like "7/10", "0.7" or "1e-3", got \'\''),
        (["--gamma", "2"], "gamma must be in [0, 1], got '2'"),
        (["--gamma", "0.9,0.90"], "--gamma 0.9,0.90: a gamma is given twice"),
        (["--state", "nowhere"], "--state must be a number from 0 to 15, got 'nowhere'"),
        (["--max-loss", "-1"], "max_loss must be >= 0, got '-1'"),
        (["--seeds", "3"], "--seeds requires --learn"),
        (["--steps", "3"], "--steps requires --learn"),
        (["--force"], "--force requires --plot"),
        (["--plot", "price.txt"], "price.txt"),
        (["--max-seconds", "0"], "--max-seconds must be > 0"),
        (["--max-seconds", "1e-6"], "stopped: the limit"),
    ],
)
def test_wrong_input_gets_one_line(capsys, monkeypatch, arguments: list[str], message: str) -> None:
    """On standard error, with exit code 2 and nothing on standard output."""
    code, out, err = run(capsys, monkeypatch, "price", "FrozenLake-v1", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ([], "; raise --max-seconds, or use --method certified\n"),
        (["--learn"], "; raise --max-seconds\n"),
        (["--method", "certified"], "; raise --max-seconds\n"),
    ],
)
def test_a_time_limit_advises_what_can_be_combined(
    capsys, monkeypatch, more: list[str], advice: str
) -> None:
    """Agents are trained for exact prices only."""
    words = ("price", "FrozenLake-v1", *more, "--max-seconds", "1e-6")
    code, _, err = run(capsys, monkeypatch, *words)
    assert code == 2 and err.endswith(advice)


def test_the_price_is_shown_where_the_time_runs_out_for_agents(capsys, monkeypatch) -> None:
    """Exit code 3, in text and as a document: the price that takes no agents."""
    words = ("price", "FrozenLake-v1", "--gamma", "0.9")
    late = partial(qdecay.learned_price, max_seconds=1e-9)
    monkeypatch.setattr(learned, "learned_price", lambda price, *_, **__: late(price))
    for more in ([], ["--json"]):
        _, alone, _ = run(capsys, monkeypatch, *words, *more)
        code, out, err = run(capsys, monkeypatch, *words, *more, "--learn", "--max-seconds", "1e9")
        assert (code, out, err.count("\n")) == (3, alone, 1)
        assert err.startswith("qdecay: FrozenLake-v1: stopped")
        assert err.endswith("; the price is complete, without agents; raise --max-seconds\n")


def test_a_total_without_end_offers_the_average(capsys, monkeypatch) -> None:
    """It says which state gains for ever."""
    code, _, err = run(capsys, monkeypatch, "price", "qdecay/NChain-v0", "--judge", "total")
    assert code == 2
    assert "the total is infinite from state 0" in err
    assert "judge by average" in err


ALONG = ("price", "FrozenLake-v1", "--over", "success_rate=1/3..1", "--gamma", "0.99")


def test_each_value_along_a_line_is_priced(capsys, monkeypatch) -> None:
    """Policies that are planned for less ice, judged on the ice there is: 14/17 at best."""
    arguments = (*ALONG, "--judge", "total", "--at", "0.5, 1", "--max-loss", "0.2")
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, err) == (0, "")
    first, *lines, last = out.splitlines()
    assert first == (
        "12 policy regions of success_rate at gamma = 99/100; judge total: from state 0 the best "
        "policy earns 0.8235294 in all"
    )
    rows = [line.split() for line in lines]
    assert ["0.3333333", "to", "0.4625519", "0.8235294", "14/17", "0", "%", "best"] in rows
    assert ["0.5", "0.7", "7/10", "15", "%"] in rows
    assert "any success_rate between 0.3333333 and 0.5645356 loses at most 20 %" in lines
    assert last == (
        "any success_rate between 0.3333333 and 0.4625519 loses nothing: 0.8235 in all; "
        "success_rate = 0.5 gives 0.7; success_rate = 1 gives 0.0375 to 0.04479."
    )


def test_json_of_a_line_is_the_document_of_the_library(capsys, monkeypatch) -> None:
    """The truth is SOURCE with its own value of the number, here 0.8; --at adds values."""
    arguments = ("-k", "success_rate=0.8", "--json", "--at", "0.5")
    _, out, _ = run(capsys, monkeypatch, *ALONG, *arguments)

    def lake(rate: float) -> qdecay.MDP:
        return qdecay.as_mdp("FrozenLake-v1", success_rate=rate)

    line = qdecay.ModelLine.of(lake, low="1/3", high=1, name="success_rate")
    price = qdecay.price(line, gamma="0.99", truth=lake(0.8))
    document = json.loads(out)
    assert document.pop("values") == [json.loads(json.dumps(price.at("0.5").body()))]
    assert document == json.loads(json.dumps(price.to_json()))


def test_every_value_may_lose_more(capsys, monkeypatch) -> None:
    """In 100 steps a clock does better than all of them."""
    _, out, _ = run(capsys, monkeypatch, *ALONG, "--max-loss", "0")
    assert "every success_rate loses more than 0 %" in out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (ALONG[:4], "--over requires --gamma: the discount factor of the policies"),
        ((*ALONG[:5], "0.9,0.99"), "--over takes one --gamma, that of the policies, got 0.9,0.99"),
        ((*ALONG[:5], "x"), "--gamma must be a number like"),
        (("price", "FrozenLake-v1", "--at", "1"), "--at requires --over NAME=LOW..HIGH"),
        ((*ALONG, "--at", "0.1"), "--at: success_rate must be in [1/3, 1], got 0.1"),
        ((*ALONG, "--at", "x"), "--at must be a number like"),
        ((*ALONG, "--at", "0.5,1/2"), "--at 0.5,1/2: a value is given twice"),
        ((*ALONG, "--learn"), "--learn cannot be combined with --over"),
        ((*ALONG, "--learn", "--seeds", "3"), "--learn cannot be combined with --over"),
        ((*ALONG, "--resamples", "40"), "--resamples cannot be combined with --over"),
    ],
)
def test_what_makes_no_sense_along_a_line_is_refused(
    capsys, monkeypatch, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
