"""What happened, in one sentence: the only words for an event, on the page and in every export."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from babysit.protocol.hyperparameters import BASE_LEARNING_RATE, STANDARD
from babysit.protocol.option_label import option_label

Json = Mapping[str, Any]
MOMENTA = ("momentum", "beta1", "beta2")
LABELS = {name: item.label for name, item in STANDARD.items()} | {
    "base_learning_rate": BASE_LEARNING_RATE.label,
    "batch_size": "Batch size",
    "grad_clip": "Gradient clip",
    "steps": "Steps",
}
STATUS = {
    "queued": "Waiting for a free place",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped and saved",
    "failed": "Failed",
    "lost": "The training process ended unexpectedly",
}
PAUSE_REASONS = {
    "guard": "the guard stepped in",
    "no_viewer": "nobody was watching",
    "disk_full": "the disk is full",
    "disk_error": "the disk cannot be written",
    "terminated": "the process was asked to end",
}
RECOVERING = "recovering: "  # how the reason of a start begins that replaces a dead worker
HASH_CHARACTERS = 24  # from here on a value is a hash, and only that it differs says something


def shown_step(event: Json) -> int:
    """The step that an event is listed at: a change at the first step that uses it."""
    return int(event["effective_step"] if event["kind"] == "changed" else event["step"])


def when(event: Json) -> str:
    """At which step, in words: "from step 770" of a change, else "step 769"."""
    of_change = "from " if event["kind"] == "changed" else ""
    return f"{of_change}step {shown_step(event):,}"


def summarize(event: Json) -> str:
    """One event in words, without the reason that a person gave for it.

    event: as the API answers it. Empty where there is nothing to say in addition to the kind's
    own record, as for a command that was only passed on.
    """
    match event["kind"]:
        case "changed":
            return _changed(event)
        case "change_scheduled":
            ramp = _ramp(event.get("over_steps"))
            values = ", ".join(_setting(*item) for item in event["values"].items())
            return f"Scheduled after step {event['at_step']:,}: {values}{ramp}"
        case "applied":
            return _applied(event)
        case "refused":
            return f"Refused: {event['reason']}"
        case "status_changed":
            return _status(event)
        case "note_added":
            return str(event["text"])
        case "checkpoint_saved":
            cost = number(event.get("val_cost"))
            return f"Checkpoint saved, val {measured(cost)}" if cost == cost else "Checkpoint saved"
        case "checkpoint_pinned":
            return "Checkpoint kept for good" if event["pinned"] else "Checkpoint no longer kept"
        case "checkpoint_removed":
            return "Checkpoint removed"
        case "forked":
            how = "Rewound" if event["rewind"] else "Forked"
            return f"{how} to a new branch, run {event['child_run_id']}"
        case "recovered":
            checked = ", same values as before (checked). Nothing lost" if event["verified"] else ""
            start = f"continued from checkpoint {event['from_step']:,}"
            return f"Back at step {event['step']:,}{checked}: {start}."
        case "replayed":
            return f"Replayed: {_replayed(event)}"
        case "raised":
            return f"Failed: {event['reason']}"
        case "guard_tripped" | "warned":
            return str(event["message"])
        case "exactness":
            return _exactness(event)
        case "described":
            return _described(event)
        case "trashed":
            return "Moved to the trash"
        case "restored":
            return "Restored from the trash"
        case "declared":
            return "The script said what it consists of"
        case "worker_started":
            return f"A training process started (process {event['pid']})"
        case _:
            return ""


def _exactness(event: Json) -> str:
    if event["level"] == "exact":
        return f"Exact: repeated up to step {event['proved_at_step']:,}, equal to the last bit"
    return f"{str(event['level']).capitalize()}: {' '.join(event['reasons'])}"


def _changed(event: Json) -> str:
    """Old and new values; of a ramp where it leads: the optimizer has only begun to move."""
    before, after = event["before"], dict(event["after"])
    over_steps = event.get("over_steps")
    if over_steps:
        asked = dict(event["values"])
        if "base_learning_rate" in after:  # under a schedule the base is no learning rate in force
            asked.pop("learning_rate", None)
        after |= asked
    return f"{change(before, after)}{_ramp(over_steps)}"


def _ramp(over_steps: int | None) -> str:
    return f" over {over_steps:,} steps" if over_steps else ""


def change(before: Json, after: Json) -> str:
    """What differs, e.g. "Learning rate 0.01 → 0.005; Momentum 0.9 → 0.99"."""
    return "; ".join(
        # A setting that did not apply before, as the base of a new schedule, leaves no value.
        f"{label(name)} {value_text(name, before[name])} → {value_text(name, after[name])}"
        if name in before
        else _setting(name, after[name])
        for name in moved(before, after)
    )


def moved(before: Json, after: Json) -> list[str]:
    """The names whose values differ; all names if none does."""
    names = [name for name in after if before.get(name) != after[name]]
    if "learning_rate" in names:  # under a schedule both move together; one of them says it
        names = [name for name in names if name != "base_learning_rate"]
    return names or list(after)


def _setting(name: str, value: Any) -> str:
    return f"{label(name)} {value_text(name, value)}"


def _applied(event: Json) -> str:
    kind = event["command_kind"]
    match kind:
        case "cancel":
            return "A scheduled change was cancelled"
        case "fork":
            return f"Continues as the fork did: {change(event['before'], event['after'])}"
        case "extend":
            return f"Extended: {change(event['before'], event['after'])}"
        case "evaluate":
            found = event["after"].items()
            return "Evaluated: " + ", ".join(_measurement(*item) for item in found)
        case _:
            return str(kind).replace("_", " ").capitalize()


def _measurement(series: str, value: Any) -> str:
    return f"{series.replace('/', ' ').replace('_', ' ')} {measured(number(value))}"


def _status(event: Json) -> str:
    reason = event.get("reason")
    if event["status"] == "starting" and str(reason).startswith(RECOVERING):
        return f"{str(reason)[len(RECOVERING) :]} A new one continues from the last checkpoint."
    text = STATUS.get(event["status"], str(event["status"]))
    if not reason or reason == "user":
        return text
    return f"{text}: {PAUSE_REASONS.get(reason, reason)}"


def _described(event: Json) -> str:
    parts = []
    if event.get("name") is not None:
        parts.append(f"Renamed to {event['name']}")
    if event.get("note") is not None:
        parts.append("Description changed")
    if event.get("live") is not None:
        parts.append("Made the live branch" if event["live"] else "No longer the live branch")
    if event.get("guard") is not None:
        parts.append(f"Pause when the cost blows up: {'on' if event['guard'] else 'off'}")
    if event.get("max_steps_per_s") is not None:
        pace = event["max_steps_per_s"]
        parts.append(f"Pace {pace:,.4g} steps/s" if pace else "Full speed")
    for name, given in (event.get("controls") or {}).items():
        words = [f"{key} {str(given[key]).replace('_', ' ')}" for key in given]
        parts.append(f"Control of {name}: {', '.join(words)}")
    return "; ".join(parts)


def _replayed(event: Json) -> str:
    if not event["equal"]:
        recorded, found = str(event.get("recorded")), str(event.get("found"))
        values = "" if len(recorded) > HASH_CHARACTERS else f" was {recorded}, is {found}"
        where = f"{event.get('first_step') or 0:,}: {event.get('quantity') or 'unknown'}"
        return f"differs first at step {where}{values}"
    if event.get("branched"):
        return f"changed by hand at step {event['step']:,}, equal to the last bit up to there"
    return "equal to the last bit"


# ---- names and numbers -------------------------------------------------------------------------


def label(name: str) -> str:
    """ "learning_rate" → "Learning rate", also for names that only a task knows."""
    plain = name.replace("_", " ")
    return LABELS.get(name) or option_label(name) or plain[:1].upper() + plain[1:]


def value_text(name: str, value: Any) -> str:
    """A setting as a person would type it: four significant digits, no padding zeros."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if not isinstance(value, (int, float)):
        return str(value).replace("_", " ")
    if not math.isfinite(value):
        return str(value)
    if name in MOMENTA and 0 < value < 1:
        # A momentum needs more digits the nearer it comes to 1: 0.9, 0.995, 0.9995.
        digits = min(8, max(2, math.ceil(-math.log10(1 - value)) + 1))
        return f"{round(value, digits):g}" if digits <= 5 else f"{round(value, digits):.{digits}g}"
    size = abs(value)
    if size == int(size) and size < 1e7:
        return f"{int(value):,}"
    if size < 1e-3 or size >= 1e7:
        return _short(f"{value:.3e}")
    return f"{float(f'{value:.4g}'):.10g}"


def measured(value: float) -> str:
    """A measured value with three significant digits: 0.412, 12.3, 1.2e-5, NaN."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6 or size < 1e-4:
        text = _short(f"{size:.2e}")
    else:
        text = f"{round(size):,}" if size >= 1000 else f"{size:#.3g}".rstrip(".")
    return f"−{text}" if value < 0 else text


def number(value: Any) -> float:
    """The number behind its JSON form, which writes NaN and infinities as words."""
    return math.nan if value is None else float(value)


def _short(text: str) -> str:
    """3.000e-04 → 3e-4"""
    mantissa, exponent = text.split("e")
    return f"{re.sub(r'[.]?0+$', '', mantissa) if '.' in mantissa else mantissa}e{int(exponent)}"
