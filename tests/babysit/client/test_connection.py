"""The client finds its server, shows the token to no other, and says what is wrong."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import babysit
from babysit import BabysitError, Client, NoServer, Refused
from tests.conftest import Serve
from tests.live_server import LiveServer, end_marked
from tests.project.files import ROOT, parsed, python_files


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BABYSIT_URL", "BABYSIT_TOKEN", "BABYSIT_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_server_of_a_data_directory_is_found_with_its_token(
    data_dir: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(data_dir, "--no-demo", BABYSIT_TOKEN="") as server:
        here = Client()  # data_dir is `var` in the current folder
        monkeypatch.chdir("/")
        there = Client(data_dir=data_dir)
        monkeypatch.setenv("BABYSIT_DATA_DIR", str(data_dir))

        for client in (here, there, Client()):
            assert (client.url, client.token) == (server.url, server.token)
            assert client.runs() == []
        server.kill()

    with pytest.raises(NoServer, match="No server works on"):
        Client()  # what a killed server left counts for nothing


def test_without_a_server_the_message_says_how_to_start_one() -> None:
    with pytest.raises(NoServer, match="babysit serve"):
        Client()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "file:///etc/passwd", "127.0.0.1", "http://[::1", "http://"]
)
def test_what_is_no_server_is_said(url: str) -> None:
    with pytest.raises(NoServer):
        Client(url).runs()


def test_a_wrong_token_is_refused(shared: LiveServer) -> None:
    with pytest.raises(Refused, match="token"):
        Client(shared.url, "wrong").runs()
    with pytest.raises(Refused, match="Set BABYSIT_TOKEN"):
        Client(shared.url).runs()
    with pytest.raises(BabysitError):
        Client(shared.url, "line\nbreak").runs()


OTHER_HOST = "127.0.0.2"  # which is not an address that everybody means this machine by


class Other(BaseHTTPRequestHandler):
    """Some other server, which keeps what it is sent."""

    seen: list[tuple[str, str | None]] = []  # noqa: RUF012 (path, authorization)
    location = ""

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        if self.location and self.path == "/api/runs?limit=500":
            self.send_response(302)
            self.send_header("Location", self.location)
        else:
            self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def other() -> Iterator[str]:
    """The address of that server, as of another machine."""
    server = ThreadingHTTPServer((OTHER_HOST, 0), Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Other.seen.clear()
    yield f"http://{OTHER_HOST}:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_token_of_the_directory_is_not_sent_elsewhere(tmp_path: Path, other: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "token").write_text("secret-of-this-directory\n")

    with pytest.raises(NoServer, match="is not Babysit"):
        Client(other).runs()
    with pytest.raises(NoServer):
        Client(other, "given").runs()

    assert [token for _, token in Other.seen] == [None, "Bearer given"]


def test_a_redirect_is_not_followed(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Other, "location", f"{other}/elsewhere")

    with pytest.raises(NoServer, match="302"):
        Client(other, "given").runs()

    assert [path for path, _ in Other.seen] == ["/api/runs?limit=500"]


# ---- names -------------------------------------------------------------------------------------


def test_a_run_is_found_by_its_name_or_id(shared: LiveServer, client: Client) -> None:
    ids = [
        shared.start_run("spirals", steps=1, name=name)["id"]
        for name in ("lone panda", "twin", "twin", "42")
    ]

    assert client.run("lone panda").id == client.run(ids[0]).id == client.run(str(ids[0])).id
    assert [run["id"] for run in client.runs(limit=2)] == [ids[3], ids[2]]
    with pytest.raises(Refused) as twins:
        client.run("twin")
    assert all(f"{ident} (twin)" in str(twins.value) for ident in ids[1:3])
    with pytest.raises(Refused, match=rf"Similar: {ids[0]} \(lone panda\)"):
        client.run("panda")
    with pytest.raises(Refused, match="No run is named"):
        client.run("")


# ---- the stream --------------------------------------------------------------------------------


def test_following_goes_on_over_a_restart_of_the_server(data_dir: Path, serve: Serve) -> None:
    mark = uuid.uuid4().hex
    try:
        with serve(data_dir, "--no-demo", mark=mark) as server:
            started = server.start_run("spirals", steps=100_000, max_steps_per_s=60)
            run = Client(data_dir=data_dir, token=server.token).run(started["id"])
            events = run.follow()
            seen = [next(events)]
            server.wait_for_step(run.id, 30)
            server.kill()

        with serve(data_dir, "--no-demo", mark=mark) as server:
            run_again = Client(data_dir=data_dir, token=server.token).run(started["id"])
            run_again.set(learning_rate=0.01)
            run_again.stop()
            seen += events

            assert run_again.status == "stopped"
            assert [event["id"] for event in seen] == [e["id"] for e in run_again.events()]
            assert "changed" in [event["kind"] for event in seen]
    finally:
        end_marked(mark)


def test_following_reads_what_the_stream_no_longer_sends(data_dir: Path, serve: Serve) -> None:
    """The event that a client saw last is gone with its run, and the server begins anew."""
    with serve(data_dir, "--no-demo") as server:
        client = Client(server.url, server.token)
        gone = client.run(server.start_run("spirals", steps=1)["id"])
        seen = gone.wait(timeout_s=30)["last_event_id"]
        kept = client.run(server.start_run("spirals", steps=1)["id"])
        kept.wait(timeout_s=30)
        for path in (f"/api/runs/{gone.id}", "/api/trash"):
            client.open(path, method="DELETE").close()

    with serve(data_dir, "--no-demo") as server:
        kept = Client(server.url, server.token).run(kept.id)

        events = list(kept.follow(after=seen))

        assert [event["id"] for event in events] == [event["id"] for event in kept.events()]


# ---- what it knows of the API ------------------------------------------------------------------


DESCRIBED = json.loads((ROOT / "frontend" / "openapi.json").read_text())
# What the client calls a body, and its schema.
SCHEMAS = {
    "run": "Run",
    "answer": "CommandAnswer",
    "sent": "CommandSent",
    "checkpoint": "Checkpoint",
    "curve": "Series",
    "error": "Error",
    "event": "ChangedEvent",
}
OTHERS = {"Authorization", "Content-Type", "page", "url"}  # headers; fields of server.json


def test_every_name_that_the_client_uses_is_in_the_description_of_the_api() -> None:
    known = set(names_in(DESCRIBED))
    modules = [parsed(name) for name in python_files() if name.startswith("babysit/client/")]

    used = {name for module in modules for name in names_used(module)} - OTHERS
    fields = {field for module in modules for field in fields_used(module)}

    assert {"command_id", "run_id", "wait_s", "from_step"} <= used
    assert {("run", "status"), ("sent", "command_id"), ("curve", "count")} <= fields
    assert used - known == set()
    assert {(body, name) for body, name in fields if name not in properties(body)} == set()


def properties(body: str) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIBED["components"]["schemas"][SCHEMAS[body]]["properties"]
    return found


def names_in(described: dict[str, Any]) -> Iterator[str]:
    """The fields of all bodies, the parameters of all requests, and the kinds of commands."""
    for schema in described["components"]["schemas"].values():
        yield from schema.get("properties", {})
    for operations in described["paths"].values():
        for operation in operations.values():
            yield from (parameter["name"] for parameter in operation.get("parameters", ()))


def names_used(module: ast.Module) -> Iterator[str]:
    """Keys of JSON, and the named arguments of requests."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(name))):
                yield name
            case ast.Dict(keys=keys):
                yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))
            case ast.Call(
                func=ast.Attribute(attr="_ask" | "_command") | ast.Name(id="ask"), keywords=keywords
            ):
                yield from (keyword.arg for keyword in keywords if keyword.arg)


def fields_used(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(what the client calls a body, the field that it reads)."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(value=ast.Name(id=body), slice=ast.Constant(value=str(name))):
                if body in SCHEMAS:
                    yield body, name


def test_importing_babysit_stays_light() -> None:
    code = (
        "import sys, babysit; light = len(sys.modules); babysit.Client, babysit.Refused; "
        "print(light, [m for m in ('numpy', 'torch', 'fastapi', 'pydantic', 'sqlalchemy')"
        " if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    modules, heavy = ran.stdout.split(" ", 1)
    assert heavy == "[]\n"
    assert int(modules) < 100
    with pytest.raises(AttributeError, match="nothing_like_it"):
        babysit.__getattr__("nothing_like_it")
