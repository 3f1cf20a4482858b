"""Whom a social account belongs to."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, NotFound
from marketplace.jobs import Job, take_jobs
from marketplace.services.score import compute_score
from marketplace.services.social import attach_account
from tests.services.social_stage import NOW, add_account, add_actor, days


def test_an_imported_account_is_given_to_its_actor_and_counts_for_them(db: Session) -> None:
    actor = add_actor(db)
    account = add_account(db, source="csv", proved=False, opted_in=False, due_at=None)
    account.followers, account.fetched_at = 50_000, NOW - days(1)
    attach_account(db, network="tiktok", handle="@Maya", actor_slug=actor.slug, now=NOW)
    db.flush()
    assert (account.actor_id, account.proved_at, account.opted_in_at) == (actor.id, NOW, NOW)
    assert take_jobs(db) == [(Job.COMPUTE_SCORE, (actor.id,))]
    assert compute_score(db, actor_id=actor.id, now=NOW) is not None


def test_giving_it_again_changes_nothing(db: Session) -> None:
    actor = add_actor(db)
    account = add_account(db, actor)
    attach_account(db, network="tiktok", handle="maya", actor_slug=actor.slug, now=NOW + days(1))
    assert (account.actor_id, account.proved_at) == (actor.id, NOW)


def test_what_is_unknown_or_someone_elses_is_refused(db: Session) -> None:
    actor, other = add_actor(db), add_actor(db)
    account = add_account(db, actor)
    with pytest.raises(NotFound, match="no account"):
        attach_account(db, network="tiktok", handle="nobody", actor_slug=actor.slug, now=NOW)
    with pytest.raises(NotFound, match="no actor"):
        attach_account(db, network="tiktok", handle="maya", actor_slug="nobody", now=NOW)
    with pytest.raises(Conflict, match="belongs to another"):
        attach_account(db, network="tiktok", handle="maya", actor_slug=other.slug, now=NOW)
    assert account.actor_id == actor.id
