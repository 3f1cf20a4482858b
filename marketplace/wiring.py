"""Wiring: how the composition puts the rooms together for one process."""

from __future__ import annotations

from celery import Celery
from flask import Flask

from marketplace.config import Settings
from marketplace.db import Clock, Database
from marketplace.gateways.outside import Outside, connect_outside
from marketplace.jobs import RunJob
from marketplace.services.pace import Turns
from marketplace.web import create_app
from workers.celery_app import create_celery, make_run_job
from workers.task import Tools

PERSON_WAITS_S = 3
"""Whoever waits for a page is told in time that Stripe is busy."""
WORKER_WAITS_S = 30
"""With every try of one call still well within the lease of a command."""


def make_outside(settings: Settings, database: Database, *, waits_s: float) -> Outside:
    """The gateways of one process; its calls to Stripe keep the pace of all processes, or give up after `waits_s`."""
    return connect_outside(settings, pace=Turns(database, settings.stripe_calls_per_second, waits_s))


def make_sender(settings: Settings) -> RunJob:
    """What puts jobs into the queue."""
    return make_run_job(create_celery(settings))


def make_web(settings: Settings) -> Flask:
    """The web application with its database, gateways and queue."""
    database = Database(settings.database)
    outside = make_outside(settings, database, waits_s=PERSON_WAITS_S)
    return create_app(settings, database, make_sender(settings), outside, clock=Clock(database))


def make_tools(settings: Settings) -> Tools:
    """What tasks and commands work with."""
    database = Database(settings.database)
    outside = make_outside(settings, database, waits_s=WORKER_WAITS_S)
    return Tools(settings, database, outside, make_sender(settings), now=Clock(database))


def make_worker(settings: Settings) -> Celery:
    """A Celery whose tasks have their tools; these are made in each worker process, on its first task."""
    made: list[Tools] = []

    def tools() -> Tools:
        if not made:
            made.append(make_tools(settings))
        return made[0]

    return create_celery(settings, tools)
