"""Notices are mailed once, in plain text and HTML, and again when a try was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.mail.base import Letter, NotSent
from marketplace.gateways.outside import Outside
from marketplace.jobs import Job
from marketplace.models import Account, Notice
from marketplace.services.notice import MOST_TRIES, count_unread, list_notices, mark_all_read, notify
from workers.task import Tools
from workers.tasks.notice import send_notice, sweep_notices

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Post:
    """A mail that keeps what it is given, and fails as often as it is told to."""

    def __init__(self, *failures: NotSent) -> None:
        self.sent: list[Letter] = []
        self.failures = list(failures)

    def send(self, letter: Letter, *, now: datetime) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(letter)


class Desk:
    """Tools with such a mail, and a list of the jobs asked for."""

    def __init__(self, database: Database, settings: Settings, outside: Outside, *failures: NotSent) -> None:
        self.post = Post(*failures)
        self.asked: list[int] = []
        self.tools = Tools(
            settings=settings,
            database=database,
            outside=Outside(
                payment=outside.payment, mail=self.post, storage=outside.storage, networks=outside.networks
            ),
            run_job=self.ask,
            now=lambda: NOW + timedelta(hours=1),
        )

    def ask(self, job: Job, ids: tuple[int | str, ...]) -> None:
        assert job is Job.SEND_NOTICE
        self.asked += [int(notice_id) for notice_id in ids]

    def tell(self, key: str = "booking:1:accept") -> int:
        with self.tools.unit_of_work() as db:
            account = db.scalar(select(Account.id).where(Account.email == "a@example.com"))
            if account is None:
                row = Account(email="a@example.com", name="Añès <b>", fs_uniquifier="a")
                db.add(row)
                db.flush()
                account = row.id
            notify(
                db, account_ids=[account], key=key, kind="booking.accept", title="Imani accepted: Tue 24 Nov, 14:00",
                words="Pay by tomorrow.\nNothing is charged before.", path="/platform/booking/1", now=NOW,
            )  # fmt: skip
        return account


@pytest.fixture
def desk(database: Database, settings: Settings, outside: Outside) -> Desk:
    return Desk(database, settings, outside)


def test_a_notice_asks_for_its_mail_after_the_commit(desk: Desk) -> None:
    desk.tell()
    assert len(desk.asked) == 1


def test_an_event_is_told_once(desk: Desk) -> None:
    account = desk.tell()
    desk.tell()
    with desk.tools.reading() as db:
        assert count_unread(db, account) == 1
    assert len(desk.asked) == 1


def test_a_mail_has_both_its_twins_and_a_link(desk: Desk) -> None:
    desk.tell()
    send_notice(desk.tools, desk.asked[0])
    (letter,) = desk.post.sent
    link = f"{desk.tools.settings.public_url}/platform/booking/1"
    assert letter.subject == "Imani accepted: Tue 24 Nov, 14:00"
    assert link in letter.text
    assert letter.html is not None
    assert link in letter.html
    assert "Añès &lt;b&gt;" in letter.html
    assert "Añès <b>" in letter.text


def test_a_mail_is_sent_once_however_often_the_job_comes(desk: Desk) -> None:
    desk.tell()
    for _ in range(3):
        send_notice(desk.tools, desk.asked[0])
    sweep_notices(desk.tools)
    assert len(desk.post.sent) == 1


def test_a_lost_message_is_made_good_by_the_sweep(desk: Desk) -> None:
    desk.tell()
    sweep_notices(desk.tools)
    assert len(desk.post.sent) == 1


def test_a_failed_try_is_made_again(database: Database, settings: Settings, outside: Outside) -> None:
    desk = Desk(database, settings, outside, NotSent("busy", is_final=False))
    desk.tell()
    sweep_notices(desk.tools)
    assert desk.post.sent == []
    sweep_notices(desk.tools)
    assert len(desk.post.sent) == 1


def test_an_address_that_does_not_exist_is_given_up(database: Database, settings: Settings, outside: Outside) -> None:
    desk = Desk(database, settings, outside, NotSent("no such person", is_final=True))
    desk.tell()
    sweep_notices(desk.tools)
    sweep_notices(desk.tools)
    assert desk.post.sent == []
    with desk.tools.reading() as db:
        assert db.scalars(select(Notice.attempts)).all() == [MOST_TRIES]


def test_a_read_list_has_nothing_unread(desk: Desk) -> None:
    account = desk.tell()
    desk.tell("booking:2:accept")
    with desk.tools.unit_of_work() as db:
        assert len(list_notices(db, account)) == 2
        mark_all_read(db, account, now=NOW)
    with desk.tools.reading() as db:
        assert count_unread(db, account) == 0


def test_the_mail_of_a_notice_is_a_file_in_the_default_run(
    database: Database, settings: Settings, outside: Outside, tmp_path: Path
) -> None:
    desk = Desk(database, settings, outside)
    desk.tell()
    tools = Tools(settings=settings, database=database, outside=outside, run_job=desk.tools.run_job)
    send_notice(tools, desk.asked[0])
    files = list((settings.data_dir / "mail").glob("*.eml"))
    assert len(files) == 1
    assert b"Imani accepted" in files[0].read_bytes()


def test_a_letter_that_cannot_be_written_keeps_no_other_from_leaving(
    database: Database, settings: Settings, outside: Outside
) -> None:
    desk = Desk(database, settings, outside)
    tools = replace(desk.tools, outside=outside)  # real letters into a folder
    account = desk.tell()
    with tools.unit_of_work() as db:
        db.get_one(Account, account).name = "Evil\nBcc: everyone@x.example"
        other = Account(email="b@example.com", name="Bo", fs_uniquifier="b")
        db.add(other)
        db.flush()
        notify(
            db, account_ids=[other.id], key="booking:2:accept", kind="booking.accept", title="Accepted", words="Pay.",
            path="/platform/booking/2", now=NOW + timedelta(minutes=1),
        )  # fmt: skip
    sweep_notices(tools)
    (letter,) = (settings.data_dir / "mail").glob("*.eml")
    assert b"b@example.com" in letter.read_bytes()
    with tools.reading() as db:
        assert db.scalars(select(Notice.attempts).order_by(Notice.id)).all() == [MOST_TRIES, 0]


class Breaking(Post):
    """A mail that breaks in a way that nobody thought of, at the first letter."""

    def send(self, letter: Letter, *, now: datetime) -> None:
        if not self.failures:
            self.failures.append(NotSent("never raised", is_final=True))
            raise KeyError("unheard of")
        self.sent.append(letter)


def test_a_sweep_goes_on_after_a_surprise_and_counts_the_try(
    database: Database, settings: Settings, outside: Outside
) -> None:
    desk = Desk(database, settings, outside)
    post = Breaking()
    tools = replace(desk.tools, outside=replace(outside, mail=post))
    for number in range(3):
        desk.tell(f"booking:{number}:accept")
    sweep_notices(tools)
    assert len(post.sent) == 2
    with tools.reading() as db:
        assert db.scalars(select(Notice.attempts).order_by(Notice.id)).all() == [1, 0, 0]
