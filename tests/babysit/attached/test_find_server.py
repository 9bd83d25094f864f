"""`BABYSIT_URL` that leads to no server of this machine: one warning, and the run is recorded."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from babysit.attached.scripts.find_server import data_dir_of_server
from babysit.storage.file_lock import lock_file
from babysit.storage.server_file import SERVER_LOCK


@contextmanager
def answering(body: Any) -> Iterator[str]:
    """A server that says this to every request. Gives: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *arguments: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("BABYSIT_TOKEN", "BABYSIT_DATA_DIR", "BABYSIT_URL"):
        monkeypatch.delenv(name, raising=False)


def test_the_directory_of_a_server_on_this_machine_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data_dir_of_server() is None, "nothing was asked for"
    lock = lock_file(tmp_path / SERVER_LOCK)
    with answering({"data_dir": str(tmp_path)}) as url:
        monkeypatch.setenv("BABYSIT_URL", url)
        assert data_dir_of_server() == tmp_path
    os.close(lock)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"data_dir": "/elsewhere/var"}, "not on this machine"),
        ({"data_dir": "var"}, "not on this machine"),
        ({"data_dir": None}, "BABYSIT_TOKEN"),
        ([1], "BABYSIT_TOKEN"),
        (None, "cannot be reached"),
        ("no address", "is no address"),
    ],
)
def test_a_wrong_address_is_said_in_one_line(
    body: Any, word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(body) as url:
        given = "nowhere:1" if body == "no address" else url
        monkeypatch.setenv("BABYSIT_URL", "http://127.0.0.1:9" if body is None else given)
        assert data_dir_of_server() is None
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), word in said.err) == ("", 1, True), said.err
