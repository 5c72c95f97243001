"""One model as the page shows it: its drawing, its numbers, its documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qdecay._support.deadline import Deadline, time_limit
from qdecay._support.one_line import escaped, shortened
from qdecay._support.progress import OnProgress
from qdecay.comparison.result import Comparison
from qdecay.errors import InputError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.policy_map import PolicyMap
from qdecay.exact.regions import Breakpoint, PolicyRegions, policy_regions
from qdecay.exact.undiscounted import Undiscounted
from qdecay.model.mdp import MDP
from qdecay.model.source import HOMEWORK, Source
from qdecay.reporting import mathml
from qdecay.reporting.boards import Board, board_of
from qdecay.reporting.figures import Plot, thresholds_plot, undertrained_plot
from qdecay.reporting.graph import Graph, graph_of
from qdecay.reporting.maps import PageMap
from qdecay.reporting.numerals import decimal, fraction, page_decimal, signed
from qdecay.reporting.prices import PagePrice
from qdecay.reporting.samples import Sample, decades, samples
from qdecay.reporting.thresholds import held_against, learner_name, shown_flips
from qdecay.reporting.values import curves
from qdecay.reporting.words import waiting
from qdecay_envs.layout import ChainLayout

if TYPE_CHECKING:
    import gymnasium as gym


_PROBLEMS = dict(zip(HOMEWORK, ("A", "B", "C", "C"), strict=True))
_FIRST_STATE = dict(zip(HOMEWORK, (1, 0, 1, 1), strict=True))
_STEPS = (1000, 500, 200, 100)  # grids of gamma, finest first
_NUMBERS = 60_000  # action values on a page for one model, about
_NAMED_CHANGES = 12
_DIGITS = 16  # of a coefficient that is not folded away, at most
_LONG = 4  # the least degree of a polynomial that is folded away
_UNDERTRAINED_STEP_SIZE = Fraction(1, 2)


@dataclass(frozen=True, eq=False)
class Chapter:
    """A model, its regions, and everything else that the page shows about it.

    Attributes:
        source: what the user named.
        mdp, regions: the model and its exact regions.
        layout: the layout of a chain; otherwise None.
        plain: for a chain, whether nothing slips, escapes or adds noise.
        board: the board of a toy-text environment or grid; otherwise None.
        state: the state shown first; None means the start.
        comparison: exact, planned and learned thresholds of that state; None if there are none.
        deadline: the time limit for the price.
        map: the map of the state shown first, over gamma and a parameter; None if not requested.
    """

    source: Source
    mdp: MDP
    regions: PolicyRegions
    layout: ChainLayout | None = None
    plain: bool = True
    board: Board | None = None
    state: int | None = None
    comparison: Comparison | None = None
    deadline: Deadline = field(default_factory=Deadline)
    map: PolicyMap | None = None

    @cached_property
    def price(self) -> PagePrice | None:
        """What every gamma costs; None if that is unknown (see `PagePrice.of`)."""
        return PagePrice.of(self.regions, self.deadline)

    @cached_property
    def page_map(self) -> PageMap | None:
        """The map as the page shows it, or None."""
        if self.map is None:
            return None
        return PageMap(self.map, self.state_names, self.action_names)

    @property
    def title(self) -> str:
        """The id in words, or the text that names the source."""
        return escaped(title_of(self.source.text))

    @property
    def letter(self) -> str:
        """The problem's letter in the homework, or ""."""
        return "" if self.source.options else _PROBLEMS.get(self.source.text, "")

    @property
    def is_choice(self) -> bool:
        """Whether the model is a choice between streams of rewards, without chance."""
        return self.layout is not None and self.plain

    @property
    def state_names(self) -> list[str]:
        """A short name for every state; the homework counts from the first state that it names."""
        first = _FIRST_STATE.get(self.source.text)
        if first is not None:
            return [str(first + s) for s in range(self.mdp.n_states)]
        if self.mdp.state_names is None and self.board is not None:
            return self.board.state_names(self.mdp.n_states)
        return shortened([self.mdp.state_name(s) for s in range(self.mdp.n_states)])

    @property
    def action_names(self) -> list[str]:
        """A name for every action, not too long to show."""
        return _action_names(self.mdp, self.board)

    @property
    def graph(self) -> Graph | None:
        """The drawing of a small model."""
        return None if self.board is not None else graph_of(self.mdp, self.layout)

    @property
    def shown_state(self) -> int:
        """The state selected initially: the requested one, the start, or the first that changes.

        If there are several starts, one in the middle of the likeliest.
        """
        if self.state is not None:
            return self.state
        if self.mdp.starts:
            most = max(self.mdp.starts.values())
            likeliest = sorted(s for s, p in self.mdp.starts.items() if p == most)
            return likeliest[len(likeliest) // 2]
        changing = self.changing_states
        return changing[0] if changing else 0

    @property
    def changing_states(self) -> list[int]:
        """The states whose optimal actions change at some breakpoint, in order."""
        return sorted({s for point in self.regions.breakpoints for s in point.changes})

    @property
    def at_one(self) -> Undiscounted:
        """What is optimal at gamma = 1."""
        assert self.regions.at_one is not None  # the search ended
        return self.regions.at_one

    def switching(self, state: int | None) -> list[AlgebraicNumber]:
        """The gammas at which the best actions of a state change; none without a state."""
        if state is None:
            return []
        points = [b for b in self.regions.breakpoints if state in b.changes]
        return [b.gamma for b in points if b.changes[state].left != b.changes[state].right]

    def document(self) -> dict[str, Any]:
        """Return the regions as `qdecay regions --json` prints them."""
        return self.regions.to_json(self.source.text)

    def points(self) -> list[Sample]:
        """Return the gammas of the slider: the smaller the model, the finer."""
        pairs = len(set(self.mdp.exact_r)) or 1
        affordable = [steps for steps in _STEPS if steps * pairs <= 2 * _NUMBERS]
        gammas = [b.gamma for b in self.regions.breakpoints]
        touches = [t.gamma for t in self.regions.touches]
        return samples(gammas, touches, (affordable or _STEPS[-1:])[0])

    def data(self) -> dict[str, Any]:
        """Return what the page's script needs besides the regions document and the price."""
        points = self.points()
        optimal = [self.optimal(sample) for sample in points]
        try:
            found = curves(self.mdp, points, optimal, self.regions.regions, self.at_one)
        except InputError as error:
            raise InputError(f"{self.source.text}: {error}") from error
        return {
            "title": self.title,
            "states": self.state_names,
            "actions": self.action_names,
            "arrows": list(self.board.arrows) if self.board else [None] * self.mdp.n_actions,
            "layers": [list(layer.states) for layer in self.board.layers] if self.board else [],
            "state": self.shown_state,
            "waits": self._waits(),
            "gammas": [float(sample.gamma) for sample in points],
            "texts": [sample.text for sample in points],
            "regions": [sample.region for sample in points],
            "breakpoints": [i for i, sample in enumerate(points) if sample.breakpoint is not None],
            "touches": [i for i, sample in enumerate(points) if sample.touch is not None],
            "decades": decades([b.gamma for b in self.regions.breakpoints]),
            "curves": found.values,
            "gains": found.gains,
            "pairs": found.of_pair,
            "gaps": found.gaps,
            "gap_of": found.gap_of,
            "earned": [signed(self.at_one.earned(s)) for s in range(self.mdp.n_states)],
            "moves": self._moves(),
            "grows": _grows(found.values, points),
            "map": None if self.page_map is None else self.page_map.data(),
        }

    def _waits(self) -> list[tuple[int, str]] | None:
        """The steps and the reward of each branch of a choice that ends; None for other models."""
        if self.layout is None or not self.is_choice or self.layout.ending != "terminate":
            return None
        found = [(waiting(stream), stream) for _, stream in self.layout.branches]
        if any(steps is None for steps, _ in found) or self.shown_state != self.mdp.start:
            return None
        return [(steps, fraction(stream[steps])) for steps, stream in found if steps is not None]

    def _moves(self) -> list[list[list[tuple[int | str | None, ...]]]]:
        """What each action does in each state: (next state or None, probability, reward).

        If one of these numbers is shown rounded, the exact ones follow as text. The number of steps
        comes last if there are several, after None if there is no such text.
        """
        mdp = self.mdp
        found: list[list[list[tuple[int | str | None, ...]]]] = [
            [[] for _ in range(mdp.n_actions)] for _ in range(mdp.n_states)
        ]
        for (s, a, t, p, r, ends, *_), steps in zip(mdp.rows(), mdp.duration.tolist(), strict=True):
            shown = fraction(p), fraction(r)
            exact = (
                None
                if shown == (str(p), signed(str(r)))
                else signed(f"probability {p}, reward {r}")
            )
            more = (exact, steps) if steps > 1 else () if exact is None else (exact,)
            found[s][a].append((None if ends else t, *shown, *more))
        return found

    def optimal(self, sample: Sample) -> list[tuple[int, ...]]:
        """Return the optimal actions of every state at one sample."""
        if sample.gamma == 0:
            return list(self.regions.at_zero)
        if sample.gamma == 1:
            return list(self.at_one.optimal_actions)
        sets = list(self.regions.regions[sample.region])
        for index, among in (
            (sample.breakpoint, self.regions.breakpoints),
            (sample.touch, self.regions.touches),
        ):
            if index is not None:
                for state, change in among[index].changes.items():
                    sets[state] = change.at
        return sets

    def rows(self) -> list[dict[str, Any]]:
        """Return the table of breakpoints: closed form, decimals, polynomial, states."""
        return [self._row(point) for point in self.regions.breakpoints]

    def touch_rows(self) -> list[dict[str, Any]]:
        """Return the table of touches."""
        return [self._row(point) for point in self.regions.touches]

    def _row(self, point: Breakpoint) -> dict[str, Any]:
        gamma, form = point.gamma, point.gamma.form
        changes = list(point.changes.items())
        coefficients = max(len(str(abs(c))) for c in gamma.coefficients)
        fits, is_low = coefficients <= _DIGITS, gamma.degree < _LONG
        return {
            "closed_form": mathml.closed_form(form) if form is not None and fits else None,
            "decimal": page_decimal(gamma),
            "digits": decimal(gamma, 40),
            "polynomial": mathml.polynomial(gamma.coefficients) if fits and is_low else None,
            "written": mathml.written(gamma.coefficients),
            "degree": gamma.degree,
            "changes": [
                {
                    "state": self.state_names[state],
                    "left": self._actions(change.left),
                    "at": self._actions(change.at),
                    "right": self._actions(change.right),
                }
                for state, change in changes[:_NAMED_CHANGES]
            ],
            "more": max(0, len(changes) - _NAMED_CHANGES),
        }

    def _actions(self, actions: Sequence[int]) -> str:
        return " or ".join(self.action_names[a] for a in actions)

    def blackwell(self) -> dict[str, Any] | None:
        """Return the Blackwell discount factor for display, or None if it is 0."""
        gamma = self.regions.blackwell_discount_factor
        if gamma == 0:
            return None
        form = gamma.form
        return {
            "closed_form": None if form is None else mathml.closed_form(form),
            "decimal": page_decimal(gamma),
        }

    def compared(self) -> dict[str, Any] | None:
        """Return the comparison for display: each flip in numbers, the verdict and its reasons."""
        row = self.comparison
        if row is None:
            return None
        return {
            "state": self.state_names[row.state],
            "learner": learner_name(row),
            "against": held_against(row),
            "verdict": row.verdict,
            "lines": [*map(signed, (*row.reasons, *row.unsettled))],
            "rows": [
                {"change": flip.change(self.action_names), **flip.numbers()}
                for flip in shown_flips(row)
            ],
        }

    def thresholds(self) -> list[Plot]:
        """Return a plot for every learned threshold."""
        row, names = self.comparison, self.action_names
        flips = [] if row is None else [flip for flip in shown_flips(row) if flip.learned]
        return [
            thresholds_plot(f"Where agents flip: {self.title}, {flip.change(names)}", flip, names)
            for flip in flips
        ]

    def undertrained(self) -> Plot | None:
        """Return a plot of an under-trained learner, for a plain chain that flips at one gamma."""
        gammas = self.switching(self.mdp.start)
        if self.layout is None or not self.plain or len(gammas) != 1:
            return None
        return undertrained_plot(self.layout, gammas[0], _UNDERTRAINED_STEP_SIZE)


def read_chapter(
    source: Source, *, max_seconds: float | None = None, progress: bool | OnProgress = False
) -> Chapter:
    """Return the chapter of a source, with its exact regions and without trainings.

    Args:
        source: what the user named.
        max_seconds: limit on reading it, on the search for regions, and on their price.
        progress: progress of that search; see `policy_regions`.

    Raises:
        InputError: the source cannot be read as a finite model, or its rewards have no floats.
        BudgetExceeded: max_seconds ran out.
    """
    deadline = Deadline(max_seconds)
    with time_limit(max_seconds):
        mdp = source.mdp()
        _require_floats(mdp, source)
        regions = policy_regions(mdp, max_seconds=max_seconds, progress=progress)
    return chapter_of(source, regions, deadline)


def chapter_of(source: Source, regions: PolicyRegions, deadline: Deadline | None = None) -> Chapter:
    """Return the chapter of a source whose regions are known; the deadline is for their price."""
    mdp, env, deadline = regions.mdp, _env(source), deadline or Deadline()
    if env is None:
        return Chapter(source, mdp, regions, deadline=deadline)
    chain: Any = env.unwrapped
    if not isinstance(getattr(chain, "layout", None), ChainLayout):
        return Chapter(source, mdp, regions, board=board_of(env), deadline=deadline)
    plain = not (chain.slip or chain.escape or chain.reward_noise)
    return Chapter(source, mdp, regions, chain.layout, plain, deadline=deadline)


def _require_floats(mdp: MDP, source: Source) -> None:
    """Refuse rewards that cannot be drawn, before the long search for regions."""
    try:
        _ = mdp.r
    except ValueError as error:
        raise InputError(f"{source.text}: {error}") from error


def _env(source: Source) -> gym.Env[Any, Any] | None:
    """The environment whose states those of the model are; None for a file that holds a table."""
    try:
        world = source.world()
    except InputError:
        return None
    return None if isinstance(world, MDP) else world


def shown_actions(source: Source) -> list[str]:
    """Return the names of a source's actions as on its page; empty without a table."""
    try:
        mdp = source.mdp()
    except InputError:
        return []
    env = _env(source)
    return _action_names(mdp, None if env is None else board_of(env))


def _action_names(mdp: MDP, board: Board | None) -> list[str]:
    if mdp.action_names is None and board is not None:
        return list(board.actions)
    if mdp.action_names is None:
        return [f"action {a}" for a in range(mdp.n_actions)]
    return shortened([mdp.action_name(a) for a in range(mdp.n_actions)])


def title_of(text: str) -> str:
    """Return an id or a path in words.

    >>> title_of("qdecay/StayOrMove-v0"), title_of("FrozenLake8x8-v1"), title_of("my/model.json")
    ('Stay or move', 'Frozen lake 8x8', 'model.json')
    """
    name = text.rsplit("/", 1)[-1]
    match = re.fullmatch(r"([A-Z]\w*?)-v\d+", name)
    if match is None:
        return name
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|\d\w*", match[1])
    return " ".join([words[0], *(word.lower() for word in words[1:])]) if words else name


def _grows(found: Sequence[Sequence[float | None]], points: Sequence[Sample]) -> bool:
    """Whether values diverge as gamma approaches 1 and need scaling by 1 - gamma."""
    middle = next(i for i, sample in enumerate(points) if sample.gamma >= Fraction(9, 10))
    largest = [
        max((abs(v) for curve in found if (v := curve[i]) is not None), default=0.0)
        for i in (middle, -2)  # the last below 1
    ]
    return largest[1] > 5 * largest[0]
