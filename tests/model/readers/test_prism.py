"""PRISM's explicit files: as its manual and its own exports have them, and every malformed line."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from model_files import ROBOT as FLOOR
from model_files import prism_combined, prism_files, write_texts
from models import assert_same

from qdecay import MDP, InputError
from qdecay.model.source import Source

# A robot in the format of the PRISM manual, with rewards in both kinds of file.
ROBOT = {
    "tra": "3 4 5\n0 0 0 2/5 east\n0 0 1 0.6 east\n0 1 2 1 south\n1 0 2 1 east\n2 0 2 1 stuck\n",
    "srew": '# Reward structure "time"\n# State rewards\n3 1\n1 -1\n',
    "trew": "3 4 2\n0 0 1 3.5\n0 1 2 1e-1\n",
    "lab": '0="init" 1="deadlock" 2="goal"\n1: 0 2\n2: 1\n',
}


def prism(folder: Path, **changes: str | None) -> Path:
    """Write the robot's files with changes, None leaving one out; return the .tra."""
    for suffix, text in {**ROBOT, **changes}.items():
        if text is not None:
            (folder / f"robot.{suffix}").write_text(text)
    return folder / "robot.tra"


def test_prism_files_are_read(tmp_path: Path) -> None:
    """State and transition rewards add up; names become actions; init is the start."""
    mdp = MDP.from_prism(prism(tmp_path))
    assert mdp.action_names == ("east", "south", "stuck")
    assert mdp.start == 1
    rows = [
        (0, 0, 0, "2/5", 0, False),
        (0, 0, 1, "3/5", "7/2", False),
        (0, 1, 2, 1, "1/10", False),
        (1, 0, 2, 1, -1, False),
        (2, 2, 2, 1, 0, False),
    ]
    assert_same(mdp, iter(rows))


VARIABLES = "(x,full)\n0:(0,false)\n1:(1,true)\n2:(2,true)\n"
NAMED = ("x=0 full=false", "x=1 full=true", "x=2 full=true")


