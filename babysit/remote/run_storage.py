"""The run storage of a run whose directory is on the server's machine."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from babysit.remote.connection import ANSWER_WITHIN_S, Connection, RefusedByServer
from babysit.storage.runs.storage import (
    AttemptOver,
    Beginning,
    CheckpointConflict,
    InputFile,
    OffsetMismatch,
    RunStorage,
    UnknownName,
    check_checkpoint_name,
)


class RemoteRunStorage(RunStorage):
    """Each method is one request."""

    def __init__(self, connection: Connection, machine: Mapping[str, Any]) -> None:
        """machine: what the server is told of this one."""
        self._connection = connection
        self._told = {**machine, "instance": secrets.token_hex(8)}
        self.settings: dict[str, Any] = {}  # of the server, once the attempt has begun

    def begin(self) -> Beginning:
        answer = json.loads(self._ask("POST", "/begin", json.dumps(self._told).encode()))
        self.settings = {name: answer[name] for name in ("threads", "device", "may_retry")}
        return Beginning(
            [InputFile(**item) for item in answer["inputs"]],
            answer["checkpoints"],
            answer["log_bytes"],
        )

    def read_task(self) -> bytes:
        """The task's file and the modules beside it, as a ZIP file."""
        return self._ask("GET", "/task")

    def read_input(self, path: str, offset: int) -> bytes:
        return self._ask("GET", "/input", query={"path": path, "offset": offset})

    def append_journal(self, offset: int, data: bytes) -> None:
        self._ask("PUT", "/journal", data, query={"offset": offset, "sha256": _sha256(data)})

    def read_commands(self, offset: int, wait_s: float = 0.0) -> bytes:
        query = {"offset": offset, "wait_s": wait_s}
        timeout_s = ANSWER_WITHIN_S + wait_s
        return self._ask("GET", "/server-journal", query=query, timeout_s=timeout_s)

    def append_log(self, offset: int, data: bytes) -> None:
        self._ask("PUT", "/log", data, query={"offset": offset})

    def write_heartbeat(self, record: bytes) -> list[int]:
        answer = json.loads(self._ask("POST", "/heartbeat", record))
        return [int(number) for number in answer["signals"]]

    def write_artifact(self, name: str, data: bytes) -> None:
        self._ask("PUT", f"/artifacts/{_segment(name)}", data)

    def checkpoint_bytes(self, name: str) -> dict[str, int] | None:
        check_checkpoint_name(name)
        found: dict[str, int] | None = json.loads(self._ask("GET", f"/checkpoints/{name}"))["bytes"]
        return found

    def append_checkpoint(self, name: str, file: str, offset: int, data: bytes) -> None:
        check_checkpoint_name(name)
        path = f"/checkpoints/{name}/{_segment(file)}"
        self._ask("PUT", path, data, query={"offset": offset, "sha256": _sha256(data)})

    def finish_checkpoint(self, name: str, manifest: bytes) -> None:
        check_checkpoint_name(name)
        self._ask("POST", f"/checkpoints/{name}", manifest)

    def remove_checkpoint(self, name: str) -> None:
        check_checkpoint_name(name)
        self._ask("DELETE", f"/checkpoints/{name}")

    def end(self, ended: dict[str, Any]) -> None:
        self._ask("POST", "/end", json.dumps(ended).encode())

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: Mapping[str, object] | None = None,
        timeout_s: float = ANSWER_WITHIN_S,
    ) -> bytes:
        try:
            return self._connection.ask(method, path, body, query=query, timeout_s=timeout_s)
        except RefusedByServer as error:
            match error.status, error.body.get("error"):
                case 401 | 410, _:
                    raise AttemptOver(str(error)) from error
                case 409, "wrong_offset":
                    raise OffsetMismatch(int(error.body["allowed"]["length"])) from error
                case 409, "not_allowed_now" if path.startswith("/checkpoints/"):
                    raise CheckpointConflict(str(error)) from error
                case 404, _:
                    raise UnknownName(str(error)) from error
            raise


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _segment(name: str) -> str:
    """A name that is one part of an address.

    Raises:
        UnknownName: it is not.
    """
    if not name.replace(".", "").replace("_", "").isalnum():
        raise UnknownName("there is no such file")
    return name
