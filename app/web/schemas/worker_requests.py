"""What a worker on another machine says of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...limits import INT_MAX, NAME_CHARACTERS_MAX

GPUS_MAX = 64
Name = Annotated[str, Field(max_length=NAME_CHARACTERS_MAX)]
Count = Annotated[int, Field(ge=0, le=INT_MAX)]


class WorkerBeginning(BaseModel):
    """Where a worker runs. instance: drawn by its process: only one may begin an attempt.

    scheduler: what has chosen the machine.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    cpus: Annotated[int, Field(ge=1, le=1_000_000)]
    memory_bytes: Count = 0
    gpus: Annotated[list[Name], Field(max_length=GPUS_MAX)] = []
    babysit_version: Name
    python: Name
    instance: Annotated[str, Field(min_length=8, max_length=64)]
    scheduler: Literal["", "slurm"] = ""


class WorkerEnd(BaseModel):
    """How a worker's process ended, as its companion saw it.

    why: a sentence, if the companion itself had to give up, or the worker left.
    preempted: the worker left the run to the next attempt, as its machine is wanted back.
    """

    model_config = ConfigDict(extra="forbid")

    pid: Count = 0
    status: Annotated[int, Field(ge=-1_000, le=1_000)]
    signal: Annotated[int | None, Field(ge=0, le=1_000)] = None
    peak_bytes: Count = 0
    oom: bool = False
    why: Annotated[str | None, Field(max_length=2_000)] = None
    preempted: bool = False
