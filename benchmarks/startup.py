"""How long the command line takes to start, and what its slow imports would cost.

python benchmarks/startup.py [TURNS]

Each command and each import runs in a fresh interpreter, in turns, so that a slow moment of the
machine hits all alike. Shown are wall-clock times; `python -c pass` is the least possible.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import qdecay": ["-c", "import qdecay"],
    "qdecay --version": ["-m", "qdecay", "--version"],
    "qdecay --help": ["-m", "qdecay", "--help"],
    "qdecay report --help": ["-m", "qdecay", "report", "--help"],
    "qdecay (the four answers)": ["-m", "qdecay"],
    "import gymnasium": ["-c", "import gymnasium"],
    "import numba": ["-c", "import numba"],
    "import sympy": ["-c", "import sympy"],
    "import matplotlib.pyplot": ["-c", "import matplotlib.pyplot"],
}


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(turns + 1):
        for name, arguments in COMMANDS.items():
            taken = seconds(arguments)
            if turn:  # the first turn fills the caches of the disk
                times[name].append(taken)
    print(f"Python {sys.version.split()[0]}; seconds of {turns} turns")
    print(f"{'':<26} {'median':>7} {'min':>7} {'max':>7}")
    for name, taken in times.items():
        spread = (statistics.median(taken), min(taken), max(taken))
        print(f"{name:<26} " + " ".join(f"{t:>7.3f}" for t in spread))


if __name__ == "__main__":
    main()
