"""The demo's people at work: every step of a booking through the product's own services, at the time it happened."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.command.seeding.stage import Stage
from marketplace.command.seeding.story import Story
from marketplace.domain.availability import Interval
from marketplace.domain.booking import Party
from marketplace.domain.rate import Usage, UsageScope, UsageTerm
from marketplace.gateways.media.video import Video
from marketplace.models import Account, Actor, Booking, CaptureSession, Clip, Member, Payout, Take
from marketplace.sandbox.demo.trade import Title
from marketplace.services import booking as bookings
from marketplace.services import media, payout
from marketplace.services.availability import free_slots
from marketplace.services.booking_request import BeatAsk, Request, request_booking
from marketplace.services.booking_step import By
from marketplace.services.capture import add_note, select_take
from marketplace.services.consent import shown_digest, sign_consent
from marketplace.services.media import Sender
from marketplace.services.payout_step import Decision
from workers.tasks.outbox import send_due_payouts
from workers.tasks.payment import sync_transfer

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SEARCH: Final = timedelta(days=9)
USAGE: Final = Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12)
ASKED_FIRST: Final = ("kissing",)
"""What waits for a yes in so many words from the demo's first actor."""
TAKES: Final = 3


@dataclass(frozen=True, slots=True)
class People:
    """Who plays: actors and the first member of each platform, in the order of the demo's lists, and the admins."""

    actors: Sequence[Actor]
    members: Sequence[Member]
    admins: Sequence[Account]


