"""How many accounts one core scores in a second."""

from random import Random
from time import process_time

import pytest

from marketplace.domain.score import Post, score_account

ACCOUNTS = 2_000
REQUIRED_PER_SECOND = 20_000


@pytest.mark.benchmark
def test_twenty_thousand_accounts_of_ten_posts_are_scored_in_a_second() -> None:
    draw = Random(1)
    accounts = [(int(10 ** draw.uniform(2, 6)), [_post(draw) for _ in range(10)]) for _ in range(ACCOUNTS)]
    assert max(_rate(accounts) for _ in range(5)) >= REQUIRED_PER_SECOND


def _post(draw: Random) -> Post:
    return Post(draw.uniform(3, 170), int(10 ** draw.uniform(2, 6)), int(10 ** draw.uniform(1, 4)))


def _rate(accounts: list[tuple[int, list[Post]]]) -> float:
    started = process_time()
    for followers, posts in accounts:
        score_account("tiktok", followers, posts)
    return len(accounts) / (process_time() - started)
