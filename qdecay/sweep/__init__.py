"""Many trainings: enumerated and checked first, run on every core or a cluster, stored as they
finish."""

from qdecay.sweep.run import Finished, Sweep
from qdecay.sweep.spec import Spec

__all__ = ["Finished", "Spec", "Sweep"]
