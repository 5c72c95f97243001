"""Models that tests describe once and write in each format that model checkers have.

The writers restate what PRISM, Storm and the specification of UMB say of the formats; numbers are
written as the model has them: fractions, or texts.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from qdecay import MDP

Number = Fraction | int | str


@dataclass(frozen=True)
class Rewards:
    """A reward structure: of states, and of choices by state and number."""

    states: Mapping[int, Number] = field(default_factory=dict)
    choices: Mapping[tuple[int, int], Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """States with choices, a name and the probabilities of next states each.

    A chain is a model with one choice in each state, which files do not mention.
    """

    choices: tuple[tuple[tuple[str, Mapping[int, Number]], ...], ...]
    rewards: Mapping[str, Rewards]
    start: int = 0
    is_chain: bool = False

    def branches(self) -> Iterator[tuple[int, int, str, int, Number]]:
        """State, number of the choice, its name, next state, probability."""
        for state, choices in enumerate(self.choices):
            for number, (name, successors) in enumerate(choices):
                for target, p in successors.items():
                    yield state, number, name, target, p

    def by_hand(self, structure: str, numbers: Callable[[Number], Fraction] = Fraction) -> MDP:
        """The model with one of its structures, made of rows."""
        names = list(dict.fromkeys(name for _, _, name, _, _ in self.branches()))
        paid = self.rewards[structure]
        rows = [
            (
                state,
                number if self.is_chain else names.index(name),
                target,
                numbers(p),
                numbers(paid.states.get(state, 0)) + numbers(paid.choices.get((state, number), 0)),
                False,
            )
            for state, number, name, target, p in self.branches()
        ]
        return MDP.from_rows(
            rows,
            n_states=len(self.choices),
            n_actions=1 if self.is_chain else len(names),
            start=self.start,
            action_names=None if self.is_chain else names,
        )

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of states, choices and branches."""
        return len(self.choices), sum(map(len, self.choices)), len(list(self.branches()))


def _section(title: str, kind: str, header: Iterable[int], lines: list[str]) -> str:
    sizes = " ".join(map(str, [*header, len(lines)]))
    return "\n".join([f'# Reward structure "{title}"', f"# {kind} rewards", sizes, *lines, ""])


def prism_rewards(model: Model, title: str) -> tuple[str, str]:
    """The texts of a structure's .srew and .trew."""
    n_states, n_choices, _ = model.sizes
    paid = model.rewards[title]
    states = [f"{state} {reward}" for state, reward in paid.states.items()]
    moves = [
        f"{state} {number} {target} {paid.choices[state, number]}"
        for state, number, _, target, _ in model.branches()
        if (state, number) in paid.choices
    ]
    return (
        _section(title, "State", [n_states], states),
        _section(title, "Transition", [n_states, n_choices], moves),
    )


def prism_files(model: Model) -> dict[str, str]:
    """What `-exportmodel m.all` writes, by the ends of the names."""
    sizes = " ".join(map(str, model.sizes))
    lines = [f"{s} {k} {t} {p} {name}" for s, k, name, t, p in model.branches()]
    files = {
        ".tra": "\n".join(["# Transitions (MDP)", sizes, *lines, ""]),
        ".lab": f'# Labels\n0="init" 1="deadlock"\n{model.start}: 0\n',
    }
    for place, title in enumerate(model.rewards, 1):
        number = str(place) if len(model.rewards) > 1 else ""
        files[f"{number}.srew"], files[f"{number}.trew"] = prism_rewards(model, title)
    return files


def prism_rows(model: Model) -> dict[str, str]:
    """The same with `-exportrows`: the line of a choice says which state, not which choice."""
    sizes = model.sizes
    moves = [" ".join(map(str, sizes))]
    for state, choices in enumerate(model.choices):
        for name, successors in choices:
            entries = " ".join(f"{p}:{target}" for target, p in successors.items())
            moves.append(f"{state} {entries} {name}")
    files = {**prism_files(model), ".tra": "\n".join([*moves, ""])}
    for place, paid in enumerate(model.rewards.values(), 1):
        number = str(place) if len(model.rewards) > 1 else ""
        lines, count = [], 0
        for state, choices in enumerate(model.choices):
            for choice, (_, successors) in enumerate(choices):
                reward = paid.choices.get((state, choice))
                entries = "" if reward is None else " ".join(f"{reward}:{t}" for t in successors)
                count += len(entries.split())
                lines.append(f"{state} {entries}")
        files[f"{number}.trew"] = "\n".join([f"{sizes[0]} {sizes[1]} {count}", *lines, ""])
    return files


