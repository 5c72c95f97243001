from ._support.page import Page
from ._support.progress import Progress
from .certified.regions import certified_policy_regions
from .certified.result import CertifiedBracket, CertifiedRegions, NearTie
from .comparison.compare import compare
from .comparison.learning_times import LearningTime, learning_times
from .comparison.result import Comparison
from .comparison.thresholds import LearnedThreshold
from .errors import BudgetExceeded, InputError, NotConverged, QdecayWarning
from .exact.algebra.number import AlgebraicNumber
from .exact.at_gamma import is_breakpoint, optimal_actions
from .exact.blackwell import Blackwell, blackwell
from .exact.break_even import BreakEven, break_even
from .exact.formulas import break_even_gamma, break_even_reward
from .exact.learning_curve import LearningCurve, learning_curve, walks_until
from .exact.line_regions import LineBreakpoint, LineRegions
from .exact.policy_map import MapCurve, MapLine, PolicyMap, policy_map
from .exact.proof.certificate import write_certificate
from .exact.proof.verify import CertificateError, Verification, verify
from .exact.regions import Breakpoint, PolicyRegions, policy_regions
from .exact.resampled import ResampledBreakpoint, ResampledBreakpoints, resampled_breakpoints
from .exact.undiscounted import Undiscounted, undiscounted
from .learning import (
    Constant,
    EpisodeEnd,
    EpsilonGreedy,
    Exponential,
    Harmonic,
    LearnedFlip,
    LearningResult,
    Linear,
    ManyResult,
    NStepSarsa,
    Polynomial,
    Schedule,
    TabularLearner,
    WatkinsQ,
    double_q_learning,
    expected_sarsa,
    learned_thresholds,
    q_learning,
    q_learning_many,
    sarsa,
)
from .model import ChainLayout, GridLayout
from .model.base import FiniteMDP
from .model.door import as_mdp
from .model.float_mdp import FloatMDP
from .model.line import ModelLine
from .model.mdp import MDP
from .model.soft import epsilon_soft
from .planning import (
    AverageReward,
    Evaluation,
    GammaSweep,
    Solution,
    average_reward,
    distributed_values,
    evaluate_policy,
    modified_policy_iteration,
    optimal_values,
    policy_iteration,
    value_iteration,
    value_over_gammas,
)
from .planning.regions import NumericChange, NumericRegions, numeric_policy_regions
from .pricing.certified_price import CertifiedPrice
from .pricing.judge import Judge
from .pricing.learned import LearnedGamma, LearnedPrice, learned_price
from .pricing.line_price import LinePrice, PricedValue
from .pricing.price import price
from .pricing.resampled import ResampledPrice, ResampledWorth, resampled_price
from .pricing.result import Price, PricedGamma, PricedRegion
from .pricing.worth import Worth
from .probing import (
    AgentError,
    Diagnosis,
    DiscountProfile,
    Setting,
    assert_effective_discount,
    diagnose,
    expected_trainings,
    probe,
    sb3_agent,
    tabular_agent,
)
from .reporting.api import plot, report
from .sweep import Finished, Spec, Sweep
from .sweep.phase import PhaseDiagram, PhaseRow, phase_diagram

__all__ = [
    "MDP",
    "AgentError",
    "AlgebraicNumber",
    "AverageReward",
    "Blackwell",
    "BreakEven",
    "Breakpoint",
    "BudgetExceeded",
    "CertificateError",
    "CertifiedBracket",
    "CertifiedPrice",
    "CertifiedRegions",
    "ChainLayout",
    "Comparison",
    "Constant",
    "Diagnosis",
    "DiscountProfile",
    "EpisodeEnd",
    "EpsilonGreedy",
    "Evaluation",
    "Exponential",
    "Finished",
    "FiniteMDP",
    "FloatMDP",
    "GammaSweep",
    "GridLayout",
    "Harmonic",
    "InputError",
    "Judge",
    "LearnedFlip",
    "LearnedGamma",
    "LearnedPrice",
    "LearnedThreshold",
    "LearningCurve",
    "LearningResult",
    "LearningTime",
    "LineBreakpoint",
    "LinePrice",
    "LineRegions",
    "Linear",
    "ManyResult",
    "MapCurve",
    "MapLine",
    "ModelLine",
    "NStepSarsa",
    "NearTie",
    "NotConverged",
    "NumericChange",
    "NumericRegions",
    "Page",
    "PhaseDiagram",
    "PhaseRow",
    "PolicyMap",
    "PolicyRegions",
    "Polynomial",
    "Price",
    "PricedGamma",
    "PricedRegion",
    "PricedValue",
    "Progress",
    "QdecayWarning",
    "ResampledBreakpoint",
    "ResampledBreakpoints",
    "ResampledPrice",
    "ResampledWorth",
    "Schedule",
    "Setting",
    "Solution",
    "Spec",
    "Sweep",
    "TabularLearner",
    "Undiscounted",
    "Verification",
    "WatkinsQ",
    "Worth",
    "__version__",
    "as_mdp",
    "assert_effective_discount",
    "average_reward",
    "blackwell",
    "break_even",
    "break_even_gamma",
    "break_even_reward",
    "certified_policy_regions",
    "compare",
    "diagnose",
    "distributed_values",
    "double_q_learning",
    "epsilon_soft",
    "evaluate_policy",
    "expected_sarsa",
    "expected_trainings",
    "is_breakpoint",
    "learned_price",
    "learned_thresholds",
    "learning_curve",
    "learning_times",
    "modified_policy_iteration",
    "numeric_policy_regions",
    "optimal_actions",
    "optimal_values",
    "phase_diagram",
    "plot",
    "policy_iteration",
    "policy_map",
    "policy_regions",
    "price",
    "probe",
    "q_learning",
    "q_learning_many",
    "report",
    "resampled_breakpoints",
    "resampled_price",
    "sarsa",
    "sb3_agent",
    "tabular_agent",
    "undiscounted",
    "value_iteration",
    "value_over_gammas",
    "verify",
    "walks_until",
    "write_certificate",
]

__version__: str
