"""A server under hostile requests, and the judge of every answer."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.app.small_searches import search, wait_for
from tests.live_server import LiveServer, serving
from tests.security.corpus import CANARY
from tests.security.in_process import is_error_form
from tests.security.raw_http import Reply, Wire, request
from tests.security.route_list import Json, Operation, database_hash
from tests.sizes import Decks

AT_ONCE = 16
NOWHERE = 999_999
POISON: Json = {"not<a>field": 1}
# Of what may be let through, some is; all else, and what is still to come, is always asked wrongly,
# as starting something costs a process.
POISONS: dict[str, list[Json]] = {
    "/api/runs/{run_id}": [{}, POISON],
    "/api/runs/{run_id}/notes": [{}, POISON],
    "/api/checkpoints/{checkpoint_id}": [{}, POISON],
    # A run that is over takes no commands, and the right token is not known here.
    "/api/runs/{run_id}/commands": [{}, POISON],
    "/api/session": [{}],
    "/api/runs": [
        POISON,
        {"task": "no-such-task"},
        {"task": "spirals", "values": {"momentum": 99.0}},
    ],
    "/api/searches": [POISON, {"task": "no-such-task"}],
    "/api/searches/preview": [POISON, {"task": "no-such-task"}],
    "/api/checkpoints/{checkpoint_id}/fork": [POISON, {"values": {"momentum": 99.0}}],
    "/api/replays": [POISON, {"recipe": "none"}],
}


@dataclass(frozen=True)
class Sent:
    """refused: whatever the answer is, it must be a no."""

    content: bytes
    operation: str
    refused: bool


@dataclass
class Siege:
    """server: nobody else asks it anything meanwhile. ids: of things that exist there.

    decks: where the values of the corpus come from when not all are tried everywhere.
    """

    server: LiveServer
    ids: dict[str, int]
    viewer: str
    decks: Decks
    classes: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    requests: int = 0
    counted: int = 0  # of them, those that were told of
    slowest_s: float = 0.0

    def headers(self, who: str) -> dict[str, str]:
        """What a request of this role carries beside what it is about."""
        named = {"Host": self.server.url.removeprefix("http://")}
        if who == "owner":
            named["Authorization"] = f"Bearer {self.server.token}"
        elif who == "viewer":
            named["Authorization"] = f"Bearer {self.viewer}"
        return named

    def poisons(self, operation: Operation) -> list[Json]:
        return POISONS.get(operation.path, [POISON])

    def ids_for(self, operation: Operation) -> dict[str, int]:
        """Nothing is deleted that others are asked about."""
        gone = operation.method == "DELETE" or (operation.changes and operation.body is None)
        return dict.fromkeys(self.ids, NOWHERE) if gone else self.ids

    def started(self) -> list[str]:
        """Everything that a process was started for."""
        return sorted(path.name for path in (self.server.data_dir / "runs").iterdir())

    def sent(
        self,
        operation: Operation,
        who: str,
        target: bytes | str,
        body: bytes | None = None,
        **headers: str,
    ) -> Sent:
        named = self.headers(who) | {name.replace("_", "-"): text for name, text in headers.items()}
        if operation.changes:
            named.setdefault("Content-Type", "application/json")
            body = b"{}" if body is None else body
        content = request(operation.method, target, named, body)
        refused = operation.changes and who != "owner" and operation.path != "/api/session"
        return Sent(content, f"{operation.method} {operation.path}", refused)

    def endure(self, requests: Iterable[Sent], *, keeps: bool = True) -> None:
        """Send all; nothing may fall over, hang, or change by what was refused.

        Raises:
            AssertionError: with the request that did it.
        """
        database = self.server.data_dir / "babysit.sqlite"
        watching = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        waiting = iter(requests)
        with Wire(self.server.url, AT_ONCE, keeps=keeps) as wire:
            before = database_hash(database)
            version = _version(watching)
            while batch := list(islice(waiting, AT_ONCE)):
                replies = wire.ask([one.content for one in batch])
                for one, reply in zip(batch, replies, strict=True):
                    self._authorize(one, reply)
                if (newer := _version(watching)) == version:
                    continue
                version = newer
                hashed, was = database_hash(database), before
                before = hashed
                codes = {reply.status for reply in replies}
                assert hashed == was or codes & {200, 201, 202, 204}, batch
            assert database_hash(database) == before
            self.requests += wire.sent
            self.slowest_s = max(self.slowest_s, wire.slowest_s)
        watching.close()

    def _authorize(self, sent: Sent, reply: Reply) -> None:
        what = (reply.status, reply.body[:300], sent.content[:1500])
        assert reply.status < 500, what
        assert not (sent.refused and reply.status < 400 and reply.status), what
        error = ""
        if reply.status >= 400:
            said = reply.head + reply.body
            assert CANARY.encode() not in said, what
            assert json.dumps(CANARY)[1:-1].encode() not in said, what
            of_head = sent.content.startswith(b"HEAD ")
            assert of_head or is_error_form(reply.body), what
            error = "unreadable" if of_head else json.loads(reply.body)["error"]
        self.classes[sent.operation, reply.status, error] += 1


@contextmanager
def besieged(data_dir: Path, seed: int) -> Iterator[Siege]:
    """A server with a run that is over, and its checkpoint, for a siege of its own."""
    with serving(data_dir, "--no-demo") as server:
        server.client.get("/api/tasks", params={"wait_s": 60}).raise_for_status()
        run = server.start_run("spirals", steps=12, name="over")["id"]
        server.wait_for_status(run, "finished")
        saved = server.client.get(f"/api/runs/{run}/checkpoints").json()[-1]["id"]
        for format in ("parquet", "html"):  # what they need is loaded once, before time counts
            server.client.get(f"/api/runs/{run}/export?format={format}")
        viewer = (data_dir / "viewer-token").read_text().strip()
        found = wait_for(server, search(server, trials=2, steps=12)["id"])["id"]
        ids = {"run_id": run, "checkpoint_id": saved, "command_id": 1, "search_id": found}
        yield Siege(server, ids, viewer, Decks(seed))


def _version(connection: sqlite3.Connection) -> int:
    """Another number after each transaction of somebody else."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
