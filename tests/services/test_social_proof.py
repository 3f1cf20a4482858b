"""A handle is an actor's once they have proved it; naming one keeps nobody from it, and taken away it is free."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.jobs import Job, take_jobs
from marketplace.models import SocialAccount
from marketplace.services import social_proof
from marketplace.services.social_proof import Claim
from tests.services.social_stage import add_account
from tests.services.stage import NOW, add_actor

OFFERED = ("tiktok", "x")


def claim(actor_id: int, handle: str = "@Imani.Okafor", network: str = "tiktok", secret: str = "s") -> Claim:
    return social_proof.make_claim(secret=secret, actor_id=actor_id, network=network, handle=handle, networks=OFFERED)


def prove(db: Session, made: Claim, bio: str | None = None) -> SocialAccount:
    return social_proof.confirm_proof(db, made, bio=made.code if bio is None else bio, source="demo", now=NOW)


def rows(db: Session) -> int:
    return db.scalar(select(func.count()).select_from(SocialAccount)) or 0


def test_a_handle_counts_once_its_code_is_on_the_profile(db: Session) -> None:
    made = claim(add_actor(db).id)
    assert made.handle == "imani.okafor"
    with pytest.raises(Refused, match="not in the profile yet"):
        prove(db, made, "Actor")
    assert rows(db) == 0
    row = prove(db, made, f"Actor. {made.code}")
    assert (row.actor_id, row.source, row.state) == (made.actor_id, "demo", "active")
    assert (row.proved_at, row.opted_in_at, row.next_fetch_at) == (NOW, NOW, NOW)
    assert (Job.REFRESH_SOCIAL_ACCOUNT, (row.id,)) in take_jobs(db)


def test_a_code_is_the_same_each_time_and_only_for_this_actor_handle_and_site(db: Session) -> None:
    imani, other = add_actor(db).id, add_actor(db).id
    codes = [
        claim(imani).code,
        claim(other).code,
        claim(imani, "imani").code,
        claim(imani, network="x").code,
        claim(imani, secret="t").code,
    ]
    assert len(set(codes)) == 5
    assert claim(imani, " imani.okafor ").code == codes[0]


def test_who_only_names_a_handle_keeps_nobody_from_it(db: Session) -> None:
    squatter, owner = claim(add_actor(db).id), claim(add_actor(db).id)
    social_proof.check_claim(db, squatter)
    social_proof.check_claim(db, owner)
    row = prove(db, owner)
    with pytest.raises(Refused):
        prove(db, squatter, owner.code)
    assert row.actor_id == owner.actor_id


def test_a_handle_that_was_noted_but_never_proved_is_anybodys_to_prove(db: Session) -> None:
    noted = add_account(db, add_actor(db), handle="imani.okafor", proved=False, opted_in=False)
    owner = claim(add_actor(db).id)
    social_proof.check_claim(db, owner)
    assert prove(db, owner) is noted
    assert noted.actor_id == owner.actor_id


def test_a_handle_that_another_actor_proved_is_refused(db: Session) -> None:
    prove(db, claim(add_actor(db).id))
    other = claim(add_actor(db).id)
    for refused in (lambda: social_proof.check_claim(db, other), lambda: prove(db, other)):
        with pytest.raises(Conflict, match="Another actor has proved"):
            refused()


def test_figures_from_a_file_go_to_whoever_proves_the_handle_and_are_read_live_from_then_on(db: Session) -> None:
    imported = add_account(db, handle="imani.okafor", source="csv", proved=False, opted_in=False, due_at=None)
    row = prove(db, claim(add_actor(db).id))
    assert row is imported
    assert (row.source, row.next_fetch_at) == ("demo", NOW)


@pytest.mark.parametrize(
    ("handle", "network"),
    [("", "tiktok"), ("two words", "tiktok"), ("x" * 31, "x"), ("a", "myspace"), ("a", "youtube")],
)
def test_odd_handles_and_networks_that_cannot_be_asked_are_refused(db: Session, handle: str, network: str) -> None:
    with pytest.raises(Invalid, match="Nothing was connected"):
        claim(add_actor(db).id, handle, network)


def test_an_actor_has_a_few_handles_at_most(db: Session) -> None:
    actor = add_actor(db)
    for number in range(social_proof.MOST_ACCOUNTS):
        prove(db, claim(actor.id, f"imani{number}"))
    with pytest.raises(Refused, match="At most"):
        social_proof.check_claim(db, claim(actor.id, "one-more"))


def test_a_disconnected_handle_is_free_for_its_next_owner(db: Session) -> None:
    first, second = add_actor(db), add_actor(db)
    row = prove(db, claim(first.id))
    social_proof.disconnect(db, actor_id=first.id, social_account_id=row.id)
    assert (row.state, row.actor_id, row.proved_at, row.opted_in_at, row.next_fetch_at) == (
        "disconnected",
        None,
        None,
        None,
        None,
    )
    assert list(social_proof.list_accounts(db, first.id)) == []
    assert prove(db, claim(second.id)) is row
    assert (row.actor_id, row.state) == (second.id, "active")


def test_a_proved_handle_is_left_out_and_let_in_again(db: Session) -> None:
    actor = add_actor(db)
    row = prove(db, claim(actor.id))
    for is_in, opted_in_at in ((False, None), (True, NOW)):
        social_proof.set_opt_in(db, actor_id=actor.id, social_account_id=row.id, is_in=is_in, now=NOW)
        assert row.opted_in_at == opted_in_at


def test_nobody_touches_anothers_handle(db: Session) -> None:
    row = prove(db, claim(add_actor(db).id))
    with pytest.raises(NotFound):
        social_proof.disconnect(db, actor_id=add_actor(db).id, social_account_id=row.id)
