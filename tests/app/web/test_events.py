"""Every event that is answered is one of the published kinds, with the published fields."""

from __future__ import annotations

import json
from pathlib import Path

from app.web.schemas.events import Event


def test_events_have_the_fields_that_the_description_names(lived: Path) -> None:
    answers = json.loads((lived.parent / "said.json").read_text())["answers"]
    events = [
        event
        for path, answer in answers.items()
        if path.endswith("/events?limit=5000")
        for event in answer["events"]
    ]
    for event in events:
        assert Event.model_validate(event).model_dump(mode="json", exclude_unset=True) == event

    assert len({event["kind"] for event in events}) > 10
