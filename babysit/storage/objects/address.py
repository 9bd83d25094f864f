"""The address of an object storage: `s3://bucket/prefix`, `gs://…`, `az://…` or `file:///path`."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

VARIABLE = "BABYSIT_STORAGE"
SCHEMES = ("s3", "gs", "az", "file")
EXAMPLE = (
    "must be like s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///path"
)
BUCKET = re.compile(r"[a-zA-Z0-9][\w.-]{1,221}", re.ASCII)
CHARACTERS_MAX = 1_000


def check_address(address: str) -> str:
    """The address without a slash at its end.

    Raises:
        ValueError: it cannot be one; the message says what would be right, and never repeats it.
    """
    address = address.strip()
    if len(address) > CHARACTERS_MAX:
        raise ValueError(EXAMPLE)
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise ValueError(EXAMPLE) from error
    if parts.scheme not in SCHEMES:
        raise ValueError(EXAMPLE)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must not contain credentials or options: set them in the environment")
    if {".", "..", ""} & set(parts.path.strip("/").split("/") if parts.path.strip("/") else []):
        raise ValueError("must not contain empty parts, . or .. in its path")
    if parts.scheme == "file":
        if parts.netloc or not folder_of(address).strip("/"):
            raise ValueError("must name an absolute folder, as in file:///path")
    elif not BUCKET.fullmatch(parts.netloc):
        raise ValueError(f"names no bucket: it {EXAMPLE}")
    return address.rstrip("/")


def folder_of(address: str) -> str:
    """The folder of a `file://` address."""
    return unquote(urlsplit(address).path)


def configured_address() -> str | None:
    """The address in the environment of this process, if there is one that can be used."""
    text = os.environ.get(VARIABLE)
    try:
        return check_address(text) if text else None
    except ValueError:
        return None
