"""Measure the effective discount factor of an agent from its choices.

    >>> from qdecay.probing import probe, tabular_agent
    >>> import qdecay
    >>> agent = tabular_agent(qdecay.q_learning, 0.9)
    >>> profile = probe(agent, delays=(1, 2, 4), settings=["one-shot"], gamma=0.9)
    >>> profile.behaves_as_told, profile.curve.name
    (True, 'exponential')

`question` defines the questions, `staircase` and `asking` choose the next ones, `agents` reads the
answers, `trials` runs the trainings, `identity` identifies an agent's version. `curves` and
`faults` say what each explanation predicts, `likelihood` how well that fits the answers,
`posterior` weighs all explanations, and `diagnosis` puts the result into words. `soft` gives the
target of SARSA.
"""

from qdecay.probing.agents import AgentError, load_trainer, sb3_agent, tabular_agent
from qdecay.probing.assertion import assert_effective_discount
from qdecay.probing.diagnosis import Diagnosis
from qdecay.probing.measure import BATTERY, expected_trainings, probe
from qdecay.probing.point import Point
from qdecay.probing.profile import DiscountProfile, diagnose
from qdecay.probing.question import Place, Setting

__all__ = [
    "BATTERY",
    "AgentError",
    "Diagnosis",
    "DiscountProfile",
    "Place",
    "Point",
    "Setting",
    "assert_effective_discount",
    "diagnose",
    "expected_trainings",
    "load_trainer",
    "probe",
    "sb3_agent",
    "tabular_agent",
]
