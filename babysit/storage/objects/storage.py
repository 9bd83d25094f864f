"""Reads and writes objects by obstore, in a thread of its own, within time limits."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from babysit.storage.manifest import CheckpointDamaged
from babysit.storage.objects.address import check_address, folder_of
from babysit.storage.objects.reasons import reason_of
from babysit.storage.regular_file import open_regular

PART_BYTES = 8 * 1024 * 1024  # of one request
PARTS_MAX = 9_000  # S3 takes 10,000
PARTS_AT_ONCE = 4
REQUEST_S = 120.0
SILENT_S = 30.0  # no byte of an answer for so long
CONNECT_S = 10.0
RETRIES = 2  # of one request; the callers try again later
SLOWEST_BYTES_PER_S = 64 * 1024  # of a whole object; slower is given up
ENDS_WITHIN_S = 2.0

Result = TypeVar("Result")


class StorageUnavailable(OSError):
    """The object storage cannot be reached, or refuses; it may be different later."""


class ObjectStorage:
    """Objects below one address. Thread-safe; every method blocks, within a time limit.

    Each may raise `StorageUnavailable`, whose message holds no secrets.
    """

    def __init__(
        self, address: str, *, request_s: float = REQUEST_S, retries: int = RETRIES
    ) -> None:
        """request_s: after so many seconds a request has failed. retries: of a request.

        Raises:
            ValueError: the address cannot be used, or the package obstore is not installed.
        """
        self.address = check_address(address)
        self._request_s, self._retries = request_s, retries
        self._obstore, self._store = _open(self.address, request_s, retries)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="object storage", daemon=True
        )
        self._thread.start()
        self._is_closed = False

    def close(self) -> None:
        """End what is in progress: it raises `StorageUnavailable` in its thread."""
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.call_soon_threadsafe(self._cancel_all)
        self._thread.join(ENDS_WITHIN_S)
        if not self._thread.is_alive():
            self._loop.close()

    def put_file(self, key: str, path: Path, sha256: str, size: int) -> None:
        """Write an object from a file, which is hashed on the way.

        Raises:
            CheckpointDamaged: the file has another hash; there is no object then.
            OSError: it cannot be read.
        """
        if size <= PART_BYTES:
            content = b"".join(_checked(path, sha256, PART_BYTES))
            self._do(lambda: self._obstore.put_async(self._store, key, content), size)
            return
        part = max(PART_BYTES, -(-size // PARTS_MAX))
        self._do(
            lambda: self._obstore.put_async(
                self._store,
                key,
                _checked(path, sha256, PART_BYTES),
                use_multipart=True,
                chunk_size=part,
                max_concurrency=PARTS_AT_ONCE,
            ),
            size,
        )

    def create(self, key: str, content: bytes) -> bool:
        """Write a new object. False: there is one of this name already, and it stays."""
        try:
            self._do(
                lambda: self._obstore.put_async(self._store, key, content, mode="create"),
                len(content),
            )
        except FileExistsError:
            return False
        return True

    def read(self, key: str, bytes_max: int) -> bytes | None:
        """A small object; None: there is none.

        Raises:
            CheckpointDamaged: it is larger than `bytes_max`.
        """

        async def get() -> bytes:
            result = await self._obstore.get_async(self._store, key)
            if result.meta["size"] > bytes_max:
                raise CheckpointDamaged(f"{key.rpartition('/')[2]} is too large")
            return bytes(await result.bytes_async())

        try:
            return self._do(get, bytes_max)
        except FileNotFoundError:
            return None

    def size(self, key: str) -> int | None:
        """Of an object in bytes; None: there is none."""
        try:
            meta = self._do(lambda: self._obstore.head_async(self._store, key), 0)
        except FileNotFoundError:
            return None
        return int(meta["size"])

    def download(self, key: str, target: Path, sha256: str, size: int) -> None:
        """Write an object to a new file, if it is the one that is wanted.

        Raises:
            CheckpointDamaged: it is missing, or has another size or hash.
            OSError: the file cannot be written.
        """
        name = target.name

        async def get() -> str:
            meta = await self._obstore.head_async(self._store, key)
            if meta["size"] != size:
                raise CheckpointDamaged(f"{name} has the wrong size")
            digest, starts = hashlib.sha256(), range(0, size, PART_BYTES)
            with target.open("xb") as file:
                for first in range(0, len(starts), PARTS_AT_ONCE):
                    some = starts[first : first + PARTS_AT_ONCE]
                    for part in await asyncio.gather(*[self._part(key, at, size) for at in some]):
                        digest.update(part)
                        file.write(part)
            return digest.hexdigest()

        try:
            found = self._do(get, size)
        except FileNotFoundError as error:
            raise CheckpointDamaged(f"{name} is missing") from error
        if found != sha256:
            raise CheckpointDamaged(f"{name} differs from its checksum")

    def keys_below(self, prefix: str) -> list[str]:
        """The names of all objects below a prefix."""

        async def collect() -> list[str]:
            found = await self._obstore.list(self._store, prefix).collect_async()
            return [str(item["path"]) for item in found]

        return self._do(collect, 0)

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with contextlib.suppress(FileNotFoundError):
            self._do(lambda: self._obstore.delete_async(self._store, key), 0)

    async def _part(self, key: str, start: int, size: int) -> Any:
        """A part of an object, by a request of its own with its own time limit."""
        end = min(start + PART_BYTES, size)
        return await self._obstore.get_range_async(self._store, key, start=start, end=end)

    # -- the thread

    def _do(self, make: Callable[[], Awaitable[Result]], size: int) -> Result:
        limit_s = (self._retries + 1) * self._request_s + size / SLOWEST_BYTES_PER_S

        async def act() -> Result:
            return await asyncio.wait_for(_awaited(make), limit_s)

        if self._is_closed:
            raise StorageUnavailable("the work is ending")
        try:
            return asyncio.run_coroutine_threadsafe(act(), self._loop).result()
        except CancelledError as error:
            raise StorageUnavailable("the work is ending") from error
        except (CheckpointDamaged, FileNotFoundError, FileExistsError):
            raise
        except Exception as error:
            if type(error).__name__ == "AlreadyExistsError":
                raise FileExistsError(str(error)) from None
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise  # of a file on this machine
            raise StorageUnavailable(reason_of(error)) from None  # its text may name keys

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        ended = asyncio.gather(*tasks, return_exceptions=True)
        ended.add_done_callback(lambda _: self._loop.stop())


async def _awaited(make: Callable[[], Awaitable[Result]]) -> Result:
    return await make()  # obstore begins within the loop


def _checked(path: Path, sha256: str, chunk_bytes: int) -> Iterator[bytes]:
    """The content of a file in chunks; the last step raises if its hash is another one."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while chunk := file.read(chunk_bytes):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != sha256:
        raise CheckpointDamaged(f"{path.name} differs from its checksum")


