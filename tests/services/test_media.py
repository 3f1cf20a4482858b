"""Uploads become clips and takes once, belong to one account, and are watched only after the probe."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.gateways.outside import Outside
from marketplace.gateways.storage.base import Stored
from marketplace.jobs import Job, take_jobs
from marketplace.models import Actor, CaptureSession, Clip, Take, Upload
from marketplace.services import media
from marketplace.services.media import LIMITS, MOST_CLIPS, MOST_OPEN_BYTES, Sender
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, add_actor, add_clip
from tests.video import a_video
from workers.task import Tools
from workers.tasks.media import probe_media, sweep_media

STORED = Stored("clip/aa/" + "a" * 40 + ".mp4", 700, "0" * 64)


def sender_of(actor: Actor) -> Sender:
    assert actor.account_id is not None
    return Sender(actor.account_id, actor.id)


def begin(db: Session, actor: Actor, **changes: Any) -> Upload:
    asked: dict[str, Any] = {"purpose": "clip", "filename": "anger.mp4", "size": 700, "fields": {}, "now": NOW}
    return media.begin_upload(db, sender=sender_of(actor), **(asked | changes))


def finish(db: Session, actor: Actor, upload: Upload, stored: Stored = STORED) -> int:
    return media.finish_upload(
        db, sender=sender_of(actor), token=upload.token, stored=stored, content_type="video/mp4", now=NOW
    )


def test_a_whole_upload_becomes_a_clip_that_waits_for_the_probe(db: Session) -> None:
    actor = add_actor(db)
    upload = begin(db, actor, fields={"title": "Cold fury", "display_consent": "1"})
    clip = db.get_one(Clip, finish(db, actor, upload))
    assert (clip.title, clip.state, clip.storage_key, clip.bytes) == ("Cold fury", "probing", STORED.key, 700)
    assert clip.display_consent_at == NOW
    assert take_jobs(db) == [(Job.PROBE_MEDIA, ("clip", clip.id))]


def test_without_consent_the_clip_is_not_shown_and_without_a_title_the_file_names_it(db: Session) -> None:
    actor = add_actor(db)
    clip = db.get_one(Clip, finish(db, actor, begin(db, actor)))
    assert (clip.title, clip.display_consent_at) == ("anger", None)


def test_an_upload_is_finished_once(db: Session) -> None:
    actor = add_actor(db)
    upload = begin(db, actor)
    finish(db, actor, upload)
    with pytest.raises(Conflict, match="already"):
        finish(db, actor, upload)


def test_two_pieces_for_the_same_place_do_not_both_count(db: Session) -> None:
    token = begin(db, add_actor(db)).token
    media.note_received(db, token=token, before=0, after=300)
    with pytest.raises(Conflict, match="arrived first"):
        media.note_received(db, token=token, before=0, after=200)


def test_an_upload_does_not_exist_for_anyone_else(db: Session) -> None:
    mine, other = add_actor(db), add_actor(db)
    upload = begin(db, mine)
    with pytest.raises(NotFound):
        media.get_upload(db, account_id=sender_of(other).account_id, token=upload.token)
    with pytest.raises(Conflict):
        finish(db, other, upload)


# case 38
@pytest.mark.parametrize("size", [0, -1, LIMITS["clip"].bytes + 1])
def test_a_file_of_no_or_too_many_bytes_is_refused_before_it_is_sent(db: Session, size: int) -> None:
    with pytest.raises(Invalid, match=r"up to 100 MB and 90 seconds\. Nothing was sent"):
        begin(db, add_actor(db), size=size)


def test_a_page_holds_only_so_many_clips(db: Session) -> None:
    actor = add_actor(db)
    for _ in range(MOST_CLIPS):
        add_clip(db, actor, "relief")
    with pytest.raises(Refused, match="Delete one first"):
        begin(db, actor)


def test_takes_go_only_to_ones_own_session_while_it_is_under_way(db: Session) -> None:
    story = Story(db)
    story.confirmed().sign().start()
    session_id = db.scalars(select(CaptureSession.id)).one()
    beat_id = str(story.booking.brief.beats[0].id)
    fields = {"beat_id": beat_id, "note": "quiet"}
    for number in (1, 2):
        upload = begin(db, story.actor, purpose="take", capture_session_id=session_id, fields=fields)
        stored = Stored(f"take/aa/{number:040x}.mp4", 700, "0" * 64)
        take = db.get_one(Take, finish(db, story.actor, upload, stored))
        assert (take.number, take.beat_id, take.flavour, take.note) == (number, int(beat_id), "cold-fury", "quiet")
    with pytest.raises(NotFound):
        begin(db, add_actor(db), purpose="take", capture_session_id=session_id)
    media.note_refusal(db, purpose="take", id=take.id, sentence="no")


def test_a_take_is_refused_once_the_takes_are_delivered(db: Session) -> None:
    story = Story(db)
    story.delivered()
    with pytest.raises(Conflict, match="Nothing was added"):
        begin(db, story.actor, purpose="take", capture_session_id=db.scalars(select(CaptureSession.id)).one())


def test_a_beat_of_another_brief_is_not_taken_over(db: Session) -> None:
    story, other = Story(db), Story(db)
    story.confirmed().sign().start()
    fields = {"beat_id": str(other.booking.brief.beats[0].id)}
    session_id = db.scalars(select(CaptureSession.id).where(CaptureSession.booking_id == story.id)).one()
    upload = begin(db, story.actor, purpose="take", capture_session_id=session_id, fields=fields)
    assert db.get_one(Take, finish(db, story.actor, upload)).beat_id is None


# the worker's part --------------------------------------------------------------------------------


@pytest.fixture
def tools(settings: Settings, database: Database, outside: Outside) -> Tools:
    return Tools(settings, database, outside, Jobs(), now=lambda: NOW + timedelta(hours=1))


def sent(tools: Tools, content: bytes) -> int:
    """A clip whose file is in the storage and not looked at yet."""
    stored = tools.outside.storage.put(BytesIO(content), kind="clip", suffix=".mp4", content_type="video/mp4")
    with tools.unit_of_work() as db:
        actor = add_actor(db)
        return finish(db, actor, begin(db, actor), stored)


def test_the_probe_makes_a_clip_watchable_and_draws_its_poster(tools: Tools) -> None:
    clip_id = sent(tools, a_video())
    probe_media(tools, "clip", clip_id)
    with tools.reading() as db:
        clip = db.get_one(Clip, clip_id)
    assert (clip.state, clip.duration_ms, clip.refusal) == ("ready", 1000, None)
    assert clip.poster_key is not None
    with tools.outside.storage.open(clip.poster_key) as file:
        assert file.read(4) == b"RIFF"


def test_the_probe_says_why_a_file_is_no_usable_video(tools: Tools) -> None:
    clip_id = sent(tools, b"\x00\x00\x00\x18ftypmp42" + b"<html>" + bytes(50))
    probe_media(tools, "clip", clip_id)
    probe_media(tools, "clip", clip_id)
    with tools.reading() as db:
        clip = db.get_one(Clip, clip_id)
    assert clip.state == "refused"
    assert clip.refusal is not None
    assert "something else" in clip.refusal


def test_the_sweep_probes_what_a_lost_message_left_and_forgets_old_uploads(tools: Tools) -> None:
    clip_id = sent(tools, a_video())
    storage = tools.outside.storage
    with tools.unit_of_work() as db:
        upload = begin(db, add_actor(db), now=NOW - timedelta(days=3))
        token = upload.token
    storage.append(token, 0, BytesIO(b"half"), most=10)
    sweep_media(tools)
    with tools.reading() as db:
        assert db.get_one(Clip, clip_id).state == "ready"
        assert db.get(Upload, token) is None
    with pytest.raises(Exception, match=token):
        storage.open_part(token)


def test_what_is_on_its_way_for_one_account_is_counted_in_bytes_too(db: Session) -> None:
    story = Story(db)
    story.confirmed().sign().start()
    session_id = db.scalars(select(CaptureSession.id)).one()
    largest: dict[str, Any] = {
        "purpose": "take", "capture_session_id": session_id, "size": LIMITS["take"].bytes, "now": story.now
    }  # fmt: skip
    for _ in range(MOST_OPEN_BYTES // LIMITS["take"].bytes):
        begin(db, story.actor, **largest)
    with pytest.raises(Refused, match="still on their way"):
        begin(db, story.actor, **largest)
    begin(db, add_actor(db))


# case 38
def test_a_clips_title_is_one_line_and_its_files_name_is_made_one(db: Session) -> None:
    actor = add_actor(db)
    with pytest.raises(Invalid, match="one line"):
        begin(db, actor, fields={"title": "Fury\nBcc: x@x.example"})
    assert begin(db, actor, filename="fu\nry\x00.mp4").filename == "fury.mp4"
