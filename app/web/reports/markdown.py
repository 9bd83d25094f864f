"""A run as a Markdown report: settings, events with their notes, and checkpoints."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ...store.event_summary import (
    RECOVERING,
    label,
    measured,
    number,
    shown_step,
    summarize,
    value_text,
)

Json = dict[str, Any]
LEFT_OUT = ("command_sent", "worker_started", "checkpoint_saved", "checkpoint_removed")
PASSING = ("queued", "starting")
CONVENTION = "A change stands at the first step that used it, anything else at the last step made."
TOLD_COMMANDS = ("cancel", "evaluate", "extend", "fork")


def markdown_report(run: Json, events: Iterable[Json], checkpoints: Iterable[Json]) -> str:
    """The whole report. run, events, checkpoints: as in the API."""
    lines = [
        f"# {plain_text(run['name'])}",
        "",
        f"Task {plain_text(run['task'])}, seed {run['seed']}.",
        f"Now {run['status']} at step {run['step']:,} of {run['steps']:,}.",
        "",
    ]
    if run.get("best"):
        lines += [plain_text(best_text(run)), ""]
    if run["note"]:
        lines += [plain_text(run["note"]), ""]
    if run["parent"]:
        parent = run["parent"]
        lines += [f"Forked from run {parent['run_id']} at step {parent['step']:,}.", ""]
    lines += ["## Settings", "", "| hyperparameter | at the start | now |", "|---|---|---|"]
    lines += [f"| {' | '.join(map(plain_text, row))} |" for row in setting_rows(run)]
    lines += ["", "## What happened", "", CONVENTION, "", "| step | when | who | what | why |"]
    lines.append("|---|---|---|---|---|")
    lines += [f"| {' | '.join(map(plain_text, row))} |" for row in event_rows(events)]
    lines += ["", "## Checkpoints", "", "| step | why | val cost | SHA-256 of the weights |"]
    lines.append("|---|---|---|---|")
    for checkpoint in checkpoints:
        if not checkpoint["removed"]:
            cost = number(checkpoint["val_cost"])
            lines.append(
                f"| {checkpoint['step']:,} | {checkpoint['cause']} "
                f"| {'' if math.isnan(cost) else measured(cost)} "
                f"| `{plain_text(checkpoint['weights_sha256'])}` |"
            )
    return "\n".join(lines) + "\n"


def setting_rows(run: Json) -> list[tuple[str, str, str]]:
    """Of each hyperparameter its name, its value at the start and its value now."""
    first = run["initial_values"]
    return [
        (
            label(name),
            value_text(name, first[name]) if name in first else "",
            value_text(name, value),
        )
        for name, value in run["values"].items()
    ]


def event_rows(events: Iterable[Json]) -> list[tuple[str, str, str, str, str]]:
    """Of each event that is worth a line: step, moment, who, what and why."""
    shown = list(events)
    reasons = later_reasons(shown)
    return [
        (
            f"{shown_step(event):,}",
            _local(event["at"]),
            event.get("actor", ""),
            summarize(event),
            reason_of(event, reasons),
        )
        for event in shown
        if is_shown(event)
    ]


def best_text(run: Json) -> str:
    """What the best of a run is, by its objective."""
    which, best = "lowest" if run["mode"] == "min" else "highest", run["best"]
    value = measured(best["value"])
    return f"Best: the {which} {run['objective']}, {value} at step {best['step']:,}."


def is_shown(event: Json) -> bool:
    """Whether an event is worth a line: not what is over at once or is listed elsewhere."""
    if event["kind"] == "status_changed":
        return event["status"] not in PASSING or str(event.get("reason")).startswith(RECOVERING)
    if event["kind"] == "applied":
        return event["command_kind"] in TOLD_COMMANDS
    if event["kind"] == "note_added":
        return not event.get("command_id")  # it stands beside its change
    return event["kind"] not in LEFT_OUT


def later_reasons(events: Iterable[Json]) -> dict[int, str]:
    """Why changes were made where a note said so afterwards, by the id of the command."""
    notes = (event for event in events if event["kind"] == "note_added")
    return {note["command_id"]: note["text"] for note in notes if note.get("command_id")}


def reason_of(event: Json, reasons: Mapping[int, str]) -> str:
    """Why it was done, as a person said at once or later. reasons: of `later_reasons`."""
    return str(event.get("note") or reasons.get(event.get("command_id", 0), ""))


def _local(at: str) -> str:
    """A moment in the time zone of the server."""
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def plain_text(text: object) -> str:
    """Text that Markdown shows as it is, in one line of a table."""
    single_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", single_line)
