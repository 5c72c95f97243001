"""Environments without a table: what is explored is right, and what lies is not believed."""

from __future__ import annotations

import random
from fractions import Fraction
from time import sleep
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import lying_environments
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Tuple
from lying_environments import (
    HONEST,
    LIES,
    Buffer,
    Clock,
    CutsByClock,
    Diary,
    DrawsOnly,
    Endless,
    EndsByClock,
    HashOfAll,
    Lever,
    LeverInSlots,
    LeverOfTables,
    Line,
    Masked,
    MaskedInfo,
    Scattered,
    ScatteredRarely,
    Slips,
    SlipsByPython,
    SlipsBySpace,
    Treasure,
    TreasureInList,
    TreasureInView,
    Watch,
    WatchInSlots,
    cell_of,
)
from models import TAXI

from qdecay import MDP, BudgetExceeded, policy_regions
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.readers.simulator import episodes
from qdecay.model.readers.simulator.inner_state import fields
from qdecay_envs.chain import ChainEnv
from qdecay_envs.layout import ChainLayout

Rows = set[tuple[Any, ...]]


def rows_by_name(mdp: MDP) -> Rows:
    """The rows with what was seen of states in place of their numbers."""
    return {
        (mdp.state_name(s), a, mdp.state_name(t), p, r, ended)
        for s, a, t, p, r, ended in mdp.rows()
    }


def line_rows(shown: str = "{}") -> Rows:
    """The rows of the line by its rule."""
    rows: Rows = set()
    for cell in range(5):
        back = max(0, cell - 1)
        rows.add((shown.format(cell), 0, shown.format(back), 1, 0, False))
        rows.add((shown.format(cell), 1, shown.format(cell + 1), 1, int(cell == 4), cell == 4))
    return rows


@pytest.mark.parametrize(
    ("made", "options", "message"),
    LIES,
    ids=[f"{lie[0].__name__}-{'-'.join(lie[1])}" for lie in LIES],
)
def test_an_environment_that_lies_is_not_believed(made: Any, options: Any, message: str) -> None:
    """Each is refused in one line that names what is wrong."""
    with pytest.raises(ValueError, match=message) as error:
        MDP.from_simulator(made(), **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("made", "options"), HONEST, ids=[f"{each[0].__name__}-{'-'.join(each[1])}" for each in HONEST]
)
def test_an_honest_environment_is_explored(made: Any, options: Any) -> None:
    """Whatever it holds besides, the rows are those of the line."""
    mdp = MDP.from_simulator(made(), **options)
    assert rows_by_name(mdp) == line_rows("({})" if made is Buffer else "{}")
    assert mdp.start is not None
    assert mdp.state_name(mdp.start) in ("0", "(0)")


@pytest.mark.parametrize("made", [Lever, HashOfAll])
def test_what_an_observation_hides_is_a_state(made: Any) -> None:
    """Six cells with the lever up or down are twelve states, which a remark tells apart."""
    mdp = MDP.from_simulator(made())
    assert mdp.n_states == 12
    assert any("10 states show 5 different observations" in remark for remark in mdp.remarks)
    paid = {(mdp.state_name(s), r) for s, _, _, _, r, ended in mdp.rows() if ended}
    assert paid == {("4 pulled=False", 1), ("4 pulled=True", 2)}


def test_slots_are_part_of_the_state() -> None:
    """Those of an object that has attributes as well."""
    mdp = MDP.from_simulator(LeverInSlots())
    assert mdp.n_states == 12
    assert {r for *_, r, ended in mdp.rows() if ended} == {1, 2}


def test_what_is_left_out_is_said() -> None:
    """Clocks, totals, logs and the time of day are no part of a state."""
    mdp = MDP.from_simulator(Diary())
    assert mdp.n_states == 6
    (remark,) = mdp.remarks
    for name in ("steps (log)", "total (total)", "watch (outside)"):
        assert f"unwrapped.{name}" in remark
    (remark,) = MDP.from_simulator(Clock()).remarks
    assert (
        "unwrapped.steps (clock); no effect was seen while 0 <= unwrapped.steps <= 5,000" in remark
    )


