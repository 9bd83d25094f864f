"""`babysit.Client`: the runs of a server.

    run = babysit.Client().run("spirals-3")
    answer = run.set(learning_rate=0.01)      # waits; answer.after is what the worker read back
    steps, values = run.curves(["train/cost"])["train/cost"]

JSON objects are those of the API, which `GET /api/openapi.json` describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babysit.client.connection import Connection, Json, Refused
from babysit.client.run import Run, fork_of

PAGE = 500  # runs of one response
CANDIDATES_MAX = 10  # listed in a message
NAME_CHARACTERS_MAX = 256


class Client(Connection):
    """A server and its runs. Every method raises `NoServer` when the server cannot be reached."""

    def runs(self, *, limit: int | None = None, **query: Any) -> list[Json]:
        """The runs, newest first. query: as of `GET /api/runs`, for example `status="running"`."""
        found: list[Json] = []
        before: int | None = None
        while limit is None or len(found) < limit:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            page = self.ask("/api/runs", before=before, limit=size, **query)
            found += page["runs"]
            before = page["next"]
            if before is None:
                break
        return found

    def run(self, run: int | str) -> Run:
        """The run with this id or this name.

        Raises:
            Refused: there is none, or several have the name; the message lists the candidates.
        """
        text = str(run)
        if text.isascii() and text.isdigit():
            return Run(self, self.ask(f"/api/runs/{int(text)}")["id"])
        similar = self.runs(search=text[:NAME_CHARACTERS_MAX], trials="true") if text else []
        named = [item for item in similar if item["name"] == text]
        if len(named) == 1:
            return Run(self, named[0]["id"])
        listed = ", ".join(
            f"{item['id']} ({item['name']})" for item in (named or similar)[:CANDIDATES_MAX]
        )
        if named:
            message = f"{len(named)} runs are named {text!r}. Give the id of one: {listed}."
        else:
            message = f"No run is named {text!r}." + (f" Similar: {listed}." if listed else "")
        raise Refused({"error": "not_found", "message": message})

    def checkpoint(self, checkpoint_id: int) -> Json:
        """A checkpoint of any run, as JSON.

        Raises:
            Refused: there is none with this id.
        """
        found: Json = self.ask(f"/api/checkpoints/{checkpoint_id}")
        return found

    def start(self, **options: Any) -> Run:
        """A new run. options: `task`, or `script`, the id of a registered one; as of the API.

        Raises:
            Refused: there is no such task or script, or a value is wrong.
        """
        return Run(self, self.ask("/api/runs", options)["id"])

    def fork(self, checkpoint_id: int, values: Mapping[str, Any], **options: Any) -> Run:
        """A new run from a checkpoint. options: `steps`, `name`, `note`, `paused`, `rewind`.

        Raises:
            Refused: there is no such checkpoint, or a value is wrong.
        """
        return fork_of(self, checkpoint_id, values, **options)
