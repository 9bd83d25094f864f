"""Whether the server is there, for anybody who asks."""

from __future__ import annotations

from fastapi import APIRouter

from app.web.answers import Health
from app.web.parts import PartsOf
from babysit import __version__

router = APIRouter(prefix="/api/health", tags=["health"])


@router.get("")
def health(parts: PartsOf) -> Health:
    database = parts.store.database
    return Health(
        status="ok",
        version=__version__,
        database=database.version(),
        warnings=database.warnings(),
    )
