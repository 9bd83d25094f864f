"""What a recipe of a script holds, and whether the script is still the one that made the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from babysit.protocol.commands import Extend
from babysit.protocol.recipes.recipe import (
    COMPARED_STEPS_MAX,
    SERIES_MAX,
    UNREPEATABLE,
    VALUES_MAX,
    Recipe,
    Recorded,
    RecordedScript,
)
from babysit.protocol.spec.run_spec import RunSpec, ScriptSpec
from babysit.protocol.spec.script_files import registered, script_id
from babysit.protocol.spec.script_start import git_state, text_sha256
from babysit.protocol.status import RunStatus

from ....errors import NotAllowed
from ....task_catalog import TaskInfo
from ...curves.curves import read_curves, series_names
from ...tables.runs import RunRow
from ..scripts import described

COST = "train/cost"
EPOCH = "epoch"  # follows from the step


def recorded_of_script(session: Session, run: RunRow) -> tuple[Recorded, tuple[Recorded, ...], int]:
    """What a script's run has recorded: the series with its cost, the others, and its last step.

    Raises:
        NotAllowed: it has recorded nothing yet, or it is a fork.
    """
    if run.parent_run_id is not None:
        raise NotAllowed(
            "This run began with a checkpoint, which a recipe of a script does not hold. Replay "
            f"run {run.parent_run_id}, or fork the checkpoint again.",
            state="fork",
        )
    names = [name for name in series_names(session, [run.id]) if name not in UNREPEATABLE | {EPOCH}]
    names = sorted(names, key=lambda name: name != COST)[:SERIES_MAX]
    groups: dict[bytes, Recorded] = {}
    for name, curve in read_curves(session, [(run, None)], names).items():
        counts = curve.steps >= 1
        steps, values = curve.steps[counts], curve.values[counts]
        if not len(steps):
            continue
        same = groups.get(steps.tobytes())
        if same is None:
            groups[steps.tobytes()] = Recorded(steps, values[np.newaxis], (name,))
        else:
            rows = np.vstack([same.values, values])
            groups[steps.tobytes()] = Recorded(steps, rows, (*same.names, name))
    if not groups:
        raise NotAllowed("The run has not recorded a step yet, so there is nothing to replay.")
    until = max(int(block.steps[-1]) for block in groups.values())
    if run.status.is_over:
        until = max(until, run.step)
    steps_max = max(1, min(COMPARED_STEPS_MAX, VALUES_MAX // len(names) - 1))
    first, *others = [block.downsample(steps_max) for block in groups.values()]
    return first, tuple(others), until


def of_script(recipe: Recipe, run: RunRow, root: RunSpec) -> Recipe:
    """The recipe with what a script's run has of its own.

    Where the script's loops end decides where the run does; a recipe says it all the same, so that
    a run that was ended earlier is ended there again.
    """
    script = script_in(run.script)
    extended = sum(
        change.command.steps for change in recipe.changes if isinstance(change.command, Extend)
    )
    is_whole = run.status is RunStatus.FINISHED
    last = recipe.until if is_whole else max(run.steps, recipe.until + 1)
    made_with = {name: recipe.made_with[name] for name in recipe.made_with if name != "data_sha256"}
    return replace(
        recipe,
        steps=root.steps if root.limited else max(1, last - extended),
        made_with=made_with,
        mixed=tuple(name for name in recipe.mixed if name != "data_sha256"),
        script=RecordedScript(
            id=script_id(script),
            path=script.path,
            argv=list(script.argv),
            cwd=script.cwd,
            commit=(script.git or {}).get("commit"),
            seed=script.seed,
            limited=bool(root.limited),
        ),
    )


def script_in(stored: Mapping[str, Any] | None) -> ScriptSpec:
    """How the script of a run was started; what another version knows of it is left out."""
    body = stored or {}
    return ScriptSpec(
        **{item.name: body[item.name] for item in fields(ScriptSpec) if item.name in body}
    )


def script_to_replay(
    data_dir: Path, recipe: Recipe, original: Mapping[str, Any] | None, seed: int | None
) -> TaskInfo:
    """The registered script of a recipe, as what can be started.

    original: the script of the run that is repeated, if it is here. seed: another one, or None.

    Raises:
        NotAllowed: it is not registered, or it is not the one that made the run.
    """
    recorded = recipe.script
    assert recorded is not None
    script = registered(data_dir, recorded.id)
    if script is None:
        raise NotAllowed(
            "The script of this run is not registered, so no request can start it. Start it once "
            "with `babysit run SCRIPT ARGUMENTS`, in the same folder.",
            state="unregistered",
        )
    path = Path(script.path)
    now, label = text_sha256(path), path.name
    if not now:
        raise NotAllowed(
            f"The file {label} cannot be read, so it cannot be repeated.", state="gone"
        )
    if now != recipe.made_with["code_sha256"]:
        raise NotAllowed(
            f"{label} has another text than when the run was made, so this would be another "
            f"training. Put the earlier text back, or start {label} as a new run.",
            state="changed",
        )
    git = git_state(path.parent) if recorded.commit else None
    if recorded.commit and (git or {}).get("commit") != recorded.commit:
        raise NotAllowed(
            f"{label} lies in a Git tree at another commit than when the run was made, so modules "
            "that it imports may differ. Check out the commit that the recipe names.",
            state="changed",
        )
    start: dict[str, Any] = {**asdict(script), "sha256": now, "git": git}
    if original is not None:
        start["environment"] = script_in(original).environment
    start["seed"] = recorded.seed if seed in (None, recipe.seed) else seed
    return TaskInfo(label, described(label, script.argv, None), {}, None, script=start)
