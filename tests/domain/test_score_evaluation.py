"""Holding the score against what later happened, on accounts made up here."""

from dataclasses import replace
from math import log10
from random import Random

import pytest

from marketplace.domain.score_evaluation import ReadAccount, ReadPost, evaluate, spearman, trials_of


def made_up(count: int, *, seed: int = 7, post_count: int = 14) -> list[ReadAccount]:
    """Accounts whose views follow a hidden level to which followers are only a loose hint."""
    draw = Random(seed)
    accounts = []
    for _ in range(count):
        level = draw.gauss(4.2, 0.8)
        followers = int(10 ** (level + draw.gauss(0, 0.8)))
        accounts.append(ReadAccount(followers, tuple(_posts(draw, level, post_count))))
    return accounts


def _posts(draw: Random, level: float, count: int) -> list[ReadPost]:
    posts = []
    for number in range(count):
        views = int(10 ** (level + draw.gauss(0, 0.45)))
        posts.append(ReadPost(4.0 * number, 70.0 + 4.0 * (count - number), views, int(views * 0.05)))
    return posts


def test_the_score_ranks_made_up_accounts_better_than_followers_and_its_intervals_hold() -> None:
    found = evaluate(trials_of("tiktok", made_up(200)), resamples=50)
    assert found.account_count == 200
    assert found.score.spearman > 0.9 > found.followers.spearman
    assert found.score.log_error < found.followers.log_error
    assert found.score.next_width < found.followers.next_width
    assert 0.7 < found.score.typical_coverage <= 1.0
    assert 0.7 < found.score.next_coverage <= 1.0
    assert found.followers.typical_coverage == pytest.approx(0.8, abs=0.02)
    assert found.score_interval[0] < found.score.spearman < found.score_interval[1]
    assert 0.0 < found.gain[0] < found.gain[1]


def test_the_same_accounts_give_the_same_figures() -> None:
    trials = trials_of("tiktok", made_up(30))
    assert evaluate(trials, resamples=20) == evaluate(trials, resamples=20)


def test_the_five_newest_posts_are_foretold_and_never_seen() -> None:
    [account] = made_up(1)
    lifted = [replace(post, views=10**9) for post in account.posts[-5:]]
    [before] = trials_of("tiktok", [account])
    [after] = trials_of("tiktok", [replace(account, posts=(*account.posts[:-5], *lifted))])
    assert after.score == before.score
    assert after.log_typical == pytest.approx(9.0, abs=1e-6)
    assert before.score.post_count == 9


def test_too_few_posts_hidden_views_and_hidden_followers_make_no_trial() -> None:
    [account] = made_up(1, post_count=9)
    [longer] = made_up(1)
    hidden = tuple(replace(post, views=None) for post in longer.posts)
    assert trials_of("tiktok", [account, replace(longer, posts=hidden), replace(longer, followers=None)]) == []


def test_first_posts_that_hide_their_views_count_by_engagement() -> None:
    [account] = made_up(1)
    [trial] = trials_of("tiktok", [account])
    hidden = replace(account.posts[0], views=None)
    assert trials_of("tiktok", [replace(account, posts=account.posts)]) == [trial]
    extra = replace(account, posts=(hidden, *account.posts))
    assert trials_of("tiktok", [extra])[0].score.post_count == trial.score.post_count + 1


def test_posts_too_fresh_when_read_are_no_outcome() -> None:
    [account] = made_up(1)
    fresh = ReadPost(account.posts[-1].posted_day + 1, 1.0, 5, 0)
    [trial] = trials_of("tiktok", [replace(account, posts=(*account.posts, fresh))])
    assert trial == trials_of("tiktok", [account])[0]


def test_few_accounts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 10"):
        evaluate(trials_of("tiktok", made_up(9)))


def test_spearman_ranks_and_shares_ties() -> None:
    assert spearman([1, 2, 3, 4], [10, 100, 1_000, 10_000]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1.0)
    assert spearman([1, 1, 2, 2], [1, 1, 2, 2]) == pytest.approx(1.0)
    assert spearman([1, 1, 1], [1, 2, 3]) == 0.0
    assert spearman([log10(x) for x in (1, 5, 9)], [1, 9, 5]) == pytest.approx(0.5)
