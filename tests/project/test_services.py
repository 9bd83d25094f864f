"""The services that other tests use: they start, answer, and are gone afterwards."""

from __future__ import annotations

import psycopg
from playwright.sync_api import Browser

from tests.postgres import create_database


def test_postgres_answers_and_databases_are_separate(
    postgres_url: str, fresh_postgres_url: str
) -> None:
    other = create_database(postgres_url, "other")

    with psycopg.connect(fresh_postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE pandas (name text)")
    with psycopg.connect(other.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE tablename = 'pandas'")

        assert tables.fetchall() == []


def test_the_browser_draws_a_page_without_a_network(browser: Browser) -> None:
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content("<h1>Panda</h1>")

        assert page.get_by_role("heading", name="Panda").is_visible()
