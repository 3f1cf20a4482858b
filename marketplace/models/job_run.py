"""Which periodic job has run for which period, so that two clocks do the work once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base


class JobRun(Base):
    """A claim on one period of one periodic job; the primary key lets only the first through."""

    __tablename__ = "job_run"
    __table_args__ = (Index("ix_job_run_started_at", "started_at"),)

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    period: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