def test_what_is_no_number_may_be_a_clock() -> None:
    """A text that is another after every step, whatever was done; of slots each by itself."""
    (remark,) = MDP.from_simulator(Watch()).remarks
    assert "unwrapped.watch (clock)" in remark
    assert "unwrapped.watch changed 5,000 times" in remark
    (remark,) = MDP.from_simulator(WatchInSlots()).remarks
    assert "unwrapped.own.watch (clock); no effect was seen while 0 <= " in remark


def test_a_fast_machine_sees_the_watch_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """All short episodes may fit into one tick of a clock: only the pause between them shows it."""
    now = [1e9]
    monkeypatch.setattr(lying_environments, "time", SimpleNamespace(time=lambda: now[0]))
    monkeypatch.setattr(episodes, "sleep", lambda seconds: now.append(now.pop() + seconds))
    (remark,) = MDP.from_simulator(Diary()).remarks
    assert "unwrapped.watch (outside)" in remark


def test_a_clock_in_the_key_is_part_of_the_state() -> None:
    """The remedy of the message works: at most nine steps, then it ends."""
    mdp = MDP.from_simulator(
        EndsByClock(), key=lambda env: (env.unwrapped.cell, env.unwrapped.steps)
    )
    assert not policy_regions(mdp).breakpoints  # going on is best for every gamma
    late = {mdp.state_name(s): ended for s, *_, ended in mdp.rows() if ", 8)" in mdp.state_name(s)}
    assert late == {f"({cell}, 8)": True for cell in range(5)}


TOYS: list[Any] = [
    ("FrozenLake-v1", {"is_slippery": False}),
    ("FrozenLake8x8-v1", {"is_slippery": False}),
    ("CliffWalking-v1", {}),
    pytest.param(TAXI, {}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "options"), TOYS)
def test_toy_text_is_its_table(name: str, options: dict[str, Any]) -> None:
    """Explored, it has the table's rows in all states that are reached and can be left."""
    env = gym.make(name, **options)
    explored, table = MDP.from_simulator(env), MDP.from_env(env)
    number = [int(explored.state_name(s)) for s in range(explored.n_states)]
    acts = {number[s] for s in explored.state.tolist()}
    ours = {(number[s], a, number[t], p, r, end) for s, a, t, p, r, end in explored.rows()}
    theirs = {row for row in table.rows() if row[0] in acts}
    assert ours == theirs
    assert explored.time_limit == table.time_limit
    one, other = policy_regions(explored), policy_regions(table)
    known = {(b.decimal, s, tuple(x)) for b, s, x in _changes(other) if s in acts}
    assert {(b.decimal, number[s], tuple(x)) for b, s, x in _changes(one)} == known


def _changes(regions: Any) -> list[tuple[Any, int, list[int]]]:
    """Each breakpoint, with the states whose best actions change there and what they become."""
    return [
        (found, int(state), change["right"])
        for found, document in zip(
            regions.breakpoints, regions.to_json()["breakpoints"], strict=True
        )
        for state, change in document["changes"].items()
    ]


def test_our_own_chains_are_their_tables() -> None:
    """A chain of the homework, explored, has the layout's regions."""
    layout = ChainLayout.choice(stay=[1], move=[0, 0, 4])
    explored = MDP.from_simulator(ChainEnv(layout))
    exact = policy_regions(MDP.from_layout(layout)).breakpoints
    assert [str(b) for b in policy_regions(explored).breakpoints] == [str(b) for b in exact]


def test_the_environment_is_left_as_it_was() -> None:
    """In the middle of an episode nothing of it changes, nor do the global generators."""
    env = gym.make("FrozenLake-v1", is_slippery=False)
    env.reset(seed=5)
    env.step(2)
    random.seed(1)
    before = fields(env), env.unwrapped.np_random.bit_generator.state, random.getstate()
    MDP.from_simulator(env)
    after = fields(env), env.unwrapped.np_random.bit_generator.state, random.getstate()
    assert before == after
    assert env.step(2)[0] == 2


