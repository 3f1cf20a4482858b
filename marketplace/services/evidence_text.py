"""What our records say to a platform's bank, field by field as Stripe names them, and the words we propose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.cancellation import Tier
from marketplace.models import Account, Booking, CaptureSession, Dispute, Grant, Member, Message, Payment, Take

MOST_QUOTED = 8


@dataclass(frozen=True, slots=True)
class Story:
    """What we know of a disputed booking."""

    booking: Booking
    payment: Payment
    member: Account
    session: CaptureSession | None
    grant: Grant | None
    takes: int
    messages: list[Message]


def texts_of(db: Session, dispute: Dispute) -> dict[str, str]:
    """Facts for the bank, by Stripe's name of the field; what we do not know is left out."""
    story = read_story(db, dispute)
    booking = story.booking
    found = {
        "product_description": f"{_hours(booking)} of performance capture by the actor {booking.actor.name} for "
        f"“{booking.brief.project}”, booked and paid through our marketplace.",
        "service_date": _day(story.session.started_at if story.session else booking.starts_at),
        "customer_name": f"{story.member.name}, {booking.platform.name}",
        "customer_email_address": story.member.email,
        "customer_purchase_ip": story.member.current_login_ip or story.member.last_login_ip or "",
        "refund_policy_disclosure": f"{Tier(booking.cancellation).sentence} These terms were shown before the request.",
        "access_activity_log": _log(story),
    }
    return {name: text for name, text in found.items() if text}


def propose_words(db: Session, dispute: Dispute) -> str:
    """What an admin starts from: the story of the booking, in sentences that the records bear out."""
    story = read_story(db, dispute)
    booking = story.booking
    project, paid_at = booking.brief.project, story.payment.captured_at or booking.created_at
    lines = [
        f"{booking.platform.name} booked {booking.actor.name} on {_day(booking.created_at)} for “{project}”.",
        f"It paid on {_day(paid_at)}, after the actor had accepted.",
        *_log(story).splitlines(),
    ]
    quotes = [f"{_day(each.created_at)}, {_side(each, booking)}: {each.words}" for each in story.messages]
    return "\n".join([*lines, *(["", "From the messages of the booking:", *quotes] if quotes else [])])


def read_story(db: Session, dispute: Dispute) -> Story:
    """The booking behind a dispute, with the newest of its messages."""
    booking = db.get_one(Booking, dispute.booking_id)
    session = db.scalar(select(CaptureSession).where(CaptureSession.booking_id == booking.id))
    takes = select(func.count()).where(Take.capture_session_id == session.id) if session else None
    newest = select(Message).where(Message.booking_id == booking.id).order_by(Message.id.desc()).limit(MOST_QUOTED)
    asked = select(Account).join(Member, Member.account_id == Account.id).where(Member.id == booking.member_id)
    return Story(
        booking=booking,
        payment=db.get_one(Payment, dispute.payment_id),
        member=db.scalars(asked).one(),
        session=session,
        grant=db.scalar(select(Grant).where(Grant.booking_id == booking.id)),
        takes=int(db.scalar(takes) or 0) if takes is not None else 0,
        messages=list(reversed(db.scalars(newest).all())),
    )


def _log(story: Story) -> str:
    """What happened when, a line each."""
    grant, session = story.grant, story.session
    lines = [
        (grant.signed_at, f"{grant.signed_name} signed the consent to the terms") if grant else None,
        (session.started_at, "The capture session began") if session else None,
        (session.delivered_at, f"{_takes(story.takes)} delivered to the platform") if session else None,
        (session.accepted_at, "The takes were accepted") if session else None,
    ]
    return "\n".join(f"{_instant(line[0])}: {line[1]}." for line in lines if line and line[0])


def _takes(count: int) -> str:
    return "1 take was" if count == 1 else f"{count} takes were"


def _side(message: Message, booking: Booking) -> str:
    return {"platform": booking.platform.name, "actor": booking.actor.name}.get(message.party, "the marketplace")


def _hours(booking: Booking) -> str:
    minutes = int((booking.ends_at - booking.starts_at).total_seconds()) // 60
    return f"{minutes} minutes"


def _day(at: datetime) -> str:
    return f"{at:%-d %B %Y}"


def _instant(at: datetime) -> str:
    return f"{at:%-d %B %Y, %H:%M} UTC"
