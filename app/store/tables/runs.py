"""The tables: rows only, no queries. All but sessions can be rebuilt from journals."""

from __future__ import annotations

import json
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from babysit.protocol.objective import DEFAULT, Mode, Objective
from babysit.protocol.status import RunStatus
from babysit.storage.journal import to_jsonable

from ...errors import DatabaseCorrupt

JsonObject: TypeAlias = dict[str, Any]
WireNumber: TypeAlias = float | str  # "NaN" and the infinities are strings

CHUNKS_BY_STEP = ("run_id", "series", "last_step", "first_step", "attempt", "count")
DAMAGED = "The database is damaged. Stop the server; `babysit rebuild` makes the database again."


class PlainText(TypeDecorator[str]):
    """Text that every database takes: without NUL and lone surrogates."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class PlainJson(TypeDecorator[Any]):
    """JSON as text, non-finite numbers as the strings of the wire: NaN would become NULL or fail.

    PostgreSQL's own JSON refuses some of what SQLite takes; text is the same in both.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(to_jsonable(value), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        try:
            return None if value is None else json.loads(value)
        except ValueError as error:
            raise DatabaseCorrupt(DAMAGED) from error


class Table(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Base of all tables. Constructors take keywords only."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: PlainText,
        int: BigInteger().with_variant(Integer, "sqlite"),
        WireNumber: PlainJson,
        WireNumber | None: PlainJson,
        JsonObject: PlainJson,
        list[str]: PlainJson,
        Mode: Text,
        RunStatus: Enum(
            RunStatus,
            native_enum=False,
            create_constraint=True,
            length=16,
            name="status",
            values_callable=lambda statuses: [status.value for status in statuses],
        ),
    }


class RunRow(Table):
    """One training run; a fork is a new run that names the run, step and checkpoint it left.

    values: base values in force. initial_values: at its first step. effective: what is used next.
    attempt: its newest process, from 1. server_seq: records of `server.journal` known here.
    replay_of: the run whose recipe it repeats. search_id, trial, round: of a search's trial.
    script: as `ScriptSpec`. declared: what the script last declared. best_value: of `objective`.
    """

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("steps > 0", name="steps_positive"),
        CheckConstraint("(parent_run_id IS NULL) = (parent_step IS NULL)", name="fork_has_step"),
        Index("ix_runs_family_id", "family_id"),
        Index("ix_runs_status", "status"),
        Index("ix_runs_search_id", "search_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    family_id: Mapped[int]
    name: Mapped[str]
    task: Mapped[str]
    steps: Mapped[int]
    seed: Mapped[int]
    values: Mapped[JsonObject]
    created_at: Mapped[str]
    initial_values: Mapped[JsonObject]
    status: Mapped[RunStatus] = mapped_column(default=RunStatus.QUEUED)
    reason: Mapped[str | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    step: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    server_seq: Mapped[int] = mapped_column(default=0)
    last_event_id: Mapped[int] = mapped_column(default=0)
    parent_run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), default=None)
    parent_step: Mapped[int | None] = mapped_column(default=None)
    parent_checkpoint_id: Mapped[int | None] = mapped_column(default=None)
    live: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    actor: Mapped[str] = mapped_column(default="owner")
    max_steps_per_s: Mapped[float | None] = mapped_column(default=None)
    guard: Mapped[bool] = mapped_column(default=True)
    started_at: Mapped[str | None] = mapped_column(default=None)
    ended_at: Mapped[str | None] = mapped_column(default=None)
    trashed_at: Mapped[str | None] = mapped_column(default=None)
    effective: Mapped[JsonObject | None] = mapped_column(default=None)
    latest: Mapped[JsonObject] = mapped_column(default_factory=dict)
    best_step: Mapped[int | None] = mapped_column(default=None)
    best_value: Mapped[float | None] = mapped_column("best_val_cost", default=None)
    steps_per_epoch: Mapped[int | None] = mapped_column(default=None)
    train_size: Mapped[int | None] = mapped_column(default=None)
    threads: Mapped[int | None] = mapped_column(default=None)
    device: Mapped[str | None] = mapped_column(default=None)
    machine: Mapped[str | None] = mapped_column(default=None)
    checkpoint_count: Mapped[int] = mapped_column(default=0)
    replay_of: Mapped[int | None] = mapped_column(default=None)
    replayed: Mapped[JsonObject | None] = mapped_column(default=None)
    search_id: Mapped[int | None] = mapped_column(default=None)
    trial: Mapped[int | None] = mapped_column(default=None)
    round: Mapped[int | None] = mapped_column(default=None)
    script: Mapped[JsonObject | None] = mapped_column(default=None)
    declared: Mapped[JsonObject | None] = mapped_column(default=None)
    objective: Mapped[str] = mapped_column(default=DEFAULT.name)
    mode: Mapped[Mode] = mapped_column(default=DEFAULT.mode)

    @property
    def ranking(self) -> Objective:
        """What decides which of its checkpoints is the best."""
        return Objective(self.objective, self.mode)


