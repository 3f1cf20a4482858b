"""`python -m marketplace seed`: fill an empty database with a made-up trade; does nothing where anybody is already.

What was interrupted half-way is emptied and made again.
"""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime

from flask_security import hash_password

from marketplace.command.migrate import migrate, migrate_down
from marketplace.command.progress import Progress
from marketplace.command.run import lock_folder
from marketplace.command.seeding.audience import add_audiences, add_scores
from marketplace.command.seeding.booking import people_of, play_all
from marketplace.command.seeding.mark import BEGUN, DONE, look, mark
from marketplace.command.seeding.people import Register, add_actor, add_admins, add_platforms
from marketplace.command.seeding.shortlist import add_shortlist
from marketplace.command.seeding.stage import Stage
from marketplace.command.seeding.story import stories
from marketplace.command.seeding.studio import Made, Shot, draw_portraits, make_clips, open_studio
from marketplace.config import Settings, make_folder
from marketplace.db import Database
from marketplace.gateways.outside import connect_outside
from marketplace.gateways.storage.base import Storage
from marketplace.sandbox.demo.world import PASSWORD, Person, Reel, people
from marketplace.sandbox.stripe import create_app
from marketplace.sandbox.stripe.server import StripeServer
from marketplace.services.account import Decider
from marketplace.wiring import make_web
from workers.task import Tools

HELP = "fill an empty database with demo data"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments: the demo is always the same."""


def main(settings: Settings, args: Namespace) -> int:
    """Seed once; refuses outside the demo."""
    if not settings.is_demo:
        print("seed is for the demo: with ENVIRONMENT=production nothing is filled in.", file=sys.stderr)
        return 2
    make_folder(settings.data_dir)
    with Database(settings.database) as database, lock_folder(settings.data_dir, "seed.lock") as is_ours:
        if not is_ours:
            print("Another process fills this demo at the moment; nothing was added.", file=sys.stderr)
            return 1
        fill = look(database.engine)
        if fill == "full":
            print("There are people in the database already; nothing was added.")
            return 0
        if fill == "half":
            print("The demo's data was left half-way last time: starting over from empty.", flush=True)
            start_over(settings, database)
        storage = connect_outside(settings).storage
        seed(settings, database, storage, now=datetime.now(UTC).replace(microsecond=0))
    return 0


def start_over(settings: Settings, database: Database) -> None:
    """Empty what an interrupted seed has left: the tables, the Stripe stand-in's and the local files."""
    migrate_down(database.engine)
    migrate(database.engine)
    for left in settings.data_dir.glob("stripe-sandbox.db*"):
        left.unlink()
    shutil.rmtree(settings.data_dir / "media", ignore_errors=True)


def seed(
    settings: Settings,
    database: Database,
    storage: Storage,
    *,
    now: datetime,
    everyone: Sequence[Person] | None = None,
    studio: Executor | None = None,
) -> None:
    """Everything, in one order: media first, since files are the slow part, then people, audiences and bookings."""
    with database.unit_of_work(_no_jobs) as db:
        mark(db, BEGUN, now)
    with make_web(settings).app_context():
        hashed = hash_password(PASSWORD)
    everyone = people() if everyone is None else everyone
    with studio or open_studio() as pool:
        portraits = draw_portraits(pool, storage, everyone)
        clips = _film(pool, storage, everyone)
    with database.unit_of_work(_no_jobs) as db:
        register = Register(db, hashed, now)
        dana, *_ = add_admins(register)
        by = Decider(dana.id)
        first, *_ = add_platforms(register, by)
        actors = {add_actor(register, one, portraits[one.number], clips[one.number], by).id: one for one in everyone}
        add_shortlist(db, first, now)
        add_audiences(db, actors, now)
        shown = Progress("Scores", len(actors))
        for count, _ in enumerate(add_scores(db, list(actors), now), 1):
            shown.advance_to(count)
        shown.finish()
    if settings.uses_stripe_sandbox:
        _book(settings, database, [actor_id for actor_id, person in actors.items() if person.published], now)
    with database.unit_of_work(_no_jobs) as db:
        mark(db, DONE, now)


def _film(pool: Executor, storage: Storage, everyone: Sequence[Person]) -> dict[int, dict[Reel, Made]]:
    """Every clip of everyone, by person number."""
    shots = [Shot(person.number, person.origin.name, reel) for person in everyone for reel in person.reels]
    shown = Progress("Clips", len(shots))
    made: dict[int, dict[Reel, Made]] = {person.number: {} for person in everyone}
    for count, (shot, clip) in enumerate(zip(shots, make_clips(pool, storage, shots), strict=True), 1):
        made[shot.number][shot.reel] = clip
        shown.advance_to(count)
    shown.finish()
    return made


def _book(settings: Settings, database: Database, actor_ids: Sequence[int], now: datetime) -> None:
    """Bookings with real money objects behind them; with a Stripe key of somebody's own, nothing is booked there."""
    told = stories(len(actor_ids))
    shown = Progress("Bookings", len(told))
    with StripeServer(create_app(settings.data_dir / "stripe-sandbox.db", public_url=settings.stripe_base)) as server:
        tools = Tools(settings, database, connect_outside(settings), _no_jobs)
        stage = Stage(tools, server.url)
        with database.reading() as db:
            cast = people_of(db, actor_ids)
        for count, _ in enumerate(play_all(stage, cast, told, now), 1):
            shown.advance_to(count)
        stage.close()
    shown.finish()


def _no_jobs(_job: object, _ids: object) -> None:
    """Nothing is sent while seeding: what would be done later is done here, in the past."""
