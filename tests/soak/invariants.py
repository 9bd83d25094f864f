"""What must hold whatever happened: each invariant is a function of files, SQL and API alone.

Every function gives sentences, one for each violation. The letters are those of the fault model:
M for what was recorded, K for commands, C for checkpoints, R for runs.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from babysit.protocol.status import MOVES, OVER, RunStatus
from babysit.storage.file_lock import is_run_locked
from babysit.training.checkpoint import load_checkpoint
from tests.soak.evidence import Body, Run, damage_of

ANSWERS = ("changed", "applied", "refused")


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def m1_journals_are_whole(run: Run) -> Iterator[str]:
    """Every record counts one more than the last, and nothing in between is damaged."""
    for attempt, journal in run.journals.items():
        for problem in journal.problems:
            yield f"attempt {attempt}: {problem}"


def m2_events_are_in_sql_once(run: Run) -> Iterator[str]:
    """Every event of every journal, equal in every field; and no other."""
    places = Counter((event["attempt"], event["seq"]) for event in run.sql_events)
    yield from (
        f"event {place} is in SQL {count} times" for place, count in places.items() if count > 1
    )
    stored = {(event["attempt"], event["seq"]): event["body"] for event in run.sql_events}
    written = {
        (attempt, seq): body
        for attempt, journal in run.journals.items()
        for seq, body in journal.events.items()
    }
    for place in sorted(stored.keys() | written.keys()):
        if stored.get(place) != written.get(place):
            yield f"event {place}: SQL {stored.get(place)}, journal {written.get(place)}"


def m3_points_are_in_sql_once(run: Run) -> Iterator[str]:
    """Every point of every attempt, in its order, to the last bit; and no other."""
    written = {
        (attempt, name): points
        for attempt, journal in run.journals.items()
        for name, points in journal.points.items()
    }
    for place in sorted(written.keys() | run.curves.keys()):
        left, right = written.get(place, []), run.curves.get(place, [])
        same = [(step, bits(value)) for step, value in left] == [
            (step, bits(value)) for step, value in right
        ]
        if not same:
            yield f"series {place}: {len(left)} points written, {len(right)} in SQL, or others"


def m4_cursors_are_at_the_ends(run: Run) -> Iterator[str]:
    for attempt, journal in run.journals.items():
        if attempt and run.cursors.get(attempt, (0, 0)) != (journal.end, journal.last_seq):
            yield (
                f"attempt {attempt}: read up to {run.cursors.get(attempt)}, "
                f"it ends at {(journal.end, journal.last_seq)}"
            )
    if run.row["server_seq"] != run.journals[0].last_seq:
        yield f"server.journal ends at {run.journals[0].last_seq}, SQL at {run.row['server_seq']}"


def m6_steps_follow_each_other(run: Run) -> Iterator[str]:
    """Within an attempt every update is recorded once, from the step where it began."""
    for attempt, journal in run.journals.items():
        steps = [step for step, _ in journal.points.get("train/cost", [])]
        started = [event for event in journal.events.values() if event["kind"] == "worker_started"]
        if len(started) > 1:
            yield f"attempt {attempt} was taken up {len(started)} times"
        if steps and (not started or steps != list(range(started[0]["step"] + 1, steps[-1] + 1))):
            yield f"attempt {attempt} recorded other steps than it made"


def answers_of(run: Run) -> Iterator[tuple[int, Body]]:
    """(attempt, event) of everything that answers a command, in the order of SQL's ids."""
    for event in run.sql_events:
        if event["kind"] in ANSWERS:
            yield event["attempt"], event["body"]


def k1_commands_are_answered(run: Run) -> Iterator[str]:
    """When a run is over nothing waits."""
    for command in run.commands:
        if command["status"] == "pending" and run.row["status"] in OVER:
            yield f"command {command['id']} waits for ever"


def k2_commands_act_once(run: Run) -> Iterator[str]:
    answered = Counter(body["command_id"] for _, body in answers_of(run))
    yield from (f"command {ident} has {n} answers" for ident, n in answered.items() if n > 1)


def k3_commands_act_in_order(run: Run) -> Iterator[str]:
    """Of those that act at once. A saved checkpoint is told of when it is on the disk."""
    last = 0
    for attempt, body in answers_of(run):
        at_once = body["kind"] == "changed" and not body["scheduled"]
        at_once |= body["kind"] == "applied" and body["command_kind"] != "save_checkpoint"
        if attempt and at_once:
            if body["command_id"] < last:
                yield f"command {body['command_id']} acted after {last}"
            last = body["command_id"]


