"""A storage that fails: what is said of it, and that nothing half done is left."""

from __future__ import annotations

import itertools
import shutil
import sys
import threading
import uuid
from collections.abc import Iterator

import pytest

from babysit.storage.manifest import FILES, MANIFEST, check_manifest
from babysit.storage.objects.copies import Copy, fetch, remove, upload
from babysit.storage.objects.storage import ObjectStorage, StorageUnavailable
from tests.object_server import (
    BUCKET,
    KEY_ID,
    SECRET,
    Fault,
    Proxy,
    Request,
    always,
    is_cut,
    is_silent,
    says,
)
from tests.sizes import FULL

pytestmark = pytest.mark.xdist_group("s3")  # one server for all

FAULTS = [
    (says(503, "SlowDown"), r"it answers 503 SlowDown"),
    (says(500, "InternalError"), r"it answers 500 InternalError"),
    (says(400, "ExpiredToken"), r"the credentials have expired \(ExpiredToken\)"),
    (says(403, "InvalidAccessKeyId"), r"the credentials do not allow it \(403 InvalidAccessKeyId"),
    (says(403, "SignatureDoesNotMatch"), r"the credentials do not allow it"),
    (is_silent, r"it did not answer in time"),
]


@pytest.fixture
def impatient(proxy: Proxy) -> Iterator[ObjectStorage]:
    """Gives up after half a second."""
    opened = ObjectStorage(f"s3://{BUCKET}/{uuid.uuid4().hex}", request_s=0.5, retries=0)
    yield opened
    opened.close()


@pytest.fixture
def patient(proxy: Proxy) -> Iterator[ObjectStorage]:
    opened = ObjectStorage(f"s3://{BUCKET}/{uuid.uuid4().hex}", request_s=10, retries=2)
    yield opened
    opened.close()


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_failing_storage_is_described_without_what_it_repeats(
    proxy: Proxy, impatient: ObjectStorage, copy: Copy, fault: Fault, said: str
) -> None:
    proxy.fault = always(fault)

    for act in (upload, fetch):
        with pytest.raises(StorageUnavailable, match=said) as raised:
            act(impatient, copy)
        assert raised.value.__cause__ is None
        assert not {KEY_ID, SECRET} & set(str(raised.value).replace("(", " ").split())


def test_a_passing_failure_is_not_even_noticed(
    proxy: Proxy, patient: ObjectStorage, copy: Copy
) -> None:
    failing = iter([says(503, "SlowDown"), None, is_cut, None, says(500, "InternalError")])
    proxy.fault = lambda request: next(failing, None)

    upload(patient, copy)

    assert patient.size(copy.manifest_key)


def every_request(act: str) -> list[int]:
    """Which request of an upload or a fetch fails; of many a few, but always the first ones."""
    count = {"upload": 10, "fetch": 9}[act]
    return list(range(count)) if FULL else [0, 1, count // 2, count - 1]


@pytest.mark.parametrize(
    ("act", "number"),
    [(act, number) for act in ("upload", "fetch") for number in every_request(act)],
)
@pytest.mark.parametrize("fault", [is_cut, says(500, "InternalError")] if FULL else [is_cut])
def test_a_failure_at_any_request_leaves_all_or_nothing(
    proxy: Proxy, impatient: ObjectStorage, copy: Copy, act: str, number: int, fault: Fault
) -> None:
    if act == "fetch":
        upload(impatient, copy)
        shutil.rmtree(copy.directory)
    count = itertools.count()
    proxy.fault = lambda request: fault if next(count) == number else None

    with pytest.raises(StorageUnavailable):
        (upload if act == "upload" else fetch)(impatient, copy)

    proxy.heal()
    if act == "fetch":
        assert not copy.directory.exists()
        assert [path.name for path in copy.directory.parent.parent.iterdir()] == ["checkpoints"]
    else:
        assert impatient.size(copy.manifest_key) is None
        upload(impatient, copy)
        shutil.rmtree(copy.directory)
    fetch(impatient, copy)
    check_manifest(copy.directory, copy.announced)


def test_the_manifest_is_written_last_and_removed_first(
    proxy: Proxy, patient: ObjectStorage, copy: Copy
) -> None:
    upload(patient, copy)
    remove(patient, copy.prefix)

    written, deleted = proxy.written(), proxy.deleted()
    assert [path.rpartition("/")[2] == MANIFEST for path in written] == [False] * 4 + [True]
    assert deleted[0].endswith(MANIFEST)
    assert {path.rpartition("-")[2] for path in deleted[1:]} == set(FILES)


def test_a_copy_whose_removal_is_interrupted_is_not_there(
    proxy: Proxy, impatient: ObjectStorage, copy: Copy
) -> None:
    upload(impatient, copy)
    is_content: list[Request] = []

    def fault(request: Request) -> Fault | None:
        if request[0] == "DELETE" and MANIFEST not in request[1]:
            is_content.append(request)
            return says(503, "SlowDown")
        return None

    proxy.fault = fault

    with pytest.raises(StorageUnavailable):
        remove(impatient, copy.prefix)

    assert is_content
    assert impatient.size(copy.manifest_key) is None
    proxy.heal()
    remove(impatient, copy.prefix)
    assert impatient.keys_below("") == []


def test_closing_ends_what_waits_for_an_answer(proxy: Proxy, copy: Copy) -> None:
    patient = ObjectStorage(f"s3://{BUCKET}/closed", request_s=100)
    proxy.fault = always(is_silent)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            upload(patient, copy)
        except StorageUnavailable as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not proxy.seen:
        thread.join(0.02)
    patient.close()
    thread.join(5)

    assert not thread.is_alive()
    assert [str(error) for error in raised] == ["the work is ending"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("bucket/prefix", "must be like s3://bucket/prefix"),
        ("ftp://bucket/x", "must be like s3://bucket/prefix"),
        ("s3://", "names no bucket"),
        ("s3://a b/c", "names no bucket"),
        ("s3://key:secret@bucket/x", "must not contain credentials"),
        ("s3://bucket/x?region=y", "must not contain credentials or options"),
        ("s3://bucket/../x", "must not contain empty parts"),
        ("file://relative/x", "must name an absolute folder"),
        ("file:///", "must name an absolute folder"),
        ("az://container/x", "set AZURE_STORAGE_ACCOUNT_NAME"),
        ("file:///proc/nothing/here", "names a folder that cannot be used"),
    ],
)
def test_a_bad_address_is_refused_with_what_would_be_right(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        ObjectStorage(address)

    assert "secret" not in str(raised.value)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)

    with pytest.raises(ValueError, match=r"needs the package obstore.*'babysit\[storage\]'"):
        ObjectStorage("s3://bucket/prefix")
