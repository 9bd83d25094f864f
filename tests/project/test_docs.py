"""The docs name everything there is, and nothing that is not there."""

from __future__ import annotations

import re

import pytest

from app import limits
from app.settings import Settings
from app.store.journals.search_records import KINDS as OF_SEARCHES
from babysit.protocol.commands import COMMANDS
from babysit.protocol.events import EVENTS
from babysit.protocol.hyperparameters import STANDARD
from tests.project.files import ROOT, python_files, text_of, tracked_files

# At the root, but of no interest to a reader of the tree.
UNSAID = {".editorconfig", ".gitignore", "README.md"}
MARKDOWN = [name for name in tracked_files() if name.endswith(".md")]


def tree() -> list[str]:
    """The paths that README.md's annotated tree names, folders without the slash."""
    block = re.search(r"## Project layout\n+```\n(.*?)```", text_of("README.md"), re.S)
    assert block, "README.md has no tree"
    return [line.split()[0].rstrip("/") for line in block[1].splitlines()]


def test_everything_in_the_tree_is_there() -> None:
    missing = [path for path in tree() if not (ROOT / path).exists()]

    assert missing == []


def test_everything_that_is_there_is_in_the_tree() -> None:
    named = {path.partition("/")[0] for path in tree()}
    there = {name.partition("/")[0] for name in tracked_files()} - UNSAID

    assert there - named == set()


def test_every_folder_of_tests_is_explained() -> None:
    folders = {name.split("/")[1] for name in python_files() if name.count("/") > 1}
    folders = {name for name in folders if (ROOT / "tests" / name).is_dir()}

    unexplained = [name for name in folders if f"`tests/{name}/`" not in text_of("CONTRIBUTING.md")]

    assert unexplained == []


def test_every_setting_is_in_the_table() -> None:
    of_the_server = {f"BABYSIT_{name.upper()}" for name in Settings.model_fields}
    ours = [name for name in python_files() if name.startswith(("app/", "babysit/"))]
    read = {word for name in ours for word in re.findall(r"\bBABYSIT_[A-Z_]+", text_of(name))}
    told = set(re.findall(r"^\| `(BABYSIT_[A-Z_]+)`", text_of("README.md"), re.M))

    assert told == {word for word in of_the_server | read if not word.endswith("_")}


@pytest.mark.parametrize(
    "kinds", [COMMANDS, EVENTS, OF_SEARCHES], ids=["commands", "events", "of searches"]
)
def test_every_kind_is_named_in_architecture(kinds: dict[str, object]) -> None:
    unnamed = [kind for kind in kinds if f"`{kind}`" not in text_of("ARCHITECTURE.md")]

    assert unnamed == []


def test_every_limit_is_in_the_table_with_its_value() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", text_of("docs/limits.md"), re.M)

    told = {name: float(value.replace(",", "")) for name, value in rows}

    assert told == {
        name: value
        for name, value in vars(limits).items()
        if name.isupper() and isinstance(value, int | float)
    }


def test_every_timer_of_the_latency_tables_is_in_its_file() -> None:
    rows = re.findall(
        r"^\|[^|]*\|[^|]*\| `(\w+)` \| `([^`]+)` \|", text_of("docs/latency.md"), re.M
    )
    assert len(rows) > 50

    assert [
        (name, path) for name, path in rows if not re.search(rf"\b{name}\b", text_of(path))
    ] == []


def test_every_hyperparameter_says_what_it_does() -> None:
    silent = [name for name, item in STANDARD.items() if not item.help.endswith(".")]

    assert silent == []


@pytest.mark.parametrize("name", MARKDOWN)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    targets = re.findall(r"\]\(([^)#\s]+)", text_of(name))

    assert [t for t in targets if "://" not in t and not (folder / t).exists()] == []


def test_paths_named_in_the_docs_are_there() -> None:
    """What is written as code and looks like a path of ours."""
    ours = r"`((?:app|babysit|models|frontend|tests|scripts|benchmarks|docs|alembic)/[\w./-]*)`"
    named = {(name, path) for name in MARKDOWN for path in re.findall(ours, text_of(name))}

    assert {pair for pair in named if not (ROOT / pair[1]).exists()} == set()


def test_architecture_is_two_pages() -> None:
    assert len(text_of("ARCHITECTURE.md").splitlines()) <= 130


def test_decisions_say_what_why_and_what_was_given_up() -> None:
    decisions = [name for name in tracked_files() if name.startswith("docs/decisions/")]
    parts = ("**What.**", "**Why.**", "**What we gave up.**")

    numbers = [int(name.rpartition("/")[2][:4]) for name in decisions]
    silent = [name for name in decisions if not all(part in text_of(name) for part in parts)]

    assert numbers == list(range(1, len(decisions) + 1))
    assert silent == []
