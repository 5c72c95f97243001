"""Runs every installation line of docs/install.md in an empty environment, and uses the result.

python .ci/install.py [WORD ...]: only the lines that hold one of the words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = """schema = "qdecay.sweep/1"
sources = [{ delay = 1, reward = 6 }]
gammas = ["1/3"]
learners = [{ name = "q_learning", epsilon = 0.5, episodes = 10 }]
seeds = 1
"""
SWEEP = "sweep run spec.toml -o results.db"
# One use of each extra, in a shell that ends at the first command that fails.
USES = {
    "plot": "qdecay plot FrozenLake-v1 -o lake.png",
    "render": """python -c "import gymnasium, qdecay
env = gymnasium.make('qdecay/StayOrMove-v0', render_mode='rgb_array')
env.reset()
print(env.render().shape)" """,
    "parquet": f"qdecay {SWEEP}; qdecay sweep export results.db -o results.parquet",
    "frames": """python -c "import qdecay
layout = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
print(qdecay.value_iteration(qdecay.MDP.from_layout(layout), 0.9).to_frame())" """,
    "sb3": """python -c "import qdecay, stable_baselines3
stable_baselines3.DQN('MlpPolicy', 'qdecay/StayOrMove-v0').learn(200)" """,
    "dask": f"""python -c "import sys, distributed; from qdecay.cli.app import main
with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
    sys.argv[1:] = [*'{SWEEP} --backend dask --scheduler'.split(), cluster.scheduler_address]
    main()" """,
    "ray": f"""python -c "import sys, ray; from qdecay.cli.app import main
ray.init('local', num_cpus=1, include_dashboard=False, log_to_driver=False)
sys.argv[1:] = '{SWEEP} --backend ray'.split()
main()" """,
}
# The CPU build of torch, where the index has one: plain torch brings gigabytes of CUDA.
BEFORE = {"sb3": "python -m pip install --quiet torch==2.13.0;", "uv": "pip install --quiet uv;"}


def lines() -> list[str]:
    """The lines to run; each extra for users must have one of its own."""
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = [line.partition("#")[0].strip() for line in "".join(blocks).splitlines()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(project["optional-dependencies"]) - {"test", "browser", "notebook", "docs", "dev"}
    named = [extra for line in found for extra in re.findall(r"\[(\w+)\]", line)]
    assert sorted(named) == sorted(extras) == sorted(USES), (named, extras)
    return found


def timed(line: str) -> str:
    """Run a line, and return it with the seconds it took."""
    with tempfile.TemporaryDirectory(prefix="install-") as folder:
        return f"== {line}: {run(line, Path(folder)):.0f} s"


def run(line: str, folder: Path) -> float:
    """Run a line in a copy of the checkout, with a fresh environment first on the path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    (folder / "spec.toml").write_text(SPEC)
    environment = {
        **{name: os.environ[name] for name in os.environ if name != "VIRTUAL_ENV"},
        "PATH": os.pathsep.join([str(folder / "env" / "bin"), os.environ["PATH"]]),
        "PIP_QUIET": "2",
    }
    tool = re.search(r"\[(\w+)\]", line) or re.search(r"\b(pip|uv|make)\b", line)
    assert tool is not None, line
    word = tool[1]
    use = USES.get(word, "qdecay compare" if word == "pip" else "")
    script = f"{BEFORE.get(word, '')}\n{line}\n{use}"
    begun = time.monotonic()
    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], cwd=folder, env=environment, check=True
    )
    return time.monotonic() - begun


def main() -> None:
    """Run them, one per core at a time, and say how long each took."""
    words = sys.argv[1:] or [""]
    wanted = [line for line in lines() if any(word in line for word in words)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(timed, wanted):
            print(done, flush=True)


if __name__ == "__main__":
    main()
