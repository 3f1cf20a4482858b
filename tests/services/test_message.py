"""A booking's thread: what both sides write and what happened, told to the other side in few mails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.domain.booking import Party, State
from marketplace.domain.errors import Conflict, Forbidden, Invalid
from marketplace.models import Booking, Message, Notice
from marketplace.services.booking_step import By
from marketplace.services.message import LONGEST, MOST_PER_HOUR, TooMany, post_message, read_thread
from marketplace.services.notice import GATHERED_FOR, find_letter, find_unsent
from tests.conftest import Jobs
from tests.race import race
from tests.services.stage import NOW, Story, add_account
from tests.statements import counted

MINUTE = timedelta(minutes=1)


def write(story: Story, by: By, words: str = "Hello", *, token: str | None = None, minutes: float = 0) -> int:
    now = NOW + minutes * MINUTE
    return post_message(
        story.db, booking=story.booking, by=by, words=words, token=token or f"{by.party}-{words}-{minutes}", now=now
    )


def notices(story: Story, by: By) -> list[Notice]:
    mine = select(Notice).where(Notice.account_id == by.account_id, Notice.kind == "message").order_by(Notice.id)
    return list(story.db.scalars(mine.execution_options(populate_existing=True)))


def test_messages_and_steps_stand_in_one_order_the_newest_last(db: Session) -> None:
    story = Story(db)
    write(story, story.mira, "Could you bring a red coat?", minutes=1)
    story.now = NOW + 2 * MINUTE
    story.accept()
    write(story, story.imani, "I will.", minutes=3)
    lines = read_thread(db, story.booking).lines
    assert [(line.step, line.party, line.name, line.words) for line in lines] == [
        ("request", "platform", "Mira Castell", ""),
        ("", "platform", "Mira Castell", "Could you bring a red coat?"),
        ("accept", "actor", "Imani Okafor", ""),
        ("", "actor", "Imani Okafor", "I will."),
    ]


def test_the_same_form_twice_is_one_message(db: Session) -> None:
    story = Story(db)
    first = write(story, story.mira, token="t")
    assert write(story, story.mira, "Hello again", token="t", minutes=1) == first
    assert db.scalar(select(func.count()).select_from(Message)) == 1
    assert len(notices(story, story.imani)) == 1


def test_anothers_form_is_refused(db: Session) -> None:
    story, other = Story(db), Story(db)
    write(story, story.mira, token="t")
    for writer, by in ((story, story.imani), (other, other.mira)):
        with pytest.raises(Conflict):
            write(writer, by, token="t")


@pytest.mark.parametrize(
    "words",
    [
        "",
        " \n ",
        "x" * (LONGEST + 1),
        "nul\x00",
        "bell\x07",
        "escape\x1b[31m",
        "turned \u202etxt.exe",
        "\ud800",
        "\x85",
    ],
)
def test_what_is_no_text_is_refused_and_nothing_is_sent(db: Session, words: str) -> None:
    story = Story(db)
    with pytest.raises(Invalid) as refused:
        write(story, story.mira, words, token="t")
    assert refused.value.sentence.endswith("Nothing was sent.")
    assert db.scalar(select(func.count()).select_from(Message)) == 0


@pytest.mark.parametrize("words", ["x" * LONGEST, "first\r\nsecond\tthird", "Ọ̀la, ¿qué tal? 👩🏽‍🚀 ليلى"])
def test_what_people_write_is_kept(db: Session, words: str) -> None:
    story = Story(db)
    write(story, story.mira, words, token="t")
    assert read_thread(db, story.booking).lines[-1].words == words.replace("\r\n", "\n")


def test_only_the_two_sides_and_admins_write(db: Session) -> None:
    story, other = Story(db), Story(db)
    for by in (other.mira, other.imani, By(Party.CLOCK), By(Party.ACTOR, story.mira.account_id), By(Party.PLATFORM)):
        with pytest.raises(Forbidden):
            write(story, by, token="t")
    write(story, By(Party.ADMIN, add_account(db, "Ada").id))
    assert [len(notices(story, by)) for by in (story.mira, story.imani)] == [1, 1]
    assert notices(story, story.mira)[0].title == "Marquee wrote to you about Heiress"


def test_nobody_writes_into_a_draft(db: Session) -> None:
    story = Story(db)
    story.booking.state = State.DRAFT
    db.flush()
    with pytest.raises(Conflict, match="draft"):
        write(story, story.mira)


def test_a_flood_is_stopped(db: Session) -> None:
    story = Story(db)
    for number in range(MOST_PER_HOUR):
        write(story, story.mira, token=str(number))
    with pytest.raises(TooMany):
        write(story, story.mira, token="more")
    write(story, story.imani)
    write(story, story.mira, token="later", minutes=61)


def test_the_other_side_is_told_with_a_way_to_the_thread(db: Session) -> None:
    story = Story(db)
    write(story, story.mira, "Could you\nbring a coat?")
    (told,) = notices(story, story.imani)
    assert told.title == "ReelForge wrote to you about Heiress"
    assert told.words == "Could you bring a coat?"
    assert told.path == f"/actor/booking/{story.id}#thread"
    assert notices(story, story.mira) == []
    write(story, story.imani, "Yes")
    assert notices(story, story.mira)[0].path == f"/platform/booking/{story.id}#thread"


def test_messages_of_a_few_minutes_go_out_in_one_mail(db: Session) -> None:
    story = Story(db)
    for minute in range(4):
        write(story, story.mira, f"Line {minute}", minutes=minute)
    (told,) = notices(story, story.imani)
    assert told.words.splitlines() == ["Line 0", "Line 1", "Line 2", "Line 3"]
    assert told.id not in find_unsent(db, now=NOW + 4 * MINUTE)
    assert told.id in find_unsent(db, now=NOW + GATHERED_FOR + MINUTE)
    write(story, story.mira, "Later", minutes=6)
    assert [len(one.words.splitlines()) for one in notices(story, story.imani)] == [4, 1]


def test_a_mail_stays_short_however_much_is_written(db: Session) -> None:
    story = Story(db)
    for number in range(30):
        write(story, story.mira, "x" * LONGEST, token=str(number))
    (told,) = notices(story, story.imani)
    assert len(told.words) < 3_000


def test_who_answers_gets_no_mail_of_what_they_answered(db: Session) -> None:
    story = Story(db)
    write(story, story.mira, "Free at ten?")
    (told,) = notices(story, story.imani)
    write(story, story.imani, "Yes", minutes=1)
    assert find_letter(db, told.id) is None
    assert notices(story, story.imani)[0].read_at is not None
    assert find_letter(db, notices(story, story.mira)[0].id) is not None


def test_a_long_thread_comes_in_pages_for_the_same_two_statements(db: Session) -> None:
    story = Story(db)
    for number in range(24):
        write(story, story.mira, f"{number}", minutes=number + 1)
    booking = story.booking
    with counted(db) as sent:
        pages = [read_thread(db, booking, page=page, size=10) for page in (1, 2, 3, 99)]
    assert len(sent) == 8
    assert [(len(one.lines), one.page, one.pages) for one in pages] == [(10, 1, 3), (10, 2, 3), (5, 3, 3), (5, 3, 3)]
    assert pages[0].lines[-1].words == "23"
    assert pages[2].lines[0].step == "request"


def click(database: Database, piece: tuple[int, int, str]) -> None:
    """One process sends a form."""
    booking_id, account_id, token = piece
    with database.unit_of_work(Jobs()) as db:
        post_message(
            db, booking=db.get_one(Booking, booking_id), by=By(Party.PLATFORM, account_id), words=token, token=token,
            now=NOW,
        )  # fmt: skip


def test_forms_from_many_processes_are_a_message_each_and_one_mail(database: Database) -> None:
    with database.unit_of_work(Jobs()) as db:
        story = Story(db)
        mira, imani = story.mira.account_id or 0, story.imani.account_id
        booking_id = story.id
    url = database.engine.url.render_as_string(hide_password=False)
    race(url, click, [[(booking_id, mira, token)] for token in ("same", "same", "one", "two")])
    with database.reading() as db:
        assert sorted(db.scalars(select(Message.words))) == ["one", "same", "two"]
        told = db.scalars(select(Notice).where(Notice.kind == "message")).all()
        assert [(one.account_id, sorted(one.words.splitlines())) for one in told] == [(imani, ["one", "same", "two"])]
