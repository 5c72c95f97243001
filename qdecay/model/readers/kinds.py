"""Kinds of models in other formats: only Markov decision processes are read; errors name the
others."""

from __future__ import annotations

from qdecay.errors import InputError

_OTHERS = {
    "CTMC": "a Markov chain in continuous time",
    "CTMDP": "a decision process in continuous time",
    "MA": "a Markov automaton, in continuous time",
    "PTA": "a timed automaton",
    "POPTA": "a partially observable timed automaton",
    "POMDP": "a partially observable model",
    "SMG": "a stochastic game",
    "CSG": "a concurrent stochastic game",
    "TSG": "a turn-based stochastic game",
    "STPG": "a stochastic game of two players",
    "S2PG": "a stochastic game of two players",
    "IDTMC": "a Markov chain with intervals of probabilities",
    "IMDP": "a decision process with intervals of probabilities",
    "PDTMC": "a parametric Markov chain",
    "PMDP": "a parametric decision process",
    "LTS": "a transition system without probabilities",
}
_SPELT_OUT = {"MARKOV AUTOMATON": "MA"}
_SHOWN = 40  # characters of an unknown kind


def require_mdp(kind: str, where: str) -> None:
    """Refuse every kind of model except MDPs and discrete-time Markov chains, by its name.

    Args:
        kind: the kind as abbreviated in files, such as "MDP" or "ctmc".
        where: the start of the message: the file, or the file and the line.

    Raises:
        InputError: it is another kind.
    """
    name = " ".join(kind.upper().split())
    name = _SPELT_OUT.get(name, name)
    if name in ("MDP", "DTMC"):
        return
    known = f"{_OTHERS[name]} ({name})" if name in _OTHERS else f"of the kind {kind!r:.{_SHOWN}}"
    raise InputError(f"{where}: the model is {known}; only MDPs and DTMCs are read")
