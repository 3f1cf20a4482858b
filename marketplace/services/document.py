"""Documents: each posting that wants one gets it once, under the next number of its series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from marketplace.domain.document import FOR_PLATFORM, KIND_OF, Issuer, Kind, number_in, series_of
from marketplace.domain.errors import NotFound
from marketplace.models import Booking, Document, DocumentSeries, Payout, Posting
from marketplace.services.document_facts import facts_of
from marketplace.services.once import insert_once

LOOK_BACK: Final = timedelta(days=3)
"""How long before the newest document a posting without one is still looked for, but for the sweep of everything."""

MOST_AT_ONCE: Final = 500


def find_undocumented(
    db: Session,
    *,
    since: datetime | None = None,
    platform_id: int | None = None,
    actor_id: int | None = None,
    limit: int = MOST_AT_ONCE,
) -> Sequence[int]:
    """Postings that want a document and have none, oldest first; of one platform's or actor's bookings, if asked."""
    wanted = select(Posting.id).where(_wants_document(), ~exists().where(Document.posting_id == Posting.id))
    if since is not None:
        wanted = wanted.where(Posting.at >= since)
    if platform_id is not None:
        kinds = [kind for kind, made in KIND_OF.items() if made in FOR_PLATFORM]
        wanted = wanted.where(_of_bookings(Booking.platform_id == platform_id), Posting.kind.in_(kinds))
    if actor_id is not None:
        kinds = [kind for kind, made in KIND_OF.items() if made == Kind.PAYOUT]
        wanted = wanted.where(_of_bookings(Booking.actor_id == actor_id), Posting.kind.in_(kinds))
    return db.scalars(wanted.order_by(Posting.id).limit(limit)).all()


def recent(db: Session, *, now: datetime) -> datetime:
    """From when on the frequent sweep looks: a while before the newest document, however long nobody swept."""
    newest = db.scalar(select(Document.issued_at).order_by(Document.id.desc()).limit(1))
    return (newest or datetime.fromtimestamp(0, now.tzinfo)) - (LOOK_BACK if newest else timedelta(0))


def issue_document(db: Session, *, posting_id: int, issuer: Issuer, now: datetime) -> int | None:
    """Issue the document of a posting; its id, or None when the posting has one already.

    The number is taken under the guard of the series' row, in the transaction that writes the document: two workers
    take two numbers one after the other, and what is rolled back gives its number back.
    """
    posting = db.get_one(Posting, posting_id)
    kind = KIND_OF[posting.kind]
    if kind in FOR_PLATFORM:
        _issue_earlier(db, posting, issuer, now)
    row = _hold_series(db, series_of(kind, now))
    if _is_documented(db, posting_id):
        return None
    return _write(db, posting, kind, row, issuer, now)


def _issue_earlier(db: Session, posting: Posting, issuer: Issuer, now: datetime) -> None:
    """What a document refers to comes first: the invoice of a credit note, the credit note of a correction."""
    if posting.kind == "charge":
        return
    earlier = select(Posting.id).where(
        Posting.booking_id == posting.booking_id,
        or_(Posting.kind == "charge", Posting.event_key == f"refund:{posting.stripe_id}"),
        Posting.id != posting.id,
        ~exists().where(Document.posting_id == Posting.id),
    )
    for posting_id in db.scalars(earlier.order_by(Posting.id)).all():
        issue_document(db, posting_id=posting_id, issuer=issuer, now=now)


def _hold_series(db: Session, name: str) -> DocumentSeries:
    """The row of a series, made when it is first needed; other writers wait for it until this transaction ends."""
    insert_once(db, DocumentSeries, name=name, last_number=0)
    held = select(DocumentSeries).where(DocumentSeries.name == name).with_for_update()
    return db.scalars(held.execution_options(populate_existing=True)).one()


def _is_documented(db: Session, posting_id: int) -> bool:
    return db.scalar(select(Document.id).where(Document.posting_id == posting_id)) is not None


def _write(db: Session, posting: Posting, kind: Kind, row: DocumentSeries, issuer: Issuer, now: datetime) -> int:
    number = row.last_number + 1
    db.execute(update(DocumentSeries).where(DocumentSeries.name == row.name).values(last_number=number))
    booking = db.get_one(Booking, posting.booking_id)
    facts = facts_of(db, posting, kind, booking, issuer)
    document = Document(
        kind=kind,
        series=row.name,
        number=number,
        posting_id=posting.id,
        booking_id=booking.id,
        platform_id=booking.platform_id if kind in FOR_PLATFORM else None,
        actor_id=None if kind in FOR_PLATFORM else booking.actor_id,
        currency=posting.currency,
        amount_minor=facts["total_minor"],
        facts=facts,
        issued_at=now,
    )
    db.add(document)
    db.flush()
    return document.id


def _wants_document() -> ColumnElement[bool]:
    """Postings of the kinds that want one; a netted debt only where it took all there was, and took it last."""
    later = aliased(Posting)
    took_all = (
        exists()
        .where(Payout.booking_id == Posting.booking_id, Payout.netted_minor == Payout.amount_minor)
        .where(Payout.stripe_transfer_id.is_(None))
    )
    is_last = ~exists().where(later.booking_id == Posting.booking_id, later.kind == "net", later.id > Posting.id)
    plain = [kind for kind in KIND_OF if kind != "net"]
    return and_(
        Posting.booking_id.is_not(None),
        or_(Posting.kind.in_(plain), and_(Posting.kind == "net", took_all, is_last)),
    )


def _of_bookings(mine: ColumnElement[bool]) -> ColumnElement[bool]:
    return Posting.booking_id.in_(select(Booking.id).where(mine))


# reading -----------------------------------------------------------------------------------------

PAGE_SIZE: Final = 25


def full_number(document: Document) -> str:
    """The number that stands on it."""
    return number_in(document.series, document.number)


def get_document(
    db: Session, document_id: int, *, platform_id: int | None = None, actor_id: int | None = None
) -> Document:
    """A document, of that platform or actor if one is named; another's is not found."""
    document = db.get(Document, document_id)
    is_theirs = document is not None and (
        (platform_id is None or document.platform_id == platform_id)
        and (actor_id is None or document.actor_id == actor_id)
    )
    if document is None or not is_theirs:
        raise NotFound("There is no such document.")
    return document


