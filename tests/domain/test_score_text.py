"""The score in sentences."""

import re

import pytest

from marketplace.domain.score import AccountScore, Post, Unrated, combine, score_account
from marketplace.domain.score_text import explain, explain_together, rounded, unrated_sentence


def scored(network: str, followers: int, posts: list[Post]) -> AccountScore:
    score = score_account(network, followers, posts)
    assert isinstance(score, AccountScore)
    return score


def test_the_text_says_what_is_foretold_and_what_it_rests_on() -> None:
    posts = [Post(8, 20_000, 900), Post(15, 25_000, 1_000), Post(30, 18_000, 800)]
    assert explain(scored("tiktok", 50_000, posts)) == (
        "Typical post: about 19,900 viewers (7,700-60,500). Based on 3 posts (counts as 2.5 recent ones) and, "
        "for 22 %, on follower count. All views backed by engagement."
    )


def test_the_text_says_when_no_post_was_read() -> None:
    assert explain(scored("tiktok", 10_000, [])) == (
        "Typical post: about 13,100 viewers (1,700-144,000). Based on follower count alone; no post has been read yet."
    )


def test_the_text_says_how_much_is_backed_and_that_little_is_known_of_a_network() -> None:
    hollow = [Post(5 + 7 * week, 200_000, 20) for week in range(10)]
    text = explain(scored("youtube", 50_000, hollow))
    assert "Based on 10 posts (counts as 6.7 recent ones). 45 % of views backed by engagement." in text
    assert text.endswith("We know few accounts of this network yet, so the score may still move as more join.")


def test_one_post_is_singular() -> None:
    assert "Based on 1 post (counts as 1.0 recent one) and" in explain(scored("tiktok", 10_000, [Post(3, 5_000, 250)]))


def test_several_accounts_are_told_by_what_each_adds() -> None:
    large = scored("tiktok", 50_000, [Post(8, 20_000, 900), Post(15, 25_000, 1_000)])
    small, smallest = scored("x", 500, [Post(8, 4_000, 90)]), scored("youtube", 5, [Post(8, 3, 1)])
    together = combine([small, large, smallest])
    assert together is not None
    assert re.fullmatch(
        r"Typical post: about [\d,]+ viewers \([\d,]+-[\d,]+\)\. From 3 accounts: TikTok 9\d%, X \d%\. "
        r"Based on 4 posts\. We know few accounts of some of these networks yet, "
        r"so the score may still move as more join\.",
        explain_together(together),
    )
    alone = combine([large])
    assert alone is not None
    assert explain_together(alone) == explain(large)


@pytest.mark.parametrize(
    ("viewers", "shown"),
    [(7.4, 7), (99.4, 99), (123, 120), (999, 1_000), (1_249, 1_200), (60_549, 60_500), (123_456, 123_000)],
)
def test_viewers_are_rounded_to_what_is_known_of_them(viewers: float, shown: int) -> None:
    assert rounded(viewers) == shown


@pytest.mark.parametrize("reason", list(Unrated))
def test_every_reason_for_no_score_has_its_sentence(reason: Unrated) -> None:
    assert unrated_sentence(reason).startswith("Not rated: ")
