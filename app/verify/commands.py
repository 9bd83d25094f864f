"""Checks of the commands (K): each ends once, in order, with the values that were really used."""

from __future__ import annotations

from collections import Counter

from .snapshot import RunSnapshot

EFFECTS = ("changed", "applied")


def commands_end_once(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """K1: nothing waits for a run that is over; an answered command was answered by an event."""
    wrong = []
    ended = {body["command_id"] for _, body in snapshot.said(*EFFECTS, "refused")}
    for command in snapshot.commands:
        if command.status == "pending":
            if snapshot.run.status.is_over:
                wrong.append(f"{snapshot.name}: command {command.id} waits, but the run is over")
        elif command.id not in ended:
            wrong.append(f"{snapshot.name}: nothing was said about command {command.id}")
    known = {command.id for command in snapshot.commands}
    wrong += [
        f"{snapshot.name}: command {command_id} was answered, but never sent"
        for command_id in sorted(ended - known)
    ]
    return len(snapshot.commands), wrong


def effects_are_single(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """K2: no command was carried out twice, or carried out and refused by its worker."""
    effects = Counter(body["command_id"] for _, body in snapshot.said(*EFFECTS))
    refused = {body["command_id"] for attempt, body in snapshot.said("refused") if attempt}
    wrong = [
        f"{snapshot.name}: command {command_id} was carried out {count} times"
        for command_id, count in effects.items()
        if count > 1
    ]
    wrong += [
        f"{snapshot.name}: command {command_id} was carried out and refused"
        for command_id in sorted(set(effects) & refused)
    ]
    return len(effects), wrong


def effects_are_in_order(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """K3: what was sent first took effect first. A change that waits for its step has its own."""
    steps = {
        body["command_id"]: int(body["step"])
        for _, body in snapshot.said(*EFFECTS)
        if not body.get("scheduled")
    }
    wrong, latest = [], 0
    for command_id, step in sorted(steps.items()):
        if step < latest:
            wrong.append(f"{snapshot.name}: command {command_id} took effect before an earlier one")
        latest = max(latest, step)
    return len(steps), wrong


def readings_are_real(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """K4: the learning rate that an answer names is the one that the next step used."""
    counted, wrong = 0, []
    for attempt, journal in snapshot.journals.items():
        answers = {  # of several at one step the last one counts
            int(body["step"]): body
            for body in journal.of_kind("changed")
            if "learning_rate" in body["after"]
        }
        for step, body in answers.items():
            used, named = journal.rates.get(step + 1), body["after"]["learning_rate"]
            if used is None:
                continue
            counted += 1
            if repr(used) != repr(float(named)):
                wrong.append(
                    f"{snapshot.name}, attempt {attempt}: command {body['command_id']} named "
                    f"{named!r}, step {step + 1:,} used {used!r}"
                )
    return counted, wrong
