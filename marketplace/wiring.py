"""Wiring: how the composition puts the rooms together for one process."""

from __future__ import annotations

from celery import Celery
from flask import Flask

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import connect_outside
from marketplace.jobs import RunJob
from marketplace.web import create_app
from workers.celery_app import create_celery, make_run_job
from workers.task import Tools


def make_sender(settings: Settings) -> RunJob:
    """What puts jobs into the queue."""
    return make_run_job(create_celery(settings))


def make_web(settings: Settings) -> Flask:
    """The web application with its database, gateways and queue."""
    return create_app(settings, Database(settings.database), make_sender(settings), connect_outside(settings))


def make_tools(settings: Settings) -> Tools:
    """What tasks and commands work with."""
    return Tools(settings, Database(settings.database), connect_outside(settings), make_sender(settings))


def make_worker(settings: Settings) -> Celery:
    """A Celery whose tasks have their tools; these are made in each worker process, on its first task."""
    made: list[Tools] = []

    def tools() -> Tools:
        if not made:
            made.append(make_tools(settings))
        return made[0]

    return create_celery(settings, tools)
