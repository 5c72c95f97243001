"""Whether what a real environment did fits a model: Pearson's test of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from scipy.stats import chi2

from qdecay import MDP

Played = tuple[int, int, int, float, bool]
"""State, action, next state, reward, terminated: of a terminated one the state again."""

SIGNIFICANCE = 1e-4  # that a right model fails, over all of its rows
_LEAST = 5.0  # expected of an outcome; rarer ones are taken together


def misfits(mdp: MDP, played: Mapping[Played, int]) -> Iterator[str]:
    """Yield each outcome that the model has not, and each row whose frequencies do not fit."""
    expected: dict[tuple[int, int], dict[Any, float]] = {}
    for s, a, t, p, r, ended in mdp.rows():
        row = expected.setdefault((s, a), {})
        outcome = (s if ended else t, float(r), ended)
        row[outcome] = row.get(outcome, 0.0) + float(p)
    seen: dict[tuple[int, int], Counter[Any]] = {}
    for (s, a, t, r, ended), count in played.items():
        seen.setdefault((s, a), Counter())[t, float(r), ended] += count
    level = SIGNIFICANCE / len(seen)
    for (s, a), counts in seen.items():
        chances = expected[s, a]
        unknown = sorted(set(counts) - set(chances))
        if unknown:
            yield f"{mdp.state_name(s)}, {mdp.action_name(a)}: {unknown[0]} is not in the model"
        elif (p_value := _pearson(counts, chances)) < level:
            yield f"{mdp.state_name(s)}, {mdp.action_name(a)}: p = {p_value:.2g}, {dict(counts)}"


def start_misfit(mdp: MDP, begun: Mapping[int, int]) -> str | None:
    """Return why episodes do not begin as the model says, if they do not."""
    chances = {s: float(p) for s, p in mdp.starts.items()}
    unknown = set(begun) - set(chances)
    if unknown:
        return f"{unknown} are no starts"
    p_value = _pearson(Counter(begun), chances)
    return f"p = {p_value:.2g}" if p_value < SIGNIFICANCE else None


def _pearson(counts: Counter[Any], chances: Mapping[Any, float]) -> float:
    """The probability of counts that fit no better."""
    total = counts.total()
    cells = [(total * p, counts[outcome]) for outcome, p in chances.items()]
    rare = [cell for cell in cells if cell[0] < _LEAST]
    cells = [cell for cell in cells if cell[0] >= _LEAST]
    together = sum(e for e, _ in rare), sum(c for _, c in rare)
    if together[0] >= _LEAST:
        cells.append(together)
    elif cells and rare:
        cells[0] = cells[0][0] + together[0], cells[0][1] + together[1]
    if len(cells) < 2:
        return 1.0
    statistic = sum((count - e) ** 2 / e for e, count in cells)
    return float(chi2.sf(statistic, len(cells) - 1))
