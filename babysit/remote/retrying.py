"""Repeats what fails for lack of contact, until it succeeds or nobody wants it any more."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from babysit.storage.runs.storage import AttemptOver

FIRST_S, LATEST_S = 0.2, 2.0  # between two tries

Result = TypeVar("Result")


def until_done(act: Callable[[], Result], over: threading.Event) -> Result:
    """The result of an act that may be repeated.

    over: nothing is wanted any more.

    Raises:
        AttemptOver: so the server says, or `over`.
    """
    pause_s = FIRST_S
    while not over.is_set():
        try:
            return act()
        except OSError:
            over.wait(pause_s * (0.5 + random.random()))
            pause_s = min(2 * pause_s, LATEST_S)
    raise AttemptOver("the attempt has ended")
