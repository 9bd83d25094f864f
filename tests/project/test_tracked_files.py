"""No file tells of somebody's machine, carries a secret or a foreign address, or is too big."""

from __future__ import annotations

import re

from tests.project.files import ROOT, is_text, text_of, tracked_files

BYTES_MAX = 1_000_000
# Addresses may be of this machine, made up for a test, or of a page that a reader may want.
HOSTS = {
    "127.0.0.1",
    "[::1]",
    "localhost",
    "keepachangelog.com",
    "semver.org",
    "www.apache.org",
    "www.w3.org",
    "json.schemastore.org",
}
MADE_UP = (".example", ".invalid", ".test")
# Homes, mounts and scratch folders of a particular machine.
SOMEBODYS_PATH = re.compile(r"(?<![\w.$}/-])/(?:home|Users|root|work|mnt|media|opt|srv|tmp)/\w")
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:ghp|gho|sk|AKIA)[-_]?[A-Za-z0-9]{20,}")


def texts() -> list[tuple[str, str]]:
    return [(name, text_of(name)) for name in tracked_files() if is_text(name)]


def test_addresses_lead_nowhere_unexpected() -> None:
    unexpected = []
    for name, text in texts():
        if name == "frontend/package-lock.json":  # its "funding" fields are not ours
            assert '"resolved"' not in text, "the lock file must not name where packages came from"
            continue
        for address in re.findall(r"\bhttps?://[^\s\"'`<>)\]}]*", text):
            found = re.match(r"https?://(?:[^/@]*@)?(\[::1\]|[\w.-]*)", address)
            host = found[1].lower() if found else ""
            # no name: put together by code, or a pattern
            if host and host not in HOSTS and not host.endswith(MADE_UP):
                unexpected.append(f"{name}: {address}")

    assert unexpected == []


def test_no_path_of_somebodys_machine() -> None:
    found = [
        f"{name}: {line.strip()[:120]}"
        for name, text in texts()
        if name != "tests/project/test_tracked_files.py"
        for line in text.splitlines()
        if SOMEBODYS_PATH.search(line)
    ]

    assert found == []


def test_no_secret() -> None:
    # the lock file is full of checksums
    found = [name for name, text in texts() if SECRET.search(text) and "lock" not in name]

    assert found == []


def test_constraints_name_versions_only() -> None:
    lines = [line for line in text_of("constraints.txt").splitlines() if line[:1] != "#"]

    wrong = [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]

    assert wrong == []
    assert "torch==2.13.0" in lines


def test_no_file_is_needlessly_big() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in tracked_files()}

    assert {name: size for name, size in sizes.items() if size > BYTES_MAX} == {}
