"""`babysit ls`, `status` and `checkpoints`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from babysit.client import Client

from ...store.event_summary import PAUSE_REASONS, measured, number, value_text
from .verb import Shown, add_run, add_verb

RUNS = 20  # of `ls`, without --all


def register(commands: Any) -> None:
    """Add the verbs to the command line."""
    ls_parser = add_verb(commands, "ls", list_runs, "list the runs, newest first")
    ls_parser.add_argument("--all", action="store_true", help=f"not only the newest {RUNS}")
    ls_parser.add_argument("--trials", action="store_true", help="also the trials of searches")
    add_run(add_verb(commands, "status", show_status, "show one run"))
    add_run(add_verb(commands, "checkpoints", list_checkpoints, "list the checkpoints of a run"))


def list_runs(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    query = {"trials": "true"} if arguments.trials else {}
    runs = client.runs(limit=None if arguments.all else RUNS, **query)
    rows = [
        (run["id"], run["name"], run["task"], _status(run), _steps(run), _best(run)) for run in runs
    ]
    yield Shown(table(("ID", "NAME", "TASK", "STATUS", "STEP", "BEST VAL COST"), rows), runs)


def show_status(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    run = client.run(arguments.run).read()
    values = ", ".join(f"{name} {value_text(name, v)}" for name, v in run["values"].items())
    latest = ", ".join(f"{name} {measured(number(v))}" for name, v in run["latest"].items())
    lines = [
        ("run", f"{run['id']} {run['name']}, task {run['task']}"),
        ("status", _status(run) + (f": {run['error']}" if run["error"] else "")),
        ("step", _steps(run)),
        ("best", _best(run)),
        ("latest", latest),
        ("values", values),
        ("note", run["note"]),
        *(("waiting", _pending(command)) for command in run["pending"]),
    ]
    yield Shown("\n".join(f"{name:8} {text}" for name, text in lines if text), run)


def list_checkpoints(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    checkpoints = [item for item in client.run(arguments.run).checkpoints() if not item["removed"]]
    rows = [
        (item["id"], f"{item['step']:,}", item["cause"], _cost(item["val_cost"]), _marks(item))
        for item in checkpoints
    ]
    yield Shown(table(("ID", "STEP", "SAVED FOR", "VAL COST", ""), rows), checkpoints)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns with two spaces between them."""
    texts = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in texts
    ]
    return "\n".join(line.rstrip() for line in lines)


def _status(run: dict[str, Any]) -> str:
    reason = run["reason"]
    if not reason or reason == "user":
        return str(run["status"])
    return f"{run['status']} ({PAUSE_REASONS.get(reason, reason)})"


def _steps(run: dict[str, Any]) -> str:
    return f"{run['step']:,} of {run['steps']:,}"


def _best(run: dict[str, Any]) -> str:
    best = run["best"]
    return f"{_cost(best['val_cost'])} at step {best['step']:,}" if best else ""


def _cost(cost: Any) -> str:
    return "" if cost is None else measured(number(cost))


def _marks(checkpoint: dict[str, Any]) -> str:
    """What is special about a checkpoint."""
    marks = {
        "best": checkpoint["best"],
        "pinned": checkpoint["pinned"],
        "damaged": not checkpoint["valid"],
    }
    return ", ".join(mark for mark, is_so in marks.items() if is_so)


def _pending(command: dict[str, Any]) -> str:
    values = ", ".join(f"{name} {value_text(name, v)}" for name, v in command["values"].items())
    when = "" if command["at_step"] is None else f" after step {command['at_step']:,}"
    return f"{command['kind']} {values}{when} (command {command['command_id']})"
