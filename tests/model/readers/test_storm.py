"""Storm's explicit text: what tells it from PRISM's, its rewards by content, and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_files import TWO_DICE, Model, Rewards, storm_files, write_texts

from qdecay import MDP, FloatMDP, InputError

TRA = "mdp\n0 0 0 0.5\n0 0 1 0.5 \n0 1 1 1\n1 0 1 1\n"
STATES, CHOICES, MOVES = "0 1\n1 2\n", "0 0 10\n0 1 20\n", "0 0 1 100\n0 1 1 200\n"
LAB = "#DECLARATION\ninit done\n#END\n0 done\n1 done init\n"


def rewards_of(path: Path, reward: str | None = None) -> list[int]:
    """The rewards of the four transitions, in order."""
    return [int(r) for r in MDP.load(path, reward=reward).exact_reward]


def test_rewards_are_told_by_their_lines(tmp_path: Path) -> None:
    """Of states, choices and transitions: by the name of the file, or by the words on a line."""
    expected = {STATES: [1, 1, 1, 2], CHOICES: [10, 10, 20, 0], MOVES: [0, 100, 200, 0]}
    ends = {STATES: "state", CHOICES: "choice", MOVES: "trans"}
    for number, (text, paid) in enumerate(expected.items()):
        for end in (".rew", f".{ends[text]}.rew"):
            path = write_texts(
                {".tra": TRA, ".lab": LAB, end: text}, tmp_path, f"m{number}{end[1]}"
            )
            assert rewards_of(path) == paid
    together = {f".{ends[text]}.rew": text for text in expected}
    path = write_texts({".tra": TRA, **together}, tmp_path, "all")
    assert rewards_of(path) == [11, 111, 221, 2]


def test_structures_have_the_names_of_their_files(tmp_path: Path) -> None:
    """The middle of the name, as in Storm's own examples."""
    files = {".tra": TRA, ".flip.state.rew": STATES, ".flip.trans.rew": MOVES, ".b.rew": CHOICES}
    path = write_texts(files, tmp_path)
    assert rewards_of(path, "flip") == rewards_of(path, "2") == [1, 101, 201, 2]
    assert rewards_of(path, "b") == [10, 10, 20, 0]
    with pytest.raises(InputError, match="the file has 1 'b', 2 'flip': name one"):
        MDP.load(path)


def test_endings_of_prism_are_read_without_sizes(tmp_path: Path) -> None:
    """Whose .tra has no sizes has none in its rewards."""
    path = write_texts({".tra": TRA, ".srew": STATES, ".trew": MOVES}, tmp_path)
    assert rewards_of(path) == [1, 101, 201, 2]


def test_the_start_is_labelled(tmp_path: Path) -> None:
    """Labels of either program are known by their lines; without any it is 0."""
    for lab, start in ((LAB, 1), ('0="init"\n1: 0\n', 1), (None, 0), (f"{LAB}0 init\n", None)):
        files = {".tra": TRA, ".rew": STATES, **({} if lab is None else {".lab": lab})}
        folder = tmp_path / str(hash(lab))
        folder.mkdir()
        assert MDP.load(write_texts(files, folder)).start == start


def test_a_state_without_lines_rests(tmp_path: Path) -> None:
    """As Storm, which gives it a step to itself: it earns its reward for ever."""
    path = write_texts({".tra": "mdp\n0 0 2 1\n2 0 3 1\n", ".rew": "1 5\n3 7\n"}, tmp_path)
    assert {(1, 0, 1, 1, 5, False), (3, 0, 3, 1, 7, False)} < set(MDP.load(path).rows())


def test_lines_may_be_spaced_and_ordered_in_any_way(tmp_path: Path) -> None:
    """Two spaces, tabs, line ends of Windows, empty lines, comments of as many words as others;
    from the last state to the first."""
    lines, moves = TRA.split("\n")[1:-1], MOVES.split("\n")[:-1]
    backwards = "\n".join(["mdp", *reversed(lines), ""])
    even = TRA.replace(" \n", "\n").replace(" ", "  ")
    texts = [even, TRA.replace(" ", "\t"), TRA.replace("\n", "\r\n")]
    texts += [TRA.replace("\n", "\n\n"), even.replace("\n", "\n# a b c\n"), "\ufeff" + TRA]
    for number, text in enumerate([*texts, backwards]):
        rewards = "\n".join(reversed(moves)) if text == backwards else MOVES
        path = write_texts({".tra": text, ".rew": rewards}, tmp_path, f"m{number}")
        for kind in (MDP, FloatMDP):
            expected = write_texts({".tra": TRA, ".rew": MOVES}, tmp_path, "plain")
            assert kind.load(path) == kind.load(expected)


