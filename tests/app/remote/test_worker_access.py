"""What the token of an attempt opens: the routes of this attempt until it ends, nothing else."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from app.limits import WORKER_BODY_BYTES_MAX
from app.web.workers.routes import router
from babysit.storage.runs.storage import AttemptOver
from tests.app.remote.served import Served, served
from tests.live_server import TOKEN, web_client
from tests.security.route_list import operations
from tests.sizes import HYPOTHESIS_EXAMPLES, session_seed

PREFIX = "/api/workers"
HOSTILE_NUMBERS = ("-1", "1e9", "9" * 30, "x", "", "0.5", "NaN", "1;2", str(2**53))
HOSTILE_NAMES = ("..", "%2e%2e", "..%2f..%2ftoken", "%00", "é", "a" * 3_000, "1-2-3", ".5.part")
HOSTILE_BODIES = (b"", b"\0" * 24, b"{}", b"[[[[", b'{"files": 1}', b"\xff" * 5_000, b"null")


def requests() -> list[tuple[str, str]]:
    """Every method and path of the workers' routes, below the attempt."""
    found = [
        (method, route.path.partition("{attempt}")[2])
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]
    assert len(found) >= 12
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "var") as made:
        yield made


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with web_client(server.url) as made:
        yield made


def ask(client: httpx.Client, method: str, path: str, token: str, **options: object) -> int:
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}  # type: ignore[dict-item]
    return client.request(method, path, headers=headers, **options).status_code  # type: ignore[arg-type]


@pytest.mark.parametrize("whose", ["owner", "viewer", "other run", "other attempt", "none"])
def test_no_other_token_opens_an_attempt(server: Served, client: httpx.Client, whose: str) -> None:
    run_id, other = server.new_run(), server.new_run()
    leases = server.application.leases
    leases.issue(run_id, 1)
    token = {
        "owner": TOKEN,
        "viewer": server.application.tokens.of("viewer"),
        "other run": leases.issue(other, 1),
        "other attempt": leases.issue(run_id, 2),
        "none": "x",
    }[whose]
    before = sorted(server.directory(run_id).rglob("*"))

    for method, path in requests():
        where = f"{PREFIX}/{run_id}/1{path}".format(name="5", file="state.json")
        assert ask(client, method, where, token, params={"offset": 0}) == 401, (method, path)

    assert sorted(server.directory(run_id).rglob("*")) == before


def test_the_token_opens_no_other_route(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)

    for operation in operations():
        path = operation.at(run_id=run_id)
        if (operation.method, path) in (("GET", "/api/health"), ("POST", "/api/session")):
            continue
        body: dict[str, object] | None = {} if operation.changes else None
        assert ask(client, operation.method, path, token, json=body) in (401, 429), operation
    origin = {"Origin": server.url}
    signed_in = client.post("/api/session", json={"token": token}, headers=origin)
    assert signed_in.status_code in (401, 429)


def test_the_token_ends_with_the_attempt(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    leases = server.application.leases
    token = leases.issue(run_id, 1)
    lease = leases.find(run_id, 1)
    assert lease is not None
    where = f"{PREFIX}/{run_id}/1"
    assert ask(client, "PUT", f"{where}/journal?offset=0", token, content=b"x") == 204

    leases.end(lease)
    leases.forget(lease)  # as after a start of the server
    content = (server.directory(run_id) / "attempt-0001.journal").read_bytes()

    for method, path in requests():
        full = f"{where}{path}".format(name="5", file="state.json")
        assert ask(client, method, full, token, params={"offset": 1}, content=b"x") == 410, path
    assert (server.directory(run_id) / "attempt-0001.journal").read_bytes() == content


def test_a_server_that_was_started_again_knows_the_token_by_its_hash(
    server: Served, client: httpx.Client
) -> None:
    run_id = server.new_run()
    leases = server.application.leases
    token = leases.issue(run_id, 1)
    lease = leases.find(run_id, 1)
    assert lease is not None

    leases.forget(lease)

    path = f"{PREFIX}/{run_id}/1/server-journal?offset=0"
    assert ask(client, "GET", path, token) == 200
    for file in server.directory(run_id).parent.parent.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes(), file


def test_no_page_can_use_the_routes(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)
    path = f"{PREFIX}/{run_id}/1/server-journal?offset=0"

    for headers in ({"Origin": server.url}, {"Sec-Fetch-Site": "same-origin"}):
        assert ask(client, "GET", path, token, headers=headers) == 403
    assert ask(client, "GET", path, token, headers={"Host": "evil.example"}) == 421


def test_bytes_that_changed_on_the_way_are_not_kept(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)
    where = f"{PREFIX}/{run_id}/1"

    for path in ("journal", "checkpoints/5/state.json"):
        query = {"offset": 0, "sha256": "0" * 64}
        assert ask(client, "PUT", f"{where}/{path}", token, params=query, content=b"x") == 422

    names = {path.name for path in server.directory(run_id).iterdir()}
    assert not names & {"attempt-0001.journal", "checkpoints"}


def test_a_body_that_is_too_large_is_refused(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)
    large = bytes(WORKER_BODY_BYTES_MAX + 1)

    path = f"{PREFIX}/{run_id}/1/journal?offset=0"
    assert ask(client, "PUT", path, token, content=large) == 413


def test_another_version_is_refused_with_both_named(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)
    said: dict[str, object] = {
        "name": "box-b",
        "cpus": 1,
        "babysit_version": "9.9.9",
        "python": "3.11",
    }
    said["instance"] = "0123456789"

    answer = client.post(
        f"{PREFIX}/{run_id}/1/begin", json=said, headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 409
    message = answer.json()["message"]
    assert "box-b has Babysit 9.9.9, this server 0.1.0" in message


def test_only_one_process_begins_an_attempt(server: Served, client: httpx.Client) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)
    first, second = server.storage(run_id, token=token), server.storage(run_id, token=token)

    first.begin()
    first.begin()  # the answer was lost
    with pytest.raises(AttemptOver):
        second.begin()
    server.close_connections()


def test_nothing_that_a_worker_sends_is_an_error_of_the_server(
    server: Served, client: httpx.Client, tmp_path: Path
) -> None:
    run_id = server.new_run()
    token = server.application.leases.issue(run_id, 1)
    chance = random.Random(session_seed())
    kinds = list(itertools.product(requests(), HOSTILE_NUMBERS, HOSTILE_NAMES, HOSTILE_BODIES))
    before = sorted(path for path in server.directory(run_id).parent.parent.iterdir())

    for (method, path), number, name, body in chance.sample(kinds, 10 * HYPOTHESIS_EXAMPLES):
        where = f"{PREFIX}/{run_id}/1{path.format(name=name, file=name)}"
        query = f"?offset={number}&wait_s=0&sha256={number}&path={name}"
        code = ask(client, method, where + query, token, content=body)
        assert code < 500, (method, where, number, body)

    assert sorted(server.directory(run_id).parent.parent.iterdir()) == before
