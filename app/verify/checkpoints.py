"""Checks of checkpoints and of the bytes in a data directory (C)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from babysit.storage.manifest import MANIFEST, CheckpointDamaged, read_json
from babysit.storage.objects.restoring import replace_damaged
from babysit.storage.server_file import SERVER_LOCK

from ..child_process import child_environment, python_module
from ..store.runs.checkpoints import announced_of, what_is_wrong
from ..store.tables.runs import CheckpointRow
from .snapshot import RunSnapshot

DEEP_WITHIN_S = 3_600.0


def checkpoints_are_whole(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """C1: what is said to exist is there, each file as its SHA-256 says, and is what SQL says."""
    wrong = []
    kept = [row for row in snapshot.checkpoints if not row.removed]
    for row in kept:
        directory = snapshot.directory / "checkpoints" / row.directory
        found = _fetched(directory, row) or _belongs_elsewhere(directory, row)
        if found:
            wrong.append(f"{snapshot.name}, checkpoint {row.directory}: {found}")
    return len(kept), wrong


def _fetched(directory: Path, row: CheckpointRow) -> str | None:
    """What is wrong with a checkpoint; one that is gone is brought back from object storage."""
    wrong = what_is_wrong(directory, row, deep=True)
    if wrong is None:
        return None
    try:
        replace_damaged(directory, announced_of(row), CheckpointDamaged(wrong))
    except CheckpointDamaged as error:
        return str(error)
    return what_is_wrong(directory, row, deep=True)


def _belongs_elsewhere(directory: Path, row: CheckpointRow) -> str | None:
    manifest: dict[str, Any] = read_json(directory / MANIFEST)
    for name in ("id", "run_id", "step", "weights_sha256", "state_sha256"):
        if manifest.get(name) != getattr(row, name):
            return f"its manifest says {name} {manifest.get(name)}, SQL {getattr(row, name)}"
    return None


def one_is_always_there(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """C3: after the first checkpoint there is always one to go back to."""
    if not snapshot.checkpoints:
        return 0, []
    directory = snapshot.directory / "checkpoints"
    for row in reversed(snapshot.checkpoints):
        if not row.removed and what_is_wrong(directory / row.directory, row, deep=False) is None:
            return 1, []
    return 1, [f"{snapshot.name}: no checkpoint of it can be used"]


def forks_have_parents(snapshot: RunSnapshot, family: list[RunSnapshot]) -> tuple[int, list[str]]:
    """C6: a fork names a checkpoint that its parent has, and the parent names the fork."""
    run = snapshot.run
    if run.parent_run_id is None:
        return 0, []
    parent = next((other for other in family if other.run.id == run.parent_run_id), None)
    if parent is None:
        return 1, [f"{snapshot.name}: its parent, run {run.parent_run_id}, is not there"]
    row = next((row for row in parent.checkpoints if row.id == run.parent_checkpoint_id), None)
    if row is None or row.step != run.parent_step:
        return 1, [f"{snapshot.name}: its parent has no checkpoint {run.parent_checkpoint_id}"]
    children = [body["child_run_id"] for _, body in parent.said("forked")]
    if run.id not in children:
        return 1, [f"{snapshot.name}: the journal of its parent does not know it"]
    return 1, []


def no_bytes_are_orphans(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """C7: nothing lies in a run's directory that nothing names."""
    wrong, counted = [], 0
    named = {row.directory: row for row in snapshot.checkpoints}
    for path in _entries(snapshot.directory / "checkpoints"):
        counted += 1
        row = named.get(path.name)
        if path.name.startswith("."):
            if not snapshot.is_locked:  # no worker is writing it
                wrong.append(f"{snapshot.name}: checkpoints/{path.name} was never finished")
        elif row is None:
            wrong.append(f"{snapshot.name}: checkpoints/{path.name} is in no journal")
        elif row.removed:
            wrong.append(
                f"{snapshot.name}: checkpoints/{path.name} was removed, and is still there"
            )
    for attempt in sorted(snapshot.journals):
        counted += 1
        if attempt > snapshot.run.attempt:
            wrong.append(f"{snapshot.name}: attempt {attempt} has a journal, but was never started")
    for path in snapshot.directory.glob(".run.json*"):
        wrong.append(f"{snapshot.name}: {path.name} was never finished")
    return counted, wrong


def no_directory_is_an_orphan(runs_dir: Path, run_ids: set[int]) -> tuple[int, list[str]]:
    """C7: every directory belongs to a run, and every run has one."""
    names = {path.name for path in _entries(runs_dir)} - {SERVER_LOCK}  # where `runs` is a link
    known = {str(run_id) for run_id in run_ids}
    wrong = [f"runs/{name} belongs to no run of SQL" for name in sorted(names - known)]
    wrong += [f"run {name} has no directory" for name in sorted(known - names)]
    return len(names | known), wrong


def states_are_what_they_say(snapshots: list[RunSnapshot]) -> tuple[int, list[str]]:
    """C5: the tensors of every checkpoint, loaded in a process of their own, give its hash."""
    directories = {
        str(
            snapshot.directory / "checkpoints" / row.directory
        ): f"{snapshot.name}, checkpoint {row.directory}"
        for snapshot in snapshots
        for row in snapshot.checkpoints
        if not row.removed
    }
    if not directories:
        return 0, []
    ran = subprocess.run(
        python_module("babysit.training.verify_states"),
        input="\n".join(directories),
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=DEEP_WITHIN_S,
        check=False,
    )
    if ran.returncode != 0:
        return 0, ["the process that loads checkpoints failed: " + ran.stderr.strip()[-200:]]
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    wrong = [f"{directories[line['path']]}: {line['wrong']}" for line in found if line["wrong"]]
    return len(found), wrong


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder))
    except FileNotFoundError:
        return []
