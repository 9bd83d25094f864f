"""The table of summaries of curves."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from .runs import Table


class CurveSummaryRow(Table):
    """A stretch of one series of one attempt in buckets of `size` values each.

    Made with the joined chunks, of all of them or of none, by `app/store/curves/summaries.py`.
    """

    __tablename__ = "curve_summaries"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    first_step: Mapped[int]
    last_step: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