def test_which_large_table_is_used_is_a_state() -> None:
    """The tables stay as they are; the cells pay by the one that is in use."""
    mdp = MDP.from_simulator(LeverOfTables())
    assert mdp.n_states == 12
    assert {r for *_, r, ended in mdp.rows() if ended} == {1, 2}


@pytest.mark.parametrize("made", [Treasure, TreasureInList, TreasureInView])
def test_a_large_board_is_part_of_the_state(made: Any) -> None:
    """Taken once in every episode, and nothing is taken from the caller's."""
    env = made()
    env.reset(seed=0)
    before = fields(env)
    mdp = MDP.from_simulator(env)
    assert fields(env) == before
    assert env.board[2] == 3
    start, on = mdp.start, {s: (t, r) for s, a, t, _, r, _ in mdp.rows() if a == 1}
    back = {s: (t, r) for s, a, t, _, r, _ in mdp.rows() if a == 0}
    one = on[start][0]
    two = on[one][0]
    assert (on[start][1], on[one][1], on[two][1], back[two][1]) == (0, 0, 3, 3)
    again = on[back[two][0]][0]
    assert (on[again][1], back[again][1]) == (0, 0)
    assert mdp.n_states == 3 + 5 + 1  # with it, without it, and the end


@pytest.mark.slow
@pytest.mark.parametrize("made", [Slips, SlipsByPython, SlipsBySpace])
def test_chance_is_estimated(made: Any) -> None:
    """The share of slips is near the true one, in counts over the tries."""
    mdp = MDP.from_simulator(made(), samples=300)
    true = 0.5 if made is SlipsBySpace else 0.25
    assert mdp.n_states == 6
    shares = [
        p
        for s, a, t, p, _, _ in mdp.rows()
        if a == 1 and int(mdp.state_name(t)) < _cell(mdp, s) + 1
    ]
    assert len(shares) == 5
    for share in shares:
        assert (share * 300).denominator == 1
        assert abs(float(share) - true) < 5 * (true * (1 - true) / 300) ** 0.5
    assert {mdp.visits[s, 1] for s in set(mdp.state.tolist())} == {300}
    assert len(set(shares)) > 1  # each pair has draws of its own
    assert mdp.visits == MDP.from_simulator(made(), samples=300).visits


def _cell(mdp: MDP, state: int) -> int:
    return int(mdp.state_name(state))


@pytest.mark.parametrize("seed", [30, 31])
def test_a_slip_that_does_not_come_again_is_still_random(seed: int) -> None:
    """The first try slips, and no later one: copies do not hold Python's global generator."""

    class SlipsRarely(Line):
        def step(self, action: int) -> Any:
            return super().step(1 - action if random.random() < 0.1 else action)

    assert MDP.from_simulator(SlipsRarely(), seed=seed, samples=2).visits


def test_other_seeds_estimate_other_shares() -> None:
    one, two = (MDP.from_simulator(Slips(), samples=100, seed=seed) for seed in (0, 1))
    assert one.exact_probability != two.exact_probability


def test_a_random_start_is_said_and_estimated() -> None:
    """One seed is one start; samples take as many."""
    mdp = MDP.from_simulator(Scattered())
    assert mdp.start is not None
    assert "reset starts elsewhere" in mdp.remarks[0]
    sampled = MDP.from_simulator(Scattered(), samples=300)
    assert sampled.start is None
    shares = {sampled.state_name(s): p for s, p in sampled.initial_states.items()}
    assert set(shares) == {"0", "1", "2"}
    assert sum(shares.values()) == 1
    assert all(abs(float(p) - 1 / 3) < 5 * (2 / 9 / 300) ** 0.5 for p in shares.values())
    assert rows_by_name(sampled) == line_rows()


def test_time_limits_are_no_part_of_the_model() -> None:
    """A wrapper's and the environment's own are the model's time limit, the lesser counts."""
    assert MDP.from_simulator(Line()).time_limit is None
    assert MDP.from_simulator(CutsByClock()).time_limit == 9
    for steps, least in ((7, 7), (20, 9)):
        wrapped = gym.wrappers.TimeLimit(CutsByClock(), steps)
        assert MDP.from_simulator(wrapped).time_limit == least
        assert rows_by_name(MDP.from_simulator(wrapped)) == line_rows()


