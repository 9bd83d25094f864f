"""The tasks' descriptions, made once, so that not every server has to ask again."""

from __future__ import annotations

from tests.app.conftest import descriptions

__all__ = ["descriptions"]
