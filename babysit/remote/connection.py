"""One worker's connection to its server: the token in a header, nothing in the address."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

ANSWER_WITHIN_S = 30.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NoContact(OSError):
    """The server cannot be reached, or cannot answer now; the same can be asked again."""


class RefusedByServer(Exception):
    """The server refuses a request, and would again. body: of its answer."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message") or f"The server answered {status}."))
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Access:
    """Where an attempt is kept, and the token that opens it. It is never printed."""

    url: str
    run: int
    attempt: int
    token: str

    def __repr__(self) -> str:
        return f"Access(run={self.run}, attempt={self.attempt})"


class Connection:
    """Sends requests; each thread has a socket of its own, which stays open."""

    def __init__(self, access: Access, *, may_be_plain: bool = False) -> None:
        """may_be_plain: HTTP without TLS is accepted beyond the loopback.

        Raises:
            ValueError: the address is none that is accepted.
        """
        parts = urlsplit(access.url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError("The address of the server must be like https://babysit.example/.")
        is_plain = parts.scheme == "http" and parts.hostname not in LOOPBACK
        if is_plain and not may_be_plain:
            raise ValueError(
                f"{parts.hostname} is reached without TLS, so everybody between here and there "
                "could read the token. Use https, an SSH tunnel, or set BABYSIT_WORKER_PLAIN=1."
            )
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = f"{parts.path.rstrip('/')}/api/workers/{access.run}/{access.attempt}"
        self._token = access.token
        self._local = threading.local()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: Mapping[str, object] | None = None,
        timeout_s: float = ANSWER_WITHIN_S,
    ) -> bytes:
        """The body of the answer.

        Raises:
            NoContact: there is none, or one that another try may change.
            RefusedByServer: the server refuses.
        """
        headers = {"Authorization": f"Bearer {self._token}"}
        if method != "GET":
            kind = "json" if method == "POST" else "octet-stream"
            headers["Content-Type"] = f"application/{kind}"
        target = self._prefix + path + (f"?{urlencode(query)}" if query else "")
        try:
            connection = self._connection(timeout_s)
            connection.request(method, target, body if method != "GET" else None, headers)
            with connection.getresponse() as response:
                status, content = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoContact(f"The server cannot be reached: {type(error).__name__}.") from error
        if status < 400:
            return content
        if status in (408, 429, 502, 503, 504, 507) or status >= 500:
            raise NoContact(f"The server cannot answer now ({status}).")
        raise RefusedByServer(status, _object(content))

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._is_tls:
                context = ssl.create_default_context()
                connection = http.client.HTTPSConnection(self._host, self._port, context=context)
            else:
                connection = http.client.HTTPConnection(self._host, self._port)
            self._local.connection = connection
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        return connection

    def close(self) -> None:
        """Close the socket of this thread; the next request opens another one."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
