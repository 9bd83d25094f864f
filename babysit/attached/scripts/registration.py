"""How a script becomes a run: its directory, and what is known of how it was started."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from babysit.protocol.events import StatusChanged
from babysit.protocol.serialization import fields_of, now, to_json
from babysit.protocol.spec.run_spec import RunSpec, ScriptSpec
from babysit.protocol.status import RunStatus
from babysit.storage.atomic import sync_folder, write_atomic
from babysit.storage.journal import JournalWriter, to_jsonable

DATA_DIR = "BABYSIT_DATA_DIR"
DATA_DIR_DEFAULT = "var"
NAME_LENGTH_MAX = 200


def data_dir() -> Path:
    """The data directory that runs are recorded in."""
    return Path(os.environ.get(DATA_DIR) or DATA_DIR_DEFAULT).expanduser().resolve()


def new_run(directory: Path, name: str, script: ScriptSpec, *, seed: int) -> tuple[Path, RunSpec]:
    """Make the directory of a new run, with an id of its own. A server that works on the data
    directory, now or later, takes it up: making the folder decides who has the id.

    Raises:
        OSError: it cannot be written.
    """
    runs = directory / "runs"
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    ident = 1 + max((int(p.name) for p in runs.iterdir() if _is_id(p.name)), default=0)
    while True:
        place = runs / str(ident)
        try:
            place.mkdir(mode=0o700)
            break
        except FileExistsError:
            ident += 1
    spec = RunSpec(
        id=ident,
        family_id=ident,
        name=name[:NAME_LENGTH_MAX] or f"run-{ident}",
        task=task_name(script),
        values={},
        steps=1,
        seed=seed,
        created_at=now(),
        script=asdict(script),
    )
    journal = JournalWriter(place / "server.journal")
    queued = StatusChanged(step=0, status=RunStatus.QUEUED)
    starting = StatusChanged(step=0, status=RunStatus.STARTING, starts_attempt=1)
    for event in (queued, starting):
        journal.append_event(to_json(event))
    journal.sync()
    journal.close()
    # Last: a directory without it is not a run yet.
    write_atomic(place / "run.json", json.dumps(to_jsonable(fields_of(spec)), indent=1))
    sync_folder(runs)
    return place, spec


def task_name(script: ScriptSpec) -> str:
    """What stands where other runs name their task."""
    return Path(script.path).name or "script"


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit()
