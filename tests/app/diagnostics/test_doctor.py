"""`babysit doctor` names every problem of the place it runs in, and says what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.diagnostics.doctor import Level, diagnose
from app.diagnostics.facts import SystemFacts, collect, file_system_of
from app.settings import Settings
from tests.app.full_history import DATABASE, babysit
from tests.live_server import LiveServer

WELL = SystemFacts(
    python=(3, 12),
    torch="2.13.0+cpu",
    sqlite=(3, 51, 3),
    database="SQLite, tables of version 0002",
    database_wrong=None,
    data_dir=Path("var"),
    data_dir_exists=True,
    data_dir_wrong=None,
    file_system="ext4",
    free_bytes=50_000_000_000,
    token_modes={"token": 0o600, "viewer-token": 0o600},
    threads="1",
    cores=4,
    now_s=2e9,
    newest_file_s=2e9 - 60,
    page_is_built=True,
    host="127.0.0.1",
    port=8000,
    port_wrong=None,
    server_is_there=False,
)


def test_nothing_is_said_of_a_place_that_is_well() -> None:
    assert {finding.level for finding in diagnose(WELL)} == {Level.OK}


@pytest.mark.parametrize(
    ("changed", "level", "named"),
    [
        ({"python": (3, 10)}, "problem", "Python 3.10. Babysit needs 3.11"),
        ({"torch": None}, "problem", "PyTorch is not installed"),
        ({"torch": "2.5.1"}, "problem", "PyTorch 2.5.1. Babysit needs 2.6"),
        ({"sqlite": (3, 51, 2)}, "warning", "SQLite 3.51.2 is older than 3.51.3"),
        ({"database_wrong": "It is damaged"}, "problem", "It is damaged"),
        ({"data_dir_wrong": "cannot be written"}, "problem", "var cannot be written"),
        ({"came_from": "/backup"}, "warning", "it was last served as /backup"),
        ({"shared_files": "hard links"}, "problem", "a copy made of hard links"),
        ({"file_system": "nfs4"}, "problem", "network file system (nfs4)"),
        ({"file_system": "fuse.sshfs"}, "problem", "network file system (fuse.sshfs)"),
        ({"file_system": None}, "warning", "what file system"),
        ({"free_bytes": 10_000_000}, "problem", "0.0 GB are free"),
        ({"free_bytes": 1_000_000_000}, "warning", "1.0 GB are free"),
        ({"token_modes": {"token": 0o644}}, "problem", "may read the token (mode 644)"),
        ({"token_modes": {"viewer-token": 0o640}}, "problem", "read the viewer-token (mode 640)"),
        ({"threads": "8"}, "warning", "8 threads, and there are 4 cores"),
        ({"threads": "many"}, "problem", "BABYSIT_THREADS is 'many'"),
        ({"threads": "0"}, "problem", "BABYSIT_THREADS is '0'"),
        ({"now_s": 3600.0}, "problem", "clock is years behind"),
        ({"newest_file_s": 2e9 + 7200}, "warning", "120 minutes after now"),
        ({"page_is_built": False}, "problem", "The page is not built"),
        ({"port_wrong": "Address already in use"}, "problem", "port 8000: Address already in use"),
    ],
)
def test_each_fact_that_is_not_well_is_named(
    changed: dict[str, Any], level: str, named: str
) -> None:
    unwell = [item for item in diagnose(replace(WELL, **changed)) if item.level is not Level.OK]

    assert [item.level.value for item in unwell] == [level]
    assert named in str(unwell[0])


def test_real_conditions_are_found(lived: Path, tmp_path: Path, shared: LiveServer) -> None:
    folder = tmp_path / "sick"
    shutil.copytree(lived, folder)
    (folder / "token").write_text("secret")
    (folder / "token").chmod(0o644)
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    os.utime(folder / "runs" / "1", (4e9, 4e9))
    port = shared.url.rpartition(":")[2]

    said = babysit("doctor", "--data-dir", str(folder), BABYSIT_PORT=port, BABYSIT_THREADS="999")

    assert said.returncode == 1
    problems = [line for line in said.stdout.splitlines() if line.startswith("problem")]
    assert [any(word in line for line in problems) for word in ("token", "newer", port)] == [
        True
    ] * 3
    assert len(problems) == 3 + ("The page is not built" in said.stdout), said.stdout
    warnings = [line for line in said.stdout.splitlines() if line.startswith("warning")]
    assert any("999 threads" in line for line in warnings)
    assert any("after now" in line for line in warnings)


def test_a_database_that_does_not_answer_or_is_damaged_is_named(
    lived: Path, tmp_path: Path
) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    facts = collect(Settings(data_dir=lived, database_url=nowhere))
    assert facts.database_wrong is not None
    assert "does not answer" in facts.database_wrong
    assert facts.sqlite is None

    shutil.copytree(lived, tmp_path / "var")
    (tmp_path / "var" / DATABASE).write_bytes(b"")
    facts = collect(Settings(data_dir=tmp_path / "var"))
    assert "babysit rebuild" in str(facts.database_wrong)
    assert (tmp_path / "var" / DATABASE).read_bytes() == b""


def test_a_postgresql_that_answers_is_well(tmp_path: Path, fresh_postgres_url: str) -> None:
    facts = collect(Settings(data_dir=tmp_path, database_url=fresh_postgres_url))

    assert (facts.database_wrong, facts.database) == (None, "PostgreSQL, without tables yet")


def test_a_running_server_is_no_problem_for_its_own_port(shared: LiveServer) -> None:
    facts = collect(Settings(data_dir=shared.data_dir, port=int(shared.url.rpartition(":")[2])))

    assert facts.port_wrong is not None
    assert str(diagnose(facts)[-1]) == "OK       A server works on this data directory"


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    mounts = tmp_path / "mountinfo"
    place = str(tmp_path / "far").replace(" ", "\\040")
    mounts.write_text(
        "21 1 8:1 / / rw - ext4 disk rw\n"
        f"35 21 0:40 / {place} rw,relatime shared:1 - nfs4 machine:/data rw\n"
    )

    assert file_system_of(tmp_path / "far", mounts) == "nfs4"
    assert file_system_of(tmp_path, mounts) == "ext4"
    assert file_system_of(tmp_path, tmp_path / "missing") is None


def test_a_directory_without_a_server_yet_is_well(tmp_path: Path) -> None:
    facts = collect(Settings(data_dir=tmp_path / "new", port=0))

    assert (facts.data_dir_wrong, facts.database_wrong) == (None, None)
    assert not (tmp_path / "new").exists()
