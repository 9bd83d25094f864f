"""`python -m tests.soak --seed S --minutes M`: a long soak; its exit status is its judgement."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.security.attackers import drawn
from tests.security.hostile_server import besieged
from tests.soak.soak import Soak

SHOWN_MAX = 40
HOSTILE_REQUESTS = 700_000  # more than ten times what a test run sends, its corpus included
AT_ONCE = 20_000  # requests between two lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Let faults and people at Babysit, and judge it.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--keep", type=Path, help="a new folder for what the soak leaves")
    parser.add_argument(
        "--hostile", type=int, default=HOSTILE_REQUESTS, help="hostile requests afterwards"
    )
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"seed {arguments.seed}, {arguments.minutes:g} minutes, in {folder}", flush=True)
    began_s = time.monotonic()
    report = Soak(folder, arguments.seed).run(arguments.minutes * 60)
    for name, count in sorted(report.counts.items()):
        print(f"{count:10,}  {name}")
    print(f"{len(report.violations)} violations in {(time.monotonic() - began_s) / 60:.1f} minutes")
    for violation in report.violations[:SHOWN_MAX]:
        print(f"VIOLATION {violation}")
    if report.violations:
        print(f"what happened is kept in {folder}; --seed {arguments.seed} draws the same again")
    if not report.violations:
        besiege(folder, arguments.seed, arguments.hostile)
    sys.exit(1 if report.violations else 0)


def besiege(folder: Path, seed: int, count: int) -> None:
    """Hostile requests drawn along what the routes take, at a server of its own.

    Raises:
        AssertionError: with the request that it stumbled over, or that changed something.
    """
    if not count:
        return
    (folder / "siege").mkdir()
    with besieged(folder / "siege" / "var", seed) as siege:
        for start in range(0, count, AT_ONCE):
            siege.endure(drawn(siege, min(AT_ONCE, count - start), seed + start))
            print(
                f"{siege.requests:10,}  hostile requests, {len(siege.classes)} kinds of answers, "
                f"the slowest after {siege.slowest_s:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
