"""Puts the server, the tasks, the built page and the migrations into the wheel, under its names."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ServerAndTasks(BuildHookInterface[Any]):
    """An editable install (version "editable") uses the folders of the checkout instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        root = Path(self.root)
        page = root / "frontend" / "dist"
        if not (page / "index.html").is_file():
            raise FileNotFoundError("frontend/dist is missing: `make build` builds the page first")
        build_data["force_include"] |= {
            str(root / "app"): "babysit_server",
            str(root / "models"): "babysit_tasks",
            str(root / "alembic"): "babysit_server/migrations",
            str(page): "babysit_server/page",
        }
