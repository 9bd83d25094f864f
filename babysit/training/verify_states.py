"""Loads checkpoints and compares their state with its hash: `python -m
babysit.training.verify_states`.

It reads directories from its standard input, one a line, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from babysit.storage.manifest import CheckpointDamaged
from babysit.training.checkpoint import load_checkpoint


def main() -> None:
    for line in sys.stdin:
        path, wrong = line.rstrip("\n"), None
        try:
            load_checkpoint(Path(path))
        except CheckpointDamaged as error:
            wrong = str(error)
        json.dump({"path": path, "wrong": wrong}, sys.stdout)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
