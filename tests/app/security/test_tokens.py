"""Who has which token: the owner steers, viewers watch, guesses are slowed, new tokens end old."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import TooManyRequests
from app.limits import WRONG_TOKENS_A_SECOND_MAX
from app.security.tokens import FILES, Tokens, is_strong
from tests.app.sse_client import messages
from tests.conftest import knowing_the_tasks
from tests.live_server import LiveServer, serving, web_client
from tests.security.in_process import inside

ENDED_WITHIN_S = 5.0
JSON = {"Content-Type": "application/json"}


def babysit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def link(server: LiveServer, *flags: str) -> str:
    """The token behind the link that `babysit token` prints."""
    ran = babysit("token", "--data-dir", str(server.data_dir), *flags)
    assert ran.returncode == 0, ran.stderr
    address, _, token = ran.stdout.strip().partition("#t=")
    assert address == f"{server.url}/"
    return token


@contextlib.contextmanager
def bearer(server: LiveServer, token: str) -> Iterator[httpx.Client]:
    authorization = {"Authorization": f"Bearer {token}"}
    with web_client(server.url, headers=authorization) as client:
        yield client


def kept(server: LiveServer, role: str) -> str:
    """The token of a role as it is in its file."""
    return (server.data_dir / FILES[role]).read_text().strip()


@contextlib.contextmanager
def signed_in(server: LiveServer, token: str) -> Iterator[httpx.Client]:
    origin = {"Origin": server.url}
    with web_client(server.url, headers=origin) as client:
        answer = client.post("/api/session", json={"token": token})
        assert answer.status_code == 204, answer.text
        yield client


def every_route(server: LiveServer) -> list[tuple[str, str]]:
    """Method and a path of every route, as the server itself describes them."""
    paths: dict[str, dict[str, Any]] = server.client.get("/api/openapi.json").json()["paths"]
    filled = [
        (method.upper(), path.replace("{run_id}", "1").replace("{checkpoint_id}", "1000001"))
        for path, methods in paths.items()
        for method in methods
    ]
    return [(method, path.replace("{command_id}", "1")) for method, path in filled]


def role(client: httpx.Client) -> str:
    answer = client.get("/api/session")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["role"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[LiveServer]:
    """A server that has made its tokens itself."""
    folder = knowing_the_tasks(tmp_path_factory.mktemp("own") / "var", descriptions)
    with serving(folder, "--no-demo", BABYSIT_TOKEN="") as server:
        yield server


def test_tokens_are_random_and_readable_by_their_owner_only(own: LiveServer) -> None:
    tokens = [own.data_dir / name for name in ("token", "viewer-token")]

    assert [stat.S_IMODE(path.stat().st_mode) for path in tokens] == [0o600, 0o600]
    assert link(own) == own.token == kept(own, "owner")
    assert link(own, "--viewer") == kept(own, "viewer") != own.token
    assert all(len(path.read_text().strip()) == 43 for path in tokens)  # 32 bytes in base64


def test_a_viewer_sees_everything_and_changes_nothing(own: LiveServer) -> None:
    run = own.start_run("spirals", steps=12)
    own.wait_for_status(run["id"], "finished")
    before = own.events(run["id"])
    token = kept(own, "viewer")
    routes = every_route(own)

    for coming_in in (signed_in, bearer):
        with coming_in(own, token) as client:
            assert role(client) == "viewer"
            for method, path in routes:
                if method == "GET" and path != "/api/session/link":
                    with client.stream(method, path) as answer:
                        assert answer.status_code not in (401, 403), path
                elif (method, path) not in (("POST", "/api/session"), ("DELETE", "/api/session")):
                    refused = client.request(method, path, headers=JSON, content=b"{}")
                    assert refused.status_code == 403, (method, path)
                    assert refused.json() == {
                        "error": "forbidden",
                        "message": "View only. Sign in with the owner's token to make changes.",
                    }
            for path in ("/api/session/link%0a", "/api/session/link%0A?x", "/api//session/link"):
                assert "token" not in client.get(path).text
            for method in ("PUT", "PATCH", "DELETE", "PROPFIND", "BREW"):
                asked = client.request(method, "/api/nothing-yet", headers=JSON, content=b"{}")
                assert asked.status_code == 403, method

    assert own.events(run["id"]) == before
    assert len(own.client.get("/api/runs").json()["runs"]) == 1


def test_a_viewer_may_leave_and_the_owner_may_show_the_link(own: LiveServer) -> None:
    token = kept(own, "viewer")

    assert own.client.get("/api/session/link").json() == {"token": token}
    with signed_in(own, token) as viewer:
        assert viewer.request("DELETE", "/api/session", headers=JSON).status_code == 204
        assert viewer.get("/api/session").status_code == 401


def test_the_journal_says_who_changed_something(own: LiveServer) -> None:
    run = own.start_run("spirals", steps=100_000, max_steps_per_s=200)
    own.wait_for_status(run["id"], "running")
    change = {"kind": "set", "values": {"learning_rate": 0.02}}
    with signed_in(own, kept(own, "viewer")) as viewer:
        assert viewer.post(f"/api/runs/{run['id']}/commands", json=change).status_code == 403
    with signed_in(own, own.token) as owner:
        sent = owner.post(f"/api/runs/{run['id']}/commands", json=change).json()
    own.command(run["id"], "stop")

    changed = own.events(run["id"], "changed")

    assert [(event["actor"], event["command_id"]) for event in changed] == [
        ("owner", sent["command_id"])
    ]


def test_guesses_are_slowed_and_lock_nobody_out(own: LiveServer) -> None:
    with signed_in(own, own.token) as owner, bearer(own, "a guess") as guess:
        codes = list[int]()
        while not codes or (codes[-1] != 429 and len(codes) < 60):
            answer = guess.get("/api/runs")
            codes.append(answer.status_code)
        by_cookie, by_token = owner.get("/api/runs"), own.client.get("/api/runs")
        signing_in = guess.post("/api/session", json={"token": "guess"}, headers=JSON)

        assert set(codes[:WRONG_TOKENS_A_SECOND_MAX]) == {401}
        assert (codes[-1], answer.headers["retry-after"]) == (429, "1")
        assert answer.json()["error"] == "too_many"
        assert by_cookie.status_code == by_token.status_code == 200
        assert signing_in.status_code in (401, 429)  # 401: the second is over
        own.wait_until(lambda: guess.get("/api/runs").status_code == 401, "guesses are heard again")
    assert "many wrong tokens within a second, the last from 127.0.0.1" in own.output


def test_a_token_that_can_be_guessed_is_not_compared_while_guesses_pour_in(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path, "panda")
    assert not is_strong("panda")

    assert tokens.role_of(b"panda", "") == "owner"
    guesses = [tokens.role_of(b"guess", "") for _ in range(WRONG_TOKENS_A_SECOND_MAX)]

    assert set(guesses) == {None}
    with pytest.raises(TooManyRequests):
        tokens.role_of(b"panda", "")
    assert tokens.role_of(tokens.of("viewer").encode(), "") == "viewer"  # nobody guesses that one


def test_new_tokens_end_what_the_old_ones_had_opened(own: LiveServer) -> None:
    old = {"owner": kept(own, "owner"), "viewer": kept(own, "viewer")}
    with contextlib.ExitStack() as open_clients:
        clients = [
            open_clients.enter_context(coming_in(own, token))
            for token in old.values()
            for coming_in in (signed_in, bearer)
        ]
        streaming = open_clients.enter_context(bearer(own, old["viewer"]))
        stream = open_clients.enter_context(streaming.stream("GET", "/api/stream", timeout=20))
        assert stream.status_code == 200

        new = link(own, "--rotate")
        own.wait_until(
            lambda: all(client.get("/api/runs").status_code in (401, 429) for client in clients),
            "the old tokens are worth nothing",
            ENDED_WITHIN_S,
        )
        last = list(messages(stream.iter_lines()))[-1]

    assert last.event == "bye"
    assert new not in old.values()
    assert kept(own, "owner") == new
    for name in old:
        token = kept(own, name)
        with signed_in(own, token) as client, bearer(own, token) as other:
            assert role(client) == role(other) == name
    assert stat.S_IMODE((own.data_dir / "token").stat().st_mode) == 0o600
    own.client.headers["Authorization"] = f"Bearer {new}"


def test_a_half_written_or_lost_file_changes_nothing(own: LiveServer) -> None:
    token = kept(own, "owner")
    path = own.data_dir / "token"
    tokens = Tokens(own.data_dir, None)

    path.write_text("short")
    changed_by_half = tokens.look()
    path.unlink()
    changed_by_loss = tokens.look()
    path.write_text(token)
    path.chmod(0o600)

    assert not changed_by_half
    assert not changed_by_loss
    assert tokens.of("owner") == token


def test_a_token_from_outside_cannot_be_rotated_here(shared: LiveServer) -> None:
    folder = str(shared.data_dir)

    refused = babysit("token", "--rotate", "--data-dir", folder)
    unknown = babysit("token", "--data-dir", folder)
    known = babysit("token", "--data-dir", folder, BABYSIT_TOKEN=shared.token)

    assert (refused.returncode, unknown.returncode, known.returncode) == (1, 1, 0)
    assert "the token is set by BABYSIT_TOKEN" in refused.stderr
    assert "BABYSIT_TOKEN" in unknown.stderr
    assert known.stdout.strip() == shared.address


def test_signing_out_ends_the_streams_of_that_browser_and_no_others(own: LiveServer) -> None:
    token = kept(own, "viewer")
    with (
        signed_in(own, token) as leaving,
        signed_in(own, token) as staying,
        leaving.stream("GET", "/api/stream", timeout=20) as ended,
        staying.stream("GET", "/api/stream", timeout=20) as goes_on,
    ):
        assert (ended.status_code, goes_on.status_code) == (200, 200)

        assert leaving.request("DELETE", "/api/session", headers=JSON).status_code == 204
        last = list(messages(ended.iter_lines()))[-1]
        run = own.start_run("spirals", steps=12)["id"]
        received = next(
            one for one in messages(goes_on.iter_lines()) if one.event in ("bye", "event")
        )

    assert last.event == "bye"
    assert (received.event, received.data["run_id"]) == ("event", run)


@pytest.mark.parametrize("by", ["token", "session", "nothing"])
def test_a_stream_asked_for_by_what_has_ended_meanwhile_is_refused(tmp_path: Path, by: str) -> None:
    """It passed the security middleware, and its turn comes after the end: nobody would end it any
    more.
    """
    with inside(tmp_path) as server:
        application = server.application
        name = application.api.state.app_state.cookie_name
        cookie = application.sessions.sign_in("viewer", application.tokens.of("viewer"))
        application.sessions.sign_out(cookie)
        ended = {"token": {"Authorization": "Bearer x"}, "session": {"Cookie": f"{name}={cookie}"}}

        async def past_the_gate() -> httpx.Response:
            api = httpx.ASGITransport(app=application.api)
            async with (
                asyncio.timeout(ENDED_WITHIN_S),  # a stream that opens does not end
                httpx.AsyncClient(transport=api, base_url="http://localhost") as client,
            ):
                return await client.get("/api/stream", headers=ended.get(by, {}))

        with ThreadPoolExecutor(1) as thread:  # a browser's loop may run in this one
            answer = thread.submit(asyncio.run, past_the_gate()).result()

        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
        assert application.broker.viewers == 0
