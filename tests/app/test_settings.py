"""Settings are checked at the start, and workers get them as the server has read them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from app.cli.settings import server_settings
from app.settings import Settings
from babysit.protocol.spec.task_files import task_folders


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("THREADS", "0", "the setting threads is invalid"),
        ("THREADS", "abc", "the setting threads is invalid"),
        ("THREADS", "1.5", "the setting threads is invalid"),
        ("PRELOAD", "numpy, a module", "the setting preload is invalid: must be names of modules"),
        ("DEVICE", "tpu", "the setting device is invalid: must be auto, cpu or cuda"),
        ("DEVICE", "cuda:x", "the setting device is invalid"),
        ("MODELS", "~no-such-user/tasks", "the setting models is invalid: ~no-such-user/tasks"),
        ("MODELS", "/no/such/folder", "the setting models is invalid: /no/such/folder is not a"),
        ("DATA_DIR", "~no-such-user/var", "the setting data_dir is invalid"),
        ("PARALLEL", "0", "the setting parallel is invalid"),
        ("DATABASE_URL", "nonsense", "the setting database_url is invalid: must be like postgres"),
        ("DATABASE_URL", "mysql://user:secret@host/x", "the setting database_url is invalid"),
        ("DATABASE_URL", "postgresql://user@host:port/x", "the setting database_url is invalid"),
    ],
)
def test_a_wrong_setting_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"BABYSIT_{name}", value)

    with pytest.raises(SystemExit) as ended:
        server_settings(argparse.Namespace())

    assert message in str(ended.value)
    assert "\n" not in str(ended.value)
    assert "secret" not in str(ended.value)


def test_workers_find_the_settings_as_the_server_has_read_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However the variables are written: a home directory, small letters, an empty value."""
    (tmp_path / "tasks").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("babysit_models", "~/tasks")
    monkeypatch.setenv("BABYSIT_THREADS", "")
    monkeypatch.setenv("Babysit_Device", "cpu")

    settings = server_settings(argparse.Namespace())

    assert settings.worker_environment == {
        "BABYSIT_MODELS": str(tmp_path / "tasks"),
        "BABYSIT_PRELOAD": "sklearn.datasets,sklearn.model_selection",
        "BABYSIT_THREADS": "1",
        "BABYSIT_DEVICE": "cpu",
    }
    assert task_folders(settings.worker_environment["BABYSIT_MODELS"]) == settings.task_folders


def test_secrets_do_not_reach_workers_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.child_process import child_environment

    monkeypatch.setenv("babysit_token", "s3cr3t")
    monkeypatch.setenv("BABYSIT_DATABASE_URL", "postgresql://s3cr3t@host/x")

    assert not any("s3cr3t" in value for value in child_environment().values())
    assert Settings().token == "s3cr3t"
