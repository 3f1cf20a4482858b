"""A grant is signed once, by its actor, between accepting and the start."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.consent import digest
from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.models import Grant
from marketplace.services.audit import read_trail
from marketplace.services.consent import draft_terms, find_grant, shown_digest, sign_consent
from tests.services.stage import NOW, Story


def sign(story: Story, *, actor_id: int | None = None, name: str = "Imani Okafor", now: datetime = NOW) -> None:
    sign_consent(
        story.db, booking_id=story.id, actor_id=actor_id or story.actor_id, account_id=story.imani.account_id or 0,
        signed_name=name, shown_sha256=shown_digest(story.booking), now=now, ip="127.0.0.1",
    )  # fmt: skip


def test_the_grant_holds_the_very_terms_of_the_booking_and_denies_training(db: Session) -> None:
    story = Story(db).accept()
    sign(story)
    grant = find_grant(db, story.id)
    assert grant is not None
    terms = draft_terms(story.booking)
    assert (grant.terms, grant.terms_sha256, grant.training) == (terms.to_json(), digest(terms), False)
    assert (grant.platform_id, grant.actor_id, grant.expires_at) == (story.platform_id, story.actor_id, None)
    assert read_trail(db, about="booking", about_id=story.id)[-1].step == "sign_consent"


def test_signing_again_changes_nothing(db: Session) -> None:
    story = Story(db).accept()
    sign(story)
    sign(story, name="Somebody Else")
    assert db.scalar(select(func.count(Grant.id))) == 1


def test_nothing_is_signed_before_accepting_or_after_the_start(db: Session) -> None:
    story = Story(db)
    with pytest.raises(Conflict):
        sign(story)
    ended = Story(db).accept()
    from_story = ended.booking
    from_story.state = "lapsed"
    db.flush()
    with pytest.raises(Conflict):
        sign(ended)


def test_only_the_actor_of_the_booking_signs_and_only_by_name(db: Session) -> None:
    story, stranger = Story(db).accept(), Story(db)
    with pytest.raises(NotFound):
        sign(story, actor_id=stranger.actor_id)
    with pytest.raises(Invalid):
        sign(story, name="I. Okafor")
    assert find_grant(db, story.id) is None
