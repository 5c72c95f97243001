"""Results are compared by content, shown in three lines, and written as strictly valid JSON."""

import copy
import json
import math
import pickle
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import sparse

from qdecay._support import extras
from qdecay._support.result import Result, frame, plain, same
from qdecay.errors import InputError


@dataclass(frozen=True, eq=False, repr=False)
class Found(Result):
    SCHEMA: ClassVar[str] = "test/1"

    content: Any
    more: tuple[Any, ...] = ()

    @cached_property
    def slow(self) -> object:
        return lambda: None  # cannot be pickled


EQUAL = [
    (np.array([1.0, math.nan]), np.array([1.0, math.nan])),
    (np.array(["a", "b"]), np.array(["a", "b"])),
    (sparse.eye(3, format="csr"), sparse.eye(3, format="csc")[:].tocsr()),
    (math.nan, float("nan")),
    ({"a": [np.zeros(2)]}, {"a": [np.zeros(2)]}),
    (Found((math.nan,)), Found((float("nan"),))),
    (1, 1.0),
]
DIFFERENT = [
    (np.array([1.0, math.nan]), np.array([1.0, 2.0])),
    (np.zeros(2), np.zeros(3)),
    (np.zeros(2), np.zeros(2, dtype=np.int64)),
    (np.zeros(2), 0.0),
    (sparse.eye(3, format="csr"), 2 * sparse.eye(3, format="csr")),
    (math.nan, 1.0),
    ({"a": 1}, {"b": 1}),
    ((1, 2), [1, 2]),
    ((1, 2), (1, 2, 3)),
    (Found(1), Found(2)),
    (None, np.zeros(2)),
]


@pytest.mark.parametrize(("one", "two"), EQUAL)
def test_equal_content_is_equal(one: Any, two: Any) -> None:
    assert same(one, two) and same(two, one)
    assert Found(one) == Found(two)


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_other_content_is_not(one: Any, two: Any) -> None:
    assert not same(one, two) and not same(two, one)
    assert Found(one) != Found(two)


def test_a_result_equals_no_other_thing() -> None:
    """Not a tuple of its fields, and no result of another class with the same ones."""

    @dataclass(frozen=True, eq=False, repr=False)
    class Other(Result):
        content: Any
        more: tuple[Any, ...] = ()

    assert Found(1) != (1, ()) and Found(1) != Other(1)


def test_the_hash_follows_the_content() -> None:
    """One that holds an array has none, as an array has none."""
    assert hash(Found(1, ("a",))) == hash(Found(1, ("a",))) != hash(Found(2, ("a",)))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Found(np.zeros(2)))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_cached_stays_at_home(protocol: int) -> None:
    found = Found(np.zeros(2))
    assert found.slow is found.slow
    for again in (pickle.loads(pickle.dumps(found, protocol)), copy.deepcopy(found)):
        assert again == found and set(vars(again)) == {"content", "more"}


def test_a_repr_has_three_lines_at_most() -> None:
    text = repr(Found("x" * 10_000, tuple("y" * 10_000)))
    assert len(text) <= 240 and "\n" not in text


def test_numbers_in_json() -> None:
    """Exact ones are text, what is no number is null, an infinity is text; a result is nested."""
    exact = Fraction(1, 3)
    found = Found({1: Found(exact)}, (math.inf, np.array([-np.inf, np.nan]), np.int64(3)))
    document = found.to_json()
    assert plain(frozenset((2, 1))) == [1, 2]
    assert json.loads(json.dumps(document, allow_nan=False)) == {
        "schema": "test/1",
        "content": {"1": {"content": "1/3", "more": []}},
        "more": ["inf", ["-inf", None], 3],
    }


def test_a_table_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    with pytest.raises(InputError, match=r'tables need pandas: pip install "qdecay\[frames\]"'):
        frame({"a": [1]})