def test_a_pair_of_functions_sets_time_limits_along() -> None:
    wrapped = gym.wrappers.TimeLimit(Line(), 7)
    mdp = MDP.from_simulator(
        wrapped, get_state=cell_of, set_state=lambda env, cell: setattr(env.unwrapped, "cell", cell)
    )
    assert mdp.time_limit == 7
    assert rows_by_name(mdp) == line_rows()


@pytest.mark.parametrize("made", [Masked, MaskedInfo])
def test_masked_actions_are_unavailable(made: Any) -> None:
    """All rows but that of going back from cell 0."""
    assert rows_by_name(MDP.from_simulator(made())) == line_rows() - {("0", 0, "0", 1, 0, False)}


def test_a_mask_of_another_size_is_refused() -> None:
    class Short(Line):
        def action_masks(self) -> list[bool]:
            return [True]

    with pytest.raises(ValueError, match="the action mask has 1 entries, and there are 2 actions"):
        MDP.from_simulator(Short())


def test_actions_of_several_parts_are_numbered() -> None:
    """On where both parts are high, back otherwise; actions are named by what they are."""

    class Parts(Line):
        def __init__(self) -> None:
            super().__init__()
            self.action_space = Tuple([Discrete(2), Discrete(2, start=3)])

        def step(self, action: Any) -> Any:
            return super().step(int(action[0] == 1 and action[1] == 4))

    mdp = MDP.from_simulator(Parts())
    assert mdp.action_names == ("(0, 3)", "(0, 4)", "(1, 3)", "(1, 4)")
    ahead = {(s, a) for s, a, t, _, _, _ in mdp.rows() if _cell(mdp, t) > _cell(mdp, s)}
    assert {a for _, a in ahead} == {3}


def test_wrappers_are_simulated_too() -> None:
    """What a wrapper makes of rewards and observations is in the model."""
    env: Any = gym.wrappers.TransformReward(Line(), lambda reward: 3 * reward - 1)
    env = gym.wrappers.TransformObservation(env, lambda cell: 10 * cell, Discrete(51))
    mdp = MDP.from_simulator(env)
    expected = {
        (s + "0" * (s != "0"), a, t + "0" * (t != "0"), p, 3 * r - 1, e)
        for s, a, t, p, r, e in line_rows()
    }
    assert rows_by_name(mdp) == expected


def test_a_reward_function_sees_the_step() -> None:
    """It gets the step in the order of `from_transitions`, and may answer exactly."""

    def reward(before: Any, action: Any, reward: Any, after: Any, terminated: bool) -> Any:
        assert isinstance(terminated, bool)
        return Fraction(int(before) * 100 + int(action) * 10 + int(after), 3) + int(reward)

    mdp = MDP.from_simulator(Line(), reward=reward)
    for s, a, t, _, r, ended in mdp.rows():
        seen = 100 * _cell(mdp, s) + 10 * a + _cell(mdp, t)
        assert r == Fraction(seen, 3) + ended


def test_numbers_are_read_as_asked() -> None:
    """Short, binary, as costs, or as floats."""
    env = gym.wrappers.TransformReward(Line(), lambda reward: 0.1 * reward)
    assert max(MDP.from_simulator(env).exact_reward) == Fraction(1, 10)
    assert max(MDP.from_simulator(env, numbers="binary").exact_reward) == Fraction(0.1)
    assert min(MDP.from_simulator(env, minimise=True).exact_reward) == Fraction(-1, 10)
    numeric = FloatMDP.from_simulator(env)
    assert numeric.r[numeric.state_index("4"), 1] == 0.1
    assert numeric.remarks == MDP.from_simulator(env).remarks


def test_there_may_be_too_many_states() -> None:
    with pytest.raises(
        ValueError, match=r"more than 50 states.*unwrapped.cell.*max_states"
    ) as error:
        MDP.from_simulator(Endless(), max_states=50)
    assert "\n" not in str(error.value)
    assert MDP.from_simulator(Line(), max_states=6).n_states == 6


