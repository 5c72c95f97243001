"""Grid worlds against what is published of them, and against a second program."""

from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay import MDP, optimal_actions, undiscounted, value_iteration
from qdecay_envs import PRESETS, GridLayout, GridWorldEnv
from qdecay_envs.testing import check_tabular_env

AROUND = {"up": 1j, "right": 1, "down": -1j, "left": -1}
Row = Mapping[tuple[str, Fraction, bool], Fraction]


def by_hand(
    cells: list[list[str]],
    legend: Mapping[str, Mapping[str, Any]],
    living: Fraction,
    noise: Fraction,
    bump: Fraction | None,
    wind: list[int],
    entering: bool,
) -> dict[tuple[str, str], Row]:
    """Return the rows of a grid by the names of states and actions: a second program.

    Places are complex numbers, counted from the lower left, as the names are.
    """
    world = {
        complex(x + 1, len(cells) - y): text
        for y, line in enumerate(cells)
        for x, text in enumerate(line)
        if text != "#"
    }

    def what(place: complex) -> Mapping[str, Any]:
        text = world[place]
        return {"reward": text, "end": True} if text[0] in "+-" else legend.get(text, {})

    def name(place: complex) -> str:
        return f"({place.real:.0f}, {place.imag:.0f})"

    def pays(place: complex) -> Fraction:
        return Fraction(what(place).get("reward", living))

    def goal(place: complex) -> complex:
        (target,) = (p for p, text in world.items() if text == what(place)["to"])
        return target

    def step(place: complex, way: complex) -> tuple[str, Fraction, bool]:
        up = int(way.imag) + wind[int(place.real) - 1]
        ahead = [way.real] if way.real else []
        ahead += [1j if up > 0 else -1j] * abs(up)
        end = place
        for one in ahead:
            end = end + one if end + one in world else end
        blocked = end != place + way.real + 1j * up
        reward = pays(end if entering else place)
        if bump is not None and blocked and end == place:
            reward = bump
        if not entering:
            return name(end), reward, False
        return name(goal(end) if "to" in what(end) else end), reward, bool(what(end).get("end"))

    found = {}
    for place in world:
        here = what(place)
        if entering and "to" in here:
            continue
        for action, way in AROUND.items():
            if here.get("end"):
                last = Fraction(0 if entering else here.get("reward", 0))
                row: Row = {(name(place), last, True): Fraction(1)}
            elif "to" in here:
                row = {(name(goal(place)), pays(place), False): Fraction(1)}
            else:
                chances: Counter[tuple[str, Fraction, bool]] = Counter()
                for turn, chance in ((1, 1 - noise), (1j, noise / 2), (-1j, noise / 2)):
                    chances[step(place, way * turn)] += chance  # type: ignore[assignment]
                row = {outcome: p for outcome, p in chances.items() if p}  # type: ignore[misc]
            found[name(place), action] = row
    return found


def table_of(env: GridWorldEnv) -> dict[tuple[str, str], Row]:
    """Return the rows of an environment by name."""
    states, actions = env.state_names, env.action_names
    assert states is not None and actions is not None
    return {
        (states[s], actions[a]): {(states[t], r, end): p for p, t, r, end in row}
        for s, rows in enumerate(env.P_exact)
        for a, row in enumerate(rows)
    }


LEGEND = {"r": {"reward": -3}, "A": {"reward": "5/2", "to": "S"}, "J": {"to": "m"}, "m": {}}
LEGEND["G"] = {"end": True}  # type: ignore[dict-item]
numbers = st.fractions(-3, 3, max_denominator=7)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Any, ...]:
    """A small grid as a list of cells, with its numbers."""
    width, height = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    texts = st.sampled_from([" ", ".", " ", "#", "+1", "-1/2", "r", "A", "G"])
    cells = [[draw(texts) for _ in range(width)] for _ in range(height)]
    places = [(y, x) for y in range(height) for x in range(width)]
    start, *others = draw(st.permutations(places))
    for text, (y, x) in zip("SmJ"[: draw(st.sampled_from([1, 3]))], [start, *others], strict=False):
        cells[y][x] = text
    if len(others) == 1:
        cells[others[0][0]][others[0][1]] = " "  # J needs m
    bump = draw(st.none() | numbers)
    wind = draw(st.lists(st.integers(-2, 2), min_size=width, max_size=width))
    noise = draw(st.sampled_from([Fraction(0), Fraction(1, 5), Fraction(1)]))
    return cells, draw(numbers), noise, bump, wind, draw(st.booleans())


