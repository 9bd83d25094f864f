"""An option of a search is declared once: whatever repeats its name is compared with that."""

from __future__ import annotations

from dataclasses import fields

from app.search.spec import SearchSpec
from app.store.searches.serialize import SPEC_KEYS
from app.store.tables.searches import SearchRow
from app.web.schemas.search_requests import NewSearch, Refinement
from app.web.schemas.search_responses import SearchSummary

SPEC = {item.name for item in fields(SearchSpec)}
BY_SERVER = {"id", "created_at", "parent_id", "clipped", "actor", "format"}
NOT_STORED = {"format"}
NOT_SHOWN = {"format", "rounds"}


def test_every_field_of_a_search_can_be_asked_for_unless_the_server_sets_it() -> None:
    assert set(NewSearch.model_fields) == SPEC - BY_SERVER


def test_every_field_of_a_search_has_a_column() -> None:
    assert set(SearchRow.__table__.columns.keys()) >= SPEC - NOT_STORED


def test_every_field_of_a_search_is_in_its_answer() -> None:
    shown = {SPEC_KEYS.get(name, name) for name in SPEC - NOT_SHOWN}
    assert set(SearchSummary.model_fields) >= shown


def test_a_refinement_changes_only_fields_of_a_search() -> None:
    assert set(Refinement.model_fields) - {"widen_edges"} <= SPEC - BY_SERVER
