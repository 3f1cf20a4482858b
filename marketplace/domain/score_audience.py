"""Two corrections of the score by samples: the share of credible followers, and clicks against what was expected."""

from math import sqrt
from typing import Final

from marketplace.domain.score_method import AUDIENCE_FLOOR, CONVERSION_PRIOR

_Z_80: Final = 0.8416  # 80 % point of the normal law: the bound is passed from below in one of five samples

CLICK_RATE: Final = 0.005
"""Clicks per typical viewer, a placeholder until tracking links have said more."""


def hollow_share(flagged: int, sampled: int, *, true_positive_rate: float, false_positive_rate: float) -> float:
    """phi, the share of followers who are not credible: never overstated, 0 to 1.

    The lower 80 % Wilson bound of the flagged share, corrected for how often the rule that flags is
    right (`true_positive_rate`) and wrong (`false_positive_rate`). Nothing sampled says nothing: 0.
    """
    if not 0 <= flagged <= sampled:
        raise ValueError(f"{flagged} flagged of {sampled} sampled")
    if not 0.0 <= false_positive_rate < true_positive_rate <= 1.0:
        raise ValueError("the rule must flag hollow followers more often than credible ones")
    if not sampled:
        return 0.0
    corrected = (_wilson_low(flagged, sampled) - false_positive_rate) / (true_positive_rate - false_positive_rate)
    return min(1.0, max(0.0, corrected))


def audience_of(phi: float) -> float:
    """A, the factor on expected viewers: 1 - phi, at least 0.05."""
    return max(1.0 - phi, AUDIENCE_FLOOR)


def conversion_factor(clicks: int, reach_sum: float, *, click_rate: float = CLICK_RATE) -> float:
    """xi, how an actor's clicks compare with `click_rate` x the viewers reached, shrunk to 1 by 20 clicks' worth."""
    return (CONVERSION_PRIOR + clicks) / (CONVERSION_PRIOR + click_rate * reach_sum)


def expected_clicks(reach: float, *, factor: float = 1.0, click_rate: float = CLICK_RATE) -> float:
    """Clicks that one post to `reach` typical viewers should bring."""
    return click_rate * reach * factor


def _wilson_low(successes: int, trials: int) -> float:
    share = successes / trials
    square = _Z_80 * _Z_80
    centre = share + square / (2 * trials)
    margin = _Z_80 * sqrt(share * (1.0 - share) / trials + square / (4 * trials * trials))
    return (centre - margin) / (1.0 + square / trials)
