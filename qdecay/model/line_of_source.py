"""Model lines as the user types them: a SOURCE, and NAME=LOW..HIGH.

NAME is an argument of the environment (`success_rate`), or `step_reward`, which is added to
every reward, or `reward:VALUE`, every reward of that value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

from qdecay.errors import InputError, input_errors
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP
from qdecay.model.source import Source
from qdecay_envs.rational import rational

_STEP_REWARD, _REWARD = "step_reward", "reward:"
_EXAMPLE = "success_rate=0.1..0.9, step_reward=-1..0 or reward:-10=-20..0"
_SHOWN = 40  # characters of the text that a message repeats


def line_of(source: Source, text: str) -> ModelLine:
    """Return the line of a source over the number named in a text, between two of its values.

    >>> line_of(Source("qdecay/NChain-v0"), "slip=0..1/2")
    ModelLine(qdecay/NChain-v0, slip from 0 to 1/2: 5 states, 2 actions)

    Raises:
        InputError: the text is not NAME=LOW..HIGH; the source has no such argument or reward, or
            already sets it; its model cannot be made at a value, or does not lie on the line.
    """
    name, low, high = _parts(text)
    shown = f"--over {text:.{_SHOWN}}: "
    with input_errors(f"{source.text}: {shown}"):
        if name == _STEP_REWARD:
            return ModelLine.of_step_reward(source.mdp(), low=low, high=high)
        if name.startswith(_REWARD):
            value = rational(name.removeprefix(_REWARD), name)
            return ModelLine.of_reward(source.mdp(), value, low=low, high=high)
        _check_argument(source, name, shown)

        def built(value: Fraction) -> MDP:
            with _unnamed_errors(source):
                return replace(source, options={**source.options, name: value}).mdp()

        return ModelLine.of(built, low=low, high=high, name=name)


@contextmanager
def _unnamed_errors(source: Source, before: str = "") -> Iterator[None]:
    """Let errors begin with other words than the source's name."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{before}{str(error).removeprefix(f'{source.text}: ')}") from error


def _parts(text: str) -> tuple[str, Fraction, Fraction]:
    name, _, span = text.partition("=")
    low, dots, high = span.partition("..")
    name = name.strip()
    if not name or not dots or high.startswith("."):  # one of three dots may belong to a number
        raise InputError(f"--over takes NAME=LOW..HIGH, such as {_EXAMPLE}, got {text!r:.{_SHOWN}}")
    with input_errors(f"--over {name:.{_SHOWN}}: "):
        return name, rational(low, "LOW"), rational(high, "HIGH")


def _check_argument(source: Source, name: str, shown: str) -> None:
    if not source.names_env:
        raise InputError(
            f"{source.text}: --over {name:.{_SHOWN}}: a file of a model has no arguments; "
            f"over its rewards: {_STEP_REWARD}=LOW..HIGH or {_REWARD}VALUE=LOW..HIGH"
        )
    if name in source.options:
        raise InputError(f"--over {name:.{_SHOWN}}: omit -k {name:.{_SHOWN}}, which fixes it")
    with _unnamed_errors(source, f"{source.text}: {shown}"):
        source.check_argument(name, (_STEP_REWARD, f"{_REWARD}VALUE"))
