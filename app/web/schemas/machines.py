"""Responses about machines: where runs are trained, and what a run waits for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Machine(BaseModel):
    """A machine that trains runs; the first one is the server's own.

    launcher: what starts workers there. status: unknown: no worker is there that would say.
    cpus, gpus: that Babysit may use. cpus_free: without the threads of the runs that train.
    gpus_free: without one for each run that uses a GPU. runs: those that have a worker there.
    contact_s: since a worker there was last heard of; null on the server's own machine.
    """

    name: str
    launcher: str
    status: Literal["up", "down", "unknown"]
    cpus: int
    cpus_free: int
    gpus: int
    gpus_free: int
    gpu_names: list[str]
    memory_bytes: int
    runs: list[int]
    babysit_version: str
    python: str
    contact_s: float | None


class WaitsFor(BaseModel):
    """What a run waits for. message: a sentence. in_use, of: slots, if it waits for one."""

    what: Literal["slot", "runs", "search", "machine"]
    message: str
    in_use: int | None = None
    of: int | None = None


class Contact(BaseModel):
    """Of a worker on another machine. silent_s: since its last request; is_silent: too long."""

    silent_s: float
    is_silent: bool
