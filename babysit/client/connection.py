"""Finds a server and its token, and sends requests to it."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from babysit.storage.server_file import TOKEN_FILE, is_server_there, server_of

Json: TypeAlias = dict[str, Any]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
RESPONSE_WITHIN_S = 60.0


class BabysitError(Exception):
    """It could not be done; the message says why."""


class NoServer(BabysitError):
    """There is no server, or it cannot be reached."""


class Refused(BabysitError):
    """The server or the run refused the request, and nothing changed.

    body: of the response: `error`, `message` and perhaps `field`, `allowed`, `state`.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__(str(body["message"]))
        self.body = dict(body)


class Connection:
    """A server. Without `url` it is that of `BABYSIT_URL` or of the data directory.

    data_dir: None: `BABYSIT_DATA_DIR`, or `var` in the current folder.
    token: None: `BABYSIT_TOKEN`, or the token in the data directory, which only a server of this
        machine or of that directory is sent.

    Raises:
        NoServer: there is none.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        data_dir: str | Path | None = None,
    ) -> None:
        self._given_url = url or (None if data_dir else os.environ.get("BABYSIT_URL")) or None
        self._given_token = token or os.environ.get("BABYSIT_TOKEN") or None
        folder = data_dir or os.environ.get("BABYSIT_DATA_DIR") or "var"
        self.data_dir = Path(folder).expanduser()
        # No proxies: they are not meant for local connections. No redirects: the server has none,
        # and the token would follow them to another host.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
        self.find()

    def find(self) -> None:
        """Look for the server; when it is restarted, its address may change.

        Raises:
            NoServer: there is none.
        """
        said = self._said()
        self.url = (self._given_url or str(said["url"])).rstrip("/")
        self.page = str(said.get("page") or self.url).rstrip("/") + "/"
        if self._given_url and self.url != said.get("url"):
            self.page = f"{self.url}/"
        host = _host(self.url)
        if host is None:
            raise NoServer(f"{self.url} is no address like http://127.0.0.1:8000.")
        is_own = host in {*LOOPBACK, _host(str(said.get("page")))}
        self.token = self._given_token or (self._kept_token() if is_own else None)

    def _said(self) -> Json:
        """What the server of the data directory says of itself."""
        try:
            said = server_of(self.data_dir)
            if said is not None or self._given_url:
                return said or {}
            is_there = is_server_there(self.data_dir)
        except OSError as error:
            if self._given_url:
                return {}
            raise NoServer(f"{self.data_dir} cannot be used: {error.strerror}.") from error
        if is_there:
            raise NoServer(
                f"A server uses {self.data_dir}, but its address is unknown: set BABYSIT_URL."
            )
        raise NoServer(
            f"No server works on {self.data_dir}. Start one with `babysit serve`, or name another "
            "with BABYSIT_URL or BABYSIT_DATA_DIR."
        )

    def _kept_token(self) -> str | None:
        try:
            return (self.data_dir / TOKEN_FILE).read_text(encoding="ascii").strip() or None
        except (OSError, ValueError):
            return None

    def ask(self, path: str, body: Json | None = None, **query: Any) -> Any:
        """The JSON answer to a GET, or to a POST of `body`.

        Raises:
            NoServer: nothing answers, or something that is not Babysit.
            Refused: the server rejects the request.
            BabysitError: the server has an error.
        """
        with self.open(path, body, query=query) as response:
            try:
                return json.load(response)
            except (OSError, http.client.HTTPException) as error:
                raise self.unreachable(error) from error
            except (ValueError, RecursionError) as error:
                raise NoServer(f"What answers at {self.url} is not Babysit.") from error

    def open(
        self,
        path: str,
        body: Json | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        method: str | None = None,
        timeout_s: float = RESPONSE_WITHIN_S,
    ) -> http.client.HTTPResponse:
        """The response, which the caller closes. query: fields that are None are left out.

        timeout_s: the longest silence. Raises as `ask`.
        """
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        given = {name: value for name, value in (query or {}).items() if value is not None}
        fields = urlencode(given)
        data = None if body is None else json.dumps(body, default=_plain).encode()
        url = f"{self.url}{path}{'?' if fields else ''}{fields}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            response: http.client.HTTPResponse = self._opener.open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self.unreachable(error) from error
        return response

    def _refusal(self, error: urllib.error.HTTPError) -> BabysitError:
        try:
            body = json.load(error)
            refused = Refused(body)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return NoServer(f"{self.url} answered: {error.code} {error.reason}.")
        if error.code == 401 and self._given_token is None:
            body["message"] += " Set BABYSIT_TOKEN to the token of this server."
            return Refused(body)
        return refused if error.code < 500 else BabysitError(str(refused))

    def unreachable(self, error: Exception) -> NoServer:
        """What to raise when a connection failed."""
        why = getattr(error, "reason", None) or str(error) or type(error).__name__
        return NoServer(f"The server at {self.url} cannot be reached: {why}.")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        """A redirect is an error."""


def _host(url: str) -> str | None:
    """The host of an HTTP address, or None."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    """The number of a NumPy or PyTorch scalar."""
    if not hasattr(value, "item"):
        raise TypeError(f"{type(value).__name__} is no value of a hyperparameter")
    return value.item()
