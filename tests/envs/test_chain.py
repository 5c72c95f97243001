"""The chain environment against tables drawn by hand from the homework's figures."""

import copy
import pickle
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import cycle, islice, pairwise, repeat
from typing import Any

import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay_envs import LAYOUTS, ChainEnv, ChainLayout, exact_table
from qdecay_envs.chain_picture import ChainScene
from qdecay_envs.screen import Moment, visible

A, B, C_TOP, C_BOTTOM = (
    LAYOUTS[f"qdecay/{name}-v0"]
    for name in ("StayOrMove", "LeftOrRight", "ShortDelay", "LongDelay")
)
TENTH = Fraction(1, 10)


def sure(*outcome: Any) -> list[tuple[Any, ...]]:
    """Return the row of an outcome that is certain."""
    return [(1, *outcome)]


# (next state, reward, terminated) by state and action, read off the figures.
HAND_DRAWN = {
    "A": (A, 0, [
        [sure(0, 1, True), sure(1, 0, False)],
        [sure(2, 0, False), sure(2, 0, False)],
        [sure(2, 4, True), sure(2, 4, True)],
    ]),
    "B": (B, 1, [
        [sure(0, 1, True), sure(0, 1, True)],
        [sure(0, 0, False), sure(2, 0, False)],
        [sure(3, 0, False), sure(3, 0, False)],
        [sure(3, 3, True), sure(3, 3, True)],
    ]),
    "C top": (C_TOP, 0, [
        [sure(0, 1, True), sure(1, 0, False)],
        [sure(2, 0, False), sure(2, 0, False)],
        [sure(3, 0, False), sure(3, 0, False)],
        [sure(3, 6, True), sure(3, 6, True)],
    ]),
    "A repeated": (ChainLayout.choice(stay=[1], move=[0, 0, 4], ending="repeat"), 0, [
        [sure(0, 1, False), sure(1, 0, False)],
        [sure(2, 0, False), sure(2, 0, False)],
        [sure(0, 4, False), sure(0, 4, False)],
    ]),
    "A absorbed": (ChainLayout.choice(stay=[1], move=[0, 0, 4], ending="absorb"), 0, [
        [sure(3, 1, False), sure(1, 0, False)],
        [sure(2, 0, False), sure(2, 0, False)],
        [sure(2, 4, False), sure(2, 4, False)],
        [sure(3, 1, False), sure(3, 1, False)],
    ]),
}  # fmt: skip


@pytest.mark.parametrize(("layout", "start", "table"), HAND_DRAWN.values(), ids=HAND_DRAWN)
def test_the_table_is_the_figure(layout: ChainLayout, start: int, table: list[Any]) -> None:
    """Each homework chain has the states, moves and rewards of its drawing."""
    env = ChainEnv(layout)
    assert env.P_exact == table
    assert table == env.P
    assert env.start == start
    assert env.initial_state_distrib.tolist() == [float(s == start) for s in range(len(table))]


def test_the_long_chain_is_a_line_of_100_states() -> None:
    """C bottom: 99 free steps to the right, then 110, whatever the agent does on the way."""
    env = ChainEnv(C_BOTTOM)
    assert env.P_exact[0] == [sure(0, 1, True), sure(1, 0, False)]
    for state in range(1, 99):
        assert env.P_exact[state] == [sure(state + 1, 0, False)] * 2
    assert env.P_exact[99] == [sure(99, 110, True)] * 2
    assert len(env.P_exact) == 100


rewards = st.lists(st.integers(-9, 9), min_size=1, max_size=5)


@given(st.lists(rewards, min_size=2, max_size=4), st.data())
@settings(deadline=None, derandomize=True, max_examples=80)
def test_a_played_branch_pays_its_stream(streams: list[list[int]], data: st.DataObject) -> None:
    """Rewards come in stream order and then as the ending says, whatever the agent does."""
    branch = data.draw(st.integers(0, len(streams) - 1))
    stream = streams[branch]
    expected = {
        "terminate": stream,
        "repeat": list(islice(cycle(stream), 12)),
        "absorb": list(islice([*stream, *repeat(stream[-1], 12)], 12)),
    }
    for ending, paid in expected.items():
        branches = [[f"b{i}", stream] for i, stream in enumerate(streams)]
        document = {"schema": "qdecay.layout/1", "branches": branches, "ending": ending}
        env = ChainEnv(document)
        state, _ = env.reset(seed=0)
        seen = []
        for step in range(len(paid)):
            deciding = state == env.start
            action = branch if deciding else data.draw(st.integers(0, len(streams) - 1))
            state, reward, terminated, truncated, _ = env.step(action)
            seen.append(reward)
            assert terminated == (ending == "terminate" and step == len(stream) - 1)
            assert not truncated
        assert seen == paid


