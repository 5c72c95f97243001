"""`-k name=value` and the options of a sweep ask what was meant, or are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import gymnasium as gym
import pytest
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from shell import run

from qdecay.errors import InputError
from qdecay.model.environment_arguments import Typed, checked_arguments
from qdecay.model.mdp import MDP
from qdecay.model.source import Source, parse_options
from qdecay.sweep import Spec

LAKE = "FrozenLake-v1"


SAME = [
    (LAKE, ["is_slippery=False"], {"is_slippery": False}),
    (LAKE, ["is_slippery=false"], {"is_slippery": False}),
    (LAKE, ["map_name=8x8", "is_slippery=True"], {"map_name": "8x8"}),
    (LAKE, ['map_name="8x8"'], {"map_name": "8x8"}),
    (LAKE, ["map_name=None", 'desc=["SF","HG"]'], {"map_name": None, "desc": ["SF", "HG"]}),
    (LAKE, ["desc=null"], {"desc": None}),
    ("qdecay/DeepSea-v0", ["size=3", "move_cost=.5"], {"size": 3, "move_cost": 0.5}),
    (LAKE, ["max_episode_steps=10"], {"max_episode_steps": 10}),
    ("CliffWalking-v1", ["is_slippery=True"], {"is_slippery": True}),
    ("qdecay/StayOrMove-v0", ["slip=1/10"], {"slip": "1/10"}),
    ("qdecay/StayOrMove-v0", ["slip=.1", "escape=True"], {"slip": "1/10", "escape": True}),
    ("qdecay/NChain-v0", ["n=0x4", "large=0.5"], {"n": 4, "large": "1/2"}),
    ("qdecay/NChain-v0", ["n=1_0", "large=1e-3"], {"n": 10, "large": "1/1000"}),
    ("qdecay/DelayMenu-v0", ["menu=[[1,0],[3,2]]"], {"menu": [[1, 0], [3, 2]]}),
    ("qdecay/DelayMenu-v0", ["ending=absorb"], {"ending": "absorb"}),
    ("qdecay/CombinationLock-v0", ["code=1,0"], {"code": (1, 0)}),
    ("qdecay/DiscountingChain-v0", ["bonus_delay=None"], {"bonus_delay": None}),
]


@pytest.mark.parametrize(("env_id", "pairs", "options"), SAME)
def test_what_is_typed_makes_the_model_that_python_makes(env_id: str, pairs, options) -> None:
    """The table of the environment that Gymnasium makes with the arguments written in Python."""
    made = MDP.from_env(gym.make(env_id, **options))
    assert Source(env_id, parse_options(pairs)).mdp() == made


WRONG = [
    (LAKE, "is_slippery=no", "takes true or false, got no: write is_slippery=false"),
    (LAKE, "is_slippery=", "takes true or false"),
    ("qdecay/DelayMenu-v0", "escape=0", "takes true or false, got 0"),
    ("qdecay/DelayMenu-v0", "escape=None", "takes true or false, got None"),
    ("qdecay/DelayMenu-v0", "reward_noise=1/2", "a number, got 1/2: write reward_noise=0.5"),
    ("qdecay/DelayMenu-v0", "reward_noise=true", "takes a number, got true"),
    (LAKE, "max_episode_steps=1e1", "takes a whole number, got 1e1: write max_episode_steps=10"),
    (LAKE, "max_episode_steps=ten", "max_episode_steps takes a whole number"),
    (LAKE, "desc=SFFG", """or desc='"SFFG"' where text is meant"""),
    (LAKE, "desc=8", "desc takes a list, got 8: write desc='[1, 0]' or other JSON\n"),
    (LAKE, "is_slippery=Flase", "got Flase: write is_slippery=false\n"),
    (LAKE, 'is_slippery="Flase"', 'takes true or false, got "Flase": write is_slippery=false\n'),
    (LAKE, 'success_rate="0.5"', 'takes a number, got "0.5": write success_rate=0.5\n'),
    (LAKE, "map_name=9x9", "cannot be made with -k map_name=9x9: KeyError: '9x9'"),
    (LAKE, "map_name=None", "cannot be made with -k map_name=None: KeyError"),
    (LAKE, "reward_schedule=[1,0]", "with -k reward_schedule=[1,0]: IndexError: list index out"),
    (LAKE, 'desc=["SF","F"]', 'cannot be made with -k desc=["SF","F"]: setting an array element'),
    (LAKE, "desc=[]", "cannot be made with -k desc=[]: "),
    (LAKE, "is_slipery=false", "did you mean is_slippery? known: "),
    (LAKE, "id=Taxi-v4", "has no argument id"),
    ("Blackjack-v1", "natural=no", "takes true or false, got no"),
    ("qdecay/NChain-v0", "layout=x", "has no argument layout"),
    ("qdecay/NChain-v0", "n=4.0", "takes a whole number, got 4.0: write n=4"),
    ("qdecay/NChain-v0", "n=01", "takes a whole number, got 01"),
    ("qdecay/NChain-v0", "escape=true", "has no argument escape"),
    ("qdecay/NChain-v0", "large=much", 'large must be a number like "7/10"'),
    ("qdecay/DelayMenu-v0", "escape=no", "escape takes true or false"),
    ("qdecay/DelayMenu-v0", "ending=never", "ending must be one of"),
]


@pytest.mark.parametrize(("env_id", "pair", "message"), WRONG)
def test_what_the_signature_has_no_place_for_is_refused(
    capsys, monkeypatch, env_id: str, pair: str, message: str
) -> None:
    """One line that says what is wrong and how to write it; no other question is answered."""
    code, out, err = run(capsys, monkeypatch, "regions", env_id, "-k", pair)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"qdecay: {env_id}: ") and message in err


@pytest.mark.filterwarnings("default:invalid value encountered in divide")
def test_a_map_without_a_start_is_refused(capsys, monkeypatch) -> None:
    """Gymnasium divides by zero there, and its start distribution is not one."""
    code, out, err = run(capsys, monkeypatch, "regions", LAKE, "-k", 'desc=["FF","FG"]')
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "the start distribution must be >= 0 and sum to 1; its sum is nan" in err


def test_a_layout_file_takes_arguments_by_the_same_rule(capsys, monkeypatch, tmp_path) -> None:
    """Those of ChainEnv, but its layout."""
    path = tmp_path / "x.json"
    path.write_text('{"schema": "qdecay.layout/1", "near": ["a", [2]], "far": ["b", [0, 3]]}')
    for pair, message in (
        ("escape=no", "escape takes true or false"),
        ("layout={}", "omit -k layout"),
        ("slp=1/3", "did you mean slip?"),
    ):
        code, _, err = run(capsys, monkeypatch, "regions", str(path), "-k", pair)
        assert code == 2 and message in err


class Mode(Enum):
    """Two ways; the value is one that nobody would write."""

    EASY = (0, 1)
    HARD = (1, 0)


@dataclass(frozen=True)
class Config:
    """An object that only Python makes."""

    depth: int = 3


class Options(TypedDict, total=False):
    """Arguments of the last class below."""

    fast: bool
    title: str


class Base:
    """Annotated."""

    def __init__(self, size: int = 3, ratio: float | None = None) -> None: ...


class Passing(Base):
    """Passes on what it does not know, and has arguments without annotations."""

    def __init__(self, kind="round", loud=False, seat=None, **kwargs) -> None: ...


class Hinted:
    """Annotated in other ways, one of them a name that only a type checker has."""

    def __init__(
        self,
        mode: Literal["a", "b"] = "a",
        anything: Any = None,
        names: Sequence[str] = (),
        table: Missing = None,  # type: ignore[name-defined]  # noqa: F821
        flag: bool = False,
        **options: Unpack[Options],
    ) -> None: ...


class Plain:
    """Nothing is annotated; the defaults say what is meant."""

    def __init__(
        self, flag=False, prize=3, rate=0.5, mode=Mode.EASY, config=Config(), pair=(1, 2), go=None
    ) -> None: ...


class Objects:
    """Arguments that only Python can give, or that have names."""

    def __init__(
        self,
        mode: Mode = Mode.EASY,
        one: Literal[Mode.HARD] = Mode.HARD,
        maybe: Mode | None = None,
        config: Config | None = None,
        both: Config | dict[str, int] | None = None,
        call: Callable[[], int] | None = None,
        where: Path | None = None,
    ) -> None: ...


def function(*args: int, **kwargs: Any) -> Base:
    """Take anything."""
    return Base()


@pytest.mark.parametrize(
    ("creator", "pair", "value"),
    [
        (Passing, "kind=square", "square"),
        (Passing, "kind=4", 4),
        (Passing, "size=4", 4),
        (Passing, "ratio=4", 4),
        (Passing, "ratio=None", None),
        (Passing, "other=4", 4),
        (Passing, 'other="four"', "four"),
        (Hinted, "mode=b", "b"),
        (Hinted, 'anything="x"', "x"),
        (Hinted, 'names=["x"]', ["x"]),
        (Hinted, "table=[1]", [1]),
        (Hinted, "fast=True", True),
        (Hinted, "title=x", "x"),
        (Hinted, "title=7", "7"),
        (function, "x=[1]", [1]),
        (Plain, "flag=true", True),
        (Plain, "prize=4", 4),
        (Plain, "prize=4.5", 4.5),
        (Plain, "rate=1", 1),
        (Plain, "mode=HARD", Mode.HARD),
        (Plain, 'mode="HARD"', Mode.HARD),
        (Plain, "pair=[3]", [3]),
        (Plain, "go=[3]", [3]),
        (Objects, "mode=HARD", Mode.HARD),
        (Objects, "one=HARD", Mode.HARD),
        (Objects, "maybe=HARD", Mode.HARD),
        (Objects, "maybe=null", None),
        (Objects, "config=None", None),
        (Objects, 'both={"depth": 1}', {"depth": 1}),
        (Objects, 'where="x"', "x"),
    ],
)
def test_values_that_fit_are_passed_on(creator, pair: str, value: object) -> None:
    """Whatever way the signature is written in."""
    ((name, given),) = checked_arguments("E", parse_options([pair]), creator).items()
    assert name == pair.split("=")[0]
    assert (given, type(given)) == (value, type(value))


@pytest.mark.parametrize(
    ("creator", "pair"),
    [
        (Passing, "loud=no"),
        (Passing, "seat=left"),
        (Passing, "size=4.5"),
        (Passing, "ratio=half"),
        (Passing, "other=four"),
        (Hinted, "anything=x"),
        (Hinted, "names=x"),
        (Hinted, "table=x"),
        (Hinted, "flag=1"),
        (Hinted, "fast=yes"),
        (Hinted, "other=1"),
        (function, "x=y"),
        (Passing, 'loud="four"'),
        (Passing, "loud=1"),
        (Plain, "flag=7"),
        (Plain, "flag=null"),
        (Plain, "prize=True"),
        (Plain, 'prize="4"'),
        (Plain, "rate=false"),
        (Plain, "mode=[1, 0]"),
        (Plain, "config=3"),
        (Plain, 'config={"depth": 3}'),
        (Objects, "mode=0"),
        (Objects, "config={}"),
        (Objects, "call=[]"),
    ],
)
def test_values_that_do_not_fit_are_refused(creator, pair: str) -> None:
    """Text most of all, where nothing says that text is meant."""
    with pytest.raises(InputError, match=pair.split("=")[0]):
        checked_arguments("E", parse_options([pair]), creator)


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        ("mode=HURD", "mode takes EASY or HARD, got HURD: write mode=EASY"),
        ("mode=[1, 0]", "mode takes EASY or HARD, got [1, 0]: write mode=EASY"),
        (
            "config=x",
            "config takes a Python object (Config), got x: text cannot represent such an object, "
            "so omit it",
        ),
        ("pair=x", "pair takes JSON, or text in quotes, got x: write pair='[1, 0]' or other JSON"),
        ("prize=x", "prize takes a number, got x: write prize=4"),
    ],
)
def test_what_is_no_text_is_not_asked_for_as_text(pair: str, line: str) -> None:
    """An Enum has names; of other objects nothing that can be typed is one."""
    with pytest.raises(InputError) as caught:
        checked_arguments("E", parse_options([pair]), Plain)
    assert str(caught.value).partition(", or pair=")[0] == f"E: {line}"


def test_what_an_id_is_registered_with_counts() -> None:
    """Its text may be another text; the class alone does not say so."""
    text = {"seat": Typed.read("left")}
    assert checked_arguments("E", text, Passing, {"seat": "right"}) == {"seat": "left"}


def test_text_stays_text() -> None:
    """What is neither JSON nor Python, or Python that would have to be run, is not run."""
    for text in ("8x8", "1/10", "a b", "__import__('os')", "[x]", "(" * 500, "1 or 2", "9" * 5000):
        assert Typed.read(text).is_bare
    for text, value in (("1e3", 1e3), ("'x'", "x"), ("(1, 2)", (1, 2)), ('"true"', "true")):
        assert Typed.read(text).value == value
        assert not Typed.read(text).is_bare


SPEC = f"""
schema = "qdecay.sweep/1"
gammas = [0.5]
seeds = 1
[[sources]]
source = "{LAKE}"
options = {{OPTIONS}}
[[learners]]
name = "q_learning"
steps = 10
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ('{is_slippery = "False"}', "is_slippery takes true or false, got 'False'"),
        ("{is_slipery = false}", "did you mean is_slippery"),
        ("{max_episode_steps = 3.5}", "takes a whole number"),
    ],
)
def test_a_sweep_holds_its_options_against_the_signature_too(options: str, message: str) -> None:
    """TOML tells text from the rest by itself; text for a flag is as wrong there."""
    spec = Spec.parse(SPEC.replace("{OPTIONS}", options))
    with pytest.raises(InputError, match=message):
        [source.model() for source in spec.sources]


def test_a_sweep_takes_what_fits() -> None:
    """As above, with the two lakes that are meant."""
    options = '{is_slippery = [true, false], map_name = "8x8"}'
    spec = Spec.parse(SPEC.replace("{OPTIONS}", options))
    for source, slippery in zip(spec.sources, (True, False), strict=True):
        env = FrozenLakeEnv(map_name="8x8", is_slippery=slippery)
        assert source.model().mdp == MDP.from_env(env)