@pytest.mark.parametrize(
    "text",
    [
        VARIABLES,
        "\ufeff" + VARIABLES.replace("\n", "\r\n"),
        VARIABLES.replace(":", " : ").replace(",", ", "),
        "# of the robot\n" + VARIABLES.replace("\n0:(0,false)", "") + "\n 0:(0,false)\n",
    ],
)
def test_states_are_named_by_their_variables(tmp_path: Path, text: str) -> None:
    """As the .sta file lists them, in any order and spacing."""
    mdp = MDP.load(prism(tmp_path, sta=text))
    assert mdp.state_names == NAMED
    assert Source(str(tmp_path / "robot.tra")).float_mdp().state_names == NAMED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2:(2,true)\n", ""), "robot.sta: state 2 is missing"),
        (("2:(2", "1:(2"), "robot.sta:4: state 1 appears twice"),
        (("2:(2", "3:(2"), "robot.sta:4: word 1 must be a whole number below 3, got '3'"),
        (("(2,true)", "(2)"), "robot.sta:4: 2 values are needed, got 1"),
        (
            ("(2,true)", "(2,)"),
            "robot.sta:4: values must be written as \\(0,true\\), got '\\(2,\\)'",
        ),
        (("2:(2", "2(2"), "robot.sta:4: a line must be state:\\(values\\)"),
        ((VARIABLES, ""), "robot.sta: no variables: the first line must be \\(x,y\\)"),
        (("2,true", "1,true"), "state_names must be distinct: 1 and 2 are both 'x=1 full=true'"),
    ],
)
def test_a_malformed_file_of_states_is_named(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(InputError, match=f"{message}$"):
        MDP.load(prism(tmp_path, sta=VARIABLES.replace(*change)))


def test_endings_may_be_in_capital_letters(tmp_path: Path) -> None:
    """As some systems write them: labels say that 1 is the start, and rewards are found."""
    expected = MDP.load(prism(tmp_path))
    for file in list(tmp_path.iterdir()):
        file.rename(file.with_suffix(file.suffix.upper()))
    assert MDP.load(tmp_path / "robot.TRA") == expected


def test_the_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the files of rewards, labels and states together: it may hold many files."""
    listed = []
    listing = Path.iterdir

    def iterdir(folder: Path) -> Iterator[Path]:
        listed.append(folder)
        return listing(folder)

    path = prism(tmp_path)
    monkeypatch.setattr(Path, "iterdir", iterdir)
    MDP.load(path)
    assert listed == [tmp_path]


def test_prism_files_are_a_source(tmp_path: Path) -> None:
    """Commands take the .tra; the other files are found beside it."""
    path = prism(tmp_path)
    assert Source(str(path)).mdp() == MDP.from_prism(path)
    assert MDP.load(path) == MDP.from_prism(path)


def test_of_several_structures_one_is_named(tmp_path: Path) -> None:
    """By its name or its number; numbered files belong to a .tra without others."""
    path = write_texts(prism_files(FLOOR), tmp_path)
    assert {p.name for p in tmp_path.glob("*rew")} == {f"m{n}.{t}rew" for n in "123" for t in "st"}
    for number, name in enumerate(FLOOR.rewards, 1):
        expected = FLOOR.by_hand(name)
        assert MDP.load(path, reward=name) == MDP.load(path, reward=str(number)) == expected
        assert MDP.from_prism(path, reward=number) == expected
        found = {end: tmp_path / f"m{number}.{end}" for end in ("srew", "trew")}
        given = {"state_rewards": found["srew"], "transition_rewards": found["trew"]}
        assert MDP.from_prism(path, **given) == expected
    listed = "1 'time', 2 'energy', 3 'moves'"
    with pytest.raises(InputError, match=f"one reward structure is needed, .* has {listed}: name"):
        MDP.load(path)
    for wrong in ("4", "0", "Time", ""):
        with pytest.raises(InputError, match=f"there are no rewards '{wrong}'; the file has 1 "):
            MDP.load(path, reward=wrong)
    (tmp_path / "m.srew").write_text("6 0\n")
    assert set(MDP.load(path).exact_reward) == {0}


def test_structures_without_names_have_numbers(tmp_path: Path) -> None:
    """The files' numbers tell which is which, whatever their order in the folder."""
    rewards = {f"{n}.srew": f"1 1\n0 {n}\n" for n in (1, 2, 10)}
    path = write_texts({".tra": "1 1 1\n0 0 0 1\n", **rewards}, tmp_path)
    assert MDP.load(path, reward="3").exact_reward == (10,)
    with pytest.raises(InputError, match="the file has 1, 2, 3: name one"):
        MDP.load(path)


def test_a_chain_has_one_action(tmp_path: Path) -> None:
    """Its lines name no choice, and its sizes no number of choices; actions do not matter."""
    files = {
        ".tra": "# Transitions (DTMC)\n2 3\n0 0 0.5 a\n0 1 0.5 b\n1 1 1\n",
        ".trew": "2 1\n0 1 3\n",
    }
    mdp = MDP.load(write_texts(files, tmp_path))
    rows = [(0, 0, 0, "1/2", 0, False), (0, 0, 1, "1/2", 3, False), (1, 0, 1, 1, 0, False)]
    assert_same(mdp, iter(rows))
    assert (mdp.n_actions, mdp.action_names) == (1, None)


def test_other_labels_may_be_named(tmp_path: Path) -> None:
    """Rather than those of the file itself, or next to it."""
    other = tmp_path / "other.lab"
    other.write_text('0="init"\n3: 0\n')
    for files in (prism_files(FLOOR), prism_combined(FLOOR)):
        path = write_texts(files, tmp_path)
        assert MDP.from_prism(path, reward=1).start == 0
        assert MDP.from_prism(path, reward=1, labels=other).start == 3


OTHER_KINDS = [
    ("# Transitions (CTMC)\n1 1\n0 0 1\n", "m.tra:1: the model is a Markov chain in continuous"),
    ("# Transitions (SMG)\n1 1 1\n0 0 0 1\n", "m.tra:1: the model is a stochastic game (SMG)"),
    ("# Transitions (POMDP)\n1 1 1 1\n", "m.tra:1: the model is a partially observable model"),
    ("1 1 1 1\n- - 0 - 0\n0 0 0 1 0\n", "m.tra:1: the model is a partially observable model"),
    ("# Transitions (IMDP)\n1 1 1\n0 0 0 [1,1]\n", "m.tra:1: the model is a decision process with"),
    ("1 1 1\n0 0 0 [0.5,1]\n", "m.tra:2: word 4 is an interval, '[0.5,1]': models with intervals"),
    ("1 1 1\n0 0 0 1-p\n", "m.tra:2: word 4 must be a number, got '1-p': parametric models are"),
    ("# Transitions (LTS)\n1 1 1\n0 0 0\n", "m.tra:1: the model is a transition system without"),
    ("2 2\n0 1 7\n1 0 1\n", "m.tra:2: a number is above 1: the rates of a CTMC are not read"),
    ("ctmc\n0 0 7\n", "m.tra:1: the model is a Markov chain in continuous time (CTMC)"),
    ("MA\n", "m.tra:1: the model is a Markov automaton, in continuous time (MA); only MDPs and"),
    ("ctmdp\n", "m.tra:1: the model is a decision process in continuous time (CTMDP)"),
    ("abc\n", "m.tra:1: the model is of the kind 'abc'; only MDPs and DTMCs are read"),
]


@pytest.mark.parametrize(("text", "message"), OTHER_KINDS)
def test_other_kinds_of_models_are_named(tmp_path: Path, text: str, message: str) -> None:
    """By what the file says of itself, or by numbers that only such models have."""
    path = write_texts({".tra": text, ".srew": "1 0\n"}, tmp_path)
    with pytest.raises(InputError, match=".") as error:
        MDP.load(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


BAD_ROWS = [
    ("1 1 1\n0 1:0:0\n", "m.tra:2: word 3 must be a whole number, got '0:0'"),
    ("1 1 1\n0 1: a\n", "m.tra:2: word 3 must be a whole number, got ''"),
    ("1 1 1\n0 x:0 a\n", "m.tra:2: word 4 must be a number, got 'x'"),
    ("1 1 2\n0 1:0 a\n", "m.tra:1: 2 lines are announced, but 1 follow"),
    ("1 1 1\n0 1:0 a b\n", "m.tra:2: word 3 must be a whole number, got ''"),
]


@pytest.mark.parametrize(("text", "message"), BAD_ROWS)
def test_a_malformed_row_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Where each choice has one line, that line is named."""
    path = write_texts({".tra": text, ".srew": "1 0\n"}, tmp_path)
    with pytest.raises(InputError, match=".") as error:
        MDP.load(path)
    assert message in str(error.value)


def test_prism_rewards_may_stand_elsewhere(tmp_path: Path) -> None:
    """PRISM numbers the files of several reward structures: they can be named one by one."""
    path = prism(tmp_path, srew=None, trew=None, lab=None)
    other = tmp_path / "robot2.srew"
    other.write_text("3 1\n0 2\n")
    mdp = MDP.from_prism(path, state_rewards=other)
    assert {row[0]: row[4] for row in mdp.rows()} == {0: 2, 1: 0, 2: 0}
    assert mdp.start == 0


def test_choices_without_own_names_stay_numbers(tmp_path: Path) -> None:
    """Two choices of one name, or one without a name: actions are the choices' numbers."""
    for tra in (ROBOT["tra"].replace("south", "east"), ROBOT["tra"].replace(" stuck", "")):
        mdp = MDP.from_prism(prism(tmp_path, tra=tra))
        assert (mdp.n_actions, mdp.action_names) == (2, None)


def test_a_deadlock_earns_its_state_reward(tmp_path: Path) -> None:
    """PRISM lets a state without transitions rest; without a reward it needs no action."""
    tra = "2 1 1\n0 0 1 1\n"
    trew = "2 1 0\n"
    path = prism(tmp_path, tra=tra, srew="2 1\n1 3\n", trew=trew, lab=None)
    assert_same(MDP.from_prism(path), iter([(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 3, False)]))
    path = prism(tmp_path, tra=tra, srew="2 0\n", trew=trew, lab=None)
    assert_same(MDP.from_prism(path), iter([(0, 0, 1, 1, 0, False)]))


def test_printed_floats_are_recovered(tmp_path: Path) -> None:
    """PRISM prints 17 digits: 0.33333333333333331 was a third, 0.1 is read as written."""
    tra = "2 1 2\n0 0 0 0.33333333333333331\n0 0 1 0.66666666666666663\n"
    path = prism(tmp_path, tra=tra, srew="2 1\n0 0.10000000000000001\n", trew=None, lab=None)
    third, tenth = Fraction(1, 3), Fraction(1, 10)
    rows = [(0, 0, 0, third, tenth, False), (0, 0, 1, 2 * third, tenth, False)]
    assert_same(MDP.from_prism(path), iter(rows))


def test_the_start_may_stand_in_the_transitions(tmp_path: Path) -> None:
    """Newer PRISM writes the initial state as "- - state"; two of them are no start."""
    head, _, rest = ROBOT["tra"].partition("\n")
    path = prism(tmp_path, tra=f"{head}\n- - 2\n{rest}", lab=None)
    assert MDP.from_prism(path).start == 2
    path = prism(tmp_path, tra=f"{head}\n- - 2\n- - 1\n{rest}", lab=None)
    assert MDP.from_prism(path).start is None


BAD_PRISM: list[tuple[dict[str, str | None], str]] = [
    ({"tra": ""}, "robot.tra: the file is empty"),
    ({"tra": "3 4 5 2 1\n"}, "robot.tra:1: the first line of an MDP"),
    ({"tra": "0 0 0 1\n"}, "robot.tra:1: the first line of an MDP"),
    ({"tra": "9" * 5000 + " 4 5 1\n"}, "robot.tra:1: the model is a partially observable"),
    (
        {"tra": "9" * 5000 + " 4 5\n"},
        "robot.tra:1: word 1 must be a whole number of at most 9 digits, got '9999",
    ),
    ({"tra": "3 5\n"}, "robot.tra:1: 5 lines are announced, but 0 follow"),
    ({"tra": "1 2 1\n0 0 0 1\n"}, "robot.tra:1: 2 choices are announced, but 1 follow"),
    ({"tra": "1 1 1\n0 0 0 1\n0 0 0 1\n"}, "robot.tra:3: 1 lines are announced, but more"),
    ({"tra": "1 1 1\n1_0 0 0 1\n"}, "robot.tra:2: word 1 must be a whole number, got '1_0'"),
    ({"tra": ROBOT["tra"].replace("3 4 5", "3 4 6")}, "robot.tra:1: 6 lines are announced"),
    ({"tra": ROBOT["tra"].replace("3 4 5", "3 5 5")}, "robot.tra:1: 5 choices are announced"),
    ({"tra": ROBOT["tra"].replace("0.6 east", "0.6 east now")}, "robot.tra:3: 4 words"),
    ({"tra": ROBOT["tra"].replace("2 1 stuck", "2")}, "robot.tra:6: 4 words"),
    ({"tra": ROBOT["tra"].replace("0 1 2 1 ", "0 1 3 1 ")}, "robot.tra:4: word 3 must be a whole"),
    ({"tra": ROBOT["tra"].replace("2/5", "[0,1]")}, "robot.tra:2: word 4 is an interval"),
    ({"tra": ROBOT["tra"].replace("2/5", "nan")}, "robot.tra:2: word 4 must be a number"),
    ({"tra": ROBOT["tra"].replace("2/5", "0.70710678118654757")}, "robot.tra:2: word 4 is 0.707"),
    ({"tra": ROBOT["tra"].replace("0.6 east", "0.6 west")}, "robot.tra:3: the choice has two"),
    ({"tra": ROBOT["tra"].replace("0.6", "0.5")}, "state 0, action 0: probabilities sum to 9/10"),
    (
        {"srew": None, "trew": None},
        "robot.tra: no rewards: put robot.srew or robot.trew in the same folder",
    ),
    ({"srew": "4 1\n1 -1\n"}, "robot.srew:1: the model has 3 states, not 4"),
    ({"srew": "3 2\n1 -1\n1 2\n"}, "robot.srew:3: the reward of state 1 is given twice"),
    ({"srew": "3 1\n1 1e999999999\n"}, 'robot.srew:2: word 2 must be a number like "7/10"'),
    ({"srew": "3 1\n1 x\n"}, "robot.srew:2: word 2 must be a number, got 'x': parametric"),
    ({"srew": "3\n"}, 'robot.srew:1: the first line must be "states lines", got 1 words'),
    ({"srew": ""}, "robot.srew: the file is empty"),
    ({"srew": "3 1\n3 1\n"}, "robot.srew:2: word 1 must be a whole number below 3, got '3'"),
    ({"trew": "3 1\n1 0 0 1\n"}, 'robot.trew:1: the first line must be "states choices'),
    ({"trew": "3 4 1\n1 7 0 1\n"}, "robot.trew:2: choice 7 of state 1 to 0 has no transition"),
    ({"trew": "3 4 1\n1 0 0 1\n"}, "robot.trew:2: choice 0 of state 1 to 0 has no transition"),
    (
        {"trew": "3 4 2\n0 0 1 1\n0 0 1 1\n"},
        "choice 0 of state 0 to 1 is given twice",
    ),
    ({"lab": "1: 0\n"}, "robot.lab: the first line must name"),
    ({"lab": '0="init"\n'}, "robot.lab: no state is labelled init"),
    ({"lab": '0="init"\n1\n'}, "robot.lab:2: a line must be"),
    ({"lab": '0="init"\n7: 0\n'}, "robot.lab:2: word 1 must be a whole number below 3"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_PRISM)
def test_a_malformed_prism_file_is_named(
    tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    """File, line and what is wrong, on one line."""
    with pytest.raises(InputError, match=".") as error:
        Source(str(prism(tmp_path, **changes))).mdp()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """Bytes, a folder and nothing at all."""
    path = prism(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8 at byte 0"):
        MDP.from_prism(path)
    with pytest.raises(InputError, match="cannot be read"):
        MDP.from_prism(tmp_path / "none.tra", state_rewards=tmp_path)