@given(worlds())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_tables_are_those_of_a_second_program(world: tuple[Any, ...]) -> None:
    """Ends, jumps, costs, walls, bumps, noise and wind, on leaving and on entering."""
    cells, living, noise, bump, wind, entering = world
    used = {text for line in cells for text in line}
    legend = {text: entry for text, entry in LEGEND.items() if text in used}
    env = GridWorldEnv(
        GridLayout(["".join(line) for line in cells], legend),
        living_reward=living,
        noise=noise,
        bump_reward=bump,
        wind=wind,
        acts_on="entering" if entering else "leaving",
    )
    assert table_of(env) == by_hand(cells, legend, living, noise, bump, wind, entering)


BY_HAND: dict[str, Callable[[], dict[tuple[str, str], Row]]] = {
    "AIMA4x3": lambda: by_hand(
        [[*"   ", "+1"], [*" # ", "-1"], [*"S   "]],
        {}, Fraction("-0.04"), Fraction("0.2"), None, [0] * 4, False,
    ),
    "AIMA3x3": lambda: by_hand(
        [["r", " ", "+10"], list("   "), list("S  ")],
        {"r": {"reward": -3}}, Fraction(-1), Fraction("0.2"), None, [0] * 3, False,
    ),
    "DiscountGrid": lambda: by_hand(
        [list("     "), list(" #   "), [" ", "#", "+1", "#", "+10"], list("S    "), ["-10"] * 5],
        {}, Fraction(0), Fraction("0.2"), None, [0] * 5, False,
    ),
    "BridgeGrid": lambda: by_hand(
        [["#", *["-100"] * 5, "#"], ["+1", "S", *"    ", "+10"], ["#", *["-100"] * 5, "#"]],
        {}, Fraction(0), Fraction("0.2"), None, [0] * 7, False,
    ),
    "WindyGrid": lambda: by_hand(
        [list(" " * 10)] * 3 + [list("S      G  ")] + [list(" " * 10)] * 3,
        {"G": {"end": True}}, Fraction(-1), Fraction(0), None,
        [0, 0, 0, 1, 1, 1, 2, 2, 1, 0], True,
    ),
    "CliffGrid": lambda: by_hand(
        [list(" " * 12)] * 3 + [list("SCCCCCCCCCCG")],
        {"C": {"reward": -100, "to": "S"}, "G": {"end": True}},
        Fraction(-1), Fraction(0), None, [0] * 12, True,
    ),
    "CornersGrid": lambda: by_hand(
        [list("T  S"), list("    "), list("    "), list("   T")],
        {"T": {"end": True}}, Fraction(-1), Fraction(0), None, [0] * 4, True,
    ),
    "JumpGrid": lambda: by_hand(
        [list(" A B "), list("     "), list("   b "), list("     "), list("Sa   ")],
        {"A": {"reward": 10, "to": "a"}, "B": {"reward": 5, "to": "b"}},
        Fraction(0), Fraction(0), Fraction(-1), [0] * 5, False,
    ),
}  # fmt: skip


def test_the_presets_are_the_published_grids() -> None:
    """Each by its own description, through the second program; an id plays its own."""
    assert BY_HAND.keys() == PRESETS.keys()
    for name, hand in BY_HAND.items():
        env: Any = gym.make(f"qdecay/{name}-v0").unwrapped
        assert table_of(env) == hand(), name


def of(name: str, **numbers: Any) -> MDP:
    return MDP.from_env(GridWorldEnv(name, **numbers))


def by_name(mdp: MDP, values: Any) -> dict[str, Any]:
    assert mdp.state_names is not None
    return dict(zip(mdp.state_names, values, strict=True))


def test_aima_prints_these_utilities() -> None:
    """Figure 17.3 of the 3rd edition: R(s) = -0.04, gamma = 1."""
    mdp = of("AIMA4x3")
    found = by_name(mdp, undiscounted(mdp).value)
    printed = {
        "(1, 3)": 0.812, "(2, 3)": 0.868, "(3, 3)": 0.918, "(4, 3)": 1,
        "(1, 2)": 0.762, "(3, 2)": 0.660, "(4, 2)": -1,
        "(1, 1)": 0.705, "(2, 1)": 0.655, "(3, 1)": 0.611, "(4, 1)": 0.388,
    }  # fmt: skip
    assert {place: round(float(value), 3) for place, value in found.items()} == printed


