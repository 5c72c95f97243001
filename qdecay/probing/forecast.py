"""How long the rest of a probe will take, reported once after its first trainings."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress
from qdecay._support.result import counted
from qdecay._support.shown import duration
from qdecay.probing.trials import AnswerFile

_WORTH_SAYING = 10.0  # seconds


def forecasting(
    report: OnProgress, expected: int, workers: int, deadline: Deadline, store: AnswerFile
) -> Callable[[float], None]:
    """Report that nothing is done yet, and return the function to call after each training.

    It takes the seconds of the training. The first training of each worker may take longer, as it
    imports and compiles: the forecast uses the median of enough trainings that most are not first.
    """
    seconds: list[float] = []
    report(Progress(0, expected, "trainings"))

    def tick(spent: float) -> None:
        seconds.append(spent)
        remark = ""
        if len(seconds) == 2 * workers + 1:
            left = expected - store.taken - len(seconds)
            remark = forecast(left, median(seconds), workers, deadline.left)
        report(Progress(len(seconds), expected, "trainings", remark))

    return tick


def forecast(trainings: int, seconds: float, workers: int, left: float) -> str:
    """Say how long trainings will take, and how many fit into what is left of the time.

    >>> forecast(147, 12.0, 2, 600.0)
    'about 147 more trainings of 12.0 s each: 14.7 min; 100 of them fit in the 10.0 min left'
    >>> forecast(147, 0.01, 1, 600.0)
    ''

    Args:
        trainings: how many are expected.
        seconds: how long each takes.
        workers: how many run at a time.
        left: seconds until the time is up.
    """
    total = trainings * seconds / workers
    if total < _WORTH_SAYING:
        return ""
    number, each = counted(trainings, "more training"), duration(seconds, brief=True)
    text = f"about {number} of {each} each: {duration(total, brief=True)}"
    if total > left:
        fit = int(max(left, 0.0) * workers / seconds)
        text += f"; {fit:,} of them fit in the {duration(max(left, 0.0), brief=True)} left"
    return text
