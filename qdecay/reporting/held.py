"""A model, layout or environment in memory as the source of a page."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import gymnasium as gym

from qdecay.comparison.subject import Subject
from qdecay.errors import InputError, QdecayWarning
from qdecay.model.door import Env, Problem
from qdecay.model.layouts import Layout, env_of_layout
from qdecay.model.mdp import MDP
from qdecay.model.registered import environment_ids
from qdecay.model.source import Source, layout_options


@dataclass(frozen=True)
class Held(Source):
    """A source that is already read; its text is the name of the subject.

    Attributes:
        subject: the model or the environment.
    """

    subject: Subject = field(kw_only=True)

    @property
    def names_env(self) -> bool:
        """False: nothing can be made again with other arguments."""
        return False

    def world(self) -> Env | MDP:
        """Return the environment or the model."""
        world = self.subject.world
        assert isinstance(world, gym.Env | MDP)  # by `Subject.of`
        return world

    def env(self) -> Env:
        """Return the environment.

        Raises:
            InputError: the subject is a model.
        """
        world = self.world()
        if isinstance(world, MDP):
            raise InputError(f"{self.text}: is a model, and describes no environment")
        return world

    def mdp(self) -> MDP:
        """Return the exact model."""
        return self.subject.mdp


def source_of(problem: Problem, options: Mapping[str, Any] = {}) -> Source:
    """Return the source of a problem as every public function accepts it.

    A model that equals that of the registered id from which it was read is shown like that id:
    with its streams, or on its board.

    Raises:
        TypeError: it is not a problem, or is a model of floats; or options come with an object.
        InputError: an id, an argument or a file is invalid.
    """
    if isinstance(problem, str | os.PathLike):
        return Source(os.fspath(problem), options)
    if isinstance(problem, Layout):
        problem = env_of_layout(problem, **layout_options("the layout", problem, options))
    elif options:
        raise TypeError(f"{next(iter(options))} applies only to an id, a layout or a path")
    if isinstance(problem, MDP) and problem.name is not None:
        known = registered(problem.name)
        if known is not None and known.mdp() == problem:
            return known
    subject = Subject.of(problem)
    return Held(subject.name, subject=subject)


@cache
def registered(name: str) -> Source | None:
    """Return the source of an id of qdecay or of Gymnasium's toy text, which are harmless to make.

    None if it is not such an id, or cannot be made without arguments.
    """
    if name not in environment_ids():
        return None
    source = Source(name)
    try:
        with warnings.catch_warnings():  # remarks were issued when the model was read
            warnings.simplefilter("ignore", QdecayWarning)
            source.mdp()
    except InputError:
        return None
    return source
