"""The published limits, each just below, at, just above and far beyond its edge."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import limits
from app.errors import Invalid, TooManyRequests
from app.security.json_body import check_json
from app.security.tokens import OWNER, VIEWER, Tokens, is_strong
from app.store.sessions import Sessions
from app.store.store import Store
from tests.live_server import TOKEN, LiveServer

ANSWERED_WITHIN_S = 20.0
JSON = {"Content-Type": "application/json"}
UNKNOWN_TASK = {"task": "no-such-task"}  # what is within its limits is refused for this


def around(limit: int) -> tuple[list[int], list[int]]:
    """Sizes that are allowed, and sizes that are not."""
    return [limit - 1, limit], [limit + 1, 1000 * limit]


def connected(server: LiveServer) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=ANSWERED_WITHIN_S)


def head(path: str, method: str = "GET", **headers: str) -> bytes:
    named = {"Host": "localhost", "Authorization": f"Bearer {TOKEN}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def code_of(server: LiveServer, request: bytes) -> int:
    """The status code of an answer that may come before all was sent; 0: cut off without one."""
    with connected(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        try:
            words = connection.recv(4096).split()
        except ConnectionError:
            return 0
    return int(words[1]) if words else 0


def refused_field(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json()["field"])


# ---- a request's own size ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/runs", limits.BODY_BYTES_MAX),
        ("/api/replays", limits.RECIPE_BODY_BYTES_MAX),
        ("/api/session", limits.SIGN_IN_BODY_BYTES_MAX),
    ],
)
def test_bodies(shared: LiveServer, path: str, limit: int) -> None:
    allowed, refused = around(limit)
    for size in allowed:
        body = b'{"task": 1}'.ljust(size)
        answer = shared.client.post(
            path, content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, size
    for size in refused:  # by what they declare: not a byte of them is waited for
        declared = {"Content_Type": "application/json", "Content_Length": str(size)}
        assert code_of(shared, head(path, "POST", **declared)) == 413, size


def test_addresses(shared: LiveServer) -> None:
    allowed, refused = around(limits.URL_BYTES_MAX)
    start = "/api/runs?task="  # the question mark does not count

    codes = {size: code_of(shared, head(start.ljust(size + 1, "a"))) for size in allowed + refused}

    assert [codes[size] for size in allowed] == [422, 422]  # no task has such a name
    assert codes[refused[0]] == 414
    assert codes[refused[1]] in (0, 400, 414)


def test_headers(shared: LiveServer) -> None:
    allowed, refused = around(limits.HEADERS_BYTES_MAX)
    others = len("HostlocalhostAuthorizationBearer ConnectioncloseX-Fill") + len(TOKEN)

    codes = {
        size: code_of(shared, head("/api/runs", Connection="close", X_Fill="a" * (size - others)))
        for size in allowed + refused
    }

    assert [codes[size] for size in allowed] == [200, 200]
    assert codes[refused[0]] == 431
    assert codes[refused[1]] in (0, 400, 431)


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_depth(brackets: tuple[str, str]) -> None:
    allowed, refused = around(limits.JSON_DEPTH_MAX)
    for depth in allowed + refused:
        body = (brackets[0] * depth + '"[{[\\"["' + brackets[1] * depth).encode()
        with pytest.raises(Invalid) if depth in refused else contextlib.nullcontext():
            check_json(body)


def test_fields_of_one_object() -> None:
    allowed, refused = around(limits.FIELDS_MAX)
    for count in allowed + refused:
        body = json.dumps([{f"v{number}": 1 for number in range(count)}]).encode()
        with pytest.raises(Invalid) if count in refused else contextlib.nullcontext():
            check_json(body)


@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers(sign: int) -> None:
    allowed, refused = around(limits.INT_MAX)
    for number in allowed + refused:
        with pytest.raises(Invalid) if number in refused else contextlib.nullcontext():
            check_json(json.dumps({"steps": sign * number}).encode())


# ---- text ----------------------------------------------------------------------------------------


def test_names(shared: LiveServer, ended: dict[str, Any]) -> None:
    allowed, refused = around(limits.NAME_CHARACTERS_MAX)
    for size in allowed:
        named = shared.client.patch(f"/api/runs/{ended['id']}", json={"name": "ü" * size})
        assert named.json()["name"] == "ü" * size
    for size in refused:
        answer = shared.client.patch(f"/api/runs/{ended['id']}", json={"name": "ü" * size})
        assert refused_field(answer) == "name"


def test_notes(shared: LiveServer, ended: dict[str, Any]) -> None:
    path = f"/api/runs/{ended['id']}/notes"
    allowed, refused = around(limits.NOTE_CHARACTERS_MAX)
    for size in allowed:
        assert shared.client.post(path, json={"text": "ü" * size}).status_code == 201
    assert refused_field(shared.client.post(path, json={"text": "x" * refused[0]})) == "text"
    declared = {"Content_Type": "application/json", "Content_Length": str(refused[1])}
    assert code_of(shared, head(path, "POST", **declared)) == 413


def test_keys(shared: LiveServer, ended: dict[str, Any]) -> None:
    path = f"/api/runs/{ended['id']}/notes"
    allowed, refused = around(limits.KEY_CHARACTERS_MAX)
    for size in allowed:
        headers = {"Idempotency-Key": "k" * size}
        assert shared.client.post(path, json={"text": "x"}, headers=headers).status_code == 201
    headers = {"Idempotency-Key": "k" * refused[0]}
    answer = shared.client.post(path, json={"text": "x"}, headers=headers)
    assert refused_field(answer) == "Idempotency-Key"
    far = head(path, "POST", Content_Type="application/json", Idempotency_Key="k" * refused[1])
    assert code_of(shared, far) in (0, 400, 431)


def test_tokens(shared: LiveServer, tmp_path: Path) -> None:
    allowed, refused = around(limits.TOKEN_CHARACTERS_MAX)
    codes = [
        shared.client.post("/api/session", json={"token": "x" * size}).status_code
        for size in allowed + refused
    ]
    assert codes == [401, 401, 422, 413]  # the last one is no body any more

    letters = "abcdefgh" * 4000
    sizes = [limits.TOKEN_CHARACTERS_MIN + more for more in (-1, 0, 1, 20_000)]
    assert [is_strong(letters[:size]) for size in sizes] == [False, True, True, True]

    tokens = Tokens(tmp_path, None)
    for _ in range(limits.WRONG_TOKENS_A_SECOND_MAX):
        assert tokens.role_of(b"wrong", "") is None
    for _ in range(1000):
        with pytest.raises(TooManyRequests):
            tokens.role_of(b"wrong", "")


def test_sessions(store: Store, tmp_path: Path) -> None:
    tokens = Tokens(tmp_path, None)
    sessions = Sessions(store, tokens)
    owner = sessions.sign_in(OWNER, tokens.of(OWNER))
    viewer = tokens.of(VIEWER)
    cookies = [sessions.sign_in(VIEWER, viewer) for _ in range(limits.SESSIONS_MAX + 2)]

    for known in (sessions, Sessions(store, tokens)):  # also after a restart
        roles = [known.role(cookie) for cookie in cookies]
        assert roles == [None, None] + [VIEWER] * limits.SESSIONS_MAX
        assert known.role(owner) == OWNER


# ---- numbers and lists ---------------------------------------------------------------------------


def test_steps_and_values(shared: LiveServer) -> None:
    for field, value in (
        ("steps", lambda size: size),
        ("values", lambda size: {f"v{number}": 1 for number in range(size)}),
    ):
        limit = {"steps": limits.STEPS_MAX, "values": limits.VALUES_MAX}[field]
        allowed, refused = around(limit)
        if field == "values":
            refused = [limit + 1, 4 * limit]  # many more are no object any more
        for size in allowed + refused:
            answer = shared.client.post("/api/runs", json={**UNKNOWN_TASK, field: value(size)})
            assert refused_field(answer) == (field if size in refused else "task"), (field, size)


def test_rows_points_series_and_waiting(shared: LiveServer, ended: dict[str, Any]) -> None:
    run = f"/api/runs/{ended['id']}"
    for path, name, limit in (
        ("/api/runs", "limit", limits.PAGE_MAX),
        (f"{run}/events", "limit", limits.PAGE_MAX),
        (f"{run}/curves", "points", limits.POINTS_MAX),
        ("/api/tasks", "wait_s", int(limits.WAIT_S_MAX)),
    ):
        allowed, refused = around(limit)
        for size in allowed + refused:
            answer = shared.client.get(path, params={name: size})
            assert answer.status_code == (422 if size in refused else 200), (path, name, size)
    for size in (limits.SERIES_MAX - 1, limits.SERIES_MAX, limits.SERIES_MAX + 1):
        answer = shared.client.get(f"{run}/curves?{'&'.join(['series='] * size)}")
        assert answer.status_code == (200 if size <= limits.SERIES_MAX else 422), size


def test_what_is_answered_unless_asked_otherwise(shared: LiveServer) -> None:
    paths = shared.client.get("/api/openapi.json").json()["paths"]

    def default(path: str, name: str) -> object:
        found = [one for one in paths[path]["get"]["parameters"] if one["name"] == name]
        return found[0]["schema"]["default"]

    assert default("/api/runs", "limit") == limits.RUNS_DEFAULT
    assert default("/api/runs/{run_id}/events", "limit") == limits.EVENTS_DEFAULT
    assert default("/api/runs/{run_id}/curves", "points") == limits.POINTS_DEFAULT


# ---- how many at once ----------------------------------------------------------------------------


def test_commands_that_wait(shared: LiveServer, running: dict[str, Any]) -> None:
    path = f"/api/runs/{running['id']}/commands"
    later = {"kind": "set", "values": {"learning_rate": 0.01}}

    answers = [
        shared.client.post(path, json={**later, "at_step": 90_000 + number})
        for number in range(limits.PENDING_COMMANDS_MAX + 10)
    ]

    codes = [answer.status_code for answer in answers]
    assert set(codes[: limits.PENDING_COMMANDS_MAX]) == {202}
    assert set(codes[limits.PENDING_COMMANDS_MAX :]) == {429}
    assert answers[-1].headers["retry-after"] == "1"
    assert shared.client.post(path, json={"kind": "stop"}).status_code == 202


@contextlib.contextmanager
def streams(server: LiveServer, count: int) -> Iterator[list[int]]:
    """So many streams, asked for one after the other; the status code of each."""
    with contextlib.ExitStack() as open_streams:
        codes = []
        for _ in range(count):
            connection = open_streams.enter_context(connected(server))
            connection.sendall(head("/api/stream"))
            codes.append(int(connection.recv(4096).split()[1]))
        yield codes


def test_streams_that_are_open(shared: LiveServer) -> None:
    with streams(shared, limits.STREAMS_MAX + 20) as codes:
        assert set(codes[: limits.STREAMS_MAX]) == {200}
        assert set(codes[limits.STREAMS_MAX :]) == {429}
        assert shared.client.get("/api/health").status_code == 200

    def is_free() -> bool:
        with streams(shared, 1) as codes:
            return codes == [200]

    shared.wait_until(is_free, "a stream can be opened again")
