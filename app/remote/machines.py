"""The machines on which workers elsewhere were heard of since the server started."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

from babysit.protocol.machine import Machine

from .leases import SILENT_AFTER_S, Lease, Leases

Status: TypeAlias = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class MachineElsewhere:
    """A machine, and the leases of its workers that have not ended.

    status: up: a worker there is in contact. down: there was one, and no word of it any more.
    unknown: there is no worker from which it could be known.
    contact_s: since the last request from there; None: none since the server started.
    """

    machine: Machine
    launcher: str
    status: Status
    contact_s: float | None
    leases: list[Lease]


def machines_elsewhere(leases: Leases) -> list[MachineElsewhere]:
    """All that are known, by launcher and name."""
    active: dict[tuple[str, str], list[Lease]] = {}
    for lease in leases.active():
        if lease.machine is not None:
            active.setdefault((lease.way, lease.machine.name), []).append(lease)
    ended = leases.ended()
    return [_of(active.get(key, []), ended.get(key)) for key in sorted({*active, *ended})]


def _of(active: list[Lease], ended: Lease | None) -> MachineElsewhere:
    known = [*active] if ended is None else [*active, ended]
    heard_s = [lease.contact_s for lease in known if lease.contact_s is not None]
    machine = max(active or known, key=lambda lease: lease.since_s).machine
    assert machine is not None
    return MachineElsewhere(
        machine=machine,
        launcher=known[0].way,
        status=_status(active, ended),
        contact_s=time.monotonic() - max(heard_s) if heard_s else None,
        leases=active,
    )


def _status(active: list[Lease], ended: Lease | None) -> Status:
    if any(lease.is_in_contact for lease in active):
        return "up"
    if active:  # after a start of the server it takes a moment until a worker is heard of
        is_silent = any(lease.silent_s >= SILENT_AFTER_S for lease in active)
    else:
        is_silent = ended is not None and ended.was_lost
    return "down" if is_silent else "unknown"
