"""Chain layouts and their files: what is said is what is kept, and mistakes are named."""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay_envs import ChainLayout
from qdecay_envs.jsonfile import read_json, write_json
from qdecay_envs.layout import SCHEMA

HALF = Fraction(1, 2)
PLAIN: dict[str, Any] = {"schema": SCHEMA, "near": ["stay", [1]], "far": ["move", [0, 0, 4]]}

rewards = st.lists(st.fractions(max_denominator=1000), min_size=1, max_size=6)
names = st.text("abcé ßx1-_", min_size=1, max_size=5).filter(str.strip)
layouts = st.builds(
    ChainLayout,
    st.lists(st.tuples(names, rewards), min_size=2, max_size=4, unique_by=lambda pair: pair[0]),
    st.sampled_from(["terminate", "repeat", "absorb"]),
)


def test_rewards_are_kept_as_the_fractions_they_spell() -> None:
    """Text, ints and fractions of equal value make equal, hashable layouts."""
    layout = ChainLayout.choice(stay=["1/2"], move=(text for text in ("0.0", "1", "1e-1")))
    same = ChainLayout((("stay", (HALF,)), ("move", (Fraction(0), Fraction(1), Fraction(1, 10)))))
    assert layout == same
    assert len({layout, same}) == 1
    assert (layout.near, layout.far) == (same.branches[0][1], same.branches[1][1])
    assert layout.names == ("stay", "move")


@pytest.mark.parametrize(
    ("ending", "left", "start", "middle", "right"),
    [
        ("terminate", [1, 0], 2, [], [3]),
        ("repeat", [1, 0], 2, [], [3]),
        ("absorb", [1, 0], 2, [4], [3]),
    ],
)
def test_states_lie_on_a_line(
    ending: Any, left: list[int], start: int, middle: list[int], right: list[int]
) -> None:
    """Branch 0 runs left of the start, others right; an absorbing extra is numbered last."""
    layout = ChainLayout.choice(a=[0, 0, 1], b=[5], c=[0, 2], ending=ending)
    assert layout.start == start
    assert [list(states) for states in layout.corridors()] == [left, middle, right]
    assert layout.n_states == 1 + len(left) + len(middle) + len(right)


@given(layouts)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_every_state_belongs_to_one_place(layout: ChainLayout) -> None:
    """The start and the corridors share out 0 .. n_states - 1 without overlap."""
    states = [layout.start, *(state for corridor in layout.corridors() for state in corridor)]
    assert sorted(states) == list(range(layout.n_states))


@given(layouts)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_json_keeps_a_layout_whole(layout: ChainLayout) -> None:
    """A document survives json's own text and comes back equal."""
    assert ChainLayout.from_json(json.loads(json.dumps(layout.to_json()))) == layout


def test_the_document_is_the_one_of_the_format() -> None:
    """Two branches are written as near and far, more as branches, fractions as text."""
    two = ChainLayout.choice(stay=["0.5"], move=[0, 4])
    three = ChainLayout.choice(a=[1], b=[2], c=[3], ending="repeat")
    assert two.to_json() == {
        "schema": "qdecay.layout/1",
        "near": ["stay", ["1/2"]],
        "far": ["move", [0, 4]],
        "ending": "terminate",
    }
    assert three.to_json() == {
        "schema": "qdecay.layout/1",
        "branches": [["a", [1]], ["b", [2]], ["c", [3]]],
        "ending": "repeat",
    }


def test_a_file_keeps_a_layout_and_reads_decimals_as_written(tmp_path: Path) -> None:
    """0.7 in a file is 7/10, 1e-3 is 1/1000, and a saved layout loads equal."""
    path = tmp_path / "layout.json"
    path.write_text(
        '\ufeff{"schema": "qdecay.layout/1", "near": ["a", [0.7, 1e-3]], '
        '"far": ["b", ["1/3", -2]]}',
        encoding="utf-8",
    )
    layout = ChainLayout.load(path)
    assert layout.near == (Fraction(7, 10), Fraction(1, 1000))
    assert layout.far == (Fraction(1, 3), Fraction(-2))
    layout.save(path)
    assert ChainLayout.load(str(path)) == layout
    assert [entry.name for entry in tmp_path.iterdir()] == ["layout.json"]