class Player:
    """Plays one story, a step at a time."""

    def __init__(self, stage: Stage, people: People, story: Story, now: datetime) -> None:
        self.stage, self.story, self.now = stage, story, now
        self.actor, self.member = people.actors[story.actor], people.members[story.house]
        self.admins = people.admins
        self.actor_by = By(Party.ACTOR, self.actor.account_id)
        self.platform_by = By(Party.PLATFORM, self.member.account_id)
        self.booking_id = 0
        self.slot = Interval(now, now + HOUR)

    def ask(self) -> datetime | None:
        """The request or draft is written; when. None when the actor has no free time: the story is left out."""
        slot = self._find_slot()
        if slot is None:
            return None
        self.slot = slot
        asked_at = self._asked_at(slot)
        self.booking_id = self._request(slot, asked_at)
        return asked_at

    # finding a time -----------------------------------------------------------------------------

    def _find_slot(self) -> Interval | None:
        wanted = self.now + self.story.days * DAY
        length = timedelta(minutes=self.story.minutes)
        past = self.story.days < 0
        first, last = (wanted - SEARCH, min(wanted, self.now - length)) if past else (wanted, wanted + SEARCH)
        window = Interval(first, last)
        with self.stage.tools.reading() as db:
            found = free_slots(db, self.actor.id, length, window, window.starts_at - 7 * DAY)
        if not found:
            return None
        return found[-1] if past else found[0]

    def _asked_at(self, slot: Interval) -> datetime:
        """Five days before a past session; for one to come, as long ago as its story allows."""
        if slot.starts_at < self.now:
            return slot.starts_at - 5 * DAY
        ago = {"requested": 5, "draft": 3, "countered": 20, "accepted": 20, "expired": 80, "lapsed": 90}.get(
            self.story.end, 44
        )
        return self.now - ago * HOUR

    # steps --------------------------------------------------------------------------------------

    def _request(self, slot: Interval, at: datetime) -> int:
        title = self.story.title
        ask = Request(
            token=secrets.token_urlsafe(24),
            actor_id=self.actor.id,
            starts_at=slot.starts_at,
            minutes=self.story.minutes,
            usage=USAGE,
            project=title.name,
            character=title.character,
            purpose=f"{title.synopsis} The takes drive the character's face in the finished episodes.",
            beats=_beats(title),
            message="Please keep the head in the frame; two or three readings of each beat.",
            asked_as="pencil" if self.story.end == "pencilled" else "booking",
            is_draft=self.story.end == "draft",
            topics=ASKED_FIRST if self.story.actor == 0 and self.story.end == "requested" else (),
        )
        made: int = self.stage.do(
            at,
            request_booking,
            platform_id=self.member.platform_id,
            member_id=self.member.id,
            by=self.platform_by,
            ask=ask,
            fee_bp=self.stage.tools.settings.marketplace_fee_bp,
        )
        return made

    def accept(self, at: datetime) -> None:
        """The actor says yes."""
        who: dict[str, Any] = {"booking_id": self.booking_id, "actor_id": self.actor.id, "by": self.actor_by}
        self.stage.do(at, bookings.accept_booking, **who)

    def confirm(self, asked_at: datetime) -> datetime:
        """Accepted and paid; when."""
        self.accept(asked_at + 6 * HOUR)
        self.stage.pay(self.booking_id, asked_at + 9 * HOUR)
        return asked_at + 9 * HOUR

    def sign(self, asked_at: datetime) -> datetime:
        """Accepted, paid and signed; when."""
        at = self.confirm(asked_at) + 3 * HOUR
        with self.stage.tools.reading() as db:
            digest = shown_digest(db.get_one(Booking, self.booking_id))
        self.stage.do(
            at,
            sign_consent,
            booking_id=self.booking_id,
            actor_id=self.actor.id,
            account_id=self.actor.account_id,
            signed_name=self.actor.name,
            shown_sha256=digest,
        )
        return at

    def work(self, asked_at: datetime) -> datetime:
        """The session has begun and takes are there; when the last one was sent."""
        self.sign(asked_at)
        start = self.slot.starts_at
        self.stage.do(start, bookings.advance_due_booking, booking_id=self.booking_id)
        clips = self._clips()
        for place in range(TAKES):
            clip = clips[place % len(clips)]
            self._send_take(clip, place, start + (place + 1) * HOUR / 2)
        return start + 2 * HOUR

    def deliver(self, asked_at: datetime) -> datetime:
        """Handed over; when."""
        at = min(self.work(asked_at) + 4 * HOUR, self.now - HOUR)
        who: dict[str, Any] = {"booking_id": self.booking_id, "actor_id": self.actor.id, "by": self.actor_by}
        self.stage.do(at, bookings.deliver_booking, **who)
        return at

    def complete(self, asked_at: datetime) -> datetime:
        """Reviewed and accepted; when."""
        at = min(self.deliver(asked_at) + 20 * HOUR, self.now - HOUR / 2)
        takes = self._takes()
        for take in takes[: max(1, len(takes) - 1)]:
            told: dict[str, Any] = {"platform_id": self.member.platform_id, "take_id": take.id}
            self.stage.do(at, select_take, selected=True, **told)
            note = {"account_id": self.member.account_id, "at_ms": 1_200, "words": "This turn. Exactly this."}
            self.stage.do(at, add_note, **told, **note)
        who: dict[str, Any] = {
            "booking_id": self.booking_id,
            "platform_id": self.member.platform_id,
            "by": self.platform_by,
        }
        self.stage.do(at, bookings.accept_delivery, **who)
        return at

    def decide(self, at: datetime, service: Callable[..., Any], words: str = "") -> None:
        """An admin decides on the payout; above the limit a second one follows."""
        payout_id = self._payout().id
        limit = self.stage.tools.settings.four_eyes_limit_minor
        for admin in self.admins:
            by = Decision(admin.id, words, limit)
            self.stage.do(at, service, payout_id=payout_id, by=by)
            if service is not payout.approve_payout or self._payout().state == "approved":
                return

    def send(self, asked_at: datetime) -> datetime:
        """Approved and sent; when."""
        return self.send_payout(self.complete(asked_at) + 26 * HOUR)

    def send_payout(self, at: datetime) -> datetime:
        """Approved at `at` and sent when the approval can no longer be taken back; when."""
        self.decide(at, payout.approve_payout)
        self.stage.at = at + HOUR
        send_due_payouts(self.stage.tools)
        return at + HOUR

    @contextmanager
    def at(self, at: datetime) -> Iterator[Session]:
        """A unit of work at that time."""
        self.stage.at = at
        with self.stage.unit_of_work() as db:
            yield db

    def cancel(self, at: datetime, by: By, reason: str) -> None:
        """Called off by one side."""
        with self.at(at) as db:
            booking = db.get_one(Booking, self.booking_id)
            bookings.cancel_booking(db, booking=booking, by=by, now=at, reason=reason)

    def dispute(self, at: datetime) -> None:
        """The platform asks an admin to decide."""
        with self.at(at) as db:
            booking = db.get_one(Booking, self.booking_id)
            bookings.dispute_booking(db, booking=booking, by=self.platform_by, reason=self.story.words, now=at)

    def reverse(self, at: datetime, share: int) -> None:
        """Part of a transfer was taken back by hand at Stripe; the product finds out by reading."""
        transfer_id = str(self._payout().stripe_transfer_id)
        self.stage.take_back(transfer_id, self._payout().amount_minor * share // 100)
        self.stage.at = at
        sync_transfer(self.stage.tools, transfer_id)

    # takes --------------------------------------------------------------------------------------

    def _clips(self) -> Sequence[Clip]:
        with self.stage.tools.reading() as db:
            return db.scalars(select(Clip).where(Clip.actor_id == self.actor.id).order_by(Clip.position)).all()

    def _takes(self) -> Sequence[Take]:
        with self.stage.tools.reading() as db:
            query = select(Take).join(CaptureSession).where(CaptureSession.booking_id == self.booking_id)
            return db.scalars(query.order_by(Take.number)).all()

    def _poster(self, clip: Clip) -> str | None:
        """A poster of its own, so that a deleted clip leaves the take whole."""
        storage = self.stage.tools.outside.storage
        if clip.poster_key is None:
            return None
        with storage.open(clip.poster_key) as file:
            return storage.put(file, kind="poster", suffix=".webp", content_type="image/webp").key

    def _payout(self) -> Payout:
        with self.stage.tools.reading() as db:
            return db.scalars(select(Payout).where(Payout.booking_id == self.booking_id)).one()

    def _send_take(self, clip: Clip, place: int, at: datetime) -> None:
        """A take with a file of its own, sent like any other."""
        storage = self.stage.tools.outside.storage
        with storage.open(clip.storage_key) as file:
            stored = storage.put(file, kind="take", suffix=".mp4", content_type=clip.content_type)
        with self.stage.tools.reading() as db:
            booking = db.get_one(Booking, self.booking_id)
            beats = [beat.id for beat in booking.brief.beats]
            session_id = db.scalars(select(CaptureSession.id).where(CaptureSession.booking_id == booking.id)).one()
        sender = Sender(self.actor.account_id or 0, self.actor.id)
        fields = {"beat_id": str(beats[place % len(beats)]), "note": _NOTES[place % len(_NOTES)]}
        upload = self.stage.do(
            at,
            media.begin_upload,
            sender=sender,
            purpose="take",
            filename=f"take-{place + 1}.mp4",
            size=stored.bytes,
            fields=fields,
            capture_session_id=session_id,
        )
        sent = {"token": upload.token, "stored": stored, "content_type": clip.content_type}
        take_id = self.stage.do(at, media.finish_upload, sender=sender, **sent)
        with self.stage.unit_of_work() as db:
            media.note_video(db, purpose="take", id=take_id, video=_video(clip), poster_key=self._poster(clip))


_NOTES: Final = ("Quiet reading.", "Louder, the turn on the breath.", "With the pause you asked for.")


def _video(clip: Clip) -> Video:
    return Video(
        content_type=clip.content_type,
        bytes=clip.bytes,
        duration_ms=clip.duration_ms or 0,
        width=clip.width or 0,
        height=clip.height or 0,
        frames_per_second=0,
        codec="h264",
        sound_codec=None,
    )


def _beats(title: Title) -> tuple[BeatAsk, ...]:
    return tuple(
        BeatAsk(beat.start, beat.intensity, beat.display, beat.to or None, beat.seconds, beat.line)
        for beat in title.beats
    )
