"""When the next call to another company may be made: shared by every process."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base


class Pace(Base):
    """One row for each company: the next free instant, in microseconds since 1970, taken by a single UPDATE."""

    __tablename__ = "pace"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    next_us: Mapped[int] = mapped_column(BigInteger, default=0)
