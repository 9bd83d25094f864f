"""Fits the patches to code that has moved around them: `python -m tests.mutations.refit`.

A patch whose own lines have changed has to be written anew; it is named.
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutations.bugs import Bug, all_bugs

ROOT = Path(__file__).resolve().parents[2]
LINES_THAT_MAY_DIFFER = 3  # of the context of a change
CHANGED_FILE = re.compile(r"^--- a/(\S+)$", re.M)


def fits(bug: Bug) -> bool:
    checked = subprocess.run(
        ["git", "apply", "--check", str(bug.patch)], cwd=ROOT, capture_output=True, check=False
    )
    return checked.returncode == 0


def refit(bug: Bug) -> bool:
    """Write the patch anew against the code as it is. False: its own lines have changed."""
    text = bug.patch.read_text()
    names = CHANGED_FILE.findall(text)
    with tempfile.TemporaryDirectory(prefix="refit-") as folder:
        for name in names:
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, Path(folder) / name)
        patched = subprocess.run(
            ["patch", "-p1", f"--fuzz={LINES_THAT_MAY_DIFFER}", "--no-backup-if-mismatch"],
            cwd=folder,
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        if patched.returncode != 0:
            return False
        changes = (
            difflib.unified_diff(
                (ROOT / name).read_text().splitlines(keepends=True),
                (Path(folder) / name).read_text().splitlines(keepends=True),
                f"a/{name}",
                f"b/{name}",
            )
            for name in names
        )
        head = text[: text.index("--- a/")]
        bug.patch.write_text(head + "".join(line for change in changes for line in change))
    return True


def main() -> None:
    unfit = [bug for bug in all_bugs() if not fits(bug)]
    left = [str(bug.patch.relative_to(ROOT)) for bug in unfit if not refit(bug)]
    sys.stdout.write(f"{len(unfit) - len(left)} patches were fitted.\n")
    if left:
        sys.exit("Write these anew:\n" + "\n".join(left))


if __name__ == "__main__":
    main()
