"""The mails of bookings: facts on the reader's clock, the session for their calendar, and the way to stop them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import parseaddr

import html5lib
import pytest
from icalendar import Calendar
from sqlalchemy import select, update

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.mail.base import Letter, NotSent
from marketplace.gateways.outside import Outside
from marketplace.models import Account, Booking, Notice
from marketplace.services.booking import cancel_booking
from marketplace.services.notice import notify
from marketplace.services.notice_switch import Topic, read_token
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, at
from workers.letter import SWITCH_SECRET
from workers.task import Tools
from workers.tasks.notice import sweep_notices


class Post:
    """A mail that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []

    def send(self, letter: Letter, *, now: object) -> None:
        self.sent.append(letter)


class Desk:
    """A story whose mails are sent when asked for."""

    def __init__(self, database: Database, settings: Settings, outside: Outside) -> None:
        self.post, self.settings, self.database = Post(), settings, database
        later = NOW + timedelta(hours=1)
        self.tools = Tools(settings, database, replace(outside, mail=self.post), Jobs(), now=lambda: later)
        with database.unit_of_work(Jobs()) as db:
            story = Story(db, starts_at=at(30, 8), zone="Asia/Kolkata")
            self.id, self.mira, self.imani = story.id, story.mira.account_id, story.imani.account_id

    def advance(self, *steps: str) -> None:
        with self.database.unit_of_work(Jobs()) as db:
            story = Story.resume(db, db.get_one(Booking, self.id), NOW)
            for step in steps:
                getattr(story, step)()

    def cancel(self) -> None:
        with self.database.unit_of_work(Jobs()) as db:
            story = Story.resume(db, db.get_one(Booking, self.id), NOW)
            cancel_booking(db, booking=story.booking, by=story.mira, now=NOW)

    def letters(self, to: int | None) -> dict[str, Letter]:
        """What that account is sent now, by subject."""
        self.post.sent.clear()
        sweep_notices(self.tools)
        with self.database.reading() as db:
            address = db.scalar(select(Account.email).where(Account.id == to))
        return {letter.subject: letter for letter in self.post.sent if letter.to_address == address}


@pytest.fixture
def desk(database: Database, settings: Settings, outside: Outside) -> Desk:
    return Desk(database, settings, outside)


def calendar_of(letter: Letter) -> Calendar:
    (attachment,) = letter.attachments
    assert attachment.filename == "session.ics"
    found = Calendar.from_ical(attachment.content)
    assert isinstance(found, Calendar)
    assert f"method={found['METHOD']}" in attachment.content_type
    return found


def test_a_request_gives_the_facts_on_the_readers_own_clock(desk: Desk) -> None:
    (letter,) = desk.letters(desk.imani).values()
    assert letter.subject == "ReelForge asks to book you: Mon 30 Nov, 13:30"
    lines = letter.text.splitlines()
    assert "Session: Mon 30 Nov 2026, 13:30–15:30, Kolkata time" in lines
    assert {"Platform: ReelForge", "Title: Heiress, Vera", "You receive: 360.00 USD"} <= set(lines)
    assert f"Reference: Booking {desk.id}" in lines
    assert letter.attachments == ()


