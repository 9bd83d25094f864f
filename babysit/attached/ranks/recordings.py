"""The recordings of the ranks: the first one records, the others do what it says."""

from __future__ import annotations

import json
import os
from types import FrameType
from typing import Any

from babysit.attached.checks.evaluating import without_trace
from babysit.attached.ranks.channel import LEFT_WITHIN_S, Connection, Kind, Leader, RankLost
from babysit.attached.ranks.state import of_its_own
from babysit.attached.recording import Recording
from babysit.attached.safety import CannotContinue, never_raises
from babysit.attached.say import say
from babysit.attached.session import Evaluation
from babysit.protocol.commands import Set
from babysit.protocol.events import Warned
from babysit.protocol.status import RunStatus
from babysit.training.checkpoint import Snapshot


class LeaderRecording(Recording):
    """What the loops of the first rank report to."""

    leader: Leader
    parent = 0  # the process that holds the lock of the run; 0: this one does
    _limit: int | None = None

    def set_evaluation(self, function: Evaluation) -> None:
        def together() -> Any:
            self.leader.tell(Kind.EVALUATE)
            return function()

        super().set_evaluation(together)

    def boundary(self, frame: FrameType) -> bool:
        if self.parent and os.getppid() != self.parent:
            self.lose("The process that started the ranks is gone.")
            raise CannotContinue(1)
        goes_on = super().boundary(frame)
        if self.session is None:  # it gave up
            self.leader.close()
            return goes_on
        try:
            if self.training.limit != self._limit:
                self._limit = self.training.limit
                self.leader.tell(Kind.LIMIT, json.dumps(self._limit).encode())
            self.leader.tell(Kind.GO if goes_on else Kind.END)
        except RankLost as error:
            self.lose(str(error))
        return goes_on

    def lose(self, reason: str) -> None:
        """Record nothing more, and leave the run without an end, as after a crash."""
        session, self.session = self.session, None
        say(reason)
        if session is not None:
            session.emit(Warned(step=self.step, message=reason))
            session.saver.wait()
            session.recorder.close()
        self.leader.close()

    def end(self, status: RunStatus, reason: str | None, text: str | None = None) -> None:
        if self.session is None or self.leader.is_closed:
            super().end(status, reason, text)
            return
        if status is not RunStatus.FINISHED:  # the others may wait for this one in a collective
            self.leader.is_closed = True
            found = self.leader.lost(LEFT_WITHIN_S)
            if found is not None and "failed" not in found:
                self.lose(found)
                return
            super().end(status, found or reason, text)
            self.leader.close()
            return
        found = self.leader.lost()
        if found is not None:
            self.lose(found)
            return
        super().end(status, reason, text)
        try:
            self.leader.tell(Kind.OVER)
        except RankLost as error:
            say(str(error))
        self.leader.close()


class FollowerRecording(Recording):
    """What the loops of another rank report to. It writes nothing."""

    connection: Connection
    rank: int
    limit: int | None = None
    evaluation: Evaluation | None = None
    _snapshot: Snapshot | None = None
    _is_parted = False

    def set_evaluation(self, function: Evaluation) -> None:
        self.evaluation = function

    def is_extended(self) -> bool:
        return self.limit is not None and self.limit > self.step

    def boundary(self, frame: FrameType) -> bool:
        """Do what the first rank says, until it says that the loop goes on, or ends."""
        self._logged.take()
        if self._is_parted or self.is_ending:
            return not self.is_ending
        self.training.find_optimizers()
        try:
            self.is_ending = not self._follow()
        except RankLost as error:
            self._is_parted = True
            say(f"{error} This rank goes on by itself.")
            return True
        if self.training.controls.moves:
            self.training.controls.enforce()
        return not self.is_ending

    def _follow(self) -> bool:
        while True:
            kind, body = self.connection.receive()
            if kind is Kind.GO:
                return True
            if kind in (Kind.END, Kind.OVER):
                return False
            self._do(kind, body)

    @never_raises
    def _do(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.SAVE:
            answer = of_its_own(self.training.snapshot(), json.loads(body))
            self.connection.send(Kind.STATE, answer)
        elif kind is Kind.APPLY:
            values = json.loads(body)
            values.pop("kind", None)
            self.training.controls.apply(Set(**values))
        elif kind is Kind.LIMIT:
            self.limit = json.loads(body)
        elif kind is Kind.EVALUATE and self.evaluation is not None:
            with without_trace(self.training):
                self.evaluation()

    def end_turn(self, *, moves: bool = True) -> None:
        self._in_turn = self._is_broken = False
        if moves:
            self.training.places.now.index += 1
        self.training.step += 1
        self.training.controls.step = self.training.step

    def give_up(self, error: BaseException) -> None:
        self._is_parted = True
        self.connection.sock.close()
        say(f"rank {self.rank} cannot follow any more: {error!r}")

    def end(self, status: RunStatus, reason: str | None, text: str | None = None) -> None:
        """Be there for the last checkpoint, or say what went wrong."""
        if self._is_parted:
            return
        self._is_parted = True
        try:
            if status is RunStatus.FINISHED:
                self._follow()
            else:
                self.connection.send(Kind.FAILED, (reason or str(status)).encode())
        except RankLost:
            return
        finally:
            self.connection.sock.close()