def prism_combined(model: Model) -> dict[str, str]:
    """All in one file, as `-exportmodel m.pexp` writes it."""
    files = prism_files(model)
    rewards = [text for title in model.rewards for text in prism_rewards(model, title)]
    states = "\n".join(["# States", "(s)", *(f"{s}:({s})" for s in range(model.sizes[0])), ""])
    return {".pexp": "\n".join([files[".tra"], states, files[".lab"], *rewards])}


def storm_files(model: Model) -> dict[str, str]:
    """Storm's explicit text, with the files of rewards named as its examples are."""
    kind = "dtmc" if model.is_chain else "mdp"
    lines = [
        f"{s} {t} {p}" if model.is_chain else f"{s} {k} {t} {p} {name}"
        for s, k, name, t, p in model.branches()
    ]
    files = {
        ".tra": "\n".join([kind, *lines, ""]),
        ".lab": f"#DECLARATION\ninit deadlock\n#END\n{model.start} init\n",
    }
    for title, paid in model.rewards.items():
        middle = f".{title}" if len(model.rewards) > 1 else ""
        if paid.states:
            states = [f"{state} {reward}" for state, reward in sorted(paid.states.items())]
            files[f"{middle}.state.rew"] = "\n".join([*states, ""])
        if paid.choices:
            moves = [
                f"{s} {t} {paid.choices[s, k]}"
                if model.is_chain
                else f"{s} {k} {t} {paid.choices[s, k]}"
                for s, k, _, t, _ in model.branches()
                if (s, k) in paid.choices
            ]
            files[f"{middle}.trans.rew"] = "\n".join([*moves, ""])
    return files


def drn_file(model: Model) -> dict[str, str]:
    """Storm's direct encoding."""
    n_states, n_choices, _ = model.sizes
    lines = [
        "// Exported by storm",
        f"@type: {'DTMC' if model.is_chain else 'MDP'}",
        "@value_type: rational",
        "@parameters",
        "",
        "@reward_models",
        " ".join(model.rewards) + " ",
        "@nr_states",
        str(n_states),
        "@nr_choices",
        str(n_choices),
        "@model",
    ]
    for state, choices in enumerate(model.choices):
        rewards = ", ".join(str(paid.states.get(state, 0)) for paid in model.rewards.values())
        lines.append(f"state {state} [{rewards}]" + " init" * (state == model.start))
        for number, (name, successors) in enumerate(choices):
            rewards = ", ".join(
                str(paid.choices.get((state, number), 0)) for paid in model.rewards.values()
            )
            lines.append(f"\taction {number if model.is_chain else name} [{rewards}]")
            lines += [f"\t\t{target} : {p}" for target, p in successors.items()]
    return {".drn": "\n".join([*lines, ""])}


TEXTS = {
    "prism": prism_files,
    "rows": prism_rows,
    "pexp": prism_combined,
    "storm": storm_files,
    "drn": drn_file,
}
"""What writes a model, by format."""


def write_texts(files: Mapping[str, str], folder: Path, stem: str = "m") -> Path:
    """Write files by the ends of their names; return the one with the transitions."""
    for end, text in files.items():
        (folder / f"{stem}{end}").write_text(text)
    (main,) = {".tra", ".pexp", ".drn"} & files.keys()
    return folder / f"{stem}{main}"


