"""Files of transitions: the same model as the data in memory, and one line for what is no such."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import COLUMNS, WALK, columns

from qdecay import MDP, FloatMDP, InputError
from qdecay.model.readers import transition_files
from qdecay.model.readers.limits import MAX_RECOVERED
from qdecay.model.rows import ModelRows

HEADER = ",".join(COLUMNS)


def csv_of(folder: Path, text: str) -> Path:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


def written_out(folder: Path) -> Path:
    rows = [",".join(map(str, row)) for row in WALK]
    return csv_of(folder, "\n".join([HEADER, *rows]) + "\n")


def test_a_csv_is_its_transitions(tmp_path: Path) -> None:
    """Exact and in floats, with counts; the name is the path."""
    path = written_out(tmp_path)
    made = MDP.load(path)
    assert made == MDP.from_transitions(WALK)
    assert made.visits == MDP.from_transitions(WALK).visits and made.name == str(path)
    assert FloatMDP.load(path) == FloatMDP.from_transitions(WALK)
    assert MDP.load(path, minimise=True) == MDP.from_transitions(WALK, minimise=True)


def test_columns_may_be_in_any_order_and_quoted(tmp_path: Path) -> None:
    """Names with commas, spaces around numbers, empty lines, other columns, a byte order mark."""
    text = (
        "\ufefftime,terminated, next_state ,reward,action,state\n"
        '1,FALSE,"park, far",-1/3,walk,home\n\n'
        '2,true, home ,1e-1,rest,"park, far"\r\n'
    )
    made = MDP.load(csv_of(tmp_path, text))
    assert made.state_names == ("home", "park, far") and made.action_names == ("rest", "walk")
    assert made.exact_reward == (Fraction(-1, 3), Fraction(1, 10))
    assert "1 column not read: 'time'" in made.remarks


def test_numbers_are_names_where_another_state_is_text(tmp_path: Path) -> None:
    """Also where only the next states are: the 1 of both columns is one state."""
    made = MDP.load(csv_of(tmp_path, f"{HEADER}\n0,0,1,01,false\n01,0,1,end,true\n"))
    assert made.state_names == ("0", "01", "end") and made.next_state.tolist() == [1, 2]


def test_printed_floats_are_recovered(tmp_path: Path) -> None:
    """0.1 + 0.2 is printed with 17 digits; as binary it is what it says."""
    path = csv_of(tmp_path, f"{HEADER}\n0,0,0.30000000000000004,0,true\n")
    assert MDP.load(path).exact_reward == (Fraction(3, 10),)
    assert MDP.load(path, numbers="binary").exact_reward == (Fraction(0.1 + 0.2),)


PRINTED = [
    ("0.10000000000000001", "1/10"),  # 17 digits
    ("1.000000000000000056e-01", "1/10"),  # 19, as numpy.savetxt writes them
    ("+0.100000000000000005551115123125782702118158340454101562", "1/10"),  # all but the last ones
]
AS_WRITTEN = [
    ("0.10000000000000000000000001", Fraction(10**25 + 1, 10**26)),
    ("0.1234567890123456789", Fraction(1234567890123456789, 10**19)),
    ("-12345678901234567", Fraction(-12345678901234567)),  # whole numbers are no floats
    ("1234567890123456789e400", Fraction(1234567890123456789 * 10**400)),
    ("0.10000000000000000000", Fraction(1, 10)),
]


@pytest.mark.parametrize(("text", "wanted"), PRINTED + AS_WRITTEN)
def test_only_printed_floats_are_not_as_written(tmp_path: Path, text: str, wanted: Any) -> None:
    """In every kind of text file."""
    csv = csv_of(tmp_path, f"{HEADER}\n0,0,{text},0,true\n")
    assert MDP.load(csv).exact_reward == (Fraction(wanted),)
    prism, reward = tmp_path / "m.tra", tmp_path / "m.trew"
    prism.write_text("1 1 1\n0 0 0 1\n")
    reward.write_text(f"1 1 1\n0 0 0 {text}\n")
    assert MDP.load(prism).exact_reward == (Fraction(wanted),)


@pytest.mark.parametrize("name", [int, "s{}".format])
def test_an_end_needs_no_next_state(tmp_path: Path, name: Any) -> None:
    """An empty field, also where all states have names; elsewhere it is missing."""
    lines = [f"{name(s)},{a},{r},{'' if e else name(t)},{e}" for s, a, r, t, e in WALK]
    stays = [(name(s), str(a), str(r), name(s if e else t), e) for s, a, r, t, e in WALK]
    read = MDP.load(csv_of(tmp_path, "\n".join([HEADER, *lines])))
    assert list(read.rows()) == list(MDP.from_transitions(stays).rows())
    with pytest.raises(InputError, match="line 2: next_state is empty: fill it in"):
        MDP.load(csv_of(tmp_path, f"{HEADER}\n0,0,1,,false\n0,0,1,,true\n"))


def test_episodes_say_where_they_begin(tmp_path: Path) -> None:
    text = f"{HEADER},episode\n0,0,1,1,false,a\n1,0,1,0,true,a\n1,0,1,0,true,b\n"
    half = Fraction(1, 2)
    assert MDP.load(csv_of(tmp_path, text)).starts == {0: half, 1: half}
    text = f"{HEADER},truncated\n0,0,1,1,false,false\n1,0,1,0,false,true\n0,0,1,1,false,0\n"
    assert MDP.load(csv_of(tmp_path, text)).start == 0


def test_a_parquet_file_is_its_transitions(tmp_path: Path) -> None:
    """Of numbers, and of text."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(columns(WALK))
    path = tmp_path / "data.parquet"
    frame.assign(time=0).to_parquet(path)
    made = MDP.load(path)
    assert made == MDP.from_transitions(WALK) and made.visits == {(0, 0): 3, (0, 1): 3, (1, 1): 4}
    assert made.remarks[-1] == "1 column not read: 'time'"
    named = frame.assign(state=frame.state.map("s{}".format), next_state="s0")
    named.to_parquet(path)
    assert MDP.load(path) == MDP.from_transitions(named)
    ended = frame.assign(next_state=frame.next_state.where(~frame.terminated, frame.state))
    frame.assign(next_state=frame.next_state.where(~frame.terminated, None)).to_parquet(path)
    assert MDP.load(path) == MDP.from_transitions(ended)
    frame.assign(reward=[None, *frame.reward[1:]]).to_parquet(path)
    with pytest.raises(InputError, match=r"data.parquet: .*column reward: 1 entries are empty"):
        MDP.load(path)
    path.write_bytes(b"no such file")
    with pytest.raises(InputError, match="data.parquet: not a table of transitions: ") as error:
        MDP.load(path)
    assert "\n" not in str(error.value)


