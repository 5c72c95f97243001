"""The sources of a sweep: a table of the spec expands to every combination of its lists.

Either `source` names what every command takes as SOURCE, with `options`; or `delay` and `reward`
describe a choice between `near_reward` after `near_delay` steps and `reward` after `delay` steps.
A cell depends on the model, not on its name: the digest is that of the model's document.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from qdecay._support.user_code import user_code
from qdecay.errors import InputError
from qdecay.exact.break_even import BreakEven, break_even
from qdecay.model.mdp import MDP
from qdecay.model.readers.files import rows_of_document
from qdecay.model.source import Source
from qdecay_envs.chain import ChainEnv
from qdecay_envs.documents import Table, number, one_of, text, whole
from qdecay_envs.jsonfile import json_number
from qdecay_envs.layout import MAX_REWARDS, ChainLayout, Ending

if TYPE_CHECKING:
    pass


CHOICE = "choice"
_CHOICE_KEYS = ("delay", "reward", "near_delay", "near_reward", "ending")


@dataclass(frozen=True)
class SourceSettings:
    """One source with all its parameters, not yet read.

    Attributes:
        place: its position in the spec, for messages.
        text: the Gymnasium id or the path as written, or `CHOICE`.
        parameters: JSON values by name: options, or the keys of a choice and options.
        start: the state that trainings start in; None means the model's own.
        folder: what a relative path starts from.
    """

    place: str
    text: str
    parameters: Mapping[str, Any]
    start: int | None
    folder: Path

    def model(self) -> SweepModel:
        """Read the source and return its model.

        Raises:
            InputError: it cannot be read as a finite model with a start state, or has noise that
                the model does not contain.
        """
        try:
            if self._is_file:
                mdp = self._source().mdp()
            else:
                env = self._env()
                if getattr(getattr(env, "unwrapped", env), "reward_noise", 0):
                    raise InputError("reward noise is not part of a model: omit it")
                with user_code(f"{self.text}: it"):
                    mdp = MDP.from_env(env)
            start = self._start(mdp)
            _ = mdp.reward  # refuses numbers that overflow the learners' floats
        except (TypeError, ValueError, OSError) as error:
            raise InputError(f"{self.place}: {' '.join(str(error).split())}") from error
        # Trainings have their own start and limit, and a cell's key is made from the document,
        # which must not depend on how the model was read.
        trained = replace(mdp, time_limit=None, initial_states={}, scaled={}, remarks=())
        document = json.dumps(trained.to_json(), separators=(",", ":"))
        return SweepModel(self.text, dict(self.parameters), start, document)

    @property
    def _is_file(self) -> bool:
        return self.text != CHOICE and self._source().path is not None and not self.parameters

    def _source(self) -> Source:
        """The source in the form that commands use; relative paths start from the spec's folder."""
        given = Source(self.text, dict(self.parameters))
        beside = self.folder / self.text
        if given.path is None and not beside.is_file():
            return given
        return Source(str(beside), dict(self.parameters))

    def _env(self) -> Any:
        if self.text != CHOICE:
            return self._source().env()

        rest = {k: v for k, v in self.parameters.items() if k not in _CHOICE_KEYS}
        p = self.parameters
        if p["near_delay"] >= p["delay"]:
            raise ValueError(f"delay must be > near_delay = {p['near_delay']}, got {p['delay']}")
        if p["delay"] >= MAX_REWARDS:  # before its zeros are created
            raise ValueError(f"delay must be below {MAX_REWARDS:,}, got {p['delay']:,}")
        near = [0] * p["near_delay"] + [p["near_reward"]]
        far = [0] * p["delay"] + [p["reward"]]
        return ChainEnv(ChainLayout((("near", near), ("far", far)), p["ending"]), **rest)  # type: ignore[arg-type]

    def _start(self, mdp: MDP) -> int:
        start = mdp.start if self.start is None else self.start
        if start is None:
            raise ValueError("has no single start state: write start = 0, or another state")
        if not start < mdp.n_states or not mdp.available[start].any():
            raise ValueError(f"start = {start}: there is no such state, or it has no action")
        return start


@dataclass(frozen=True)
class SweepModel:
    """A finite model that a sweep trains on, as text that can be hashed, stored and sent.

    Attributes:
        text, parameters: its name in the spec.
        start: the state that trainings start in.
        document: the qdecay.mdp/1 document.
    """

    text: str
    parameters: Mapping[str, Any]
    start: int
    document: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the document."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def mdp(self) -> MDP:
        """The model."""
        return mdp_of(self.document)

    def break_even(self) -> BreakEven:
        """Return the exact gammas at which the best choice at the start changes."""
        return break_even(replace(self.mdp, start=self.start))

    @property
    def name(self) -> str:
        """The text with the parameters."""
        shown = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        return f"{self.text} ({shown})" if shown else self.text


@lru_cache(maxsize=64)
def mdp_of(document: str) -> MDP:
    """Return the model of a qdecay.mdp/1 document; recent ones are cached.

    Raises:
        InputError: the text is not such a document.
    """
    return MDP.of(rows_of_document(json.loads(document), Path("a model")))


def read_sources(table: Table, folder: Path) -> Iterator[SourceSettings]:
    """Yield every source that a table of the spec expands to.

    Raises:
        ValueError: a key is unknown or missing, or a value is wrong.
    """
    place = f"{table.name}: {table.place}"
    start = table.take("start")
    if start is not None:
        (start,) = table.values("start", [start], whole(0))
    if "source" in table:
        texts = table.axis("source", text)
        axes: dict[str, tuple[Any, ...]] = {}
    elif "delay" in table:
        texts = (CHOICE,)
        axes = _choice(table)
    else:
        table.refuse('write source = "an id or a file", or delay and reward for a choice')
    for name, values in _options(table).items():
        if name in axes:
            table.refuse(f"{name} is not an option here", "options")
        axes[name] = values
    table.close()
    for source, values in itertools.product(texts, itertools.product(*axes.values())):
        parameters = dict(zip(axes, values, strict=True))
        yield SourceSettings(place, source, parameters, start, folder)


def _choice(table: Table) -> dict[str, tuple[Any, ...]]:

    def exact(value: Any) -> int | str:
        return json_number(number(value))

    return {
        "delay": table.axis("delay", whole(1)),
        "reward": table.values("reward", table.demand("reward", "reward = 6"), exact),
        "near_delay": table.axis("near_delay", whole(0), 0),
        "near_reward": table.axis("near_reward", exact, 1),
        "ending": table.axis("ending", one_of(get_args(Ending)), "terminate"),
    }


def _options(table: Table) -> dict[str, tuple[Any, ...]]:
    """Return the values of each keyword argument."""
    options = Table(table.name, f"{table.place}.options", table.take("options", {}))
    found = {}
    for name, value in options.rest().items():
        if not name.isidentifier():
            options.refuse("is not an argument name", name)
        found[name] = options.values(name, value, _json_value)
    return found


def _json_value(value: Any) -> Any:
    """Return an argument as a JSON value; TOML's dates and times are refused."""
    if isinstance(value, Fraction):
        return float(value)  # as with -k: Gymnasium's own arguments are floats
    if isinstance(value, list):
        return [_json_value(part) for part in value]
    if isinstance(value, dict):
        return {name: _json_value(part) for name, part in value.items()}
    if not isinstance(value, str | int | bool):
        raise TypeError("dates and times are not valid arguments")
    return value
