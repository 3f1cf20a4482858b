"""Deliveries that our webhook addresses refuse: counted by the hour, and told of once in each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marketplace.models import WebhookRefusal
from marketplace.models.column import sum_of
from marketplace.services.notice import notify_admins

Address = Literal["own", "connected", "thin"]
Reason = Literal["signature", "form"]

WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        "signature": "its signature is not by a secret of that address, or it is older than five minutes. Either "
        "someone else sent it, or a secret or this machine's clock is wrong: then no event of Stripe's arrives",
        "form": "it belongs to another of our addresses: an endpoint at Stripe is set up with the wrong one",
    }
)


def count_refusal(db: Session, *, address: Address, reason: Reason, now: datetime) -> int:
    """One more delivery was refused; how many for that reason at that address in this hour. Admins learn of the first.

    Nothing of the delivery is kept: whoever sent it could have written anything.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    insert: Any = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(WebhookRefusal).values(address=address, reason=reason, hour=hour, count=1)
    counted = row.on_conflict_do_update(
        index_elements=[WebhookRefusal.address, WebhookRefusal.reason, WebhookRefusal.hour],
        set_={"count": WebhookRefusal.count + 1},
    ).returning(WebhookRefusal.count)
    count = int(db.execute(counted).scalar_one())
    if count == 1:
        _tell_admins(db, address, reason, hour, now)
    return count


def _tell_admins(db: Session, address: Address, reason: Reason, hour: datetime, now: datetime) -> None:
    notify_admins(
        db,
        key=f"webhook:{hour.isoformat()}",
        kind="stripe_event",
        title="A delivery to a webhook was refused",
        words=f"The address for {address} events refused one: {WORDS[reason]}. You are told at most once an hour.",
        path="/admin/event",
        now=now,
    )


def count_refusals(db: Session, *, since: datetime) -> list[tuple[str, str, int]]:
    """How many were refused since: (address, reason, count), the most first."""
    total = sum_of(WebhookRefusal.count)
    rows = db.execute(
        select(WebhookRefusal.address, WebhookRefusal.reason, total)
        .where(WebhookRefusal.hour >= since)
        .group_by(WebhookRefusal.address, WebhookRefusal.reason)
        .order_by(total.desc(), WebhookRefusal.address, WebhookRefusal.reason)
    )
    return [(address, reason, count) for address, reason, count in rows]
