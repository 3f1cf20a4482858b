"""Reading followers and posts: what is due is found in the database, and no network is called inside a transaction."""

from __future__ import annotations

from marketplace.jobs import Job
from marketplace.services import stats
from workers.task import Tools, task


@task(Job.REFRESH_SOCIAL_ACCOUNT, retries=2)
def refresh_social_accounts(tools: Tools, *social_account_ids: int) -> None:
    """Read these accounts of one network; those that are not due any more are left alone."""
    with tools.reading() as db:
        orders = stats.load_orders(db, social_account_ids=social_account_ids, now=tools.now())
    if not orders:
        return
    fetched = stats.fetch_accounts(tools.outside.networks, orders)
    with tools.unit_of_work() as db:
        stats.store_fetched(db, fetched, now=tools.now())


def refresh_due_accounts(tools: Tools) -> None:
    """Ask for a reading of every account that is due."""
    with tools.unit_of_work() as db:
        stats.claim_due_accounts(db, now=tools.now(), budget_minor={"x": tools.settings.x_daily_budget_minor})
