"""A report tells what happened in the words of the page, and leaves out what is no news."""

from __future__ import annotations

from typing import Any

from app.web.reports.html import report as html_report
from app.web.reports.markdown import markdown_report

AT = "2026-01-05T10:00:00.000000+00:00"
RUN: dict[str, Any] = {
    "name": "first",
    "task": "digits",
    "seed": 1,
    "status": "finished",
    "step": 900,
    "steps": 900,
    "note": "",
    "parent": None,
    "values": {"learning_rate": 0.0059999999999999},
    "initial_values": {"learning_rate": 0.003},
}
RAMP = {
    "kind": "changed",
    "step": 299,
    "effective_step": 300,
    "at": AT,
    "actor": "owner",
    "command_id": 1,
    "before": {"learning_rate": 0.003},
    "after": {"learning_rate": 0.0032153203876088793},
    "values": {"learning_rate": 0.006},
    "over_steps": 10,
    "note": "",
}


def report(*events: dict[str, Any]) -> str:
    return markdown_report(RUN, events, [])


def rows(text: str) -> list[list[str]]:
    journal = text.partition("## What happened")[2].partition("## Checkpoints")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in journal.splitlines()
        if line.startswith("|")
    ][2:]


def test_a_ramp_is_told_by_its_target_with_the_reason_given_later() -> None:
    why = {"kind": "note_added", "step": 320, "at": AT, "text": "too slow", "command_id": 1}

    [row] = rows(report(RAMP, why))

    assert row[0] == "300"
    assert row[2:] == ["owner", "Learning rate 0.003 → 0.006 over 10 steps", "too slow"]


def test_a_setting_has_no_more_digits_than_tell_it_apart() -> None:
    assert "| Learning rate | 0.003 | 0.006 |" in report()


def test_what_is_over_at_once_is_left_out() -> None:
    passing = [
        {"kind": "status_changed", "step": 0, "at": AT, "status": status}
        for status in ("queued", "starting", "finished")
    ]
    saved = {"kind": "checkpoint_saved", "step": 9, "at": AT, "cause": "auto", "val_cost": 0.5}

    assert [row[3] for row in rows(report(*passing, saved))] == ["Finished"]


def test_the_html_report_has_the_journal_and_the_settings_as_plain_text() -> None:
    why = {"kind": "note_added", "step": 320, "at": AT, "text": "<b>slow</b>", "command_id": 1}

    page = html_report(RUN, [RAMP, why], {})

    assert "<td>Learning rate 0.003 → 0.006 over 10 steps</td>" in page
    assert "<td>&lt;b&gt;slow&lt;/b&gt;</td>" in page
    assert "<td>Learning rate</td><td>0.003</td><td>0.006</td>" in page