BAD = [
    ("", "the column state is missing"),
    ("state,action\n0,0\n", "the column reward is missing"),
    (HEADER, "data has no transitions"),
    (f"{HEADER},state\n", "the column state appears twice: leave one out"),
    (f"{HEADER}\n0,0,1,0,true\n0,0,1,0\n", "line 3: has 4 fields, and the first line 5"),
    (
        f"{HEADER}\n0,0,1,0,true\n0,0,1,,false\n",
        "line 3: next_state is empty: fill it in, or leave",
    ),
    (f"{HEADER}\n0,0,1,0,maybe\n", "line 2: terminated must be true or false, got 'maybe'"),
    (
        f"{HEADER}\n0,0,1,0,true\n0,0,much,0,true\n",
        "line 3: reward must be a number like .*, got .much",
    ),
    (f"{HEADER}\n0,0,nan,0,true\n", "reward must be finite|reward must be a number"),
    (f"{HEADER}\n0,0,1/0,0,true\n", "reward"),
    (
        f'{HEADER}\n0,0,1,0,"true\n',
        "line 2: unexpected end of data: is a quotation mark not closed",
    ),
    (HEADER.replace(",", ";"), "line 1: columns are separated by semicolons: separate them by"),
    (HEADER.replace(",", "\t"), "line 1: columns are separated by tabs"),
    (f"{HEADER}\n0,0,,0,true\n", "line 2: reward is empty"),
    (f"{HEADER},episode\n0,0,1,0,true, \n", "line 2: episode is empty"),
    (f"{HEADER}\n{'0' * 140_000},0,1,0,true\n", "line 2: field larger than field limit"),
    ("{}", "the column state is missing"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_is_no_table_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    """With the path, and the line where there is one."""
    path = csv_of(tmp_path, text)
    with pytest.raises(InputError, match=message) as error:
        MDP.load(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_endings_may_be_capitals_and_tabs_are_told(tmp_path: Path) -> None:
    made = MDP.load(written_out(tmp_path).rename(tmp_path / "data.CSV"))
    assert made == MDP.from_transitions(WALK)
    with pytest.raises(InputError, match=r"data.tsv: separate the columns by commas, and save it"):
        MDP.load(tmp_path / "data.tsv")
    packed = csv_of(tmp_path, "state,action").rename(tmp_path / "data.csv.zip")
    with pytest.raises(InputError, match=r"read as JSON, as its name ends in none of \.npz, "):
        MDP.load(packed)


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many rows, or too many different transitions to be read exactly."""
    monkeypatch.setattr(transition_files, "_MAX_ROWS", 9)
    with pytest.raises(InputError, match="has more than 10 lines"):
        MDP.load(written_out(tmp_path))
    monkeypatch.undo()
    n = MAX_RECOVERED + 1
    steps = np.stack([np.arange(n), np.zeros(n, int), np.ones(n, int), np.arange(n)], axis=1)
    lines = "\n".join(f"{s},{a},{r},{t},true" for s, a, r, t in steps.tolist())
    with pytest.raises(InputError, match="has 250,001 transitions, and at most 250,000 are read"):
        MDP.load(csv_of(tmp_path, f"{HEADER}\n{lines}\n"))


# -- counts in MDP files


def test_mdp_files_keep_counts(tmp_path: Path) -> None:
    """Saved and loaded, a model can be resampled as before."""
    made = MDP.from_transitions(WALK, start=0)
    made.save(tmp_path / "m.json")
    again = MDP.load(tmp_path / "m.json")
    assert again == made and again.visits == made.visits
    assert again.resample(5) == made.resample(5)
    assert "visits" not in MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1).to_json()


BAD_VISITS = [
    ("7", "visits: must be a list of"),
    ("[[0, 0]]", "visits: entry 0 must be \\[state, action, visits\\]"),
    ("[[0, 0, 2.5]]", "visits: entry 0 must be"),
    ("[[0, 0, 4], [0, 0, 4]]", "visits: state 0, action 0 is listed twice"),
    ("[[0, 0, 3]]", "state 0, action 0: the probability 3/4 is no share of 3 visits"),
    ("[[0, 0, 0]]", "visits of \\(0, 0\\) must be >= 1"),
    ("[[0, 1, 4]]", "state 0, action 1: has visits, and no transitions"),
]


@pytest.mark.parametrize(("visits", "message"), BAD_VISITS)
def test_counts_that_cannot_be_are_refused(tmp_path: Path, visits: str, message: str) -> None:
    path = tmp_path / "m.json"
    rows = '[[0, 0, 0, "1/4", 1, true], [0, 0, 0, "3/4", 0, true]]'
    path.write_text(
        '{"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 2, "transitions": '
        f'{rows}, "visits": {visits}}}'
    )
    with pytest.raises(InputError, match=message):
        MDP.load(path)


def test_pairs_without_counts_are_taken_as_known() -> None:
    """They are not resampled; their counts are 0."""
    half = Fraction(1, 2)
    rows = [(0, a, 0, half, r, True) for a in (0, 1) for r in (0, 1)]
    model = MDP.from_rows(rows, n_states=1, n_actions=2)
    made = MDP.of(ModelRows(list(model.rows()), 1, 2, visits={(0, 1): 10}))
    assert made.counts.tolist() == [0, 0, 5, 5]
    drawn = [made.resample(seed) for seed in range(9)]
    assert {each.exact_r[0, 0] for each in drawn} == {half}
    assert len({each.exact_r[0, 1] for each in drawn}) > 2
