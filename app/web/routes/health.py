"""Whether the server is there, for anybody who asks."""

from __future__ import annotations

from fastapi import APIRouter

from babysit import __version__

from ..deps import AppStateDep
from ..schemas.responses import Health

router = APIRouter(prefix="/api/health", tags=["health"])


@router.get("")
def health(state: AppStateDep) -> Health:
    database = state.store.database
    return Health(
        status="ok",
        version=__version__,
        database=database.version(),
        warnings=[*database.warnings(), *state.warnings()],
    )
