"""Imports go one way: the contracts of pyproject.toml, drawn in ARCHITECTURE.md."""

from __future__ import annotations

import subprocess
import sys

from tests.project.files import ROOT, tracked_files


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
        + ["--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_server_never_has_torch_in_its_process() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app.cli, app.main; print('torch' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert loaded.stdout.strip() == "False"


def test_the_migrations_do_not_hide_the_installed_alembic() -> None:
    assert "alembic/__init__.py" not in tracked_files()
