"""Notices are told once, in one line, and mailed to those who want them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import NotFound
from marketplace.jobs import Job, take_jobs
from marketplace.models import Notice, NoticeSwitch
from marketplace.services.notice import GATHERED_FOR, MESSAGE, find_letter, find_unsent, notify
from marketplace.services.notice_switch import (
    ALWAYS_MAILED,
    Topic,
    list_switches,
    read_token,
    set_switch,
    switch_off,
    topic_of,
    write_token,
)
from tests.services.stage import add_account

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def tell(
    db: Session, *account_ids: int, kind: str = "booking.accept", key: str = "k", title: str = "News"
) -> list[int]:
    return notify(db, account_ids=account_ids, key=key, kind=kind, title=title, words="w", path="/p", now=NOW)


def test_telling_again_changes_nothing(db: Session) -> None:
    mira, imani = add_account(db, "Mira").id, add_account(db, "Imani").id
    assert len(tell(db, mira)) == 1
    assert len(tell(db, mira, imani)) == 1
    assert tell(db, imani, mira) == []
    assert len(take_jobs(db)) == 2


def test_a_long_title_is_cut_and_kept_on_one_line(db: Session) -> None:
    (told,) = tell(db, add_account(db, "Mira").id, title="a\nb " + "x" * 300)
    title = db.get_one(Notice, told).title
    assert (len(title), title[:4], title[-1]) == (200, "a b ", "…")


def test_who_wants_no_mail_of_a_topic_reads_it_in_the_product_alone(db: Session) -> None:
    mira, imani = add_account(db, "Mira").id, add_account(db, "Imani").id
    set_switch(db, account_id=mira, topic=Topic.BOOKINGS, by_mail=False)
    told = tell(db, mira, imani)
    mailed = [ids[0] for job, ids in take_jobs(db) if job is Job.SEND_NOTICE]
    assert len(told) == 2
    assert [db.get_one(Notice, int(one)).account_id for one in mailed] == [imani]
    assert find_letter(db, next(one for one in told if one not in mailed)) is None


def test_switching_off_stops_what_waits_and_nothing_else(db: Session) -> None:
    mira = add_account(db, "Mira").id
    (waiting,), (other,) = tell(db, mira), tell(db, mira, kind="reminder.deadline", key="r")
    set_switch(db, account_id=mira, topic=Topic.BOOKINGS, by_mail=False)
    assert find_letter(db, waiting) is None
    assert find_letter(db, other) is not None


def test_a_switch_can_be_turned_back(db: Session) -> None:
    mira = add_account(db, "Mira").id
    for by_mail in (False, False, True):
        set_switch(db, account_id=mira, topic=Topic.MONEY, by_mail=by_mail)
    assert db.execute(select(NoticeSwitch.topic, NoticeSwitch.by_mail)).all() == [("money", True)]
    assert all(line.by_mail for line in list_switches(db, account_id=mira, role="actor"))


@pytest.mark.parametrize("kind", sorted({*ALWAYS_MAILED, "payment", "outbox", "payout_account"}))
def test_what_nobody_may_miss_is_always_mailed(db: Session, kind: str) -> None:
    mira = add_account(db, "Mira").id
    for topic in Topic:
        set_switch(db, account_id=mira, topic=topic, by_mail=False)
    tell(db, mira, kind=kind)
    assert len(take_jobs(db)) == 1


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        ("booking.accept", Topic.BOOKINGS),
        ("booking.deliver", Topic.SESSION),
        ("reminder.session", Topic.REMINDERS),
        (MESSAGE, Topic.MESSAGES),
        ("payout", Topic.MONEY),
        ("payout.held", None),
        ("outbox", None),
    ],
)
def test_a_kind_belongs_to_the_topic_its_reader_would_look_for(kind: str, topic: Topic | None) -> None:
    assert topic_of(kind) == topic


def test_the_mail_of_messages_waits_so_that_it_can_gather_them(db: Session) -> None:
    (told,) = tell(db, add_account(db, "Mira").id, kind=MESSAGE)
    assert take_jobs(db) == []
    assert find_unsent(db, now=NOW + GATHERED_FOR) == []
    assert find_unsent(db, now=NOW + GATHERED_FOR * 1.01) == [told]


def test_the_link_in_a_mail_says_whose_mails_and_what_about(db: Session) -> None:
    mira = add_account(db, "Mira").id
    account_id, topic = read_token("s", write_token("s", mira, Topic.MESSAGES))
    switch_off(db, account_id=account_id, topic=topic)
    off = [line.topic for line in list_switches(db, account_id=mira, role="member") if not line.by_mail]
    assert off == [Topic.MESSAGES]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "1",
        "1.messages",
        "1.messages.",
        write_token("other", 1, Topic.MESSAGES),
        write_token("s", 1, Topic.MESSAGES).replace("1.", "2.", 1),
        write_token("s", 1, Topic.MESSAGES).replace("messages", "money"),
        "é.ü.ñ",
    ],
)
def test_a_link_we_have_not_signed_is_refused(token: str) -> None:
    with pytest.raises(NotFound):
        read_token("s", token)


def test_the_link_of_an_account_that_is_gone_changes_nothing(db: Session) -> None:
    with pytest.raises(NotFound):
        switch_off(db, account_id=12_345, topic=Topic.MONEY)
