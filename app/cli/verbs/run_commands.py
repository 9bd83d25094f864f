"""`babysit pause`, `resume` and `stop`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from babysit.client import BabysitError, Client
from babysit.client.answer import Answer
from babysit.storage.server_file import is_server_there

from ..settings import data_dir_settings
from .resume_alone import resume_alone
from .verb import Shown, add_run, add_verb, carry_through, failed


def register(commands: Any) -> None:
    """Add the verbs to the command line."""
    add_run(add_verb(commands, "pause", pause, "pause a run between two steps"))
    resume_parser = add_verb(
        commands,
        "resume",
        resume,
        "continue a run after a pause, or a lost script",
    )
    resume_parser.set_defaults(act=resume_anyhow)
    add_run(resume_parser)
    resume_parser.add_argument(
        "--for", type=int, dest="for_steps", metavar="STEPS", help="pause again after so many"
    )
    add_run(add_verb(commands, "stop", stop, "end a run before its last step, with a checkpoint"))


def pause(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    yield _shown(client.run(arguments.run).pause(), "paused")


def resume(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    run = client.run(arguments.run)
    if run.status == "lost":
        yield Shown("taken up again from its newest checkpoint", run.restart())
        return
    yield _shown(client.run(arguments.run).resume(for_steps=arguments.for_steps), "running")


def resume_anyhow(arguments: argparse.Namespace) -> None:
    """Resume through the server; without one, continue a script in this terminal."""
    data_dir = data_dir_settings(arguments).data_dir
    if arguments.url or os.environ.get("BABYSIT_URL") or is_used(data_dir):
        carry_through(resume, arguments)
    try:
        code = resume_alone(data_dir, arguments.run)
    except BabysitError as error:
        code = failed(error, as_json=arguments.json)
    sys.exit(code)


def is_used(data_dir: Path) -> bool:
    """Whether a server works on a data directory, or there is nothing in it to go on with."""
    try:
        return is_server_there(data_dir) or not (data_dir / "runs").is_dir()
    except OSError:
        return True


def stop(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    yield _shown(client.run(arguments.run).stop(), "stopped")


def _shown(answer: Answer, state: str) -> Shown:
    match answer.status:
        case "no_op":
            text = f"nothing to do: the run is {state}, or will be in a moment"
        case "pending":
            text = f"sent; the run has not answered yet (command {answer.command_id})"
        case _:
            text = f"step {answer.step:,}: {state}"
    return Shown(text, asdict(answer))