BAD_LAYOUTS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: ChainLayout.choice(stay=[1]), ValueError, "at least 2 branches, got 1"),
    (lambda: ChainLayout.choice(), ValueError, "at least 2 branches, got 0"),
    (lambda: ChainLayout.choice(stay=[1], move=[]), ValueError, "branch 'move' has no reward"),
    (lambda: ChainLayout.choice(a=[1], move=[0, 0, 0.5]), TypeError, "reward 2 of branch 'move'"),  # type: ignore[list-item]
    (lambda: ChainLayout.choice(a=[1], b=[float("nan")]), TypeError, "float nan"),  # type: ignore[list-item]
    (lambda: ChainLayout.choice(a=[1], b=["inf"]), ValueError, "got 'inf'"),
    (lambda: ChainLayout.choice(a=[1], b=["1/0"]), ValueError, "zero denominator"),
    (lambda: ChainLayout.choice(a=[1], b=[True]), TypeError, "got True"),
    (lambda: ChainLayout.choice(a=[1], b=[None]), TypeError, "got None"),  # type: ignore[list-item]
    (lambda: ChainLayout.choice(a=[1], b="12"), TypeError, "must be a list of rewards, got '12'"),
    (lambda: ChainLayout.choice(a=[1], b=3), TypeError, "must be a list of rewards, got 3"),  # type: ignore[arg-type]
    (lambda: ChainLayout.choice(a=[1], b=count()), ValueError, "exceeds 100,000 rewards"),
    (lambda: ChainLayout.choice(a=[0] * 50_001, b=[0] * 50_000), ValueError, "branch 'b' exceeds"),
    (lambda: ChainLayout.choice(a=[1], b=[2], ending="stop"), ValueError, "got 'stop'"),  # type: ignore[arg-type]
    (lambda: ChainLayout((("a", (HALF,)), ("a", (HALF,)))), ValueError, "are named 'a'"),
    (lambda: ChainLayout((("a", (HALF,)), ("", (HALF,)))), ValueError, "name of branch 1"),
    (lambda: ChainLayout((("a\n", (HALF,)), ("b", (HALF,)))), ValueError, "not printable"),
    (lambda: ChainLayout(((1, (HALF,)), ("b", (HALF,)))), TypeError, "must be text, got 1"),  # type: ignore[arg-type]
    (lambda: ChainLayout(("ab", "cd")), ValueError, "branch 0 must be"),  # type: ignore[arg-type]
    (lambda: ChainLayout(7), TypeError, "must be (name, rewards) pairs, got 7"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "kind", "words"), BAD_LAYOUTS)
def test_a_bad_layout_is_refused_in_one_line(
    make: Callable[[], object], kind: type[Exception], words: str
) -> None:
    """The error names the branch or step and the value, on one line."""
    with pytest.raises(kind, match=re.escape(words)) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 1


BAD_DOCUMENTS: list[tuple[Any, str]] = [
    ([1], "must be a table of keys and values, got [1]"),
    (None, "must be a table of keys and values, got None"),
    ({}, 'not a layout: "schema" must be "qdecay.layout/1"'),
    ({**PLAIN, "schema": "qdecay.layout/2"}, '"schema" must be "qdecay.layout/1"'),
    ({**PLAIN, "gamma": 1}, "gamma: unknown key; known: schema, ending, near, far"),
    ({**PLAIN, 3: 1}, "3: unknown key"),
    ({**PLAIN, "branches": []}, "near: unknown key; known: schema, ending, branches"),
    ({"schema": SCHEMA, "near": ["a", [1]]}, '"far" is missing'),
    ({"schema": SCHEMA, "branches": {"a": [1]}}, 'must be ["name", [rewards]]'),
    ({"schema": SCHEMA, "branches": [["a", [1]], 5]}, "branch 1 must be"),
    ({"schema": SCHEMA, "branches": [["a", [1]]]}, "at least 2 branches, got 1"),
    ({**PLAIN, "near": [1]}, 'branch 0 must be ["name", [rewards]], got [1]'),
    ({**PLAIN, "far": ["move", 4]}, "branch 'move' must be a list of rewards, got 4"),
    ({**PLAIN, "far": ["move", [0, 0.5]]}, "reward 1 of branch 'move' must be exact"),
    ({**PLAIN, "far": ["move", [0, None]]}, "reward 1 of branch 'move'"),
    ({**PLAIN, "far": ["move", {"0": 1}]}, "branch 'move' must be a list of rewards"),
    ({**PLAIN, "far": [4, [1]]}, "name of branch 1 must be text, got 4"),
    ({**PLAIN, "far": ["stay", [1]]}, "two branches are named 'stay'"),
    ({**PLAIN, "ending": None}, "ending must be one of"),
    ({**PLAIN, "ending": ["repeat"]}, "ending must be one of"),
]


