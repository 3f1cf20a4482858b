"""How long payouts are reviewed and held: the middle and the ninetieth of a hundred, over the last thirty days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Subquery, func, or_, select
from sqlalchemy.orm import Session, aliased

from marketplace.domain.payout import State
from marketplace.models import PayoutEvent

LOOKED_AT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many stays in a state ended lately, and how long they were: None without any."""

    count: int
    median: timedelta | None
    ninetieth: timedelta | None


def read_pace(db: Session, state: State, *, now: datetime) -> Pace:
    """The stays in `state` that ended in the last thirty days, by nearest rank, reckoned by the database."""
    spans = _spans(db, state, now - LOOKED_AT)
    ranked = select(
        spans.c.seconds,
        func.row_number().over(order_by=spans.c.seconds).label("place"),
        func.count().over().label("total"),
    ).subquery()
    least = func.min(ranked.c.seconds)
    count, median, ninetieth = db.execute(
        select(
            func.count(),
            least.filter(ranked.c.place * 2 >= ranked.c.total),
            least.filter(ranked.c.place * 10 >= ranked.c.total * 9),
        ).select_from(ranked)
    ).one()
    return Pace(count, _span(median), _span(ninetieth))


def _spans(db: Session, state: State, since: datetime) -> Subquery:
    left, came = aliased(PayoutEvent), aliased(PayoutEvent)
    began = select(func.max(came.at)).where(
        came.payout_id == left.payout_id,
        came.id < left.id,
        came.after == state,
        or_(came.before.is_(None), came.before != state),
    )
    ended = (left.before == state) & (left.after != state) & (left.at >= since)
    return select(_seconds(db, began.scalar_subquery(), left.at).label("seconds")).where(ended).subquery()


def _seconds(db: Session, start: Any, end: Any) -> ColumnElement[Any]:
    """The seconds between two instants; each engine has a word of its own for it."""
    if db.get_bind().dialect.name == "sqlite":
        return (func.julianday(end) - func.julianday(start)) * 86_400
    return func.extract("epoch", end - start)


def _span(seconds: Any) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=round(float(seconds)))
