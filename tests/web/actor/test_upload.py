"""Files arrive in pieces by tus or whole by a form, for their sender alone, and are served by signature."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.errors import Conflict
from marketplace.gateways.outside import Outside
from marketplace.gateways.storage.s3 import S3Storage
from marketplace.jobs import Job
from marketplace.models import Account, CaptureSession, Clip, Take, Upload
from marketplace.services import media as media_service
from marketplace.services.media import MOST_OPEN
from marketplace.web import create_app, media
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, add_actor, add_member
from tests.video import a_video

PIECE = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
SignIn = Callable[[Account], FlaskClient]


class Desk:
    """Imani's browser, and a stranger's."""

    def __init__(self, app: Flask, database: Database, sign_in: SignIn) -> None:
        self.database, self.now = database, NOW
        app.extensions[CLOCK] = lambda: self.now
        with database.unit_of_work(Jobs()) as db:
            actor, stranger = add_actor(db), add_actor(db, "Kwame Mensah")
            self.actor_id = actor.id
            accounts = [db.get_one(Account, one.account_id) for one in (actor, stranger)]
        self.imani, self.stranger = (sign_in(account) for account in accounts)

    def begin(self, size: int, browser: FlaskClient | None = None, **fields: str) -> TestResponse:
        said = {"filename": "fury.mp4", "purpose": "clip", **fields}
        header = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in said.items())
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": header}
        return (browser or self.imani).post("/actor/upload", headers=headers)

    def send(self, url: str, offset: int, content: bytes, browser: FlaskClient | None = None) -> TestResponse:
        headers = {**PIECE, "Upload-Offset": str(offset)}
        return (browser or self.imani).patch(url, data=content, headers=headers)

    def offset(self, url: str) -> int:
        return int(self.imani.head(url).headers["Upload-Offset"])


@pytest.fixture
def desk(app: Flask, database: Database, client_as: SignIn) -> Desk:
    return Desk(app, database, client_as)


def test_a_file_in_pieces_becomes_a_clip(desk: Desk, jobs: Jobs, outside: Outside) -> None:
    video = a_video()
    url = desk.begin(len(video), title="Cold fury").headers["Location"]
    assert desk.offset(url) == 0
    half = len(video) // 2
    first = desk.send(url, 0, video[:half])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(half))
    assert desk.offset(url) == half
    assert desk.send(url, half, video[half:]).status_code == 204
    with desk.database.reading() as db:
        clip = db.scalars(select(Clip)).one()
    assert (clip.title, clip.state, clip.bytes, clip.actor_id) == ("Cold fury", "probing", len(video), desk.actor_id)
    with outside.storage.open(clip.storage_key) as file:
        assert file.read() == video
    assert (Job.PROBE_MEDIA, ("clip", clip.id)) in jobs


def test_a_piece_for_another_place_is_refused_with_a_plain_sentence(desk: Desk) -> None:
    video = a_video()
    url = desk.begin(len(video)).headers["Location"]
    desk.send(url, 0, video[:9000])
    answer = desk.send(url, 0, video[:9000])
    assert (answer.status_code, answer.mimetype) == (409, "text/plain")
    assert answer.text.startswith("The file is at another place")
    assert desk.offset(url) == 9000


def test_more_bytes_than_were_announced_are_refused_and_the_file_goes_on(desk: Desk) -> None:
    video = a_video()
    url = desk.begin(len(video)).headers["Location"]
    assert desk.send(url, 0, video + b"more").status_code == 409
    assert desk.send(url, 0, video).status_code == 204


def test_what_is_no_video_ends_with_its_first_piece(desk: Desk) -> None:
    url = desk.begin(9000).headers["Location"]
    answer = desk.send(url, 0, b"<html><script>alert(1)</script>" + bytes(8000))
    assert answer.status_code == 422
    assert "not a video" in answer.text
    assert desk.imani.head(url).status_code == 404


def test_an_upload_is_invisible_to_anyone_else(desk: Desk) -> None:
    url = desk.begin(9000).headers["Location"]
    assert desk.stranger.head(url).status_code == 404
    assert desk.send(url, 0, bytes(10), desk.stranger).status_code == 404
    assert desk.stranger.delete(url).status_code == 404
    assert desk.imani.delete(url).status_code == 204
    with desk.database.reading() as db:
        assert db.scalars(select(Upload)).all() == []


def test_files_that_are_too_large_or_unannounced_are_refused(desk: Desk) -> None:
    assert desk.begin(101_000_000).status_code == 422
    assert desk.imani.post("/actor/upload", headers={"Tus-Resumable": "1.0.0"}).status_code == 422
    assert desk.imani.post("/actor/upload", headers={"Upload-Length": "10"}).status_code == 412
    broken = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": "title %%%"}
    assert desk.imani.post("/actor/upload", headers=broken).status_code == 422
    url = desk.begin(9000).headers["Location"]
    assert desk.imani.patch(url, data=b"x", headers={"Upload-Offset": "0"}).status_code == 415


def test_a_take_goes_into_its_session_by_form_and_in_pieces(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        story = Story(db)
        story.confirmed().sign().start()
        account, booking_id, desk.now = db.get_one(Account, story.imani.account_id), story.id, story.now
        session_id = db.scalars(select(CaptureSession.id)).one()
    desk.imani = desk.imani.application.test_client()
    with desk.imani.session_transaction() as session:
        session["_user_id"], session["_fresh"] = account.fs_uniquifier, True
    video = a_video()
    form = {"file": (BytesIO(video), "take.mp4"), "note": "quiet"}
    assert desk.imani.post(f"/actor/session/{booking_id}/take", data=form).status_code == 303
    url = desk.begin(len(video), purpose="take", capture_session_id=str(session_id)).headers["Location"]
    assert desk.send(url, 0, video).status_code == 204
    with desk.database.reading() as db:
        assert [take.note for take in db.scalars(select(Take).order_by(Take.number))] == ["quiet", ""]
    assert desk.begin(9, desk.stranger, purpose="take", capture_session_id=str(session_id)).status_code == 404
    page = desk.imani.get(f"/actor/session/{booking_id}").text
    assert "Take 2" in page


def test_a_plain_form_takes_a_file_larger_than_other_forms_may_be(desk: Desk) -> None:
    large = a_video() + (8).to_bytes(4, "big") + b"free"
    room = 20 * 1024 * 1024
    large += room.to_bytes(4, "big") + b"free" + bytes(room - 8)
    # built by hand: the test client would leave the temporary file of a large form open
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="fury.mp4"\r\n\r\n'
    body = head + large + b"\r\n--cut--\r\n"
    answer = desk.imani.post("/actor/clip", data=body, content_type="multipart/form-data; boundary=cut")
    assert answer.status_code == 303
    answer = desk.imani.post("/actor/clip", data={"title": "Fury"})
    assert answer.status_code == 422
    assert "Choose a video file first" in answer.text


# serving ------------------------------------------------------------------------------------------


def put(outside: Outside, kind: str, suffix: str, content: bytes) -> str:
    return outside.storage.put(BytesIO(content), kind=kind, suffix=suffix, content_type="video/mp4").key


def address(outside: Outside, key: str, at: datetime = NOW) -> str:
    return outside.storage.url(key, now=at, expires_in=timedelta(hours=1))


def test_a_video_is_served_in_ranges_and_as_nothing_else(desk: Desk, client: FlaskClient, outside: Outside) -> None:
    url = address(outside, put(outside, "clip", ".mp4", b"0123456789"))
    whole = client.get(url)
    assert (whole.data, whole.mimetype) == (b"0123456789", "video/mp4")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    part = client.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    known = client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    beyond = client.get(url, headers={"Range": "bytes=90-"})
    assert (known.status_code, beyond.status_code) == (304, 416)
    for answer in (whole, part, known, beyond):
        answer.close()


def test_a_file_without_a_good_signature_is_not_there(desk: Desk, client: FlaskClient, outside: Outside) -> None:
    key = put(outside, "take", ".mp4", b"secret")
    url = address(outside, key)
    assert client.get(url.partition("?")[0]).status_code == 404
    assert client.get(url + "0").status_code == 404
    desk.now = NOW + timedelta(hours=5)
    assert client.get(url).status_code == 404
    assert client.get("/media/../../etc/passwd").status_code == 404


def test_portraits_are_for_anyone(client: FlaskClient, outside: Outside) -> None:
    answer = client.get(f"/media/{put(outside, 'portrait', '.webp', b'RIFF')}")
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert "public" in answer.headers["Cache-Control"] or "max-age=86400" in answer.headers["Cache-Control"]
    answer.close()


def test_a_portrait_that_is_none_is_not_there_in_a_bucket_either(app: Flask, client: FlaskClient) -> None:
    bucket = S3Storage("marquee", region="us-east-1", access_key="key", secret_key="secret")
    media.install(app, replace(media_of(app), storage=bucket))
    assert client.get("/media/portrait/nonsense").status_code == 404
    assert client.get("/media/portrait/3f/" + "0" * 40 + ".webp").status_code == 302


def media_of(app: Flask) -> Outside:
    found: Outside = app.extensions[media.OUTSIDE]
    return found


def test_browsers_may_load_files_from_where_the_bucket_serves_them(
    settings: Settings, database: Database, jobs: Jobs, outside: Outside
) -> None:
    bucket = S3Storage("marquee", region="eu-central-1", access_key="key", secret_key="secret")
    app = create_app(settings, database, jobs, replace(outside, storage=bucket))
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    url = urlsplit(address(replace(outside, storage=bucket), "clip/3f/" + "0" * 40 + ".mp4"))
    for rule in ("media-src", "img-src", "connect-src"):
        (said,) = [part for part in policy.split("; ") if part.startswith(rule)]
        assert f"{url.scheme}://{url.netloc}" in said.split()


# limits ------------------------------------------------------------------------------------------


def spooled(browser: FlaskClient, path: str) -> tuple[int, int]:
    """The status of a form with a large file, and how many bytes of it were taken in."""
    taken: list[int] = []
    body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="x.mp4"\r\n\r\n' + bytes(2 << 20)

    class Counted(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            taken.append(len(piece))
            return piece

    answer = browser.post(
        path, input_stream=Counted(body + b"\r\n--cut--\r\n"), content_length=len(body) + 11,
        content_type="multipart/form-data; boundary=cut",
    )  # fmt: skip
    return answer.status_code, sum(taken)


@pytest.mark.parametrize("path", ["/actor/clip", "/actor/session/1/take", "/actor/profile"])
def test_nobodys_file_is_taken_in_before_it_is_known_who_sends_it(
    app: Flask, desk: Desk, scene_accounts: list[Account], client_as: SignIn, path: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert spooled(app.test_client(), path) == (303, 0)
    for account in scene_accounts:
        assert spooled(client_as(account), path) == (403, 0)


@pytest.fixture
def scene_accounts(database: Database) -> list[Account]:
    """Somebody signed in who is no actor."""
    with database.unit_of_work(Jobs()) as db:
        return [db.get_one(Account, add_member(db).account_id)]


@pytest.mark.parametrize("path", ["/sign-in", "/join", "/theme"])
def test_forms_for_anyone_take_in_no_large_file(client: FlaskClient, path: str) -> None:
    assert spooled(client, path) == (413, 0)


def test_only_so_many_files_of_one_account_are_on_their_way(desk: Desk) -> None:
    answers = [desk.begin(1000) for _ in range(MOST_OPEN + 1)]
    assert [answer.status_code for answer in answers] == [201] * MOST_OPEN + [409]
    assert "still on their way" in answers[-1].text
    assert desk.begin(1000, desk.stranger).status_code == 201
    desk.imani.delete(answers[0].headers["Location"])
    assert desk.begin(1000).status_code == 201


def test_a_form_that_fails_leaves_no_file_on_its_way(desk: Desk) -> None:
    for _ in range(MOST_OPEN + 1):
        desk.imani.post("/actor/clip", data={"file": (BytesIO(b"no video at all" * 1000), "x.mp4"), "title": "x"})
    with desk.database.reading() as db:
        assert db.scalars(select(Upload)).all() == []


def test_an_upload_cut_short_after_its_file_was_put_away_becomes_a_take_when_it_is_asked_about(
    desk: Desk, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = a_video()
    url = desk.begin(len(video), title="Fury").headers["Location"]

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("marketplace.services.media.finish_upload", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.send(url, 0, video)
    assert desk.offset(url) == len(video)
    assert desk.offset(url) == len(video)
    with desk.database.reading() as db:
        clip = db.scalars(select(Clip)).one()
    with outside.storage.open(clip.storage_key) as file:
        assert file.read() == video


def test_a_second_finish_neither_makes_a_second_clip_nor_takes_the_first_ones_file(
    desk: Desk, outside: Outside, app: Flask
) -> None:
    video = a_video()
    url = desk.begin(len(video)).headers["Location"]
    real = media_service.finish_upload

    def slow(db: object, **values: Any) -> int:
        """Another request finishes the same upload first."""
        media_service.finish_upload = real
        with desk.database.unit_of_work(Jobs()) as other:
            real(other, **values)
        raise Conflict("This file has been sent already.")

    media_service.finish_upload = slow
    try:
        assert desk.send(url, 0, video).status_code == 409
    finally:
        media_service.finish_upload = real
    with desk.database.reading() as db:
        clip = db.scalars(select(Clip)).one()
    with outside.storage.open(clip.storage_key) as file:
        assert file.read() == video
