"""What a script's run says that it consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from babysit.protocol.events import Declared
from babysit.storage.journal import to_jsonable

if TYPE_CHECKING:
    from babysit.attached.session import ScriptSession


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
