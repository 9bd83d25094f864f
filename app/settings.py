"""What can be set from outside: by flags, then the environment, then defaults."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SHIPPED_TASKS = Path(__file__).resolve().parent.parent / "models"
TOKEN_CHARACTERS_MIN = 22  # 128 random bits in base64; asked for beyond loopback


class Settings(BaseSettings):
    """Every setting is also an environment variable: BABYSIT_ and its name in capitals.

    host, port: where to listen; port 0 takes a free one.
    data_dir: everything that is kept: runs, database, token.
    token: who has it may steer; made and kept in the data directory when it is not given.
    no_demo: do not start the demo run in an empty data directory.
    database_url: a PostgreSQL; None is a SQLite file in the data directory.
    models: folders with tasks of your own, separated like PATH.
    parallel: runs that train at once; further ones wait.
    recovery: take a run up again when its worker died without a word.
    stop_workers: end the trainings, too, when the server is told to end; each leaves a checkpoint.
    stuck_after_s: a worker that makes no turn of its loop for so long is called stuck.
    allow_host: names under which the server may be called beyond loopback, separated by commas.
    """

    model_config = SettingsConfigDict(env_prefix="BABYSIT_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    data_dir: Path = Path("var")
    token: str | None = None
    no_demo: bool = False
    database_url: str | None = None
    models: str = ""
    parallel: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, le=1000)
    recovery: bool = True
    stop_workers: bool = False
    stuck_after_s: float = Field(default=60.0, gt=0)
    allow_host: str = ""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @field_validator("token", "database_url", mode="before")
    @classmethod
    def _empty_is_unset(cls, text: str | None) -> str | None:
        return text or None

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"

    @property
    def task_folders(self) -> list[Path]:
        """Where tasks are looked for; a later folder's task of the same name wins."""
        own = [Path(folder) for folder in self.models.split(os.pathsep) if folder]
        return [SHIPPED_TASKS, *(folder.expanduser().resolve() for folder in own)]

    @property
    def host_names(self) -> frozenset[str]:
        """The names a request may carry in its Host header; any port goes with them."""
        named = {name.strip().lower() for name in self.allow_host.split(",") if name.strip()}
        return frozenset({*LOOPBACK, self.host.strip("[]").lower(), *named} - {"0.0.0.0", "::"})

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def sql_url(self) -> str:
        """The database as SQLAlchemy names it."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'babysit.sqlite'}"
        scheme, separator, rest = self.database_url.partition("://")
        if scheme in ("postgres", "postgresql"):
            return f"postgresql+psycopg{separator}{rest}"
        return self.database_url


def kept_token(data_dir: Path) -> str:
    """The token of a data directory, made at the first start; only its owner can read the file."""
    path = data_dir / "token"
    try:
        token = path.read_text().strip()
    except FileNotFoundError:
        token = ""
    if len(token) >= TOKEN_CHARACTERS_MIN:
        return token
    token = secrets.token_urlsafe(32)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        os.fchmod(fd, 0o600)
        file.write(token + "\n")
    return token
