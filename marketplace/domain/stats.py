"""When a social account is read next, how far back, and which answers are believed only when given twice."""

from datetime import datetime, timedelta
from typing import Final

ACTIVE_FOR: Final = timedelta(days=14)
READ_EVERY: Final = {"x": timedelta(days=7), "demo": timedelta(days=1)}
"""By gateway: X is paid for by the profile and the post, so it is read less often."""
READ_ACTIVE_EVERY: Final = {"x": timedelta(days=2), "demo": timedelta(hours=6)}
"""The same for an account that posted within the last two weeks."""
READ_PRICE_TENTH_CENT: Final = {"x": (10, 5)}
"""By gateway: what one profile and one post cost, in tenths of a US cent. The same one again on a UTC day is free."""
READ_GONE_EVERY: Final = timedelta(days=7)
FIRST_WAIT: Final = timedelta(minutes=15)
LONGEST_WAIT: Final = timedelta(days=1)
LOOK_BACK: Final = timedelta(days=180)
STILL_GROWING: Final = timedelta(days=14)
GONE_AFTER: Final = 3
COLLAPSE_FROM: Final = 1_000
COLLAPSE_SHARE: Final = 0.1


def next_read_at(source: str, *, last_post_at: datetime | None, now: datetime) -> datetime:
    """After a good answer: sooner for an account that is posting."""
    is_active = last_post_at is not None and now - last_post_at <= ACTIVE_FOR
    table = READ_ACTIVE_EVERY if is_active else READ_EVERY
    return now + table.get(source, LONGEST_WAIT)


def retry_read_at(failures: int, *, not_before: datetime | None = None, now: datetime) -> datetime:
    """After the given number of failures in a row: waits double from 15 minutes to a day; never before asked to."""
    doublings = min(max(failures, 1) - 1, 10)
    wait: timedelta = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    return max(now + wait, not_before or now)


def retry_gone_at(failures: int, *, now: datetime) -> datetime:
    """Accounts come back from suspension: one that is gone is asked for once a week, a new loss the next day."""
    return now + (READ_GONE_EVERY if failures >= GONE_AFTER else LONGEST_WAIT)


def spent_minor(source: str, *, profiles: int, posts: int) -> int:
    """What so many different profiles and posts of one UTC day have cost, in US cents, rounded up; 0 where free."""
    profile_price, post_price = READ_PRICE_TENTH_CENT.get(source, (0, 0))
    return -(-(profiles * profile_price + posts * post_price) // 10)


def next_day_at(now: datetime) -> datetime:
    """The first instant of the next UTC day, when budgets begin anew."""
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def read_posts_since(fetched_at: datetime | None, *, now: datetime) -> datetime:
    """How far back posts are read: all that can count the first time, later those that still grow or are new."""
    earliest = now - LOOK_BACK
    if fetched_at is None:
        return earliest
    return max(earliest, min(now - STILL_GROWING, fetched_at))


def is_collapse(before: int | None, after: int | None) -> bool:
    """Whether followers fell from a thousand or more by over nine tenths: more often a network's slip than a fact."""
    return before is not None and after is not None and before >= COLLAPSE_FROM and after < COLLAPSE_SHARE * before
