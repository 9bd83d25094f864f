"""The API does what its description says: thousands of cases made from it, by somebody else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live_server import serving
from tests.sizes import SCHEMA_CASES_A_ROUTE, SCHEMA_CASES_MIN, session_seed

CONFIGURED = Path(__file__).with_name("schemathesis.toml")
ENDED_WITHIN_S = 600  # for slow machines with others at work; it ends by itself


@pytest.mark.timeout(ENDED_WITHIN_S + 30)
def test_every_answer_is_as_described_and_none_is_a_stumble(
    tmp_path: Path, data_dir: Path, record_property: Callable[[str, object], None]
) -> None:
    """Examples, edges, drawn cases, and sequences in which one answer leads to the next request."""
    with serving(data_dir, "--no-demo", BABYSIT_PARALLEL="1") as server:
        run = server.start_run("spirals", steps=12)["id"]
        server.wait_for_status(run, "finished")
        ran = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", f"--config-file={CONFIGURED}", "run"]
            + [f"{server.url}/api/openapi.json", "--phases=examples,coverage,fuzzing,stateful"]
            + [f"--max-examples={SCHEMA_CASES_A_ROUTE}", f"--seed={session_seed()}", "--no-color"]
            + ["--exclude-path=/api/stream"]  # it has no end; tests/app/web/test_stream.py has it
            + [f"--header=Authorization: Bearer {server.token}"]
            + ["--header=Content-Type: application/json", "--continue-on-failure"]
            + ["--suppress-health-check=all", "--generation-database=none", "--no-shrink"]
            + ["--warnings=off"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=ENDED_WITHIN_S,
            check=False,
        )
        assert server.process.poll() is None, server.output
        assert "Traceback" not in server.output

    said = ran.stdout + ran.stderr
    made = re.search(r"(\d+) generated", said)
    assert made, said
    record_property("schema_cases", int(made[1]))
    assert ran.returncode == 0, said[-6000:]
    assert int(made[1]) >= SCHEMA_CASES_MIN