def test_an_account_that_chose_a_zone_reads_in_it(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        db.execute(update(Account).where(Account.id == desk.mira).values(zone="America/St_Johns"))
    desk.advance("accept")
    (letter,) = desk.letters(desk.mira).values()
    assert letter.subject.endswith("Mon 30 Nov, 04:30")
    assert "04:30–06:30, St Johns time" in letter.text


def test_a_paid_booking_goes_into_both_calendars(desk: Desk) -> None:
    desk.advance("accept", "pay")
    sweep_notices(desk.tools)
    with desk.database.reading() as db:
        addresses = {db.get_one(Account, who).email: who for who in (desk.mira, desk.imani)}
        version = db.get_one(Booking, desk.id).version
    paid = [letter for letter in desk.post.sent if letter.subject.startswith("Booked and paid")]
    assert {letter.to_address for letter in paid} == set(addresses)
    for letter in paid:
        calendar = calendar_of(letter)
        (event,) = calendar.walk("VEVENT")
        assert calendar["METHOD"] == "REQUEST"
        assert (event["SEQUENCE"], event.decoded("DTSTART")) == (version, at(30, 8))
        assert str(event["ATTENDEE"]) == f"mailto:{letter.to_address}"
        assert str(event["ORGANIZER"]) == f"mailto:{parseaddr(desk.settings.mail_from)[1]}"
        assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == [str(event["DTSTART"].params["TZID"])]
        assert "attached for your own calendar" in letter.text


def test_a_cancelled_booking_is_taken_out_of_both_calendars(desk: Desk) -> None:
    desk.advance("accept", "pay")
    before = [calendar_of(one) for one in desk.letters(desk.imani).values() if one.attachments]
    desk.cancel()
    sweep_notices(desk.tools)
    called_off = [letter for letter in desk.post.sent if letter.subject.startswith("Cancelled")]
    assert len(called_off) == 2
    for letter in called_off:
        calendar = calendar_of(letter)
        (event,), (entered,) = calendar.walk("VEVENT"), before[0].walk("VEVENT")
        assert calendar["METHOD"] == "CANCEL"
        assert event["UID"] == entered["UID"]
        assert int(str(event["SEQUENCE"])) > int(str(entered["SEQUENCE"]))
        assert event["STATUS"] == "CANCELLED"


def test_what_was_never_paid_is_in_no_calendar_to_take_it_out_of(desk: Desk) -> None:
    desk.advance("accept")
    with desk.database.unit_of_work(Jobs()) as db:
        story = Story.resume(db, db.get_one(Booking, desk.id), NOW)
        cancel_booking(db, booking=story.booking, by=story.imani, now=NOW, reason="Ill.")
    assert all(letter.attachments == () for letter in desk.letters(desk.mira).values())


def test_every_mail_of_a_topic_can_be_stopped_by_one_click(desk: Desk) -> None:
    (letter,) = desk.letters(desk.imani).values()
    assert letter.unsubscribe_url is not None
    assert letter.unsubscribe_url in letter.text
    assert letter.html is not None
    assert letter.unsubscribe_url in letter.html
    token = letter.unsubscribe_url.rpartition("/")[2]
    assert read_token(desk.settings.secret(SWITCH_SECRET), token) == (desk.imani, Topic.BOOKINGS)


def test_a_mail_that_nobody_may_miss_offers_no_way_to_stop_it(desk: Desk) -> None:
    desk.letters(desk.imani)
    with desk.database.unit_of_work(Jobs()) as db:
        notify(db, account_ids=[desk.imani or 0], key="k", kind="payout.held", title="Held", words="", path="", now=NOW)
    (letter,) = desk.letters(desk.imani).values()
    assert letter.unsubscribe_url is None
    assert "always sent" in letter.text
    assert "Open in Marquee" not in letter.text


def test_a_mail_reads_well_in_plain_text_and_is_sound_html(desk: Desk) -> None:
    desk.advance("accept", "pay")
    for letter in desk.letters(desk.mira).values():
        assert "\n\n\n" not in letter.text
        assert letter.html is not None
        assert len(letter.html.encode()) < 100_000
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(letter.html)
        assert parser.errors == []
        assert 'content="light dark"' in letter.html


# case 39
def test_names_cannot_write_markup_or_headers_into_a_mail(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        booking = db.get_one(Booking, desk.id)
        booking.platform.name = "<b>Reel</b>\r\nBcc: all@x.example"
        db.flush()
        story = Story.resume(db, booking, NOW)
        story.accept().pay()
    sweep_notices(desk.tools)
    with desk.database.reading() as db:
        assert db.scalars(select(Notice.id).where(Notice.mailed_at.is_(None))).all() == []
    for letter in desk.post.sent:
        assert "<b>" not in (letter.html or "")
        assert "\n" not in letter.subject


def test_a_mailbox_that_refuses_one_letter_still_takes_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.advance("accept")
    taken: list[str] = []

    def send(letter: Letter, *, now: object) -> None:
        if letter.subject.startswith("Terms accepted"):
            raise NotSent("busy", is_final=False)
        taken.append(letter.subject)

    monkeypatch.setattr(desk.post, "send", send)
    sweep_notices(desk.tools)
    assert taken == ["ReelForge asks to book you: Mon 30 Nov, 13:30"]