def test_the_fourth_edition_pays_on_entering() -> None:
    """An end is then worth its reward alone: 0.04 more wherever the last step pays no living."""
    on_leaving, on_entering = of("AIMA4x3"), of("AIMA4x3", acts_on="entering")
    before = by_name(on_leaving, undiscounted(on_leaving).value)
    after = by_name(on_entering, undiscounted(on_entering).value)
    for place in before:
        extra = 0 if place in ("(4, 2)", "(4, 3)") else Fraction(1, 25)
        ends = {"(4, 2)": -1, "(4, 3)": 1}
        assert after[place] == (0 if place in ends else before[place] + extra)


@pytest.mark.parametrize("value", ["-20736/243985", "-32/1445"])
def test_aimas_policy_changes_at_the_known_living_rewards(value: str) -> None:
    """At both what is optimal left and right is optimal; around them nothing changes."""
    near, nearer = Fraction(1, 10**4), Fraction(1, 10**9)

    def sets(shift: Fraction) -> tuple[tuple[int, ...], ...]:
        return undiscounted(of("AIMA4x3", living_reward=Fraction(value) + shift)).optimal_actions

    left, here, right = sets(-nearer), sets(Fraction(0)), sets(nearer)
    assert left != right
    assert (sets(-near), sets(near)) == (left, right)
    for a, b, c in zip(left, here, right, strict=True):
        assert set(b) == set(a) | set(c)


ARROWS: dict[int, str] = {
    -100: "RR. DRU RRU",
    -3: "RR. RRU RRU",
    0: "RR. UUU UUU",
    3: "LL. ULD ULL",
}


@pytest.mark.parametrize("reward", ARROWS)
def test_the_three_by_three_world(reward: int) -> None:
    """The policies by value iteration on R(s) and the neighbours alone, written here."""
    places = [(x, y) for y in (3, 2, 1) for x in (1, 2, 3)]
    pays = dict.fromkeys(places, -1.0) | {(1, 3): float(reward), (3, 3): 10.0}
    ways = {"U": (0, 1), "R": (1, 0), "D": (0, -1), "L": (-1, 0)}
    value = dict.fromkeys(places, 0.0)

    def went(place: tuple[int, int], way: str) -> float:
        there = (place[0] + ways[way][0], place[1] + ways[way][1])
        return value[there if there in value else place]

    def worth(place: tuple[int, int], way: str) -> float:
        sides = "UD" if way in "LR" else "LR"
        return 0.8 * went(place, way) + 0.1 * sum(went(place, side) for side in sides)

    for _ in range(3_000):
        value = {
            place: pays[place]
            + (0 if place == (3, 3) else 0.99 * max(worth(place, way) for way in ways))
            for place in places
        }
    best = [max(ways, key=lambda way, at=place: worth(at, way)) for place in places]  # type: ignore[misc]
    mdp = of("AIMA3x3", rewards={"r": reward})
    assert value_iteration(mdp, 0.99).v == pytest.approx(list(value.values()), abs=1e-6)
    letters = ARROWS[reward].replace(" ", "")
    for arrow, own, optimal in zip(letters, best, optimal_actions(mdp, "99/100"), strict=True):
        if arrow == ".":
            assert len(optimal) == 4
        else:
            assert "URDL".index(arrow) in optimal
            assert "URDL".index(own) in optimal


CLOSE, FAR = "(3, 3)", "(5, 3)"
BEHAVIOURS = [
    ("3/10", 0, -1, CLOSE, True),
    ("3/10", "1/5", 0, CLOSE, False),
    ("9/10", 0, -1, FAR, True),
    ("9/10", "1/5", 0, FAR, False),
    ("9/10", 0, 1, None, False),
]


