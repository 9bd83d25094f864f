"""The stream: all is told at once, a reconnect misses nothing, nobody holds it up."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from app.limits import NOTE_CHARACTERS_MAX
from app.store.committed import Committed
from app.web.broker import POINTS_A_MESSAGE_MAX, POINTS_EVERY_S, EventBroker, points_message
from app.web.subscriber import BYE, QUEUE_BYTES_MAX, RESET
from babysit.storage.journal import Points
from tests.app.fake_worker import points
from tests.app.sse_client import stream
from tests.conftest import Serve
from tests.live_server import LiveServer

Result = TypeVar("Result")


def test_a_stream_begins_with_the_run_and_goes_on_with_its_points(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    steps: list[int] = []
    with stream(shared, runs=running["id"]) as received:
        first = next(received)
        assert (first.event, first.data["id"]) == ("run", running["id"])
        while len(steps) < 100:
            message = next(received)
            if message.event == "points":
                curve = message.data["series"].get("train/cost")
                steps += curve["step"] if curve else []

    assert steps == list(range(steps[0], steps[0] + len(steps)))  # every step, once, in order
    assert steps[0] <= first.data["step"] + 1  # and no hole before the first


def test_an_event_is_told_within_a_fraction_of_a_second(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    late_s = []
    with stream(shared, runs=running["id"]) as received:
        next(received)
        for number in range(10):
            asked_s = time.monotonic()
            shared.client.post(f"/api/runs/{running['id']}/notes", json={"text": f"n{number}"})
            while next(received).event != "event":
                pass
            late_s.append(time.monotonic() - asked_s)

    assert sorted(late_s)[5] < 0.5  # much less on a machine that does nothing else


def test_a_reconnect_gets_what_it_missed_once_and_in_order(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    path = f"/api/runs/{running['id']}/notes"
    with stream(shared, runs=running["id"]) as received:
        next(received)
        shared.client.post(path, json={"text": "heard"})
        last = next(
            message
            for message in received
            if message.event == "event" and message.data["kind"] == "note_added"
        )
    for number in range(5):
        shared.client.post(path, json={"text": f"missed {number}"})

    told = []
    with stream(shared, runs=running["id"], last_event_id=str(last.id), after=0) as received:
        shared.client.post(path, json={"text": "the last"})
        for message in received:
            if message.event == "event" and message.data["kind"] == "note_added":
                told.append((message.id, message.data["text"]))
                if message.data["text"] == "the last":
                    break

    assert [text for _, text in told] == [f"missed {n}" for n in range(5)] + ["the last"]
    assert [ident for ident, _ in told] == sorted({ident or 0 for ident, _ in told})


def test_all_that_ever_happened_comes_after_0(shared: LiveServer, ended: dict[str, Any]) -> None:
    events = shared.events(ended["id"])
    with stream(shared, runs=ended["id"], after=0) as received:
        told = [next(received) for _ in range(1 + len(events))]

    assert [message.data for message in told[1:]] == events


@pytest.mark.parametrize("last", ["99999999999", "-1", "abc", ""])
def test_an_id_of_another_database_resets(
    shared: LiveServer, ended: dict[str, Any], last: str
) -> None:
    with stream(shared, runs=ended["id"], last_event_id=last) as received:
        assert [next(received).event, next(received).event] == ["run", "reset"]


def test_a_stream_of_all_runs_has_events_and_no_points(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    kinds = set()
    with stream(shared) as received:
        other = shared.start_run("spirals", steps=5)
        for message in received:
            kinds.add(message.event)
            of_other = message.event == "event" and message.data["run_id"] == other["id"]
            if of_other and message.data.get("status") == "finished":
                break

    assert kinds == {"event", "run"}


def test_unknown_runs_and_too_many_are_refused(shared: LiveServer) -> None:
    many = ",".join(str(number) for number in range(1, 103))
    assert shared.client.get("/api/stream?runs=999999").status_code == 404
    assert shared.client.get("/api/stream?runs=1,x").status_code == 404
    assert shared.client.get(f"/api/stream?runs={many}").status_code == 422


def test_a_message_of_points_keeps_extremes_and_nan() -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    values[1_234], values[2_345] = 99.0, math.nan
    blocks = [points(1, values[:2_000].tolist()), points(2_001, values[2_000:].tolist())]

    message = points_message(7, blocks)
    curve = message["series"]["train/cost"]

    assert (message["run_id"], message["from_step"], message["to_step"]) == (7, 1, 5_000)
    assert len(curve["step"]) == POINTS_A_MESSAGE_MAX
    assert max(value for value in curve["max"] if value != "NaN") == 99.0
    assert curve["value"].count("NaN") == 1
    assert curve["count"] == sum(curve["counts"]) == 5_000


def run_json(run_id: int) -> dict[str, Any]:
    return {"id": run_id, "ended_at": None, "status": "running"}


def committed(run_id: int, ident: int, size: int = 1000) -> Committed:
    event = {"id": ident, "run_id": run_id, "kind": "note_added", "step": 0, "text": "x" * size}
    return Committed([event], [], {run_id: run_json(run_id)})


def played(scene: Coroutine[Any, Any, Result]) -> Result:
    """What a scene gives, played in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, scene).result()


