"""Many trainings: enumerated and checked first, run on every core or a cluster, never lost."""

from qdecay.sweep.run import Finished, Sweep
from qdecay.sweep.spec import Spec

__all__ = ["Finished", "Spec", "Sweep"]
