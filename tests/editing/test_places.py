"""Every fault of a document is told with its place: each field of each kind is broken once."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from editors import CHAIN, GRID, MODEL

from qdecay.editing.documents import presets, read_problem
from qdecay.editing.refusals import Refused

THREE = {
    "schema": "qdecay.layout/1",
    "branches": [["a", [1]], ["b", [0, 2]], ['it\'s "c"', [0, 0, 4]]],
    "ending": "repeat",
}
CLIFF = {
    "schema": "qdecay.grid/1",
    "map": ["     ", "SC+10GJ", "    x"],
    "legend": {
        "C": {"reward": -100, "to": "S"},
        "G": {"end": True},
        "J": {"to": "x", "duration": 2},
        "x": {},
    },
    "living_reward": -1,
    "noise": "1/5",
    "bump_reward": -2,
    "wind": [0, 0, 1, 0, 0],
    "acts_on": "leaving",
}
NAMED = {**MODEL, "state_names": ["left", "right"], "action_names": ["share", "leave"]}

FAULTS: list[tuple[dict[str, Any], list[Any], Any, str | None]] = [
    # document, path of what is changed, new value, place
    (CHAIN, ["schema"], "qdecay.layout/2", "schema"),
    (CHAIN, ["near"], None, "branches[0]"),
    (CHAIN, ["near"], ..., "branches[0]"),
    (CHAIN, ["far"], ..., "branches[1]"),
    (CHAIN, ["far"], ["move"], "branches[1]"),
    (CHAIN, ["far", 0], 1, "branches[1].name"),
    (CHAIN, ["far", 0], " ", "branches[1].name"),
    (CHAIN, ["far", 0], "a\nb", "branches[1].name"),
    (CHAIN, ["far", 0], "stay", "branches[1].name"),
    (CHAIN, ["far", 1], [], "branches[1].rewards"),
    (CHAIN, ["far", 1], "0, 0, 4", "branches[1].rewards"),
    (CHAIN, ["near", 1], {}, "branches[0].rewards"),
    (CHAIN, ["far", 1, 2], "4.", None),
    (CHAIN, ["far", 1, 2], "4.4.4", "branches[1].rewards[2]"),
    (CHAIN, ["far", 1, 2], "", "branches[1].rewards[2]"),
    (CHAIN, ["far", 1, 2], "1/0", "branches[1].rewards[2]"),
    (CHAIN, ["far", 1, 2], "9" * 5000, "branches[1].rewards[2]"),
    (CHAIN, ["near", 1, 0], True, "branches[0].rewards[0]"),
    (CHAIN, ["ending"], "never", "ending"),
    (CHAIN, ["gamma"], "1/2", "gamma"),
    (CHAIN, ["two words"], 1, "two words"),
    (THREE, ["branches"], [["a", [1]]], "branches"),
    (THREE, ["branches"], 3, "branches"),
    (THREE, ["branches", 2], 3, "branches[2]"),
    (THREE, ["branches", 2, 0], "b", "branches[2].name"),
    (THREE, ["branches", 2, 1, 1], "x", "branches[2].rewards[1]"),
    (THREE, ["branches", 2, 1], [0] * 100_001, "branches[2].rewards"),
    (THREE, ["branches", 2, 0], "long" * 100, None),
    (GRID, ["map"], ..., "map"),
    (GRID, ["map"], "S", "map"),
    (GRID, ["map"], [], "map"),
    (GRID, ["map", 1], 3, "map[1]"),
    (GRID, ["map", 1], "", "map[1]"),
    (GRID, ["map", 2], "S  ", "map[2]"),
    (GRID, ["map", 2], "    ", "map"),
    (GRID, ["map", 1], " #S ", "map[2][0]"),
    (GRID, ["map", 1], " # +1x", "map[1]"),
    (GRID, ["map", 1], " #x ", "map[1][2]"),
    (GRID, ["map", 0], " +1/0  ", "map[0][1]"),
    (GRID, ["map", 0], "+10+2- ", "map[0][2]"),
    (GRID, ["gamma"], "0.9", "gamma"),
    (GRID, ["size"], 3, "size"),
    (CLIFF, ["legend"], [], "legend"),
    (CLIFF, ["legend", "two"], {}, "legend"),
    (CLIFF, ["legend", "S"], {}, "legend.S"),
    (CLIFF, ["legend", "7"], {}, "legend.7"),
    (CLIFF, ["legend", "y"], {}, "legend.y"),
    (CLIFF, ["legend", "C"], 3, "legend.C"),
    (CLIFF, ["legend", "C", "reward"], "a lot", "legend.C.reward"),
    (CLIFF, ["legend", "C", "colour"], "red", "legend.C"),
    (CLIFF, ["legend", "C", "to"], "C", None),
    (CLIFF, ["legend", "C", "to"], "z", "legend.C.to"),
    (CLIFF, ["legend", "C", "to"], 3, "legend.C.to"),
    (CLIFF, ["legend", "C", "end"], True, "legend.C"),
    (CLIFF, ["legend", "G", "end"], 1, "legend.G.end"),
    (CLIFF, ["legend", "G", "duration"], 3, "legend.G.duration"),
    (CLIFF, ["legend", "J", "duration"], 0, "legend.J.duration"),
    (CLIFF, ["legend", "J", "duration"], "2", "legend.J.duration"),
    (CLIFF, ["living_reward"], "-", "living_reward"),
    (CLIFF, ["noise"], "3/2", "noise"),
    (CLIFF, ["noise"], "much", "noise"),
    (CLIFF, ["bump_reward"], "x", "bump_reward"),
    (CLIFF, ["wind"], [0], "wind"),
    (CLIFF, ["wind"], 1, "wind"),
    (CLIFF, ["wind", 3], "1/2", "wind[3]"),
    (CLIFF, ["acts_on"], "both", "acts_on"),
    (NAMED, ["n_states"], ..., "n_states"),
    (NAMED, ["n_states"], 0, "n_states"),
    (NAMED, ["n_states"], "2", "n_states"),
    (NAMED, ["n_states"], 10**9, "n_states"),
    (NAMED, ["n_actions"], 1.5, "n_actions"),
    (NAMED, ["start"], 2, "start"),
    (NAMED, ["start"], "left", "start"),
    (NAMED, ["state_names"], ["left"], "state_names"),
    (NAMED, ["state_names"], "ab", "state_names"),
    (NAMED, ["state_names", 1], "left", "state_names[1]"),
    (NAMED, ["action_names", 1], " ", "action_names[1]"),
    (NAMED, ["transitions"], ..., "transitions"),
    (NAMED, ["transitions"], {}, "transitions"),
    (NAMED, ["transitions", 1], [0], "transitions[1]"),
    (NAMED, ["transitions", 1], "row", "transitions[1]"),
    (NAMED, ["transitions", 1, 0], 2, "transitions[1].state"),
    (NAMED, ["transitions", 1, 0], "0", "transitions[1].state"),
    (NAMED, ["transitions", 1, 1], -1, "transitions[1].action"),
    (NAMED, ["transitions", 1, 2], 7, "transitions[1].next_state"),
    (NAMED, ["transitions", 1, 3], "half", "transitions[1].probability"),
    (NAMED, ["transitions", 1, 3], "3/2", "transitions[1].probability"),
    (NAMED, ["transitions", 1, 3], "1/2", "transitions[1].probability"),  # its row's sum
    (NAMED, ["transitions", 1, 4], "", "transitions[1].reward"),
    (NAMED, ["transitions", 1, 5], 0, "transitions[1].terminated"),
    (NAMED, ["transitions", 1], [0, 1, 1, 1, 0, False, 0], "transitions[1].duration"),
    (NAMED, ["visits"], 3, "visits"),
    (NAMED, ["visits"], [[1, 1, 1]], "visits"),
    (NAMED, ["visits"], [[0, 0, 1], [0, 0, 1]], "visits"),
    (NAMED, ["discount"], "0.9", "discount"),
]


@pytest.mark.parametrize(("document", "path", "value", "place"), FAULTS)
def test_a_fault_is_told_with_its_place(document, path, value, place) -> None:
    """The place is that of the field that was broken; a field that is fine is not refused."""
    broken: Any = copy.deepcopy(document)
    read_problem(broken)
    *ahead, last = path
    holder = broken
    for key in ahead:
        holder = holder[key]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    if place is None:
        read_problem(broken)
        return
    with pytest.raises(Refused) as refused:
        read_problem(broken)
    assert refused.value.where == place
    assert (refused.value.status, "the model: " in refused.value.message) == (422, False)


def test_a_mistake_is_told_before_what_is_missing() -> None:
    """Who has not typed the first choice yet is told of a mistake in the second."""
    with pytest.raises(Refused, match="reward 1 of branch 'move' must be a number") as refused:
        read_problem({**CHAIN, "near": ["stay", []], "far": ["move", [0, "4.4.4"]]})
    assert refused.value.where == "branches[1].rewards[1]"


@pytest.mark.parametrize("document", [None, [], "text", 3, {}, {"schema": ["qdecay.grid/1"]}])
def test_what_is_no_document_is_refused(document: Any) -> None:
    """Whatever JSON holds."""
    with pytest.raises(Refused, match='"schema" must be one of "qdecay.layout/1"') as refused:
        read_problem(document)
    assert refused.value.where == "schema"


def test_every_preset_is_read() -> None:
    """Each under its own id and a title in words, of all kinds."""
    assert len({preset["title"] for preset in presets()}) == len(presets())
    assert not any(re.search("[a-z][A-Z]|[A-Z]{2}", preset["title"]) for preset in presets())
    assert len({preset["id"] for preset in presets()}) == len(presets())
    assert {preset["kind"] for preset in presets()} == {"chain", "grid", "model"}
    for preset in presets():
        read_problem(preset["document"])
