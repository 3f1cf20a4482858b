"""How a score is written down: its row, the objects of its networks, and the flags it raises."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from math import log10
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.score import AccountScore, ActorScore, Unrated, points_of
from marketplace.domain.score_flag import Flag, flags_of, follower_growth_of, momentum_of
from marketplace.domain.score_method import CONSTANTS_HASH, METHOD_ID, OVERLAP_POWER
from marketplace.domain.score_text import explain, explain_together, unrated_sentence
from marketplace.models import Flag as FlagRow
from marketplace.models import Score
from marketplace.services.score_input import DAY, AccountRead

JUMP: Final = "score_jump"
JUMP_POINTS: Final = 5.0
FLAG_WORDS: Final = {
    Flag.HOLLOW_FOLLOWERS: "Many more followers than the posts' engagement speaks for.",
    Flag.FOLLOWER_SPIKE: "Followers jumped within three days, and the posts since do no better.",
}


def score_row(
    together: ActorScore,
    networks: list[dict[str, Any]],
    reads: Sequence[AccountRead],
    *,
    at: datetime,
    actor_id: int | None = None,
    social_account_id: int | None = None,
) -> Score:
    low, high = _points_of_viewers(together.typical_low), _points_of_viewers(together.typical_high)
    return Score(
        actor_id=actor_id,
        social_account_id=social_account_id,
        at=at,
        method=METHOD_ID,
        constants_sha256=CONSTANTS_HASH,
        points=together.points,
        low=low,
        high=high,
        reach=together.reach,
        reach_low=together.typical_low,
        reach_high=together.typical_high,
        confidence=together.confidence.value,
        networks=networks,
        snapshot_ids=[key for one in reads for key in one.snapshot_ids],
        components={"sigma": together.sigma, "accounts": [asdict(score) for score in together.accounts]},
        explanation=explain_together(together),
    )


def network_object(
    one: AccountRead,
    score: AccountScore | Unrated,
    together: ActorScore | None,
    *,
    now: datetime,
    resonance: float | None = None,
) -> dict[str, Any]:
    """One network of a score, as `Score.networks` keeps it and pages show it.

    Points, `low` and `high` are 0-100; `share` is the part of the common reach, 0 to 1; `reach*` are viewers; growth
    and momentum dex per 30 days; `resonance` a percentile. An unrated network has `points` None and a `reason`.
    """
    figures = _figures(one, now)
    if not isinstance(score, AccountScore):
        return figures | {"points": None, "share": 0.0, "reason": score.value, "explanation": unrated_sentence(score)}
    return figures | {
        "points": score.points,
        "low": _points_of_viewers(score.typical_low),
        "high": _points_of_viewers(score.typical_high),
        "share": _share(score, together),
        "reach": score.reach,
        "reach_low": score.typical_low,
        "reach_high": score.typical_high,
        "posts": score.post_count,
        "engagement_rate": score.engagement_rate,
        "authenticity": score.authenticity,
        "consistency": score.consistency,
        "momentum": momentum_of(one.account.network, one.posts),
        "resonance": resonance,
        "confidence": score.confidence.value,
        "is_provisional": score.is_provisional,
        "explanation": explain(score),
    }


def _figures(one: AccountRead, now: datetime) -> dict[str, Any]:
    """What is known of an account whether or not it can be rated."""
    account = one.account
    return {
        "network": account.network,
        "handle": account.handle,
        "source": account.source,
        "state": account.state,
        "followers": account.followers,
        "fetched_at": account.fetched_at.isoformat() if account.fetched_at else None,
        "days_old": round(max(0.0, (now - (account.fetched_at or now)) / DAY), 1),
        "error": account.last_error,
        "flags": [flag.value for flag in flags_of(account.network, account.followers, one.posts, one.readings)],
        "follower_growth": follower_growth_of(one.readings),
    }


def _points_of_viewers(viewers: float) -> float:
    """Points for a number of viewers; 0 for one viewer or none."""
    return points_of(log10(viewers)) if viewers > 1.0 else 0.0


def _share(score: AccountScore, together: ActorScore | None) -> float:
    """How much of the common reach comes from this network, 0 to 1."""
    if together is None:
        return 0.0
    total = sum(one.reach**OVERLAP_POWER for one in together.accounts)
    return float(score.reach**OVERLAP_POWER / total)


def raise_flags(db: Session, *, actor_id: int, reads: Sequence[AccountRead], now: datetime) -> None:
    """Open a flag for an admin to look at, once for each account and kind: one that was cleared stays cleared."""
    for one in reads:
        account = one.account
        for flag in flags_of(account.network, account.followers, one.posts, one.readings):
            known = select(FlagRow.id).where(FlagRow.kind == flag.value, FlagRow.social_account_id == account.id)
            if db.scalar(known.limit(1)) is None:
                db.add(_flag_row(flag, actor_id, one, now))


def raise_jump(db: Session, *, actor_id: int, before: Score, after: Score, now: datetime) -> None:
    """Open a flag when a score moved by more than 5 points although no network said anything new."""
    if before.snapshot_ids != after.snapshot_ids or abs(after.points - before.points) <= JUMP_POINTS:
        return
    evidence = {
        "before": {"score_id": before.id, "points": before.points, "constants": before.constants_sha256},
        "after": {"score_id": after.id, "points": after.points, "constants": after.constants_sha256},
    }
    words = f"The score moved by more than {JUMP_POINTS:.0f} points without new figures."
    db.add(FlagRow(kind=JUMP, actor_id=actor_id, words=words, evidence=evidence, opened_at=now))


def _flag_row(flag: Flag, actor_id: int, one: AccountRead, now: datetime) -> FlagRow:
    account = one.account
    return FlagRow(
        kind=flag.value,
        actor_id=actor_id,
        social_account_id=account.id,
        words=FLAG_WORDS[flag],
        evidence={"network": account.network, "followers": account.followers, "posts": len(one.posts)},
        opened_at=now,
    )