def test_time_may_run_out() -> None:
    with pytest.raises(BudgetExceeded):
        MDP.from_simulator(Endless(), max_seconds=0.2)


def test_time_may_run_out_before_the_first_state() -> None:
    """Every step looks at the limit, also those of the episodes that are played beforehand."""
    made = []

    class Slow(Line):
        def step(self, action: int) -> Any:
            made.append(action)
            sleep(0.1)
            return super().step(action)

    with pytest.raises(BudgetExceeded):
        MDP.from_simulator(Slow(), max_seconds=0.05)
    assert len(made) == 1


def test_progress_is_told() -> None:
    events: list[Any] = []
    MDP.from_simulator(Line(), progress=events.append)
    assert [event.done for event in events] == [0, 1, 2, 3, 4]
    assert str(events[-1]) == "4 of 5 states explored"


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"key": 3}, TypeError, "key must be a function, got 3"),
    ({"reward": 3}, TypeError, "reward must be a function, got 3"),
    ({"reward": "best"}, ValueError, "reward must be one of sign, got 'best'"),
    ({"reward": lambda *step: "much"}, ValueError, "reward must be a number"),
    ({"reward": lambda *step: None}, TypeError, "reward must be a number, got None"),
    ({"samples": 0}, ValueError, "samples must be >= 1, got 0"),
    ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
    ({"max_states": 0}, ValueError, "max_states must be >= 1, got 0"),
    ({"max_seconds": 0}, ValueError, "max_seconds must be > 0"),
    ({"progress": 1}, TypeError, "progress must be a bool or a function"),
    ({"get_state": cell_of}, TypeError, "get_state and set_state must be two functions"),
    ({"numbers": "long"}, ValueError, "numbers must be one of"),
    ({"key": lambda env: env.nothing}, ValueError, "key raised AttributeError"),
]


