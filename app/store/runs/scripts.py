"""Runs of people's own scripts that the server starts, or continues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from babysit.protocol.events import StatusChanged
from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.protocol.spec.script_files import all_registered, registered
from babysit.protocol.status import RunStatus

from ...errors import Invalid, NotAllowed
from ..store import Transaction
from ..tables.runs import RunRow
from .create import build_run_spec, check_values_of_script, watch, watched_apart
from .projection import emit
from .runs import check_name, make_run, next_run_id

UNKNOWN_STEPS = 1  # until the script says how many it makes


def start_script(tx: Transaction, data_dir: Path, options: Mapping[str, Any]) -> RunRow:
    """A new run of a registered script, queued.

    options: `script`, the id of the registration; otherwise as of `start_run`.

    Raises:
        Invalid: no such script is registered, or a value is wrong.
    """
    ident = str(options["script"])
    script = registered(data_dir, ident)
    if script is None:
        raise Invalid(
            "No such script is registered. Start it once with `babysit run SCRIPT`.",
            field="script",
            allowed=list(all_registered(data_dir)),
        )
    check_name(options.get("name"))
    values = check_values_of_script(options.get("values") or {})
    given, watched = watched_apart(options)
    run_id = next_run_id(tx)
    label = Path(script.path).name
    spec = build_run_spec(
        {"steps": UNKNOWN_STEPS, "seed": 0, "name": f"{Path(script.path).stem}-{run_id}"},
        {name: value for name, value in given.items() if name != "script"},
        id=run_id,
        family_id=run_id,
        task=label,
        values=values,
        script=asdict(replace(script, supervised=True)),
    )
    return watch(tx, make_run(tx, spec, values), watched)


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


def shown(ident: str, script: ScriptSpec) -> dict[str, Any]:
    """A registered script as JSON; its environment is nobody's business."""
    body = {name: value for name, value in asdict(script).items() if name != "environment"}
    return {"id": ident, **body}
