"""A backup is made while runs train, and opens as if nothing had happened to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.data_dir.backup import back_up
from app.errors import CannotBackUp, UnusableDatabase
from app.settings import Settings
from app.verify.runner import verify
from tests.app.full_history import babysit
from tests.conftest import Serve, knowing_the_tasks


def test_a_backup_of_a_training_run_opens_clean_and_leaves_the_original_alone(
    serve: Serve, tmp_path: Path, descriptions: Path
) -> None:
    original = knowing_the_tasks(tmp_path / "var", descriptions)
    backup = tmp_path / "backups" / "monday"
    with serve(original, "--no-demo") as server:
        run_id = server.start_run("spirals", steps=1_000_000, max_steps_per_s=300)["id"]
        over = server.start_run("spirals", steps=12)["id"]
        server.wait_for_status(over, "finished")
        server.wait_for_step(run_id, 200)

        made = babysit("backup", str(backup), "--data-dir", str(original))

        assert made.returncode == 0, made.stderr
        assert "Copied 2 runs" in made.stdout
        assert not list(backup.glob("*token*"))
        with serve(backup, "--no-demo") as other:
            other.wait_for_step(run_id, 250)  # it goes on from the newest checkpoint
            assert other.run(over)["status"] == "finished"
            assert len(other.events(run_id, "recovered")) == 1
            other.command(run_id, "stop")
            other.wait_for_status(run_id, "stopped")
        assert server.run(run_id)["status"] == "running"
        assert server.run(run_id)["attempt"] == 1
    said: list[str] = []
    assert verify(Settings(data_dir=backup), None, deep=False, report=said.append) == 0, said


def test_a_backup_overwrites_nothing_and_needs_a_database(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    settings = Settings(data_dir=tmp_path / "var")

    with pytest.raises(CannotBackUp, match="exists already"):
        back_up(settings, tmp_path / "there", print)
    with pytest.raises(CannotBackUp, match="nothing in"):
        back_up(settings, tmp_path / "new", print)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "babysit.sqlite").write_text("damaged")
    with pytest.raises(UnusableDatabase):
        back_up(settings, tmp_path / "new", print)
    with pytest.raises(CannotBackUp, match="pg_dump"):
        back_up(
            Settings(data_dir=tmp_path, database_url="postgresql://a@b/c"), tmp_path / "new", print
        )

    assert not (tmp_path / "new").exists()
