"""A laboratory for runs: asks for them as the server would, and reads what their workers say."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from babysit.protocol.commands import Command
from babysit.protocol.events import CommandSent, Described, Event
from babysit.protocol.serialization import now, to_json
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.status import OVER, RunStatus
from babysit.protocol.values import Values
from babysit.storage.journal import Gap, JournalReader, JournalWriter, Points
from tests.babysit.fork_client import ForkServer
from tests.babysit.waiting import is_running, wait_until

ANSWERS = ("changed", "applied", "refused")

Said = dict[str, Any]
Result = TypeVar("Result")


@dataclass
class LabRun:
    """One run, the worker that works on it, and what the worker has said so far."""

    lab: Lab
    spec: RunSpec
    directory: Path
    attempt: int = 1
    pid: int = 0
    process: subprocess.Popen[bytes] | None = None  # of a worker that was started cold
    events: list[Said] = field(default_factory=list)
    points: dict[str, dict[int, float]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = JournalReader(self.directory / f"attempt-{self.attempt:04d}.journal")
        self._sends = JournalWriter(self.directory / "server.journal")
        self._ids = itertools.count(1)

    # -- the server's part

    def send(self, command: Command, command_id: int | None = None) -> int:
        """Pass a command on, as the server does; its id."""
        return self.send_json(to_json(command), command_id)

    def send_json(self, command: Said, command_id: int | None = None) -> int:
        ident = next(self._ids) if command_id is None else command_id
        self.tell(CommandSent(step=0, command_id=ident, command=command))
        return ident

    def tell(self, event: Event) -> None:
        self._sends.append_event(to_json(event))

    def do(self, command: Command) -> Said:
        """Send a command and wait for its answer."""
        return self.answer(self.send(command))

    # -- the worker's part

    def is_alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        return is_running(self.pid)

    def is_there(self) -> bool:
        """Whether anything is left of the process: its last thread may end after its first."""
        if self.process is not None:
            return self.process.poll() is None
        return Path(f"/proc/{self.pid}").exists()

    def read(self) -> None:
        """Take in what the worker has written since the last time."""
        for record in self._reader.read():
            if isinstance(record, Gap):
                self.gaps.append(record)
            elif isinstance(record.body, Points):
                block = record.body
                for name, values in zip(block.names, block.values, strict=True):
                    series = self.points.setdefault(name, {})
                    series.update(zip(block.steps.tolist(), values.tolist(), strict=True))
            else:
                self.events.append(record.body)

    def wait(self, look: Callable[[], Result | None], what: str) -> Result:
        def read_and_look() -> Result | None:
            self.read()
            return look()

        return wait_until(read_and_look, is_alive=self.is_alive, what=f"{what}; {self.last_words}")

    @property
    def last_words(self) -> str:
        return f"last events: {self.events[-3:]}"

    def said(self, kind: str, **fields: Any) -> list[Said]:
        """The events of a kind that have these fields."""
        return [
            event
            for event in self.events
            if event["kind"] == kind and fields.items() <= event.items()
        ]

    def event(self, kind: str, **fields: Any) -> Said:
        """The first such event; waits for it."""
        return self.wait(lambda: next(iter(self.said(kind, **fields)), None), f"{kind} {fields}")

    def answers(self, command_id: int) -> list[Said]:
        return [
            event
            for event in self.events
            if event["kind"] in ANSWERS and event.get("command_id") == command_id
        ]

    def answer(self, command_id: int) -> Said:
        """The answer to a command; waits for it."""
        return self.wait(
            lambda: next(iter(self.answers(command_id)), None), f"an answer to {command_id}"
        )

    def step(self) -> int:
        """The last update that was recorded."""
        return max(self.costs, default=0)

    def wait_for_step(self, step: int) -> None:
        self.wait(lambda: True if self.step() >= step else None, f"step {step}")

    def end(self) -> Said:
        """The event that says how the run ended; all that was said is read then."""
        over = self.wait(
            lambda: next((e for e in self.said("status_changed") if e["status"] in OVER), None),
            "the end of the run",
        )
        self.wait_for_exit()
        return over

    def wait_for_exit(self) -> None:
        """All that was said is read then."""
        wait_until(
            lambda: None if self.is_alive() else True, is_alive=lambda: True, what="the exit"
        )
        self.read()

    def finished(self) -> LabRun:
        """This run, when it has made all its steps."""
        ending = self.end()
        assert ending["status"] == RunStatus.FINISHED, ending
        return self

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.pid, number)
        if number == signal.SIGKILL:
            wait_until(
                lambda: None if self.is_there() else True, is_alive=lambda: True, what="death"
            )
            self.read()

    # -- what it came to

    @property
    def costs(self) -> dict[int, float]:
        """Step -> the cost of that update's mini-batch; empty if it made none."""
        return self.points.get("train/cost", {})

    def checkpoints(self, **fields: Any) -> list[Said]:
        return self.said("checkpoint_saved", **fields)

    def checkpoint_path(self, checkpoint: Said) -> Path:
        return self.directory / "checkpoints" / str(checkpoint["directory"])

    def state_of(self, checkpoint: Said) -> dict[str, Any]:
        """The JSON part of a checkpoint."""
        state: dict[str, Any] = json.loads(
            (self.checkpoint_path(checkpoint) / "state.json").read_text()
        )
        return state

    @property
    def final_sha256(self) -> str:
        """The `state_sha256` of the newest checkpoint, which must be that of the last step."""
        newest = self.checkpoints()[-1]
        assert newest["step"] == self.step() or not self.costs
        return str(newest["state_sha256"])


