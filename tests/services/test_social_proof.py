"""A handle counts once its owner has proved it and said so; taken away, it counts no more."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.jobs import Job, take_jobs
from marketplace.models import SocialAccount
from marketplace.services import social_proof
from tests.services.stage import NOW, add_actor


def begin(db: Session, actor_id: int, handle: str = "@Imani.Okafor", network: str = "tiktok") -> SocialAccount:
    return social_proof.begin_proof(db, actor_id=actor_id, network=network, handle=handle, now=NOW)


def test_a_handle_counts_once_its_code_is_on_the_profile(db: Session) -> None:
    actor = add_actor(db)
    row = begin(db, actor.id)
    assert (row.handle, row.proved_at, row.opted_in_at) == ("imani.okafor", None, None)
    assert row.proof_code is not None
    with pytest.raises(Refused, match="not in the profile yet"):
        social_proof.confirm_proof(db, actor_id=actor.id, social_account_id=row.id, bio="Actor", now=NOW)
    bio = f"Actor. {row.proof_code}"
    social_proof.confirm_proof(db, actor_id=actor.id, social_account_id=row.id, bio=bio, now=NOW)
    assert (row.proved_at, row.opted_in_at, row.next_fetch_at) == (NOW, NOW, NOW)
    assert (Job.REFRESH_SOCIAL_ACCOUNT, (row.id,)) in take_jobs(db)


def test_naming_it_again_keeps_the_code(db: Session) -> None:
    actor = add_actor(db)
    assert begin(db, actor.id).proof_code == begin(db, actor.id, "imani.okafor").proof_code


def test_a_handle_of_another_actor_is_refused(db: Session) -> None:
    begin(db, add_actor(db).id)
    with pytest.raises(Conflict, match="Another actor"):
        begin(db, add_actor(db).id)


@pytest.mark.parametrize(
    ("handle", "network"), [("", "tiktok"), ("two words", "tiktok"), ("x" * 31, "x"), ("a", "myspace")]
)
def test_odd_handles_and_unknown_networks_are_refused(db: Session, handle: str, network: str) -> None:
    with pytest.raises(Invalid, match="Nothing was connected"):
        begin(db, add_actor(db).id, handle, network)


def test_an_unproved_handle_cannot_be_made_to_count(db: Session) -> None:
    actor = add_actor(db)
    row = begin(db, actor.id)
    with pytest.raises(Conflict, match="once it is proved"):
        social_proof.set_opt_in(db, actor_id=actor.id, social_account_id=row.id, is_in=True, now=NOW)


def test_a_disconnected_handle_is_gone_and_can_be_proved_anew(db: Session) -> None:
    actor = add_actor(db)
    row = begin(db, actor.id)
    bio = str(row.proof_code)
    social_proof.confirm_proof(db, actor_id=actor.id, social_account_id=row.id, bio=bio, now=NOW)
    social_proof.disconnect(db, actor_id=actor.id, social_account_id=row.id, now=NOW)
    assert (row.state, row.proved_at, row.opted_in_at) == ("disconnected", None, None)
    assert list(social_proof.list_accounts(db, actor.id)) == []
    again = begin(db, actor.id)
    assert (again.id, again.proved_at) == (row.id, None)
    assert again.proof_code != bio


def test_nobody_touches_anothers_handle(db: Session) -> None:
    row = begin(db, add_actor(db).id)
    with pytest.raises(NotFound):
        social_proof.disconnect(db, actor_id=add_actor(db).id, social_account_id=row.id, now=NOW)