def k4_an_answer_says_what_sql_says(run: Run) -> Iterator[str]:
    """A command's row is what its first answer said."""
    first: dict[int, Body] = {}
    for _, body in answers_of(run):
        first.setdefault(body["command_id"], body)
    for command in run.commands:
        kind = first.get(command["id"], {"kind": "pending"})["kind"]
        status = kind if kind in ("pending", "refused") else "applied"
        if status != command["status"]:
            yield f"command {command['id']} is {command['status']}, its answer was {kind}"


def c1_visible_checkpoints_are_whole(run: Run, damaged: set[Path]) -> Iterator[str]:
    """Files, checksums and the hash of the state; but for those that were damaged on purpose."""
    for row in run.checkpoints:
        directory = run.directory / "checkpoints" / row["directory"]
        if row["removed"] or directory in damaged:
            continue
        if wrong := damage_of(directory):
            yield f"checkpoint {row['directory']}: {wrong}"
        elif load_checkpoint(directory).state_sha256() != row["state_sha256"]:
            yield f"checkpoint {row['directory']} is of another state than was said"


def c3_a_run_has_a_checkpoint(run: Run, damaged: set[Path]) -> Iterator[str]:
    whole = [
        row
        for row in run.checkpoints
        if not row["removed"] and run.directory / "checkpoints" / row["directory"] not in damaged
    ]
    if run.said("checkpoint_saved") and not whole:
        yield "no checkpoint is left"


def c7_no_half_checkpoint_is_left(run: Run) -> Iterator[str]:
    """Of a run that ended by its own word; what a killed one left waits for its next attempt."""
    if run.row["status"] in (RunStatus.FINISHED, RunStatus.STOPPED):
        last = max(run.journals)
        ended = [
            event["status"] for event in run.journals[last].events.values() if "status" in event
        ]
        parts = list((run.directory / "checkpoints").glob(".*.part"))
        if last and parts and ended and ended[-1] in OVER:
            yield f"left over: {[part.name for part in parts]}"


def r1_a_status_is_true(run: Run) -> Iterator[str]:
    """Over: nobody works on it. Not over, and not queued: somebody does."""
    held, over = is_run_locked(run.directory), run.row["status"] in OVER
    if held and over:
        yield f"it is {run.row['status']}, but a worker holds it"
    if not held and run.row["status"] in (RunStatus.RUNNING, RunStatus.PAUSED):
        yield f"it is {run.row['status']}, but no worker holds it"


def r3_finished_is_the_workers_word(run: Run) -> Iterator[str]:
    finished = [e for e in run.said("status_changed") if e["status"] == RunStatus.FINISHED]
    if run.row["status"] == RunStatus.FINISHED and not finished:
        yield "it is called finished, and no worker said so"
    if finished and run.row["status"] != RunStatus.FINISHED:
        yield f"it finished, and is called {run.row['status']}"


def r4_statuses_follow_the_table(run: Run) -> Iterator[str]:
    """In the order of SQL; the last one is the run's."""
    status: RunStatus | None = None
    for event in run.sql_events:
        if event["kind"] != "status_changed":
            continue
        following = RunStatus(event["body"]["status"])
        if status is not None and following != status and following not in MOVES[status]:
            yield f"{following} follows {status}, by attempt {event['attempt']}"
        else:
            status = following
    if status is not None and status != run.row["status"]:
        yield f"it is {run.row['status']}, its last event says {status}"


OF_A_RUN: tuple[Callable[[Run], Iterator[str]], ...] = (
    m1_journals_are_whole,
    m2_events_are_in_sql_once,
    m3_points_are_in_sql_once,
    m4_cursors_are_at_the_ends,
    m6_steps_follow_each_other,
    k1_commands_are_answered,
    k2_commands_act_once,
    k3_commands_act_in_order,
    k4_an_answer_says_what_sql_says,
    c7_no_half_checkpoint_is_left,
    r1_a_status_is_true,
    r3_finished_is_the_workers_word,
    r4_statuses_follow_the_table,
)


def violations_of(run: Run, damaged: set[Path]) -> list[str]:
    """All that is wrong with one run."""
    found = [
        f"run {run.id}: {invariant.__name__}: {sentence}"
        for invariant in OF_A_RUN
        for sentence in invariant(run)
    ]
    for about in (c1_visible_checkpoints_are_whole, c3_a_run_has_a_checkpoint):
        found += [f"run {run.id}: {about.__name__}: {text}" for text in about(run, damaged)]
    return found


def same_curve(drawn: dict[str, Any], steps: list[int], values: list[float]) -> bool:
    """Whether a curve of the API is these points."""
    return bool(drawn["step"] == steps and drawn["value"] == values)
