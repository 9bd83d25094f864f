"""All messages are decoded by one function, and checked before anyone acts on them."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.journals.search_records import KINDS, RoundBegan, event_in
from babysit.protocol.commands import COMMANDS, Extend, Set
from babysit.protocol.events import EVENTS, StatusChanged, Warned
from babysit.protocol.message import Message, decode
from babysit.protocol.serialization import to_json
from babysit.protocol.status import RunStatus

MESSAGES: list[tuple[dict[str, Any], Message]] = [
    (COMMANDS, Set(values={"learning_rate": 0.1}, over_steps=3)),
    (COMMANDS, Extend(steps=5)),
    (EVENTS, Warned(step=1, at="now", message="m")),
    (EVENTS, StatusChanged(step=1, at="now", status=RunStatus.PAUSED)),
    (KINDS, RoundBegan(at="now", round=1, space={})),
]


@pytest.mark.parametrize(("kinds", "message"), MESSAGES, ids=[m.kind for _, m in MESSAGES])
def test_a_message_comes_back_as_it_was_and_drops_what_a_newer_version_adds(
    kinds: dict[str, Any], message: Message
) -> None:
    body = {**to_json(message), "of_a_newer_version": 1}

    assert decode(kinds, body) == message
    if kinds is KINDS:
        assert event_in(body) == message


@pytest.mark.parametrize(
    ("kinds", "body", "reason"),
    [
        (COMMANDS, {}, "unknown kind None"),
        (COMMANDS, {"kind": "warned"}, "unknown kind 'warned'"),
        (COMMANDS, {"kind": "extend"}, "steps"),
        (COMMANDS, {"kind": "extend", "steps": True}, "steps of extend cannot be True"),
        (EVENTS, {"kind": "warned", "step": 1}, "message"),
        (EVENTS, {"kind": "status_changed", "step": 1, "status": "asleep"}, "asleep"),
        (EVENTS, {"kind": "status_changed", "step": 1}, "None"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(
    kinds: dict[str, Any], body: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        decode(kinds, body)