class CommandRow(Table):
    """A command for a run, and its result.

    Ids grow over all runs. A fork takes over its parent's scheduled changes with their ids.
    redo_at: of a recipe: the step at which it acts; no client waits for its answer.
    """

    __tablename__ = "commands"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'applied', 'refused')", name="status"),
        Index("ix_commands_run_id_status", "run_id", "status"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    body: Mapped[JsonObject]
    actor: Mapped[str]
    created_at: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    step: Mapped[int | None] = mapped_column(default=None)
    before: Mapped[JsonObject | None] = mapped_column(default=None)
    after: Mapped[JsonObject | None] = mapped_column(default=None)
    undo_values: Mapped[JsonObject | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    field: Mapped[str | None] = mapped_column(default=None)
    notes: Mapped[list[str]] = mapped_column(default_factory=list)
    redo_at: Mapped[int | None] = mapped_column(default=None)


class EventRow(Table):
    """Something that happened. attempt 0 is `server.journal`, seq its place there."""

    __tablename__ = "events"
    __table_args__ = (
        Index("uq_events_run_id_attempt_seq", "run_id", "attempt", "seq", unique=True),
        Index("ix_events_run_id_id", "run_id", "id"),
        {"sqlite_autoincrement": True},  # an id is never used twice: streams resume by it
    )

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    attempt: Mapped[int]
    seq: Mapped[int]
    step: Mapped[int]
    kind: Mapped[str]
    at: Mapped[str]
    body: Mapped[JsonObject]  # the whole message, with kind, step and at


class CurveChunkRow(Table):
    """A stretch of one series of one attempt, compressed by `app/store/curves/chunks.py`.

    Its key is its place, so that it is the same row when it is made again from the journal.
    low, high: extremes of the finite values, or None. closed: full; only the newest one is open.
    """

    __tablename__ = "curve_chunks"
    __table_args__ = (
        Index("ix_curve_chunks_open", "run_id", "closed", "attempt", "series"),
        Index("ix_curve_chunks_by_step", *CHUNKS_BY_STEP),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    first_step: Mapped[int]
    last_step: Mapped[int]
    count: Mapped[int]
    low: Mapped[float | None]
    high: Mapped[float | None]
    closed: Mapped[bool]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Table):
    """A saved state of a run. directory is below the run's `checkpoints/`."""

    __tablename__ = "checkpoints"
    __table_args__ = (Index("ix_checkpoints_run_id", "run_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    step: Mapped[int]
    cause: Mapped[str]
    directory: Mapped[str]
    val_cost: Mapped[WireNumber | None]
    bytes: Mapped[int]
    weights_sha256: Mapped[str]
    state_sha256: Mapped[str]
    at: Mapped[str]
    command_id: Mapped[int | None] = mapped_column(default=None)
    pinned: Mapped[bool] = mapped_column(default=False)
    removed: Mapped[bool] = mapped_column(default=False)
    objective_value: Mapped[WireNumber | None] = mapped_column(default=None)  # if not `val_cost`


class JournalCursorRow(Table):
    """How far a journal has been read into these tables; moved in the same transaction."""

    __tablename__ = "journal_cursors"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    offset: Mapped[int] = mapped_column("byte_offset", default=0)
    seq: Mapped[int] = mapped_column(default=0)


class SessionRow(Table):
    """A signed-in browser. Only the hash of its cookie is kept."""

    __tablename__ = "sessions"

    cookie_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64))  # another token ends it
    role: Mapped[str]
    created_at_s: Mapped[float]  # Unix time, seconds


class IdempotencyKeyRow(Table):
    """The answer to a POST that named a key, for when it is sent again."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))  # of method, path and body
    status_code: Mapped[int]
    answer: Mapped[JsonObject]
    created_at_s: Mapped[float]  # Unix time, seconds
