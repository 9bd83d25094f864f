"""The command `babysit`: the command line of the server, whatever name it is installed with."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

INSTALLED, CHECKOUT = "babysit_server", "app"


def main() -> None:
    """Run the command line; end with one line when the server's packages are not installed."""
    if sys.argv[1:2] == ["work"]:  # needs none of the server's packages
        from babysit.remote.__main__ import main as work

        sys.exit(work(sys.argv[2:]))
    if sys.argv[1:2] == ["slurm"]:
        from babysit.slurm.__main__ import main as slurm

        sys.exit(slurm(sys.argv[2:]))
    folder = Path(__file__).resolve().parents[1]
    package = INSTALLED if (folder / INSTALLED).is_dir() else CHECKOUT
    try:
        command_line = importlib.import_module(f"{package}.cli.__main__")
    except ModuleNotFoundError as error:
        if (error.name or package).partition(".")[0] in {package, "babysit"}:
            raise  # our own files are incomplete: no extra brings them
        sys.exit(
            f"babysit: the server needs the package {error.name}, which is not installed: "
            "pip install 'babysit[server]'"
        )
    command_line.main()


if __name__ == "__main__":
    main()