def _open(address: str, request_s: float, retries: int) -> tuple[Any, Any]:
    try:
        import obstore
        from obstore.store import LocalStore, from_url
    except ModuleNotFoundError as error:
        raise ValueError(
            f"needs the package {error.name}, which is not installed: "
            "pip install 'babysit[storage]'"
        ) from error
    if address.startswith("file:"):
        try:
            return obstore, LocalStore(folder_of(address), automatic_cleanup=True, mkdir=True)
        except Exception as error:
            raise ValueError("names a folder that cannot be used") from error
    try:
        store = from_url(
            address,
            client_options={
                "timeout": timedelta(seconds=request_s),
                "read_timeout": timedelta(seconds=min(SILENT_S, request_s)),
                "connect_timeout": timedelta(seconds=min(CONNECT_S, request_s)),
                "allow_http": _is_http_allowed(address),  # the options replace the environment's
            },
            retry_config={
                "max_retries": retries,
                "retry_timeout": timedelta(seconds=(retries + 1) * request_s),
                "backoff": {"max_backoff": timedelta(seconds=5)},
            },
        )
    except Exception as error:
        raise ValueError(f"cannot be used: {_what_is_missing(error)}") from None
    return obstore, store


def _is_http_allowed(address: str) -> bool:
    names = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}
    variable = f"{names[address.partition(':')[0]]}_ALLOW_HTTP"
    return os.environ.get(variable, "").lower() in ("true", "1")


def _what_is_missing(error: Exception) -> str:
    if "Account must be specified" in str(error):
        return "set AZURE_STORAGE_ACCOUNT_NAME, too"
    return "its environment variables are not as obstore needs them"