@pytest.mark.parametrize(("document", "words"), BAD_DOCUMENTS)
def test_a_bad_document_is_a_value_error_that_names_the_place(document: Any, words: str) -> None:
    """Whatever is wrong with a document, it is a ValueError of one line."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        ChainLayout.from_json(document)
    assert len(str(caught.value).splitlines()) == 1


BAD_FILES: list[tuple[bytes, str]] = [
    (b"", "not JSON at line 1, column 1"),
    (b"{", "not JSON at line 1"),
    (b'{"schema": "qdecay.layout/1",}', "not JSON at line 1"),
    (b"[1] x", "not JSON at line 1, column 5"),
    (b"[NaN]", "NaN is not a JSON number"),
    (b"[-Infinity]", "-Infinity is not a JSON number"),
    (b'{"a": 1, "a": 1}', "the key 'a' appears twice"),
    (b"[" * 200_000, "nested too deeply"),
    (b"9" * 5_000, "more than 4,000 digits"),
    (b"1e99999", "more than 4000 digits"),
    (b"\xff\xfe{", "not UTF-8 at byte 0: save it as UTF-8"),
    (b"PK\x00\xff", "not UTF-8 at byte 3: it is not text"),
    (b"[0.5]", "must be a table"),
    (b'{"schema": "qdecay.mdp/1"}', "not a layout"),
]


@pytest.mark.parametrize(("content", "words"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_bad_file_is_a_value_error_that_names_it(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """Whatever a file holds, the error is one line that starts with its path."""
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        ChainLayout.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_cannot_be_read_is_a_value_error(tmp_path: Path) -> None:
    """A missing file, a folder, an impossible name and a file over the limit are named."""
    for path in (tmp_path / "none.json", tmp_path, "a\0b"):
        with pytest.raises(ValueError, match="cannot be read|is a folder; name a file"):
            ChainLayout.load(path)
    large = tmp_path / "large.json"
    large.write_text(" " * 100 + "1")
    assert read_json(large, max_bytes=101) == 1
    with pytest.raises(ValueError, match="larger than 100 bytes"):
        read_json(large, max_bytes=100)


def test_sixteen_mebibytes_are_the_limit_of_a_layout(tmp_path: Path) -> None:
    """A file one byte over 16 MiB is refused unparsed; the file is sparse, so this is quick."""
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(16 * 2**20 + 1)
    with pytest.raises(ValueError, match="larger than 16,777,216 bytes"):
        ChainLayout.load(path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A value that JSON cannot hold, or a failing rename, changes and leaves nothing."""
    path = tmp_path / "kept.json"
    write_json(path, {"a": 1})
    for value in ({"a": float("nan")}, {"a": HALF}, "x" * 2**24):
        with pytest.raises((TypeError, ValueError)):
            write_json(path, value)
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ValueError, match=r"folder\.json: cannot be written: is a folder"):
        write_json(tmp_path / "folder.json", 1)
    assert read_json(path) == {"a": 1}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder.json", "kept.json"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=15,
    )
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    """`read_json` inverts `write_json`, and json itself reads the same file alike."""
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    text = path.read_text(encoding="utf-8")
    assert read_json(path) == json.loads(text) == value
    assert text.endswith("\n")
