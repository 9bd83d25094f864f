"""The stream of a search: its state is sent when it changes, and the newest state comes last."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from app.store.committed import Committed
from app.web.broker import EventBroker
from app.web.routes.stream import SEARCHES_MAX
from app.web.subscriber import BYE, QUEUE_BYTES_MAX
from tests.app.small_searches import command, read, search, wait_for
from tests.app.sse_client import stream
from tests.live_server import LiveServer

Result = TypeVar("Result")


def test_a_search_is_sent_at_first_and_until_its_end(shared: LiveServer) -> None:
    made = search(shared)
    states = []
    with stream(shared, searches=made["id"]) as received:
        for message in received:
            assert message.event in ("search", "tasks")  # no events of any run
            if message.event == "search":
                states.append(message.data)
                if message.data["status"] == "finished":
                    break

    ends = [state["counts"]["finished"] for state in states]
    assert ends == sorted(ends)
    assert len(states) > 2
    assert states[-1] == read(shared, made["id"])


def test_a_run_and_a_search_go_into_one_stream(shared: LiveServer, running: dict[str, Any]) -> None:
    made = wait_for(shared, search(shared, trials=1)["id"])
    with stream(shared, runs=running["id"], searches=made["id"]) as received:
        first = {message.event: message.data for message in (next(received), next(received))}

    assert first["run"]["id"] == running["id"]
    assert first["search"] == made


def test_a_viewer_sees_the_command_of_the_owner(shared: LiveServer) -> None:
    made = search(shared, steps=100_000, trials=2)
    token = (shared.data_dir / "viewer-token").read_text().strip()
    with stream(shared, token=token, searches=made["id"]) as received:
        assert next(received).data["id"] == made["id"]
        command(shared, made["id"], "stop")
        statuses = (message.data["status"] for message in received if message.event == "search")
        assert next(status for status in statuses if status == "stopped")


def test_unknown_searches_and_too_many_are_refused(shared: LiveServer) -> None:
    many = ",".join(str(number) for number in range(1, SEARCHES_MAX + 2))
    unknown = shared.client.get("/api/stream?searches=999999")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")
    assert shared.client.get("/api/stream?searches=x").status_code == 404
    assert shared.client.get(f"/api/stream?searches={many}").status_code == 422


def changed(*search_ids: int) -> Committed:
    return Committed(searches=set(search_ids))


def played(scene: Coroutine[Any, Any, Result]) -> Result:
    """The result of a scene, run in its own thread: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, scene).result()


def states_in(chunk: bytes) -> list[Any]:
    return [
        json.loads(line.removeprefix("data: "))
        for line in chunk.decode().splitlines()
        if line.startswith("data: ")
    ]


def test_a_search_is_sent_a_few_times_a_second_and_the_newest_state_last() -> None:
    async def scene() -> list[Any]:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        newest = 0
        broker.search_updates.read = lambda search_id: {"id": search_id, "state": newest}
        subscriber = broker.subscribe(frozenset(), search_ids=frozenset({1}))
        states: list[Any] = []

        async def follow() -> None:
            async for chunk in subscriber.chunks():
                states.extend(states_in(chunk))
                if states[-1]["state"] == -1:
                    return

        following = asyncio.create_task(follow())
        began_s = time.monotonic()
        while time.monotonic() - began_s < 1.0:
            newest += 1
            broker.publish(changed(1, 2))
            await asyncio.sleep(0.005)
        newest = -1
        broker.publish(changed(1))
        async with asyncio.timeout(10):
            await following
        return states

    states = played(scene())

    assert {state["id"] for state in states} == {1}  # of the other search nobody wants to know
    assert 2 <= len(states) <= 6
    assert states[-1]["state"] == -1


def test_a_slow_reader_holds_one_state_of_a_search() -> None:
    async def scene() -> tuple[int, list[Any]]:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        subscriber = broker.subscribe(frozenset(), search_ids=frozenset({1, 2}))
        for number in range(100):
            for search_id in (1, 2):
                state = json.dumps({"id": search_id, "number": number, "text": "x" * 100_000})
                subscriber.put_search(search_id, f"data: {state}\n\n".encode())
        queued = subscriber.queued_bytes
        return queued, states_in(await anext(subscriber.chunks()))

    queued, states = played(scene())

    assert queued < 250_000 < QUEUE_BYTES_MAX
    assert [(state["id"], state["number"]) for state in states] == [(1, 99), (2, 99)]


def test_a_search_that_cannot_be_read_is_read_again() -> None:
    async def scene() -> list[Any]:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        reads = 0

        def read_search(search_id: int) -> dict[str, Any]:
            nonlocal reads
            reads += 1
            if reads == 1:
                raise OSError("busy")
            return {"id": search_id}

        broker.search_updates.read = read_search
        subscriber = broker.subscribe(frozenset(), search_ids=frozenset({1}))
        broker.publish(changed(1))
        async with asyncio.timeout(10):
            return states_in(await anext(subscriber.chunks()))

    assert played(scene()) == [{"id": 1}]


def test_the_stream_of_a_search_says_goodbye_when_the_server_ends() -> None:
    async def scene() -> bytes:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        subscriber = broker.subscribe(frozenset(), search_ids=frozenset({1}))
        broker.publish(changed(1))
        await asyncio.sleep(0)
        broker.close()
        return b"".join([chunk async for chunk in subscriber.chunks()])

    assert played(scene()).endswith(BYE)
