"""Tells the admins what came up with a payment: once for each event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.models import Payment
from marketplace.services.notice import notify_admins


def tell_admins(
    db: Session,
    payment: Payment,
    event: str,
    title: str,
    words: str,
    now: datetime,
    *,
    path: str = "/admin/health",
) -> None:
    """What needs a person's eyes; `event` names it within the payment, so that it is told once."""
    notify_admins(
        db,
        key=f"payment:{payment.id}:{event}",
        kind="payment",
        title=title,
        words=f"Booking {payment.booking_id}: {words}",
        path=path,
        now=now,
    )
