"""A field of a run is declared once: whatever repeats its name is compared with that."""

from __future__ import annotations

from dataclasses import fields

from app.store.run_json import run_list
from app.store.runs.create import WATCHED
from app.store.runs.runs import SPEC_COLUMNS, find_run
from app.store.store import Store
from app.web.schemas.requests import NewFork, NewRun
from app.web.schemas.responses import Run
from babysit.protocol.spec.run_spec import RunSpec

SPEC = {item.name for item in fields(RunSpec)}
SPLIT_INTO_COLUMNS = {"parent", "search", "values", "first_values"}
FOR_THE_WORKER = {
    "parent_directory",
    "parent_state_sha256",
    "parent_bytes",
    "rewind",
    "recipe",
    "schedule_follows",
    "limited",
}
ONLY_OF_ONE_RUN = {
    "asked_values",
    "exactness",
    "script",
    "parts",
    "declared",
    "waits_for",
    "contact",
}  # SQL does not tell it


def test_every_field_of_run_json_has_a_column_or_is_for_the_worker_only() -> None:
    assert set(SPEC_COLUMNS) == SPEC - SPLIT_INTO_COLUMNS - FOR_THE_WORKER - {"format"}


def test_a_request_for_a_run_or_a_fork_names_only_fields_of_run_json_and_of_watching() -> None:
    assert set(NewRun.model_fields) <= SPEC | set(WATCHED)
    assert set(NewFork.model_fields) <= SPEC | set(WATCHED)


def test_the_json_of_a_run_has_the_published_fields(store: Store, run_id: int) -> None:
    with store.reading() as session:
        [run] = run_list(session, [find_run(session, run_id)])
    assert set(run) == set(Run.model_fields) - ONLY_OF_ONE_RUN