@pytest.mark.parametrize(("gamma", "noise", "living", "exit_", "risks"), BEHAVIOURS)
def test_the_discount_grid_shows_its_five_behaviours(
    gamma: str, noise: Any, living: int, exit_: str | None, risks: bool
) -> None:
    """The near or the far exit, along the cliff or not, or none of them for ever."""
    path = likely_path(of("DiscountGrid", noise=noise, living_reward=living), gamma)
    assert (path[-1] == exit_) if exit_ else (path[-1] == path[-2])
    assert any(place in ("(2, 2)", "(3, 2)", "(4, 2)") for place in path) is risks


def test_the_bridge_is_crossed_where_noise_is_small() -> None:
    """At gamma 0.9: without noise and with one in a hundred, not with one in five."""
    ends = {noise: likely_path(of("BridgeGrid", noise=noise), "9/10")[-1] for noise in (0, "1/100")}
    assert ends == {0: "(7, 2)", "1/100": "(7, 2)"}
    assert likely_path(of("BridgeGrid"), "9/10")[-1] == "(1, 2)"


def likely_path(mdp: MDP, gamma: str) -> list[str]:
    """The places of the likeliest outcomes of best actions, up to an end or 30 steps."""
    best = optimal_actions(mdp, gamma)
    assert mdp.start is not None
    state, path = mdp.start, [mdp.state_name(mdp.start)]
    for _ in range(30):
        outcomes = [
            (p, t, ends) for s, a, t, p, _, ends in mdp.rows() if (s, a) == (state, best[state][0])
        ]
        _, state, ends = max(outcomes)
        if ends:
            break
        path.append(mdp.state_name(state))
    return path


def test_wind_and_cliff_take_the_known_number_of_steps() -> None:
    """15 steps to the goal in the wind, 13 along the edge of the cliff, by breadth first search."""
    for name, steps in (("WindyGrid", 15), ("CliffGrid", 13)):
        env = GridWorldEnv(name)
        reached, depth = {env.start}, 0
        over = False
        while not over:
            depth += 1
            outcomes = [row[0] for s in reached for row in env.P_exact[s]]
            over = any(ends for *_, ends in outcomes)
            reached = {t for _, t, reward, _ in outcomes if reward > -100}
        assert depth == steps
        assert undiscounted(MDP.from_env(env)).value[env.start] == -steps


RANDOM = [[0, -14, -20, -22], [-14, -18, -20, -20], [-20, -20, -18, -14], [-22, -20, -14, 0]]
BEST = [[0, -1, -2, -3], [-1, -2, -3, -2], [-2, -3, -2, -1], [-3, -2, -1, 0]]


def uniformly(env: GridWorldEnv, gamma: float) -> Any:
    """The values of the uniformly random policy, by a linear solve."""
    n = len(env.P)
    matrix, reward = np.eye(n), np.zeros(n)
    for s, rows in enumerate(env.P):
        for row in rows:
            for p, t, r, ends in row:
                reward[s] += p * r / 4
                matrix[s, t] -= 0 if ends else gamma * p / 4
    return np.linalg.solve(matrix, reward)


def test_the_corners_are_worth_what_figure_4_1_says() -> None:
    """Sutton and Barto, figure 4.1: the random policy, and the best."""
    env = GridWorldEnv("CornersGrid")
    assert uniformly(env, 1.0).reshape(4, 4) == pytest.approx(np.array(RANDOM))
    values = undiscounted(MDP.from_env(env)).value
    assert [int(v) for v in values] == [v for row in BEST for v in row]  # type: ignore[arg-type]


OPTIMAL = """
22.0 24.4 22.0 19.4 17.5
19.8 22.0 19.8 17.8 16.0
17.8 19.8 17.8 16.0 14.4
16.0 17.8 16.0 14.4 13.0
14.4 16.0 14.4 13.0 11.7"""
AT_RANDOM = """
 3.3  8.8  4.4  5.3  1.5
 1.5  3.0  2.3  1.9  0.5
 0.1  0.7  0.7  0.4 -0.4
-1.0 -0.4 -0.4 -0.6 -1.2
-1.9 -1.3 -1.2 -1.4 -2.0"""


def test_the_jumps_are_worth_what_figures_3_2_and_3_5_say() -> None:
    """Sutton and Barto, gamma 0.9: the random policy, and the best."""
    env = GridWorldEnv("JumpGrid")
    for values, printed in (
        (uniformly(env, 0.9), AT_RANDOM),
        (value_iteration(MDP.from_env(env), 0.9).v, OPTIMAL),
    ):
        assert values == pytest.approx([float(v) for v in printed.split()], abs=0.051)


