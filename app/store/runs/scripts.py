"""People's own scripts: which are registered, what is known of them, and runs that continue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.events import StatusChanged
from babysit.protocol.objective import VAL_COST
from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.protocol.spec.script_files import all_registered, registered, script_id
from babysit.protocol.status import RunStatus

from ...errors import Invalid, NotAllowed
from ...task_catalog import TaskInfo
from ...task_description import declarations
from ..curves.curves import series_names
from ..journals.spec_file import RUN_FILE
from ..store import Transaction
from ..tables.runs import RunRow
from .declared import shown_script
from .projection import emit

LOOKED_AT_MAX = 200  # of the newest runs of scripts with the same file name
SAME = ("path", "argv", "cwd", "python")  # what makes two starts those of one script


def script_named(session: Session, data_dir: Path, named: str, *, described: bool) -> TaskInfo:
    """A registered script as what can be started. named: its id, its path or its file name.

    described: what it declares has to be known.

    Raises:
        Invalid: none is registered, several have the name, or it has not said yet what it declares.
    """
    scripts = all_registered(data_dir)
    found = [ident for ident, script in scripts.items() if ident == named]
    if not found:
        found = [
            ident
            for ident, script in scripts.items()
            if named in (script.path, Path(script.path).name)
        ]
    if len(found) != 1:
        problem = (
            f"{len(found)} registered scripts are named so. Give the id of one."
            if found
            else "No such script is registered. Start it once with `babysit run SCRIPT`."
        )
        raise Invalid(problem, field="script", allowed=found or list(scripts))
    info = script_info(session, scripts[found[0]])
    if described and info.error is not None:
        raise Invalid(info.error, field="script")
    return info


def script_info(session: Session, script: ScriptSpec) -> TaskInfo:
    """A script as what can be started, with what its newest run declared."""
    start = asdict(script)
    run = _newest_run(session, start)
    if run is None:
        label = Path(script.path).name
        said = f"What {label} can change is known once a run of it has begun. Start one."
        return TaskInfo(label, described(label, [], said), {}, said, script=start)
    return info_of_run(session, run, start)


def info_of_run(session: Session, run: RunRow, start: Mapping[str, Any] | None = None) -> TaskInfo:
    """What a run of a script has declared, as what can be started.

    start: how to start it; None: as the run itself was.
    """
    said = run.declared or {}
    label = run.task
    described_as = described(label, (start or run.script or {}).get("argv", ()), None)
    series = series_names(session, [run.id])
    objective = said.get("objective") or VAL_COST
    mode = said.get("mode") or "min"
    if objective == VAL_COST and VAL_COST not in series:
        objective, mode = said.get("cost") or VAL_COST, "min"  # the script names none
    described_as |= {
        "default_steps": run.steps,
        "series": sorted({*series, objective}),
        "objective": objective,
        "mode": mode,
        "hyperparameters": said.get("hyperparameters", []),
        "defaults": {},
    }
    return task_of_script({"start": dict(start or run.script or {}), "description": described_as})


def described(label: str, argv: Any, error: str | None) -> dict[str, Any]:
    """The fields that every description has."""
    title = " ".join([label, *argv])
    return {"name": label, "title": title, "summary": "", "error": error}


def task_of_script(script: Mapping[str, Any]) -> TaskInfo:
    """What can be started, from what a search has kept of it: `start` and `description`."""
    description = dict(script["description"])
    declared = declarations(description["hyperparameters"], of_script=True)
    return TaskInfo(description["name"], description, declared, None, script=dict(script["start"]))


def _newest_run(session: Session, start: Mapping[str, Any]) -> RunRow | None:
    """The newest run of a script that has declared something; those of searches come last."""
    query = (
        select(RunRow)
        .where(
            RunRow.task == Path(start["path"]).name,
            RunRow.script.is_not(None),
            RunRow.declared.is_not(None),
        )
        .order_by(RunRow.search_id.is_not(None), RunRow.id.desc())
        .limit(LOOKED_AT_MAX)
    )
    return next((run for run in session.scalars(query) if is_same_script(run.script, start)), None)


def is_same_script(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether two runs are of the same script with the same arguments in the same folder."""
    if one is None or other is None:
        return one is other
    return all(one.get(name) == other.get(name) for name in SAME)


def start_of(session: Session, runs_dir: Path, run: RunRow) -> dict[str, Any]:
    """How a script's run was started, and how a request can start one like it.

    asked_values: those that were asked for when the run was made, or one that it was forked from.
    """
    script = run.script or {}
    try:
        ident = script_id(ScriptSpec(**script))
    except TypeError:  # as another version wrote it
        ident = ""
    known = registered(runs_dir.parent, ident)
    values: dict[str, Any] = {}
    member: RunRow | None = run
    while member is not None:
        spec = RUN_FILE.read(runs_dir / str(member.id))
        asked = {} if isinstance(spec, str) else spec.values
        plain = {name: value for name, value in asked.items() if not isinstance(value, dict)}
        values = {**plain, **values}
        member = session.get(RunRow, member.parent_run_id or 0)
    shown = {**(shown_script(script) or {}), "id": None if known is None else ident}
    return {"script": shown, "asked_values": values}


def restart_script(tx: Transaction, run: RunRow) -> None:
    """Queue a further attempt of a run whose process is gone.

    Raises:
        NotAllowed: it is no script's, or it is not lost.
    """
    if run.script is None or run.status is not RunStatus.LOST:
        raise NotAllowed(
            f"Only a script whose process is lost can be taken up again; this run is "
            f"{run.status.value}.",
            state=run.status.value,
        )
    emit(tx, run, StatusChanged(step=run.step, status=RunStatus.QUEUED))


def registered_scripts(session: Session, data_dir: Path) -> list[dict[str, Any]]:
    """Every registered script as JSON; its environment is nobody's business."""
    found = []
    for ident, script in all_registered(data_dir).items():
        body = {name: value for name, value in asdict(script).items() if name != "environment"}
        info = script_info(session, script)
        known = None if info.error is not None else info.description
        found.append({"id": ident, **body, "described": known})
    return found
