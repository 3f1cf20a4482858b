"""A worker is killed at every step of everything it does with money; the next one brings it to its one right end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from marketplace.models import OutboxCommand, StripeEvent
from marketplace.services.outbox_call import _CALLS
from tests.crash.conftest import End, Nursery
from tests.crash.nursery import SWEEPS, Errand
from tests.crash.scene import Scene
from tests.crash.story import COMMANDS, TASKS, Story
from tests.services.money_stage import MoneyStage

SOON: Final = (timedelta(minutes=6),) * 3
"""When the next worker looks: its lease is over; then whatever the one before has asked for again is due."""
LATE: Final = (timedelta(hours=25), *(timedelta(minutes=11),) * 3)
"""Stripe has forgotten every key."""
FEWEST: Final = 4
FEWEST_OF_A_COMMAND: Final = 6
OWN_STEPS: Final = 7
"""A command is leased, sent and settled in so many; what follows has a command of its own, or is only read."""
OBJECTS: Final = {
    "transfer.create": "transfer",
    "transfer.reverse": "transfer_reversal",
    "refund.create": "refund",
    "card.charge": "payment_intent",
    "charge.return": "refund",
    "dispute.submit": "dispute",
    "account.create": "v2.core.account",
}
"""What each kind of command makes at Stripe, or writes to, marked with its key."""
HARMLESS: Final = frozenset({"checkout.create", "account.create"})
"""Kinds that may have happened although they count as refused: nobody has the address of what they made."""


class World:
    """One database, one Stripe, and workers that die."""

    def __init__(self, stage: MoneyStage, nursery: Nursery, database_url: str, folder: Path) -> None:
        self.stage, self._nursery, self._url, self._folder = stage, nursery, database_url, folder

    def work(self, work: list[list[Any]], *, die_at: int = 0, die_on: str = "", here: bool = False) -> End:
        """A worker comes and does it, or dies of it."""
        offset = self.stage.offset.total_seconds()
        errand = Errand(self._url, self.stage.stand.url, str(self._folder), offset, work, die_at, die_on, here)
        return self._nursery.send(errand)

    def recover(self, waits: tuple[timedelta, ...]) -> None:
        """Time passes, and a new worker does what the timetable says, whatever messages were lost."""
        for wait in waits:
            self.stage.later(wait)
            end = self.work([[name] for name in SWEEPS])
            assert not end.killed

    def play(self, story: Story, most: int = 99) -> tuple[list[Scene], list[str]]:
        """One worker lives; then one is killed at its first step, one at its second, until one lives or `most` died."""
        scenes, points = [story.prepare(self.stage)], list[str]()
        self.work(scenes[0].work, here=True)
        for step in range(1, most + 1):
            scenes.append(story.prepare(self.stage))
            end = self.work(scenes[-1].work, die_at=step)
            if not end.killed:
                assert int(end.words) == step - 1
                return scenes, points
            points.append(end.words)
        return scenes, points

    def lose_an_answer(self, story: Story) -> Scene:
        """Stripe does what it is asked, its answer is lost, and the worker dies of that."""
        scene = story.prepare(self.stage)
        self.stage.stand.fault("drop_after", "^/v[12]/")
        end = self.work(scene.work, die_on="no answer")
        assert end.killed
        return scene


@pytest.fixture
def world(stage: MoneyStage, nursery: Nursery, database_url: str, tmp_path: Path) -> World:
    """A fresh one."""
    return World(stage, nursery, database_url, tmp_path / "data")


def assert_made_once(stage: MoneyStage) -> None:
    """Every command is settled, and made one object if it is done, none if it is not."""
    with stage.tools.reading() as db:
        commands = db.scalars(select(OutboxCommand)).all()
        waiting = db.scalars(select(StripeEvent.id).where(StripeEvent.processed_at.is_(None))).all()
    assert {row.state for row in commands} <= {"done", "refused"}
    assert waiting == []
    for row in commands:
        if row.kind not in OBJECTS:
            continue
        found = stage.stand.server.sandbox.state.all(OBJECTS[row.kind])
        made = [each["id"] for each in found if (each["metadata"] or {}).get("command") == row.idempotency_key]
        if row.state == "done":
            assert made == [row.stripe_id]
        elif row.kind not in HARMLESS:
            assert made == []
    for dispute in stage.stand.server.sandbox.state.all("dispute"):
        assert dispute["evidence_details"]["submission_count"] <= 1


STORIES: Final = {**COMMANDS, **TASKS}


def test_every_kind_of_command_has_its_story() -> None:
    assert set(COMMANDS) == set(_CALLS)


# case 7
@pytest.mark.parametrize("name", STORIES)
def test_a_worker_killed_at_any_step_leaves_everything_done_once(world: World, name: str) -> None:
    story = STORIES[name]
    scenes, points = world.play(story)
    if name in COMMANDS:
        scenes.append(world.lose_an_answer(story))
    world.recover(SOON)
    assert len(points) >= (FEWEST_OF_A_COMMAND if name in COMMANDS else FEWEST)
    assert [story.state(world.stage, each.row_id) for each in scenes] == [story.ends] * len(scenes)
    assert_made_once(world.stage)
    world.stage.assert_sound()
    print(f"\n{name}: killed at {len(points)} points: {', '.join(points)}")


# case 8
@pytest.mark.parametrize("name", COMMANDS)
def test_a_worker_killed_a_day_ago_is_followed_by_a_look_up_and_never_by_a_second_call(world: World, name: str) -> None:
    story = COMMANDS[name]
    scenes, _ = world.play(story, OWN_STEPS)
    scenes.append(world.lose_an_answer(story))
    world.recover(LATE)
    assert {story.state(world.stage, each.row_id) for each in scenes} <= story.late | {story.ends}
    assert_made_once(world.stage)
    world.stage.assert_sound()