def test_the_ways_to_name_a_grid_are_one() -> None:
    """A layout, its document, its rows and its name make the same environment."""
    layout = PRESETS["AIMA4x3"]
    numbers: Any = {"living_reward": "-0.04", "noise": 0.2}
    made = [
        GridWorldEnv(layout),
        GridWorldEnv(layout.to_json()),
        GridWorldEnv(list(layout.map), **numbers),
        GridWorldEnv("AIMA4x3"),
        gym.make("qdecay/GridWorld-v0", grid="AIMA4x3").unwrapped,
    ]
    assert {env.grid for env in made} == {layout}


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (None, r'got none: try grid=\["\.\.\.\+1", "\.#\.-1", "S\.\.\."\]'),
        (3, "grid must be .* got 3"),
        ("AIMA5x5", "grid must be one of AIMA4x3, AIMA3x3, .* got 'AIMA5x5'"),
        ({"map": ["S"]}, 'not a grid: "schema" must be'),
    ],
)
def test_a_grid_that_is_none_is_refused(grid: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        GridWorldEnv(grid)
    assert len(str(caught.value).splitlines()) == 1


def test_any_grid_keeps_the_contract() -> None:
    """One with everything, on leaving and on entering."""
    grid = GridLayout(
        ["A r +1", "S#.J ", "Gm -1/3 "],
        {"A": {"reward": "5/2", "to": "S"}, "J": {"to": "m"}, "m": {}, "r": {"reward": -3},
         "G": {"end": True}},
        living_reward="-1/25", noise="1/5", bump_reward=-1, wind=[0, 1, 0, -1, 0],
    )  # fmt: skip
    for acts_on in ("leaving", "entering"):
        check_tabular_env(GridWorldEnv(grid, acts_on=acts_on), steps=2_000, strict_end=True)  # type: ignore[arg-type]


def test_a_picture_shows_the_map_and_the_agent() -> None:
    """The rows as typed, the wind, the legend, the last step; a large map is cut."""
    env = GridWorldEnv(
        GridLayout(["C  +1", "S#  "], {"C": {"reward": -5, "to": "S"}}, wind=[0, 0, -1, 0]),
        acts_on="entering", render_mode="ansi",
    )  # fmt: skip
    env.reset(seed=0)
    assert env.render().splitlines() == [
        "  C   .   .  +1",
        "[ S]  #   .   .",
        "  0   0  -1   0  wind, in cells upwards",
        "C: reward -5, to S",
        "at the start",
    ]
    env.step(0)
    assert env.render().splitlines()[-1] == "up, reward -5"
    wide = GridWorldEnv([" " * 40 + "S"] + [" " * 41] * 29, render_mode="ansi")
    wide.reset(seed=0)
    lines = wide.render().splitlines()
    assert len(lines) == 14
    assert max(map(len, lines)) < 80


def test_a_cell_that_takes_time() -> None:
    """The short way through mud of 3 steps against the long way round: V = gamma^steps."""
    document = {
        "schema": "qdecay.grid/1",
        "map": ["S", "m", "G"],
        "legend": {"m": {"duration": 3}, "G": {"reward": 8, "end": True}},
    }
    for acts_on, steps in (("leaving", (4, 3)), ("entering", (3, 0))):
        grid = GridLayout.from_json({**document, "acts_on": acts_on})
        assert GridLayout.from_json(grid.to_json()) == grid
        env = GridWorldEnv(grid)
        env.reset()
        lasted = [env.step(2)[-1]["duration"] for _ in range(2)]
        assert lasted == ([1, 3] if acts_on == "leaving" else [3, 1])
        values = value_iteration(MDP.from_env(env), 0.5, tol=1e-12).v
        assert np.allclose(values[:2], 8 * 0.5 ** np.array(steps, dtype=float))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"duration": 0}, "duration"),
        ({"duration": 2.5}, "duration"),
        ({"duration": True}, "duration"),
        ({"duration": 2, "end": True}, "takes no time"),
    ],
)
def test_durations_that_are_none(entry: dict[str, Any], message: str) -> None:
    """One line that names the entry."""
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        GridLayout(["Sx"], {"x": entry})
    assert "legend: 'x'" in str(caught.value)
