"""How long the command line takes to start, and the cost of its slow imports.

python benchmarks/startup.py [TURNS]

Each command and each import runs in a fresh interpreter, in turns, so that a slow moment of the
machine affects all equally. Shown are seconds of processor time; `python -c pass` is the least
possible, and everything that imports qdecay imports Gymnasium.
"""

import os
import resource  # of POSIX systems
import statistics
import subprocess
import sys

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import gymnasium": ["-c", "import gymnasium"],
    "import qdecay": ["-c", "import qdecay"],
    "qdecay --version": ["-m", "qdecay", "--version"],
    "qdecay --help": ["-m", "qdecay", "--help"],
    "qdecay report --help": ["-m", "qdecay", "report", "--help"],
    "qdecay rep<Tab>": ["-m", "qdecay"],
    "qdecay report Froz<Tab>": ["-m", "qdecay"],
    "qdecay (the four answers)": ["-m", "qdecay"],
    "import numba": ["-c", "import numba"],
    "import sympy": ["-c", "import sympy"],
    "import matplotlib.pyplot": ["-c", "import matplotlib.pyplot"],
}


def seconds(name: str) -> float:
    environment = dict(os.environ)
    if name.endswith("<Tab>"):  # what bash asks
        words = name.removesuffix("<Tab>")
        environment |= {
            "_QDECAY_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *COMMANDS[name]]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(turns + 1):
        for name in COMMANDS:
            taken = seconds(name)
            if turn:  # the first round fills the disk caches
                times[name].append(taken)
    print(f"Python {sys.version.split()[0]}; seconds of processor time, {turns} turns")
    print(f"{'':<26} {'median':>7} {'min':>7} {'max':>7}")
    for name, taken in times.items():
        spread = (statistics.median(taken), min(taken), max(taken))
        print(f"{name:<26} " + " ".join(f"{t:>7.3f}" for t in spread))


if __name__ == "__main__":
    main()
