"""What comes back when a paid booking is called off: three tiers that both sides saw before the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from marketplace.domain.booking import Party
from marketplace.domain.money import WHOLE_BP, Money
from marketplace.domain.rate import Quote


class Tier(StrEnum):
    """Cancellation terms, chosen by the actor, shown before the request and frozen with the price."""

    FLEXIBLE = "flexible"
    STANDARD = "standard"
    FIRM = "firm"

    @property
    def sentence(self) -> str:
        """The terms in words."""
        full, half = FREE_UNTIL[self], HALF_UNTIL[self]
        until = "the start" if not half else f"{_span(half)} before the start"
        return f"The platform can cancel free until {_span(full)} before the start; half is refunded until {until}."


FREE_UNTIL: Final[Mapping[Tier, timedelta]] = MappingProxyType(
    {Tier.FLEXIBLE: timedelta(hours=24), Tier.STANDARD: timedelta(hours=48), Tier.FIRM: timedelta(days=7)}
)
HALF_UNTIL: Final[Mapping[Tier, timedelta]] = MappingProxyType(
    {Tier.FLEXIBLE: timedelta(0), Tier.STANDARD: timedelta(0), Tier.FIRM: timedelta(hours=48)}
)
HALF_BP: Final = 5_000


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the money of a called-off booking is shared: the three add up to what was paid, to the minor unit."""

    refund: Money
    actor_keeps: Money
    fee_kept: Money

    def __add__(self, other: Settlement) -> Settlement:
        """Two that are settled together, a booking and its change orders."""
        return Settlement(
            self.refund + other.refund, self.actor_keeps + other.actor_keeps, self.fee_kept + other.fee_kept
        )


def refund_bp(tier: Tier, starts_at: datetime, now: datetime) -> int:
    """The share refunded, in basis points, when the platform cancels at `now`. Bounds belong to the kinder side."""
    left = starts_at - now
    if left >= FREE_UNTIL[tier]:
        return WHOLE_BP
    return HALF_BP if left >= HALF_UNTIL[tier] and left > timedelta(0) else 0


def settle_cancel(quote: Quote, tier: Tier, by: Party, starts_at: datetime, now: datetime) -> Settlement:
    """Who gets what when a paid booking is cancelled by `by`: anyone but the platform means a full refund."""
    bp = refund_bp(tier, starts_at, now) if by == Party.PLATFORM else WHOLE_BP
    return settle_share(quote, bp)


def settle_share(quote: Quote, bp: int) -> Settlement:
    """A refund of `bp` basis points: the actor's and the marketplace's parts shrink alike.

    Each is rounded half up to what can be transferred and refunded in the quote's currency.
    """
    kept = WHOLE_BP - bp
    actor_keeps, fee_kept = quote.net.share(kept).chargeable(), quote.fee.share(kept).chargeable()
    return Settlement(quote.total - actor_keeps - fee_kept, actor_keeps, fee_kept)


@dataclass(frozen=True, slots=True)
class RefundBoundary:
    """Until `until_at`, `bp` basis points come back."""

    until_at: datetime
    bp: int


def refund_boundaries(tier: Tier, starts_at: datetime) -> tuple[RefundBoundary, ...]:
    """The dates both sides read beside the button, earliest first."""
    return (
        RefundBoundary(starts_at - FREE_UNTIL[tier], WHOLE_BP),
        RefundBoundary(starts_at - HALF_UNTIL[tier], HALF_BP),
    )


def _span(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return f"{hours // 24} days" if hours > 72 else f"{hours} hours"
