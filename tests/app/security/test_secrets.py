"""What must not get out, and what must not do harm where it arrives: tokens, cells, log lines."""

from __future__ import annotations

import base64
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.cli.__main__ import tell_address
from app.cli.log_format import SingleLineFormatter
from app.settings import Settings
from app.web.routes.export import inert
from tests.live_server import MARK, TOKEN, LiveServer, web_client

FORMATS = ("csv", "json", "markdown", "html", "recipe")


def disguises(secret: str) -> set[bytes]:
    """How a secret may look where it does not belong; base64 at each place in a longer text."""
    encoded = {secret.encode(), quote(secret, safe="").encode(), secret.encode().hex().encode()}
    encoded.add("".join(f"%{byte:02X}" for byte in secret.encode()).encode())
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret.encode())
        within = text[4 if before else 0 : -4]
        encoded |= {within, within.replace(b"+", b"-").replace(b"/", b"_")}
    return encoded


def finds(content: bytes, secrets: set[bytes]) -> bool:
    lower = content.lower()
    return any(secret.lower() in lower for secret in secrets)


def processes(server: LiveServer) -> Iterator[Path]:
    """Everything that the server has started, and what that has started."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            marked = f"{MARK}={server.mark}".encode() in (process / "environ").read_bytes()
        except OSError:
            continue
        if marked and int(process.name) != server.process.pid:
            yield process


def test_the_disguises_are_found() -> None:
    secrets = disguises(TOKEN)
    for content in (
        f"x{TOKEN}".encode(),
        base64.b64encode(f"Bearer {TOKEN}!".encode()),
        base64.urlsafe_b64encode(f'{{"token": "{TOKEN}"}}'.encode()),
    ):
        assert finds(content, secrets)
    assert not finds(TOKEN[:-1].encode(), secrets)


def test_tokens_are_in_no_file_process_answer_or_line_but_their_own(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    viewer = (shared.data_dir / "viewer-token").read_text().strip()
    secrets = disguises(TOKEN) | disguises(viewer)
    answers = list(misuse(shared, running["id"]))
    for format in FORMATS:
        export = shared.client.get(f"/api/runs/{running['id']}/export?format={format}")
        assert export.status_code == 200, format
        answers.append(export)

    workers = list(processes(shared))
    leaks = [
        process.name
        for process in workers
        for part in ("environ", "cmdline")
        if finds((process / part).read_bytes(), secrets)
    ]
    files = [
        file
        for file in shared.data_dir.rglob("*")
        if file.is_file() and file.name not in ("token", "viewer-token")
    ]

    assert len(workers) >= 2  # the fork server, and what trains
    assert leaks == []
    assert any(file.name == "worker.log" for file in files)
    assert any(file.name == "babysit.sqlite" for file in files)
    assert [file for file in files if finds(file.read_bytes(), secrets)] == []
    output = shared.output.replace(shared.address, "")
    assert not finds(output.encode(), secrets)
    for answer in answers:
        said = answer.content + repr(answer.headers.multi_items()).encode()
        assert not finds(said, secrets), answer.url.path


def misuse(server: LiveServer, run_id: int) -> Iterator[httpx.Response]:
    """The token in every place where it does not belong; what comes back."""
    places = {"t": TOKEN, "token": TOKEN, "search": TOKEN}
    headers = {"Referer": f"{server.url}/?t={TOKEN}", "X-Token": TOKEN, "Cookie": f"t={TOKEN}"}
    paths = ("/", "/api/runs", f"/api/{TOKEN}", f"/{TOKEN}", f"/{TOKEN}.js", "/api/session")
    with web_client(server.url) as stranger:
        for path in paths:
            for client in (server.client, stranger):
                yield client.get(path, params=places, headers=headers)
    # As a name of a field it would come back: the answer says which field was wrong.
    for body in ({"kind": TOKEN}, {"kind": "set", "values": {"optimizer": TOKEN}}, [TOKEN]):
        yield server.client.post(f"/api/runs/{run_id}/commands", json=body, headers=headers)
    for sent in ({"task": TOKEN}, {"task": "spirals", "values": {"optimizer": TOKEN}}):
        yield server.client.post("/api/runs", json=sent)
    for wrong in (f"{TOKEN}x", f"x{TOKEN}"):
        yield server.client.get("/api/runs", headers={"Authorization": f"Bearer {wrong}"})
        yield server.client.get("/api/runs", headers={"Authorization": f"Basic {wrong}"})


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_text_in_a_table_is_no_formula(sign: str) -> None:
    assert inert(f"{sign}HYPERLINK(1)") == f"'{sign}HYPERLINK(1)"
    assert inert(f"val/{sign}cost") == f"val/{sign}cost"


def test_numbers_in_a_table_stay_numbers(shared: LiveServer, ended: dict[str, Any]) -> None:
    table = shared.client.get(f"/api/runs/{ended['id']}/export?format=csv").text

    rows = [line.split(",") for line in table.splitlines()[1:]]

    assert all(isinstance(float(row[2]), float) for row in rows)  # NaN is one, too
    assert "'" not in table


def test_what_is_logged_is_one_line_that_no_terminal_obeys() -> None:
    message = "the disk said %s"
    text = "no\r\nWARNING app: all is well \x1b]0;owned\x07\x9b2J\u202e\u2028\x00\ud800ü"
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord("app", 30, "", 1, message, (text,), sys.exc_info())

    first, *others = (
        SingleLineFormatter("%(levelname)s %(name)s: %(message)s").format(record).split("\n")
    )

    assert first.isprintable()
    assert first.startswith("WARNING: ") is False
    assert first.startswith(r"WARNING app: the disk said no\r\nWARNING app: all is well \x1b]0;")
    assert first.endswith("ü")
    assert all(line.isprintable() for line in others)
    assert os.linesep.join(others).count("Traceback") == 1


def test_the_link_with_the_token_is_printed_to_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything else that standard output may be is kept: a file, a journal, a pipe to one."""
    tell_address(Settings(port=8000), "secret")
    kept = capsys.readouterr().out
    # A terminal, which pytest has none of; everything else is the real thing.
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    tell_address(Settings(port=8000), "secret")
    seen = capsys.readouterr().out

    assert "secret" not in kept
    assert kept.startswith("Babysit is at http://127.0.0.1:8000/\n")
    assert "babysit token" in kept
    assert seen == "Babysit is at http://127.0.0.1:8000/#t=secret\n"
