r"""An error bound that counts only the steps of policies that may be optimal.

Let |T v - v| <= d in every state, rounding included, and call an action *competitive* if its
residual r + gamma P v - v is above -K. Let w >= 1 + gamma P w hold for every competitive action,
w >= 0, and d * max w <= K. Then |v - v*| <= d * w in every state:

- Above. u = v + d w satisfies T u <= u. A competitive action gives r + gamma P u <= T v + d (w - 1)
  <= v + d + d (w - 1) = u; any other at most v - K + d max w <= v <= u. Hence v* <= u.
- Below. The actions that attain T v are competitive, their residuals being >= -d > -K or = T v - v
  >= -d with d <= K. For them l = v - d w satisfies T_pi l >= v - d - d (w - 1) = l, and they end,
  or gamma < 1. Hence v* >= v_pi >= l.

At gamma = 1, w exists exactly where no policy of competitive actions stays for ever, and T u <= u
implies u >= v* where every policy that stays for ever loses for ever (Bertsekas & Tsitsiklis, An
analysis of stochastic shortest path problems, 1991). A small enough K always exists there: a policy
that stays for ever with residuals above -K has a gain above -K, and these gains are negative.
"""

from __future__ import annotations

import math

import numpy as np

from qdecay.planning.compiled.kernels import Values
from qdecay.planning.horizon import most_steps
from qdecay.planning.table import Table

_TRIES = 40
_NARROWER = 16.0


def certified(
    table: Table, gamma: float, values: Values, off: float, rounding: float, tol: float | None
) -> tuple[float, float]:
    """Return a proven error of v and of q = T v, and the multiple of `off` that tol allows.

    The error is inf if no K works. The first K tried is tol, or far above `off` where tol is None.

    Args:
        table: the model.
        gamma: discount factor; at 1, every policy that stays for ever must lose for ever.
        values: v, and q and policy of its backup.
        off: the d of the module, rounding included.
        rounding: the largest error of an entry of q.
        tol: the requested error.
    """
    if not np.isfinite(values.v).all():
        return math.inf, math.inf
    if off == 0:
        return 0.0, 1.0  # v is the only fixed point of T
    lag = values.q - values.v[:, None]
    allowed, hidden, wanted = max(tol or 1e6 * off, 2 * off), math.inf, math.inf
    for _ in range(_TRIES):
        steps = most_steps(table, gamma, lag >= -(allowed + 2 * rounding))
        if math.isnan(steps):
            break
        wanted = min(wanted, steps + 1)
        if steps == math.inf:
            hidden, allowed = allowed, allowed / _NARROWER
            if allowed < off:
                break
        elif tol is not None and off * (steps + 1) <= tol <= allowed:
            return off * (steps + 1), wanted
        elif off * steps <= allowed:
            # The bound holds for a smaller K too: fewer actions, no more steps.
            fewer = most_steps(table, gamma, lag >= -(off * steps + 2 * rounding))
            steps = steps if math.isnan(fewer) else min(steps, fewer)
            # q = r + gamma P v is off by at most the error of v and its rounding, which is below
            # `off`.
            return off * (steps + 1), min(wanted, steps + 1)
        else:
            allowed = 2 * off * steps
            if allowed >= hidden:
                break
    return math.inf, wanted
