"""Repeats a recipe from the command line: through a server, or with its own worker."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from babysit.client import Client, Refused
from babysit.protocol.commands import Stop
from babysit.protocol.events import CommandSent
from babysit.protocol.recipes.recipe import FILE, Recipe, commands
from babysit.protocol.serialization import now, to_json
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.status import RunStatus
from babysit.storage.journal import Frame, JournalReader, JournalWriter, Points

from ..child_process import child_environment, python_module
from ..errors import CannotReplay

LOOK_EVERY_S = 0.1
ENDS_WITHIN_S = 10.0
SHOWN = ("train/cost", "val/cost", "val/accuracy")


@dataclass(slots=True)
class Outcome:
    """The result of a replay.

    replayed: the event with the result of the comparison; None if nothing was compared.
    figures: the latest values of some series.
    """

    status: RunStatus = RunStatus.QUEUED
    reason: str = ""
    step: int = 0
    replayed: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def is_stopped_by_guard(self) -> bool:
        return self.status is RunStatus.PAUSED and self.reason == "guard"


# ---- through a server ---------------------------------------------------------------------------


def replay_on_server(client: Client, text: str, seed: int | None) -> Outcome:
    """Replay on a server, and wait until the run is over.

    Raises:
        BabysitError: the server cannot be reached, or rejects the request.
    """
    run_id = client.ask("/api/replays", {"recipe": text, "seed": seed})["id"]
    replaying = client.run(run_id)
    is_stop_sent = False
    while True:
        run = replaying.read()
        latest = run["latest"]
        outcome = Outcome(
            status=RunStatus(run["status"]),
            reason=run["reason"] or "",
            step=run["step"],
            replayed=run["replayed"],
            figures={name: latest[name] for name in SHOWN if name in latest},
        )
        if outcome.status.is_over:
            outcome.warnings = [event["message"] for event in replaying.events(kind="warned")]
            return outcome
        if outcome.is_stopped_by_guard and not is_stop_sent:
            with suppress(Refused):  # it has ended meanwhile
                replaying.stop()
            is_stop_sent = True
        time.sleep(LOOK_EVERY_S)


# ---- without a server --------------------------------------------------------------------------


def replay_alone(recipe: Recipe, text: str, seed: int) -> Outcome:
    """Replay in a temporary directory with an own worker.

    Raises:
        CannotReplay: the worker exited before the run was over, or the recipe is of a script.
    """
    if recipe.script is not None:  # a file from elsewhere starts nothing that is not registered
        raise CannotReplay(
            "this recipe is of a script, which the server starts that it is registered with: start "
            "`babysit serve` with its data directory"
        )
    with tempfile.TemporaryDirectory(prefix="babysit-replay-") as folder:
        directory = Path(folder) / "runs" / "1"
        directory.mkdir(parents=True)
        spec = RunSpec(
            id=1,
            family_id=1,
            name=recipe.name,
            task=recipe.task,
            values=recipe.values,
            steps=recipe.steps,
            seed=seed,
            created_at=now(),
            recipe=True,
        )
        (directory / "run.json").write_text(json.dumps(asdict(spec)))
        (directory / FILE).write_text(text, encoding="utf-8")
        journal = JournalWriter(directory / "server.journal")
        sent = commands(recipe, first_id=1)
        for command in sent:
            journal.append_event(to_json(command))
        stop = CommandSent(step=0, command_id=len(sent) + 1, command=to_json(Stop()))
        with _working(directory) as worker:
            outcome = _watch(worker, directory, lambda: journal.append_event(to_json(stop)))
        journal.close()
        return outcome


@contextmanager
def _working(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    worker = subprocess.Popen(
        python_module("babysit.worker", str(directory)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,
    )
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _watch(worker: subprocess.Popen[bytes], directory: Path, stop: Any) -> Outcome:
    """Read the journal of the worker until it has exited."""
    outcome, reader = Outcome(), JournalReader(directory / "attempt-0001.journal")
    is_stop_sent = False
    while True:
        has_ended = worker.poll() is not None  # checked first: its journal is complete then
        while records := reader.read():
            for record in records:
                if isinstance(record, Frame):
                    _note(outcome, record.body)
        if has_ended:
            break
        if outcome.is_stopped_by_guard and not is_stop_sent:
            stop()
            is_stop_sent = True
        time.sleep(LOOK_EVERY_S)
    if not outcome.status.is_over:
        log = directory / "worker.log"
        text = log.read_text(errors="replace").strip() if log.exists() else ""
        why = text.splitlines()[-1] if text else f"it exited with {worker.returncode}"
        raise CannotReplay(f"the worker did not finish the run: {why}")
    return outcome


def _note(outcome: Outcome, body: dict[str, Any] | Points) -> None:
    if isinstance(body, Points):
        newest = dict(zip(body.names, body.values[:, -1].tolist(), strict=True))
        outcome.figures |= {name: newest[name] for name in SHOWN if name in newest}
        outcome.step = max(outcome.step, int(body.steps[-1]))
        return
    match body["kind"]:
        case "status_changed":
            outcome.status, outcome.reason = RunStatus(body["status"]), body["reason"] or ""
        case "warned":
            outcome.warnings.append(body["message"])
        case "replayed":
            outcome.replayed = body
