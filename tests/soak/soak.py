"""One soak from beginning to end: the product, people, a nemesis, and the judgement afterwards."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.live_server import end_marked
from tests.soak.history import History
from tests.soak.listener import Listener
from tests.soak.nemesis import Nemesis
from tests.soak.oracle import Oracle
from tests.soak.people import Person
from tests.soak.product import Product

PEOPLE = 3
QUIET_WITHIN_S = 240.0
LOOK_EVERY_S = 0.25
LAST_WORDS_S = 2.0  # until the stream has told what SQL holds
POINTS_MAX = 1_000_000
OVER = ("finished", "stopped", "failed", "lost")


@dataclass
class Report:
    """What a soak came to."""

    violations: list[str]
    counts: Counter[str]


class Soak:
    """A new product in an empty folder, whose content afterwards is the evidence."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        people: int = PEOPLE,
        nemesis: Callable[[Product, random.Random], Nemesis] = Nemesis,
        **environment: str,
    ) -> None:
        self._folder = folder
        self._mark = uuid.uuid4().hex
        self._product = Product(folder / "var", self._mark, **environment)
        self._history = History()
        self._people = [
            Person(self._product, self._history, random.Random(f"{seed}:{name}"), name)
            for name in (f"person{number}" for number in range(people))
        ]
        self._nemesis = nemesis(self._product, random.Random(f"{seed}:nemesis"))
        self._listener = Listener(self._product)
        self._violations: list[str] = []

    def run(self, seconds: float) -> Report:
        """Let people and nemesis at it for so long, heal it, and judge."""
        self._product.data_dir.mkdir(parents=True)
        try:
            self._product.start()
            curves = self._live(seconds)
        finally:
            self._product.let_go()
            end_marked(self._mark)
            self._listener.close()
            for person in self._people:
                person.close()
            self._history.write(self._folder / "history.jsonl")
            (self._folder / "faults.log").write_text("\n".join(self._nemesis.log))
        oracle = Oracle(self._product.data_dir, self._nemesis.damaged)
        oracle.judge(self._history)
        oracle.judge_curves(curves)
        for person in self._people:
            self._violations += person.unexpected
        self._violations += self._listener.unexpected
        return Report(self._violations + oracle.violations, self._counts(oracle))

    def _live(self, seconds: float) -> dict[int, dict[str, Any]]:
        """The curves of all runs as the API gives them, when all has come to rest."""
        until, to_the_end = threading.Event(), threading.Event()
        lives: list[tuple[Callable[[threading.Event], None], threading.Event]] = [
            *((person.live, until) for person in self._people),
            (self._nemesis.live, until),
            (self._listener.live, to_the_end),
        ]
        threads = [threading.Thread(target=self._guard, args=life, daemon=True) for life in lives]
        for thread in threads:
            thread.start()
        try:
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s and not self._violations and not self._nemesis.is_done:
                time.sleep(LOOK_EVERY_S)
            until.set()
            for thread in threads[:-1]:
                thread.join(QUIET_WITHIN_S)
            self._nemesis.heal()
            self._come_to_rest()
            time.sleep(LAST_WORDS_S)
            return self._curves()
        finally:
            until.set()
            to_the_end.set()
            self._judge_stream()

    def _guard(self, live: Callable[[threading.Event], None], until: threading.Event) -> None:
        try:
            live(until)
        except BaseException:
            self._violations.append(traceback.format_exc())

    def _come_to_rest(self) -> None:
        """Every run is asked to stop, and is over."""
        person, end_s = self._people[0], time.monotonic() + QUIET_WITHIN_S
        while True:
            try:
                runs = person.look("/api/runs?limit=1000")["runs"]
            except httpx.HTTPError:
                runs = None
            active = [run for run in runs or () if run["status"] not in OVER]
            if runs is not None and not active:
                return
            for run in active:
                if "stop" in run["allowed"]:
                    person.ask("command", f"/api/runs/{run['id']}/commands", {"kind": "stop"})
            if time.monotonic() > end_s:
                told = [(run["id"], run["status"], run["reason"]) for run in active]
                self._violations.append(f"not at rest after {QUIET_WITHIN_S:.0f} s: {told}")
                return
            time.sleep(LOOK_EVERY_S)

    def _curves(self) -> dict[int, dict[str, Any]]:
        person = self._people[0]
        spec = f"curves?series=train/cost&points={POINTS_MAX}"
        return {
            run["id"]: person.look(f"/api/runs/{run['id']}/{spec}")["series"]["train/cost"]
            for run in person.look("/api/runs?limit=1000")["runs"]
        }

    def _judge_stream(self) -> None:
        """Over all its connections a viewer was told every event once, in the order of SQL."""
        database = sqlite3.connect(self._product.data_dir / "babysit.sqlite")
        stored = [row[0] for row in database.execute("SELECT id FROM events ORDER BY id")]
        database.close()
        told = self._listener.told
        same = next((n for n, ident in enumerate(told) if stored[n : n + 1] != [ident]), len(told))
        if same < max(len(told), len(stored)):
            self._violations.append(
                f"the stream told {len(told)} of {len(stored)} events, the first {same} in order; "
                f"there {told[same : same + 3]}, and stored is {stored[same : same + 3]}"
            )

    def _counts(self, oracle: Oracle) -> Counter[str]:
        counts = Counter(self._nemesis.counts)
        for kind in ("run", "fork", "command", "note", "illegal"):
            for outcome in ("ok", "fail", "unknown"):
                counts[f"{kind}s asked: {outcome}"] = self._history.count(kind, outcome)
        counts["requests sent"] = sum(spec.sent for spec in self._history.spec)
        counts["points recomputed"] = oracle.points
        counts["servers started"] = self._product.starts
        counts["streams opened"] = self._listener.connections
        for run in oracle.runs.values():
            counts["attempts"] += len(run.said("worker_started"))
            counts["recoveries"] += len(run.said("recovered"))
            counts["recoveries not verified"] += sum(
                not event["verified"] for event in run.said("recovered")
            )
            counts["checkpoints"] += len(run.checkpoints)
            counts[f"runs {run.row['status']}"] += 1
        return counts
