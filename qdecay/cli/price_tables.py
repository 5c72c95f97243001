"""Prices as the command prints them: of every gamma, or of every value along a model line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qdecay._support.one_line import state_called
from qdecay._support.shown import shown_decimal, shown_fraction, shown_interval, shown_up_to
from qdecay.cli import tables

if TYPE_CHECKING:
    from rich.table import Table

    from qdecay.certified.result import CertifiedRegions
    from qdecay.pricing.learned import LearnedPrice
    from qdecay.pricing.line_price import LinePrice, PricedValue
    from qdecay.pricing.resampled import ResampledPrice, ResampledWorth
    from qdecay.pricing.result import GammaPrice, JudgedRegions, Priced, PricedGamma, PricedPoint

_INTERVALS = ("earns, 95 %", "lost, 95 %")
_LOST = 3  # digits
_LONGEST_FRACTION = 16  # characters of what is shown exactly


def print_price(
    found: GammaPrice,
    picked: list[PricedGamma],
    learned: LearnedPrice | None,
    resampled: ResampledPrice | None,
    digits: int,
) -> None:
    """Print what each region and each picked gamma earns, and the answer in a sentence."""
    out = tables.console()
    out.print(_heading(found, "", digits), soft_wrap=True)
    regions, gammas = ((), ()) if resampled is None else (resampled.regions, resampled.gammas)
    out.print(_table("gamma", found, regions, digits))
    if learned is not None:
        out.print(_learned(learned, digits))
    elif picked:
        out.print(_picked("gamma", picked, gammas, digits))
    if resampled is not None:
        out.print(_over_resamples(resampled), soft_wrap=True)
    most = tables.share(found.max_loss)
    if found.within is None:
        out.print(f"near gamma = 1 more than {most} is lost")
    elif found.within != found.free_from:
        from qdecay.pricing.ends import inside

        ends = inside(found.within, found.regions[-1].upper, digits)
        out.print(f"gamma between {' and '.join(ends)} loses at most {most}")
    out.print(f"{found.sentence(*(row.gamma for row in picked))}.", soft_wrap=True)
    certified = getattr(found, "certified_regions", None)
    if certified is not None:
        out.print(_certified(certified), soft_wrap=True)


def _certified(regions: CertifiedRegions) -> str:
    """Say what is proven about a price between brackets, and what is not."""
    ties = (
        " In near ties the worst and the best are over all that may be optimal."
        if (regions.near_ties)
        else ""
    )
    return (
        f"certified: policies are proven between brackets, up to gamma = "
        f"{shown_up_to(regions.proven_to)}; gammas are the ends of brackets.{ties}"
    )


def print_line_price(found: LinePrice, picked: list[PricedValue], digits: int) -> None:
    """Print the price along a line in the same way."""
    out, name = tables.console(), found.parameter.name
    along = f" of {name} at gamma = {shown_fraction(found.gamma)}"
    out.print(_heading(found, along, digits), soft_wrap=True)
    out.print(_table(name, found, (), digits))
    if picked:
        out.print(_picked(name, picked, (), digits))
    most = tables.share(found.max_loss)
    if not found.within:
        out.print(f"every {name} loses more than {most}", soft_wrap=True)
    elif found.within != found.best_values:
        stretches = found.in_words(found.within, digits)
        out.print(f"any {stretches} loses at most {most}", soft_wrap=True)
    out.print(f"{found.sentence(*(row.value for row in picked))}.", soft_wrap=True)


def _heading(found: JudgedRegions, along: str, digits: int) -> str:
    (start, *others) = found.starts
    state = state_called(tables.with_short_names(found.mdp).state_name(start))
    where = f"{len(found.starts):,} start states" if others else state
    most = found.optimum.shown(digits)
    who = "a policy with a clock" if found.judge.kind == "steps" else "the best policy"
    size = tables.count(len(found.regions), "policy region")
    return (
        f"{size}{along}; judge {found.judge}: from {where} {who} earns {most} {found.judge.words}"
    )


def _over_resamples(found: ResampledPrice) -> str:
    """Say what the best policy earns over resamples, and in how many the judge is finite."""
    most = shown_interval(found.optimum)
    finite = "" if found.share == 1 else f"; finite in {100 * found.share:.3g} % of them"
    return f"over {found.resamples:,} resamples the best policy of each earns {most}{finite}"


def _table(
    name: str, found: JudgedRegions, resampled: Sequence[ResampledWorth], digits: int
) -> Table:
    headings = _INTERVALS if resampled else ()
    shown = tables.table(name, "earns", "exactly", "lost", *headings, "")
    for i, region in enumerate(found.regions):
        ends = (shown_decimal(end, digits) for end in (region.lower, region.upper))
        best = "best" if i in found.best_regions else ""
        intervals = _intervals(resampled[i : i + 1])
        shown.add_row(" to ".join(ends), *_earned(region, digits), *intervals, best)
    return shown


def _picked(
    name: str, picked: Sequence[PricedPoint], resampled: Sequence[ResampledWorth], digits: int
) -> Table:
    headings = _INTERVALS if resampled else ()
    shown = tables.table(name, "earns", "exactly", "lost", *headings)
    for i, row in enumerate(picked):
        intervals = _intervals(resampled[i : i + 1])
        shown.add_row(shown_decimal(row.number, digits), *_earned(row, digits), *intervals)
    return shown


def _intervals(row: Sequence[ResampledWorth]) -> list[str]:
    """Return what policies earn and lose over resamples; nothing if there are none."""
    found = []
    for worth in row:
        ends = None if worth.loss is None else tuple(map(tables.share, worth.loss))
        lost = "undecided" if ends is None else ends[0] if ends[0] == ends[1] else " to ".join(ends)
        found += [shown_interval(worth.worst), lost]
    return found


def _learned(learned: LearnedPrice, digits: int) -> Table:
    """Show side by side what a gamma allows, what agents earn, and what is lost to gamma and
    training."""
    shown = tables.table("gamma", "allows", "agents", "range", "lost to gamma", "to training")
    for row in learned.gammas:
        ends = [agent.shown(digits) for agent in (row.agents[0], row.agents[-1])]
        shown.add_row(
            shown_decimal(row.gamma, digits),
            row.allowed.shown(digits),
            row.median.shown(digits),
            " to ".join(ends),
            shown_decimal(row.lost_to_gamma, _LOST),
            shown_decimal(row.lost_to_training, _LOST),
        )
    return shown


def _earned(row: Priced, digits: int) -> tuple[str, str, str]:
    """Return what some policies earn, also exactly if that is short, and what is lost."""
    exact = row.worst.exact if row.worst.exact == row.best.exact else None
    text = f"± {row.worst.error:.1e}" if row.worst.error else "" if exact is None else str(exact)
    loss = tables.share(row.loss)
    return row.shown(digits), text if len(text) <= _LONGEST_FRACTION else "", loss
