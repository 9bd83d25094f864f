"""The training side: all that runs beside a model, and the words it shares with the server.

For scripts of one's own: `babysit.attach`, `babysit.config` and `babysit.knob`. For whoever talks
to a server: `babysit.Client`.
"""

from __future__ import annotations

import gc
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babysit.client import BabysitError, Client, NoServer, Refused

__version__ = "0.1.0"

__all__ = ["BabysitError", "Client", "NoServer", "Refused"]

# Imported when first used: `import babysit` stays fast, and the server never has torch.
_MODULES = dict.fromkeys(__all__, "babysit.client") | dict.fromkeys(
    ("attach", "config", "knob"), "babysit.attached.start"
)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # With PyTorch loaded, a full collection takes as long as these imports, and finds nothing.
    collects = gc.isenabled()
    gc.disable()
    try:
        return getattr(importlib.import_module(_MODULES[name]), name)
    finally:
        if collects:
            gc.enable()
