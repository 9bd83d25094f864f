"""What a script loads with `babysit.attach`: nothing of the server or of the page."""

from __future__ import annotations

import subprocess
import sys

from tests.project.files import ROOT

HEAVY = ("fastapi", "pydantic", "sqlalchemy", "plotly", "scipy", "sklearn", "uvicorn", "optuna")


def test_attaching_loads_neither_the_server_nor_the_page_and_collects_no_garbage() -> None:
    code = (
        "import gc, sys, torch; full = gc.get_stats()[2]['collections']; import babysit; "
        "babysit.attach; "
        f"print([name for name in {HEAVY} if name in sys.modules], "
        "gc.get_stats()[2]['collections'] - full, gc.isenabled())"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout == "[] 0 True\n"
