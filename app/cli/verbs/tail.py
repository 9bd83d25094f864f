"""`babysit tail`: the newest events of a run, and those to come."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from babysit.client import Client
from babysit.protocol.events import EVENTS, CommandSent

from ...store.event_summary import when
from .verb import Shown, add_run, add_verb

COUNT = 10
# A command that was only passed on has no words of its own: its answer follows.
WORTH_A_LINE = ",".join(kind for kind in EVENTS if kind != CommandSent.kind)


def register(commands: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(commands, "tail", tail, "print the newest events of a run")
    add_run(parser)
    parser.add_argument(
        "-f", "--follow", action="store_true", help="print events as they happen, until the end"
    )
    parser.add_argument("-n", type=int, default=COUNT, help=f"how many (default {COUNT})")


def tail(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    run = client.run(arguments.run)
    newest_id = 0
    for event in run.newest_events(arguments.n, kind=None if arguments.json else WORTH_A_LINE):
        newest_id = event["id"]
        yield from _shown(event, as_json=arguments.json)
    if not arguments.follow:
        return
    for event in run.follow(after=newest_id or run.read()["last_event_id"]):
        yield from _shown(event, as_json=arguments.json)


def _shown(event: dict[str, Any], *, as_json: bool) -> Iterator[Shown]:
    if event["summary"] or as_json:
        note = f" ({event['note']})" if event.get("note") else ""
        time = event["at"].replace("T", " ")[:19]
        yield Shown(f"{time}  {when(event)}: {event['summary']}{note}", event)
