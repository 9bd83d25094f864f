"""The machines that train runs, and where a run is or what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from babysit.protocol.machine import Machine, this_machine
from babysit.protocol.status import RunStatus

from ...cpus import usable_cpus
from ...remote.leases import SILENT_AFTER_S, Lease
from ...remote.machines import machines_elsewhere
from ...store.runs.runs import active_runs
from ...store.runs.waiting import BUSY, Wait, read_slots, wait_of
from ...store.tables.runs import RunRow
from ..deps import AppState, AppStateDep
from ..schemas.machines import Machine as MachineOut

router = APIRouter(prefix="/api/machines", tags=["machines"])


@router.get("")
def list_machines(state: AppStateDep) -> list[MachineOut]:
    """The server's own machine, then those on which workers were heard of since its start."""
    with state.store.reading() as session:
        runs = {run.id: run for run in active_runs(session) if run.status != RunStatus.QUEUED}
        leases = _leases(state)
        own = [run for run in runs.values() if (run.id, run.attempt) not in leases]
        threads = state.settings.threads
        found = [_machine(own_machine(), own, threads, launcher="local", status="up")]
        for there in machines_elsewhere(state.leases):
            found.append(
                _machine(
                    there.machine,
                    [run for lease in there.leases if (run := _run_of(lease, runs)) is not None],
                    threads,
                    launcher=there.launcher,
                    status=there.status,
                    contact_s=there.contact_s,
                )
            )
    return found


@cache
def own_machine() -> Machine:
    """The server's; asked once, as asking for its GPUs may take a second."""
    return this_machine()


def _leases(state: AppState) -> dict[tuple[int, int], Lease]:
    return {(lease.run_id, lease.attempt): lease for lease in state.leases.active()}


def _run_of(lease: Lease, runs: dict[int, RunRow]) -> RunRow | None:
    run = runs.get(lease.run_id)
    return run if run is not None and run.attempt == lease.attempt else None


def _machine(machine: Machine, runs: Sequence[RunRow], threads: int, **said: Any) -> MachineOut:
    """said: launcher, status and contact_s. threads: of a run that has not begun."""
    is_own = said["launcher"] == "local"
    cpus = usable_cpus() if is_own else machine.cpus
    used = sum(run.threads or threads for run in runs if run.status in BUSY)
    on_gpus = sum((run.device or "").startswith("cuda") for run in runs)
    gpus = len(machine.gpus)
    return MachineOut(
        name=machine.name,
        cpus=cpus,
        cpus_free=max(0, cpus - used),
        gpus=gpus,
        gpus_free=max(0, gpus - on_gpus),
        gpu_names=machine.gpus,
        memory_bytes=machine.memory_bytes,
        runs=sorted(run.id for run in runs),
        babysit_version=machine.babysit_version,
        python=machine.python,
        **{"contact_s": None, **said},
    )


def as_it_is_now(
    state: AppState, session: Session, runs: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Runs as JSON, with what they wait for, and the contact with their workers elsewhere."""
    is_one_queued = any(run["status"] == RunStatus.QUEUED for run in runs)
    slots = read_slots(session) if is_one_queued else None
    leases = _leases(state)
    found = []
    for run in runs:
        wait, contact = None, None
        if run["status"] == RunStatus.QUEUED and slots is not None:
            search_id = run["search"] and run["search"]["id"]
            wait = wait_of(slots, search_id, state.settings.parallel)
        elif not RunStatus(run["status"]).is_over:
            wait, contact = _by_lease(leases.get((run["id"], run["attempt"])))
        found.append({**run, "waits_for": wait and asdict(wait), "contact": contact})
    return found


def _by_lease(lease: Lease | None) -> tuple[Wait | None, dict[str, Any] | None]:
    if lease is None:
        return None, None
    if not lease.has_begun:
        message = f"Waits for its worker: what starts it has run for {lease.silent_s:.0f} s."
        return Wait("machine", message), None
    return None, {"silent_s": lease.silent_s, "is_silent": lease.silent_s >= SILENT_AFTER_S}
