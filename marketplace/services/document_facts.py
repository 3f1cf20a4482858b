"""What a document says, gathered once when it is issued: later changes of a name or a price do not reach it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.document import Issuer, Kind, number_in
from marketplace.domain.ledger import AccountKind
from marketplace.domain.rate import Usage
from marketplace.models import (
    Account,
    Booking,
    CaptureSession,
    Document,
    LedgerAccount,
    LedgerEntry,
    Member,
    Payment,
    Payout,
    Posting,
    Take,
)
from marketplace.models.column import sum_of
from marketplace.services.booking_step import quote_of
from marketplace.services.debt import Settled, settled_by
from marketplace.services.payment import reference_of, share_of

Facts = dict[str, Any]
OURS: Final = (AccountKind.STRIPE_BALANCE, AccountKind.BANK)


def facts_of(db: Session, posting: Posting, kind: Kind, booking: Booking, issuer: Issuer) -> Facts:
    """Everything on the document of a posting, ready for a JSON column; amounts are minor units, never negative
    but on lines that take something off."""
    made = {
        Kind.INVOICE: _invoice,
        Kind.CREDIT_NOTE: _credit_note,
        Kind.CORRECTION: _correction,
        Kind.PAYOUT: _payout,
    }[kind]
    to = _actor(booking) if kind == Kind.PAYOUT else _platform(db, booking)
    return {
        "issuer": {"name": issuer.name, "address": issuer.address, "tax_number": issuer.tax_number},
        "to": to,
        "booking": _booking(db, booking, for_actor=kind == Kind.PAYOUT),
        "at": _text(posting.at),
        **made(db, posting, booking),
    }


# who and what ------------------------------------------------------------------------------------


def _platform(db: Session, booking: Booking) -> Facts:
    booked_by = select(Account.name).join(Member, Member.account_id == Account.id).where(Member.id == booking.member_id)
    attention = db.scalar(booked_by)
    platform = booking.platform
    return {
        "name": platform.name,
        "attention": attention or "",
        "place": platform.site_url or "",
        "country": platform.country or "",
    }


def _actor(booking: Booking) -> Facts:
    actor = booking.actor
    return {"name": actor.name, "attention": "", "place": actor.city, "country": actor.country or ""}


def _booking(db: Session, booking: Booking, *, for_actor: bool) -> Facts:
    beats = booking.brief.beats
    flavours = {slug for beat in beats for slug in (beat.from_flavour, beat.to_flavour) if slug}
    return {
        "id": booking.id,
        "reference": reference_of(booking),
        "actor": booking.actor.name,
        "platform": booking.platform.name,
        "project": booking.brief.project,
        "usage": Usage.from_json(booking.usage).label if booking.usage else "",
        "is_extra": booking.is_extra,
        "starts_at": _text(booking.starts_at),
        "ends_at": _text(booking.ends_at),
        "zone": booking.actor_zone if for_actor else booking.platform_zone,
        "minutes": int((booking.ends_at - booking.starts_at).total_seconds()) // 60,
        "flavours": len(flavours),
        "takes": _count_takes(db, booking) if for_actor else None,
    }


def _count_takes(db: Session, booking: Booking) -> int:
    ready = (
        select(func.count())
        .select_from(Take)
        .join(CaptureSession, CaptureSession.id == Take.capture_session_id)
        .where(CaptureSession.booking_id == booking.id, Take.state == "ready")
    )
    return db.scalar(ready) or 0


# the four kinds ----------------------------------------------------------------------------------


def _invoice(db: Session, posting: Posting, booking: Booking) -> Facts:
    amount = _received(db, posting)
    quote = quote_of(booking)
    lines = [_line(line.label, line.amount.minor) for line in quote.lines]
    parts = {"subtotal_minor": quote.subtotal.minor, "fee_minor": quote.fee.minor, "fee_bp": quote.fee_bp}
    if quote.total.minor != amount:  # what was charged is what is invoiced, whatever was agreed
        lines, parts = [_line("Booking as charged", amount)], {"subtotal_minor": amount, "fee_minor": 0, "fee_bp": 0}
    references = _payment_of(db, booking) | {"charge": posting.stripe_id or ""}
    return {"lines": lines, **parts, "total_minor": amount, "references": references}


def _credit_note(db: Session, posting: Posting, booking: Booking) -> Facts:
    amount = -_received(db, posting)
    return _undo(db, posting, booking, amount, "Capture, credited", "credited") | {
        "original": _number_of(db, booking, Kind.INVOICE)
    }


def _correction(db: Session, posting: Posting, booking: Booking) -> Facts:
    amount = _received(db, posting)
    note = select(Document).join(Posting, Posting.id == Document.posting_id)
    credited = db.scalar(note.where(Posting.event_key == f"refund:{posting.stripe_id}"))
    return _undo(db, posting, booking, amount, "Capture, credit taken back", "credit taken back") | {
        "original": _named(credited) if credited else None
    }


def _undo(db: Session, posting: Posting, booking: Booking, amount: int, capture: str, fee: str) -> Facts:
    """An amount of the invoice in the proportion of its price: the capture's part and the fee's."""
    fee_part, capture_part = share_of(amount, booking)
    return {
        "lines": [_line(capture, capture_part.minor)],
        "subtotal_minor": capture_part.minor,
        "fee_minor": fee_part.minor,
        "fee_bp": quote_of(booking).fee_bp,
        "fee_words": fee,
        "total_minor": amount,
        "references": {"refund": posting.stripe_id or ""} | _payment_of(db, booking),
    }


def _payout(db: Session, posting: Posting, booking: Booking) -> Facts:
    payout = db.scalars(select(Payout).where(Payout.booking_id == booking.id)).one()
    sent = -_received(db, posting)
    earlier = select(func.max(Document.posting_id)).where(
        Document.booking_id == booking.id, Document.kind == Kind.PAYOUT
    )
    debts = settled_by(db, booking, posting.currency, after_posting_id=db.scalar(earlier) or 0)
    taken_off = sum(debt.amount_minor for debt in debts)
    return {
        "lines": [_line("Earned with this booking", sent + taken_off), *(_debt_line(debt) for debt in debts)],
        "debts": [_debt(debt) for debt in debts],
        "total_minor": sent,
        "references": {"transfer": posting.stripe_id or "", "payout": f"po_{payout.id}"},
    }


def _debt_line(debt: Settled) -> Facts:
    return _line(f"{debt.words}, booking {debt.booking_id}", -debt.amount_minor)


def _debt(debt: Settled) -> Facts:
    return {"booking_id": debt.booking_id, "at": _text(debt.at), "amount_minor": debt.amount_minor}


# small things ------------------------------------------------------------------------------------


def _received(db: Session, posting: Posting) -> int:
    """What came to us with a posting, in minor units; what left us is minus."""
    query = (
        select(sum_of(LedgerEntry.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerEntry.posting_id == posting.id, LedgerAccount.kind.in_(OURS))
    )
    return db.scalar(query) or 0


def _payment_of(db: Session, booking: Booking) -> Facts:
    found = select(Payment.payment_intent_id, Payment.charge_id).where(Payment.booking_id == booking.id)
    row = db.execute(found).first()
    intent, charge = row or (None, None)
    return {"payment": intent or "", "charge": charge or ""}


def _number_of(db: Session, booking: Booking, kind: Kind) -> Facts | None:
    query = select(Document).where(Document.booking_id == booking.id, Document.kind == kind)
    document = db.scalars(query.order_by(Document.id)).first()
    return _named(document) if document else None


def _named(document: Document) -> Facts:
    return {"number": number_in(document.series, document.number), "issued_at": _text(document.issued_at)}


def _line(words: str, amount_minor: int) -> Facts:
    return {"words": words, "amount_minor": amount_minor}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
