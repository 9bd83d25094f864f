"""The training side: all that runs beside a model, and the words it shares with the server.

For scripts of one's own: `babysit.attach`, `babysit.config` and `babysit.knob`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Loaded when they are used: the server imports this package without torch.
_LAZY = {
    "attach": "babysit.attached.start",
    "config": "babysit.attached.start",
    "knob": "babysit.attached.start",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'babysit' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
