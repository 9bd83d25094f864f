"""Runs scripts as the product does: each attempt is forked from a process that has torch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from babysit.attached.scripts.registration import new_run
from babysit.protocol.commands import Command
from babysit.protocol.events import CommandSent, Event
from babysit.protocol.heartbeat import read_heartbeat
from babysit.protocol.recipes.recipe import UNREPEATABLE
from babysit.protocol.serialization import fields_of, now, to_json
from babysit.protocol.spec.run_spec import checkpoint_id
from babysit.protocol.spec.script_start import script_spec
from babysit.storage.journal import JournalReader, JournalWriter, Points
from tests.babysit.fork_client import ForkServer

TRAININGS = Path(__file__).parent / "trainings"
WITHIN_S = 120.0
LOOK_EVERY_S = 0.002  # between two looks at what another process does, until a deadline


def training(name: str) -> Path:
    return TRAININGS / f"{name}.py"


@dataclass(slots=True)
class Recorded:
    """What the journals of a run hold. points: series -> step -> value, the newest attempt's."""

    points: dict[str, dict[int, float]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    @property
    def status(self) -> str:
        return str(self.of_kind("status_changed")[-1]["status"])

    def bits(self) -> dict[str, dict[int, bytes]]:
        """All values that can be repeated, bit for bit."""
        return {
            name: {step: struct.pack("<d", value) for step, value in values.items()}
            for name, values in self.points.items()
            if name not in UNREPEATABLE
        }

    @property
    def weights(self) -> str:
        return str(self.of_kind("checkpoint_saved")[-1]["weights_sha256"])


class ScriptRun:
    """One run of a script, in a data directory of its own or of a parent."""

    def __init__(
        self,
        fork_server: ForkServer,
        data_dir: Path,
        script: Path,
        *arguments: str,
        seed: int = 123,
        processes: int = 1,
        supervised: bool = False,
        **environment: str,
    ) -> None:
        spec = replace(
            script_spec(script, list(arguments), supervised=supervised),
            cwd=str(data_dir.parent),  # what a framework writes beside the script stays there
            environment={"OMP_NUM_THREADS": "1", **environment},
            processes=processes,
        )
        self._fork_server = fork_server
        self.directory, self.spec = new_run(data_dir, script.stem, spec, seed=seed)
        self.attempt = self._commands = self.pid = 0

    def start(self) -> int:
        """Begin the next attempt. Returns: its process."""
        self.attempt += 1
        self.pid = self._fork_server.work(self.directory, self.attempt, may_retry=False)
        return self.pid

    def wait(self) -> int:
        """The exit code of the attempt, negative for a signal."""
        return exit_code_of(self.directory, self.attempt)

    def finish(self) -> int:
        """Run the next attempt to its end. Returns: its exit code."""
        self.start()
        return self.wait()

    def kill_at(self, step: int) -> int:
        """Run the next attempt until a turn has begun, then kill it. Returns: as `wait`."""
        self.start()
        self.wait_for_step(step)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait_for_step(self, step: int) -> None:
        """Return when turn `step` has begun, or when the attempt is over."""
        ended = self.directory / f"exit-{self.attempt:04d}.json"
        deadline_s = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline_s and not ended.exists():
            beat = read_heartbeat(self.directory, self.attempt)
            if beat is not None and beat.step >= step:
                return
            time.sleep(LOOK_EVERY_S)

    def send(self, command: Command, *, redo_at: int | None = None) -> int:
        """Write a command into the server's journal. Returns: its id."""
        self._commands += 1
        body, ident = to_json(command), self._commands
        self.say(CommandSent(step=0, command_id=ident, command=body, redo_at=redo_at))
        return self._commands

    def say(self, event: Event) -> None:
        """Write into the server's journal."""
        journal = JournalWriter(self.directory / "server.journal")
        journal.append_event(to_json(event))
        journal.close()

    def read(self) -> Recorded:
        return read_journals(self.directory)

    def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait for an event."""
        deadline_s = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline_s:
            events = self.read().of_kind(kind)
            if len(events) >= count:
                return events[count - 1]
            time.sleep(LOOK_EVERY_S)
        raise AssertionError(f"no {kind} in {self.directory}: {self.log()[-2000:]}")

    def until_count(self, status: str, count: int) -> list[dict[str, Any]]:
        """Wait until the run has had a status so many times. Returns: these events."""
        deadline_s = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline_s:
            changes = self.read().of_kind("status_changed")
            found = [event for event in changes if event["status"] == status]
            if len(found) >= count:
                return found
            time.sleep(LOOK_EVERY_S)
        raise AssertionError(f"not {status} {count} times: {self.log()[-2000:]}")

    def fork(self, step: int, values: Mapping[str, Any] | None = None) -> ScriptRun:
        """A run that continues from this one's checkpoint of a step."""
        saved = next(e for e in self.read().of_kind("checkpoint_saved") if e["step"] == step)
        child = ScriptRun.__new__(ScriptRun)
        child._fork_server = self._fork_server
        taken = max(int(path.name) for path in self.directory.parent.iterdir())
        child.directory = self.directory.parent / str(taken + 1)
        child.attempt = child._commands = child.pid = 0
        child.directory.mkdir()
        body = fields_of(self.spec) | {
            "id": int(child.directory.name),
            "created_at": now(),
            "values": dict(values or {}),
            "steps": self.read().of_kind("declared")[-1]["steps"],
            "parent": {
                "run_id": self.spec.id,
                "step": step,
                "checkpoint_id": checkpoint_id(self.spec.id, 1),
            },
            "parent_directory": f"runs/{self.spec.id}/checkpoints/{saved['directory']}",
            "parent_state_sha256": saved["state_sha256"],
            "parent_bytes": saved["bytes"],
        }
        (child.directory / "run.json").write_text(json.dumps(body))
        child.spec = type(self.spec)(**body)
        return child

    def log(self) -> str:
        return (self.directory / "worker.log").read_text()


def read_journals(directory: Path) -> Recorded:
    """What all attempts of a run have recorded."""
    found = Recorded()
    for path in sorted(directory.glob("attempt-*.journal")):
        reader = JournalReader(path)
        while records := reader.read():
            for record in records:
                body = record.body  # type: ignore[union-attr]
                if isinstance(body, Points):
                    for name, row in zip(body.names, body.values, strict=True):
                        steps = zip(body.steps.tolist(), row.tolist(), strict=True)
                        found.points.setdefault(name, {}).update(steps)
                else:
                    found.events.append(body)
    return found


def exit_code_of(directory: Path, attempt: int) -> int:
    """Wait for the end of an attempt. Returns: the exit code, negative for a signal."""
    path = directory / f"exit-{attempt:04d}.json"
    deadline_s = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline_s:
        if path.exists():
            return int(json.loads(path.read_text())["status"])
        time.sleep(LOOK_EVERY_S)
    log = (directory / "worker.log").read_text()[-2000:]
    raise AssertionError(f"attempt {attempt} does not end: {log}")


def steps(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


SAVES = steps(range(10, 500, 10))
