"""One run of a server: its state, its curves, and the commands to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from babysit.client.answer import Answer, decoded
from babysit.client.connection import BabysitError, Connection, Json, Refused
from babysit.client.curves import read_curves
from babysit.client.event_stream import follow
from babysit.protocol.status import OVER

if TYPE_CHECKING:
    from babysit.client.curves import Curve

ANSWER_WITHIN_S = 60.0  # of the answer to a command
LOOK_EVERY_S = 0.2
PAGE = 1_000  # events of one response
WAIT_S = 1.0  # of one question for an answer
FORK_OPTIONS = ("steps", "name", "note", "paused", "max_steps_per_s", "guard")


class Run:
    """A run. Its properties are read from the server each time."""

    def __init__(self, connection: Connection, run_id: int) -> None:
        self._connection = connection
        self.id = run_id

    def __repr__(self) -> str:
        return f"<run {self.id} at {self._connection.url}>"

    # ---- looking

    def read(self) -> Json:
        """The run as JSON."""
        run: Json = self._ask("")
        return run

    @property
    def name(self) -> str:
        return str(self.read()["name"])

    @property
    def status(self) -> str:
        """queued, starting, running, paused, finished, stopped, failed or lost."""
        return str(self.read()["status"])

    @property
    def step(self) -> int:
        return int(self.read()["step"])

    @property
    def values(self) -> Json:
        """The hyperparameters in force."""
        return decoded(self.read()["values"])

    @property
    def latest(self) -> dict[str, float]:
        """The newest value of each series."""
        return decoded(self.read()["latest"])

    def checkpoints(self) -> list[Json]:
        """All checkpoints that the run ever saved, newest last."""
        found: list[Json] = self._ask("/checkpoints")
        return found

    def events(self, *, after: int = 0, kind: str | None = None) -> list[Json]:
        """What happened, oldest first. kind: one kind, or several separated by commas."""
        found: list[Json] = []
        while True:
            page = self._ask("/events", after=after, kind=kind, limit=PAGE)
            found += page["events"]
            if page["next"] is None:
                return found
            after = page["next"]

    def newest_events(self, count: int, *, kind: str | None = None) -> list[Json]:
        """The last events, oldest first."""
        page = self._ask("/events", order="desc", kind=kind, limit=min(max(count, 1), PAGE))
        newest: list[Json] = page["events"][::-1]
        return newest[-count:] if count > 0 else []

    def follow(self, *, after: int = 0) -> Iterator[Json]:
        """The events after one with this id, as they happen, until the run is over.

        A lost connection is restored; a restarted server is found again.

        Raises:
            Refused: the run is gone, or the token is not valid any more.
        """
        return follow(self._connection, self.id, after, lambda last: self.events(after=last))

    def wait(self, *statuses: str, step: int | None = None, timeout_s: float | None = None) -> Json:
        """Wait until the run has one of these statuses or is at `step`; without both: is over.

        Returns:
            The run as JSON.

        Raises:
            BabysitError: it is over, so that will not happen, or `timeout_s` has passed.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        wanted = statuses or (() if step is not None else tuple(OVER))
        while True:
            run = self.read()
            if run["status"] in wanted or (step is not None and run["step"] >= step):
                return run
            now = f"Run {self.id} is {run['status']} at step {run['step']:,}"
            if run["status"] in OVER:
                raise BabysitError(f"{now}; it goes no further.")
            if deadline_s is not None and time.monotonic() >= deadline_s:
                raise BabysitError(f"{now}, after {timeout_s:g} s.")
            # The stream tells of steps only as often as a page draws them, and a read of it cannot
            # be given up in time for `timeout_s`.
            time.sleep(LOOK_EVERY_S)

    def curves(self, series: Sequence[str] | None = None) -> dict[str, Curve]:
        """The values of some series, every recorded one, as (steps, values); None: of all series.

        `train/*` selects the series whose names begin with `train/`.
        """
        return read_curves(lambda **query: self._ask("/curves", **query)["series"], series)

    # ---- steering

    def set(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        at_step: int | None = None,
        over_steps: int | None = None,
        note: str = "",
        **named: Any,
    ) -> Answer:
        """Change hyperparameters; waits until the worker has read them back.

        values, named: new values by name, as `set(learning_rate=0.01)` or `set({"group.x": 1})`.
        at_step: change them at this step; then the answer says that it is scheduled.
        over_steps: change them gradually. note: the reason.

        Raises:
            Refused: a value is wrong, or the run takes no commands.
        """
        timing = {"at_step": at_step, "over_steps": over_steps}
        given = {name: value for name, value in timing.items() if value is not None}
        return self._command("set", values={**(values or {}), **named}, note=note, **given)

    def undo(self) -> Answer:
        """Undo the newest change; a second time, that brings the change back.

        Raises:
            Refused: nothing was changed.
        """
        newest = self.newest_events(1, kind="changed")
        if not newest:
            message = f"Nothing was changed in run {self.id}."
            raise Refused({"error": "not_allowed_now", "message": message})
        return self.set(newest[0]["undo_values"], note="reverted")

    def pause(self, *, note: str = "") -> Answer:
        return self._command("pause", note=note)

    def resume(self, *, for_steps: int | None = None, note: str = "") -> Answer:
        """Continue after a pause. for_steps: pause again after so many."""
        more = {} if for_steps is None else {"for_steps": for_steps}
        return self._command("resume", note=note, **more)

    def restart(self) -> Json:
        """Start a script again whose process is gone; it continues from its newest checkpoint.

        Raises:
            Refused: the run is no script's, or it is not lost.
        """
        found: Json = self._ask("attempts", {})
        return found

    def stop(self, *, note: str = "") -> Answer:
        """End the run before its last step; a checkpoint is saved."""
        return self._command("stop", note=note)

    def save(self, *, note: str = "") -> Answer:
        """Save a checkpoint that is kept; `after` has its `checkpoint_id`."""
        return self._command("save_checkpoint", note=note)

    def evaluate(self, *, note: str = "") -> Answer:
        """Evaluate on the validation set now; `after` has the results."""
        return self._command("evaluate", note=note)

    def extend(self, steps: int, *, note: str = "") -> Answer:
        """Let the run make so many more steps."""
        return self._command("extend", steps=steps, note=note)

    def fork(
        self,
        checkpoint: int | Mapping[str, Any],
        values: Mapping[str, Any] | None = None,
        /,
        **options: Any,
    ) -> Run:
        """A new run from a checkpoint of this one, given by its id or as `checkpoints()` has it.

        options: `steps`, `name`, `note`, `paused`; every other one is a new value.

        Raises:
            Refused: the run has no such checkpoint, or a value is wrong.
        """
        return self._branch(checkpoint, {**(values or {}), **options}, rewind=False)

    def rewind(
        self,
        checkpoint: int | Mapping[str, Any],
        values: Mapping[str, Any] | None = None,
        /,
        **options: Any,
    ) -> Run:
        """As `fork`; the new run also becomes the live branch, and this one is stopped."""
        return self._branch(checkpoint, {**(values or {}), **options}, rewind=True)

    def _branch(self, checkpoint: int | Mapping[str, Any], given: Json, *, rewind: bool) -> Run:
        wanted = checkpoint["id"] if isinstance(checkpoint, Mapping) else checkpoint
        if self._connection.ask(f"/api/checkpoints/{wanted}")["run_id"] != self.id:
            message = f"Run {self.id} has no checkpoint {wanted}."
            raise Refused({"error": "not_found", "message": message})
        options = {name: given.pop(name) for name in FORK_OPTIONS if name in given}
        return fork_of(self._connection, wanted, given, rewind=rewind, **options)

    def note(self, text: str, *, step: int | None = None) -> Json:
        """Attach a note to a step; None: to the current one."""
        at = {} if step is None else {"step": step}
        event: Json = self._ask("/notes", {"text": text, **at})
        return event

    # ---- commands

    def _ask(self, path: str, body: Json | None = None, **query: Any) -> Any:
        return self._connection.ask(f"/api/runs/{self.id}{path}", body, **query)

    def _command(self, kind: str, **asked: Any) -> Answer:
        """Send a command, and wait for its answer."""
        sent = self._ask("/commands", {"kind": kind, **asked})
        if sent["command_id"] is None:
            return Answer(kind=kind, status=sent["status"])
        deadline_s = time.monotonic() + ANSWER_WITHIN_S
        while True:
            answer = self._ask(f"/commands/{sent['command_id']}", wait_s=WAIT_S)
            if answer["status"] == "refused":
                raise Refused({**answer, "error": "refused", "message": answer["reason"]})
            if answer["status"] != "pending" or self._is_waiting(answer):
                break
            if time.monotonic() >= deadline_s:
                break
        return Answer.from_json(answer)

    def _is_waiting(self, answer: Json) -> bool:
        """Whether the answer of a command is far away: its run is queued, or its step to come."""
        if answer["at_step"] is None:
            return self.status == "queued"
        scheduled = self.newest_events(PAGE, kind="change_scheduled")
        return any(event["command_id"] == answer["command_id"] for event in scheduled)


def fork_of(
    connection: Connection, checkpoint_id: int, values: Mapping[str, Any], **options: Any
) -> Run:
    """A new run from a checkpoint. options: `steps`, `name`, `note`, `paused`, `rewind`.

    Raises:
        Refused: there is no such checkpoint, or a value is wrong.
    """
    body = {"values": dict(values), **options}
    return Run(connection, connection.ask(f"/api/checkpoints/{checkpoint_id}/fork", body)["id"])
