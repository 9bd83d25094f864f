"""The command line: `babysit serve` and `babysit openapi`; other modules add the rest."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import logging
import signal
import stat
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType

from ..data_dir.lock import DataDirectoryUnavailable, locked
from ..data_dir.server_file import announced, page_url
from ..errors import UnusableDatabase
from ..security.listener import Listener, listen, raise_file_limit
from ..settings import Settings
from ..supervisor.remote_workers.ray_cluster.cluster import UnusableCluster
from . import export_study, maintenance, prove, replay, trash, verbs
from .log_format import log_to_terminal
from .settings import server_settings

BACKLOG = 128  # connections that wait to be accepted
GRACE_S = 2  # for responses in progress when the server ends
MALLOPT_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
LARGE_BYTES = 1_000_000  # allocations of this size are returned to the system when freed


def main() -> None:
    """Entry point of the command `babysit`."""
    parser = argparse.ArgumentParser(prog="babysit", description="Raise one model like a panda.")
    parser.set_defaults(act=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    serve_parser = commands.add_parser("serve", help="serve the page and manage the runs")
    serve_parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve_parser.add_argument(
        "--port", type=int, help="port to listen on; 0 selects a free one (default 8000)"
    )
    serve_parser.add_argument("--data-dir", type=Path, help="directory of all data (default var)")
    serve_parser.add_argument(
        "--no-demo", action="store_true", default=None, help="do not start the demo run"
    )
    serve_parser.add_argument(
        "--stop-workers",
        action="store_true",
        default=None,
        help="stop the workers when the server ends",
    )
    serve_parser.add_argument(
        "--allow-host", help="host names that clients on other machines use, separated by commas"
    )
    serve_parser.add_argument(
        "--trusted-proxy",
        help="addresses of reverse proxies in front of the server, separated by commas",
    )
    serve_parser.add_argument(
        "--root-path", help="path of the application below a proxy, for example /babysit"
    )
    serve_parser.add_argument(
        "--launcher", help="command that starts each worker, for example on another machine"
    )
    serve_parser.add_argument(
        "--ray", metavar="ADDRESS", help="Ray cluster that runs the workers: auto or host:port"
    )
    serve_parser.set_defaults(act=serve)
    openapi_parser = commands.add_parser("openapi", help="print the OpenAPI description of the API")
    openapi_parser.set_defaults(act=print_openapi)
    verbs.register(commands)
    maintenance.register(commands)
    replay.register(commands)
    trash.register(commands)
    export_study.register(commands)
    prove.register(commands)
    arguments = parser.parse_args()
    if arguments.act is None:
        parser.print_help()
        sys.exit(2)
    try:
        arguments.act(arguments)
    except DataDirectoryUnavailable as error:
        sys.exit(f"babysit: {error}")


def print_openapi(arguments: argparse.Namespace) -> None:
    from ..main import routes

    json.dump(routes().openapi(), sys.stdout, indent=1)
    print()


def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    log_to_terminal()
    if sys.stdout.isatty():
        print("Starting (loading PyTorch takes about 5 s)…", flush=True)
    give_large_memory_back()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_now)
    settings = server_settings(arguments)
    raise_file_limit()
    with locked(settings.data_dir, settings.sql_url), listening(settings) as listener:
        settings.port = int(listener.getsockname()[1])
        warn_of_others(settings.data_dir)
        run_server(settings, listener)


def end_now(number: int, frame: FrameType | None) -> None:
    """End a server that does not listen yet, or has ended: uvicorn raises the signal again then."""
    sys.exit(0)


def tell_address(settings: Settings, token: str) -> None:
    """Print the link that signs in; without its token where the output is kept, as in a log."""
    if sys.stdout.isatty():
        print(f"Babysit is at {page_url(settings)}#t={token}", flush=True)
        return
    print(f"Babysit is at {page_url(settings)}", flush=True)
    how = "the token of BABYSIT_TOKEN" if settings.token else "the link that `babysit token` prints"
    print(f"Sign in with {how}; it is not written to a log.", flush=True)


def give_large_memory_back() -> None:
    """Let glibc return the memory of a large request body as soon as it is freed.

    By default each thread keeps blocks of up to 32 MB after their first use.
    """
    with contextlib.suppress(OSError, AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(MALLOPT_MMAP_THRESHOLD, LARGE_BYTES)


def warn_of_others(data_dir: Path) -> None:
    """Warn if other accounts can write the data directory, whose content is executed."""
    if data_dir.stat().st_mode & stat.S_IWOTH:
        sys.stderr.write(
            f"babysit: WARNING: every account of this machine can write to {data_dir} and so run "
            "code as you. Use chmod o-w.\n"
        )


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[Listener]:
    try:
        listener = listen(settings.host.strip("[]"), settings.port, BACKLOG)
    except OSError as error:
        sys.exit(
            f"babysit: cannot listen on {settings.host} port {settings.port}: "
            f"{error.strerror}. Choose another port with --port."
        )
    with listener:
        yield listener


def run_server(settings: Settings, listener: Listener) -> None:
    import uvicorn

    from ..main import create_app
    from ..security.http_protocol import Connection, Connections, is_for_the_log
    from .http_server import HTTPServer

    try:
        application = create_app(settings)
        application.supervisor.remote.connect()
    except (UnusableDatabase, UnusableCluster) as error:
        sys.exit(f"babysit: {error}")
    except OSError as error:
        sys.exit(f"babysit: {settings.data_dir} cannot be used: {error.strerror}.")

    connections = Connections()
    listener.make_room = connections.end_oldest
    logging.getLogger("uvicorn.error").addFilter(is_for_the_log)
    config = uvicorn.Config(
        application.asgi,
        http=partial(Connection, connections=connections),  # type: ignore[arg-type]
        loop="asyncio",  # which asks the listener for each connection
        backlog=BACKLOG,
        log_config=None,  # logging is configured already
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # the security middleware handles them
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
        lifespan="on",
        ws="none",
        h11_max_incomplete_event_size=32_768,
    )
    with announced(settings):
        HTTPServer(config, application, tell=partial(tell_address, settings)).run([listener])


if __name__ == "__main__":
    main()