def umb_members(model: Model, kind: str = "rational") -> dict[str, bytes]:
    """The members of the model's UMB file; rewards of choices are those of choices."""
    n_states, n_choices, n_branches = model.sizes
    names = list(dict.fromkeys(name for choices in model.choices for name, _ in choices))
    strings = [name.encode() for name in names]
    pairs = [(s, k) for s, choices in enumerate(model.choices) for k in range(len(choices))]
    sizes = [len(successors) for choices in model.choices for _, successors in choices]
    type_ = {"type": kind, "size": 128 if kind == "rational" else 64}

    def numbers(values: Iterable[Number]) -> bytes:
        if kind == "double":
            return np.array([float(Fraction(value)) for value in values], "<f8").tobytes()
        ratios = [Fraction(value).as_integer_ratio() for value in values]
        return np.array(ratios, "<i8").tobytes()

    def bounds(counts: Iterable[int]) -> bytes:
        return np.cumsum([0, *counts]).astype("<u8").tobytes()

    index = {
        "format-version": 1,
        "format-revision": 0,
        "transition-system": {
            "time": "discrete",
            "#players": 0 if model.is_chain else 1,
            "#states": n_states,
            "#initial-states": 1,
            "#choices": n_choices,
            "#choice-actions": len(names),
            "#branches": n_branches,
            "#branch-actions": 0,
            "#observations": 0,
            "branch-probability-type": type_,
        },
        "annotations": {
            "rewards": {
                f"r{place}": {"alias": title, "applies-to": ["states", "choices"], "type": type_}
                for place, title in enumerate(model.rewards)
            }
        },
    }
    initial = 1 << model.start
    members = {
        "index.json": json.dumps(index).encode(),
        "state-is-initial.bin": initial.to_bytes(-(-n_states // 64) * 8, "little"),
        "state-to-choices.bin": bounds(map(len, model.choices)),
        "choice-to-branches.bin": bounds(sizes),
        "branch-to-target.bin": np.array([t for *_, t, _ in model.branches()], "<u8").tobytes(),
        "branch-to-probability.bin": numbers(p for *_, p in model.branches()),
        "actions/choices/values.bin": np.array(
            [names.index(model.choices[s][k][0]) for s, k in pairs], "<u4"
        ).tobytes(),
        "actions/choices/string-mapping.bin": bounds(map(len, strings)),
        "actions/choices/strings.bin": b"".join(strings),
    }
    for place, paid in enumerate(model.rewards.values()):
        folder = f"annotations/rewards/r{place}"
        states = [paid.states.get(state, 0) for state in range(n_states)]
        members[f"{folder}/states/values.bin"] = numbers(states)
        members[f"{folder}/choices/values.bin"] = numbers(paid.choices.get(k, 0) for k in pairs)
    return members


def packed(members: Mapping[str, bytes], mode: Any = "gz") -> bytes:
    """An archive of members, compressed or not."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{mode}") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def _robot() -> Model:
    """A robot that slips on a floor of 2 x 3 rooms, as in PRISM's lectures: its own restatement.

    0 1 2 in the upper row, 3 4 5 below; it starts in 0, 2 and 3 are ends. Time is the steps, energy
    what they take, and moves those that are no rest.
    """
    tenths = {n: Fraction(n, 10) for n in range(11)}
    choices = (
        (
            ("south", {1: tenths[1], 3: tenths[8], 4: tenths[1]}),
            ("east", {0: tenths[4], 1: tenths[6]}),
        ),
        (("south", {2: tenths[5], 4: tenths[5]}), ("east", {2: tenths[10]})),
        (("stuck", {2: tenths[10]}),),
        (("stuck", {3: tenths[10]}),),
        (("east", {5: tenths[10]}), ("west", {3: tenths[6], 4: tenths[4]})),
        (("north", {2: tenths[9], 5: tenths[1]}), ("west", {4: tenths[10]})),
    )
    moves = {
        (state, number): 1
        for state, of_state in enumerate(choices)
        for number, (name, _) in enumerate(of_state)
        if name != "stuck"
    }
    active = {state: Fraction(23, 10) for state in (0, 1, 4, 5)}
    return Model(
        choices,
        {
            "time": Rewards(dict.fromkeys(range(6), 1)),
            "energy": Rewards(
                {**active, 2: tenths[1], 3: tenths[1]}, {(2, 0): "7/2", (3, 0): "7/2"}
            ),
            "moves": Rewards({}, moves),
        },
    )


ROBOT = _robot()


def _two_dice() -> Model:
    """Two dice thrown with fair coins, by Knuth and Yao, in any order: 13 * 13 states.

    A die is a tree: from 0 a coin leads to 1 or 2, from n <= 2 to 2n + 1 or 2n + 2, from 3 to 1 or
    a six, from 6 to 2 or a one, and 4 and 5 to the numbers between; 7 to 12 are its results.
    """
    coin = {0: (1, 2), 1: (3, 4), 2: (5, 6), 3: (1, 7), 4: (8, 9), 5: (10, 11), 6: (2, 12)}
    half = Fraction(1, 2)
    choices, flips, sevens = [], {}, {}
    for first in range(13):
        for second in range(13):
            state = 13 * first + second
            of_state: list[tuple[str, Mapping[int, Number]]] = []
            if first in coin:
                flips[state, len(of_state)] = 1
                of_state.append(("first", {13 * n + second: half for n in coin[first]}))
            if second in coin:
                flips[state, len(of_state)] = 1
                of_state.append(("second", {13 * first + n: half for n in coin[second]}))
            if not of_state:
                of_state.append(("done", {state: 1}))
                if first + second - 12 == 7:  # a result n is the number n - 6
                    sevens[state, 0] = 1
            choices.append(tuple(of_state))
    return Model(tuple(choices), {"flips": Rewards({}, flips), "sevens": Rewards({}, sevens)})


TWO_DICE = _two_dice()
