"""Puts the built page and the migrations into the wheel, where the installed server finds them."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageAndMigrations(BuildHookInterface[Any]):
    """An editable install (version "editable") reads both from the checkout instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        root = Path(self.root)
        page = root / "frontend" / "dist"
        if not (page / "index.html").is_file():
            raise FileNotFoundError("frontend/dist is missing: `make build` builds the page first")
        build_data["force_include"] |= {
            str(root / "alembic"): "app/migrations",
            str(page): "app/page",
        }
