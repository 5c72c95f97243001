"""The command `probe`: the effective discount of an agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from qdecay._support.progress import Bar
from qdecay._support.shown import shortest
from qdecay.cli.options import AsJson, Force, check_plot, check_seconds, whole_numbers
from qdecay.cli.standard_streams import print_json

app = typer.Typer()


@app.command()
def probe(
    agent: Annotated[
        str,
        typer.Argument(
            metavar="AGENT",
            help="module:function (env, seed -> policy), sb3:DQN, sb3:PPO, sb3:A2C, or q_learning.",
        ),
    ],
    gamma: Annotated[
        float | None,
        typer.Option(metavar="GAMMA", help="The gamma that the agent is configured with."),
    ] = None,
    delays: Annotated[
        str, typer.Option(metavar="LIST", help="Delays of the far reward.")
    ] = "1,2,4,8,16,32",
    near_delay: Annotated[int, typer.Option(metavar="N", help="Delay of the near reward.")] = 0,
    settings: Annotated[
        str, typer.Option(metavar="LIST", help="Settings to test in; the first gives the curve.")
    ] = "one-shot,large,repeating,time limit",
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER", help="Target half-width of log gamma's interval at each delay."
        ),
    ] = None,
    until: Annotated[
        str,
        typer.Option(
            metavar="measured|decided",
            help="Ask until every point is measured, or until the verdict is decided.",
        ),
    ] = "measured",
    trainings: Annotated[
        int | None, typer.Option(metavar="N", help="At most N trainings; 30 per point by default.")
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Stop after this long.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="The same seed gives the same answers.")
    ] = 0,
    workers: Annotated[
        int, typer.Option(min=1, metavar="N", help="Number of training processes.")
    ] = 1,
    observation: Annotated[
        str,
        typer.Option(metavar="index|one-hot", help="What agents observe: a number or a vector."),
    ] = "index",
    n_envs: Annotated[
        int | None,
        typer.Option("--n-envs", metavar="N", help="Train in a vector environment of N copies."),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Store answers; resume from them when run again."),
    ] = None,
    version_tag: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Label of this version of the agent, for --store."),
    ] = None,
    accept_changed: Annotated[
        bool, typer.Option("--accept-changed", help="Keep the answers of a changed agent.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print every explanation with its probability.")
    ] = False,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the curve; .svg, .pdf or .png.")
    ] = None,
    force: Force = False,
) -> int:
    """Measure the effective discount of an agent.

    For each delay, freshly trained agents choose between a near and a far reward until the ratio at
    which they are indifferent is known. With --gamma, the possible explanations are the agent as
    configured, another gamma, known faults and other curves. The exit code is 0 if the agent
    behaves as configured, 1 if it does not, and 3 if the answers leave it open.

    Answers in a --store belong to one version of the agent: the file that defines it, qdecay's
    version, and your own --version-tag, which you change when anything else changes.

    \b
    Examples:
      qdecay probe q_learning --gamma 0.9
      qdecay probe mine:train --gamma 0.99 --workers 2 --store answers.jsonl
      qdecay probe sb3:DQN --gamma 0.9 --settings one-shot --delays 1,2,4,8
    """
    from qdecay import probe as run
    from qdecay._support.checks import choice
    from qdecay._support.outputs import ANSWERS, check_store
    from qdecay.cli.profiles import print_profile
    from qdecay.errors import InputError
    from qdecay.probing import expected_trainings, load_trainer
    from qdecay.probing.agents import check_form
    from qdecay.probing.asking import Until
    from qdecay.probing.identity import Identity
    from qdecay.probing.measure import check_budget
    from qdecay.probing.trials import AnswerFile
    from qdecay.reporting.plots.probe import save_profile

    check_plot(plot, force=force)
    check_seconds(max_seconds)
    if store is not None:
        check_store(store, ANSWERS)
    elif accept_changed or version_tag is not None:
        raise InputError("--accept-changed and --version-tag require --store")
    try:
        choice(until, "--until", get_args(Until))
        trainer = load_trainer(agent, gamma)
        asked: dict[str, Any] = {
            "delays": whole_numbers(delays, "--delays"),
            "near_delay": near_delay,
            "gamma": gamma,
            "settings": [name.strip() for name in settings.split(",")],
            "tolerance": tolerance,
        }
        form: dict[str, Any] = {"observation": observation, "n_envs": n_envs}
        expected = expected_trainings(**asked)
        check_budget(trainings, max_seconds, seed, workers)  # refuse before printing anything
        check_form(trainer, **form)
        name = agent if gamma is None else f"{agent} --gamma {shortest(gamma)}"
        if store is not None and store.exists():
            identity = Identity.of(trainer, version_tag)
            AnswerFile(store, name, identity, accept_changed=accept_changed)
        typer.echo(f"about {expected} trainings, more where the agent is noisy", err=True)
        with Bar(log=True) as bar:
            profile = run(
                trainer,
                **asked,
                until=cast(Until, until),
                trainings=trainings,
                max_seconds=max_seconds,
                seed=seed,
                workers=workers,
                **form,
                store=store,
                version_tag=version_tag,
                accept_changed=accept_changed,
                name=name,
                progress=bar,
            )
    except (ValueError, TypeError) as error:
        raise InputError(str(error)) from error
    if profile.from_store:
        taken = f"{profile.from_store} of {profile.trainings} answers taken from {store}"
        typer.echo(taken, err=True)
    if as_json:
        print_json(profile.to_json())
    else:
        print_profile(profile, verbose=verbose)
    if plot is not None:
        save_profile(profile, plot)
    return 3 if profile.undecided else int(profile.behaves_as_told is False)
