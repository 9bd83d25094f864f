"""No function, class, attribute or constant of the product is unused."""

from __future__ import annotations

import tomllib
from pathlib import Path

from vulture import Vulture

from tests.project.files import ROOT, text_of

# Models of JSON bodies: a library reads their fields by name.
READ_BY_NAME = ROOT / "app" / "web" / "schemas"


def test_nothing_is_unused() -> None:
    config = tomllib.loads(text_of("pyproject.toml"))["tool"]["vulture"]
    vulture = Vulture(
        ignore_names=config["ignore_names"], ignore_decorators=config["ignore_decorators"]
    )

    vulture.scavenge([str(ROOT / path) for path in config["paths"]])
    unused = [
        item.get_report()
        for item in vulture.get_unused_code(min_confidence=config["min_confidence"])
        if READ_BY_NAME not in Path(item.filename).parents
    ]

    assert unused == []


def test_no_exception_from_the_rule_is_needed_no_more() -> None:
    config = tomllib.loads(text_of("pyproject.toml"))["tool"]["vulture"]
    code = "".join(
        file.read_text() for path in config["paths"] for file in (ROOT / path).rglob("*.py")
    )

    assert [name for name in config["ignore_names"] if name not in code] == []