def test_slip_swaps_the_two_branches() -> None:
    """With two branches the other one happens with probability slip; corridors stay sure."""
    table = exact_table(A, TENTH)
    stay, move = (0, Fraction(1), True), (1, Fraction(0), False)
    assert table[0] == [
        [(1 - TENTH, *stay), (TENTH, *move)],
        [(1 - TENTH, *move), (TENTH, *stay)],
    ]
    assert table[1:] == exact_table(A)[1:]


def test_slip_is_shared_by_the_other_branches_and_equal_outcomes_merge() -> None:
    """Three branches, two of them alike: the twins' probabilities add up."""
    layout = ChainLayout.choice(a=[1], b=[1], c=[2])
    one, two = (0, Fraction(1), True), (0, Fraction(2), True)
    share = TENTH / 2
    assert exact_table(layout, TENTH)[0] == [
        [(1 - share, *one), (share, *two)],
        [(1 - share, *one), (share, *two)],
        [(1 - TENTH, *two), (TENTH, *one)],
    ]


def test_a_certain_slip_leaves_no_impossible_outcome() -> None:
    """slip=1 with two branches exchanges them, with no row of probability 0."""
    table = exact_table(A, Fraction(1))
    assert table[0] == [sure(1, 0, False), sure(0, 1, True)]


def test_escape_leads_back_from_a_corridor_but_not_from_absorption() -> None:
    """Only the branch's own action walks on; slip mixes the two; absorbing states hold."""
    ahead, back = (2, Fraction(0), False), (0, Fraction(0), False)
    assert exact_table(A, escape=True)[1] == [sure(*back), sure(*ahead)]
    assert exact_table(A, escape=True)[2] == [sure(*back), sure(2, 4, True)]
    assert exact_table(A, TENTH, escape=True)[1] == [
        [(1 - TENTH, *back), (TENTH, *ahead)],
        [(1 - TENTH, *ahead), (TENTH, *back)],
    ]
    absorbed = ChainLayout.choice(stay=[1], move=[0, 0, 4], ending="absorb")
    assert exact_table(absorbed, TENTH, escape=True)[2:] == exact_table(absorbed)[2:]
    left = exact_table(ChainLayout.choice(left=[0, 1], right=[0, 3]), escape=True)
    assert left[0] == [sure(0, 1, True), sure(1, 0, False)]


def test_a_table_takes_only_a_probability() -> None:
    """Also without an environment, a slip outside 0 .. 1 is refused by name."""
    with pytest.raises(ValueError, match="slip must be a probability from 0 to 1, got '3/2'"):
        exact_table(A, "3/2")


@pytest.mark.parametrize("slip", [0.1, "1/10", "0.1", TENTH, np.float64(0.1)])
def test_slip_is_the_number_that_was_typed(slip: Any) -> None:
    """A float is read by its decimal text: 0.1 is exactly 1/10."""
    assert ChainEnv(A, slip=slip).slip == TENTH


def test_random_numbers_are_drawn_as_documented() -> None:
    """A second implementation from the docstring gets the same episode, bit for bit."""
    layout = ChainLayout.choice(a=[1, 2], b=[0, 5], c=[3], ending="repeat")
    env = ChainEnv(layout, slip="3/10", escape=True, reward_noise=0.5)
    generator, state = np.random.default_rng(7), env.reset(seed=7)[0]
    normals = generator.spawn(1)[0]
    actions = np.random.default_rng(8).integers(3, size=500)
    for action in actions:
        row = env.P[state][int(action)]
        chosen = 0
        if len(row) > 1:
            cumulative = np.cumsum([probability for probability, *_ in row])
            chosen = int((cumulative <= generator.random()).sum())
        _, following, mean, _ = row[chosen]
        noisy = mean + 0.5 * normals.standard_normal()
        state, reward, *_ = env.step(action)
        assert (state, reward) == (following, noisy)


