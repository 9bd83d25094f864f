"""`babysit set` and `note`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from babysit.client import Client
from babysit.client.answer import Answer

from ...store.event_summary import moved, value_text
from .assignments import HELP, read_assignments
from .verb import Shown, add_run, add_verb


def register(commands: Any) -> None:
    """Add the verbs to the command line."""
    set_parser = add_verb(
        commands, "set", set_values, "change hyperparameters; waits until they were read back"
    )
    add_run(set_parser)
    set_parser.add_argument("values", nargs="+", metavar="NAME=VALUE", help=HELP)
    set_parser.add_argument("--at", type=int, metavar="STEP", help="change them after this step")
    set_parser.add_argument("--over", type=int, metavar="STEPS", help="change them gradually")
    set_parser.add_argument("--note", default="", metavar="TEXT", help="the reason")
    note_parser = add_verb(commands, "note", add_note, "attach a note to a step")
    add_run(note_parser)
    note_parser.add_argument("text", metavar="TEXT")
    note_parser.add_argument("--step", type=int, help="the step (default the current one)")


def set_values(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    run = client.run(arguments.run)
    body = run.read()
    declared = (body.get("declared") or {}).get("hyperparameters", [])
    # An argument `lr` that was only read at the start is not what somebody wants to change.
    only_by_a_fork = {item["name"] for item in declared if item["when"] == "fork"}
    values = read_assignments(arguments.values, set(body["values"]) - only_by_a_fork)
    answer = run.set(values, at_step=arguments.at, over_steps=arguments.over, note=arguments.note)
    yield Shown(_said(answer, values, arguments.over), asdict(answer))


def add_note(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    event = client.run(arguments.run).note(arguments.text, step=arguments.step)
    yield Shown(f"step {event['step']:,}: {event['text']}", event)


def _said(answer: Answer, values: dict[str, Any], over_steps: int | None) -> str:
    """For example `from step 770: learning_rate 0.0317 → 0.01`."""
    ramp = f" over {over_steps:,} steps" if over_steps else ""
    if answer.status == "pending":
        when = (
            "sent; the run has not answered yet"
            if answer.at_step is None
            else f"scheduled after step {answer.at_step:,}"
        )
        asked = ", ".join(f"{name} → {_value(name, value)}" for name, value in values.items())
        return f"{asked}{ramp}: {when} (command {answer.command_id})"
    # Of a ramp the worker has read back where it begins; what was asked is where it leads.
    after = {**answer.after, **values} if over_steps else answer.after
    changes = ", ".join(
        f"{name} {_value(name, answer.before[name])} → {_value(name, after[name])}"
        if name in answer.before
        else f"{name} {_value(name, after[name])}"
        for name in moved(answer.before, after)
    )
    notes = "".join(f"\n  {note}" for note in answer.notes)
    # An older server does not say it; then the change acts from the next step on.
    first = answer.effective_step or (answer.step or 0) + 1
    return f"from step {first:,}: {changes}{ramp}{notes}"


def _value(name: str, value: Any) -> str:
    match value:
        case {"times": factor}:
            return f"{factor:g} × schedule"
        case {"release": True}:
            return "schedule"
        case _:
            return value_text(name, value)