def list_documents(
    db: Session, *, platform_id: int | None = None, actor_id: int | None = None, page: int = 1
) -> tuple[Sequence[Document], int]:
    """A page of a platform's or an actor's documents, newest first, and how many pages there are."""
    mine = Document.platform_id == platform_id if platform_id is not None else Document.actor_id == actor_id
    count = db.scalar(select(func.count()).select_from(Document).where(mine)) or 0
    pages = max(1, -(-count // PAGE_SIZE))
    newest = select(Document).where(mine).order_by(Document.issued_at.desc(), Document.id.desc())
    return db.scalars(newest.limit(PAGE_SIZE).offset((min(page, pages) - 1) * PAGE_SIZE)).all(), pages


def documents_of_bookings(db: Session, booking_ids: Sequence[int], *, for_platform: bool) -> Sequence[Document]:
    """What has been issued to one side of some bookings, oldest first."""
    mine = Document.platform_id.is_not(None) if for_platform else Document.actor_id.is_not(None)
    query = select(Document).where(Document.booking_id.in_(booking_ids), mine)
    return db.scalars(query.order_by(Document.id)).all()


def payout_documents(db: Session, actor_id: int, booking_ids: Sequence[int]) -> dict[int, int]:
    """The newest payout statement of each of an actor's bookings: {booking id: document id}."""
    found = select(Document.booking_id, Document.id).where(
        Document.actor_id == actor_id, Document.booking_id.in_(booking_ids), Document.kind == Kind.PAYOUT
    )
    return {booking_id: id for booking_id, id in db.execute(found.order_by(Document.id)) if booking_id is not None}
