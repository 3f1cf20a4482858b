"""Operations: what waits, how fresh the networks' figures are, when each periodic job last ran."""

from __future__ import annotations

from flask import render_template

from marketplace.services import health as state_of
from marketplace.web.admin import blueprint
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading


@blueprint.get("/health")
@admin
def health() -> str:
    """One page that says whether a person has to do something."""
    db = reading()
    return render_template(
        "admin/health.html",
        troubles=state_of.troubles(db, now=now()),
        queues=state_of.queues(db),
        stuck=state_of.stuck_commands(db),
        networks=state_of.networks(db, now=now()),
        runs=state_of.newest_runs(db),
        at=now(),
    )