@pytest.mark.parametrize(("options", "kind", "message"), WRONG)
def test_a_wrong_argument_is_named(options: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        MDP.from_simulator(Line(), **options)


class Says(Line):
    """Says something in a place."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.said = said

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        return self.said.get("cell", cell), self.said.get("reward", reward), *rest


def itself() -> list[Any]:
    """A list of itself."""
    made: list[Any] = []
    made += [made] * 6
    return made


def test_observations_may_hold_themselves() -> None:
    """Then they have no text, and the fields name the states."""
    mdp = MDP.from_simulator(Says(cell=itself()))
    assert mdp.n_states == 7  # the start shows its number
    assert {mdp.state_name(s).split()[0] for s in range(7)} == {f"cell={c}" for c in range(6)}


@pytest.mark.parametrize("reward", [10**400, "1e400", Fraction(10**400)])
def test_a_reward_beyond_floats_is_refused(reward: Any) -> None:
    with pytest.raises(ValueError, match="^reward must be within the range of floats, got [^\n]*$"):
        MDP.from_simulator(Says(reward=reward))


def test_a_mask_that_raises_is_named() -> None:
    env = Line()
    env.action_masks = lambda: 1 / 0  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"^action_masks\(\) raised ZeroDivisionError"):
        MDP.from_simulator(env)


def test_names_of_actions_that_are_none_are_ignored() -> None:
    env = Line()
    env.action_names = 5  # type: ignore[attr-defined]
    assert MDP.from_simulator(env).action_names is None


@pytest.mark.parametrize("space", [Discrete(10**9), MultiBinary(500), MultiDiscrete([1000, 101])])
def test_actions_may_be_too_many(space: Any) -> None:
    """Before memory is: each of them is tried in every state."""
    env = Line()
    env.action_space = space
    with pytest.raises(ValueError, match="at most 100,000 actions are tried in every state, got "):
        MDP.from_simulator(env)


def test_what_is_no_environment_is_refused() -> None:
    with pytest.raises(TypeError, match="env must be an environment such as gymnasium.make"):
        MDP.from_simulator("FrozenLake-v1")

    class Smooth(Line):
        def __init__(self) -> None:
            super().__init__()
            self.action_space = Box(0, 1)

    with pytest.raises(ValueError, match="actions must be discrete, got Box"):
        MDP.from_simulator(Smooth())


def test_what_cannot_be_copied_names_the_remedy() -> None:
    """A generator object has no copies; the pair of functions does without."""

    class Odd(Line):
        def __init__(self) -> None:
            super().__init__()
            self.parts = (cell for cell in range(3))

    with pytest.raises(TypeError, match=r"cannot be copied .*get_state\(env\) and set_state"):
        MDP.from_simulator(Odd())
    pair = {"get_state": cell_of, "set_state": lambda env, cell: setattr(env, "cell", cell)}
    assert rows_by_name(MDP.from_simulator(Odd(), **pair)) == line_rows()


def test_what_cannot_be_copied_later_names_the_remedy() -> None:
    """A window that opens in the first step, say."""

    class Opens(Line):
        def step(self, action: Any) -> Any:
            self.window = (cell for cell in range(3))
            return super().step(action)

    with pytest.raises(TypeError, match=r"copied after 1 step .*get_state.*render_mode=None"):
        MDP.from_simulator(Opens())


def answering(change: Any) -> gym.Env[Any, Any]:
    """The line, with another answer of `step`."""

    class Answers(Line):
        def step(self, action: Any) -> Any:
            return change(*super().step(action))

    return Answers()


ANSWERS: list[tuple[Any, str]] = [
    (lambda o, r, end, cut, i: (o, r, end, i), r"step\(1\) returns 4 values, .* gym .* wrap"),
    (lambda o, r, end, cut, i: "text", r"step\(1\) returns 1 value, .* gym .* wrap"),
    (lambda o, r, end, cut, i: (o, r, str(end), cut, i), "terminated must be True or .* 'False'"),
    (lambda o, r, end, cut, i: (o, r, 0.5, cut, i), "terminated must be True or False, got 0.5"),
    (lambda o, r, end, cut, i: (o, r, end, None, i), "truncated must be True or False, got None"),
    (lambda o, r, end, cut, i: (o, np.nan, end, cut, i), r"step\(1\) pays nan: must be finite"),
]


@pytest.mark.parametrize(("change", "message"), ANSWERS)
def test_an_answer_of_another_kind_is_refused(change: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message) as error:
        MDP.from_simulator(answering(change))
    assert "\n" not in str(error.value)


def test_answers_of_numpy_and_bools_are_numbers() -> None:
    """A reward of True is 1, and so is an end of 1."""
    env = answering(lambda o, r, end, cut, i: (o, bool(r), np.int64(end), np.bool_(cut), i))
    assert rows_by_name(MDP.from_simulator(env)) == line_rows()


def test_reset_of_another_kind_is_refused() -> None:
    class WithoutSeed(Line):
        def reset(self) -> Any:  # type: ignore[override]
            return "text"

    class Text(Line):
        def reset(self, **options: Any) -> Any:
            return "ab"

    with pytest.raises(
        ValueError, match=r"argument 'seed': this is the interface of gym .* wrap it"
    ):
        MDP.from_simulator(WithoutSeed())
    with pytest.raises(ValueError, match=r"a pair of observation and info: this .* wrap it"):
        MDP.from_simulator(Text())


def test_an_action_that_raises_names_the_mask() -> None:
    class Refuses(Line):
        def step(self, action: Any) -> Any:
            if self.cell == 0 == action:
                raise ValueError("a wall")
            return super().step(action)

    message = r"step\(0\) raised ValueError: a wall, 0 being seen: .*by a mask"
    with pytest.raises(ValueError, match=message):
        MDP.from_simulator(Refuses())


def test_a_hash_of_something_is_not_that_of_the_state() -> None:
    class Hashes(Line):
        def hash(self, size: int) -> int:
            return size

    mdp = MDP.from_simulator(Hashes())
    assert mdp.remarks == ()
    assert rows_by_name(mdp) == line_rows()


def test_remarks_say_how_much_was_looked_at() -> None:
    class Stuck(Line):
        def action_masks(self) -> list[bool]:
            return [self.cell != 2] * 2

    assert MDP.from_simulator(Stuck()).remarks == (
        "no action is available in state 2: absorbing with reward 0",
    )
    (remark,) = MDP.from_simulator(DrawsOnly()).remarks
    assert remark == "10 actions draw random numbers, which had no effect in 101 tries of each"
    (remark,) = MDP.from_simulator(ScatteredRarely()).remarks
    assert remark == "reset draws random numbers, but starts alike with 5 other seeds"


def test_an_error_of_the_environment_is_its_own() -> None:
    class Breaks(Line):
        def step(self, action: Any) -> Any:
            if self.cell == 2:
                raise KeyError("two")
            return super().step(action)

    with pytest.raises(ValueError, match=r"step\(\d\) raised KeyError: 'two'"):
        MDP.from_simulator(Breaks())


def test_errors_of_gymnasium_and_prints_are_kept_short(capsys: Any) -> None:
    """An error in no code of the user's is one line as well, and nothing is printed."""

    class Prints(Line):
        def step(self, action: Any) -> Any:
            print("a step")
            return super().step(action)

    assert rows_by_name(MDP.from_simulator(Prints())) == line_rows()
    refusing = gym.wrappers.OrderEnforcing(Line())
    refusing.reset = lambda **options: (0, {})  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=r"^step\(\d\) raised .*ResetNeeded: Cannot call"):
        MDP.from_simulator(refusing)
    assert capsys.readouterr() == ("", "")