def test_noise_is_normal_around_the_table() -> None:
    """10,000 noisy rewards have mean and spread within 5 standard errors."""
    env = ChainEnv(ChainLayout.choice(a=[3], b=[0], ending="repeat"), reward_noise=2.0)
    env.reset(seed=1)
    seen = np.array([env.step(0)[1] for _ in range(10_000)])
    assert abs(seen.mean() - 3) < 5 * 2 / 100
    assert abs(seen.std() - 2) < 5 * 2 / np.sqrt(2 * 10_000)


def test_steps_need_a_running_episode() -> None:
    """Before reset and after the end a step is refused; reset begins anew."""
    env = ChainEnv(A)
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)
    for _ in range(2):
        env.reset()
        env.step(0)
        with pytest.raises(RuntimeError, match="call reset"):
            env.step(0)


@pytest.mark.parametrize("action", [2, -1, 0.5, "0", None, [0], np.array([0]), float("nan")])
def test_an_action_outside_the_space_is_refused(action: Any) -> None:
    """The error names the action and the range; the episode goes on."""
    env = ChainEnv(A)
    env.reset()
    with pytest.raises(ValueError, match=r"action must be 0 \.\. 1, got"):
        env.step(action)
    assert env.step(1)[0] == 1


@pytest.mark.parametrize("action", [1, np.int64(1), np.int32(1), np.array(1)])
def test_actions_may_be_numpy_integers(action: Any) -> None:
    """What argmax returns is an action."""
    env = ChainEnv(A)
    env.reset()
    assert env.step(action)[:2] == (1, 0.0)


BAD_ARGUMENTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"layout": None}, TypeError, "got none: try layout=ChainLayout"),
    ({"layout": "a.json"}, TypeError, "got a str"),
    ({"layout": {}}, ValueError, '"schema" must be'),
    ({"slip": -1}, ValueError, "slip must be a probability from 0 to 1, got -1"),
    ({"slip": 1.5}, ValueError, "got 1.5"),
    ({"slip": float("nan")}, ValueError, "slip must be a number"),
    ({"slip": float("inf")}, ValueError, "slip must be a number"),
    ({"slip": "often"}, ValueError, "got 'often'"),
    ({"slip": True}, TypeError, "got True"),
    ({"slip": None}, TypeError, "got None"),
    ({"reward_noise": -1}, ValueError, "reward_noise must be finite and >= 0, got -1"),
    ({"reward_noise": float("inf")}, ValueError, "got inf"),
    ({"reward_noise": float("nan")}, ValueError, "got nan"),
    ({"reward_noise": "1"}, TypeError, "reward_noise must be a number, got '1'"),
    ({"reward_noise": None}, TypeError, "got None"),
    ({"escape": "false"}, TypeError, "escape must be True or False, got 'false'"),
    ({"escape": 1}, TypeError, "got 1"),
    ({"render_mode": "svg"}, ValueError, "render_mode must be None or one of 'ansi'"),
    ({"layout": ChainLayout.choice(a=["1e400"], b=[0])}, ValueError, "too large for floats"),
    (
        {"layout": ChainLayout(tuple((f"b{i}", (TENTH, TENTH)) for i in range(1_000)))},
        ValueError,
        "1,001 states times 1,000 actions are more than 1,000,000 rows",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "words"), BAD_ARGUMENTS)
