"""A run as a Markdown report: settings, events with their notes, and checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
LEFT_OUT = ("command_sent", "worker_started", "checkpoint_removed")


def markdown_report(run: Json, events: Iterable[Json], checkpoints: Iterable[Json]) -> str:
    """The whole report. run, events, checkpoints: as in the API."""
    lines = [
        f"# {plain_text(run['name'])}",
        "",
        f"Task {plain_text(run['task'])}, seed {run['seed']}.",
        f"Now {run['status']} at step {run['step']:,} of {run['steps']:,}.",
        "",
    ]
    if run["note"]:
        lines += [plain_text(run["note"]), ""]
    if run["parent"]:
        parent = run["parent"]
        lines += [f"Forked from run {parent['run_id']} at step {parent['step']:,}.", ""]
    lines += ["## Settings", "", "| hyperparameter | at the start | now |", "|---|---|---|"]
    for name, value in run["values"].items():
        before = run["initial_values"].get(name, "")
        lines.append(f"| {name} | {plain_text(before)} | {plain_text(value)} |")
    lines += ["", "## What happened", "", "| step | when | who | what |", "|---|---|---|---|"]
    for event in events:
        if event["kind"] not in LEFT_OUT:
            who = event.get("actor", "")
            text = plain_text(describe_event(event))
            lines.append(f"| {event['step']:,} | {event['at']} | {plain_text(who)} | {text} |")
    lines += ["", "## Checkpoints", "", "| step | why | val cost | SHA-256 of the weights |"]
    lines.append("|---|---|---|---|")
    for checkpoint in checkpoints:
        if not checkpoint["removed"]:
            cost = "" if checkpoint["val_cost"] is None else checkpoint["val_cost"]
            lines.append(
                f"| {checkpoint['step']:,} | {checkpoint['cause']} | {cost} "
                f"| `{plain_text(checkpoint['weights_sha256'])}` |"
            )
    return "\n".join(lines) + "\n"


def describe_event(event: Json) -> str:
    """One event in words."""
    kind = event["kind"]
    if kind == "changed":
        names = event["after"]
        what = ", ".join(f"{name} {event['before'].get(name)} → {names[name]}" for name in names)
        return _with_note(what, event)
    if kind == "status_changed":
        reason = f" ({event['reason']})" if event.get("reason") else ""
        return f"{event['status']}{reason}"
    if kind == "note_added":
        return f"note: {event['text']}"
    if kind == "applied":
        return _with_note(str(event["command_kind"]).replace("_", " "), event)
    if kind == "checkpoint_saved":
        return f"checkpoint ({event['cause']})"
    detail = next((event[key] for key in ("message", "reason", "name") if event.get(key)), "")
    return f"{kind.replace('_', ' ')} {detail}".strip()


def _with_note(what: str, event: Json) -> str:
    return f"{what}: {event['note']}" if event.get("note") else what


def plain_text(text: object) -> str:
    """Text that Markdown shows as it is, in one line of a table."""
    single_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", single_line)