def test_a_chain_names_no_choices(tmp_path: Path) -> None:
    """Its rewards of transitions have three words."""
    chain = Model(
        ((("", {0: "1/3", 1: "2/3"}),), (("", {1: 1}),)),
        {"r": Rewards({1: 3}, {(0, 0): 2})},
        start=1,
        is_chain=True,
    )
    assert MDP.load(write_texts(storm_files(chain), tmp_path)) == chain.by_hand("r")


BAD: list[tuple[dict[str, str], str]] = [
    ({".tra": "mdp\n"}, "m.tra:1: no transitions follow"),
    ({".tra": "mdp\n0 1 1\n"}, "m.tra:2: 4 words are needed, got 3"),
    ({".tra": "mdp\n0 0 0 1 a b\n1 0 1\n1 0 1\n"}, "m.tra:2: 4 words are needed, got 6"),
    ({".tra": "mdp\n" + "0  0 1\n" * 4}, "m.tra:2: 4 words are needed, got 3"),
    ({".tra": "dtmc\n0 0 0 1 a\n"}, "m.tra:2: 3 words are needed, got 5"),
    ({".tra": "mdp\n\n0 0 x 1\n"}, "m.tra:3: word 3 must be a whole number, got 'x'"),
    ({".tra": "mdp\n0 0 1 1\n0 0 1 1\n1 0 0 1\n"}, "state 0, action 0: probabilities sum to 2"),
    ({".tra": "mdp\n0 0 0 1/0\n"}, "m.tra:2: word 4 has a zero denominator"),
    ({".rew": "0 1\n0 2\n"}, "m.rew:2: the reward of state 0 is given twice"),
    ({".rew": "2 1\n"}, "m.rew:1: word 1 must be a whole number below 2, got '2'"),
    ({".rew": "0 0 1\n0 0 1\n"}, "m.rew:2: choice 0 of state 0 is given twice"),
    ({".rew": "1 1 1\n"}, "m.rew:1: choice 1 of state 1 has no transition"),
    ({".rew": "1 0 0 1\n"}, "m.rew:1: choice 0 of state 1 to 0 has no transition"),
    ({".rew": "1 0 2 1\n"}, "m.rew:1: word 3 must be a whole number below 2, got '2'"),
    ({".rew": "0 0 0 0 1\n"}, "m.rew:1: 4 words are needed, got 5"),
    ({".rew": "0 1\n1\n"}, "m.rew:2: 2 words are needed, got 1"),
    ({".lab": "#DECLARATION\ninit\n0 init\n"}, "m.lab: the line #END is missing"),
    ({".lab": "#DECLARATION\ninit\n#END\n0 init x\n"}, "m.lab:4: the label 'x' is not declared"),
    ({".lab": "#DECLARATION\ninit\n#END\n2 init\n"}, "m.lab:4: word 1 must be a whole number"),
    ({".lab": "#DECLARATION\ninit\n#END\n"}, "m.lab: no state is labelled init"),
]


@pytest.mark.parametrize("kind", [MDP, FloatMDP])
@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_malformed_file_is_named(
    tmp_path: Path, kind, changes: dict[str, str], message: str
) -> None:
    """File, line and what is wrong, exactly and in floats."""
    path = write_texts({".tra": TRA, ".rew": STATES, ".lab": LAB, **changes}, tmp_path)
    with pytest.raises(InputError, match=".") as error:
        kind.load(path)
    if kind is MDP or "probabilities sum" not in message:
        assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_damaged_line_is_found_among_many(tmp_path: Path) -> None:
    """Lines are read many at once, and named one by one."""
    files = storm_files(TWO_DICE)
    lines = files[".tra"].split("\n")
    lines[301] = lines[301].replace("1/2", "1/two")
    path = write_texts({**files, ".tra": "\n".join(lines)}, tmp_path)
    for kind in (MDP, FloatMDP):
        with pytest.raises(InputError, match=r"m\.tra:302: word 4 must be a number, got '1/two'"):
            kind.load(path, reward="flips")
