"""The score in sentences: what it foretells and what it rests on."""

from math import floor, log10

from marketplace.domain.network import name_of
from marketplace.domain.score import AccountScore, ActorScore, Unrated
from marketplace.domain.score_method import OVERLAP_POWER


def explain(score: AccountScore) -> str:
    """Two or three sentences on one account's score, for its owner and for those who may book them."""
    return f"{forecast_sentence(score)} {_basis(score)}{_backing(score)}{_provisional(score)}"


def explain_together(score: ActorScore) -> str:
    """The same for an actor: on one network that network's, on several what each adds."""
    if len(score.accounts) == 1:
        return explain(score.accounts[0])
    total = sum(one.reach**OVERLAP_POWER for one in score.accounts)
    strongest = sorted(score.accounts, key=lambda one: -one.reach)
    shares = [(one.network, round(100 * one.reach**OVERLAP_POWER / total)) for one in strongest]
    told = ", ".join(f"{name_of(network)} {share}%" for network, share in shares if share)
    posts = sum(one.post_count for one in score.accounts)
    return (
        f"{forecast_sentence(score)} From {len(shares)} accounts: {told}. "
        f"Based on {posts} {'post' if posts == 1 else 'posts'}.{_provisional(score)}"
    )


def forecast_sentence(score: AccountScore | ActorScore) -> str:
    """The headline: typical viewers and their 80 % interval, rounded to what is known of them."""
    low, high = rounded(score.typical_low), rounded(score.typical_high)
    return f"Typical post: about {rounded(score.reach):,} viewers ({low:,}-{high:,})."


def unrated_sentence(reason: Unrated) -> str:
    """Why there is no score."""
    if reason is Unrated.STALE:
        return "Not rated: the network has not answered for more than 45 days."
    return "Not rated: the network shows neither followers nor posts."


def rounded(viewers: float) -> int:
    """Viewers to the nearest hundred from 1,000 on, to three digits from 100,000 on, to tens below."""
    if viewers < 100:
        return round(viewers)
    step = 10 if viewers < 1_000 else max(100, 10 ** (floor(log10(viewers)) - 2))
    return int(step * round(viewers / step))


def _basis(score: AccountScore) -> str:
    if not score.post_count:
        return "Based on follower count alone; no post has been read yet."
    posts = "1 post" if score.post_count == 1 else f"{score.post_count} posts"
    recent = f"{score.evidence:.1f} recent {'one' if f'{score.evidence:.1f}' == '1.0' else 'ones'}"
    share = round(100 * score.follower_share)
    followers = f" and, for {share} %, on follower count" if share else ""
    return f"Based on {posts} (counts as {recent}){followers}."


def _backing(score: AccountScore) -> str:
    if score.engagement_rate is None:
        return ""
    if score.authenticity >= 0.995:
        return " All views backed by engagement."
    return f" {round(100 * score.authenticity)} % of views backed by engagement."


def _provisional(score: AccountScore | ActorScore) -> str:
    if not score.is_provisional:
        return ""
    which = "this network" if isinstance(score, AccountScore) else "some of these networks"
    return f" We know few accounts of {which} yet, so the score may still move as more join."
