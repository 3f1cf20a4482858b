"""Plays the demo's bookings, each from its request to where its story has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.command.seeding import life
from marketplace.command.seeding.player import DAY, HOUR, People, Player
from marketplace.command.seeding.stage import Stage
from marketplace.command.seeding.story import Story
from marketplace.models import Account, Actor, Member, Notice
from marketplace.services import booking as bookings
from marketplace.services import payout

READ_AFTER: Final = 3 * DAY


def _requested(player: Player, asked_at: datetime) -> None:
    """It waits for an answer."""


def _declined(player: Player, asked_at: datetime) -> None:
    who = {"booking_id": player.booking_id, "actor_id": player.actor.id, "by": player.actor_by}
    reason = player.story.words or "I am booked for a stage run."
    player.stage.do(asked_at + 8 * HOUR, bookings.decline_booking, reason=reason, **who)


def _withdrawn(player: Player, asked_at: datetime) -> None:
    who = {"booking_id": player.booking_id, "platform_id": player.member.platform_id, "by": player.platform_by}
    player.stage.do(asked_at + 5 * HOUR, bookings.withdraw_booking, **who)


def _by_clock(player: Player, asked_at: datetime) -> None:
    player.stage.do(player.now - HOUR, bookings.advance_due_booking, booking_id=player.booking_id)


def _lapsed(player: Player, asked_at: datetime) -> None:
    player.accept(asked_at + 6 * HOUR)
    _by_clock(player, asked_at)


def _cancelled(player: Player, asked_at: datetime) -> None:
    player.confirm(asked_at)
    at = min(player.slot.starts_at - 30 * HOUR, player.now - HOUR)
    player.cancel(at, player.platform_by, player.story.words)
    player.send_payout(at + 26 * HOUR)


def _cancelled_by_actor(player: Player, asked_at: datetime) -> None:
    player.confirm(asked_at)
    player.cancel(player.now - 4 * HOUR, player.actor_by, "I have lost my voice and cannot work this week.")


def _changes(player: Player, asked_at: datetime) -> None:
    at = player.deliver(asked_at) + 12 * HOUR
    who = {"booking_id": player.booking_id, "platform_id": player.member.platform_id, "by": player.platform_by}
    player.stage.do(min(at, player.now - HOUR), bookings.request_changes, reason=player.story.words, **who)


def _disputed(player: Player, asked_at: datetime) -> None:
    player.dispute(min(player.deliver(asked_at) + 15 * HOUR, player.now - HOUR))


def _held(player: Player, asked_at: datetime) -> None:
    player.decide(player.complete(asked_at) + 8 * HOUR, payout.hold_payout, player.story.words)


def _approved(player: Player, asked_at: datetime) -> None:
    """A minute ago: the undo still runs when somebody looks, and then the money leaves by itself."""
    player.complete(asked_at)
    player.decide(player.now, payout.approve_payout)


def _rejected(player: Player, asked_at: datetime) -> None:
    player.decide(player.complete(asked_at) + 30 * HOUR, payout.reject_payout, player.story.words)


def _reversed(share: int) -> Callable[[Player, datetime], None]:
    def reverse(player: Player, asked_at: datetime) -> None:
        player.reverse(player.send(asked_at) + 4 * DAY, share)

    return reverse


_ENDS: Final[dict[str, Callable[[Player, datetime], Any]]] = {
    "requested": _requested,
    "declined": _declined,
    "withdrawn": _withdrawn,
    "expired": _by_clock,
    "lapsed": _lapsed,
    "accepted": lambda player, asked_at: player.accept(asked_at + 17 * HOUR),
    "confirmed": Player.confirm,
    "confirmed_signed": Player.sign,
    "cancelled": _cancelled,
    "cancelled_by_actor": _cancelled_by_actor,
    "in_session": Player.work,
    "delivered": Player.deliver,
    "changes_requested": _changes,
    "disputed": _disputed,
    "draft": life.leave_draft,
    "countered": life.counter,
    "pencilled": life.pencil,
    "rescheduling": life.propose,
    "no_show_claimed": life.miss,
    "payout_review": Player.complete,
    "payout_held": _held,
    "payout_approved": _approved,
    "payout_rejected": _rejected,
    "payout_transferred": Player.send,
    "payout_partly_reversed": _reversed(35),
    "payout_reversed": _reversed(100),
}


def play_all(stage: Stage, people: People, told: Sequence[Story], now: datetime) -> Iterator[bool]:
    """Every story in order; yields whether it found its time."""
    paid = {story.actor for story in told if story.end.startswith("payout") and story.end != "payout_held"}
    for place in sorted(paid | {0}):
        stage.open_payout_account(people.actors[place].id, now - 120 * DAY)
    for story in told:
        yield _play(Player(stage, people, story, now))
    with stage.unit_of_work() as db:
        settle_notices(db, now)


def _play(player: Player) -> bool:
    asked_at = player.ask()
    if asked_at is not None:
        _ENDS[player.story.end](player, asked_at)
    return asked_at is not None


def settle_notices(db: Session, now: datetime) -> None:
    """What was told in the past has been mailed, and what is some days old has been read."""
    db.execute(update(Notice).where(Notice.created_at <= now - HOUR).values(mailed_at=Notice.created_at))
    db.execute(update(Notice).where(Notice.created_at < now - READ_AFTER).values(read_at=Notice.created_at))


def people_of(db: Session, actor_ids: Sequence[int]) -> People:
    """Those who play, from the database."""
    actors = {actor.id: actor for actor in db.scalars(select(Actor).where(Actor.id.in_(actor_ids)))}
    members: dict[int, Member] = {}
    for member in db.scalars(select(Member).order_by(Member.platform_id, Member.id)):
        members.setdefault(member.platform_id, member)
    admins = db.scalars(select(Account).where(Account.roles.any(name="admin")).order_by(Account.id)).all()
    return People([actors[actor_id] for actor_id in actor_ids], list(members.values()), admins)
