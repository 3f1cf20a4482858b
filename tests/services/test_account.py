"""Joining: names are one line, and people of one name who join together get addresses of their own."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.domain.errors import Invalid
from marketplace.models import Account, Actor, Platform, Role
from marketplace.services.account import join_as_actor, join_as_platform
from tests.race import race
from tests.services.stage import NOW, add_account

BORN = date(1995, 5, 4)


def test_people_of_one_name_have_addresses_that_count_on(db: Session) -> None:
    made = [join_as_actor(db, account=add_account(db, "Zoë Ngô"), born_on=BORN, now=NOW) for _ in range(3)]
    assert [actor.slug for actor in made] == ["zoe-ngo", "zoe-ngo-2", "zoe-ngo-3"]
    assert {actor.name for actor in made} == {"Zoë Ngô"}
    assert [role.name for role in db.get_one(Account, made[0].account_id).roles] == ["actor"]


def join(database: Database, number: int) -> None:
    with database.unit_of_work(lambda *_: None) as db:
        account = Account(email=f"{number}@race.example", name="Jae Lin", fs_uniquifier=f"race-{number}")
        db.add(account)
        if number % 2:
            join_as_actor(db, account=account, born_on=BORN, now=NOW)
        else:
            join_as_platform(db, account=account, platform_name="Jae Lin", now=NOW)


def test_those_who_join_together_under_one_name_all_get_in(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    result = race(url, join, [range(client * 6, client * 6 + 6) for client in range(4)])
    assert (result.winners, result.refusals) == (24, [])
    with database.reading() as db:
        for model in (Actor, Platform):
            assert len(set(db.scalars(select(model.slug)))) == 12
        assert sorted(db.scalars(select(Role.name))) == ["actor", "member"]


@pytest.mark.parametrize("name", ["Evil\nBcc: x@x.example", "Evil\x1b[2J"])
def test_a_name_of_two_lines_joins_nothing(db: Session, name: str) -> None:
    with pytest.raises(Invalid, match="one line"):
        join_as_actor(db, account=add_account(db, name), born_on=BORN, now=NOW)
    with pytest.raises(Invalid, match="one line"):
        join_as_platform(db, account=add_account(db, "Mira"), platform_name=name, now=NOW)
