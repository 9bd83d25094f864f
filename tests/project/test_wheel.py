"""The wheel is complete: installed anywhere, it serves the page, the API and the tasks."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.project.files import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("babysit-*.whl"))


def test_the_wheel_carries_page_migrations_and_tasks_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    folders = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert folders == {"app", "babysit", "models"}
    assert {"app/page/index.html", "app/migrations/env.py", "models/spirals.py"} <= names
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]


def test_an_installed_wheel_serves_away_from_the_checkout(
    wheel: Path, tmp_path: Path, serve: Serve
) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)

    with serve(tmp_path / "var", "--no-demo", cwd=tmp_path, PYTHONPATH=str(installed)) as server:
        page = server.client.get("/")
        run = server.start_run("spirals", steps=50)
        finished = server.wait_for_status(run["id"], "finished")

    assert page.status_code == 200
    assert "Babysit" in page.text
    assert finished["step"] == 50
    assert str(ROOT) not in os.listdir(installed)
