"""Tabular learners: a readable loop over any Gymnasium environment, compiled code on a model."""

from qdecay.learning.flips import LearnedFlip
from qdecay.learning.many import ManyResult, learned_thresholds, q_learning_many
from qdecay.learning.model_env import ModelEnv
from qdecay.learning.multistep import NStepSarsa, WatkinsQ
from qdecay.learning.result import EpisodeEnd, LearningResult
from qdecay.learning.schedules import (
    Constant,
    Exponential,
    Harmonic,
    Linear,
    Polynomial,
    Schedule,
)
from qdecay.learning.shared_streams import EpsilonGreedy
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
    "EpsilonGreedy",
    "Exponential",
    "Harmonic",
    "LearnedFlip",
    "LearningResult",
    "Linear",
    "ManyResult",
    "ModelEnv",
    "NStepSarsa",
    "Polynomial",
    "Schedule",
    "TabularLearner",
    "WatkinsQ",
    "double_q_learning",
    "expected_sarsa",
    "learned_thresholds",
    "q_learning",
    "q_learning_many",
    "sarsa",
]
