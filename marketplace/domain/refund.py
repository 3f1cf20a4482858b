"""What giving money back costs whom: the booking's own money, our fee, and the actor's part, sent or not."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.domain.money import Money


@dataclass(frozen=True, slots=True)
class Burden:
    """Who bears an amount that goes back to a platform; the four parts add up to it.

    `free` is the booking's money that nobody was to earn and `fee` comes out of ours. `unsent` is the actor's and still
    with us; `sent` they have: it is asked back from Stripe first, and where that is refused they owe it.
    """

    free: Money
    fee: Money
    unsent: Money
    sent: Money

    @property
    def amount(self) -> Money:
        """The whole of it."""
        return self.free + self.fee + self.unsent + self.sent


def shrink(fee: Money, actor: Money, taken: Money) -> tuple[Money, Money]:
    """What is left of our fee and of the actor's part when `taken` goes out of both, in proportion.

    Nothing is left of less than is taken. The parts left add up to what is left, to the minor unit.
    """
    left = fee + actor - taken
    if left.minor <= 0:
        return Money(0, fee.currency), Money(0, fee.currency)
    fee_left, actor_left = left.split([fee.minor, actor.minor])
    # where only whole steps can be charged, a part in proportion may pass the one it comes out of by less than a step
    if fee_left > fee:
        return fee, left - fee
    if actor_left > actor:
        return left - actor, actor
    return fee_left, actor_left