def test_a_bad_argument_is_refused_in_one_line(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """The constructor says which argument is wrong, with its value."""
    with pytest.raises(kind, match=re.escape(words)) as caught:
        ChainEnv(**{"layout": A, **arguments})
    assert len(str(caught.value).splitlines()) == 1


def test_reset_refuses_options_it_would_ignore() -> None:
    """There are no reset options, so one that is given is an error."""
    env = ChainEnv(A)
    assert env.reset(options={}) == (0, {})
    with pytest.raises(ValueError, match="reset takes no options here"):
        env.reset(options={"start": 2})


def test_text_shows_the_chain_the_agent_and_the_last_step() -> None:
    """The ansi picture of B, one step to the right."""
    env = ChainEnv(B, render_mode="ansi")
    env.reset()
    env.step(1)
    assert env.render() == "\n".join([
        "left: 1 -0-> 0 -1-> end",
        "right: 1 -0-> [2] -0-> 3 -3-> end",
        "right, reward 0",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "word"), [("terminate", "end"), ("repeat", "start"), ("absorb", "for ever")]
)
def test_text_says_how_a_branch_ends(ending: Any, word: str) -> None:
    """Every ending has its own word."""
    layout = ChainLayout.choice(a=[1, 2], b=[0, 3], ending=ending)
    lines = ChainScene(layout, Moment(1)).text().splitlines()
    assert lines[0] == f"a: [1] -1-> 0 -2-> {word}"
    assert lines[1] == f"b: [1] -0-> 2 -3-> {word}"


@pytest.mark.parametrize("length", [*range(8, 14), 98])
def test_a_long_corridor_shows_its_ends_and_the_agent(length: int) -> None:
    """Wherever the agent is: seven slots, both ends, the agent, and gaps that hide something."""
    for at in [None, *range(length)]:
        shown = visible(length, at)
        positions = [position for position in shown if position is not None]
        assert len(shown) == 7
        assert positions == sorted(set(positions))
        assert {0, length - 1} <= set(positions)
        assert at is None or at in positions
        for before, position, after in zip(shown, shown[1:], shown[2:], strict=False):
            if position is None:
                assert before is not None
                assert after is not None
                assert after - before > 1


def test_every_state_of_the_long_chain_has_a_short_text() -> None:
    """100 states stay readable: the agent is in brackets, no line is over 100 characters."""
    for state in range(100):
        text = ChainScene(C_BOTTOM, Moment(state)).text()
        assert f"[{state}]" in text
        assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("layout", [A, C_BOTTOM], ids=["A", "C bottom"])
def test_pictures_keep_their_size_and_show_the_agent(layout: ChainLayout) -> None:
    """Frames of an episode are uint8, equal in shape, and each differs from the one before."""
    pytest.importorskip("pygame")
    env = ChainEnv(layout, render_mode="rgb_array")
    env.reset()
    frames = [env.render()]
    terminated = False
    while not terminated:
        terminated = env.step(1)[2]
        frames.append(env.render())
    assert {(frame.shape, str(frame.dtype)) for frame in frames} == {(frames[0].shape, "uint8")}
    for before, after in pairwise(frames):
        assert (before != after).any()


def test_an_ended_episode_looks_ended() -> None:
    """After the end the chain, not only the caption below it, differs from before."""
    pytest.importorskip("pygame")
    env = ChainEnv(A, render_mode="rgb_array")
    env.reset()
    env.step(1)
    env.step(1)
    before = env.render()
    assert env.step(1)[2]
    assert (before[:90] != env.render()[:90]).any()


def test_a_window_opens_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Human mode draws on reset and step without a display, and close is idempotent."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame = pytest.importorskip("pygame")
    env = ChainEnv(A, render_mode="human")
    env.metadata = {**env.metadata, "render_fps": 1000}
    env.reset()
    env.step(1)
    assert pygame.display.get_init()
    assert env.render() is None
    env.close()
    env.close()
    assert not pygame.display.get_init()


def test_without_pygame_drawing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the pip line; text needs no pygame."""
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = ChainEnv(A, render_mode="rgb_array")
    env.reset()
    with pytest.raises(DependencyNotInstalled, match=r'pip install "qdecay\[render\]"'):
        env.render()
    text = ChainEnv(A, render_mode="ansi")
    text.reset()
    assert "[0]" in text.render()


def test_render_without_a_mode_warns() -> None:
    """As Gymnasium's own environments do."""
    env = ChainEnv(A)
    env.reset()
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


def episode(env: ChainEnv) -> list[Any]:
    """Return twenty steps of a running episode."""
    return [env.step(step % 2) for step in range(20)]


@pytest.mark.parametrize("restore", ["pickle", "deepcopy"])
def test_a_copy_plays_on_alike(restore: str) -> None:
    """A pickled or copied environment continues mid-episode with the same random numbers."""
    copies: dict[str, Callable[[Any], Any]] = {
        "pickle": lambda env: pickle.loads(pickle.dumps(env)),
        "deepcopy": copy.deepcopy,
    }
    layout = ChainLayout.choice(a=[1], b=[0, 4], ending="repeat")
    env = ChainEnv(layout, slip="1/3", escape=True, reward_noise=1.0)
    env.reset(seed=3)
    env.step(1)
    assert episode(copies[restore](env)) == episode(env)
