"""The directories of runs and searches, and the file in each that says what was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from babysit.protocol.serialization import fields_of
from babysit.protocol.spec.run_spec import RunSpec
from babysit.storage.atomic import sync_folder, write_atomic
from babysit.storage.journal import to_jsonable

from ...search.spec import SearchSpec

Spec = TypeVar("Spec", RunSpec, SearchSpec)


class SpecFile(Generic[Spec]):
    """`run.json` or `search.json`: a file with one dataclass, in a directory named after its id."""

    def __init__(self, name: str, spec: type[Spec], owner: str) -> None:
        """owner: what the directories belong to, in messages."""
        self.name = name
        self._adapter: TypeAdapter[Spec] = TypeAdapter(spec)
        self._fields = {item.name for item in fields(spec)}
        self._owner = owner

    def write(self, parent: Path, spec: Spec) -> None:
        """Make the directory and the file, whole or not at all.

        Raises:
            OSError: the disk is full or broken.
            FileExistsError: the directory exists already.
        """
        directory = parent / str(spec.id)
        directory.mkdir(parents=True)
        write_atomic(directory / self.name, json.dumps(to_jsonable(fields_of(spec)), indent=1))
        sync_folder(parent)

    def read(self, directory: Path) -> Spec | str:
        """The content, with every field checked; or why it cannot be used."""
        try:
            body: dict[str, Any] = json.loads((directory / self.name).read_text())
            spec = self._adapter.validate_python(
                {name: body[name] for name in body if name in self._fields}
            )
        except FileNotFoundError:
            return "it is missing"
        except (OSError, ValueError, ValidationError, TypeError):
            return "it cannot be read"
        if str(spec.id) != directory.name or spec.steps < 1:
            return f"it belongs to {self._owner} {spec.id}"
        return spec


RUN_FILE = SpecFile("run.json", RunSpec, "run")
SEARCH_FILE = SpecFile("search.json", SearchSpec, "search")


def numbered_directories(parent: Path) -> list[Path]:
    """The directories whose names are ids, lowest first."""
    return sorted(
        (path for path in _numbered(parent) if path.is_dir()), key=lambda path: int(path.name)
    )


def highest_id(parent: Path) -> int:
    """The highest id that has a directory; 0 for none."""
    return max((int(path.name) for path in _numbered(parent)), default=0)


def _numbered(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        for path in parent.iterdir():
            if path.name.isascii() and path.name.isdigit():
                yield path
