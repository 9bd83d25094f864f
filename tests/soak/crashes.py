"""A nemesis that knows one fault: all that lives is killed at once, and started again."""

from __future__ import annotations

import random
import threading
import time

from tests.soak.nemesis import Nemesis
from tests.soak.product import Product

ROLES = {"server", "nursery", "worker"}
WORKER_WITHIN_S = 45.0  # then the rest is killed without one
LOOK_EVERY_S = 0.1
EARLY_S = (0.0, 3.0)
DELAY_S = (0.0, 0.6)  # after a worker is there: in its start, its first steps, its redoing
EARLY = 0.1  # of the kills do not wait for a worker


class Crashes(Nemesis):
    """Whole-system crashes until there were enough, or the time is over. Counted as `crashes`."""

    def __init__(self, product: Product, draw: random.Random, enough: int) -> None:
        super().__init__(product, draw)
        self._enough = enough

    def live(self, until: threading.Event) -> None:
        while self.counts["crashes"] < self._enough and not until.is_set():
            if self._draw.random() > EARLY:
                self._wait_for_worker(until)
                until.wait(self._draw.uniform(*DELAY_S))
                self._wait_for_worker(until)  # a short run may be over again
            else:
                until.wait(self._draw.uniform(*EARLY_S))
            victims = self._product.kill(ROLES, self._draw)
            hit = {victim.role for victim in victims}
            self._note("crashes" if hit >= ROLES else f"kills of {' and '.join(sorted(hit))} only")
            self._product.start()

    def _wait_for_worker(self, until: threading.Event) -> None:
        end_s = time.monotonic() + WORKER_WITHIN_S
        while time.monotonic() < end_s and not until.is_set():
            if {process.role for process in self._product.processes()} >= ROLES:
                return
            time.sleep(LOOK_EVERY_S)

    @property
    def is_done(self) -> bool:
        return self.counts["crashes"] >= self._enough