def test_a_slow_reader_is_dropped_and_the_others_are_not() -> None:
    async def scene() -> tuple[int, bool, bool]:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        slow, quick = broker.subscribe(frozenset({1})), broker.subscribe(frozenset({1}))
        got = 0
        reading = quick.chunks()
        for ident in range(1, 6_000):
            broker.publish(committed(1, ident))
            if ident % 100 == 0:
                await asyncio.sleep(0)
                got += len(await anext(reading))
        return got, slow.ended, quick.ended

    got, slow_ended, quick_ended = played(scene())

    assert got > QUEUE_BYTES_MAX
    assert (slow_ended, quick_ended) == (True, False)


def test_what_is_remembered_and_sent_at_once_is_bounded_in_bytes() -> None:
    """Events may be long: 2,000 of them are more than is kept, 1,000 more than a stream takes."""

    async def scene() -> list[list[bytes] | None]:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        for ident in range(1, 2_001):
            broker.publish(committed(1, ident, size=10_000))
        await asyncio.sleep(0)
        return [broker.recent(after, None) for after in (0, 1_000, 1_950)]

    forgotten, too_long, missed = played(scene())

    assert forgotten is None
    assert too_long == [RESET]
    assert missed is not None
    assert len(missed) == 50


def test_a_stream_that_missed_too_many_bytes_begins_anew(serve: Serve, data_dir: Path) -> None:
    with serve(data_dir, "--no-demo") as server:
        run = server.start_run("spirals", steps=12)["id"]
        server.wait_for_status(run, "finished")
        for _ in range(QUEUE_BYTES_MAX // NOTE_CHARACTERS_MAX + 1):
            server.client.post(f"/api/runs/{run}/notes", json={"text": "x" * NOTE_CHARACTERS_MAX})
    with serve(data_dir, "--no-demo") as server:  # which remembers nothing of it
        with stream(server, after=0) as received:
            first = next(received)
        newest = server.events(run)[-1]["id"]
        with stream(server, after=newest - 2) as received:
            last = [next(received), next(received)]

    assert first.event == "reset"
    assert [message.id for message in last] == [newest - 1, newest]


def test_points_come_at_most_once_in_their_interval() -> None:
    async def scene() -> bytes:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        subscriber = broker.subscribe(frozenset({1}))
        block = Points(("c",), np.array([1]), np.array([[1.0]]))
        got: list[bytes] = []

        async def read() -> None:
            async for chunk in subscriber.chunks():
                got.append(chunk)

        reading = asyncio.create_task(read())
        began_s = time.monotonic()
        while time.monotonic() - began_s < 1.0:
            broker.publish(Committed([], [(1, block)], {1: run_json(1)}))
            await asyncio.sleep(0.005)
        subscriber.end()
        await reading
        return b"".join(got)

    got = played(scene())

    assert 3 <= got.count(b"event: points") <= 1.0 / POINTS_EVERY_S + 2
    assert 1 <= got.count(b"event: run") <= 3


def test_everybody_is_told_goodbye() -> None:
    async def scene() -> list[bytes]:
        broker = EventBroker()
        broker.open(asyncio.get_running_loop())
        streams = [broker.subscribe(None), broker.subscribe(frozenset({1}))]
        waiting = broker.wait_for_commit(1)
        broker.close()
        assert waiting.done()
        late = broker.subscribe(None)
        return [await anext(item.chunks()) for item in [*streams, late]]

    assert played(scene()) == [BYE] * 3
