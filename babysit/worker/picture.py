"""Writes the picture that a task draws of its network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from babysit.storage.atomic import write_atomic
from babysit.storage.journal import to_jsonable
from babysit.training.user_code.untouched import evaluation_mode


def write_picture(
    draw: Callable[[nn.Module], dict[str, Any]], network: nn.Module, step: int, directory: Path
) -> None:
    """Write it beside the journal: no history, only the newest.

    Raises:
        Exception: whatever the task raises, or the disk.
    """
    with evaluation_mode(network):
        picture: dict[str, Any] = {**draw(network), "step": step}
    # Not synced: it would hold up the training, and the next one comes soon.
    write_atomic(directory / "picture.json", json.dumps(to_jsonable(picture)), sync=False)
