"""What a script's run says that it consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from babysit.attached.state.streams import Source
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.events import Declared
from babysit.storage.journal import to_jsonable

if TYPE_CHECKING:
    from babysit.attached.session import ScriptSession


PLAIN_LOOP = (
    "The script's loop has as many turns as its data. With `for epoch in run.epochs(n)` around it, "
    "or `run.batches(loader, steps=n)`, the run can be extended."
)


def note_whether_extends(session: ScriptSession, extends: bool) -> None:
    """Say no to more steps in a loop that has as many turns as its data, and nothing else."""
    if session.fixed_length in (None, PLAIN_LOOP):  # an adapter may have said why not
        session.fixed_length = None if extends else PLAIN_LOOP


def note_length(session: ScriptSession, source: Source, index: int) -> None:
    """Where the run will end, as far as the loop that begins tells. index: of its first turn."""
    places = session.training.places
    note_whether_extends(session, places.epochs is not None or source.extends)
    if source.length is None:
        return
    rest = source.length - index
    if places.epochs is not None and places.now.inner == 1:
        rest += source.length * max(0, places.epochs - 1 - places.now.epoch)
    session.length = session.training.step + rest


def declaration(session: ScriptSession) -> Declared:
    """The event that says so now."""
    training = session.training
    parts = []
    for name, part in training.parts.by_name.items():
        lost = [text for text in training.lost_state if text.startswith(f"{name}:")]
        parts.append(
            {
                "name": name,
                "type": type(part.value).__qualname__,
                "captured": "approximate" if lost else "exact",
                "why": "; ".join(lost),
            }
        )
    for name, why in training.parts.unseen.items():
        parts.append({"name": name, "type": "", "captured": "not seen", "why": why})
    return Declared(
        step=training.step,
        steps=_last_step(session),
        hyperparameters=[
            to_jsonable(item.to_json()) for item in training.controls.declared.values()
        ],
        parts=parts,
        cost=session.cost,
        objective=training.best.objective.name,
        mode=training.best.objective.mode,
        can_evaluate=session.evaluation is not None,
    )


def _last_step(session: ScriptSession) -> int | None:
    """Where the run ends, as far as that is known."""
    limit = session.training.limit
    last = session.length if limit is None else limit
    return session.stop_at if last is None else min(last, session.stop_at or last)


def what_is_said(declared: Declared) -> tuple[Any, ...]:
    """What a person sees of it; the values of now are told by other events."""
    return (
        declared.steps,
        [{k: v for k, v in item.items() if k != "default"} for item in declared.hyperparameters],
        declared.parts,
        declared.cost,
        declared.objective,
        declared.mode,
        declared.can_evaluate,
    )


def said_of_schedulers(training: ScriptTraining) -> list[str]:
    """What has to be said when a run is extended: its schedulers were built for fewer steps."""
    names = [
        type(part.value).__name__
        for part in training.parts.by_name.values()
        if isinstance(part.value, torch.optim.lr_scheduler.LRScheduler)
    ]
    if not names:
        return []
    said = (
        f"The script's {', '.join(names)} does not know of the further steps: it goes on as it was "
        "built. Look at the learning rate."
    )
    return [said]
