"""What a program holds, as the source of a page: a model, a layout or an environment."""

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
    """A source that is read already; its text is the name of what it holds.

    Attributes:
        subject: the model or the environment.
    """

    subject: Subject = field(kw_only=True)

    @property
    def names_env(self) -> bool:
        """False: there is nothing to be made anew with other arguments."""
        return False

    def world(self) -> Env | MDP:
        """Return what is held."""
        world = self.subject.world
        assert isinstance(world, gym.Env | MDP)  # as `Subject.of` says
        return world

    def env(self) -> Env:
        """Return the environment.

        Raises:
            InputError: a model is held.
        """
        world = self.world()
        if isinstance(world, MDP):
            raise InputError(f"{self.text}: is a model, and describes no environment")
        return world

    def mdp(self) -> MDP:
        """Return the exact model."""
        return self.subject.mdp


def source_of(problem: Problem, options: Mapping[str, Any] = {}) -> Source:
    """Return the source of what every public function takes.

    A model that is equal to that of a registered id which it was read from is shown as that id is:
    with its streams, or on its board.

    Raises:
        TypeError: it is no problem, or a model of floats; or options come with an object.
        InputError: an id, an argument or a file is wrong.
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
    """Return the source of an id of qdecay or of Gymnasium's toy text, which is harmless to make.

    None if it is not one, or cannot be made without arguments.
    """
    if name not in environment_ids():
        return None
    source = Source(name)
    try:
        with warnings.catch_warnings():  # who has the model was told what reading assumed
            warnings.simplefilter("ignore", QdecayWarning)
            source.mdp()
    except InputError:
        return None
    return source
