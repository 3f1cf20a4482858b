"""Scores: computed after each reading, and once a day so that an interval widens when readings stay away."""

from __future__ import annotations

from marketplace.jobs import Job
from marketplace.services import score
from workers.task import Tools, task


@task(Job.COMPUTE_SCORE)
def compute_score(tools: Tools, actor_id: int) -> None:
    """Score one actor."""
    with tools.unit_of_work() as db:
        score.compute_score(db, actor_id=actor_id, now=tools.now())


def compute_due_scores(tools: Tools) -> None:
    """Ask for the score of every actor whose last one is a day old."""
    with tools.unit_of_work() as db:
        score.enqueue_due_scores(db, now=tools.now())
