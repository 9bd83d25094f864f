"""The run of this process: given by whoever started it, or made by the script itself."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from babysit.attached.scripts.registration import data_dir, new_run
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.spec.script_start import script_spec
from babysit.storage.file_lock import lock_run

RUN_OF_RANKS = "BABYSIT_RUN_OF_RANKS"  # directory#attempt, for processes of one training


@dataclass(slots=True)
class Launch:
    """Where this process records. lock: held until it ends."""

    directory: Path
    attempt: int
    spec: RunSpec
    lock: int
    started_by_server: bool = False


_assigned: Launch | None = None


def assign(launch: Launch) -> None:
    """Say which run the script of this process belongs to."""
    global _assigned
    _assigned = launch


def assigned() -> Launch | None:
    """The run that this process was started for; None: the script makes one of its own."""
    given = os.environ.get(RUN_OF_RANKS)
    if _assigned is None and given is not None and "RANK" in os.environ:
        directory, attempt = given.rsplit("#", 1)
        # The process that started the ranks holds the lock.
        place = Path(directory)
        assign(Launch(place, int(attempt), read_spec(place), -1, started_by_server=True))
    return _assigned


def given_values(launch: Launch) -> dict[str, Any]:
    """What the script's arguments are to be, by name; a seed from outside is that of the script."""
    given: dict[str, Any] = dict(launch.spec.first_values or launch.spec.values)
    seed = (launch.spec.script or {}).get("seed")
    return given if seed is None else {"seed": seed, **given}


def read_spec(directory: Path) -> RunSpec:
    """What was asked for when the run was made."""
    body: dict[str, Any] = json.loads((directory / "run.json").read_text())
    return RunSpec(**body)


def own_launch(name: str) -> Launch:
    """A new run for a script that was started by hand.

    Raises:
        OSError: the data directory cannot be written.
    """
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    path = Path(main).resolve() if main else Path("script")
    seed = torch.initial_seed() % 2**53
    directory, spec = new_run(_folder(), name, script_spec(path, sys.argv[1:]), seed=seed)
    return Launch(directory, 1, spec, lock_run(directory))


def _folder() -> Path:
    """The data directory of the server at `BABYSIT_URL`, or else the one that a script finds."""
    if not os.environ.get("BABYSIT_URL"):
        return data_dir()
    from babysit.attached.scripts.find_server import data_dir_of_server  # imports much for HTTP

    return data_dir_of_server() or data_dir()
