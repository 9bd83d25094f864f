"""Whether the server works; open to everyone."""

from __future__ import annotations

from fastapi import APIRouter

from babysit import __version__

from ..deps import AppStateDep
from ..schemas.responses import Health

router = APIRouter(prefix="/api/health", tags=["health"])


@router.get("")
def health(state: AppStateDep) -> Health:
    """Whether the server works, and what it warns of. Open to everyone."""
    database = state.store.database
    return Health(
        status="ok",
        version=__version__,
        database=database.version(),
        warnings=[*database.warnings(), *state.warnings()],
    )
