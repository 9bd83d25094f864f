"""The four ways to reach a server, each with all its defences on: here, tunnel, network, proxy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.limits import FORWARDED_CHARACTERS_MAX
from tests.conftest import knowing_the_tasks
from tests.live_server import TOKEN, LiveServer, serving, web_client
from tests.reverse_proxy import Manners, reverse_proxy, tunnel

PUBLIC = "https://babysit.example"
FORWARDED = {
    "x-forwarded": {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "babysit.example"},
    "forwarded": {"Forwarded": 'for="[2001:db8::1]";proto=https;host=babysit.example'},
}


def client_of(url: str, **headers: str) -> httpx.Client:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web_client(url, headers=named, timeout=20)


def sign_in(client: httpx.Client, path: str = "/api/session") -> httpx.Response:
    return client.post(path, json={"token": TOKEN})


# ---- A and B: on this machine, and through a tunnel to it --------------------------------------


def test_here_and_through_a_tunnel_the_page_signs_in_and_steers(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    note = f"/api/runs/{ended['id']}/notes"
    with tunnel(shared.url.removeprefix("http://")) as port:
        for url in (shared.url, f"http://127.0.0.1:{port}", f"http://localhost:{port}"):
            with client_of(url, origin=url) as client:
                assert client.get("/").status_code in (200, 503)  # 503: the page is not built
                assert client.get("/api/runs").status_code == 401
                assert sign_in(client).status_code == 204
                assert client.post(note, json={"text": url}).status_code == 201
                for other in (shared.url, f"http://127.0.0.1:{port + 1}", f"https://{url[7:]}"):
                    if other != url:
                        refused = client.post(note, json={"text": "x"}, headers={"Origin": other})
                        assert refused.status_code == 403, (url, other)
        with client_of(f"http://localhost:{port}", host="evil.example") as client:
            assert client.get("/api/health").status_code == 421


def test_here_nobody_else_can_connect(shared: LiveServer) -> None:
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    port = int(shared.url.rpartition(":")[2])

    addresses = re.findall(rf": ([0-9A-F]+):{port:04X} [0-9A-F]+:0000 0A", listening)

    assert addresses == ["0100007F"]  # 127.0.0.1


def test_a_folder_that_everybody_may_write_into_is_warned_of(
    shared: LiveServer, data_dir: Path
) -> None:
    data_dir.chmod(0o777)
    with serving(data_dir, "--no-demo") as server:
        assert f"can write to {data_dir}" in server.output

    assert "can write to" not in shared.output


# ---- C: the network ----------------------------------------------------------------------------


def test_on_a_network_the_named_host_answers_and_the_terminal_warns(data_dir: Path) -> None:
    flags = ("--host", "0.0.0.0", "--allow-host", "panda.example,192.0.2.7")
    with serving(data_dir, "--no-demo", *flags) as server:
        port = server.url.rpartition(":")[2]
        here = f"http://127.0.0.1:{port}"
        named = f"http://panda.example:{port}"

        assert server.address == f"{named}/#t={TOKEN}"
        assert "WARNING: connections are not encrypted (no TLS)" in server.output
        with client_of(here, host=f"panda.example:{port}", origin=named) as client:
            assert sign_in(client).status_code == 204
        for host in ("0.0.0.0", "panda.example.evil.example", "192.0.2.8", "evil.example"):
            with client_of(here, host=f"{host}:{port}") as client:
                assert client.get("/api/health").status_code == 421


@pytest.mark.parametrize(
    ("flags", "environment", "said"),
    [
        (["--host", "0.0.0.0"], {}, "--allow-host"),
        (["--host", "0.0.0.0", "--allow-host", "a.example"], {"BABYSIT_TOKEN": "panda"}, "weak"),
        (["--allow-host", "a.example"], {"BABYSIT_TOKEN": "a" * 40}, "weak"),
        (["--trusted-proxy", "127.0.0.1"], {"BABYSIT_TOKEN": "panda"}, "weak"),
        (["--trusted-proxy", "next door"], {}, "trusted_proxy"),
        (["--root-path", "babysit"], {}, "root_path"),
        (["--root-path", "/../x"], {}, "root_path"),
    ],
)
def test_what_is_not_safe_does_not_start(
    tmp_path: Path, flags: list[str], environment: dict[str, str], said: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve", "--data-dir", str(tmp_path / "var"), *flags],
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


# ---- D: a reverse proxy ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lagging_runs(
    tmp_path_factory: pytest.TempPathFactory, descriptions: Path
) -> Iterator[LiveServer]:
    """A server that a proxy serves as https://babysit.example/babysit/."""
    folder = knowing_the_tasks(tmp_path_factory.mktemp("behind") / "var", descriptions)
    flags = ("--trusted-proxy", "127.0.0.1", "--root-path", "/babysit")
    with serving(folder, "--no-demo", *flags, "--allow-host", "babysit.example") as server:
        yield server


