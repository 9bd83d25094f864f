"""Settings: from flags, then the environment, then defaults."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from babysit.protocol.spec.task_files import task_folders
from babysit.storage.objects.address import check_address

from .cpus import usable_cpus
from .remote.resources import parse_resources
from .remote.template import CommandTemplate
from .security.networks import Network, networks

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # listens on all; clients call another address
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ROOT_PATH = re.compile(r"(?:/[\w.~-]+)*", re.ASCII)
DEVICE = re.compile(r"auto|cpu|(?:cuda|mps|xpu)(?::\d{1,3})?", re.ASCII)
MODULES = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
DATABASES = re.compile(r"sqlite|postgres(?:ql)?|postgresql\+psycopg", re.ASCII)
THREADS_MAX = 4_096


class Settings(BaseSettings):
    """Every setting is also an environment variable: BABYSIT_ and its name in capitals.

    An empty variable counts as unset. Workers get the settings that they need from the server, so
    that each is read and checked once.

    host, port: the address to listen on; port 0 selects a free port.
    data_dir: the directory of runs, database and tokens.
    token: the owner's token; created in the data directory if it is not given.
    no_demo: do not start the demo run in an empty data directory.
    database_url: a PostgreSQL database; None uses a SQLite file in the data directory.
    models: folders with your own tasks, separated as in PATH.
    parallel: the number of runs that train at the same time; others wait.
    preload: modules, separated by commas, that are imported once for all workers.
    threads: the number of threads of each worker.
    device: the device of runs: auto, cpu, cuda, cuda:1 and so on.
    recovery: restart a run from its last checkpoint when its worker has died.
    prove: repeat some steps of each run when the machine is idle, and compare them.
    stop_workers: stop the workers with the server; each saves a checkpoint first.
    stuck_after_s: a worker that completes no step for this long is reported as stuck.
    launcher: a command that starts each worker elsewhere; empty: workers run on this machine.
    ray: the address of a Ray cluster on which workers run; empty: none.
    ray_resources: what each worker asks of a node of it; empty: one CPU for each of its threads.
    worker_url: the address at which workers elsewhere reach the server.
    lost_after_s: without contact for this long, a worker elsewhere is given up.
    storage: an object storage that checkpoints are copied to, such as s3://bucket/prefix.
    allow_host: host names, besides loopback, that clients may use, separated by commas.
    trusted_proxy: addresses of reverse proxies whose X-Forwarded-… headers are trusted,
    separated by commas.
    root_path: the path of the application below a proxy, for example /babysit.
    """

    model_config = SettingsConfigDict(env_prefix="BABYSIT_", env_ignore_empty=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    data_dir: Path = Path("var")
    token: str | None = None
    no_demo: bool = False
    database_url: str | None = None
    models: str = ""
    parallel: int = Field(default_factory=lambda: max(2, usable_cpus()), ge=1, le=1000)
    preload: str = "sklearn.datasets,sklearn.model_selection"
    threads: int = Field(default=1, ge=1, le=THREADS_MAX)
    device: str = "auto"
    recovery: bool = True
    prove: bool = True
    stop_workers: bool = False
    stuck_after_s: float = Field(default=60.0, gt=0)
    launcher: str = ""
    ray: str = ""
    ray_resources: str = ""
    worker_url: str | None = None
    lost_after_s: float = Field(default=120.0, gt=0)
    storage: str = ""
    allow_host: str = ""
    trusted_proxy: str = ""
    root_path: str = ""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        try:
            return path.expanduser().resolve()
        except RuntimeError as error:  # ~ or ~name without such a home directory
            raise ValueError(f"{path}: {error}") from error

    @field_validator("models")
    @classmethod
    def _folders(cls, text: str) -> str:
        try:
            task_folders(text)
        except RuntimeError as error:
            raise ValueError(f"{text}: {error}") from error
        return text

    @field_validator("preload")
    @classmethod
    def _module_names(cls, text: str) -> str:
        names = [name.strip() for name in text.split(",")]
        if not all(map(MODULES.fullmatch, names)):
            raise ValueError("must be names of modules, such as torchvision,transformers")
        return ",".join(names)

    @field_validator("launcher")
    @classmethod
    def _command(cls, text: str) -> str:
        if text:
            CommandTemplate(text)
        return text

    @field_validator("ray_resources")
    @classmethod
    def _amounts(cls, text: str) -> str:
        parse_resources(text)
        return text

    @field_validator("storage")
    @classmethod
    def _object_storage(cls, address: str) -> str:
        return check_address(address) if address else ""

    @field_validator("worker_url")
    @classmethod
    def _http_url(cls, url: str | None) -> str | None:
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("must be like https://babysit.example")
        return url.rstrip("/") if url else None

    @field_validator("device")
    @classmethod
    def _device(cls, text: str) -> str:
        if not DEVICE.fullmatch(text):
            raise ValueError("must be auto, cpu or cuda, or one of several GPUs, such as cuda:1")
        return text

    @field_validator("token", "database_url", mode="before")
    @classmethod
    def _empty_is_unset(cls, text: str | None) -> str | None:
        return text or None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        wanted = "must be like postgresql://user@host/database or sqlite:////path"  # not the URL:
        try:  # it may contain a password
            parts = urlsplit(url or "")
            is_known = url is None or bool(DATABASES.fullmatch(parts.scheme) and parts.port != 0)
        except ValueError as error:  # of the port
            raise ValueError(wanted) from error
        if not is_known:
            raise ValueError(wanted)
        return url

    @field_validator("trusted_proxy")
    @classmethod
    def _addresses(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("root_path")
    @classmethod
    def _path(cls, text: str) -> str:
        path = text.rstrip("/")
        if not ROOT_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise ValueError("must be a path like /babysit")
        return path

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"

    @property
    def task_folders(self) -> list[Path]:
        """Where tasks are looked for; a later folder's task of the same name wins."""
        return task_folders(self.models)

    @property
    def resources_of_workers(self) -> dict[str, float]:
        """What each worker asks of a Ray cluster: amounts by name, as Ray names them."""
        return parse_resources(self.ray_resources) or {"CPU": float(self.threads)}

    @property
    def worker_environment(self) -> dict[str, str]:
        """What workers read from their environment."""
        return {
            "BABYSIT_MODELS": os.pathsep.join(map(str, task_folders(self.models)[1:])),
            "BABYSIT_PRELOAD": self.preload,
            "BABYSIT_THREADS": str(self.threads),
            "BABYSIT_DEVICE": self.device,
            **({"BABYSIT_STORAGE": self.storage} if self.storage else {}),
        }

    @property
    def host_names(self) -> frozenset[str]:
        """Host names that a request may use, with any port."""
        own = self.host.strip("[]").lower()
        return frozenset({*LOOPBACK, own, *self.allowed_hosts} - set(EVERYWHERE))

    @property
    def allowed_hosts(self) -> list[str]:
        names = (name.strip().lower() for name in self.allow_host.split(","))
        return [name for name in names if name]

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def is_reachable(self) -> bool:
        """Whether other machines are meant to reach the server."""
        return bool(not self.is_loopback or self.allow_host or self.trusted_proxy)

    @property
    def proxies(self) -> tuple[Network, ...]:
        return networks(self.trusted_proxy)

    @property
    def url_of_workers(self) -> str:
        """The address at which workers reach the server; by default that of this machine."""
        host = self.host.strip("[]")
        host = EVERYWHERE.get(host, host)
        own = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        return self.worker_url or own

    @property
    def sql_url(self) -> str:
        """The database URL for SQLAlchemy."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'babysit.sqlite'}"
        scheme, separator, rest = self.database_url.partition("://")
        if scheme in ("postgres", "postgresql"):
            return f"postgresql+psycopg{separator}{rest}"
        return self.database_url
