"""Tabular learners: the readable reference, over any Gymnasium environment with small spaces."""

from qdecay.learning.result import EpisodeEnd, LearningResult
from qdecay.learning.schedules import (
    Constant,
    Exponential,
    Harmonic,
    Linear,
    Polynomial,
    Schedule,
)
from qdecay.learning.tabular import (
    TabularLearner,
    double_q_learning,
    expected_sarsa,
    q_learning,
    sarsa,
)

__all__ = [
    "Constant",
    "EpisodeEnd",
    "Exponential",
    "Harmonic",
    "LearningResult",
    "Linear",
    "Polynomial",
    "Schedule",
    "TabularLearner",
    "double_q_learning",
    "expected_sarsa",
    "q_learning",
    "sarsa",
]
