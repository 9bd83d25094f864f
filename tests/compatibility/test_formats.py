"""What an earlier version wrote is byte for byte what this version writes of the same content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.full_history import babysit
from tests.compatibility import formats
from tests.compatibility.answers import some
from tests.compatibility.api import gone, routes_and_keys
from tests.compatibility.recording import Recording


@pytest.fixture(scope="module")
def data_dir(recorded: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded.unpack(tmp_path_factory.mktemp("formats"))


@pytest.mark.parametrize("sort", formats.JOURNALS)
def test_journals_are_written_as_they_were(data_dir: Path, tmp_path: Path, sort: str) -> None:
    changed = [
        path
        for path in formats.journals(data_dir, sort)
        if formats.journal_written_again(sort, path, tmp_path / "again") != path.read_bytes()
    ]

    assert changed == []


def test_what_was_asked_for_is_written_as_it_was(data_dir: Path) -> None:
    runs, searches = data_dir.glob("runs/*/run.json"), data_dir.glob("searches/*/search.json")
    again = {path: formats.run_written_again(path) for path in runs}
    again |= {path: formats.search_written_again(path) for path in searches}

    assert [path for path, text in again.items() if text != path.read_text()] == []
    assert {path.name for path in again} == {"run.json", "search.json"}


def test_recipes_are_written_as_they_were(data_dir: Path) -> None:
    recipes = [path.read_text() for path in data_dir.glob("runs/*/recipe.yaml")]

    assert [formats.recipe_written_again(text) for text in recipes] == recipes
    assert len(recipes) == 1


def test_checkpoints_are_written_as_they_were(data_dir: Path, tmp_path: Path) -> None:
    checkpoints = list(data_dir.glob("runs/*/checkpoints/*"))

    for path in checkpoints:
        place = tmp_path / path.parts[-3]
        again = formats.checkpoint_written_again(path, place)
        assert again == {file.name: file.read_bytes() for file in path.iterdir()}, path
    assert len(checkpoints) > 40


def test_every_route_takes_and_answers_what_it_did(recorded: Recording) -> None:
    printed = babysit("openapi")

    found = routes_and_keys(json.loads(printed.stdout))

    assert some(gone(recorded.answers["api"], found)) == []
