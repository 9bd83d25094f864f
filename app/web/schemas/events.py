"""Events as they are published: one model for each kind, told apart by `kind`."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, Discriminator, RootModel, create_model

from babysit.protocol import events as protocol


class StoredEvent(BaseModel):
    """What every event has."""

    id: int
    run_id: int
    attempt: int  # 0: the server's own event
    seq: int
    summary: str  # what happened in words, without the reason that a person gave for it


def _model(event: type[protocol.Event]) -> type[BaseModel]:
    """The model of one kind. Its fields are those of the record in the journal."""
    types = get_type_hints(event)
    recorded: dict[str, Any] = {
        item.name: (types[item.name], ... if item.name == "at" else _default(item))
        for item in fields(event)
    }
    recorded["kind"] = (Literal[event.kind], ...)
    name = f"{event.__name__}Event"
    return create_model(name, __base__=StoredEvent, __doc__=event.__doc__, **recorded)


def _default(item: Field[Any]) -> Any:
    """The default of a field; an older journal may lack the field."""
    if item.default is not MISSING:
        return item.default
    return ... if item.default_factory is MISSING else item.default_factory()


_AnyEvent: Any = reduce(or_, (_model(event) for event in protocol.EVENTS.values()))


class Event(RootModel[Annotated[_AnyEvent, Discriminator("kind")]]):
    """Something that happened in a run. `kind` decides which other fields it has."""
