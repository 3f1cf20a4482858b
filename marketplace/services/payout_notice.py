"""What an actor is told of a payout."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from marketplace.domain.money import Money
from marketplace.domain.payout import State, Step
from marketplace.models import Payout
from marketplace.services.notice import accounts_of_actor, notify

PATH: Final = "/actor/payout"


def tell_decision(db: Session, payout: Payout, step: Step, after: State, words: str, now: datetime) -> None:
    """A decision that the actor must hear of."""
    amount = Money(payout.amount_minor, payout.currency)
    if step == Step.HOLD:
        tell(db, payout, f"held:{now.isoformat()}", f"{amount} is held", words, now)
    elif step == Step.ASK:
        tell(db, payout, f"asked:{now.isoformat()}", f"A question about {amount}", words, now)
    elif step == Step.REJECT:
        tell(db, payout, f"rejected:{now.isoformat()}", f"{amount} will not be paid out", words, now)
    elif step == Step.GIVE_BACK:
        tell(db, payout, "returned", f"{amount} went back to the platform", words, now)
    elif step == Step.RESUME and words.strip():
        tell(db, payout, f"resumed:{now.isoformat()}", f"{amount} is being reviewed again", words, now)
    elif after == State.APPROVED:
        tell(db, payout, f"approved:{now.isoformat()}", f"{amount} is approved", "It leaves within minutes.", now)


def tell(db: Session, payout: Payout, event: str, title: str, words: str, now: datetime) -> None:
    """One notice to the actor, once for each event; its kind is the event's name before any colon ("payout.held")."""
    notify(
        db,
        account_ids=accounts_of_actor(db, payout.actor_id),
        key=f"payout:{payout.id}:{event}",
        kind=f"payout.{event.partition(':')[0]}",
        title=title,
        words=words,
        path=f"{PATH}/{payout.id}",
        now=now,
    )
