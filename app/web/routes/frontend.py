"""Serves the built page; hashed files may be cached for ever."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse

from ...errors import NotFound

router = APIRouter(include_in_schema=False)

REPOSITORY_PAGE = Path(__file__).resolve().parents[3] / "frontend" / "dist"
WHEEL_PAGE = Path(__file__).resolve().parents[2] / "page"
FOR_EVER = "public, max-age=31536000, immutable"

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Babysit</title>
<h1>The page is not built yet</h1>
<p>The server runs, but there is no page to show. <code>make run</code> builds it;
<code>make build</code> builds it without starting the server. The API is at /api.</p>
</html>
"""


def page_folder() -> Path:
    """The folder of the built page: next to the code in a wheel, or in the repository."""
    return WHEEL_PAGE if WHEEL_PAGE.is_dir() else REPOSITORY_PAGE


@router.get("/{path:path}")
@router.head("/{path:path}")
def page(path: str) -> Response:
    """A file of the page; the page itself for every path without a file or folder name."""
    return answer_from(page_folder(), path)


def answer_from(folder: Path, path: str) -> Response:
    """The response to a path from the folder of a built page.

    Raises:
        NotFound: the path names a file that is not in the folder, or a route of the API.
    """
    if path == "api" or path.startswith("api/"):
        raise NotFound("This address does not exist.")
    file = _file(folder, path)
    if file is not None and file.name != "index.html":
        hashed = path.startswith("assets/")
        return _answer(file, FOR_EVER if hashed else "no-cache")
    if "." in path.rpartition("/")[2] and path != "index.html":
        raise NotFound("This file does not exist.")
    index = _file(folder, "index.html")
    if index is None:
        return HTMLResponse(NOT_BUILT, status_code=503, headers={"cache-control": "no-store"})
    if "/" in path:  # no route of the page, whose URLs are relative
        headers = {"location": "../" * path.count("/"), "cache-control": "no-cache"}
        return Response(status_code=307, headers=headers)
    return _answer(index, "no-cache")


def _file(folder: Path, path: str) -> Path | None:
    """A file below the folder; a path cannot leave it."""
    names = path.split("/")
    if any(name in ("", ".", "..") or "\0" in name or "\\" in name for name in names):
        return None
    try:
        file = folder.joinpath(*names).resolve()
        inside = file.is_relative_to(folder.resolve())
        return file if inside and file.is_file() else None
    except OSError:  # a name that is too long for the file system
        return None


def _answer(file: Path, cache_control: str) -> Response:
    media_type = mimetypes.guess_type(os.fspath(file))[0] or "application/octet-stream"
    return FileResponse(file, media_type=media_type, headers={"cache-control": cache_control})
