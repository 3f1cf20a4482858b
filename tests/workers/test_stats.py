"""Reading social accounts by the timetable: from what is due to a score on the actor's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.network.base import NetworkUnavailable, PostFigures
from marketplace.gateways.outside import Outside
from marketplace.jobs import Job
from marketplace.models import Actor, SocialAccount
from tests.conftest import Jobs
from tests.networks import MemoryNetwork, made_posts
from tests.services.social_stage import NOW, add_account, add_actor, days, scores_of, snapshots_of
from workers.schedule import TIMETABLE
from workers.task import TASKS, Tools
from workers.tasks.score import compute_due_scores, compute_score
from workers.tasks.stats import refresh_due_accounts, refresh_social_accounts


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Stage:
    """Tools with a network in memory, an actor, and their account."""

    tools: Tools
    network: MemoryNetwork
    clock: Clock
    jobs: Jobs
    actor_id: int
    account_id: int

    def run_jobs(self) -> None:
        """Run what was sent, and what that sends, as the workers would."""
        while self.jobs:
            job, ids = self.jobs.pop(0)
            TASKS[job.value].function(self.tools, *ids)

    def account(self) -> SocialAccount:
        with self.tools.reading() as db:
            return db.get_one(SocialAccount, self.account_id)

    def actor(self) -> Actor:
        with self.tools.reading() as db:
            return db.get_one(Actor, self.actor_id)


@pytest.fixture
def stage(settings: Settings, database: Database, outside: Outside, jobs: Jobs) -> Stage:
    network, clock = MemoryNetwork(), Clock()
    tools = Tools(settings, database, replace(outside, networks={"tiktok": network}), jobs, clock)
    with tools.unit_of_work() as db:
        actor = add_actor(db)
        account = add_account(db, actor)
    network.add("maya", 50_000, made_posts(6, now=NOW))
    return Stage(tools, network, clock, jobs, actor.id, account.id)


def test_a_due_account_is_read_and_its_actor_scored(stage: Stage) -> None:
    refresh_due_accounts(stage.tools)
    stage.run_jobs()
    assert stage.account().followers == 50_000
    assert stage.actor().score_points is not None
    assert stage.actor().scored_at == NOW


def test_a_task_that_comes_twice_reads_and_scores_once(stage: Stage) -> None:
    for _ in range(2):
        refresh_social_accounts(stage.tools, stage.account_id)
        stage.run_jobs()
        compute_score(stage.tools, stage.actor_id)
    with stage.tools.reading() as db:
        assert len(snapshots_of(db, stage.account())) == 1
        assert len(scores_of(db, stage.actor())) == 1
    assert len(stage.network.lookups) == 1


def test_no_network_is_called_inside_a_transaction(stage: Stage) -> None:
    class Witness(MemoryNetwork):
        def read_posts(self, external_id: str, *, since: datetime, limit: int = 30) -> Sequence[PostFigures]:
            with stage.tools.unit_of_work() as db:  # would wait for ever beside an open writing transaction
                db.get_one(Actor, stage.actor_id).headline = "written meanwhile"
            return super().read_posts(external_id, since=since, limit=limit)

    witness = Witness(accounts=stage.network.accounts, posts=stage.network.posts)
    tools = replace(stage.tools, outside=replace(stage.tools.outside, networks={"tiktok": witness}))
    refresh_social_accounts(tools, stage.account_id)
    assert stage.actor().headline == "written meanwhile"
    assert stage.account().followers == 50_000


def test_a_network_that_is_down_keeps_the_score_and_is_tried_again_later(stage: Stage) -> None:
    refresh_due_accounts(stage.tools)
    stage.run_jobs()
    before = stage.actor().score_points
    stage.network.weather = NetworkUnavailable("down")
    stage.clock.at = NOW + days(1)
    refresh_due_accounts(stage.tools)
    stage.run_jobs()
    assert stage.actor().score_points == before
    assert stage.account().last_error == "unavailable"
    assert stage.account().next_fetch_at == NOW + days(1) + timedelta(minutes=15)
    stage.network.weather = None
    stage.clock.at = NOW + days(1) + timedelta(minutes=20)
    refresh_due_accounts(stage.tools)
    stage.run_jobs()
    assert (stage.account().last_error, stage.account().fetched_at) == (None, stage.clock.at)


def test_a_score_is_computed_once_a_day_even_without_readings(stage: Stage) -> None:
    refresh_social_accounts(stage.tools, stage.account_id)
    stage.run_jobs()
    stage.clock.at = NOW + days(20)
    compute_due_scores(stage.tools)
    assert stage.jobs == [(Job.COMPUTE_SCORE, (stage.actor_id,))]
    stage.run_jobs()
    with stage.tools.reading() as db:
        first, second = scores_of(db, stage.actor())
    assert second.high - second.low > first.high - first.low


def test_nothing_due_is_nothing_done(stage: Stage) -> None:
    refresh_social_accounts(stage.tools)
    with stage.tools.unit_of_work() as db:
        db.get_one(SocialAccount, stage.account_id).next_fetch_at = NOW + days(1)
    refresh_due_accounts(stage.tools)
    assert stage.jobs == []
    assert stage.network.lookups == []


def test_both_stand_in_the_timetable() -> None:
    rows = {row.name: row.function for row in TIMETABLE}
    assert rows["stats.refresh_due"] is refresh_due_accounts
    assert rows["score.compute_due"] is compute_due_scores
