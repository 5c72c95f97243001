"""Blackjack as Gymnasium plays it, exactly.

Cards come from an infinite deck: 1 (the ace) to 9 with probability 1/13 each, 10 with 4/13. An ace
counts 11 as long as the sum is at most 21 with it, and is then usable. Player and dealer have two
cards each, and one of the dealer's is seen. `hit` draws a card, and above 21 loses 1. `stick` lets
the dealer draw below 17, with a usable ace or without; the sum nearer to 21 wins 1 from the other,
and equal ones are a draw. A natural is an ace and a ten in two cards. With `sab` the player's wins
1, unless the dealer has one too, and then it is a draw; with `natural`, and not `sab`, what it wins
by its sum is 3/2.

A state is what Gymnasium shows (the player's sum, the dealer's card and whether there is a usable
ace) and, with either rule, whether the hand is a natural: without that, states would not be Markov.
The dealer's other card is hidden, and nothing that happened before gives information about it.

Source: `gymnasium.envs.toy_text.blackjack`, after Sutton & Barto (2018), example 5.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, Row

_STICK, _HIT = 0, 1
_ACTIONS = ("stick", "hit")
_CARDS = {card: Fraction(4 if card == 10 else 1, 13) for card in range(1, 11)}
_MOST, _DEALER_STANDS = 21, 17


class Hand(NamedTuple):
    """A hand of at most 21, as far as the rules distinguish it from others.

    Attributes:
        usable: whether it has a usable ace.
        total: its sum, with a usable ace counted as 11.
        natural: whether it is an ace and a ten in two cards.
    """

    usable: bool
    total: int
    natural: bool = False

    def drawn(self, card: int) -> Hand | None:
        """Return the hand with one more card, or None if it is above 21."""
        hard = self.total + card - 10 * self.usable
        usable = (self.usable or card == 1) and hard + 10 <= _MOST
        return Hand(usable, hard + 10 * usable) if hard <= _MOST else None


_State = tuple[Hand, int]  # the player's hand, and the dealer's card


def rows_of_blackjack(natural: bool, sab: bool, recovery: Recovery) -> ModelRows:
    """Return the rows of the game with these rules, for the hands that can be reached."""
    dealt = dict(_dealt(marked=natural or sab))
    hands = sorted(_reachable(dealt))
    states = {state: n for n, state in enumerate((hand, card) for hand in hands for card in _CARDS)}
    win = Fraction(3, 2) if natural and not sab else Fraction(1)
    return ModelRows(
        _rows(states, win, sab, recovery),
        len(states),
        len(_ACTIONS),
        state_names=[_name(*state) for state in states],
        action_names=_ACTIONS,
        initial_states={
            states[hand, card]: p * q for hand, p in dealt.items() for card, q in _CARDS.items()
        },
    )


def _name(hand: Hand, card: int) -> str:
    kind = ", natural" if hand.natural else ", ace" if hand.usable else ""
    return f"{hand.total}, dealer {'ace' if card == 1 else card}{kind}"


def _rows(
    states: Mapping[_State, int], win: Fraction, sab: bool, recovery: Recovery
) -> Iterator[Row]:
    """Yield the rows; `win` is what a natural wins, and `sab` that it wins against any 21."""
    for (hand, card), s in states.items():
        for reward, p in _stuck(hand, card, win, sab).items():
            yield s, _STICK, s, recovery(p, "probability"), recovery(reward, "reward"), True
        for drawn, p in _CARDS.items():
            after = hand.drawn(drawn)
            t = s if after is None else states[after, card]
            reward = recovery(Fraction(-1 if after is None else 0), "reward")
            yield s, _HIT, t, recovery(p, "probability"), reward, after is None


def _stuck(hand: Hand, card: int, win: Fraction, sab: bool) -> dict[Fraction, Fraction]:
    """The probability of each reward when the player sticks and the dealer plays out."""
    chances: dict[Fraction, Fraction] = defaultdict(Fraction)
    for dealer, p in _dealer(card).items():
        score = 0 if dealer is None else dealer.total
        first = sab and hand.natural and not (dealer and dealer.natural)
        if hand.total > score or first:
            chances[win if hand.natural else Fraction(1)] += p
        else:
            chances[Fraction(-(hand.total < score))] += p
    return chances


@cache
def _dealer(card: int) -> Mapping[Hand | None, Fraction]:
    """Return the probability of each final hand of the dealer who shows a card; None is above
    21."""
    chances: dict[Hand | None, Fraction] = defaultdict(Fraction)
    for hand, p in _second(card, marked=True):
        for last, q in _played_out(hand):
            chances[last] += p * q
    return chances


def _played_out(hand: Hand) -> Iterator[tuple[Hand | None, Fraction]]:
    """Yield the hands at which the dealer may stop, with their probabilities."""
    if hand.total >= _DEALER_STANDS:
        yield hand, Fraction(1)
        return
    for card, p in _CARDS.items():
        following = hand.drawn(card)
        if following is None:
            yield None, p
        else:
            yield from ((last, p * q) for last, q in _played_out(following))


def _dealt(marked: bool) -> Iterable[tuple[Hand, Fraction]]:
    """Return the probability of each hand of two cards, with naturals marked or not."""
    chances: dict[Hand, Fraction] = defaultdict(Fraction)
    for first, p in _CARDS.items():
        for hand, q in _second(first, marked):
            chances[hand] += p * q
    return chances.items()


def _second(first: int, marked: bool) -> Iterator[tuple[Hand, Fraction]]:
    """Yield the hands of two cards with that first one, with their probabilities."""
    one = Hand(first == 1, 11 if first == 1 else first)
    for card, p in _CARDS.items():
        two = one.drawn(card)
        assert two is not None
        yield two._replace(natural=marked and two.total == _MOST), p


def _reachable(dealt: Iterable[Hand]) -> set[Hand]:
    """The hands that may follow from hitting."""
    found, open_ = set(dealt), list(dealt)
    while open_:
        hand = open_.pop()
        new = {after for card in _CARDS if (after := hand.drawn(card)) is not None} - found
        found |= new
        open_ += new
    return found
