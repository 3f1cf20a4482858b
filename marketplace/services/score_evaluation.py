"""Imported accounts as the evaluation of the score wants them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from marketplace.domain.score_evaluation import ReadAccount, ReadPost
from marketplace.services.stats_import import ImportedAccount
from marketplace.services.stats_import import ReadPost as ImportedPost

DAY: Final = timedelta(days=1)


def read_accounts(accounts: Sequence[ImportedAccount]) -> list[ReadAccount]:
    """Each account with its posts, oldest first, on one scale of days."""
    return [ReadAccount(one.followers, tuple(_post(post) for post in one.posts)) for one in accounts]


def _post(post: ImportedPost) -> ReadPost:
    figures = post.figures
    engagements = sum(count or 0 for count in (figures.likes, figures.comments, figures.shares, figures.quotes))
    return ReadPost(
        posted_day=figures.posted_at.timestamp() / DAY.total_seconds(),
        age_days=(post.fetched_at - figures.posted_at) / DAY,
        views=figures.views,
        engagements=engagements,
    )
