"""The bytes on the disk, read and written again by the code itself: the one module here that
imports it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.search.spec import SearchSpec
from app.store.journals.event_ids import StoredBatch
from app.store.journals.search_records import event_in as search_event_in
from app.store.journals.search_records import to_json as search_to_json
from babysit.protocol.commands import command_from_json
from babysit.protocol.events import CommandSent, event_from_json
from babysit.protocol.recipes.plain_yaml import read_recipe, write_recipe
from babysit.protocol.serialization import fields_of, to_json
from babysit.protocol.spec.run_spec import RunSpec
from babysit.storage.journal import (
    Frame,
    JournalReader,
    JournalWriter,
    Points,
    encode_event,
    encode_points,
    to_jsonable,
)

JOURNALS = {
    "order": "order.journal",
    "server": "runs/*/server.journal",
    "worker": "runs/*/attempt-*.journal",
    "search": "searches/*/search.journal",
}
OBJECTS = {
    "run.json": "runs/*/run.json",
    "manifest.json": "runs/*/checkpoints/*/manifest.json",
    "state.json": "runs/*/checkpoints/*/state.json",
    "exit.json": "runs/*/exit-*.json",
    "picture.json": "runs/*/picture.json",
    "search.json": "searches/*/search.json",
}


def frames(path: Path) -> list[Frame]:
    """All records of a journal that has no damage."""
    reader, found = JournalReader(path), list[Frame]()
    while records := reader.read():
        for record in records:
            assert isinstance(record, Frame), f"{path}: {record}"
            found.append(record)
    return found


def journals(data_dir: Path, sort: str) -> list[Path]:
    found = sorted(data_dir.glob(JOURNALS[sort]))
    assert found, f"no {JOURNALS[sort]}"
    return found


def of_then(written: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The part of what is written that there was when `body` was: later versions add fields."""
    return {name: written[name] for name in body}


def written_again(sort: str, body: dict[str, Any] | Points) -> bytes:
    """The payload of a record as this version writes what it read."""
    if isinstance(body, Points):
        return encode_points(body)
    if sort == "order":
        return encode_event(StoredBatch.from_json(body).to_json())
    if sort == "search":
        found = search_event_in(body)
        assert found is not None, body
        return encode_event(of_then(to_jsonable(search_to_json(found)), body))
    event = event_from_json(body)
    if isinstance(event, CommandSent):  # it carries a message of its own
        again = of_then(to_json(command_from_json(event.command)), event.command)
        assert json.dumps(again) == json.dumps(event.command)
    return encode_event(of_then(to_json(event), body))


def journal_written_again(sort: str, path: Path, place: Path) -> bytes:
    """A journal's bytes as this version writes all of its records into a new one."""
    writer = JournalWriter(place)
    writer.append([written_again(sort, frame.body) for frame in frames(path)])
    writer.close()
    written = place.read_bytes()
    place.unlink()
    return written


def run_written_again(path: Path) -> str:
    body = json.loads(path.read_text())
    return json.dumps(of_then(to_jsonable(fields_of(RunSpec(**body))), body), indent=1)


def search_written_again(path: Path) -> str:
    body = json.loads(path.read_text())
    spec = TypeAdapter(SearchSpec).validate_python(body)
    return json.dumps(of_then(to_jsonable(fields_of(spec)), body), indent=1)


def recipe_written_again(text: str) -> str:
    return write_recipe(read_recipe(text))


def checkpoint_written_again(path: Path, place: Path) -> dict[str, bytes]:
    """A checkpoint's files as this version writes what it loaded, by name."""
    from babysit.training.checkpoint import load_checkpoint, write_checkpoint

    manifest = json.loads((path / "manifest.json").read_text())
    about = {name: manifest[name] for name in ("id", "run_id", "cause", "val_cost", "created_at")}
    written = write_checkpoint(place, path.name, load_checkpoint(path), about)
    return {file.name: file.read_bytes() for file in (place / written.directory).iterdir()}


def kinds_and_keys(data_dir: Path) -> dict[str, list[str]]:
    """Which keys, in which order, each kind of record and each file of JSON has: all variants."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, keys in _keys(data_dir):
        found[name].add(keys)
    return {name: sorted(found[name]) for name in sorted(found)}


def _keys(data_dir: Path) -> Iterator[tuple[str, str]]:
    for sort in JOURNALS:
        for path in journals(data_dir, sort):
            for frame in frames(path):
                body = frame.body
                if isinstance(body, Points):
                    yield f"{sort} points", ", ".join(body.names)
                    continue
                yield f"{sort} {body['kind']}", ", ".join(body)
                if body["kind"] == "command_sent":
                    yield f"command {body['command']['kind']}", ", ".join(body["command"])
    for name, pattern in OBJECTS.items():
        for path in data_dir.glob(pattern):
            yield name, ", ".join(json.loads(path.read_text()))
