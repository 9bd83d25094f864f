"""The wheel is complete, lives beside other packages, and says which extra is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import Serve
from tests.project.files import ROOT

OURS = {"babysit", "babysit_server", "babysit_tasks"}


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


def install(wheel: Path, folder: Path, *extras: str) -> Path:
    """An environment that has the wheel and what these extras need, and nothing else.

    The packages are links to those that the tests run with, so that nothing is downloaded.

    Returns:
        The folder of its commands.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    metadata = Distribution.at(next(site.glob("babysit-*.dist-info")))
    for package in required_by(metadata, set(extras)):
        for part in {file.parts[0] for file in package.files or [] if file.parts[0] != ".."}:
            if not (site / part).exists():
                (site / part).symlink_to(str(package.locate_file(part)))
    entry = next(item for item in metadata.entry_points if item.name == "babysit")
    command = folder / "bin" / "babysit"
    command.write_text(
        f"#!{folder}/bin/python\nfrom {entry.module} import {entry.attr}\n{entry.attr}()\n"
    )
    command.chmod(0o755)
    return folder / "bin"


def required_by(package: Distribution, extras: set[str]) -> list[Distribution]:
    """What a package needs with some of its extras, and what that needs in its turn."""
    found: dict[str, Distribution] = {}
    queue = [(package, frozenset(extras))]
    seen = set(queue)
    while queue:
        dependent, with_extras = queue.pop()
        for text in dependent.requires or []:
            requirement = Requirement(text)
            environments = [{"extra": extra} for extra in with_extras or {""}]
            if requirement.marker and not any(map(requirement.marker.evaluate, environments)):
                continue
            needed = distribution(requirement.name)
            found[requirement.name.lower()] = needed
            step = (needed, frozenset(requirement.extras))
            if not any(needed.name == name.name and step[1] <= e for name, e in seen):
                seen.add(step)
                queue.append(step)
    return list(found.values())


def run_in(bin_folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of an environment in an empty folder that is not the checkout."""
    away = bin_folder.parent / "away"
    away.mkdir(exist_ok=True)
    return subprocess.run(
        [str(bin_folder / command[0]), *command[1:]],
        cwd=away,
        env={"PATH": os.environ["PATH"], "HOME": str(away)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_wheel_carries_page_migrations_and_tasks_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    folders = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    server = {"babysit_server/page/index.html", "babysit_server/migrations/env.py"}
    assert folders == OURS
    assert server | {"babysit_tasks/spirals.py"} <= names
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]


def test_no_module_names_the_folder_it_lies_in_in_the_checkout() -> None:
    """Else the installed copy would import whatever is called `app` or `models` elsewhere."""
    absolute = re.compile(r"^\s*(?:from|import) (?:app|models)\b", re.M)

    named = [
        str(file.relative_to(ROOT))
        for folder in ("app", "babysit", "models")
        for file in (ROOT / folder).rglob("*.py")
        if absolute.search(file.read_text())
    ]

    assert named == []


def test_the_training_side_installs_without_the_server(wheel: Path, tmp_path: Path) -> None:
    binaries = install(wheel, tmp_path / "alone")

    training = run_in(binaries, "python", "-c", "import babysit.worker.loop, babysit.task")
    absent = run_in(binaries, "python", "-c", "import fastapi")
    served = run_in(binaries, "babysit", "serve")

    assert training.returncode == 0, training.stderr
    assert absent.returncode != 0
    assert served.returncode == 1
    assert re.fullmatch(
        r"babysit: the server needs the package \w+, which is not installed: "
        r"pip install 'babysit\[server\]'\n",
        served.stderr,
    ), served.stderr


def test_an_installed_server_serves_away_from_the_checkout(
    wheel: Path, tmp_path: Path, serve: Serve
) -> None:
    binaries = install(wheel, tmp_path / "installed", "server")
    command = (str(binaries / "babysit"),)

    with serve(tmp_path / "var", "--no-demo", cwd=tmp_path, command=command) as server:
        page = server.client.get("/")
        run = server.start_run("spirals", steps=50)
        finished = server.wait_for_status(run["id"], "finished")
        report = server.client.get(f"/api/runs/{run['id']}/export", params={"format": "html"})

    assert page.status_code == 200
    assert "Babysit" in page.text
    assert finished["step"] == 50
    assert report.status_code == 422
    assert "pip install 'babysit[export]'" in report.json()["message"]