@pytest.mark.parametrize("strips", [True, False], ids=["stripped", "kept"])
@pytest.mark.parametrize("says", FORWARDED)
@pytest.mark.parametrize("keeps_host", [True, False], ids=["own-host", "upstream-host"])
def test_behind_a_proxy_everything_is_below_its_path(
    lagging_runs: LiveServer, says: str, strips: bool, keeps_host: bool
) -> None:
    upstream = lagging_runs.url.removeprefix("http://")
    manners = Manners(upstream, "/babysit", strips, FORWARDED[says], keeps_host)
    with (
        reverse_proxy(manners) as url,
        client_of(url, host="babysit.example", origin=PUBLIC) as client,
    ):
        assert client.get("/babysit/").status_code in (200, 503)
        assert client.get("/babysit/api/health").json()["status"] == "ok"
        assert client.get("/babysit/api/runs").status_code == 401
        signed_in = sign_in(client, "/babysit/api/session")
        cookie = signed_in.headers["set-cookie"]
        with_cookie = {"Cookie": cookie.partition(";")[0]}  # httpx would not send it without TLS
        run = {"task": "no-such-task"}

        assert signed_in.status_code == 204
        assert "; secure" in cookie.lower()
        assert "Path=/babysit;" in cookie
        assert client.get("/babysit/api/session", headers=with_cookie).json() == {"role": "owner"}
        started = client.post("/babysit/api/runs", json=run, headers=with_cookie)
        assert (
            started.json()["field"] == "task"
        )  # through the security middleware, and refused for what it says
        for origin in ("http://babysit.example", url, "https://babysit.example:8443"):
            other = client.post(
                "/babysit/api/runs", json=run, headers={**with_cookie, "Origin": origin}
            )
            assert other.status_code == 403, origin
        with client.stream("GET", "/babysit/api/stream", headers=with_cookie) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["x-accel-buffering"] == "no"
            assert next(stream.iter_lines()).startswith("retry:")


def test_the_path_alone_leads_to_the_page(lagging_runs: LiveServer) -> None:
    with (
        reverse_proxy(Manners(lagging_runs.url.removeprefix("http://"))) as url,
        client_of(url) as client,
    ):
        moved = client.get("/babysit?run=3")

    assert (moved.status_code, moved.headers["location"]) == (308, "/babysit/?run=3")


def test_the_address_that_is_printed_works_without_the_proxy(lagging_runs: LiveServer) -> None:
    assert lagging_runs.address == f"{lagging_runs.url}/babysit/#t={TOKEN}"
    with client_of(f"{lagging_runs.url}/babysit", origin=lagging_runs.url) as client:
        assert sign_in(client).status_code == 204
        assert client.get("/api/session").json() == {"role": "owner"}


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"X-Forwarded-Host": "evil.example"}, 421),
        ({"X-Forwarded-Host": "babysit.example, evil.example"}, 421),
        ({"X-Forwarded-Host": "evil.example, babysit.example"}, 200),
        ({"Host": "evil.example", "X-Forwarded-Host": "babysit.example"}, 421),
        ({"X-Forwarded-Proto": "gopher"}, 400),
        ({"Forwarded": 'proto=https;host="evil.example"'}, 421),
        ({"Forwarded": 'for="a, b";host=evil.example, host=babysit.example'}, 200),
        ({"Forwarded": "host=evil.example", "X-Forwarded-Host": "babysit.example"}, 200),
        ({"X-Original-URL": "/api/runs", "X-Rewrite-URL": "/api/runs"}, 200),
    ],
)
def test_a_trusted_proxy_is_heard_and_still_judged(
    lagging_runs: LiveServer, says: dict[str, str], code: int
) -> None:
    with client_of(lagging_runs.url) as client:
        answer = client.get("/api/health", headers=says)

    assert answer.status_code == code


def test_a_proxy_says_no_more_than_proxies_say(lagging_runs: LiveServer) -> None:
    """Whoever asks may have written all but the last of it."""
    limit = FORWARDED_CHARACTERS_MAX
    with client_of(lagging_runs.url) as client:
        codes = [
            client.get("/api/health", headers={"Forwarded": "a" * size}).status_code
            for size in (limit - 1, limit, limit + 1, 8 * limit)
        ]

    assert codes == [200, 200, 431, 431]


def test_what_anybody_else_says_of_a_proxy_changes_nothing(shared: LiveServer) -> None:
    own = shared.url.removeprefix("http://")
    lies = [
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-For": "203.0.113.6"},
        {"Forwarded": "for=203.0.113.6;proto=https;host=evil.example"},
        {"X-Forwarded-Prefix": "/x", "X-Original-URL": "/x", "X-Forwarded-Proto": "gopher"},
    ]
    for lie in lies:
        with client_of(shared.url, origin=shared.url) as client:
            client.headers.update(lie)
            signed_in = sign_in(client)
            assert signed_in.status_code == 204, lie
            assert "; secure" not in signed_in.headers["set-cookie"].lower(), lie
            assert client.get("/api/session").json() == {"role": "owner"}, lie
            for origin in (f"https://{own}", "https://evil.example", "http://evil.example"):
                refused = client.get("/api/runs", headers={"Origin": origin})
                assert refused.status_code == 403, (lie, origin)
        with client_of(shared.url, host="evil.example", x_forwarded_host=own) as client:
            assert client.get("/api/health").status_code == 421
