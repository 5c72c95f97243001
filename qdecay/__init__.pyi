from .comparison.compare import Comparison, compare
from .errors import BudgetExceeded, InputError, NotConverged
from .exact.algebra.number import AlgebraicNumber
from .exact.blackwell import Blackwell, blackwell
from .exact.break_even import BreakEven, break_even
from .exact.formulas import break_even_gamma, break_even_reward
from .exact.learning_curve import LearningCurve, learning_curve, walks_until
from .exact.proof.certificate import write_certificate
from .exact.proof.verify import CertificateError, Verification, verify
from .exact.regions import PolicyRegions, is_breakpoint, optimal_actions, policy_regions
from .learning import (
    Constant,
    EpsilonGreedy,
    Exponential,
    Harmonic,
    LearningResult,
    Linear,
    ManyResult,
    NStepSarsa,
    Polynomial,
    WatkinsQ,
    double_q_learning,
    expected_sarsa,
    learned_thresholds,
    q_learning,
    q_learning_many,
    sarsa,
)
from .model import ChainLayout
from .model.base import FiniteMDP
from .model.door import as_mdp
from .model.float_mdp import FloatMDP
from .model.mdp import MDP
from .planning import (
    Solution,
    evaluate_policy,
    modified_policy_iteration,
    optimal_values,
    policy_iteration,
    value_iteration,
    value_over_gammas,
)
from .planning.regions import NumericRegions, numeric_policy_regions
from .probing import (
    Diagnosis,
    DiscountProfile,
    assert_effective_discount,
    diagnose,
    probe,
)
from .sweep import Sweep
from .sweep.phase import PhaseDiagram, phase_diagram

__all__ = [
    "MDP",
    "AlgebraicNumber",
    "Blackwell",
    "BreakEven",
    "BudgetExceeded",
    "CertificateError",
    "ChainLayout",
    "Comparison",
    "Constant",
    "Diagnosis",
    "DiscountProfile",
    "EpsilonGreedy",
    "Exponential",
    "FiniteMDP",
    "FloatMDP",
    "Harmonic",
    "InputError",
    "LearningCurve",
    "LearningResult",
    "Linear",
    "ManyResult",
    "NStepSarsa",
    "NotConverged",
    "NumericRegions",
    "PhaseDiagram",
    "PolicyRegions",
    "Polynomial",
    "Solution",
    "Sweep",
    "Verification",
    "WatkinsQ",
    "__version__",
    "as_mdp",
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
    "numeric_policy_regions",
    "optimal_actions",
    "optimal_values",
    "phase_diagram",
    "policy_iteration",
    "policy_regions",
    "probe",
    "q_learning",
    "q_learning_many",
    "sarsa",
    "value_iteration",
    "value_over_gammas",
    "verify",
    "walks_until",
    "write_certificate",
]

__version__: str