def test_names_are_short_and_distinct() -> None:
    """Long observations are named by the fields that vary; equal names are numbered."""

    class Wide(Line):
        def reset(self, **options: Any) -> Any:
            self.bag = {0}
            return self.shown(), super().reset(**options)[1]

        def shown(self) -> Any:
            return np.full(100, self.cell)

        def step(self, action: Any) -> Any:
            _, *rest = super().step(action)
            self.bag.add(self.cell)
            return self.shown(), *rest

    mdp = MDP.from_simulator(Wide())
    assert mdp.state_names is not None
    assert len(set(mdp.state_names)) == mdp.n_states
    assert mdp.state_names[0] == "cell=0"
    assert {name.split(" ")[0] for name in mdp.state_names} == {f"cell={c}" for c in range(6)}


@pytest.fixture(scope="module")
def minigrid() -> None:
    pytest.importorskip("minigrid", reason="it is heavy, with pygame", exc_type=ImportError)


@pytest.mark.usefixtures("minigrid")
def test_minigrid_pays_by_the_clock() -> None:
    """1 - 0.9 steps / max_steps is found, and named with the remedy."""
    env = gym.make("MiniGrid-Empty-5x5-v0")
    with pytest.raises(ValueError, match=r"it pays 0\.\d+ after .*unwrapped.step_count.*reward="):
        MDP.from_simulator(env)


@pytest.mark.usefixtures("minigrid")
def test_minigrid_empty_is_its_rule() -> None:
    """Nine cells, four directions, the goal in the corner: rows by the rule of the game."""
    mdp = MDP.from_simulator(gym.make("MiniGrid-Empty-5x5-v0"), reward="sign")
    assert mdp.time_limit == 100
    assert mdp.action_names is not None
    ahead = {0: (1, 0), 1: (0, 1), 2: (-1, 0), 3: (0, -1)}
    rows: Rows = set()
    for x in range(1, 4):
        for y in range(1, 4):
            if (x, y) == (3, 3):
                continue
            for d, (dx, dy) in ahead.items():
                to = (x + dx, y + dy)
                inside = 1 <= to[0] <= 3 and 1 <= to[1] <= 3
                ways = [(x, y, (d - 1) % 4), (x, y, (d + 1) % 4), (*to, d) if inside else (x, y, d)]
                for a, way in enumerate([*ways, *[(x, y, d)] * 4]):
                    ended = way[:2] == (3, 3)
                    rows.add((_named(x, y, d), a, _named(*way), 1, int(ended), ended))
    assert rows_by_name(mdp) == rows


def _named(x: int, y: int, direction: int) -> str:
    return f"agent_pos=({x}, {y}) agent_dir={direction}"
