"""Storm's direct encoding: what its lines may have, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdecay import MDP, FloatMDP, InputError

HEAD = """// Exported by storm
// Original model type: MDP
@type: MDP
@value_type: double
@parameters

@reward_models
coins steps
@nr_states
2
@nr_choices
3
@model
"""
BODY = """state 0 [0, 1] init
//[x=0]
\taction share [5, 0]
\t\t0 : 0.5
\t\t1 : 0.5
\taction leave [10, 0]
\t\t1 : 1
state 1 [0, 1] "no init" goal
\taction __NOLABEL__ [-1, 0]
\t\t1 : 1
"""


def drn(folder: Path, text: str = HEAD + BODY, *changes: tuple[str, str]) -> Path:
    """Write a file, with some texts in place of others."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "m.drn"
    path.write_text(text)
    return path


def coins(path: Path, reward: str | None = "coins") -> list[tuple[int, ...]]:
    """State, action, next state and reward of each transition."""
    return [(s, a, t, int(r)) for s, a, t, _, r, _ in MDP.load(path, reward=reward).rows()]


EXPECTED = [(0, 0, 0, 5), (0, 0, 1, 5), (0, 1, 1, 10), (1, 0, 1, -1)]


def test_each_part_of_a_line_is_read(tmp_path: Path) -> None:
    """Rewards of states and actions by structure, labels, comments; one action has no name."""
    path = drn(tmp_path)
    assert coins(path) == EXPECTED
    assert coins(path, "steps") == [(s, a, t, 1) for s, a, t, _ in EXPECTED]
    mdp = MDP.load(path, reward="1")
    assert (mdp.start, mdp.action_names) == (0, None)
    assert MDP.load(
        drn(tmp_path, HEAD + BODY, ("__NOLABEL__", "rest")), reward="1"
    ).action_names == (
        "share",
        "leave",
        "rest",
    )
    with pytest.raises(InputError, match="has 1 'coins', 2 'steps': name one with --reward"):
        MDP.load(path)


VARIANTS = [
    (("@nr_choices\n3\n", ""),),
    (("\t", ""),),
    (("\t", "    "), (" : ", ":")),
    (("[5, 0]", "[$a, 0]"), ("@reward", "@placeholders\n$a : 5\n@reward")),
    (("0.5", "1/2"), ("double", "rational")),
    (("share", "0"), ("leave", "1"), ("__NOLABEL__", "0")),
    (("coins steps", ""), (" [0, 1]", ""), ("[5, 0]", "[5]"), ("[10, 0]", "[10]"), ("-1, 0", "-1")),
    (("state 0 [0, 1]", "state 0"),),
    (('"no init" goal', '"no [0] init" // [1]'),),
    (("// Exported by storm\n", ""), ("@value_type: double\n", "")),
]  # fmt: skip


@pytest.mark.parametrize("changes", VARIANTS)
def test_what_may_differ_makes_no_difference(tmp_path: Path, changes) -> None:
    """Spaces, sizes that older files leave out, placeholders, and names of what has none."""
    path = drn(tmp_path, HEAD + BODY, *changes)
    assert coins(path, "1") == EXPECTED
    assert MDP.load(path, reward="1").action_names is None


def test_two_initial_states_are_no_start(tmp_path: Path) -> None:
    """A label with a space is another one."""
    path = drn(tmp_path, HEAD + BODY, ('"no init"', 'a "init"'))
    assert MDP.load(path, reward="coins").start is None


BAD: list[tuple[tuple[tuple[str, str], ...], str]] = [
    ((("MDP", "CTMC"),), "the model is a Markov chain in continuous time (CTMC); only"),
    ((("MDP", "Markov Automaton"),), "the model is a Markov automaton, in continuous time (MA)"),
    ((("MDP", "POMDP"),), "the model is a partially observable model (POMDP)"),
    ((("MDP", "S2PG"),), "the model is a stochastic game of two players (S2PG)"),
    ((("double", "double-interval"),), "a decision process with intervals of probabilities (IMDP)"),
    ((("double", "parametric"),), "the model is a parametric decision process (PMDP)"),
    ((("@parameters\n", "@parameters\np q"),), "the model is a parametric decision process (PMDP)"),
    ((("@model\n", ""),), ":13: a heading such as @type is needed, got 'state'"),
    ((("@type: MDP\n", ""),), "m.drn: @type: MDP is missing before @model"),
    ((("@nr_states\n2\n", ""),), "m.drn: @nr_states is missing before @model"),
    ((("@nr_states\n2", "@nr_states\n3"),), ":13: 3 states are announced, but 2 follow"),
    ((("@nr_choices\n3", "@nr_choices\n4"),), ":13: 4 choices are announced, but 3 follow"),
    ((("@nr_states\n2", "@nr_states\ntwo"),), ":10: word 1 must be a whole number, got 'two'"),
    ((("state 1 ", "state 2 "),), ":21: state 1 must come next, got 2"),
    ((("0 : 0.5", "0 0.5"),), ':17: a line must be "next state : probability"'),
    ((("0 : 0.5", "0 : p"),), ":17: the probability must be a number, got 'p': parametric"),
    ((("0 : 0.5", "0 : [0, 1]"),), ":17: the probability is an interval, '[0, 1]'"),
    ((("0 : 0.5", "0 : $x"),), ":17: the probability must be a number"),
    ((("0 : 0.5", "7 : 0.5"),), ":17: word 1 must be a whole number below 2, got '7'"),
    ((("0 : 0.5", "x : 0.5"),), ":17: a state, an action or a next state is needed first"),
    ((("0 : 0.5", "0 : 0.4"),), "state 0, action 0: probabilities sum to"),
    ((("[5, 0]", "[5"),), ":16: the bracket ] after the rewards is missing"),
    ((("[0, 1] init", "init [0, 1]"),), ":14: rewards in brackets must come right after the state"),
    ((("[5, 0]", "go [5, 0]"),), ":16: rewards in brackets must come right after"),
    ((("[5, 0]", "[,0]"),), ":16: the reward must be a number"),
    ((("[5, 0]", "[5, 0"),), ":16: the bracket ]"),
    ((("\taction share [5, 0]\n", ""),), ":16: an action is needed first, got '0 : 0.5'"),
    ((("\t\t1 : 1\nstate 1", "state 1"),), "choice 1 of state 0 leads nowhere"),
    ((("@type: MDP", "@type: DTMC"),), ":19: state 0 of a DTMC has a second choice"),
    (((HEAD, ""),), ":1: a heading such as @type is needed, got 'state'"),
]  # fmt: skip


@pytest.mark.parametrize("kind", [MDP, FloatMDP])
@pytest.mark.parametrize(("changes", "message"), BAD)
def test_what_is_wrong_is_named(tmp_path: Path, kind, changes, message: str) -> None:
    """The line and what is wrong with it, exactly and in floats."""
    path = drn(tmp_path, HEAD + BODY, *changes)
    with pytest.raises(InputError, match=".") as error:
        kind.load(path, reward="coins")
    assert str(error.value).startswith(f"{path}:")
    if kind is MDP or "sum to" not in message:
        assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_without_rewards_says_so(tmp_path: Path) -> None:
    """There is nothing to discount."""
    bare = BODY
    for text in (" [0, 1]", " [5, 0]", " [10, 0]", " [-1, 0]"):
        bare = bare.replace(text, "")
    path = drn(tmp_path, HEAD.replace("coins steps", "") + bare)
    with pytest.raises(InputError, match=r"m\.drn: has no rewards"):
        MDP.load(path)
