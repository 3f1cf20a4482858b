"""The demo fills an empty database with a whole trade whose money adds up, and leaves a filled one alone."""

from __future__ import annotations

from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from marketplace.command import seed
from marketplace.command.run import lock_folder
from marketplace.command.seeding.mark import BEGUN, look, mark
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.booking import State
from marketplace.gateways.outside import Outside
from marketplace.models import (
    Account,
    Actor,
    Booking,
    Clip,
    LedgerEntry,
    Notice,
    OutboxCommand,
    Payment,
    Payout,
    Score,
    Take,
)
from marketplace.sandbox.demo.world import DANA, IMANI, MIRA, people
from marketplace.services.audit import find_breaks
from marketplace.services.health import queues
from marketplace.services.score import find_newest_score

PEOPLE = 9


@pytest.fixture
def seeded(settings: Settings, database: Database, outside: Outside) -> Database:
    now = datetime.now(UTC).replace(microsecond=0)
    everyone, studio = people()[:PEOPLE], ThreadPoolExecutor(2)
    settings.data_dir.mkdir(exist_ok=True)
    seed.seed(settings, database, outside.storage, now=now, everyone=everyone, studio=studio)
    return database


def test_a_seeded_demo_is_whole(seeded: Database, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with seeded.reading() as db:
        assert [db.scalar(select(Account.name).where(Account.email == email)) for email in (MIRA, IMANI, DANA)] == [
            "Mira Osterhaus",
            "Imani Okafor",
            "Dana Whitcroft",
        ]
        assert db.scalar(select(func.count()).select_from(Actor).where(Actor.listed)) == PEOPLE
        assert set(db.scalars(select(Clip.state))) == {"ready"}
        assert set(db.scalars(select(Booking.state))) == {state.value for state in State}
        assert {"review", "held", "approved", "rejected", "transferred", "reversed", "partly_reversed"} <= set(
            db.scalars(select(Payout.state))
        )
        # money: every call was carried out, every paid booking has its charge, and the books add up
        assert set(db.scalars(select(OutboxCommand.state))) == {"done"}
        assert db.scalar(select(func.sum(LedgerEntry.amount_minor))) == 0
        paid = db.scalars(select(Payment).where(Payment.captured_at.is_not(None))).all()
        assert len(paid) > 20
        assert all(payment.charge_id for payment in paid)
        # what happened lies in the past, in the order of the story
        now = datetime.now(UTC)
        assert all(payment.captured_at and payment.captured_at <= now for payment in paid)
        assert all(take.created_at <= now for take in db.scalars(select(Take)))
        imani = db.scalars(select(Actor).where(Actor.slug == "imani-okafor")).one()
        scores = db.scalars(select(Score.at).where(Score.actor_id == imani.id).order_by(Score.at)).all()
        assert (scores[-1] - scores[0]).days >= 180
        assert find_newest_score(db, actor_id=imani.id) is not None
        assert (db.scalar(select(func.count()).select_from(Notice).where(Notice.mailed_at.is_(None))) or 0) < 40
        assert [queue.name for queue in queues(db) if queue.is_late(now + timedelta(minutes=1))] == []
        accounts = db.scalar(select(func.count()).select_from(Account))
    assert seed.main(settings, Namespace()) == 0
    assert "nothing was added" in capsys.readouterr().out
    with seeded.reading() as db:
        assert db.scalar(select(func.count()).select_from(Account)) == accounts


def test_a_demo_that_was_left_half_way_is_made_again_from_empty(
    settings: Settings, database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    settings.data_dir.mkdir(exist_ok=True)
    seed_few = partial(seed.seed, everyone=people()[:3], studio=ThreadPoolExecutor(2))
    with monkeypatch.context() as broken:
        broken.setattr(seed, "_book", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            seed_few(settings, database, outside.storage, now=now)
    assert look(database.engine) == "half"
    (settings.data_dir / "stripe-sandbox.db-wal").touch()
    seed.start_over(settings, database)
    assert look(database.engine) == "empty"
    assert list(settings.data_dir.glob("stripe-sandbox.db*")) == []
    with monkeypatch.context() as unbooked:
        unbooked.setattr(seed, "_book", lambda *_: None)
        seed_few(settings, database, outside.storage, now=now, studio=ThreadPoolExecutor(2))
    assert look(database.engine) == "full"
    with database.reading() as db:
        assert list(find_breaks(db)) == []


def test_a_half_filled_demo_is_noticed_by_the_command(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    with database.unit_of_work(lambda _job, _ids: None) as db:
        mark(db, BEGUN, now)
        db.add(Account(email="a@b.example", name="A", fs_uniquifier="u"))
    seeded: list[str] = []
    monkeypatch.setattr(seed, "seed", lambda *_, **__: seeded.append(look(database.engine)))
    assert seed.main(settings, Namespace()) == 0
    assert "left half-way last time: starting over from empty" in capsys.readouterr().out
    assert seeded == ["empty"]


def test_two_seeds_do_not_run_at_once(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    with lock_folder(settings.data_dir, "seed.lock"):
        assert seed.main(settings, Namespace()) == 1
    assert "Another process fills this demo" in capsys.readouterr().err


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_real_installation_is_never_seeded(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert seed.main(settings.model_copy(update={"environment": "production"}), Namespace()) == 2
    assert "nothing is filled in" in capsys.readouterr().err
