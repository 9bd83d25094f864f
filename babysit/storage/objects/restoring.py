"""Brings a checkpoint back from the object storage of this process's environment."""

from __future__ import annotations

import time
from pathlib import Path

from babysit.storage.manifest import Announced, CheckpointDamaged
from babysit.storage.objects.address import configured_address
from babysit.storage.objects.copies import Copy, NotStored, fetch
from babysit.storage.objects.storage import ObjectStorage, StorageUnavailable

TRIES = 3
REST_S = 2.0  # before the second try; twice as long before the third
REQUEST_S = 60.0  # somebody waits


def bring_back(
    directory: Path, announced: Announced | None, address: str | None = None, *, tries: int = TRIES
) -> bool:
    """Make the files of a checkpoint whole again, if there is an object storage with a copy.

    address: of the storage; None: of the environment.

    Returns:
        Whether they are whole now; False: there is no storage, or no copy in it.

    Raises:
        CheckpointDamaged: the copy is damaged, too; the message says how.
        StorageUnavailable: the storage does not answer, or refuses.
        OSError: the disk is full or broken.
    """
    address = address or configured_address()
    if address is None or announced is None:
        return False
    try:
        storage = ObjectStorage(address, request_s=REQUEST_S, retries=1)
    except ValueError as error:
        raise StorageUnavailable(str(error)) from error
    try:
        for rest_s in [REST_S * 2**number for number in range(tries - 1)]:
            try:
                fetch(storage, Copy(directory, announced))
            except StorageUnavailable:
                time.sleep(rest_s)  # before the storage is asked again
            else:
                return True
        fetch(storage, Copy(directory, announced))
    except NotStored:
        return False
    finally:
        storage.close()
    return True


def replace_damaged(directory: Path, announced: Announced | None, error: CheckpointDamaged) -> None:
    """Bring back a checkpoint that was found damaged, or is gone.

    error: what was found.

    Raises:
        CheckpointDamaged: it cannot be used; the message says what is wrong with it and its copy.
    """
    try:
        is_back = bring_back(directory, announced)
    except CheckpointDamaged as of_copy:
        raise CheckpointDamaged(f"{error}; its copy in object storage: {of_copy}") from error
    except OSError as of_copy:
        why = f"its copy could not be fetched from object storage: {of_copy}"
        raise CheckpointDamaged(f"{error}; {why}") from error
    if not is_back:
        raise error
