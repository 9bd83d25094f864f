"""A recorded data directory: an archive, what is expected of it, and what its version answered."""

from __future__ import annotations

import json
import lzma
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.app.full_history import babysit

HERE = Path(__file__).resolve().parent
ARCHIVE, EXPECTED, ANSWERS = "data.tar.xz", "expected.json", "answers.json.xz"
SECRETS = frozenset({"token", "viewer-token"})  # made anew by a server that finds none


@dataclass(frozen=True, slots=True)
class Recording:
    """One folder beside this file.

    expected: what came of it in the version that made it, small enough to be read.
    answers: what that version's API said of all that was settled before the crash, by path.
    """

    folder: Path
    expected: dict[str, Any]
    answers: dict[str, Any]

    @classmethod
    def read(cls, name: str) -> Recording:
        folder = HERE / name
        expected = json.loads((folder / EXPECTED).read_text())
        return cls(folder, expected, json.loads(lzma.decompress((folder / ANSWERS).read_bytes())))

    def unpack(self, place: Path) -> Path:
        """A fresh copy of the data directory, below a folder that is there; its path."""
        with tarfile.open(self.folder / ARCHIVE) as archive:
            extract(archive, place)
        return place / "var"

    def write(self, data_dir: Path) -> None:
        """Keep a data directory that no process works on, without its secrets."""
        self.folder.mkdir(exist_ok=True)
        with tarfile.open(self.folder / ARCHIVE, "w:xz", preset=9) as archive:
            archive.add(data_dir, arcname="var", filter=_of_nobody)
        answers = json.dumps(self.answers, separators=(",", ":")).encode()
        (self.folder / ANSWERS).write_bytes(lzma.compress(answers, preset=9))
        text = json.dumps(self.expected, indent=1, ensure_ascii=False)
        (self.folder / EXPECTED).write_text(text + "\n")


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without what tells whose machine it was, and when."""
    if Path(member.name).name in SECRETS:
        return None
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def verified(data_dir: Path) -> dict[str, Any]:
    """What `babysit verify` finds: how it ends, and of each check whether something is wrong."""
    ended = babysit("verify", "--data-dir", str(data_dir))
    said = re.findall(r"^(OK|WRONG) +(\w+)", ended.stdout, re.M)
    assert said, ended.stdout + ended.stderr
    return {
        "code": ended.returncode,
        "checks": sorted(check for _, check in said),
        "wrong": sorted(check for verdict, check in said if verdict == "WRONG"),
    }


def extract(archive: tarfile.TarFile, place: Path) -> None:
    """Unpack an archive of ours; early releases of Python 3.11 know of no filter."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(place, filter="data")
    else:
        archive.extractall(place)