@dataclass
class Lab:
    """A data directory, and a fork server for the workers of its runs."""

    data_dir: Path
    models: Path  # a folder for task files, of `BABYSIT_MODELS`
    fork_server: ForkServer
    runs: list[LabRun] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))  # also for threads

    def task(self, name: str, source: str) -> str:
        """Write a task file; the name of the task."""
        (self.models / f"{name.replace('-', '_')}.py").write_text(source)
        return name

    def prepare(
        self,
        task: str,
        *,
        steps: int,
        values: Values | None = None,
        seed: int = 0,
        commands: Iterable[Command] = (),
        guard: bool = False,
        **more: Any,
    ) -> LabRun:
        """A run's directory with run.json and the commands sent so far, but no worker yet.

        guard: whether it pauses when its cost blows up: most tests care for other things.
        """
        ident = next(self._ids)
        directory = self.data_dir / "runs" / str(ident)
        directory.mkdir(parents=True)
        spec = RunSpec(
            id=ident,
            family_id=ident,
            name=task,
            task=task,
            values=values or {},
            steps=steps,
            seed=seed,
            created_at=now(),
            **more,
        )
        (directory / "run.json").write_text(json.dumps(asdict(spec)))
        run = LabRun(self, spec, directory)
        self.runs.append(run)
        if not guard:
            run.tell(Described(step=0, guard=False))
        for command in commands:
            run.send(command)
        return run

    def start(self, task: str, *, steps: int, **spec: Any) -> LabRun:
        """A run with a worker from the fork server; `spec` as for `prepare`."""
        run = self.prepare(task, steps=steps, **spec)
        run.pid = self.fork_server.work(run.directory, run.attempt, may_retry=False)
        return run

    def start_cold(self, task: str, *, steps: int, **spec: Any) -> LabRun:
        """A run whose worker is a fresh process."""
        run = self.prepare(task, steps=steps, **spec)
        run.process = subprocess.Popen(
            [sys.executable, "-m", "babysit.worker", str(run.directory), "--attempt", "1"],
            env={**os.environ, "BABYSIT_MODELS": str(self.models)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        run.pid = run.process.pid
        return run

    def next_attempt(self, run: LabRun) -> LabRun:
        """The same run in the hands of another worker."""
        again = LabRun(self, run.spec, run.directory, attempt=run.attempt + 1)
        self.runs.append(again)
        again.pid = self.fork_server.work(run.directory, again.attempt, may_retry=False)
        return again

    def fork(self, parent: LabRun, checkpoint: Said, *, steps: int, **spec: Any) -> LabRun:
        """A run that goes on from a checkpoint; `values` are its overrides."""
        path = parent.checkpoint_path(checkpoint)
        return self.start(
            parent.spec.task,
            steps=steps,
            seed=parent.spec.seed,
            parent_directory=str(path.relative_to(self.data_dir)),
            parent={
                "run_id": parent.spec.id,
                "step": checkpoint["step"],
                "checkpoint_id": checkpoint["checkpoint_id"],
            },
            **spec,
        )

    def close(self) -> None:
        """End what still runs."""
        for run in self.runs:
            if run.pid and run.is_alive():
                run.kill()
            if run.process is not None:
                run.process.wait()
