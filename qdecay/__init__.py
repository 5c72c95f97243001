"""Understand, compute and measure the discount factor of reinforcement learning.

    >>> import qdecay
    >>> layout = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
    >>> qdecay.break_even(layout).gammas
    (1/2,)

Importing the package registers the environments `qdecay/...` with Gymnasium. Everything else
loads when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from qdecay._registration import register_environments
from qdecay.compare import Comparison, compare
from qdecay.errors import BudgetExceeded, InputError, NotConverged
from qdecay.probe import assert_effective_discount, probe

if TYPE_CHECKING:
    from qdecay.exact.algebraic import AlgebraicNumber
    from qdecay.exact.blackwell import Blackwell, blackwell
    from qdecay.exact.break_even import BreakEven, break_even
    from qdecay.exact.certificate import write_certificate
    from qdecay.exact.formulas import break_even_gamma, break_even_reward
    from qdecay.exact.learning_curve import LearningCurve, learning_curve, walks_until
    from qdecay.exact.regions import PolicyRegions, is_breakpoint, optimal_actions
    from qdecay.learning import (
        EpsilonGreedy,
        LearningResult,
        ManyResult,
        NStepSarsa,
        WatkinsQ,
        double_q_learning,
        expected_sarsa,
        learned_thresholds,
        q_learning,
        q_learning_many,
        sarsa,
    )
    from qdecay.mdp import MDP
    from qdecay.numeric_regions import NumericRegions
    from qdecay.planning import (
        Solution,
        evaluate_policy,
        modified_policy_iteration,
        policy_iteration,
        value_iteration,
        value_over_gammas,
    )
    from qdecay.probe.faults import Diagnosis, diagnose
    from qdecay.probe.profile import DiscountProfile
    from qdecay.regions import policy_regions
    from qdecay.sweep import Sweep
    from qdecay.sweep.phase import PhaseDiagram, phase_diagram
    from qdecay_envs.layout import ChainLayout

_LAZY = {
    "qdecay.exact.algebraic": ("AlgebraicNumber",),
    "qdecay.exact.break_even": ("BreakEven", "break_even"),
    "qdecay.exact.blackwell": ("Blackwell", "blackwell"),
    "qdecay.exact.certificate": ("write_certificate",),
    "qdecay.exact.learning_curve": ("LearningCurve", "learning_curve", "walks_until"),
    "qdecay.exact.regions": ("PolicyRegions", "is_breakpoint", "optimal_actions"),
    "qdecay.exact.formulas": ("break_even_gamma", "break_even_reward"),
    "qdecay.learning": (
        "EpsilonGreedy",
        "LearningResult",
        "ManyResult",
        "NStepSarsa",
        "WatkinsQ",
        "learned_thresholds",
        "q_learning_many",
        "double_q_learning",
        "expected_sarsa",
        "q_learning",
        "sarsa",
    ),
    "qdecay.mdp": ("MDP",),
    "qdecay.numeric_regions": ("NumericRegions",),
    "qdecay_envs.layout": ("ChainLayout",),
    "qdecay.planning": (
        "Solution",
        "evaluate_policy",
        "modified_policy_iteration",
        "policy_iteration",
        "value_iteration",
        "value_over_gammas",
    ),
    "qdecay.probe.faults": ("Diagnosis", "diagnose"),
    "qdecay.probe.profile": ("DiscountProfile",),
    "qdecay.regions": ("policy_regions",),
    "qdecay.sweep": ("Sweep",),
    "qdecay.sweep.phase": ("PhaseDiagram", "phase_diagram"),
}
_HOME = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "MDP",
    "AlgebraicNumber",
    "Blackwell",
    "BreakEven",
    "BudgetExceeded",
    "ChainLayout",
    "Comparison",
    "Diagnosis",
    "DiscountProfile",
    "EpsilonGreedy",
    "InputError",
    "LearningCurve",
    "LearningResult",
    "ManyResult",
    "NStepSarsa",
    "NotConverged",
    "NumericRegions",
    "PhaseDiagram",
    "PolicyRegions",
    "Solution",
    "Sweep",
    "WatkinsQ",
    "assert_effective_discount",
    "blackwell",
    "break_even",
    "break_even_gamma",
    "break_even_reward",
    "compare",
    "diagnose",
    "double_q_learning",
    "evaluate_policy",
    "expected_sarsa",
    "is_breakpoint",
    "learned_thresholds",
    "learning_curve",
    "modified_policy_iteration",
    "optimal_actions",
    "phase_diagram",
    "policy_iteration",
    "policy_regions",
    "probe",
    "q_learning",
    "q_learning_many",
    "sarsa",
    "value_iteration",
    "value_over_gammas",
    "walks_until",
    "write_certificate",
]


register_environments()


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
