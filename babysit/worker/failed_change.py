"""Holds a run whose first update after a change raised: the change can be undone, nothing is lost.

Steering must not end what it steers: a batch that does not fit into memory, a single example where
the network has batch normalization.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babysit.protocol.events import Changed, GuardTripped
from babysit.protocol.heartbeat import read_heartbeat
from babysit.protocol.values import RequestedValues
from babysit.resume.history import RunHistory
from babysit.training.checkpoint import Snapshot
from babysit.training.guards.rollback import roll_back
from babysit.training.state import Training
from babysit.training.user_code.failure import REASON_LENGTH_MAX, reason_of, traceback_of

RULE = "raised_after_change"
KILLED = "The worker was killed because memory ran out"


@dataclass(slots=True)
class UnprovenChange:
    """A change that no update has used so far.

    steps: the updates that use parts of it first.
    before: a copy of the state before the update in progress, if it is one of these.
    """

    command_id: int
    what: str
    undo_values: RequestedValues
    steps: frozenset[int]
    before: Snapshot | None = None

    @classmethod
    def of(cls, changed: Changed, training: Training) -> UnprovenChange:
        """The change that was just made to this training."""
        what = ", ".join(
            f"{name} from {changed.before[name]} to {value}"
            for name, value in changed.after.items()
            if name in changed.before
        )
        steps = {changed.step + 1, changed.effective_step}
        if "batch_size" in changed.after:  # what is left of the epoch may be less than a batch
            steps.add(training.step + training.batches.steps_left_in_epoch() + 1)
        return cls(changed.command_id, what, changed.undo_values, frozenset(steps))

    def protect(self, training: Training) -> bool:
        """Keep the state before the next update, if it is a first one; False: all are made."""
        self.before = training.snapshot(whole=True) if training.step + 1 in self.steps else None
        return training.step < max(self.steps)

    def take_back(self, training: Training, error: BaseException) -> GuardTripped | None:
        """Put the training back to before the update that raised.

        None: the change is not to blame, or the training cannot go on in this process.
        """
        before = self.before
        if not isinstance(error, Exception) or before is None:
            return None
        if before.state["step"] != training.step:  # the update was made
            return None
        found = self.tripped(training.step, reason_of(error), traceback_of(error))
        try:
            roll_back(training, before)
        except Exception:  # a GPU after a failed assertion: only another process can go on
            return None
        return found

    def tripped(self, step: int, why: str, traceback: str | None = None) -> GuardTripped:
        message = (
            f"{why} (step {step + 1:,}, after the change of {self.what}). "
            f"The training is as before this step. Undo the change, or resume to try again."
        )
        return GuardTripped(
            step=step,
            rule=RULE,
            series="train/cost",
            value="NaN",
            message=message,
            command_id=self.command_id,
            undo_values=self.undo_values,
            traceback=traceback,
        )


def reason_of_pause(tripped: GuardTripped) -> str:
    return tripped.message[:REASON_LENGTH_MAX]


def killed_by_change(
    run_directory: Path, history: RunHistory, training: Training
) -> GuardTripped | None:
    """What to say before the next update if the last attempt ran out of memory in it, and if it
    was one of the first after a change.
    """
    changed = history.last_changed
    beat = read_heartbeat(run_directory, history.attempts)
    if changed is None or beat is None or beat.step != training.step + 1:
        return None
    first_epoch = training.batches.steps_per_epoch() if "batch_size" in changed.after else 0
    is_first = changed.step < beat.step <= changed.effective_step + first_epoch
    if not is_first or not _ran_out_of_memory(run_directory, history.attempts):
        return None
    return UnprovenChange.of(changed, training).tripped(training.step, KILLED)


def _ran_out_of_memory(run_directory: Path, attempt: int) -> bool:
    try:
        ended: Any = json.loads((run_directory / f"exit-{attempt:04d}.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(ended, dict) and ended.get("oom") is True
